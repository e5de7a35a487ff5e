//! Turns and their messages. A turn has one message of each role, and its status is theirs.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    Store, StoreError, from_word, now, rfc3339,
    servers::Servers,
    sessions::{require, sql_limit},
    word,
};
use crate::session::types::{Message, Role, Status, ToolCall, TurnError, Usage};

/// The longest title, in characters.
const TITLE_CHARS: usize = 80;

/// A stored turn.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTurn {
    /// Its id.
    pub id: String,
    /// Its conversation.
    pub session_id: String,
    /// How it stands or ended.
    pub status: Status,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC; `None` while it runs.
    pub ended_at: Option<String>,
    /// Claude's own id of the conversation.
    pub claude_session: Option<String>,
    /// Where the program told it.
    pub usage: Option<Usage>,
    /// Where it failed.
    pub error: Option<TurnError>,
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnEnd {
    /// Not `Running`.
    pub status: Status,
    /// The whole answer; takes the place of what was stored while it grew.
    pub text: String,
    /// Tools used, in order.
    pub tool_calls: Vec<ToolCall>,
    /// Claude's own id of the conversation; kept for the session, too.
    pub claude_session: Option<String>,
    /// Where the program told it.
    pub usage: Option<Usage>,
    /// Where it failed.
    pub error: Option<TurnError>,
}

/// In the place of the server that runs a turn: none does.
const NO_SERVER: &str = "";

/// An id for a turn that is yet to be stored.
pub fn new_turn_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

impl Store {
    /// Stores a message of the engineer, and with it begins a turn, whose id it tells. The first message of a
    /// conversation gives its title.
    ///
    /// # Errors
    /// [`StoreError::NoSession`]; [`StoreError::TurnRunning`] while another turn of the session runs in a live server.
    pub fn begin_turn(&self, session_id: &str, message: &str) -> Result<String, StoreError> {
        let turn = new_turn_id();
        self.begin_turn_as(&turn, session_id, message)?;
        Ok(turn)
    }

