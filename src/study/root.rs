//! The folder that holds `studies/`.

use std::path::{Path, PathBuf};

/// An Atomizer root: a canonical folder that holds `studies/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Root {
    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}
