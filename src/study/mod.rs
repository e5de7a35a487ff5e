//! The Atomizer root, study ids and where their files are. Nothing here leaves the root's `studies/`, whatever a
//! client, a spec or a symbolic link says.

mod disk;
mod error;
mod facts;
mod id;
mod inspect;
mod root;
mod stamp;
#[cfg(test)]
mod tests;

pub use disk::{MAX_SPEC_BYTES, SpecFile, md5_hex, read_spec, write_atomic};
pub use error::StudyError;
pub use facts::{FileFact, FileFacts};
pub use id::StudyId;
pub use inspect::{Basis, Inspection, Inspector, Severities};
pub use root::{Root, SPEC_FILE, Study, located, study_folder, study_folder_name};
pub use stamp::Stamp;
