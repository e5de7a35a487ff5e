//! Many writes, one commit. A commit waits for the disk, which takes far longer than any write here, and SQLite lets
//! one transaction in at a time: turns that begin at once would wait for each other's disk. So whoever finds others
//! waiting for the connection leaves his transaction open to the next, and the last commits for all. Nobody is
//! answered before that commit: what is acknowledged is on disk, as if each had been alone.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreError, error::Fault};

/// Writes in one transaction at most, so that the first is not kept waiting for ever.
const MOST: usize = 64;

/// A connection that its users share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Those who want the connection now.
    waiting: AtomicUsize,
}

#[derive(Debug)]
struct State {
    connection: Connection,
    /// Whose transaction is open.
    open: Option<Arc<Group>>,
    /// How many are in it.
    members: usize,
}

/// Those whose writes are committed together.
#[derive(Debug, Default)]
struct Group {
    outcome: Mutex<Option<Result<(), Failure>>>,
    ended: Condvar,
}

/// Why a whole group was not stored.
#[derive(Debug, Clone)]
struct Failure {
    fault: Fault,
    detail: String,
}

impl Shared {
    pub(super) fn new(connection: Connection) -> Self {
        let state = State {
            connection,
            open: None,
            members: 0,
        };
        Self {
            state: Mutex::new(state),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Runs `work`, all or nothing of it. What it wrote is on disk when this returns.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.take();
        if state.open.is_none() {
            state.begin()?;
        }
        self.join(state, work)
    }

    /// Runs `work` on one state of the database, all of which is on disk.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.take();
        if state.open.is_some() {
            return self.join(state, work);
        }
        let transaction = state
            .connection
            .transaction_with_behavior(TransactionBehavior::Deferred)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// The connection, once it is ours.
    fn take(&self) -> MutexGuard<'_, State> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let state = lock(&self.state);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        state
    }

    /// Runs `work` in the open transaction, and waits for its end or brings it about.
    fn join<T>(
        &self,
        mut state: MutexGuard<'_, State>,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let group = state.open.get_or_insert_default().clone();
        state.members += 1;
        // Others wait for this group: it ends whatever becomes of one member.
        let result = catch_unwind(AssertUnwindSafe(|| state.run(work)));
        if state.connection.is_autocommit() {
            // A full disk and the like: SQLite has undone the work of all.
            let failure = match &result {
                Ok(Err(error)) => Failure::of(error),
                _ => Failure::of(&StoreError::value("the transaction was undone".into())),
            };
            state.end(&group, Err(failure));
        } else if self.waiting.load(Ordering::SeqCst) == 0 || state.members >= MOST {
            let outcome = state.commit();
            state.end(&group, outcome);
        }
        drop(state);
        let outcome = group.wait();
        let value = result.unwrap_or_else(|panic| resume_unwind(panic))?;
        outcome.map(|()| value)
    }
}

impl State {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        Ok(())
    }

    fn run<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // Undone when dropped.
        let savepoint = self.connection.savepoint()?;
        let result = work(&savepoint)?;
        savepoint.commit()?;
        Ok(result)
    }

    fn commit(&mut self) -> Result<(), Failure> {
        let committed = self.connection.execute_batch("COMMIT");
        committed.map_err(|error| {
            if !self.connection.is_autocommit() {
                // What cannot be undone now is undone when the file is opened next: it was not committed.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            Failure::of(&error.into())
        })
    }

    fn end(&mut self, group: &Group, outcome: Result<(), Failure>) {
        self.open = None;
        self.members = 0;
        *lock(&group.outcome) = Some(outcome);
        group.ended.notify_all();
    }
}

