//! The Atomizer root, study ids and where their files are.

mod root;

pub use root::Root;
