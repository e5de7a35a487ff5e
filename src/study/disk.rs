//! Reading a spec whole, and writing it whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
    sync::Arc,
};

use md5::{Digest, Md5};

use super::error::StudyError;

/// The largest spec that is read: generated ones reach 10 MB, and what is far beyond is no spec.
pub const MAX_SPEC_BYTES: u64 = 128 * 1024 * 1024;

/// A spec as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecFile {
    /// Its text; a byte order mark is kept.
    pub text: Arc<str>,
    /// MD5 of its bytes, 32 lower-case hexadecimal digits.
    pub md5: String,
}

/// Reads a spec.
///
/// # Errors
/// [`StudyError::NotUtf8`] with the place, [`StudyError::TooLarge`], [`StudyError::NotAFile`], [`StudyError::Io`]
/// (whose `source` tells a missing file from others).
pub fn read_spec(path: &Path) -> Result<SpecFile, StudyError> {
    let bytes = read_bytes(path)?;
    let md5 = md5_hex(&bytes);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SpecFile {
            text: text.into(),
            md5,
        }),
        Err(e) => {
            let offset = e.utf8_error().valid_up_to();
            let bytes = e.as_bytes();
            Err(StudyError::NotUtf8 {
                path: path.into(),
                byte: bytes[offset],
                offset,
                line: 1 + bytes[..offset].iter().filter(|&&b| b == b'\n').count(),
            })
        }
    }
}

/// A regular file's bytes; a pipe or device, whose reading might never end, is refused.
fn read_bytes(path: &Path) -> Result<Vec<u8>, StudyError> {
    let metadata = fs::metadata(path).map_err(StudyError::io("read", path))?;
    if !metadata.is_file() {
        return Err(StudyError::NotAFile(path.into()));
    }
    let mut bytes = Vec::with_capacity(metadata.len().min(MAX_SPEC_BYTES) as usize);
    File::open(path)
        .and_then(|file| file.take(MAX_SPEC_BYTES + 1).read_to_end(&mut bytes))
        .map_err(StudyError::io("read", path))?;
    if bytes.len() as u64 > MAX_SPEC_BYTES {
        return Err(StudyError::TooLarge {
            path: path.into(),
            size: metadata.len(),
            limit: MAX_SPEC_BYTES,
        });
    }
    Ok(bytes)
}

/// Writes a file atomically: temporary file in the same folder, fsync, rename. Permissions of a file that is replaced
/// stay. A link at `path` itself is refused, for it would be replaced: [`super::Root::write`] follows it first.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), StudyError> {
    let failed = || StudyError::io("write", path);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let former = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Some(metadata.permissions()),
        Ok(_) => return Err(StudyError::NotAFile(path.into())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(failed()(e)),
    };
    // A read-only file says that it is not to be replaced; the rename alone would not ask.
    if former.as_ref().is_some_and(fs::Permissions::readonly) {
        return Err(failed()(io::ErrorKind::PermissionDenied.into()));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".atomizer_spec.").suffix(".tmp");
    #[cfg(unix)]
    if former.is_none() {
        // As a plain `open` would make it; the process's umask takes its part.
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(folder).map_err(failed())?;
    temporary.write_all(bytes).map_err(failed())?;
    if let Some(permissions) = former {
        temporary
            .as_file()
            .set_permissions(permissions)
            .map_err(failed())?;
    }
    temporary.as_file().sync_all().map_err(failed())?;
    temporary.persist(path).map_err(|e| failed()(e.error))?;
    sync_folder(folder);
    Ok(())
}

/// Makes the rename itself last. The file is whole either way, so that a file system that cannot is no error.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Err(e) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::debug!("cannot sync `{}`: {e}", folder.display());
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// MD5 of bytes, 32 lower-case hexadecimal digits.
pub fn md5_hex(bytes: &[u8]) -> String {
    hex(Md5::digest(bytes).as_slice())
}

/// MD5 of what a reader gives; a model file may be larger than memory.
pub(super) fn md5_of(mut reader: impl Read) -> io::Result<String> {
    let mut digest = Md5::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hex(digest.finalize().as_slice())),
            Ok(n) => digest.update(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
