//! What can be wrong with a study, in words for the one who asked.

use std::path::PathBuf;

/// How many studies are named when one was not found; more would bury the message.
const FEW: usize = 12;

/// Why a root, a study or its spec could not be had.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// No folder at or above this one holds `studies/`.
    #[error(
        "no Atomizer root: neither `{0}` nor a folder above it holds `studies/`; set `atomizer.root`"
    )]
    NoRoot(PathBuf),
    /// The setting `root` names a folder that is none.
    #[error("`{0}` is no Atomizer root: it holds no folder `studies`")]
    NotARoot(PathBuf),
    /// Not the form of a study id.
    #[error("`{id}` is no study id: {reason}; right are `name`, `topic/name` and `draft_name`")]
    InvalidId {
        /// As it was given.
        id: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A symbolic link leads out of `studies/`.
    #[error("`{path}` leads out of `studies/` (to `{target}`): refused")]
    Leaves {
        /// The place that was asked for.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// The id is right, but there is no such spec.
    #[error("no study `{id}`{}", others(.known))]
    NotFound {
        /// The id.
        id: String,
        /// Those that exist, sorted.
        known: Vec<String>,
    },
    /// The spec is no UTF-8 text.
    #[error(
        "`{path}` is not UTF-8 text: byte 0x{byte:02X} in line {line} (offset {offset}); save it as UTF-8"
    )]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// First offending byte.
        byte: u8,
        /// Its offset in bytes, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
    },
    /// Larger than a spec can sensibly be.
    #[error("`{path}` has {size} bytes, more than the {limit} that a spec may have")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A folder, a pipe or a device where a file belongs.
    #[error("`{0}` is not a regular file")]
    NotAFile(PathBuf),
    /// The operating system refused.
    #[error("cannot {what} `{path}`: {source}")]
    Io {
        /// `read`, `write`, …
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl StudyError {
    /// There is no such study, or no such file.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::NotFound { .. } => true,
            Self::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
            _ => false,
        }
    }

    /// An I/O error together with what was tried and where.
    pub(super) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}

fn others(ids: &[String]) -> String {
    match ids.len() {
        0 => ": `studies/` holds none yet".into(),
        1..=FEW => format!(": there are `{}`", ids.join("`, `")),
        n => format!(": there are {n} others, `study/list` names them"),
    }
}
