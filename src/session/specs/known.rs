//! What the turn knew of specs when it began, as its tools are measured against.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use super::content::{Spec, is_spec};
use crate::study::Root;

/// A spec that was there when the turn began.
pub(super) struct Known {
    /// As the editor names it, else as the study does.
    pub path: PathBuf,
    /// Its text is.
    pub kept: bool,
}

/// It is a spec whose text when the turn began is not kept, if it was there at all.
pub(super) fn needs_text(known: &[Known], path: &Path) -> bool {
    is_spec(path) && known.iter().all(|known| !known.kept || known.path != path)
}

/// Studies that somebody else made while the turn runs.
pub(super) fn come_since(known: &[Known], root: &Root) -> Vec<Spec> {
    let known: HashSet<&Path> = known.iter().map(|known| known.path.as_path()).collect();
    let studies = root.studies().unwrap_or_default().into_iter();
    let new = studies.filter(|study| !known.contains(study.spec.as_path()));
    new.map(|study| Spec::now(study.spec)).collect()
}
