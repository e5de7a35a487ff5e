//! `serve`: the language server on stdin and stdout, logs on stderr.

use std::process::ExitCode;

use crate::server;

/// Runs the server. Log lines hold no message or spec text; `ATOMIZER_LOG` (`debug`, `atomizer_lsp=trace`, …) says
/// how many there are.
pub fn run() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ATOMIZER_LOG");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(server::QUIET_LOG));
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(filter)
        .init();
    match server::serve() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tracing::error!(%error, "no threads can be started");
            ExitCode::FAILURE
        }
    }
}
