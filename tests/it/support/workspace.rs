//! A temporary Atomizer root with studies from `examples/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lsp_types::Url;
use tempfile::TempDir;

/// A folder that is gone when the value is dropped.
pub struct Workspace {
    folder: TempDir,
}

impl Workspace {
    /// An empty folder without `studies/`: no Atomizer root.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("atomizer-")
            .tempdir()
            .expect("a temporary folder");
        Self { folder }
    }

    /// A root with an empty `studies/`.
    pub fn root() -> Self {
        let workspace = Self::empty();
        fs::create_dir(workspace.path().join("studies")).expect("studies/");
        workspace
    }

    /// A root with every study of `examples/`.
    pub fn examples() -> Self {
        let workspace = Self::empty();
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/studies"),
            &workspace.path().join("studies"),
        );
        workspace
    }

    /// A root with one study whose spec is `spec`; see [`Workspace::spec`].
    pub fn with_study(study: &str, spec: &str) -> Self {
        let workspace = Self::root();
        workspace.write(format!("studies/{study}/atomizer_spec.json"), spec);
        workspace
    }

    /// The folder, canonical.
    pub fn path(&self) -> PathBuf {
        self.folder
            .path()
            .canonicalize()
            .expect("the folder is there")
    }

    /// The folder as a URI.
    pub fn uri(&self) -> Url {
        Url::from_directory_path(self.path()).expect("an absolute path")
    }

    /// The spec file of a study, wherever the format allows it to be.
    pub fn spec(&self, study: &str) -> PathBuf {
        let folder = self.path().join("studies").join(study);
        [
            folder.join("atomizer_spec.json"),
            folder.join("1_setup/atomizer_spec.json"),
        ]
        .into_iter()
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no spec of {study} in {}", self.path().display()))
    }

    /// Text of a file below the root.
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.path().join(path)).expect("a readable file")
    }

    /// Writes a file below the root, with its folders.
    pub fn write(&self, path: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("its folder");
        fs::write(&path, text).expect("a writable file");
        path
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a readable folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::write(&target, fs::read(entry.path()).expect("a readable file"))
                .expect("a writable file");
        }
    }
}

/// The URI of a file.
pub fn uri(path: impl AsRef<Path>) -> Url {
    Url::from_file_path(path).expect("an absolute path")
}
