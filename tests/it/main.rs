//! Black box: the real binary over real stdio, one module for each topic.
//!
//! Tests named `real_*` drive programs that `tests/run` fetches (claude, Neovim) and are ignored by a plain `cargo test`.

mod support;

mod cli_chat;
mod cli_check;
mod cli_demo;
mod conversation;
mod documents;
mod editing;
mod ends;
mod endurance;
mod json_suite;
mod lifecycle;
mod operations;
mod real_claude;
mod real_neovim;
mod roots;
mod settings;
mod spec_sync;
#[cfg(unix)]
mod stdio;
mod turns;