    /// The same under an id of [`new_turn_id`].
    pub fn begin_turn_as(
        &self,
        turn: &str,
        session_id: &str,
        message: &str,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            if require(tx, self.root(), session_id)?.running {
                interrupt_dead(tx, &self.servers)?;
                if require(tx, self.root(), session_id)?.running {
                    return Err(StoreError::TurnRunning(session_id.into()));
                }
            }
            let running = (self.servers.me(), Status::Running);
            insert(tx, turn, session_id, message, running)
        })
    }

    /// Stores a message that the server answered itself, as a turn that is over. It runs in no server, and no other
    /// turn of the session is in its way.
    ///
    /// # Errors
    /// [`StoreError::NoSession`].
    pub fn add_answered(
        &self,
        turn: &str,
        session_id: &str,
        message: &str,
        end: &TurnEnd,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            require(tx, self.root(), session_id)?;
            insert(tx, turn, session_id, message, (NO_SERVER, end.status))?;
            finish(tx, turn, end)
        })
    }

    /// Adds to the answer of a running turn. The caller gathers deltas: at least every 500 ms, at most every few.
    pub fn append_answer(&self, turn_id: &str, delta: &str) -> Result<(), StoreError> {
        self.write(|tx| answer(tx, turn_id, delta, "content || excluded.content", None))
    }

    /// Sets the answer of a running turn as it stands (the program took something back, or tools were used).
    pub fn set_answer(
        &self,
        turn_id: &str,
        text: &str,
        tool_calls: &[ToolCall],
    ) -> Result<(), StoreError> {
        self.write(|tx| answer(tx, turn_id, text, "excluded.content", Some(tool_calls)))
    }

    /// Ends a turn; an answer without text and tools leaves no message.
    pub fn finish_turn(&self, turn_id: &str, end: &TurnEnd) -> Result<(), StoreError> {
        self.write(|tx| finish(tx, turn_id, end))
    }

    /// The turn of the same conversation before this one, those aside that the server answered itself.
    pub fn turn_before(&self, turn_id: &str) -> Result<Option<String>, StoreError> {
        self.read(|tx| {
            Ok(tx
                .query_row(
                    "SELECT former.id FROM turns former, turns this
                        WHERE this.id = ?1 AND former.session_id = this.session_id
                            AND former.rowid < this.rowid AND former.server <> ?2
                        ORDER BY former.rowid DESC LIMIT 1",
                    [turn_id, NO_SERVER],
                    |row| row.get(0),
                )
                .optional()?)
        })
    }

    /// A turn.
    pub fn turn(&self, turn_id: &str) -> Result<Option<StoredTurn>, StoreError> {
        self.read(|tx| {
            tx.prepare(
                "SELECT id, session_id, status, started_at, ended_at, claude_session, usage, error
                    FROM turns WHERE id = ?1",
            )?
            .query_and_then([turn_id], stored_turn)?
            .next()
            .transpose()
        })
    }

    /// The turns of a conversation, oldest first.
    pub fn turns(&self, session_id: &str) -> Result<Vec<StoredTurn>, StoreError> {
        self.read(|tx| {
            require(tx, self.root(), session_id)?;
            tx.prepare(
                "SELECT id, session_id, status, started_at, ended_at, claude_session, usage, error
                    FROM turns WHERE session_id = ?1 ORDER BY rowid",
            )?
            .query_and_then([session_id], stored_turn)?
            .collect()
        })
    }

    /// The newest `limit` messages (all: `None`) older than the message `before`, oldest first.
    pub fn history(
        &self,
        session_id: &str,
        limit: Option<usize>,
        before: Option<i64>,
    ) -> Result<Vec<Message>, StoreError> {
        self.read(|tx| {
            require(tx, self.root(), session_id)?;
            let mut messages: Vec<Message> = tx
                .prepare(
                    "SELECT m.id, m.role, m.content, m.tool_calls, m.created_at, m.turn_id, t.status
                        FROM messages m JOIN turns t ON t.id = m.turn_id
                        WHERE m.session_id = ?1 AND m.id < ?2 ORDER BY m.id DESC LIMIT ?3",
                )?
                .query_and_then(
                    params![session_id, before.unwrap_or(i64::MAX), sql_limit(limit)],
                    stored_message,
                )?
                .collect::<Result<_, _>>()?;
            messages.reverse();
            Ok(messages)
        })
    }
}

/// Stores a turn with its message, where it runs and how it stands.
fn insert(
    tx: &Connection,
    turn: &str,
    session_id: &str,
    message: &str,
    (server, status): (&str, Status),
) -> Result<(), StoreError> {
    let now = now();
    tx.execute(
        "INSERT INTO turns (id, session_id, server, status, started_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![turn, session_id, server, word(status)?, now],
    )?;
    tx.execute(
        "INSERT INTO messages (session_id, turn_id, role, content, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![session_id, turn, word(Role::User)?, message, now],
    )?;
    tx.execute(
        "UPDATE sessions SET last_active = ?2, title = iif(title = '', ?3, title) WHERE id = ?1",
        params![session_id, now, title(message)],
    )?;
    Ok(())
}

/// Stores how a turn ended.
fn finish(tx: &Connection, turn_id: &str, end: &TurnEnd) -> Result<(), StoreError> {
    if end.text.is_empty() && end.tool_calls.is_empty() {
        tx.execute(
            "DELETE FROM messages WHERE turn_id = ?1 AND role = ?2",
            params![turn_id, word(Role::Assistant)?],
        )?;
    } else {
        answer(
            tx,
            turn_id,
            &end.text,
            "excluded.content",
            Some(&end.tool_calls),
        )?;
    }
    let ended = tx.execute(
        "UPDATE turns SET status = ?2, ended_at = ?3, claude_session = ?4, usage = ?5, error = ?6 WHERE id = ?1",
        params![
            turn_id,
            word(end.status)?,
            now(),
            end.claude_session,
            end.usage.as_ref().map(json).transpose()?,
            end.error.as_ref().map(json).transpose()?,
        ],
    )?;
    if ended == 0 {
        return Err(StoreError::NoTurn(turn_id.into()));
    }
    tx.execute(
        "UPDATE sessions SET last_active = ?2, claude_session = coalesce(?3, claude_session)
            WHERE id = (SELECT session_id FROM turns WHERE id = ?1)",
        params![turn_id, now(), end.claude_session],
    )?;
    Ok(())
}

