//! Conversations in memory and store: who has them, who lets go of them, and what nobody may take from another.

use std::{fs, path::Path, time::Duration};

use atomizer_lsp::session::{
    CreateRequest, SessionError,
    types::{Status, TurnEvent},
};
use serde_json::{Value, json};

use super::rig::{Rig, say, say_in, start};

fn hangs() -> Value {
    json!({"turns": [[{"text": "x"}, {"hang": true}]]})
}

fn is_text(event: &TurnEvent) -> bool {
    matches!(event, TurnEvent::Text { .. })
}

/// Waits for another task or thread to bring about what it surely does.
async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

fn resume(id: &str) -> CreateRequest {
    CreateRequest {
        resume_session_id: Some(id.into()),
        ..CreateRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_right_after_a_cancel_waits_for_the_end_of_the_cancelled_turn() {
    let ignoring = json!({"turns": [[{"ignore": ["interrupt"]}, {"text": "x"}, {"hang": true}]]});
    let rig = Rig::new(ignoring).await;
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    running.until(is_text).await;
    let busy = rig.start(say_in(&session, "b")).outcome().await;
    assert_eq!(busy.expect_err("a turn runs").kind(), "sessionBusy");
    rig.workspace.write("scenario.json", "{}");
    assert!(rig.manager.cancel(&session).await.expect("known"));
    let (next, _) = rig.chat_in(&session, "c").await;
    assert_eq!(next.status, Status::Completed, "{:?}", next.error);
    assert_eq!(running.finish().await.0.status, Status::Cancelled);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_while_its_session_is_closed_has_the_session_back() {
    let stubborn = json!({"turns": [[{"ignore": ["interrupt", "term", "eof"]}, {"text": "x"}, {"hang": true}]]});
    let rig = Rig::new(stubborn).await;
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    running.until(is_text).await;
    rig.workspace.write("scenario.json", "{}");
    let (manager, id) = (rig.manager.clone(), session.clone());
    let closing = tokio::spawn(async move { manager.close(&id).await });
    let next = loop {
        match rig.start(say_in(&session, "b")).outcome().await {
            Ok(result) => break result,
            // Before the close, or cancelled by it.
            Err(SessionError::SessionBusy(_) | SessionError::Cancelled) => {}
            Err(error) => panic!("{error}"),
        }
    };
    closing.await.expect("no panic").expect("closed");
    assert_eq!(next.status, Status::Completed, "{:?}", next.error);
    running.finish().await;
    assert!(rig.manager.info(&session).await.expect("known").live);
    rig.manager.close(&session).await.expect("closed");
    rig.nothing_left();
    let other = rig.another(json!({}), |_| {}).await;
    let (there, _) = start(&other, say_in(&session, "c")).finish().await;
    assert_eq!(there.status, Status::Completed, "no lease is left behind");
    other.shutdown().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_not_deleted_while_another_server_runs_a_turn_of_it() {
    let rig = Rig::new(hangs()).await;
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    running.until(is_text).await;
    let other = rig.another(json!({}), |_| {}).await;
    let refused = other.delete(&session).await.expect_err("it is used");
    assert_eq!(refused.kind(), "sessionBusy");
    rig.manager.cancel(&session).await.expect("known");
    let (result, _) = running.finish().await;
    assert_eq!(result.status, Status::Cancelled, "{:?}", result.error);
    other
        .delete(&session)
        .await
        .expect("an idle program is given up");
    let gone = rig.manager.info(&session).await.expect_err("deleted");
    assert_eq!(gone.kind(), "sessionNotFound");
    other.shutdown().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_leaves_the_first_ones_tools_alone() {
    let rig = Rig::new(json!({})).await;
    rig.workspace
        .write("mcp-server/atomizer-tools/dist/index.js", "");
    let (first, _) = rig.chat("a").await;
    let own = rig.path(&format!(".atomizer/mcp/{}.json", first.session_id));
    assert!(Path::new(&own).exists());
    let dead = rig.workspace.write(".atomizer/mcp/dead.json", "{}");
    let other = rig.another(json!({}), |_| {}).await;
    until(|| !dead.exists()).await;
    assert!(Path::new(&own).exists(), "its program still names it");
    fs::remove_file(&own).expect("removed");
    rig.chat_in(&first.session_id, "b").await;
    assert!(
        Path::new(&own).exists(),
        "what somebody removed is made anew"
    );
    other.shutdown().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_bring_one_session_back_at_once_all_get_it() {
    let rig = Rig::new(json!({})).await;
    let made = (0..16).map(|_| rig.manager.create(resume("mine")));
    for info in futures::future::join_all(made).await {
        assert_eq!(info.expect("it is there").session_id, "mine");
    }
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_brought_back_is_the_last_active() {
    let rig = Rig::new(json!({})).await;
    for id in ["older", "newer"] {
        rig.manager.create(resume(id)).await.expect("made");
    }
    rig.manager.create(resume("older")).await.expect("back");
    let all = rig.manager.list(None, None).await.expect("listed");
    let ids: Vec<&str> = all.iter().map(|info| info.session_id.as_str()).collect();
    assert_eq!(ids, ["older", "newer"]);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_idle_for_its_time_leaves_memory_and_stays_in_the_store() {
    let rig = Rig::with(json!({}), |config| config.session_idle = Duration::ZERO).await;
    let (first, _) = rig.chat("a").await;
    rig.nothing_left();
    while rig
        .manager
        .info(&first.session_id)
        .await
        .expect("kept")
        .live
    {
        tokio::task::yield_now().await;
    }
    let (next, _) = rig.chat_in(&first.session_id, "b").await;
    assert_eq!(next.status, Status::Completed);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_never_began_leaves_no_session() {
    let rig = Rig::new(json!({})).await;
    let cancelled = rig.start(say("a"));
    cancelled.cancel.cancel();
    let mut cancelled = cancelled;
    let outcome = cancelled.outcome().await;
    let stored = rig.manager.list(None, None).await.expect("listed").len();
    match outcome {
        Ok(result) => assert_eq!((result.status, stored), (Status::Cancelled, 1)),
        Err(error) => assert_eq!((error, stored), (SessionError::Cancelled, 0)),
    }
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_no_answers_of_the_server_itself() {
    let rig = Rig::new(json!({})).await;
    let (first, _) = rig.chat("what is it?").await;
    rig.chat_in(&first.session_id, "/help").await;
    let (once, _) = rig.chat_in(&first.session_id, "/export").await;
    let (twice, _) = rig.chat_in(&first.session_id, "/export").await;
    assert_eq!(once.text, twice.text);
    assert!(once.text.contains("You said: what is it?"), "{}", once.text);
    assert!(!once.text.contains("/help"), "{}", once.text);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_of_the_server_is_answered_while_a_turn_runs_and_leaves_it_alone() {
    let rig = Rig::new(hangs()).await;
    let mut running = rig.start(say("a"));
    let (session, turn) = running.started().await;
    running.until(is_text).await;
    let (help, _) = rig.chat_in(&session, "/help").await;
    assert_eq!(help.status, Status::Completed, "{:?}", help.error);
    assert_ne!(help.turn_id, turn);
    assert!(rig.manager.info(&session).await.expect("known").busy);
    assert!(rig.manager.cancel(&session).await.expect("known"));
    assert_eq!(running.finish().await.0.turn_id, turn);
    rig.end().await;
}
