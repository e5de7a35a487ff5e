//! What is known of the files that a spec names: do they exist, and what is their MD5. The checks are pure and are
//! given these facts.

use std::{
    collections::HashMap,
    fs::{self, File, Metadata},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{Stamp, disk::md5_of, root::study_folder};

/// One file that a spec names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFact {
    /// Where it was found, else where it was looked for first.
    pub path: PathBuf,
    /// There is something at that place.
    pub exists: bool,
    /// MD5 of its bytes, lower-case hexadecimal; `None` when not asked for or not readable.
    pub md5: Option<String>,
}

/// Looks at files, and remembers their MD5 for as long as their size and time of change stay.
#[derive(Debug, Default)]
pub struct FileFacts {
    sums: Mutex<HashMap<PathBuf, (Stamp, String)>>,
}

impl FileFacts {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `name`, as it stands in the spec at `spec`, refers to: relative to the spec's folder, or to the study's
    /// folder where it does not exist there; `/` and `\` both separate; an absolute path as it is. Reads the whole
    /// file when `want_md5` and it changed since the last time.
    pub fn look(&self, spec: &Path, name: &str, want_md5: bool) -> FileFact {
        let places = places(spec, name);
        let file = |place: &PathBuf| fs::metadata(place).ok().filter(Metadata::is_file);
        let found = places
            .iter()
            .find_map(|place| Some((place.clone(), file(place)?)));
        match found {
            Some((path, metadata)) => FileFact {
                md5: want_md5.then(|| self.md5(&path, &metadata)).flatten(),
                exists: true,
                path,
            },
            None => FileFact {
                path: places.into_iter().next().unwrap_or_default(),
                exists: false,
                md5: None,
            },
        }
    }

    fn md5(&self, path: &Path, metadata: &Metadata) -> Option<String> {
        let stamp = Stamp::of(metadata);
        if let Some((known, sum)) = self.sums().get(path)
            && *known == stamp
        {
            return Some(sum.clone());
        }
        // Not under the lock: a model file may take seconds.
        let sum = md5_of(File::open(path).ok()?).ok()?;
        self.sums().insert(path.into(), (stamp, sum.clone()));
        Some(sum)
    }

    fn sums(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (Stamp, String)>> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a name in a spec may lie, in order.
fn places(spec: &Path, name: &str) -> Vec<PathBuf> {
    if Path::new(name).is_absolute() {
        return vec![name.into()];
    }
    let relative: PathBuf = name.split(['/', '\\']).collect();
    let own = spec.parent();
    let study = study_folder(spec).filter(|folder| own != Some(*folder));
    own.into_iter()
        .chain(study)
        .map(|folder| folder.join(&relative))
        .collect()
}
