//! The folder that holds `studies/`.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::{
    disk,
    error::StudyError,
    id::{INBOX, OWN_FOLDERS, SETUP, StudyId},
};

/// The name of every spec.
pub const SPEC_FILE: &str = "atomizer_spec.json";

/// An Atomizer root: a canonical folder that holds `studies/`. `studies` itself may be a link to another disk;
/// below it no link may lead out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Root {
    path: PathBuf,
    /// `path/studies`, links resolved.
    studies: PathBuf,
}

/// One study that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Study {
    /// Its id.
    pub id: StudyId,
    /// Its spec.
    pub spec: PathBuf,
    /// It lies in `_inbox`, or its id begins with `draft_`.
    pub draft: bool,
}

impl Root {
    /// The nearest folder at or above `path` (a file or folder, existing or not) that holds `studies/`.
    pub fn find(path: &Path) -> Result<Self, StudyError> {
        resolve(path)
            .map_err(StudyError::io("read", path))?
            .ancestors()
            .find_map(|folder| Self::at(folder).ok())
            .ok_or_else(|| StudyError::NoRoot(path.into()))
    }

    /// This very folder, as the setting `root` names it.
    pub fn at(folder: &Path) -> Result<Self, StudyError> {
        let not_a_root = |_| StudyError::NotARoot(folder.into());
        let path = folder.canonicalize().map_err(not_a_root)?;
        let studies = path.join("studies").canonicalize().map_err(not_a_root)?;
        if !studies.is_dir() {
            return Err(StudyError::NotARoot(folder.into()));
        }
        Ok(Self { path, studies })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of all studies.
    pub fn studies_folder(&self) -> PathBuf {
        self.path.join("studies")
    }

    /// Where our own files are kept unless `storage.path` says otherwise. Not made here.
    pub fn atomizer_folder(&self) -> PathBuf {
        self.path.join(".atomizer")
    }

    /// The spec of a study that exists: for a draft in `_inbox` first; then in the study's folder; then in its
    /// `1_setup`.
    ///
    /// # Errors
    /// [`StudyError::NotFound`], naming those that exist; [`StudyError::Leaves`] where a link leads out.
    pub fn spec_path(&self, id: &StudyId) -> Result<PathBuf, StudyError> {
        if let Some((_, spec)) = self.locate(id) {
            self.inside(&spec)?;
            return Ok(spec);
        }
        Err(StudyError::NotFound {
            id: id.to_string(),
            known: self
                .studies()
                .map(|all| all.into_iter().map(|study| study.id.to_string()).collect())
                .unwrap_or_default(),
        })
    }

    /// The study whose spec this is; `None` for what is no spec of a study under this root. The file need not exist.
    pub fn study_of(&self, spec: &Path) -> Option<StudyId> {
        let place = resolve(spec).ok()?;
        let names: Vec<&str> = place
            .strip_prefix(&self.studies)
            .ok()?
            .components()
            .map(|c| match c {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect::<Option<_>>()?;
        let (file, folders) = names.split_last()?;
        if *file != SPEC_FILE {
            return None;
        }
        StudyId::parse(&folders.join("/")).ok()
    }

    /// Every study that exists, sorted by id; drafts and those grouped by topic, too.
    pub fn studies(&self) -> Result<Vec<Study>, StudyError> {
        let mut found = Vec::new();
        for first in folders(&self.studies).map_err(StudyError::io("list", &self.studies))? {
            self.push_study(&mut found, &first);
            // A folder that cannot be listed holds no study that could be opened.
            for second in folders(&self.studies.join(&first)).unwrap_or_default() {
                if !OWN_FOLDERS.contains(&second.as_str()) {
                    self.push_study(&mut found, &format!("{first}/{second}"));
                }
            }
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found.dedup_by(|a, b| a.id == b.id);
        Ok(found)
    }

    fn push_study(&self, found: &mut Vec<Study>, name: &str) {
        let Ok(id) = StudyId::parse(name) else { return };
        if let Some((folder, spec)) = self.locate(&id)
            && self.inside(&spec).is_ok()
        {
            let draft = id.is_draft() || folder.starts_with(INBOX);
            found.push(Study { id, spec, draft });
        }
    }

    /// The first place that holds the study's spec, wherever it may lead: its folder below `studies/`, and the spec.
    fn locate(&self, id: &StudyId) -> Option<(PathBuf, PathBuf)> {
        id.folders().into_iter().find_map(|folder| {
            let spec = self.studies_folder().join(&folder).join(SPEC_FILE);
            fs::symlink_metadata(&spec)
                .is_ok()
                .then_some((folder, spec))
        })
    }

    /// The place that `path` really names, which lies below `studies/`.
    ///
    /// # Errors
    /// [`StudyError::Leaves`] when it does not.
    pub fn inside(&self, path: &Path) -> Result<PathBuf, StudyError> {
        let target = resolve(path).map_err(StudyError::io("read", path))?;
        if target.starts_with(&self.studies) {
            Ok(target)
        } else {
            Err(StudyError::Leaves {
                path: path.into(),
                target,
            })
        }
    }

    /// Writes a file below `studies/` atomically; a link is followed, and only inside.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), StudyError> {
        disk::write_atomic(&self.inside(path)?, bytes)
    }

    /// Removes a file below `studies/`; one that is not there is no error.
    pub fn remove(&self, path: &Path) -> Result<(), StudyError> {
        let place = self.inside(path)?;
        match fs::remove_file(&place) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(StudyError::io("remove", place)(e))
            }
            _ => Ok(()),
        }
    }
}

/// `spec` with its folder as that really is: absolute, links resolved. As it is, where that cannot be found out.
pub fn located(spec: &Path) -> PathBuf {
    let absolute = std::path::absolute(spec).unwrap_or_else(|_| spec.to_owned());
    let folder = absolute
        .parent()
        .and_then(|folder| folder.canonicalize().ok());
    match (folder, absolute.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => absolute,
    }
}

/// The folder of the study that this spec belongs to: its own, or the one above `1_setup`.
pub fn study_folder(spec: &Path) -> Option<&Path> {
    let folder = spec.parent()?;
    if folder.file_name().is_some_and(|name| name == SETUP) {
        folder.parent()
    } else {
        Some(folder)
    }
}

/// The name of the study's folder, which `meta.study_name` should bear; a draft's with its `draft_`.
pub fn study_folder_name(spec: &Path) -> Option<String> {
    Some(study_folder(spec)?.file_name()?.to_str()?.to_owned())
}

/// `path`, absolute and with links resolved as far as it exists.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let mut missing = Vec::new();
    let mut existing = absolute.as_path();
    loop {
        match existing.canonicalize() {
            Ok(mut found) => {
                found.extend(missing.iter().rev());
                return Ok(found);
            }
            // A link that leads nowhere is there, though its target is not: where it leads is what counts.
            Err(e) if e.kind() == io::ErrorKind::NotFound && !existing.is_symlink() => {
                match (existing.file_name(), existing.parent()) {
                    (Some(name), Some(parent)) => {
                        missing.push(name);
                        existing = parent;
                    }
                    _ => return Err(e),
                }
            }
            Err(e) => return Err(e),
        }
    }
}

/// The names of the folders in a folder, links to folders included.
fn folders(folder: &Path) -> io::Result<Vec<String>> {
    Ok(fs::read_dir(folder)?
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect())
}
