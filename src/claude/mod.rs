//! The claude program: its arguments, its event stream, its processes.
//!
//! Written against version 2.1.330 of the program. Newer ones add events and fields: what is not known is ignored.

pub mod args;
mod attendant;
pub mod control;
#[cfg(unix)]
pub mod descendants;
#[cfg(windows)]
mod job;
pub mod process;
mod reader;
pub mod stream;
#[cfg(unix)]
mod supervised;
#[cfg(unix)]
pub mod supervisor;

pub use args::CommandLine;
pub use attendant::Meanwhile;
#[cfg(unix)]
pub use descendants::Process;
#[cfg(windows)]
pub use job::Process;
pub use process::{Exit, Launch, Program, StartError};
pub use stream::Event;
