//! `schema`: the JSON Schema of the format, for other editors and programs.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use crate::spec::format;

/// Prints it.
pub fn run() -> ExitCode {
    match print() {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read us has enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            super::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn print() -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &format::schema())?;
    writeln!(out)
}
