//! The language of atomizer_spec.json. Pure: no I/O, no async.

pub mod canvas_ops;
pub mod checks;
mod compare;
pub mod diff;
pub mod format;
pub mod merge;
pub mod model;
pub mod place;
mod rewrite;
pub mod syntax;
pub mod units;
