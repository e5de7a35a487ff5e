//! Which servers work on this database now. Each holds a lock on a file of its own; the operating system drops the
//! lock when the server dies in whatever way, so that no time limit and no process id (which is used again) is needed.

use std::{
    fs::{self, File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use super::{StoreError, private};

/// This server's own mark, and how to find the others'.
#[derive(Debug)]
pub(super) struct Servers {
    folder: PathBuf,
    me: String,
    /// Locked for as long as this server lives.
    _mark: File,
}

impl Servers {
    /// Marks this server as alive.
    pub(super) fn join(folder: &Path) -> Result<Self, StoreError> {
        private::folder(folder).map_err(StoreError::io("make", folder))?;
        let me = uuid::Uuid::new_v4().to_string();
        let mark = mark(folder, &me);
        // Locked under another name first: a mark that is there and not locked is a dead server's.
        let unfinished = mark.with_extension("new");
        let failed = |what| StoreError::io(what, &unfinished);
        let mut file = private::options()
            .create_new(true)
            .open(&unfinished)
            .map_err(failed("make"))?;
        let _ = writeln!(file, "{}", std::process::id()); // for a person who wonders; nothing reads it
        file.lock().map_err(failed("lock"))?;
        fs::rename(&unfinished, &mark).map_err(failed("rename"))?;
        Ok(Self {
            folder: folder.into(),
            me,
            _mark: file,
        })
    }

    /// This server's id.
    pub(super) fn me(&self) -> &str {
        &self.me
    }

    /// A server of that id is alive, be it this one.
    pub(super) fn is_alive(&self, id: &str) -> bool {
        let path = mark(&self.folder, id);
        let Ok(file) = File::open(&path) else {
            return false;
        };
        match file.try_lock() {
            Ok(()) => {
                let _ = fs::remove_file(&path); // a dead server's; its id is never used again
                false
            }
            Err(TryLockError::WouldBlock) => true,
            // Better to wait for a dead server for ever than to run one conversation twice.
            Err(TryLockError::Error(_)) => true,
        }
    }

    /// Waits until no other server is opening the database, and keeps others from it.
    pub(super) fn open_alone(&self) -> Result<File, StoreError> {
        let path = self.folder.join("open.lock");
        let file = private::options()
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        file.lock().map_err(StoreError::io("lock", &path))?;
        Ok(file)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = fs::remove_file(mark(&self.folder, &self.me));
    }
}

/// The servers that run turns or hold leases, dead or alive.
pub(super) fn owners(tx: &Connection) -> Result<Vec<String>, StoreError> {
    let owners = tx
        .prepare(
            "SELECT server FROM turns WHERE status = 'running' UNION SELECT server FROM leases",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(owners)
}

fn mark(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.lock"))
}
