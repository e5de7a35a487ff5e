//! The Atomizer root, study ids and where their files are.
