//! Conversations with Claude: manager, store, context, one turn.

mod answer;
pub mod canvas;
mod conduct;
pub mod config;
pub mod context;
pub mod error;
mod guard;
#[cfg(test)]
pub(crate) mod hand_worked;
pub mod host;
pub mod id;
pub mod introduced;
mod lease;
mod live;
pub mod manager;
pub mod mcp;
mod memory;
pub mod permission;
mod private;
mod programs;
pub mod queue;
mod saver;
mod slash;
mod specs;
pub mod store;
mod summary;
mod tend;
mod turn;
pub mod types;
pub mod watch;

pub use config::SessionConfig;
pub use error::SessionError;
pub use manager::{CreateRequest, SessionManager, TurnSpec};
