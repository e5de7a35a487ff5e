//! The map of the house, top room first; each room knows only those below it.
//!
//! - [`cli`]: the terminal's subcommands
//! - [`server`]: the language server; the only room that knows tower-lsp
//! - [`ide`]: what an editor asks about one document
//! - [`session`]: conversations with Claude, their store, and the turn engine
//! - [`claude`]: the `claude` program: its arguments, its stream, its processes
//! - [`study`]: the Atomizer root, study ids and where their files are
//! - [`spec`]: the language of `atomizer_spec.json`; pure
//! - [`text`]: rope, positions and their encodings, edits

pub mod claude;
pub mod cli;
pub mod ide;
pub mod server;
pub mod session;
pub mod spec;
pub mod study;
pub mod text;
