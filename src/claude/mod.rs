//! The claude program: its arguments, its event stream, its processes.
//!
//! Written against version 2.1.330 of the program. Newer ones add events and fields: what is not known is ignored.

pub mod args;
mod attendant;
pub mod control;
pub mod descendants;
pub mod process;
mod reader;
pub mod stream;
#[cfg(unix)]
pub mod supervisor;

pub use args::CommandLine;
pub use attendant::Meanwhile;
pub use process::{Exit, Launch, Program, StartError};
pub use stream::Event;
