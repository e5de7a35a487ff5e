use tempfile::TempDir;

use super::*;
use crate::session::types::{Mode, Role, Status};

mod basics;
mod changes;
mod faults;
mod servers;

/// A store in a folder of its own.
fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = open(&dir);
    (dir, store)
}

fn open(dir: &TempDir) -> Store {
    Store::open(&path(dir)).expect("opened")
}

fn path(dir: &TempDir) -> PathBuf {
    dir.path().join(".atomizer/atomizer.db")
}

fn completed(text: &str) -> TurnEnd {
    TurnEnd {
        status: Status::Completed,
        text: text.into(),
        tool_calls: Vec::new(),
        claude_session: None,
        usage: None,
        error: None,
    }
}

/// One whole turn.
fn turn(store: &Store, session: &str, message: &str, answer: &str) -> String {
    let turn = store.begin_turn(session, message).expect("begun");
    store
        .finish_turn(&turn, &completed(answer))
        .expect("finished");
    turn
}
