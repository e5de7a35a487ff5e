//! The conversation store: one SQLite file for a root, shared by every server that works there.
//!
//! What a method has returned is on disk (`synchronous = FULL`): it survives `kill -9` and a power cut. Every method
//! blocks for as long as SQLite does (at most [`BUSY_TIMEOUT`] while another server writes): async callers use
//! `spawn_blocking`. Two servers on one root are normal; each marks itself alive by a locked file, so that the turns
//! and leases of a dead one can be told from those of a live one.

mod conflicts;
mod error;
mod export;
mod group;
mod leases;
mod schema;
mod servers;
mod sessions;
#[cfg(test)]
mod tests;
mod texts;
mod turns;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::Connection;

pub use conflicts::{NewConflict, StoredConflict, Take};
pub use error::{Fault, StoreError};
pub use export::markdown;
pub use sessions::StoredSession;
pub use texts::{StoredText, TextChange, TextRole, TurnTexts};
pub use turns::{StoredTurn, TurnEnd, new_turn_id};

use super::private;
use group::Shared;
use servers::Servers;

/// How long a method waits for another server's write before it fails with [`Fault::Locked`].
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a locked database is asked for.
const BUSY_STEP: Duration = Duration::from_millis(1);

/// The store of one root. Cheap to share behind an `Arc`; its methods may be called from any thread.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Shared,
    servers: Servers,
    /// The root whose conversations alone are seen; `None`: all are.
    root: Option<String>,
}

impl Store {
    /// Opens or makes the database at `path` and marks as interrupted what dead servers left running. The folder is
    /// made where it is missing (0700 on Unix); a folder named `.atomizer` also gets a `.gitignore` of `*`.
    ///
    /// # Errors
    /// A damaged or newer database, and one that is not ours, is refused and left as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_for(path, None)
    }

    /// As [`Self::open`], for a database that several roots may share: what is made belongs to `root`, and only that
    /// and what was stored before roots were told apart is seen.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_for(path: &Path, root: Option<String>) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(StoreError::io("open", path))?;
        if let Some(folder) = path.parent() {
            prepare_folder(folder)?;
        }
        let servers = Servers::join(&path.with_extension("servers"))?;
        // Two servers that start at once must not both make the tables.
        let _alone = servers.open_alone()?;
        private_file(&path)?;
        let mut connection = Connection::open(&path).map_err(StoreError::from_sql(&path))?;
        connection
            .busy_handler(Some(wait_for_the_other))
            .map_err(StoreError::from_sql(&path))?;
        schema::prepare(&mut connection, &path)?;
        let store = Self {
            path,
            connection: Shared::new(connection),
            servers,
            root,
        };
        store.recover()?;
        Ok(store)
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn root(&self) -> Option<&str> {
        self.root.as_deref()
    }

    /// Marks the running turns of dead servers as interrupted and frees their leases; tells how many turns. Done at
    /// [`Self::open`]; the clean-up does it again, since the other server may have died meanwhile.
    pub fn recover(&self) -> Result<usize, StoreError> {
        // Mostly there is nothing to do, and then nobody is kept waiting.
        let owners = self.read(servers::owners)?;
        if owners.iter().all(|owner| self.servers.is_alive(owner)) {
            return Ok(0);
        }
        self.write(|tx| {
            leases::free_dead(tx, &self.servers)?;
            turns::interrupt_dead(tx, &self.servers)
        })
    }

    /// Runs `work` in a transaction that may write; all of it is on disk afterwards, or nothing.
    fn write<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection.write(work).map_err(|e| e.at(&self.path))
    }

    /// Runs `work` in a transaction that sees one state of the database.
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection.read(work).map_err(|e| e.at(&self.path))
    }

    /// Gives free pages of the file back to the disk.
    fn shrink(&self) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut vacuum = tx.prepare("PRAGMA incremental_vacuum")?;
            let mut rows = vacuum.query([])?;
            while rows.next()?.is_some() {} // one step for each page
            Ok(())
        })
    }
}

/// Called by SQLite each time it finds the database locked. SQLite's own handler sleeps longer and longer, and loses
/// every race against a server that writes without pause; this one asks again at once.
fn wait_for_the_other(times: i32) -> bool {
    let waited = BUSY_STEP.saturating_mul(times.unsigned_abs());
    std::thread::sleep(BUSY_STEP);
    waited < BUSY_TIMEOUT
}

/// Makes the database's folder; `.atomizer` is ours, and git need not see it.
fn prepare_folder(folder: &Path) -> Result<(), StoreError> {
    if folder.file_name().is_some_and(|name| name == ".atomizer") {
        private::atomizer_folder(folder)
    } else {
        private::folder(folder)
    }
    .map_err(StoreError::io("make", folder))
}

/// Makes the database's file 0600 before SQLite would make it by the umask; its `-wal` and `-shm` follow it.
fn private_file(path: &Path) -> Result<(), StoreError> {
    match private::options().create_new(true).open(path) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(StoreError::io("make", path)(e))
        }
        _ => Ok(()),
    }
}

/// Now, in microseconds since 1970: what time columns hold.
fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// A time column as RFC 3339 in UTC, to the millisecond.
fn rfc3339(micros: i64) -> String {
    let time = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    format!("{time:.3}")
}

/// An enumeration's word on the wire, which is also its word in the database.
fn word(value: impl serde::Serialize) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(StoreError::value(format!("{other:?} is not one word"))),
    }
}

/// The reverse of [`word`].
fn from_word<T: serde::de::DeserializeOwned>(word: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word))
        .map_err(|e| StoreError::value(e.to_string()))
}
