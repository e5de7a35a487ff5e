//! Claude speaks by itself between turns, as when a command that he left in the background has ended.

use std::{fs, path::Path};

use atomizer_lsp::session::types::{ChatRequest, Mode, Status, TurnEvent};
use serde_json::{Value, json};

use super::rig::{Rig, heard, say, say_in};

/// Waits for a file that the stand-in makes.
fn wait_for(path: &str) {
    while !Path::new(path).exists() {
        std::thread::yield_now();
    }
}

/// A session whose program has these steps to do by itself as soon as the file `go` is there.
async fn later(rig: &Rig, steps: Value, next: Value) -> String {
    let first = json!([{"text": "first"}, {"later": {"when": rig.path("go"), "steps": steps}}]);
    let scenario = json!({"log": rig.path("log"), "turns": [first, next]});
    rig.workspace.write("scenario.json", &scenario.to_string());
    let request = ChatRequest {
        mode: Some(Mode::Power),
        ..say("a")
    };
    let (result, _) = rig.start(request).finish().await;
    assert_eq!(result.text, "first");
    result.session_id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_claude_says_by_itself_is_not_the_answer_to_the_next_message() {
    let rig = Rig::new(json!({})).await;
    let up = rig.path("up");
    let steps = json!([{"text": "by myself"}, {"touch": up}, {"hang": true}]);
    let session = later(&rig, steps, json!([{"text": "second"}])).await;
    fs::write(rig.path("go"), "").expect("opened");
    wait_for(&up);
    let (second, events) = rig.chat_in(&session, "b").await;
    assert_eq!(
        (second.text.as_str(), heard(&events).as_str()),
        ("second", "second")
    );
    let (third, _) = rig.chat_in(&session, "c").await;
    assert_eq!(third.text, "You said: c");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_will_not_stop_speaking_is_replaced() {
    let rig = Rig::new(json!({})).await;
    let up = rig.path("up");
    let steps = json!([{"ignore": ["interrupt"]}, {"touch": up}, {"hang": true}]);
    let session = later(&rig, steps, json!([])).await;
    fs::write(rig.path("go"), "").expect("opened");
    wait_for(&up);
    rig.workspace.write(
        "scenario.json",
        &json!({"log": rig.path("log")}).to_string(),
    );
    let (second, _) = rig.chat_in(&session, "b").await;
    assert_eq!(second.text, "You said: b");
    let log = fs::read_to_string(rig.path("log")).expect("a log");
    assert!(log.contains("--resume="), "with its own context: {log}");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_speaks_at_length_by_itself_is_heard_out() {
    let rig = Rig::new(json!({})).await;
    let done = rig.path("done");
    let steps = json!([{"flood": 5000}, {"touch": done}]);
    let session = later(&rig, steps, json!([{"text": "second"}])).await;
    fs::write(rig.path("go"), "").expect("opened");
    wait_for(&done);
    let (second, _) = rig.chat_in(&session, "b").await;
    assert_eq!(second.text, "second");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_claude_asks_for_by_itself_is_refused_at_once() {
    let rig = Rig::new(json!({})).await;
    let done = rig.path("done");
    let steps = json!([{"write": {"path": rig.spec(), "text": "{}"}}, {"touch": done}]);
    let session = later(&rig, steps, json!([{"text": "second"}])).await;
    let before = fs::read_to_string(rig.spec()).expect("the spec");
    fs::write(rig.path("go"), "").expect("opened");
    wait_for(&done);
    assert_eq!(fs::read_to_string(rig.spec()).expect("the spec"), before);
    let (second, _) = rig.chat_in(&session, "b").await;
    assert_eq!(
        (second.text.as_str(), second.spec_updates),
        ("second", Vec::new())
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_before_the_answer_is_taken_back() {
    let foreign = json!({"type": "result", "subtype": "success", "is_error": false, "result": "not yours",
        "total_cost_usd": 0.5, "usage": {"input_tokens": 7}, "origin": {"kind": "task-notification"}});
    let rig = Rig::new(
        json!({"turns": [[{"text": "not yours"}, {"event": foreign}, {"text": "yours"}]]}),
    )
    .await;
    let (result, events) = rig.chat("a").await;
    assert_eq!(
        (result.text.as_str(), heard(&events).as_str()),
        ("yours", "yours")
    );
    let reset = |event: &TurnEvent| matches!(event, TurnEvent::TextReset { .. });
    assert!(events.iter().any(reset), "{events:#?}");
    assert_eq!(result.usage.map(|usage| usage.input_tokens), Some(10));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_cancel_claude_is_kept_quiet() {
    let rig = Rig::new(json!({})).await;
    let (up, go, log) = (rig.path("up"), rig.path("go"), rig.path("log"));
    let by_itself = json!({"when": go, "steps": [{"touch": up}, {"hang": true}]});
    let scenario =
        json!({"log": log, "turns": [[{"later": by_itself}, {"text": "x"}, {"hang": true}]]});
    rig.workspace.write("scenario.json", &scenario.to_string());
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    running
        .until(|event| matches!(event, TurnEvent::Text { .. }))
        .await;
    rig.manager.cancel(&session).await.expect("known");
    assert_eq!(running.finish().await.0.status, Status::Cancelled);
    fs::write(&go, "").expect("opened");
    let interrupts = || {
        let log = fs::read_to_string(&log).expect("a log");
        log.matches("\"interrupt\"").count()
    };
    while interrupts() < 2 {
        std::thread::yield_now();
    }
    let (next, _) = rig.start(say_in(&session, "b")).finish().await;
    assert_eq!(next.text, "You said: b");
    rig.end().await;
}
