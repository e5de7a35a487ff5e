//! The terminal's subcommands, one file each, no logic of their own.

pub mod serve;
pub mod supervise;
