//! `supervise --parent PID -- PROGRAM ARGS…`: not for people. The server starts its claude programs through it, see
//! [`crate::claude::supervisor`]. Told apart before anything else is set up, so that it stays small.

use std::{ffi::OsString, process::ExitCode};

/// Runs the supervisor when the arguments (without the executable's name) ask for it.
pub fn intercept(mut args: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    if args.next()? != "supervise" {
        return None;
    }
    Some(supervise(args))
}

#[cfg(unix)]
fn supervise(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.collect();
    match args.as_slice() {
        [flag, parent, dashes, command @ ..] if flag == "--parent" && dashes == "--" => {
            match parent.to_str().map(str::parse) {
                Some(Ok(parent)) => ExitCode::from(crate::claude::supervisor::run(parent, command)),
                _ => ExitCode::from(2),
            }
        }
        _ => ExitCode::from(2),
    }
}

#[cfg(windows)]
fn supervise(_args: impl Iterator<Item = OsString>) -> ExitCode {
    ExitCode::from(2)
}
