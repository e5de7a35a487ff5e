//! Telling a file that changed from one that did not, without reading it.

use std::{
    fs::{self, Metadata},
    path::Path,
    time::{Duration, SystemTime},
};

/// Two files of the same stamp are taken for the same.
///
/// A file's clock is coarse: what is written again a moment later can have the same time, and often the same size. One
/// that takes another's place, as editors and tools write, is told by its number then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    /// Of its inode; 0 where the system does not say.
    number: u64,
}

impl Stamp {
    /// Of what was seen of a file.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let number = 0;
        Stamp {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            number,
        }
    }

    /// Of a file as it is now; `None`: there is none, or nobody may look.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().as_ref().map(Self::of)
    }

    /// When it was written last, where the system says.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// The file had lain there for longer than a file system's clock is coarse (FAT counts in 2 s), so that a change
    /// after `now` cannot leave it the same stamp.
    #[must_use]
    pub fn is_settled(&self, now: SystemTime) -> bool {
        const COARSEST: Duration = Duration::from_secs(2);
        self.modified
            .and_then(|modified| now.duration_since(modified).ok())
            .is_some_and(|age| age > COARSEST)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::study::write_atomic;

    #[test]
    fn a_file_in_anothers_place_is_told_though_its_size_and_time_are_the_same() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("spec.json");
        fs::write(&path, "[1]").expect("written");
        let set_time = || {
            let file = File::options().append(true).open(&path).expect("opened");
            file.set_modified(SystemTime::UNIX_EPOCH).expect("set");
            Stamp::at(&path).expect("there")
        };
        let before = set_time();
        assert_eq!(Stamp::at(&path), Some(before));
        write_atomic(&path, b"[2]").expect("written");
        let after = set_time();
        assert_eq!(after.modified(), before.modified());
        assert_ne!(after, before);
    }
}
