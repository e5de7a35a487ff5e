//! Why the store could not do what it was asked to, in words for the user.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::session::error::SessionError;

/// An operation on the store that failed; nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite could not.
    #[error("{}", explain(*.fault, .path, .detail))]
    Database {
        /// The kind of trouble.
        fault: Fault,
        /// The database.
        path: PathBuf,
        /// SQLite's own words.
        detail: String,
    },
    /// Written by a later version of this program.
    #[error(
        "the conversations in `{path}` were stored by a newer atomizer-lsp (format {found}, this one knows {known}): \
         it is left as it is; update atomizer-lsp, or set `atomizer.storage.path`"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// An SQLite database of another program.
    #[error(
        "`{0}` is a database of another program: it is left as it is; set `atomizer.storage.path` to another file"
    )]
    Foreign(PathBuf),
    /// A file or folder beside the database could not be made or read.
    #[error("cannot {what} `{path}`: {source}")]
    Io {
        /// `make`, `write`, …
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No such session.
    #[error("no session `{0}` in the store")]
    NoSession(String),
    /// There is one of that id.
    #[error("there is a session `{0}` already")]
    SessionExists(String),
    /// A turn of this session is running, here or in another live server.
    #[error("a turn of session `{0}` is running")]
    TurnRunning(String),
    /// No such turn.
    #[error("no turn `{0}` in the store")]
    NoTurn(String),
    /// No such conflict, or one that was resolved.
    #[error("no open conflict `{0}`: `conflict/list` tells those that are open")]
    NoConflict(String),
}

/// The kinds of trouble with a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not a database, or its pages contradict each other.
    Damaged,
    /// Another process kept it locked for longer than [`super::BUSY_TIMEOUT`].
    Locked,
    /// The file or its folder may not be written.
    ReadOnly,
    /// No space left.
    Full,
    /// The file could not be opened or read.
    Unreadable,
    /// Anything else.
    Other,
}

impl StoreError {
    pub(super) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }

    pub(super) fn from_sql(path: &Path) -> impl Fn(rusqlite::Error) -> Self {
        move |e| Self::from(e).at(path)
    }

    /// A stored value that no version of this program writes.
    pub(super) fn value(detail: String) -> Self {
        Self::Database {
            fault: Fault::Damaged,
            path: PathBuf::new(),
            detail,
        }
    }

    /// Names the database.
    pub(super) fn at(mut self, database: &Path) -> Self {
        if let Self::Database { path, .. } = &mut self {
            *path = database.into();
        }
        self
    }

    /// The kind of trouble, where it is one of the database.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Database { fault, .. } => Some(*fault),
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(e: rusqlite::Error) -> Self {
        let fault = match e.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault::Damaged,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Locked,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Fault::ReadOnly,
            Some(ErrorCode::DiskFull) => Fault::Full,
            Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => Fault::Unreadable,
            _ => Fault::Other,
        };
        Self::Database {
            fault,
            path: PathBuf::new(),
            detail: e.to_string(),
        }
    }
}

impl From<StoreError> for SessionError {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::NoSession(id) => Self::SessionNotFound(id),
            StoreError::TurnRunning(id) => Self::SessionBusy(id),
            StoreError::NoTurn(id) => Self::TurnNotFound(id),
            StoreError::NoConflict(_) => Self::InvalidParams {
                field: "conflictId",
                message: e.to_string(),
            },
            StoreError::SessionExists(_) => Self::InvalidParams {
                field: "sessionId",
                message: e.to_string(),
            },
            StoreError::Database { .. }
            | StoreError::Newer { .. }
            | StoreError::Foreign(_)
            | StoreError::Io { .. } => Self::StoreFailed(e.to_string()),
        }
    }
}

fn explain(fault: Fault, path: &Path, detail: &str) -> String {
    let path = path.display();
    match fault {
        Fault::Damaged => format!(
            "the conversations in `{path}` are damaged ({detail}): the file is left as it is; restore it from a backup, \
             or move it away to begin anew"
        ),
        Fault::Locked => format!(
            "another process keeps the conversations in `{path}` locked ({detail}): try again, or end that process"
        ),
        Fault::ReadOnly => format!(
            "the conversations in `{path}` cannot be written ({detail}): make the file and its folder writable, \
             or set `atomizer.storage.path`"
        ),
        Fault::Full => {
            format!(
                "no space left for the conversations in `{path}` ({detail}): free some space and try again"
            )
        }
        Fault::Unreadable => {
            format!("the conversations in `{path}` cannot be opened or read ({detail})")
        }
        Fault::Other => format!("the conversations in `{path}`: {detail}"),
    }
}
