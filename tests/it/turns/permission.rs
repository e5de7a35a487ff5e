//! Questions: asked, answered, remembered, withdrawn.

use std::{sync::atomic::Ordering, time::Duration};

use atomizer_lsp::session::{
    host::PermissionAnswer,
    types::{ChatRequest, Decision, Mode, Status, TurnEvent},
};
use serde_json::{Value, json};

use super::rig::{Rig, Running, say, say_in};

fn decisions(events: &[TurnEvent]) -> Vec<Decision> {
    let decision = |event: &TurnEvent| match event {
        TurnEvent::Permission { decision, .. } => Some(*decision),
        _ => None,
    };
    events.iter().filter_map(decision).collect()
}

fn scenario(rig: &Rig, steps: Value) {
    rig.workspace.write(
        "scenario.json",
        &json!({"turns": [steps, steps]}).to_string(),
    );
}

fn answer(rig: &Rig, answers: impl IntoIterator<Item = PermissionAnswer>) {
    rig.host.answers.lock().expect("answers").extend(answers);
}

fn power(message: &str) -> ChatRequest {
    ChatRequest {
        mode: Some(Mode::Power),
        ..say(message)
    }
}

async fn asked(running: &mut Running) {
    running
        .until(|event| {
            matches!(
                event,
                TurnEvent::Permission {
                    decision: Decision::Asked,
                    ..
                }
            )
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_inside_the_root_is_unasked_and_writing_is_asked() {
    let rig = Rig::new(json!({})).await;
    let (spec, new) = (rig.spec(), rig.path("studies/new.txt"));
    scenario(
        &rig,
        json!([{"read": {"path": spec}}, {"write": {"path": new, "text": "x"}}]),
    );
    answer(&rig, [PermissionAnswer::AllowOnce]);
    let (result, events) = rig.chat("a").await;
    assert_eq!(decisions(&events), [Decision::Asked, Decision::Allowed]);
    assert_eq!(
        result
            .tool_calls
            .iter()
            .map(|call| call.is_error)
            .collect::<Vec<_>>(),
        [Some(false), Some(false)]
    );
    assert_eq!(rig.workspace.read("studies/new.txt"), "x");
    let question = rig.host.questions.lock().expect("questions")[0].clone();
    assert_eq!(
        (question.tool_name.as_str(), &question.input["file_path"]),
        ("Write", &json!(new))
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_reaches_claude_with_its_reason_and_the_turn_goes_on() {
    let rig = Rig::new(json!({})).await;
    let new = rig.path("studies/new.txt");
    scenario(
        &rig,
        json!([{"write": {"path": new, "text": "x"}}, {"text": "I see."}]),
    );
    answer(&rig, [PermissionAnswer::Deny("not this file".into())]);
    let (result, events) = rig.chat("a").await;
    assert_eq!(decisions(&events), [Decision::Asked, Decision::Denied]);
    assert_eq!(
        result.tool_calls[0].summary.as_deref(),
        Some("not this file")
    );
    assert_eq!(
        (result.status, result.text.as_str()),
        (Status::Completed, "I see.")
    );
    assert!(!std::path::Path::new(&new).exists());
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn power_mode_edits_inside_the_root_unasked_and_asks_outside() {
    let rig = Rig::new(json!({})).await;
    let outside = tempfile::tempdir().expect("a folder");
    let out = outside.path().canonicalize().expect("a folder").join("x");
    scenario(
        &rig,
        json!([{"write": {"path": rig.path("studies/in"), "text": "x"}},
        {"write": {"path": out, "text": "x"}}, {"bash": {"command": "true"}}]),
    );
    answer(
        &rig,
        [
            PermissionAnswer::Deny("no".into()),
            PermissionAnswer::AllowOnce,
        ],
    );
    let (result, events) = rig.start(power("a")).finish().await;
    assert_eq!(
        decisions(&events),
        [
            Decision::Asked,
            Decision::Denied,
            Decision::Asked,
            Decision::Allowed
        ]
    );
    assert_eq!(result.tool_calls[0].is_error, Some(false));
    assert!(!out.exists());
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skipping_permissions_asks_nothing() {
    let rig = Rig::with(json!({}), |config| {
        config.claude.power_permissions = atomizer_lsp::session::config::PowerPermissions::Skip;
    })
    .await;
    scenario(&rig, json!([{"bash": {"command": "echo done"}}]));
    let (result, events) = rig.start(power("a")).finish().await;
    assert_eq!(decisions(&events), []);
    assert_eq!(result.tool_calls[0].summary.as_deref(), Some("done"));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_this_session_is_remembered_shown_and_forgotten_with_the_mode() {
    let rig = Rig::new(json!({})).await;
    scenario(
        &rig,
        json!([{"tool": {"name": "Bash", "input": {"command": "npm test"}, "suggest": ["Bash(npm test:*)"]}}]),
    );
    answer(&rig, [PermissionAnswer::AllowForSession]);
    let (first, events) = rig.chat("a").await;
    assert_eq!(decisions(&events), [Decision::Asked, Decision::Allowed]);
    let (_, events) = rig.chat_in(&first.session_id, "b").await;
    assert_eq!(decisions(&events), []);
    let info = rig.manager.info(&first.session_id).await.expect("info");
    assert_eq!(info.allowed, ["Bash(npm test:*)"]);
    let info = rig
        .manager
        .set_mode(&first.session_id, Mode::Power)
        .await
        .expect("set");
    assert_eq!(info.allowed, Vec::<String>::new());
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_questions_at_once_are_each_answered() {
    let rig = Rig::new(json!({})).await;
    let tool = |name: &str| json!({"tool": {"name": name, "input": {}}});
    scenario(
        &rig,
        json!([{"parallel": [tool("WebFetch"), tool("Task"), tool("Skill")]}]),
    );
    answer(
        &rig,
        [
            PermissionAnswer::AllowOnce,
            PermissionAnswer::Deny("no".into()),
            PermissionAnswer::AllowOnce,
        ],
    );
    let (result, _) = rig.chat("a").await;
    assert_eq!(rig.host.questions.lock().expect("questions").len(), 3);
    let errors: Vec<_> = result.tool_calls.iter().map(|call| call.is_error).collect();
    assert_eq!(errors, [Some(false), Some(true), Some(false)]);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_for_the_session_answers_what_is_open_as_well() {
    let rig = Rig::new(json!({})).await;
    let tool = json!({"tool": {"name": "Task", "input": {}}});
    scenario(&rig, json!([{"parallel": [tool, tool]}]));
    // The second question is never answered by the user.
    answer(&rig, [PermissionAnswer::AllowForSession]);
    let (result, _) = rig.chat("a").await;
    assert!(
        result
            .tool_calls
            .iter()
            .all(|call| call.is_error == Some(false)),
        "{result:?}"
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_and_that_is_a_no() {
    let rig = Rig::with(json!({}), |config| {
        config.claude.permission_timeout = Duration::from_millis(200);
        // Shorter than the wait for the user, which does not count.
        config.claude.timeout = Duration::from_secs(20);
    })
    .await;
    scenario(
        &rig,
        json!([{"tool": {"name": "Task", "input": {}}}, {"text": "on I go"}]),
    );
    let (result, events) = rig.chat("a").await;
    assert_eq!(decisions(&events), [Decision::Asked, Decision::Denied]);
    assert_eq!(result.text, "on I go");
    assert_eq!(rig.host.withdrawn.load(Ordering::SeqCst), 1);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_thinking_does_not_count_as_the_turns_time() {
    let rig = Rig::with(json!({}), |config| {
        config.claude.permission_timeout = Duration::from_millis(1500);
        config.claude.timeout = Duration::from_millis(700);
    })
    .await;
    scenario(
        &rig,
        json!([{"tool": {"name": "Task", "input": {}}}, {"text": "on I go"}]),
    );
    let (result, _) = rig.chat("a").await;
    assert_eq!(result.status, Status::Completed, "{result:?}");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_withdrawn_when_the_turn_ends() {
    let rig = Rig::new(json!({})).await;
    scenario(&rig, json!([{"tool": {"name": "Task", "input": {}}}]));
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    asked(&mut running).await;
    rig.manager.cancel(&session).await.expect("known");
    let (result, events) = running.finish().await;
    assert_eq!(result.status, Status::Cancelled);
    assert_eq!(decisions(&events), [Decision::Denied]);
    assert_eq!(rig.host.withdrawn.load(Ordering::SeqCst), 1);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_over_a_change_by_hand_is_refused_until_claude_reads_again() {
    let rig = Rig::new(json!({})).await;
    let (spec, gate, up) = (rig.spec(), rig.path("gate"), rig.path("up"));
    let edit = |old: &str, new: &str| json!({"edit": {"path": spec, "old": old, "new": new}});
    scenario(
        &rig,
        json!([{"read": {"path": spec}}, edit("2.0", "2.1"), {"touch": up}, {"wait": gate}, edit("2.1", "2.2"),
            {"read": {"path": spec}}, edit("2.1", "2.3")]),
    );
    let running = rig.start(power("a"));
    while !std::path::Path::new(&up).exists() {
        tokio::task::yield_now().await;
    }
    let text = std::fs::read_to_string(&spec)
        .expect("the spec")
        .replace('}', "} ");
    std::fs::write(&spec, text).expect("by hand");
    std::fs::write(&gate, "").expect("opened");
    let (result, events) = running.finish().await;
    let errors: Vec<_> = result
        .tool_calls
        .iter()
        .map(|call| call.is_error == Some(true))
        .collect();
    assert_eq!(errors, [false, false, true, false, false], "{result:#?}");
    assert_eq!(decisions(&events), [Decision::Denied]);
    assert!(
        std::fs::read_to_string(&spec)
            .expect("the spec")
            .contains("2.3\"} } "),
        "both changes are there"
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_mode_counts_for_the_next_question() {
    let rig = Rig::new(json!({})).await;
    let (gate, new) = (rig.path("gate"), rig.path("studies/new"));
    scenario(
        &rig,
        json!([{"text": "x"}, {"wait": gate}, {"write": {"path": new, "text": "x"}}]),
    );
    let mut running = rig.start(power("a"));
    let (session, _) = running.started().await;
    rig.manager
        .set_mode(&session, Mode::User)
        .await
        .expect("set");
    std::fs::write(&gate, "").expect("opened");
    asked(&mut running).await;
    rig.manager.cancel(&session).await.expect("known");
    running.finish().await;
    let (_, _) = rig.start(say_in(&session, "/help")).finish().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_back_the_leave_to_skip_permissions_is_asked_from_then_on() {
    let rig = Rig::with(json!({}), |config| {
        config.claude.power_permissions = atomizer_lsp::session::config::PowerPermissions::Skip;
    })
    .await;
    let (gate, log) = (rig.path("gate"), rig.path("log"));
    let bash = |file: &str| json!({"bash": {"command": format!("touch {}", rig.path(file))}});
    let steps = json!([bash("one"), {"text": "x"}, {"wait": gate}, bash("two")]);
    rig.workspace.write(
        "scenario.json",
        &json!({"log": log, "turns": [steps]}).to_string(),
    );
    let mut running = rig.start(power("a"));
    let (session, _) = running.started().await;
    let events = running
        .until(|event| matches!(event, TurnEvent::Text { .. }))
        .await;
    assert_eq!(decisions(&events), [], "nothing is asked");
    rig.manager
        .set_mode(&session, Mode::User)
        .await
        .expect("known");
    let told = || std::fs::read_to_string(&log).expect("a log");
    while !told().contains("set_permission_mode") {
        tokio::task::yield_now().await;
    }
    std::fs::write(&gate, "").expect("opened");
    asked(&mut running).await;
    rig.manager.cancel(&session).await.expect("known");
    assert_eq!(running.finish().await.0.status, Status::Cancelled);
    assert!(!std::path::Path::new(&rig.path("two")).exists());

    let (next, _) = rig.start(say_in(&session, "b")).finish().await;
    assert_eq!(next.status, Status::Completed);
    let started = told().matches("ARGS").count();
    assert_eq!(started, 1, "by the same program");
    rig.end().await;
}
