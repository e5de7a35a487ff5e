//! What a turn remembers of a spec: its content when the turn began, and as it was last told.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use serde_json::Value;
use tokio::time::Instant;

use crate::study::{self, Stamp, StudyError};

/// A file's content.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    /// There is no file.
    Missing,
    /// All of it.
    Text(Arc<str>),
    /// There is a file, whose text is not kept: too many specs together, too large a one, no UTF-8, not readable.
    /// MD5 of its bytes where they can be read.
    Unkept(Option<String>),
}

/// A spec in a turn.
pub(super) struct Spec {
    /// As the editor or Claude names it.
    pub path: PathBuf,
    /// When the turn began, then as it was last told.
    pub base: Content,
    /// When the turn began, once it has changed since; it is stored then.
    pub start: Option<Content>,
    /// Tools at work that name it: what changes now is Claude's.
    pub writers: HashSet<String>,
    /// What Claude left, where it could not be told yet: no JSON, or the change before it is still on its way.
    pub claimed: Option<Claimed>,
    /// Of the last look.
    pub stamp: Option<Stamp>,
    /// What was found since when, where it is no JSON and no tool of Claude's is at work: perhaps half of what one writes
    /// that is not heard of yet.
    pub unfinished: Option<(Content, Instant)>,
    /// When the file was read last.
    pub read_at: SystemTime,
    /// When it was read before that.
    pub read_before: SystemTime,
    /// As somebody else left it since.
    pub by_others: Option<Content>,
    /// That somebody did, until something is done about it.
    pub noticed: Option<Noticed>,
}

/// A change that seems to be somebody else's.
pub(super) struct Noticed {
    pub at: Instant,
    /// [`Spec::by_others`] before it.
    former: Option<Content>,
    /// When the file was read before it.
    read_before: SystemTime,
}

/// What Claude left in a file, and what was there before.
pub(super) struct Claimed {
    pub before: Content,
    pub after: Content,
    /// When that was read.
    pub read_at: SystemTime,
    /// Since when it is so, where it is no JSON.
    pub half_since: Option<Instant>,
}

impl Spec {
    /// There was no file.
    pub(super) fn missing(path: PathBuf) -> Self {
        Self {
            path,
            base: Content::Missing,
            start: None,
            writers: HashSet::new(),
            claimed: None,
            stamp: None,
            unfinished: None,
            read_at: SystemTime::now(),
            read_before: SystemTime::now(),
            by_others: None,
            noticed: None,
        }
    }

    /// The file just before what comes next.
    pub(super) fn before(&self) -> Content {
        self.by_others.clone().unwrap_or_else(|| self.base.clone())
    }

    /// Claude has made this of it, and of what he had left there before that could not be told.
    pub(super) fn claim(&mut self, after: Content) -> Claimed {
        let former = self.claimed.take();
        let half_since = after.document().is_none().then(Instant::now);
        Claimed {
            before: former.map_or_else(|| self.before(), |former| former.before),
            after,
            read_at: self.read_at,
            half_since,
        }
    }

    /// Since when it is as Claude left it and no JSON.
    pub(super) fn half_since(&self) -> Option<Instant> {
        self.claimed.as_ref()?.half_since
    }

    /// Somebody else seems to have left this.
    pub(super) fn notice(&mut self, content: Content) {
        let former = self.by_others.replace(content);
        let read_before = self.read_before;
        self.noticed.get_or_insert_with(|| Noticed {
            at: Instant::now(),
            former,
            read_before,
        });
    }

    /// What was noticed last may be Claude's after all: it is looked at again.
    pub(super) fn reconsider(&mut self) {
        if let Some(noticed) = self.noticed.take() {
            self.by_others = noticed.former;
            self.read_at = noticed.read_before;
            self.stamp = None;
        }
    }

    /// As it is now.
    pub(super) fn now(path: PathBuf) -> Self {
        Self {
            stamp: Stamp::at(&path),
            base: Content::read(&path),
            ..Self::missing(path)
        }
    }

    /// As it is now, without its text.
    pub(super) fn unkept(path: PathBuf) -> Self {
        Self {
            stamp: Stamp::at(&path),
            base: Content::digest(&path),
            ..Self::missing(path)
        }
    }

    /// Something of which nobody can tell what it was: a file that is there now, and may be Claude's by then.
    pub(super) fn unknown(path: PathBuf) -> Self {
        let base = if path.exists() {
            Content::Unkept(None)
        } else {
            Content::Missing
        };
        Self {
            base,
            ..Self::missing(path)
        }
    }
}

impl Content {
    pub(super) fn read(path: &Path) -> Self {
        match study::read_spec(path) {
            Ok(file) => Self::Text(file.text),
            Err(StudyError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Self::Missing
            }
            Err(StudyError::NotUtf8 { .. }) => Self::digest(path),
            Err(_) => Self::Unkept(None),
        }
    }

    /// Whether it is there, and its MD5; one beyond what a spec can have is not read.
    fn digest(path: &Path) -> Self {
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::Missing,
            Ok(metadata) if metadata.is_file() && metadata.len() <= study::MAX_SPEC_BYTES => {
                Self::Unkept(std::fs::read(path).ok().map(|bytes| study::md5_hex(&bytes)))
            }
            _ => Self::Unkept(None),
        }
    }

    /// The same file, as far as that can be told from what is kept.
    pub(super) fn is(&self, other: &Self) -> bool {
        self == other || (self.hash().is_some() && self.hash() == other.hash())
    }

    pub(super) fn text(&self) -> Option<Arc<str>> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Missing | Self::Unkept(_) => None,
        }
    }

    /// The document, where it is JSON.
    pub(super) fn document(&self) -> Option<Value> {
        match self {
            Self::Text(text) => {
                serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()
            }
            Self::Missing | Self::Unkept(_) => None,
        }
    }

    /// MD5 of its bytes.
    pub(super) fn hash(&self) -> Option<String> {
        match self {
            Self::Missing => None,
            Self::Text(text) => Some(study::md5_hex(text.as_bytes())),
            Self::Unkept(hash) => hash.clone(),
        }
    }
}

/// It is named as specs are.
pub(in crate::session) fn is_spec(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name == study::SPEC_FILE)
}

/// One file has one real path, however it is named.
pub(super) fn real(path: &Path) -> PathBuf {
    let in_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize()
        .ok()
        .or_else(in_folder)
        .unwrap_or_else(|| path.to_owned())
}
