//! The real claude with a stand-in for its API: what the scripted stand-in claims, checked at the source.

use std::path::Path;

use atomizer_lsp::session::{
    SessionConfig,
    config::PowerPermissions,
    host::PermissionAnswer,
    types::{ChatRequest, Decision, Mode, Status, TurnEvent},
};
use serde_json::json;

use super::rig::{Rig, heard, say};
use crate::support::{
    api::{Gate, MessagesApi, Reply},
    programs::RealClaude,
};

/// Starts claude in an environment of nothing but what it needs here.
fn isolated(claude: &RealClaude) -> impl FnOnce(&mut SessionConfig) {
    let mut command = vec!["env".to_owned(), "-i".to_owned()];
    command.push(format!("PATH={}", std::env::var("PATH").expect("a PATH")));
    command.extend(
        claude
            .environment()
            .into_iter()
            .map(|(name, value)| format!("{name}={value}")),
    );
    move |config| {
        for (name, value) in &config.claude.env {
            command.push(format!("{name}={value}"));
        }
        command.push(RealClaude::command());
        config.claude.command = command;
    }
}

async fn rig(replies: impl IntoIterator<Item = Reply>) -> (Rig, RealClaude) {
    let claude = RealClaude::new(MessagesApi::start(replies));
    let rig = Rig::with(json!({}), isolated(&claude)).await;
    (rig, claude)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real claude: tests/run"]
async fn real_claude_streams_and_its_second_turn_needs_no_new_program() {
    let (rig, claude) = rig([
        Reply::text("Hello from the model."),
        Reply::text("And again."),
    ])
    .await;
    let (first, events) = rig.chat("Hi").await;
    assert_eq!(
        (first.status, first.text.trim_end()),
        (Status::Completed, "Hello from the model."),
        "{first:?}"
    );
    assert_eq!(heard(&events), first.text);
    assert!(
        events
            .iter()
            .filter(|event| matches!(event, TurnEvent::Text { .. }))
            .count()
            > 1,
        "streamed"
    );
    let processes = rig.mark.processes().len();
    let (second, _) = rig.chat_in(&first.session_id, "More").await;
    assert_eq!(second.text.trim_end(), "And again.");
    assert_eq!(rig.mark.processes().len(), processes);
    let requests = claude.api.requests(2);
    assert!(
        requests[1].to_string().contains("Hello from the model."),
        "it has its own context"
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real claude: tests/run"]
async fn real_claude_edits_the_spec_in_power_mode() {
    let (rig, claude) = rig([]).await;
    let spec = rig.spec();
    claude.api.script([
        Reply::tool("Read", json!({"file_path": spec})),
        Reply::tool(
            "Edit",
            json!({"file_path": spec, "old_string": "2.0", "new_string": "2.1"}),
        ),
        Reply::text("Done."),
    ]);
    let request = ChatRequest {
        mode: Some(Mode::Power),
        study_id: Some("beam".into()),
        ..say("new version, please")
    };
    let (result, events) = rig.start(request).finish().await;
    assert_eq!(result.text.trim_end(), "Done.", "{result:?}");
    assert!(
        std::fs::read_to_string(&spec)
            .expect("the spec")
            .contains("2.1")
    );
    assert_eq!(result.spec_updates.len(), 1, "{events:#?}");
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, TurnEvent::Permission { .. })),
        "unasked"
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real claude: tests/run"]
async fn real_claude_asks_even_for_what_it_thinks_harmless() {
    let command = json!({"command": "ls", "description": "list"});
    let (rig, _claude) = rig([Reply::tool("Bash", command), Reply::text("I see.")]).await;
    rig.host
        .answers
        .lock()
        .expect("answers")
        .push_back(PermissionAnswer::Deny("not now".into()));
    let (result, events) = rig.chat("look").await;
    let asked = |event: &TurnEvent| {
        matches!(
            event,
            TurnEvent::Permission {
                decision: Decision::Asked,
                ..
            }
        )
    };
    assert!(events.iter().any(asked), "{events:#?}");
    assert_eq!(
        (result.tool_calls[0].is_error, result.text.trim_end()),
        (Some(true), "I see.")
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real claude: tests/run"]
async fn real_claude_is_interrupted_and_its_children_are_gone() {
    let (rig, claude) = rig([]).await;
    let up = rig.path("up");
    let command = format!("touch {up}; (setsid sleep 600 &); sleep 601");
    claude.api.script([
        Reply::tool("Bash", json!({"command": command})),
        Reply::text("Still here."),
    ]);
    rig.host
        .answers
        .lock()
        .expect("answers")
        .push_back(PermissionAnswer::AllowOnce);
    let mut running = rig.start(say("run"));
    let (session, _) = running.started().await;
    while !Path::new(&up).exists() {
        tokio::task::yield_now().await;
    }
    rig.manager.cancel(&session).await.expect("known");
    assert_eq!(running.finish().await.0.status, Status::Cancelled);
    rig.mark
        .wait_until_gone(|process| !process.command.contains("sleep 60"))
        .expect("its children are gone");
    let (next, _) = rig.chat_in(&session, "still there?").await;
    assert_eq!(next.text.trim_end(), "Still here.", "{next:?}");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real claude: tests/run"]
async fn real_claude_is_cancelled_in_the_middle_of_its_answer() {
    let gate = Gate::default();
    let reply = Reply::text("So far")
        .then_wait(&gate)
        .then_text("never said");
    let (rig, _claude) = rig([reply, Reply::text("Still here.")]).await;
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    running
        .until(|event| matches!(event, TurnEvent::Text { delta } if delta.contains("far")))
        .await;
    rig.manager.cancel(&session).await.expect("known");
    let (result, _) = running.finish().await;
    gate.open();
    assert_eq!(
        (result.status, result.text.trim_end()),
        (Status::Cancelled, "So far")
    );
    let (next, _) = rig.chat_in(&session, "b").await;
    assert_eq!(next.text.trim_end(), "Still here.", "{next:?}");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real claude: tests/run"]
async fn real_claude_resumes_after_its_program_has_ended() {
    let (rig, claude) = rig([Reply::text("First."), Reply::text("Second.")]).await;
    let (first, _) = rig.chat("a").await;
    rig.manager.close(&first.session_id).await.expect("closed");
    rig.nothing_left();
    let (second, _) = rig.chat_in(&first.session_id, "b").await;
    assert_eq!(second.text.trim_end(), "Second.", "{second:?}");
    assert!(
        claude.api.requests(2)[1].to_string().contains("First."),
        "with its own context"
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real claude: tests/run"]
async fn real_claude_takes_back_what_a_broken_stream_said() {
    let (rig, _claude) = rig([
        Reply::text("half of it").broken(),
        Reply::text("whole of it"),
    ])
    .await;
    let (result, events) = rig.chat("a").await;
    assert_eq!(result.text.trim_end(), "whole of it", "{events:#?}");
    assert_eq!(heard(&events), result.text);
    assert!(
        events
            .iter()
            .any(|event| matches!(event, TurnEvent::Retrying { .. }))
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real claude: tests/run"]
async fn real_claude_tells_of_an_api_error() {
    let (rig, _claude) = rig((0..12).map(|_| Reply::error(400))).await;
    let (result, _) = rig.chat("a").await;
    assert_eq!(
        (result.status, result.text.as_str()),
        (Status::Failed, ""),
        "{result:?}"
    );
    let error = result.error.clone().expect("an error");
    assert!(
        error.kind == "claudeFailed" && error.message.contains("400"),
        "{error:?}"
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real claude: tests/run"]
async fn real_claude_speaks_by_itself_and_the_next_answer_is_still_to_the_next_message() {
    let gate = Gate::default();
    let (rig, claude) = rig([]).await;
    let go = rig.path("go");
    let command = format!("until [ -e {go} ]; do sleep 0.05; done");
    claude.api.script([
        Reply::tool(
            "Bash",
            json!({"command": command, "run_in_background": true}),
        ),
        Reply::text("First."),
        Reply::text("By myself")
            .then_wait(&gate)
            .then_text(" alone."),
        Reply::text("Second."),
        Reply::text("Third."),
    ]);
    let answers = &rig.host.answers;
    answers
        .lock()
        .expect("answers")
        .push_back(PermissionAnswer::AllowOnce);
    let (first, _) = rig.chat("run").await;
    assert_eq!(first.text.trim_end(), "First.", "{first:?}");
    std::fs::write(&go, "").expect("opened");
    // The third request is the one that nobody asked for.
    claude.api.requests(3);
    let (second, events) = rig.chat_in(&first.session_id, "second").await;
    gate.open();
    assert_eq!(
        (second.text.trim_end(), heard(&events).trim_end()),
        ("Second.", "Second."),
        "{second:?}"
    );
    let (third, _) = rig.chat_in(&first.session_id, "third").await;
    assert_eq!(third.text.trim_end(), "Third.", "{third:?}");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real claude: tests/run"]
async fn real_claude_asks_again_once_the_leave_to_skip_permissions_is_taken_back() {
    let claude = RealClaude::new(MessagesApi::start([]));
    let isolated = isolated(&claude);
    let rig = Rig::with(json!({}), |config| {
        isolated(config);
        config.claude.power_permissions = PowerPermissions::Skip;
        // As root claude refuses the flag anywhere else.
        config.claude.command.insert(2, "IS_SANDBOX=1".into());
    })
    .await;
    let gate = Gate::default();
    let touch = |file: &str| json!({"command": format!("touch {}", rig.path(file))});
    claude.api.script([
        Reply::tool("Bash", touch("one")),
        Reply::text("One.")
            .then_wait(&gate)
            .then_tool("Bash", touch("two")),
        Reply::text("Never."),
    ]);
    let mut running = rig.start(ChatRequest {
        mode: Some(Mode::Power),
        ..say("go")
    });
    let (session, _) = running.started().await;
    running
        .until(|event| matches!(event, TurnEvent::Text { .. }))
        .await;
    assert!(Path::new(&rig.path("one")).exists(), "unasked");
    rig.manager
        .set_mode(&session, Mode::User)
        .await
        .expect("known");
    gate.open();
    running
        .until(|event| matches!(event, TurnEvent::Permission { .. }))
        .await;
    rig.manager.cancel(&session).await.expect("known");
    running.finish().await;
    assert!(!Path::new(&rig.path("two")).exists());
    rig.end().await;
}