impl Group {
    fn wait(&self) -> Result<(), StoreError> {
        let mut outcome = lock(&self.outcome);
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone().map_err(Failure::into_error);
            }
            outcome = self
                .ended
                .wait(outcome)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Failure {
    fn of(error: &StoreError) -> Self {
        match error {
            StoreError::Database { fault, detail, .. } => Self {
                fault: *fault,
                detail: detail.clone(),
            },
            other => Self {
                fault: Fault::Other,
                detail: other.to_string(),
            },
        }
    }

    fn into_error(self) -> StoreError {
        StoreError::Database {
            fault: self.fault,
            path: std::path::PathBuf::new(),
            detail: self.detail,
        }
    }
}

/// A panic of a user leaves nothing half done: his work is undone.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn connect(path: &std::path::Path) -> Connection {
        let connection = Connection::open(path).expect("opened");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (x INTEGER UNIQUE)",
            )
            .expect("prepared");
        connection
    }

    fn insert(connection: &Connection, x: i64) -> Result<(), StoreError> {
        connection.execute("INSERT INTO t VALUES (?1)", [x])?;
        Ok(())
    }

    fn is_there(connection: &Connection, x: i64) -> bool {
        connection
            .query_row("SELECT count(*) FROM t WHERE x = ?1", [x], |row| row.get(0))
            .is_ok_and(|count: i64| count == 1)
    }

    /// Runs a write on each of many threads at once.
    fn at_once(shared: &Shared, write: impl Fn(&Shared, i64) + Sync) {
        let barrier = Barrier::new(100);
        std::thread::scope(|scope| {
            for number in 0..100 {
                let (barrier, write) = (&barrier, &write);
                scope.spawn(move || {
                    barrier.wait();
                    write(shared, number);
                });
            }
        });
    }

    #[test]
    fn what_is_acknowledged_is_committed_and_what_failed_alone_is_not_there() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("t.db");
        let shared = Shared::new(connect(&path));
        at_once(&shared, |shared, number| {
            let fails = number % 10 == 3;
            let written = shared.write(|connection| {
                insert(connection, number)?;
                match fails {
                    true => Err(StoreError::NoTurn("x".into())),
                    false => Ok(()),
                }
            });
            assert_eq!(written.is_err(), fails);
            // As another process sees it.
            let other = Connection::open(&path).expect("opened");
            assert_eq!(is_there(&other, number), !fails, "{number}");
            let seen = shared.read(|connection| Ok(is_there(connection, number)));
            assert_eq!(seen.expect("read"), !fails, "{number}");
        });
    }

    #[test]
    fn a_member_that_panics_takes_nobody_along() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let shared = Shared::new(connect(&dir.path().join("t.db")));
        at_once(&shared, |shared, number| {
            let panics = number % 10 == 3;
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                shared.write(|connection| {
                    insert(connection, number)?;
                    assert!(!panics, "on purpose");
                    Ok(())
                })
            }));
            assert_eq!(outcome.is_err(), panics);
        });
        let count = shared.read(|connection| {
            Ok(connection.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(count.expect("read"), 90);
    }

    #[test]
    fn those_who_wait_share_one_transaction_and_its_failure() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("t.db");
        let shared = Shared::new(connect(&path));
        std::thread::scope(|scope| {
            let second = shared.write(|connection| {
                insert(connection, 1)?;
                let second = scope.spawn(|| shared.write(|connection| insert(connection, 2)));
                while shared.waiting.load(Ordering::SeqCst) == 0 {
                    std::thread::yield_now();
                }
                // Undoes all, as SQLite does by itself when the disk is full.
                scope.spawn(|| {
                    shared.write(|connection| {
                        connection.execute_batch("ROLLBACK")?;
                        Err::<(), _>(StoreError::NoTurn("x".into()))
                    })
                });
                while shared.waiting.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now();
                }
                Ok(second)
            });
            // Whether the second came before or after the one that undid all: nothing is claimed that is not there.
            let other = Connection::open(&path).expect("opened");
            assert_eq!(second.is_ok(), is_there(&other, 1));
            if let Ok(second) = second {
                let second = second.join().expect("no panic");
                assert_eq!(second.is_ok(), is_there(&other, 2));
            }
        });
    }
}
