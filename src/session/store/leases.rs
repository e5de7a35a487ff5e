//! Leases: a conversation's claude program lives in one server at a time.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, StoreError, now, servers::Servers};

impl Store {
    /// Takes the right to run this conversation's claude program; `false`: another live server has it. Taking it again
    /// is fine. A dead server's lease is free.
    pub fn take_lease(&self, session_id: &str) -> Result<bool, StoreError> {
        self.write(|tx| {
            if let Some(owner) = owner(tx, session_id)?
                && owner != self.servers.me()
                && self.servers.is_alive(&owner)
            {
                return Ok(false);
            }
            super::sessions::require(tx, self.root(), session_id)?;
            tx.execute(
                "INSERT OR REPLACE INTO leases (session_id, server, taken_at) VALUES (?1, ?2, ?3)",
                params![session_id, self.servers.me(), now()],
            )?;
            Ok(true)
        })
    }

    /// Some live server, be it this one, runs this conversation's claude program.
    pub fn is_leased(&self, session_id: &str) -> Result<bool, StoreError> {
        let owner = self.read(|tx| owner(tx, session_id))?;
        Ok(owner.is_some_and(|owner| self.servers.is_alive(&owner)))
    }

    /// The conversations whose lease this server has.
    pub fn own_leases(&self) -> Result<Vec<String>, StoreError> {
        self.read(|tx| {
            Ok(tx
                .prepare("SELECT session_id FROM leases WHERE server = ?1")?
                .query_map([self.servers.me()], |row| row.get(0))?
                .collect::<Result<_, _>>()?)
        })
    }

    /// Gives it back; one that is not ours stays.
    pub fn release_lease(&self, session_id: &str) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "DELETE FROM leases WHERE session_id = ?1 AND server = ?2",
                params![session_id, self.servers.me()],
            )?;
            Ok(())
        })
    }
}

fn owner(tx: &Connection, session_id: &str) -> Result<Option<String>, StoreError> {
    Ok(tx
        .query_row(
            "SELECT server FROM leases WHERE session_id = ?1",
            [session_id],
            |row| row.get(0),
        )
        .optional()?)
}

/// Removes the leases of dead servers.
pub(super) fn free_dead(tx: &Connection, servers: &Servers) -> Result<(), StoreError> {
    let owners: Vec<String> = tx
        .prepare("SELECT DISTINCT server FROM leases")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for owner in owners.iter().filter(|owner| !servers.is_alive(owner)) {
        tx.execute("DELETE FROM leases WHERE server = ?1", [owner])?;
    }
    Ok(())
}
