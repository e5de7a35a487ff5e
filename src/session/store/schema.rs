//! The database's tables and their versions.

use std::path::Path;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::{StoreError, error::Fault};

/// "ATOM": tells our databases from those of other programs.
const APPLICATION_ID: i64 = 0x4154_4F4D;

/// One entry for each version; released ones are never changed, only followed by others. Times are microseconds since
/// 1970 in UTC; enumerations are the words of the wire contract.
const VERSIONS: &[M<'static>] = &[
    M::up(
    "PRAGMA application_id = 0x41544F4D;   -- here, so that a crash never leaves tables without it
     CREATE TABLE sessions (
        id             TEXT PRIMARY KEY,
        mode           TEXT NOT NULL,
        study_id       TEXT,
        title          TEXT NOT NULL DEFAULT '',
        claude_session TEXT,               -- Claude's own id of the conversation, to resume it
        created_at     INTEGER NOT NULL,
        last_active    INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX sessions_by_activity ON sessions (last_active);

     CREATE TABLE turns (
        id             TEXT PRIMARY KEY,
        session_id     TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        server         TEXT NOT NULL,      -- which server runs it
        status         TEXT NOT NULL,
        started_at     INTEGER NOT NULL,
        ended_at       INTEGER,
        claude_session TEXT,
        usage          TEXT,               -- JSON
        error          TEXT                -- JSON
     ) STRICT;
     CREATE INDEX turns_by_session ON turns (session_id);
     CREATE INDEX turns_running ON turns (server) WHERE status = 'running';

     CREATE TABLE messages (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        turn_id    TEXT NOT NULL REFERENCES turns ON DELETE CASCADE,
        role       TEXT NOT NULL,
        content    TEXT NOT NULL,
        tool_calls TEXT NOT NULL DEFAULT '[]', -- JSON
        created_at INTEGER NOT NULL,
        UNIQUE (turn_id, role)
     ) STRICT;
     CREATE INDEX messages_by_session ON messages (session_id, id);

     CREATE TABLE texts (                  -- texts of specs, each stored once
        id   INTEGER PRIMARY KEY,
        md5  TEXT NOT NULL,
        size INTEGER NOT NULL,             -- bytes of the text
        zstd BLOB NOT NULL
     ) STRICT;
     CREATE INDEX texts_by_sum ON texts (md5, size);

     CREATE TABLE turn_texts (             -- base, theirs and mine of each turn, as they came
        id         INTEGER PRIMARY KEY,
        turn_id    TEXT NOT NULL REFERENCES turns ON DELETE CASCADE,
        path       TEXT NOT NULL,
        role       TEXT NOT NULL,
        text_id    INTEGER REFERENCES texts, -- null: there was no file
        created_at INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX turn_texts_by_turn ON turn_texts (turn_id, path, role);
     CREATE INDEX turn_texts_by_text ON turn_texts (text_id);

     CREATE TABLE conflicts (
        id         TEXT PRIMARY KEY,
        turn_id    TEXT NOT NULL REFERENCES turns ON DELETE CASCADE,
        path       TEXT NOT NULL,
        pointer    TEXT NOT NULL,          -- RFC 6901, in mine
        base       TEXT,                   -- JSON; null: not there
        mine       TEXT,
        theirs     TEXT,
        state      TEXT NOT NULL,          -- open, mine or theirs
        created_at INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX conflicts_by_turn ON conflicts (turn_id);

     CREATE TABLE leases (                 -- who runs a conversation's claude program
        session_id TEXT PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
        server     TEXT NOT NULL,
        taken_at   INTEGER NOT NULL
     ) STRICT;",
    ),
    // The Atomizer root of a conversation; null: whichever has the database, which is then its own.
    M::up("ALTER TABLE sessions ADD COLUMN root TEXT"),
    // `superseded` is another state of a conflict from here on.
    M::up(
        "ALTER TABLE conflicts ADD COLUMN place TEXT; -- JSON, as spec/place.rs writes it; null before this version",
    ),
];

/// Checks that the database is ours, whole and not newer, brings it to the newest version, and sets how it is used.
/// Nothing is written before the checks.
pub(super) fn prepare(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let failed = StoreError::from_sql(path);
    check(connection, path)?;
    if number(connection, "SELECT count(*) FROM sqlite_schema").map_err(&failed)? == 0 {
        // Has to be first; of a database that is there it would take the write lock.
        connection
            .execute_batch("PRAGMA auto_vacuum = INCREMENTAL")
            .map_err(&failed)?;
    }
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;",
        )
        .map_err(&failed)?;
    Migrations::from_slice(VERSIONS)
        .to_latest(connection)
        .map_err(|e| match e {
            rusqlite_migration::Error::RusqliteError { err, .. } => failed(err),
            other => StoreError::value(other.to_string()).at(path),
        })
}

fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = StoreError::from_sql(path);
    let version = number(connection, "PRAGMA user_version").map_err(&failed)?;
    let application = number(connection, "PRAGMA application_id").map_err(&failed)?;
    let tables = number(connection, "SELECT count(*) FROM sqlite_schema").map_err(&failed)?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(StoreError::Foreign(path.into()));
    }
    let known = VERSIONS.len() as i64;
    if version > known {
        return Err(StoreError::Newer {
            path: path.into(),
            found: version,
            known,
        });
    }
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(&failed)?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(StoreError::Database {
            fault: Fault::Damaged,
            path: path.into(),
            detail: verdict,
        })
    }
}

fn number(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
    connection.query_row(sql, [], |row| row.get(0))
}
