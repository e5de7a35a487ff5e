//! A conversation goes on, whatever became of its program and its server.

use std::{fs, time::Duration};

use atomizer_lsp::session::{
    CreateRequest, SessionConfig,
    config::ProcessMode,
    types::{ChatRequest, Mode, Status, TurnResult},
};
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

const BY_HAND: &str = "{\"by\": \"hand\"}";

/// A turn in which Claude reads the spec; then somebody changes it, and `meanwhile` happens; then a turn in which
/// Claude writes the spec without looking, and again after he has read it.
async fn overwrite(
    change: impl FnOnce(&mut SessionConfig),
    meanwhile: impl AsyncFnOnce(&Rig, &str),
) -> TurnResult {
    let rig = Rig::with(json!({}), change).await;
    let read = json!({"read": {"path": rig.spec()}});
    let write = json!({"write": {"path": rig.spec(), "text": "{\"by\": \"claude\"}"}});
    let scenario = json!({"turns": [
        {"when": "look at it", "steps": [read]},
        {"when": "write it", "steps": [write, read, write]},
    ]});
    rig.workspace.write("scenario.json", &scenario.to_string());
    let request = ChatRequest {
        mode: Some(Mode::Power),
        ..say("look at it")
    };
    let (first, _) = rig.start(request).finish().await;
    fs::write(rig.spec(), BY_HAND).expect("by hand");
    meanwhile(&rig, &first.session_id).await;
    let (second, _) = rig.chat_in(&first.session_id, "write it").await;
    let kept = rig.manager.turn_specs(&second.turn_id).await.expect("kept");
    assert_eq!(kept[0].before.as_deref(), Some(BY_HAND));
    rig.end().await;
    second
}

fn refused(result: &TurnResult) -> Vec<Option<bool>> {
    result.tool_calls.iter().map(|call| call.is_error).collect()
}

const ONLY_UNSEEN: [Option<bool>; 3] = [Some(true), Some(false), Some(false)];

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_hand_is_not_overwritten_by_a_program_that_came_back() {
    let idle = overwrite(
        |config| config.claude.idle = Duration::ZERO,
        async |rig, _| rig.nothing_left(),
    );
    assert_eq!(refused(&idle.await), ONLY_UNSEEN);
    let each_its_own = overwrite(
        |config| config.claude.process = ProcessMode::PerTurn,
        async |_, _| {},
    );
    assert_eq!(refused(&each_its_own.await), ONLY_UNSEEN);
    let killed = overwrite(
        |_| {},
        async |rig, _| {
            rig.mark.kill();
            rig.nothing_left();
        },
    );
    assert_eq!(refused(&killed.await), ONLY_UNSEEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_hand_is_not_overwritten_in_a_conversation_that_was_closed() {
    let closed = overwrite(
        |_| {},
        async |rig, session| {
            rig.manager.close(session).await.expect("closed");
        },
    );
    assert_eq!(refused(&closed.await), ONLY_UNSEEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_hand_is_not_overwritten_after_a_turn_in_another_server() {
    let elsewhere = overwrite(
        |_| {},
        async |rig, session| {
            let other = rig.another(json!({}), |_| {}).await;
            start(&other, say_in(session, "b")).finish().await;
            other.shutdown().await;
        },
    );
    assert_eq!(refused(&elsewhere.await), ONLY_UNSEEN);
}