/// Stores the turn's answer; `merge` tells how it meets what is stored.
fn answer(
    tx: &Connection,
    turn_id: &str,
    text: &str,
    merge: &'static str,
    tool_calls: Option<&[ToolCall]>,
) -> Result<(), StoreError> {
    let session = require_turn(tx, turn_id)?;
    let calls = tool_calls.map(json).transpose()?;
    tx.prepare_cached(&format!(
        "INSERT INTO messages (session_id, turn_id, role, content, tool_calls, created_at)
            VALUES (?1, ?2, ?3, ?4, coalesce(?5, '[]'), ?6)
            ON CONFLICT (turn_id, role) DO UPDATE SET content = {merge}, tool_calls = coalesce(?5, tool_calls)"
    ))?
    .execute(params![session, turn_id, word(Role::Assistant)?, text, calls, now()])?;
    Ok(())
}

/// The session of a turn, or [`StoreError::NoTurn`].
pub(super) fn require_turn(tx: &Connection, turn_id: &str) -> Result<String, StoreError> {
    tx.query_row(
        "SELECT session_id FROM turns WHERE id = ?1",
        [turn_id],
        |row| row.get(0),
    )
    .optional()?
    .ok_or_else(|| StoreError::NoTurn(turn_id.into()))
}

/// Marks the running turns of dead servers; tells how many.
pub(super) fn interrupt_dead(tx: &Connection, servers: &Servers) -> Result<usize, StoreError> {
    let owners: Vec<String> = tx
        .prepare("SELECT DISTINCT server FROM turns WHERE status = 'running'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut interrupted = 0;
    for owner in owners.iter().filter(|owner| !servers.is_alive(owner)) {
        interrupted += tx.execute(
            "UPDATE turns SET status = ?2, ended_at = ?3 WHERE status = 'running' AND server = ?1",
            params![owner, word(Status::Interrupted)?, now()],
        )?;
    }
    Ok(interrupted)
}

fn stored_turn(row: &Row<'_>) -> Result<StoredTurn, StoreError> {
    Ok(StoredTurn {
        id: row.get(0)?,
        session_id: row.get(1)?,
        status: from_word(row.get(2)?)?,
        started_at: rfc3339(row.get(3)?),
        ended_at: row.get::<_, Option<i64>>(4)?.map(rfc3339),
        claude_session: row.get(5)?,
        usage: row
            .get::<_, Option<String>>(6)?
            .map(|s| from_json(&s))
            .transpose()?,
        error: row
            .get::<_, Option<String>>(7)?
            .map(|s| from_json(&s))
            .transpose()?,
    })
}

fn stored_message(row: &Row<'_>) -> Result<Message, StoreError> {
    Ok(Message {
        id: row.get(0)?,
        role: from_word(row.get(1)?)?,
        content: row.get(2)?,
        tool_calls: from_json(&row.get::<_, String>(3)?)?,
        created_at: rfc3339(row.get(4)?),
        turn_id: row.get(5)?,
        status: from_word(row.get(6)?)?,
    })
}

pub(super) fn json(value: &(impl serde::Serialize + ?Sized)) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::value(e.to_string()))
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::value(e.to_string()))
}

/// The first line that says something, in one line of at most [`TITLE_CHARS`].
fn title(message: &str) -> String {
    let line = message
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= TITLE_CHARS {
        return line;
    }
    let mut short: String = line.chars().take(TITLE_CHARS - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}
