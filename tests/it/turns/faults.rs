//! The program misbehaves.

use atomizer_lsp::session::types::{Role, Status, TurnEvent, TurnResult};
use serde_json::{Value, json};

use super::rig::{Rig, heard, say};

async fn fail(steps: Value) -> (Rig, TurnResult, Vec<TurnEvent>) {
    let rig = Rig::new(json!({"turns": [steps]})).await;
    let (result, events) = rig.chat("a").await;
    assert_eq!(result.status, Status::Failed, "{result:?}");
    let error = result.error.clone().expect("an error");
    assert_eq!(
        events[events.len() - 2],
        TurnEvent::Error { error },
        "the error comes before `done`"
    );
    (rig, result, events)
}

fn message(result: &TurnResult) -> &str {
    result
        .error
        .as_ref()
        .map(|error| error.message.as_str())
        .unwrap_or_default()
}

/// The session goes on, and what was received is stored.
async fn goes_on(rig: Rig, result: &TurnResult) {
    let history = rig
        .manager
        .history(&result.session_id, None, None)
        .await
        .expect("history");
    let answers: Vec<&str> = history
        .iter()
        .filter(|said| said.role == Role::Assistant)
        .map(|said| said.content.as_str())
        .collect();
    assert_eq!(answers.first().copied().unwrap_or_default(), result.text);
    // For a program that has to be started anew.
    rig.workspace.write("scenario.json", "{}");
    let (next, _) = rig.chat_in(&result.session_id, "b").await;
    assert_eq!(
        (next.status, next.text.as_str()),
        (Status::Completed, "You said: b")
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_first_word_fails_the_turn() {
    let rig = Rig::new(json!({"start": [{"stderr": "cannot read settings"}, {"exit": 3}]})).await;
    let (result, _) = rig.chat("a").await;
    assert_eq!(result.status, Status::Failed);
    assert!(
        message(&result).contains("code 3") && message(&result).contains("cannot read settings"),
        "{result:?}"
    );
    rig.workspace.write("scenario.json", "{}");
    goes_on(rig, &result).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_the_middle_of_the_answer_keeps_what_was_said() {
    let (rig, result, events) = fail(json!([{"text": "so far"}, {"signal": "KILL"}])).await;
    assert_eq!(
        (result.text.as_str(), heard(&events).as_str()),
        ("so far", "so far")
    );
    assert!(
        message(&result).contains("signal 9"),
        "{}",
        message(&result)
    );
    goes_on(rig, &result).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_tool_and_result_keeps_the_tool_call() {
    let call = json!({"type": "assistant", "message": {"id": "m", "content": [
        {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}]}});
    let (rig, result, _) = fail(json!([{"event": call}, {"exit": 1}])).await;
    assert_eq!(result.tool_calls.len(), 1);
    assert_eq!(result.tool_calls[0].is_error, None);
    goes_on(rig, &result).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_standard_error_is_told() {
    let long = format!("{}the reason", "x".repeat(100_000));
    let (rig, result, _) = fail(json!([{"stderr": long}, {"exit": 7}])).await;
    assert!(
        message(&result).contains("code 7") && message(&result).ends_with("the reason"),
        "{}",
        message(&result)
    );
    assert!(message(&result).len() < 10_000);
    goes_on(rig, &result).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_exit_without_a_result_is_a_failure_too() {
    let (rig, result, _) = fail(json!([{"text": "bye"}, {"exit": 0}])).await;
    assert!(message(&result).contains("code 0"), "{}", message(&result));
    goes_on(rig, &result).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_error_is_an_error_and_no_answer() {
    let (rig, result, _) =
        fail(json!([{"text": "let me"}, {"error": "API Error: 500 boom."}])).await;
    assert_eq!(message(&result), "API Error: 500 boom.");
    assert_eq!(result.text, "let me");
    goes_on(rig, &result).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_closes_its_output_but_lives_is_ended() {
    let steps =
        json!([{"text": "x"}, {"ignore": ["term", "eof"]}, {"close_output": true}, {"hang": true}]);
    let (rig, result, _) = fail(steps).await;
    assert!(
        message(&result).contains("closed its output"),
        "{}",
        message(&result)
    );
    rig.nothing_left();
    goes_on(rig, &result).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_between_events_is_passed_over() {
    let steps = json!([
        {"raw": "Warning: something"},
        {"raw": ""},
        {"raw": "{\"type\":\"resu"},
        {"raw": "[1, 2]"},
        {"hex": "7b ff fe 7d"},
        {"event": {"type": "event_of_2031", "payload": [1]}},
        {"event": {"type": "control_request", "request_id": "q", "request": {"subtype": "from_2031"}}},
        {"long": 5_000_000},
        {"text": "clear"},
    ]);
    let rig = Rig::new(json!({"turns": [steps]})).await;
    let (result, _) = rig.chat("a").await;
    assert_eq!(
        (result.status, result.text.as_str()),
        (Status::Completed, "clear")
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_utf8_in_the_answer_costs_only_itself() {
    let line = "{\"type\":\"assistant\",\"message\":{\"id\":\"m\",\"content\":[{\"type\":\"text\",\"text\":\"a\u{1}b\"}]}}";
    let hex: String = line
        .bytes()
        .map(|byte| format!("{:02x}", if byte == 1 { 0xff } else { byte }))
        .collect();
    let rig = Rig::new(json!({"turns": [[{"hex": hex}]]})).await;
    let (result, _) = rig.chat("a").await;
    assert_eq!(result.text, "a\u{fffd}b");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_leaves_behind_when_it_dies_is_killed() {
    let (rig, result, _) =
        fail(json!([{"spawn": "sleep 600"}, {"daemon": "trap '' TERM HUP; sleep 601"}, {"text": "x"}, {"signal": "KILL"}])).await;
    rig.nothing_left();
    goes_on(rig, &result).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_no_program_is_told_before_the_turn() {
    let rig = Rig::new(json!({})).await;
    let path = rig.workspace.write("not-a-program", "\u{0}\u{1}");
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("executable");
    let mut config = atomizer_lsp::session::SessionConfig::default();
    config.claude.command = vec![path.to_str().expect("UTF-8").into()];
    config.claude.supervisor = Some(env!("CARGO_BIN_EXE_atomizer-lsp").into());
    rig.manager.set_config(config).await.expect("set");
    let error = rig.start(say("a")).outcome().await.expect_err("refused");
    assert_eq!(error.kind(), "claudeNotFound", "{error}");
    assert_eq!(rig.manager.list(None, None).await.expect("a list"), []);
    rig.end().await;
}
