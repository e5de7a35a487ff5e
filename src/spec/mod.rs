//! The language of atomizer_spec.json. Pure: no I/O, no async.

pub mod format;
pub mod syntax;
pub mod units;
