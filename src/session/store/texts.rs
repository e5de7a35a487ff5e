//! Texts of specs: base, theirs and mine of each turn. Each text is stored once and compressed; the file before and
//! after a turn are its first base and its last theirs.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, from_word, now, word};
use crate::{
    spec::{
        merge::{merge, merge_lines},
        syntax::Parsed,
    },
    study::md5_hex,
    text::{Text, apply},
};

/// zstd's own default: ten times smaller at hundreds of megabytes a second.
const LEVEL: i32 = 3;

/// Which of the three texts of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TextRole {
    /// The file when the turn began.
    Base,
    /// The file as Claude left it, each time it changed.
    Theirs,
    /// The editor's buffer, each time a change met it.
    Mine,
}

/// One text as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredText {
    /// The spec.
    pub path: PathBuf,
    /// Whose.
    pub role: TextRole,
    /// `None`: there was no file.
    pub text: Option<Arc<str>>,
}

/// A spec that a turn changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnTexts {
    /// The spec.
    pub path: PathBuf,
    /// The file when the turn began; `None`: there was none, or it was not kept.
    pub before: Option<Arc<str>>,
    /// What was there when the turn began is known: too many or too large specs are not kept.
    pub before_kept: bool,
    /// The file when the turn ended, without what others changed meanwhile; `None`: there was none, or none that is text.
    pub after: Option<Arc<str>>,
    /// What the turn made of the file, change by change in their order, where there was one before; changes that follow
    /// one another with nothing of others in between are one.
    pub changes: Vec<TextChange>,
    /// The last text that there was of it, as the turn knows, with what others made of it.
    pub rest: Option<Arc<str>>,
}

/// One change of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextChange {
    /// What was there.
    pub before: Arc<str>,
    /// What was made of it.
    pub after: Arc<str>,
}

impl TurnTexts {
    /// What the turn made of a file: its texts of base and theirs in the order they came. A base after the first is what
    /// others left in between.
    fn of(path: &Path, texts: &[StoredText]) -> Option<Self> {
        let mut own = texts
            .iter()
            .filter(|it| it.path == path && it.role != TextRole::Mine);
        let first = own.next()?;
        let before_kept = first.role == TextRole::Base;
        let mut after = first.text.clone();
        let mut base = first.text.clone();
        let mut last = None;
        let mut changes: Vec<TextChange> = Vec::new();
        for next in own {
            if next.role == TextRole::Theirs {
                if let (Some(base), Some(text)) = (&base, &next.text) {
                    add_change(&mut changes, base, text);
                }
                last = after.or(last);
                after = match &next.text {
                    // Made anew, by the turn or by others, it goes on from what there was before it was removed.
                    Some(_) => with_change(last.clone(), base.as_deref(), next.text.clone()),
                    None => None,
                };
            }
            base = next.text.clone().or(base);
        }
        changes.retain(|change| change.before != change.after);
        Some(Self {
            path: path.to_owned(),
            before: first.text.clone().filter(|_| before_kept),
            before_kept,
            after,
            changes,
            rest: base,
        })
    }
}

fn add_change(changes: &mut Vec<TextChange>, before: &Arc<str>, after: &Arc<str>) {
    let after = after.clone();
    match changes.last_mut() {
        Some(last) if last.after == *before => last.after = after,
        _ => changes.push(TextChange {
            before: before.clone(),
            after,
        }),
    }
}

/// `text` with the change that leads from `base` to `theirs`.
fn with_change(
    text: Option<Arc<str>>,
    base: Option<&str>,
    theirs: Option<Arc<str>>,
) -> Option<Arc<str>> {
    let (Some(mine), Some(base), Some(changed)) = (&text, base, &theirs) else {
        return theirs;
    };
    if **mine == *base {
        return theirs;
    }
    let parsed = [base, mine, changed].map(|text| Parsed::new(Text::from(text)));
    if parsed.iter().any(|text| !text.errors().is_empty()) {
        // Where lines cannot tell the two apart, too little is the turn's rather than too much.
        let sum = merge_lines(base, mine, changed);
        return sum.map_or(text, |sum| Some(sum.into()));
    }
    let [base, mine_now, changed_now] = parsed;
    let sum = merge(&base, &mine_now, &changed_now);
    // Where the turn changed one place twice, the later change stays; what others made in between is none of its own.
    if sum.conflicts.iter().all(|it| it.mine.is_some()) {
        let later = merge(&base, &changed_now, &mine_now);
        return Some(apply(changed, &later.edits).into());
    }
    Some(apply(mine, &sum.edits).into())
}

impl Store {
    /// Keeps a text of a turn (`None`: there is no file, or none that is text). The same text again, right after itself,
    /// is kept once; so a base that is the last of theirs is not kept again.
    pub fn keep_text(
        &self,
        turn_id: &str,
        path: &Path,
        role: TextRole,
        text: Option<&str>,
    ) -> Result<(), StoreError> {
        // Compressed before the database is locked.
        let new = text.map(Packed::new).transpose()?;
        let path = stored_path(path)?;
        self.write(|tx| {
            super::turns::require_turn(tx, turn_id)?;
            let text_id = new.as_ref().map(|new| new.store(tx)).transpose()?;
            tx.execute(
                "INSERT INTO turn_texts (turn_id, path, role, text_id, created_at)
                    SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (
                        SELECT 1 FROM turn_texts WHERE text_id IS ?4 AND id = (
                            SELECT max(id) FROM turn_texts
                                WHERE turn_id = ?1 AND path = ?2 AND (role = ?6) = (?3 = ?6)))",
                params![
                    turn_id,
                    path,
                    word(role)?,
                    text_id,
                    now(),
                    word(TextRole::Mine)?
                ],
            )?;
            Ok(())
        })
    }

