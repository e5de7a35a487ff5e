//! The store is in trouble while a turn runs, or the server dies.

use std::path::PathBuf;

use atomizer_lsp::session::types::{Role, Status, TurnEvent};
use rusqlite::Connection;
use serde_json::json;

use super::rig::{Rig, heard, say, say_in, start};

fn database(rig: &Rig) -> PathBuf {
    rig.workspace.path().join(".atomizer/atomizer.db")
}

fn lock(rig: &Rig) -> Connection {
    let connection = Connection::open(database(rig)).expect("opens");
    connection
        .busy_timeout(std::time::Duration::from_secs(5))
        .expect("set");
    connection.execute_batch("BEGIN IMMEDIATE").expect("locked");
    connection
}

fn is_text(event: &TurnEvent) -> bool {
    matches!(event, TurnEvent::Text { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_holds_up_no_text_and_loses_none() {
    let rig = Rig::new(json!({})).await;
    let gate = rig.path("gate");
    let steps = json!([{"text": "before"}, {"wait": gate}, {"text": "meanwhile"}]);
    rig.workspace
        .write("scenario.json", &json!({"turns": [steps]}).to_string());
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    running.until(is_text).await;
    let other = lock(&rig);
    std::fs::write(&gate, "").expect("opened");
    let events = running.until(is_text).await;
    assert!(
        heard(&events).contains("meanwhile"),
        "it streams though nothing can be stored"
    );
    other.execute_batch("ROLLBACK").expect("unlocked");
    let (result, _) = running.finish().await;
    assert_eq!(result.status, Status::Completed, "{:?}", result.error);
    let history = rig
        .manager
        .history(&session, None, None)
        .await
        .expect("history");
    assert_eq!(history[1].content, "before\n\nmeanwhile");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_stored_begins_no_turn() {
    let rig = Rig::new(json!({})).await;
    let (first, _) = rig.chat("a").await;
    let other = lock(&rig);
    let error = rig
        .start(say_in(&first.session_id, "b"))
        .outcome()
        .await
        .expect_err("refused");
    assert_eq!(error.kind(), "storeFailed", "{error}");
    other.execute_batch("ROLLBACK").expect("unlocked");
    let (again, _) = rig.chat_in(&first.session_id, "b").await;
    assert_eq!(again.status, Status::Completed);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_cannot_be_stored_is_told_and_stored_with_the_next_message() {
    let rig = Rig::new(json!({})).await;
    let gate = rig.path("gate");
    rig.workspace.write(
        "scenario.json",
        &json!({"turns": [[{"text": "kept"}, {"wait": gate}]]}).to_string(),
    );
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    running.until(is_text).await;
    let other = lock(&rig);
    std::fs::write(&gate, "").expect("opened");
    let (result, _) = running.finish().await;
    assert_eq!(
        (result.status, result.text.as_str()),
        (Status::Failed, "kept")
    );
    assert_eq!(
        result.error.map(|error| error.kind).as_deref(),
        Some("storeFailed")
    );
    other.execute_batch("ROLLBACK").expect("unlocked");
    let (next, _) = rig.chat_in(&session, "b").await;
    assert_eq!(next.status, Status::Completed, "{:?}", next.error);
    let history = rig
        .manager
        .history(&session, None, None)
        .await
        .expect("history");
    assert_eq!(
        (history[1].content.as_str(), history[1].status),
        ("kept", Status::Completed)
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_with_many_sessions_lose_no_message() {
    let rig = Rig::with(json!({}), |config| {
        config.claude.idle = std::time::Duration::ZERO
    })
    .await;
    let other = rig
        .another(json!({}), |config| {
            config.claude.idle = std::time::Duration::ZERO
        })
        .await;
    let mut turns = Vec::new();
    for number in 0..16 {
        let manager = if number % 2 == 0 {
            &rig.manager
        } else {
            &other
        };
        turns.push((number, start(manager, say(&format!("message {number}")))));
    }
    let mut sessions = Vec::new();
    for (number, turn) in turns {
        let (result, _) = turn.finish().await;
        assert_eq!(result.status, Status::Completed, "{:?}", result.error);
        sessions.push((number, result.session_id));
    }
    for (number, session) in sessions {
        let history = other.history(&session, None, None).await.expect("history");
        let said: Vec<_> = history
            .iter()
            .map(|message| (message.role, message.content.clone()))
            .collect();
        let message = format!("message {number}");
        assert_eq!(
            said,
            [
                (Role::User, message.clone()),
                (Role::Assistant, format!("You said: {message}"))
            ]
        );
    }
    let check: String = Connection::open(database(&rig))
        .and_then(|connection| connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)))
        .expect("checked");
    assert_eq!(check, "ok");
    other.shutdown().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_back_costs_nothing() {
    let rig = Rig::new(json!({})).await;
    let (first, _) = rig.chat("a").await;
    // As if the clock had been ten years ahead until now.
    let ahead = 10_i64 * 365 * 24 * 3600 * 1_000_000;
    let ahead = format!(
        "UPDATE sessions SET created_at = created_at + {ahead}, last_active = last_active + {ahead};
         UPDATE turns SET started_at = started_at + {ahead}, ended_at = ended_at + {ahead};
         UPDATE messages SET created_at = created_at + {ahead};
         UPDATE leases SET taken_at = taken_at + {ahead};"
    );
    Connection::open(database(&rig))
        .and_then(|connection| connection.execute_batch(&ahead))
        .expect("set");
    let (second, _) = rig.chat_in(&first.session_id, "b").await;
    assert_eq!(second.status, Status::Completed);
    let other = rig.another(json!({}), |_| {}).await;
    let (third, _) = start(&other, say_in(&first.session_id, "c")).finish().await;
    assert_eq!(
        third.status,
        Status::Completed,
        "the lease goes by life, not by time"
    );
    let history = other.history(&first.session_id, None, None).await;
    let said: Vec<String> = history
        .expect("history")
        .into_iter()
        .filter(|message| message.role == Role::User)
        .map(|message| message.content)
        .collect();
    assert_eq!(said, ["a", "b", "c"]);
    other.shutdown().await;
    rig.end().await;
}
