//! Files and folders that only their owner may read: conversations are nobody else's business.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

/// Makes a folder and those above it, each 0700 on Unix; one that is there stays as it is.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes `.atomizer`: 0700 on Unix, with a `.gitignore` of `*`.
pub(super) fn atomizer_folder(path: &Path) -> io::Result<()> {
    folder(path)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    match options().create_new(true).open(path.join(".gitignore")) {
        Ok(mut file) => file.write_all(b"*\n"),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
    }
}

/// For writing; 0600 on Unix when it makes the file.
pub(super) fn options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
