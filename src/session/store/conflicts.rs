//! Conflicts: places that Claude and the engineer changed differently. Mine stays in the buffer, theirs stays here
//! until the engineer has chosen.

use std::path::{Path, PathBuf};

use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Store, StoreError, now,
    sessions::of_root,
    texts::stored_path,
    turns::{from_json, json},
    word,
};
use crate::spec::place::Place;

/// A place that both changed.
#[derive(Debug, Clone, PartialEq)]
pub struct NewConflict {
    /// RFC 6901, in mine.
    pub pointer: String,
    /// The same place, to find it again when mine has changed.
    pub place: Place,
    /// `None`: not there.
    pub base: Option<Value>,
    /// What the buffer has.
    pub mine: Option<Value>,
    /// What Claude wrote.
    pub theirs: Option<Value>,
}

/// A conflict that waits for the engineer.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredConflict {
    /// Its id.
    pub id: String,
    /// The turn that brought it.
    pub turn_id: String,
    /// That turn's conversation.
    pub session_id: String,
    /// The spec.
    pub path: PathBuf,
    /// The place and its three values.
    pub conflict: NewConflict,
}

/// Which value a conflict was resolved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Take {
    /// The engineer's.
    Mine,
    /// Claude's.
    Theirs,
}

const SELECT: &str = "SELECT c.id, turn_id, session_id, path, pointer, base, mine, theirs, place
    FROM conflicts c JOIN turns t ON t.id = turn_id JOIN sessions s ON s.id = session_id WHERE state = 'open'";

impl Store {
    /// Keeps the conflicts of one merge, all or none; tells their ids in order. An open conflict of the same place gives way
    /// to the new one, which has the base of the old one: that is what both sides came from.
    pub fn add_conflicts(
        &self,
        turn_id: &str,
        path: &Path,
        conflicts: &[NewConflict],
    ) -> Result<Vec<String>, StoreError> {
        let path = stored_path(path)?;
        self.write(|tx| {
            super::turns::require_turn(tx, turn_id)?;
            let mut insert = tx.prepare(
                "INSERT INTO conflicts (id, turn_id, path, pointer, base, mine, theirs, state, created_at, place)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'open', ?8, ?9)",
            )?;
            let mut supersede = tx.prepare(
                "UPDATE conflicts SET state = 'superseded'
                    WHERE path = ?1 AND place = ?2 AND state = 'open' RETURNING base",
            )?;
            let value = |value: &Option<Value>| value.as_ref().map(json).transpose();
            conflicts
                .iter()
                .map(|c| {
                    let id = uuid::Uuid::new_v4().to_string();
                    let place = json(&c.place)?;
                    let former = supersede
                        .query_map(params![path, place], |row| row.get::<_, Option<String>>(0))?
                        .collect::<Result<Vec<_>, _>>()?;
                    let base = match former.into_iter().next() {
                        Some(base) => base,
                        None => value(&c.base)?,
                    };
                    insert.execute(params![
                        id,
                        turn_id,
                        path,
                        c.pointer,
                        base,
                        value(&c.mine)?,
                        value(&c.theirs)?,
                        now(),
                        place
                    ])?;
                    Ok(id)
                })
                .collect()
        })
    }

    /// The open conflicts of a file, a conversation, both or all; oldest first.
    pub fn conflicts(
        &self,
        path: Option<&Path>,
        session_id: Option<&str>,
    ) -> Result<Vec<StoredConflict>, StoreError> {
        let path = path.map(stored_path).transpose()?;
        self.read(|tx| {
            tx.prepare(&format!(
                "{SELECT} AND (?1 IS NULL OR path = ?1) AND (?2 IS NULL OR session_id = ?2)
                    AND {} ORDER BY c.rowid",
                of_root(3)
            ))?
            .query_and_then(params![path, session_id, self.root()], stored)?
            .collect()
        })
    }

    /// One open conflict.
    ///
    /// # Errors
    /// [`StoreError::NoConflict`], also for one that was resolved.
    pub fn conflict(&self, id: &str) -> Result<StoredConflict, StoreError> {
        self.read(|tx| {
            tx.prepare(&format!("{SELECT} AND c.id = ?1 AND {}", of_root(2)))?
                .query_and_then(params![id, self.root()], stored)?
                .next()
                .unwrap_or_else(|| Err(StoreError::NoConflict(id.into())))
        })
    }

    /// Remembers how a conflict was resolved; its values stay with the turn.
    pub fn resolve_conflict(&self, id: &str, take: Take) -> Result<(), StoreError> {
        self.write(|tx| {
            let resolved = tx.execute(
                "UPDATE conflicts SET state = ?2 WHERE id = ?1 AND state = 'open'",
                params![id, word(take)?],
            )?;
            if resolved == 0 {
                return Err(StoreError::NoConflict(id.into()));
            }
            Ok(())
        })
    }
}

fn stored(row: &Row<'_>) -> Result<StoredConflict, StoreError> {
    let value = |column| {
        row.get::<_, Option<String>>(column)?
            .map(|text| from_json(&text))
            .transpose()
    };
    let pointer: String = row.get(4)?;
    let place = match row.get::<_, Option<String>>(8)? {
        Some(place) => from_json(&place)?,
        None => Place::of_pointer(&pointer),
    };
    Ok(StoredConflict {
        id: row.get(0)?,
        turn_id: row.get(1)?,
        session_id: row.get(2)?,
        path: row.get::<_, String>(3)?.into(),
        conflict: NewConflict {
            pointer,
            place,
            base: value(5)?,
            mine: value(6)?,
            theirs: value(7)?,
        },
    })
}
