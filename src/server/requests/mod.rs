//! One file for each LSP request.

pub mod diagnostic;
pub mod initialize;
pub mod shutdown;
pub mod workspace_diagnostic;
