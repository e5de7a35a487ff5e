//! A conversation goes on, whatever became of its program and its server.

use std::time::Duration;

use atomizer_lsp::session::{CreateRequest, config::ProcessMode, types::Status};
use serde_json::{Value, json};

use super::rig::{Rig, heard, say, say_in, start};

/// Answers with what it was told.
fn echo() -> Value {
    json!({"turns": [{"again": true, "steps": [{"text": "$PROMPT"}]}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_of_an_earlier_server_goes_on_with_claudes_own_context() {
    let rig = Rig::new(json!({})).await;
    let log = rig.path("log");
    let (first, _) = rig.chat("first words").await;
    rig.manager.shutdown().await;
    let later = rig
        .another(
            json!({"log": log, "turns": [[{"text": "$PROMPT"}]]}),
            |_| {},
        )
        .await;
    let (second, events) = start(&later, say_in(&first.session_id, "second words"))
        .finish()
        .await;
    assert_eq!(second.status, Status::Completed);
    assert!(!heard(&events).contains("first words"), "claude knows it");
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("--resume="), "{log}");
    later.shutdown().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_unknown_to_claude_goes_on_with_what_was_said() {
    let rig = Rig::new(json!({})).await;
    let known = rig.path("known");
    let (first, _) = rig.chat("first words").await;
    rig.manager.shutdown().await;
    let mut scenario = echo();
    scenario["known"] = known.into();
    let later = rig.another(scenario, |_| {}).await;
    let (second, _) = start(&later, say_in(&first.session_id, "second words"))
        .finish()
        .await;
    assert_eq!(second.status, Status::Completed, "{second:?}");
    assert!(
        second.text.contains("first words") && second.text.contains("second words"),
        "{}",
        second.text
    );
    let (third, _) = start(&later, say_in(&first.session_id, "third words"))
        .finish()
        .await;
    assert!(
        !third.text.contains("first words"),
        "now it knows: {}",
        third.text
    );
    later.shutdown().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_last_messages_are_given_back() {
    let rig = Rig::with(json!({}), |config| {
        config.claude.process = ProcessMode::PerTurn
    })
    .await;
    let (first, _) = rig.chat("word 0").await;
    for number in 1..8 {
        rig.chat_in(&first.session_id, &format!("word {number}"))
            .await;
    }
    let mut scenario = echo();
    scenario["known"] = rig.path("known").into();
    let later = rig
        .another(scenario, |config| config.history_limit = 4)
        .await;
    let (result, _) = start(&later, say_in(&first.session_id, "now"))
        .finish()
        .await;
    assert!(
        result.text.contains("word 6") && result.text.contains("word 7"),
        "{}",
        result.text
    );
    assert!(!result.text.contains("word 5"), "{}", result.text);
    later.shutdown().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_died_between_turns_is_replaced() {
    let rig = Rig::new(json!({})).await;
    let (first, _) = rig.chat("a").await;
    rig.mark.kill();
    rig.nothing_left();
    let (second, _) = rig.chat_in(&first.session_id, "b").await;
    assert_eq!(
        (second.status, second.text.as_str()),
        (Status::Completed, "You said: b"),
        "{:?}",
        second.error
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_program_is_ended_and_the_session_goes_on() {
    let rig = Rig::with(json!({}), |config| config.claude.idle = Duration::ZERO).await;
    let (first, _) = rig.chat("a").await;
    rig.nothing_left();
    let (second, _) = rig.chat_in(&first.session_id, "b").await;
    assert_eq!(second.status, Status::Completed);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_takes_over_a_conversation_that_is_idle_elsewhere() {
    let rig = Rig::new(json!({})).await;
    let (first, _) = rig.chat("a").await;
    let other = rig
        .another(json!({"turns": [[{"text": "over here"}]]}), |_| {})
        .await;
    let (second, _) = start(&other, say_in(&first.session_id, "b")).finish().await;
    assert_eq!(second.text, "over here");
    let (third, _) = rig.chat_in(&first.session_id, "c").await;
    assert_eq!(third.status, Status::Completed, "and back");
    other.shutdown().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_runs_in_another_server_is_busy() {
    let rig = Rig::new(json!({"turns": [[{"text": "x"}, {"hang": true}]]})).await;
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    let other = rig.another(json!({}), |_| {}).await;
    let error = start(&other, say_in(&session, "b"))
        .outcome()
        .await
        .expect_err("busy");
    assert_eq!(error.kind(), "sessionBusy");
    rig.manager.cancel(&session).await.expect("known");
    running.finish().await;
    other.shutdown().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_session_has_its_program_before_the_first_message() {
    let rig = Rig::new(json!({})).await;
    let up = rig.path("up");
    rig.workspace.write(
        "scenario.json",
        &json!({"start": [{"touch": up}], "turns": [[{"text": "warm"}]]}).to_string(),
    );
    let info = rig
        .manager
        .create(CreateRequest {
            warm: true,
            ..CreateRequest::default()
        })
        .await
        .expect("made");
    while !std::path::Path::new(&up).exists() {
        tokio::task::yield_now().await;
    }
    let (result, _) = rig.chat_in(&info.session_id, "a").await;
    assert_eq!(result.text, "warm");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_id_is_created_under_that_id_and_a_known_one_comes_back() {
    let rig = Rig::new(json!({})).await;
    let create = |id: &str| CreateRequest {
        resume_session_id: Some(id.into()),
        ..CreateRequest::default()
    };
    let made = rig
        .manager
        .create(create("my-session"))
        .await
        .expect("made");
    assert_eq!(made.session_id, "my-session");
    rig.chat_in("my-session", "a").await;
    rig.manager.close("my-session").await.expect("closed");
    let back = rig
        .manager
        .create(create("my-session"))
        .await
        .expect("back");
    assert_eq!((back.message_count, back.live), (2, true));
    assert_eq!(
        rig.manager
            .create(create("../x"))
            .await
            .expect_err("refused")
            .code(),
        -32602
    );
    rig.end().await;
}
