//! The language server; the only room that knows tower-lsp.
//!
//! ```text
//! stdin ─ relay ─ backend ─ one event a message ─▶ main_loop (owns state) ─▶ jobs on snapshots
//! stdout ◀─ outbox ◀───────────────────────────── answers, notifications, our requests
//! ```

mod backend;
mod client;
mod closed;
mod configuration;
mod conflict;
mod delivery;
mod diagnostics;
mod document;
pub mod ext;
mod followup;
mod host;
mod input;
mod lifecycle;
mod main_loop;
mod merging;
#[cfg(test)]
mod model;
mod notifications;
pub mod operations;
mod outbox;
mod permission;
mod progress;
mod relay;
mod requests;
mod roots;
mod settings;
mod spec_sync;
mod state;
mod stdin;
mod stdout;
mod stream;

use std::{io, thread, time::Duration};

use tokio::{io::AsyncRead, runtime::Builder, time::timeout};
use tokio_util::context::RuntimeExt;
use tower_lsp::LspService;

use crate::{
    spec::{checks, syntax::Parsed},
    text::Text,
};

use self::{
    backend::Backend, lifecycle::Lifecycle, main_loop::Events, outbox::Outbox, relay::Arrivals,
    roots::Managers, state::State,
};

/// What is logged unless the user wants more: tower-lsp warns of notifications that nobody here needs.
pub const QUIET_LOG: &str = "warn,tower_lsp=error";

/// How long handlers that still run at the end of stdin may go on.
const LAST_ANSWERS: Duration = Duration::from_millis(500);
/// How long programs may take to end (contract: 5 s in all).
const LAST_PROGRAMS: Duration = Duration::from_millis(3500);
/// How long the client may take to read what is written.
const LAST_BYTES: Duration = Duration::from_millis(500);

/// Reads the format's tables and compiles its patterns, a few milliseconds' work, while the client still introduces
/// itself: the first spec that is opened need not wait for that.
fn warm_up() {
    const LIKE_MOST: &str =
        include_str!("../../examples/studies/bracket_mass/1_setup/atomizer_spec.json");
    let parsed = Parsed::new(Text::from(LIKE_MOST));
    drop(checks::check(&parsed, &checks::Context::default()));
}

/// Speaks LSP on stdin and stdout until `exit`, the end of stdin, or the death of the client's process. Returns the
/// exit code of the contract: 0 after `shutdown` and `exit`, else 1.
///
/// Messages are read, handled and answered on this thread, which waits for stdin itself: each would else have to wake
/// two. All other work runs on the threads of a runtime of its own.
///
/// # Errors
///
/// The system gives no threads.
pub fn serve() -> io::Result<u8> {
    thread::Builder::new().spawn(warm_up)?;
    let jobs = Builder::new_multi_thread().enable_all().build()?;
    let front = Builder::new_current_thread().enable_io().build()?;
    let input = {
        let _in_front = front.enter();
        stdin::stdin()
    };
    let code = front.block_on(jobs.wrap(speak(input)));
    // A thread may still be reading stdin, which need not end.
    jobs.shutdown_background();
    Ok(code)
}

async fn speak(input: impl AsyncRead + Unpin) -> u8 {
    let lifecycle = Lifecycle::default();
    let outbox = Outbox::new(stdout::unbuffered(), stdout::at_once());
    let (events, inbox) = Events::new();
    let managers = Managers::new(events.clone(), outbox.clone());
    let state = State::new(events.clone(), outbox.clone(), managers.clone());
    let looping = main_loop::run(state, inbox);

    let backend = Backend {
        events,
        lifecycle: lifecycle.clone(),
    };
    let service =
        operations::ALL
            .iter()
            .fold(LspService::build(|_| backend), |service, operation| {
                // tower-lsp wants names that live as long as the program; there are two dozen.
                let method: &'static str = Box::leak(operation.method().into_boxed_str());
                service.custom_method(method, relay::operation(operation))
            });
    let service = service.custom_method(
        "window/workDoneProgress/cancel",
        Backend::work_done_progress_cancel,
    );
    let (service, _) = service.finish();
    let service = Arrivals::new(service, lifecycle.clone());
    let messages = input::messages(input, outbox.clone(), lifecycle.clone());

    let serving = async {
        let mut serving = std::pin::pin!(relay::run(service, messages, outbox.clone()));
        tokio::select! {
            () = &mut serving => {
                let _ = timeout(LAST_PROGRAMS, managers.shutdown()).await;
            }
            () = lifecycle.ended() => {
                let patience = if lifecycle.exited() { Duration::ZERO } else { LAST_ANSWERS };
                let last_answers = timeout(patience, &mut serving);
                let last_programs = timeout(LAST_PROGRAMS, managers.shutdown());
                let _ = tokio::join!(last_answers, last_programs);
            }
        }
        let _ = timeout(LAST_BYTES, outbox.flushed()).await;
    };
    // One task for both: a message needs no other thread to come to the loop, nor its answer to come back. Answers
    // first, so that one that the loop gave goes out before the loop goes on.
    tokio::select! {
        biased;
        () = serving => {}
        () = looping => {}
    }
    lifecycle.exit_code()
}
