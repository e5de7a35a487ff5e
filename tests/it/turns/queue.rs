//! Who runs when.

use std::fs;

use atomizer_lsp::session::types::{Status, TurnEvent};
use serde_json::json;

use super::rig::{Rig, say, say_in};

fn is_text(event: &TurnEvent) -> bool {
    matches!(event, TurnEvent::Text { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_turn_a_session_at_a_time() {
    let rig = Rig::new(json!({})).await;
    let gate = rig.path("gate");
    rig.workspace.write(
        "scenario.json",
        &json!({"turns": [[{"text": "first"}, {"wait": gate}]]}).to_string(),
    );
    let mut first = rig.start(say("a"));
    let (session, _) = first.started().await;
    let error = rig
        .start(say_in(&session, "b"))
        .outcome()
        .await
        .expect_err("busy");
    assert_eq!(error.kind(), "sessionBusy");

    let mut request = say_in(&session, "c");
    request.queue_when_busy = true;
    let mut waiting = rig.start(request);
    waiting.started().await;
    assert_eq!(
        waiting.until(|_| true).await,
        [TurnEvent::Queued { position: 1 }]
    );
    first.until(is_text).await;
    fs::write(&gate, "").expect("opened");
    let (first, _) = first.finish().await;
    let (second, _) = waiting.finish().await;
    assert_eq!(
        (first.text.as_str(), second.text.as_str()),
        ("first", "You said: c")
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_beyond_the_limit_wait_in_order_and_can_be_cancelled() {
    let rig = Rig::with(json!({}), |config| config.claude.max_concurrent_turns = 1).await;
    let gate = rig.path("gate");
    rig.workspace.write(
        "scenario.json",
        &json!({"turns": [[{"text": "up"}, {"wait": gate}]]}).to_string(),
    );
    let mut first = rig.start(say("a"));
    first.until(is_text).await;

    let mut second = rig.start(say("b"));
    let (second_session, _) = second.started().await;
    assert_eq!(
        second.until(|_| true).await,
        [TurnEvent::Queued { position: 1 }]
    );
    let mut third = rig.start(say("c"));
    third.started().await;
    assert_eq!(
        third.until(|_| true).await,
        [TurnEvent::Queued { position: 2 }]
    );

    assert!(rig.manager.cancel(&second_session).await.expect("known"));
    let (second, _) = second.finish().await;
    assert_eq!(second.status, Status::Cancelled);
    assert_eq!(
        third.until(|_| true).await,
        [TurnEvent::Queued { position: 1 }]
    );

    fs::write(&gate, "").expect("opened");
    assert_eq!(first.finish().await.0.status, Status::Completed);
    assert_eq!(third.finish().await.0.text, "up");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_turns_at_once_all_come_to_their_end() {
    let rig = Rig::with(json!({"turns": [[{"text": "an answer"}]]}), |config| {
        config.claude.max_concurrent_turns = 4
    })
    .await;
    let turns: Vec<_> = (0..12)
        .map(|number| rig.start(say(&format!("message {number}"))))
        .collect();
    for turn in turns {
        assert_eq!(turn.finish().await.0.text, "an answer");
    }
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_waits_for_its_session_is_cancelled_with_a_result() {
    let rig = Rig::new(json!({"turns": [[{"text": "first"}, {"hang": true}]]})).await;
    let mut first = rig.start(say("a"));
    let (session, _) = first.started().await;
    let mut request = say_in(&session, "b");
    request.queue_when_busy = true;
    let mut waiting = rig.start(request);
    let (_, turn) = waiting.started().await;
    first.until(is_text).await;
    waiting.cancel.cancel();
    let (second, events) = waiting.finish().await;
    assert_eq!(
        (second.status, second.turn_id.as_str(), second.error.clone()),
        (Status::Cancelled, turn.as_str(), None),
        "{events:#?}"
    );
    assert!(rig.manager.cancel(&session).await.expect("known"));
    assert_eq!(first.finish().await.0.text, "first", "the other went on");
    let said = rig
        .manager
        .history(&session, None, None)
        .await
        .expect("known");
    assert!(
        said.iter().all(|message| message.content != "b"),
        "it was never sent"
    );
    rig.end().await;
}
