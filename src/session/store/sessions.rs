//! Conversations.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Store, StoreError, from_word, now, rfc3339, word};
use crate::session::{
    id::new_session_id,
    types::{Mode, SessionInfo},
};

/// A stored conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Its id.
    pub id: String,
    /// What Claude may do unasked.
    pub mode: Mode,
    /// The study talked about.
    pub study_id: Option<String>,
    /// From the first message; empty before it.
    pub title: String,
    /// Claude's own id of the conversation, to resume it; `None` when Claude does not know it.
    pub claude_session: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub last_active: String,
    /// Messages of both roles.
    pub message_count: u64,
    /// A turn of it is running, here or in another server.
    pub running: bool,
}

impl StoredSession {
    /// As the wire tells it; `live`: it is in memory here.
    pub fn info(self, busy: bool, live: bool) -> SessionInfo {
        SessionInfo {
            session_id: self.id,
            mode: self.mode,
            study_id: self.study_id,
            title: self.title,
            created_at: self.created_at,
            last_active: self.last_active,
            message_count: self.message_count,
            allowed: Vec::new(),
            busy: busy || self.running,
            live,
        }
    }
}

const SELECT: &str = "SELECT id, mode, study_id, title, claude_session, created_at, last_active,
        (SELECT count(*) FROM messages WHERE session_id = s.id),
        EXISTS (SELECT 1 FROM turns WHERE session_id = s.id AND status = 'running')
    FROM sessions s";

/// A condition on `sessions`: those of the root in this parameter, or all where that is null.
pub(super) fn of_root(parameter: u8) -> String {
    format!("(?{parameter} IS NULL OR root IS NULL OR root = ?{parameter})")
}

impl Store {
    /// Makes a conversation, under `id` (of the right form: [`crate::session::id::check_session_id`]) or a new one.
    ///
    /// # Errors
    /// [`StoreError::SessionExists`].
    pub fn create_session(
        &self,
        id: Option<&str>,
        mode: Mode,
        study_id: Option<&str>,
    ) -> Result<StoredSession, StoreError> {
        self.write(|tx| {
            let id = match id {
                // Whichever root it is of: an id is given once.
                Some(id) if is_taken(tx, id)? => {
                    return Err(StoreError::SessionExists(id.into()));
                }
                Some(id) => id.to_owned(),
                None => free_id(tx)?,
            };
            let now = now();
            tx.execute(
                "INSERT INTO sessions (id, mode, study_id, created_at, last_active, root)
                    VALUES (?1, ?2, ?3, ?4, ?4, ?5)",
                params![id, word(mode)?, study_id, now, self.root()],
            )?;
            require(tx, self.root(), &id)
        })
    }

    /// A conversation.
    pub fn session(&self, id: &str) -> Result<Option<StoredSession>, StoreError> {
        self.read(|tx| find(tx, self.root(), id))
    }

    /// The conversations about a study, or all; last active first; at most `limit`.
    pub fn sessions(
        &self,
        study_id: Option<&str>,
        limit: Option<usize>,
    ) -> Result<Vec<StoredSession>, StoreError> {
        self.read(|tx| {
            tx.prepare(&format!(
                "{SELECT} WHERE (?1 IS NULL OR study_id = ?1) AND {}
                    ORDER BY last_active DESC, rowid DESC LIMIT ?2",
                of_root(3)
            ))?
            .query_and_then(params![study_id, sql_limit(limit), self.root()], stored)?
            .collect()
        })
    }

    /// Changes what Claude may do unasked.
    pub fn set_mode(&self, id: &str, mode: Mode) -> Result<StoredSession, StoreError> {
        let mode = word(mode)?;
        self.update(id, "mode = ?2", &mode)
    }

    /// Changes the study talked about; `None` clears it.
    pub fn set_study(&self, id: &str, study: Option<&str>) -> Result<StoredSession, StoreError> {
        self.update(id, "study_id = ?2", study)
    }

    /// Marks the conversation as active now.
    pub fn touch(&self, id: &str) -> Result<StoredSession, StoreError> {
        self.update(id, "last_active = ?2", now())
    }

    fn update(
        &self,
        id: &str,
        set: &'static str,
        value: impl rusqlite::ToSql,
    ) -> Result<StoredSession, StoreError> {
        self.write(|tx| {
            tx.execute(
                &format!("UPDATE sessions SET {set} WHERE id = ?1"),
                params![id, value],
            )?;
            require(tx, self.root(), id)
        })
    }

    /// Removes a conversation with its turns, messages, texts, conflicts and lease; `false`: there was none.
    pub fn delete_session(&self, id: &str) -> Result<bool, StoreError> {
        self.write(|tx| {
            let deleted = tx.execute("DELETE FROM sessions WHERE id = ?1", [id])?;
            super::texts::drop_unused(tx)?;
            Ok(deleted > 0)
        })
    }

    /// Removes conversations without a message that were not active for `age`; `keep` and those whose program some
    /// server runs stay. Tells which went.
    pub fn remove_empty(&self, age: Duration, keep: &[String]) -> Result<Vec<String>, StoreError> {
        let before = now().saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
        self.write(|tx| {
            let mut empty: Vec<String> = tx
                .prepare(&format!(
                    "SELECT id FROM sessions s WHERE last_active < ?1 AND {}
                        AND NOT EXISTS (SELECT 1 FROM messages WHERE session_id = s.id)
                        AND NOT EXISTS (SELECT 1 FROM turns WHERE session_id = s.id)
                        AND NOT EXISTS (SELECT 1 FROM leases WHERE session_id = s.id)",
                    of_root(2)
                ))?
                .query_map(params![before, self.root()], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            empty.retain(|id| !keep.contains(id));
            for id in &empty {
                tx.execute("DELETE FROM sessions WHERE id = ?1", [id])?;
            }
            Ok(empty)
        })
    }
}

/// The conversation, where it is of this root.
pub(super) fn find(
    tx: &Connection,
    root: Option<&str>,
    id: &str,
) -> Result<Option<StoredSession>, StoreError> {
    tx.prepare_cached(&format!("{SELECT} WHERE id = ?1 AND {}", of_root(2)))?
        .query_and_then(params![id, root], stored)?
        .next()
        .transpose()
}

/// The conversation, or [`StoreError::NoSession`].
pub(super) fn require(
    tx: &Connection,
    root: Option<&str>,
    id: &str,
) -> Result<StoredSession, StoreError> {
    find(tx, root, id)?.ok_or_else(|| StoreError::NoSession(id.into()))
}

fn is_taken(tx: &Connection, id: &str) -> Result<bool, StoreError> {
    Ok(tx
        .query_row("SELECT 1 FROM sessions WHERE id = ?1", [id], |_| Ok(()))
        .optional()?
        .is_some())
}

fn free_id(tx: &Connection) -> Result<String, StoreError> {
    loop {
        let id = new_session_id();
        if !is_taken(tx, &id)? {
            return Ok(id);
        }
    }
}

fn stored(row: &Row<'_>) -> Result<StoredSession, StoreError> {
    Ok(StoredSession {
        id: row.get(0)?,
        mode: from_word(row.get(1)?)?,
        study_id: row.get(2)?,
        title: row.get(3)?,
        claude_session: row.get(4)?,
        created_at: rfc3339(row.get(5)?),
        last_active: rfc3339(row.get(6)?),
        message_count: row.get::<_, i64>(7)?.unsigned_abs(),
        running: row.get(8)?,
    })
}

/// SQLite reads a negative limit as none.
pub(super) fn sql_limit(limit: Option<usize>) -> i64 {
    limit.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX))
}
