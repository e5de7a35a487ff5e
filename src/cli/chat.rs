//! `chat`: one turn at the terminal.

use std::{
    io::{self, Read},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    complain,
    terminal::{Line, Printer, Terminal, print_all},
};
use crate::{
    session::{
        SessionConfig, SessionError, SessionManager,
        types::{ChatRequest, Mode, Status, TurnResult},
    },
    study::Root,
};

/// One turn with Claude, streamed.
#[derive(Debug, Args)]
pub struct ChatArguments {
    /// The Atomizer root; else the nearest above the working folder.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// The `claude` program.
    #[arg(long, value_name = "PROGRAM")]
    claude: Option<String>,
    /// Goes on with this conversation; else a new one begins.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// What Claude may do unasked: `user` reads inside the root, `power` also edits there.
    #[arg(long, value_parser = mode)]
    mode: Option<Mode>,
    /// The study to talk about.
    #[arg(long, value_name = "ID")]
    study: Option<String>,
    /// Print the events of the turn as JSON, one a line.
    #[arg(long)]
    json: bool,
    /// The message; `-` reads it from standard input.
    message: String,
}

/// Exit code of a turn that Ctrl-C ended, as shells have it.
const INTERRUPTED: u8 = 130;

/// Sends the message and prints the answer as it comes.
pub fn run(arguments: ChatArguments) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&error);
            return ExitCode::FAILURE;
        }
    };
    let json = arguments.json;
    let outcome = runtime.block_on(chat(arguments));
    // A thread may be waiting for a key.
    runtime.shutdown_background();
    match outcome {
        Ok(result) => match result.status {
            Status::Completed => ExitCode::SUCCESS,
            Status::Cancelled => ExitCode::from(INTERRUPTED),
            _ => ExitCode::FAILURE,
        },
        Err(failure) => {
            if json {
                super::print_line(
                    &json!({"type": "error", "error": {"kind": failure.kind, "message": failure.message}}),
                );
            } else {
                complain(&failure.message);
            }
            ExitCode::FAILURE
        }
    }
}

/// Why there was no turn.
struct Failure {
    kind: &'static str,
    message: String,
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string(),
        }
    }
}

async fn chat(arguments: ChatArguments) -> Result<TurnResult, Failure> {
    let root = super::root(arguments.root.as_ref()).map_err(|error| Failure {
        kind: "noRoot",
        message: error.to_string(),
    })?;
    let message = message(arguments.message).map_err(|error| Failure {
        kind: "invalidParams",
        message: format!("message: {error}"),
    })?;
    let request = ChatRequest {
        session_id: arguments.session,
        message,
        mode: arguments.mode,
        study_id: arguments.study,
        ..ChatRequest::default()
    };
    let mut config = SessionConfig::default();
    if let Some(claude) = arguments.claude {
        config.claude.command = vec![claude];
    }
    turn(config, root, request, arguments.json).await
}

/// Runs the turn. Everything is printed when this returns.
async fn turn(
    config: SessionConfig,
    root: Root,
    request: ChatRequest,
    json: bool,
) -> Result<TurnResult, Failure> {
    let (lines, printed) = mpsc::unbounded_channel();
    let host = Arc::new(Terminal::new(root.clone(), lines.clone(), json));
    let printing = tokio::spawn(print_all(printed, root.path().to_owned(), json));
    let cancel = CancellationToken::new();
    let listening = tokio::spawn(cancel_on_interrupt(cancel.clone()));
    let manager = SessionManager::open(config, root, host).await?;
    let outcome = manager
        .chat(request, Arc::new(Printer(lines.clone())), cancel)
        .await;
    listening.abort();
    manager.shutdown().await;
    let _ = lines.send(Line::End);
    match printing.await {
        // Whoever read us has had enough; the turn is in the store all the same.
        Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => complain(&error),
        _ => {}
    }
    Ok(outcome?)
}

/// Ctrl-C, or a polite request to end, cancels the turn, which then ends properly and by itself.
async fn cancel_on_interrupt(cancel: CancellationToken) {
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => cancel.cancel(),
        () = terminated() => cancel.cancel(),
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

fn message(given: String) -> io::Result<String> {
    if given != "-" {
        return Ok(given);
    }
    let mut message = String::new();
    io::stdin().read_to_string(&mut message)?;
    Ok(message)
}

fn mode(given: &str) -> Result<Mode, String> {
    match given {
        "user" => Ok(Mode::User),
        "power" => Ok(Mode::Power),
        other => Err(format!("`{other}` is no mode; `user` and `power` are")),
    }
}
