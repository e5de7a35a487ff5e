//! Conversations with Claude: manager, store, context, one turn.

pub mod canvas;
pub mod config;
pub mod context;
pub mod error;
pub mod host;
pub mod id;
pub mod manager;
pub mod mcp;
pub mod permission;
mod private;
pub mod queue;
pub mod store;
pub mod types;
pub mod watch;

pub use config::SessionConfig;
pub use error::SessionError;
pub use manager::{CreateRequest, SessionManager, TurnSpec};