    /// Every text of a turn, in the order they came.
    pub fn texts(&self, turn_id: &str) -> Result<Vec<StoredText>, StoreError> {
        self.read(|tx| {
            let session = super::turns::require_turn(tx, turn_id)?;
            // A turn of another root's conversation is none here.
            if super::sessions::find(tx, self.root(), &session)?.is_none() {
                return Err(StoreError::NoTurn(turn_id.into()));
            }
            tx.prepare(
                "SELECT path, role, zstd, size FROM turn_texts LEFT JOIN texts ON texts.id = text_id
                    WHERE turn_id = ?1 ORDER BY turn_texts.id",
            )?
            .query_and_then([turn_id], |row| {
                let packed: Option<Vec<u8>> = row.get(2)?;
                let size: Option<i64> = row.get(3)?;
                Ok(StoredText {
                    path: row.get::<_, String>(0)?.into(),
                    role: from_word(row.get(1)?)?,
                    text: packed.zip(size).map(|(zstd, size)| unpack(&zstd, size)).transpose()?,
                })
            })?
            .collect()
        })
    }

    /// The specs that a turn changed, before and after, sorted by path.
    pub fn turn_texts(&self, turn_id: &str) -> Result<Vec<TurnTexts>, StoreError> {
        let texts = self.texts(turn_id)?;
        let changed = texts.iter().filter(|it| it.role == TextRole::Theirs);
        let paths: BTreeSet<&Path> = changed.map(|it| it.path.as_path()).collect();
        let specs = paths.into_iter();
        let mut specs: Vec<TurnTexts> = specs
            .filter_map(|path| TurnTexts::of(path, &texts))
            .collect();
        specs.retain(|spec| {
            !spec.before_kept || spec.before != spec.after || !spec.changes.is_empty()
        });
        Ok(specs)
    }

    /// MD5 of every spec as Claude last left it in this conversation, but of those that he removed.
    pub fn last_written(&self, session_id: &str) -> Result<Vec<(PathBuf, String)>, StoreError> {
        self.read(|tx| {
            tx.prepare(
                "SELECT path, md5 FROM turn_texts JOIN texts ON texts.id = text_id
                    WHERE turn_texts.id IN (
                        SELECT max(t.id) FROM turn_texts t JOIN turns ON turns.id = t.turn_id
                            WHERE session_id = ?1 AND role = ?2 GROUP BY path)",
            )?
            .query_and_then(params![session_id, word(TextRole::Theirs)?], |row| {
                Ok((row.get::<_, String>(0)?.into(), row.get(1)?))
            })?
            .collect()
        })
    }

    /// Forgets the texts of turns that ended longer than `age` ago; tells how many texts went.
    pub fn prune_texts(&self, age: Duration) -> Result<usize, StoreError> {
        let before = now().saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
        let gone = self.write(|tx| {
            tx.execute(
                "DELETE FROM turn_texts WHERE turn_id IN (SELECT id FROM turns WHERE ended_at < ?1)",
                [before],
            )?;
            drop_unused(tx)
        })?;
        if gone > 0 {
            self.shrink()?;
        }
        Ok(gone)
    }
}

/// A text, compressed.
struct Packed<'a> {
    text: &'a str,
    md5: String,
    zstd: Vec<u8>,
}

impl<'a> Packed<'a> {
    fn new(text: &'a str) -> Result<Self, StoreError> {
        Ok(Self {
            text,
            md5: md5_hex(text.as_bytes()),
            zstd: zstd::bulk::compress(text.as_bytes(), LEVEL)
                .map_err(|e| StoreError::value(e.to_string()))?,
        })
    }

    /// The row of this text, new or known. MD5 only finds candidates: texts are compared.
    fn store(&self, tx: &Connection) -> Result<i64, StoreError> {
        let size = self.text.len() as i64;
        let mut known = tx.prepare("SELECT id, zstd FROM texts WHERE md5 = ?1 AND size = ?2")?;
        let mut rows = known.query(params![self.md5, size])?;
        while let Some(row) = rows.next()? {
            let zstd: Vec<u8> = row.get(1)?;
            if zstd == self.zstd || *unpack(&zstd, size)? == *self.text {
                return Ok(row.get(0)?);
            }
        }
        tx.execute(
            "INSERT INTO texts (md5, size, zstd) VALUES (?1, ?2, ?3)",
            params![self.md5, size, self.zstd],
        )?;
        Ok(tx.last_insert_rowid())
    }
}

fn unpack(zstd: &[u8], size: i64) -> Result<Arc<str>, StoreError> {
    let capacity = usize::try_from(size).unwrap_or_default();
    zstd::bulk::decompress(zstd, capacity)
        .map_err(|e| StoreError::value(e.to_string()))
        .and_then(|bytes| String::from_utf8(bytes).map_err(|e| StoreError::value(e.to_string())))
        .map(Into::into)
}

/// Removes texts that no turn needs any more; tells how many.
pub(super) fn drop_unused(tx: &Connection) -> Result<usize, StoreError> {
    Ok(tx.execute(
        "DELETE FROM texts WHERE NOT EXISTS (SELECT 1 FROM turn_texts WHERE text_id = texts.id)",
        [],
    )?)
}

/// Paths of specs are UTF-8, or the editor could not name them in a URI that we read.
pub(super) fn stored_path(path: &Path) -> Result<&str, StoreError> {
    path.to_str()
        .ok_or_else(|| StoreError::io("keep", path)(std::io::ErrorKind::InvalidInput.into()))
}
