//! What the black-box tests share: an LSP client, workspaces, a watch over processes, a stand-in for the Messages API.
#![allow(dead_code, unused_imports, reason = "each topic uses its own part")]

pub mod api;
pub mod cli;
pub mod client;
pub mod editor;
pub mod process;
pub mod programs;
pub mod workspace;

pub use client::{Answer, Client};
pub use workspace::Workspace;

use std::time::Duration;

/// How long anything may take before the test fails. Nothing is asserted about how fast it was.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Merges `from` into `into`, objects key by key, anything else replaced.
pub fn deep_merge(into: &mut serde_json::Value, from: serde_json::Value) {
    match (into, from) {
        (serde_json::Value::Object(into), serde_json::Value::Object(from)) => {
            for (key, value) in from {
                deep_merge(into.entry(key).or_insert(serde_json::Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}
