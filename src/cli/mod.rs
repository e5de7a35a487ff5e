//! The terminal's subcommands, one file each, no logic of their own.

mod chat;
mod check;
mod demo;
mod paint;
mod plain;
mod question;
mod rehearse;
mod schema;
pub mod serve;
mod sessions;
pub mod supervise;
mod terminal;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Language server for Atomizer design-optimisation studies, with Claude in the editor.
#[derive(Debug, Parser)]
#[command(name = "atomizer-lsp", version, about)]
struct Arguments {
    /// Serve on stdin and stdout; what happens anyway, accepted because many editors pass it.
    #[arg(long)]
    stdio: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The language server on stdin and stdout (what happens without a subcommand).
    Serve {
        /// The only transport there is.
        #[arg(long)]
        stdio: bool,
    },
    /// Say of files and folders what the editor would show.
    Check(check::CheckArguments),
    /// One turn with Claude, streamed.
    Chat(chat::ChatArguments),
    /// The stored conversations.
    Sessions(sessions::SessionsArguments),
    /// Print the JSON Schema of `atomizer_spec.json`.
    Schema,
    /// The whole road, once: what a newcomer runs first.
    Demo(demo::DemoArguments),
    #[command(hide = true)]
    Rehearse(rehearse::RehearseArguments),
}

/// Exit code when the arguments make no sense or a path cannot be read.
const USAGE: u8 = 2;

/// Parses the command line and runs what it asks for.
pub fn run() -> ExitCode {
    match Arguments::parse().command {
        None | Some(Command::Serve { .. }) => serve::run(),
        Some(Command::Check(arguments)) => check::run(&arguments),
        Some(Command::Chat(arguments)) => chat::run(arguments),
        Some(Command::Sessions(arguments)) => sessions::run(arguments),
        Some(Command::Schema) => schema::run(),
        Some(Command::Demo(arguments)) => demo::run(&arguments),
        Some(Command::Rehearse(arguments)) => rehearse::run(&arguments),
    }
}

/// Prints why a subcommand gives up.
fn complain(why: &dyn std::fmt::Display) {
    use std::io::Write;
    // Nobody is left to be told when standard error is gone.
    let _ = writeln!(
        anstream::stderr(),
        "{}error{:#}: {why}",
        paint::ERROR,
        paint::ERROR
    );
}

/// Prints one JSON document on a line of its own.
fn print_line(document: &serde_json::Value) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{document}");
}

/// The folder that `--root` names, else the nearest root above the working folder.
fn root(given: Option<&PathBuf>) -> Result<crate::study::Root, crate::study::StudyError> {
    match given {
        Some(folder) => crate::study::Root::at(folder),
        None => crate::study::Root::find(std::path::Path::new(".")),
    }
}
