//! A cancelled turn leaves nothing behind but its text.

use atomizer_lsp::session::types::{Status, TurnEvent};
use serde_json::{Value, json};

use super::rig::{Rig, Running, heard, say};
use crate::support::process::Process;

fn is_text(event: &TurnEvent) -> bool {
    matches!(event, TurnEvent::Text { .. })
}

/// The stand-in and its supervisor: they may stay, idle.
fn is_program(process: &Process) -> bool {
    process.command.contains("claude-standin")
}

/// Cancels a turn with these steps before the one it hangs in, and sees that nothing but an idle program is left.
async fn cancel(steps: Value) -> (Rig, atomizer_lsp::session::types::TurnResult) {
    let mut steps = steps;
    let list = steps.as_array_mut().expect("steps");
    list.push(json!({"text": "so far"}));
    list.push(json!({"hang": true}));
    let rig = Rig::new(json!({"turns": [steps]})).await;
    let mut running = rig.start(say("a"));
    let events = running
        .until(|event| matches!(event, TurnEvent::Text { delta } if delta.contains("far")))
        .await;
    assert!(heard(&events).ends_with("so far"));
    let (session, turn) = match &events[0] {
        TurnEvent::Started {
            session_id,
            turn_id,
        } => (session_id.clone(), turn_id.clone()),
        other => panic!("{other:?}"),
    };
    assert!(rig.manager.cancel(&session).await.expect("known"));
    let (result, _) = running.finish().await;
    assert_eq!(
        (result.status, result.turn_id.as_str()),
        (Status::Cancelled, turn.as_str())
    );
    assert!(result.error.is_none());
    assert!(result.text.ends_with("so far"), "{}", result.text);
    rig.mark
        .wait_until_gone(is_program)
        .expect("nothing but the idle program is left");
    (rig, result)
}

async fn usable_again(rig: Rig, session: &str) {
    // For a program that has to be started anew.
    rig.workspace.write("scenario.json", "{}");
    let (result, _) = rig.chat_in(session, "still there?").await;
    assert_eq!(result.status, Status::Completed, "{:?}", result.error);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_program_lives_on_and_answers_again() {
    let (rig, result) = cancel(json!([])).await;
    assert!(!rig.mark.processes().is_empty(), "it was not killed");
    usable_again(rig, &result.session_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn children_in_sessions_of_their_own_and_daemons_are_gone() {
    let sleeper = json!([{"spawn": "sleep 600"}, {"spawn": "sleep 601 & sleep 602"}, {"daemon": "sleep 603"}]);
    let (rig, result) = cancel(sleeper).await;
    usable_again(rig, &result.session_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ignores_the_interrupt_is_ended() {
    let (rig, result) = cancel(json!([{"ignore": ["interrupt"]}, {"daemon": "sleep 600"}])).await;
    usable_again(rig, &result.session_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ignores_everything_is_killed() {
    let (rig, result) = cancel(
        json!([{"ignore": ["interrupt", "term", "eof"]}, {"spawn": "trap '' TERM; sleep 600"}]),
    )
    .await;
    usable_again(rig, &result.session_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_command_is_cut_off() {
    let rig = Rig::new(json!({})).await;
    let up = rig.path("up");
    let command = format!("touch {up}; sleep 600");
    rig.workspace.write(
        "scenario.json",
        &json!({"turns": [[{"bash": {"command": command}}]]}).to_string(),
    );
    rig.host
        .answers
        .lock()
        .expect("answers")
        .push_back(atomizer_lsp::session::host::PermissionAnswer::AllowOnce);
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    running
        .until(|event| matches!(event, TurnEvent::ToolCall { .. }))
        .await;
    while !std::path::Path::new(&up).exists() {
        tokio::task::yield_now().await;
    }
    rig.manager.cancel(&session).await.expect("known");
    assert_eq!(running.finish().await.0.status, Status::Cancelled);
    rig.mark
        .wait_until_gone(is_program)
        .expect("the command is gone");
    usable_again(rig, &session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_token_cancels_too() {
    let rig = Rig::new(json!({"turns": [[{"text": "so far"}, {"hang": true}]]})).await;
    let mut running = rig.start(say("a"));
    running.until(is_text).await;
    running.cancel.cancel();
    assert_eq!(running.finish().await.0.status, Status::Cancelled);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_request_ends_the_turn_and_no_event_follows() {
    let rig =
        Rig::new(json!({"turns": [[{"text": "so far"}, {"spawn": "sleep 600"}, {"hang": true}]]}))
            .await;
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    running.until(is_text).await;
    let Running {
        task, mut events, ..
    } = running;
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    while let Ok(event) = events.try_recv() {
        assert!(
            is_text(&event),
            "{event:?} came before the drop at the latest"
        );
    }
    rig.mark
        .wait_until_gone(is_program)
        .expect("its child is gone");
    // The sink is dropped when the turn's own task has ended.
    assert_eq!(events.recv().await, None);
    let history = rig
        .manager
        .history(&session, None, None)
        .await
        .expect("history");
    assert_eq!(history[1].status, Status::Cancelled);
    usable_again(rig, &session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_takes_too_long_is_ended() {
    let scenario = json!({"turns": [[{"text": "so far"}, {"spawn": "sleep 600"}, {"hang": true}]]});
    let rig = Rig::with(scenario, |config| {
        config.claude.timeout = std::time::Duration::from_millis(300)
    })
    .await;
    let (result, events) = rig.chat("a").await;
    assert_eq!(result.status, Status::TimedOut);
    assert_eq!(
        result.error.as_ref().map(|error| error.kind.as_str()),
        Some("timedOut")
    );
    assert!(
        matches!(&events[events.len() - 2], TurnEvent::Error { .. }),
        "the error comes before `done`"
    );
    rig.mark
        .wait_until_gone(is_program)
        .expect("its child is gone");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_session_cancels_its_turn_and_ends_its_program() {
    let rig = Rig::new(json!({"turns": [[{"text": "so far"}, {"hang": true}]]})).await;
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    running.until(is_text).await;
    rig.manager.close(&session).await.expect("closed");
    assert_eq!(running.finish().await.0.status, Status::Cancelled);
    rig.nothing_left();
    assert!(!rig.manager.info(&session).await.expect("kept").live);

    rig.manager.delete(&session).await.expect("deleted");
    assert_eq!(
        rig.manager.info(&session).await.expect_err("gone").kind(),
        "sessionNotFound"
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_ends_running_turns_and_all_programs() {
    let scenario = json!({"turns": [[{"text": "x"}, {"ignore": ["interrupt", "term", "eof"]}, {"daemon": "sleep 600"}, {"hang": true}]]});
    let rig = Rig::new(scenario).await;
    let mut running = rig.start(say("a"));
    running.until(is_text).await;
    rig.end().await;
}
