//! The process between server and program: `atomizer-lsp supervise --parent PID -- PROGRAM ARGS…`.
//!
//! It exists because of what the server cannot do itself once it is dead: however the server ends, `kill -9` included,
//! the supervisor notices within [`PARENT_CHECK`] that its parent has changed, and ends the program and everything
//! that comes from it. (`PR_SET_PDEATHSIG` would not do: it is tied to the thread that started the child, and does not
//! reach grandchildren.) As subreaper it becomes the parent of every orphan below it, daemons in sessions of their own
//! included, so that none escapes.
//!
//! Standard input and output are the program's own; the supervisor lets go of them. It reports on standard error, in
//! one line of JSON: [`Report`].

use std::{
    collections::HashSet,
    ffi::OsString,
    io::Write,
    process::Command,
    sync::mpsc,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use serde::{Deserialize, Serialize};
use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use super::descendants::kill_below;

/// How often it looks whether the server still lives.
pub const PARENT_CHECK: Duration = Duration::from_millis(200);

/// How long the program may take to end after SIGTERM.
pub const GRACE: Duration = Duration::from_millis(500);

/// The supervisor's one line on standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Report {
    /// The program runs.
    AtomizerStarted {
        /// Its process id.
        pid: u32,
    },
    /// It could not be started.
    AtomizerFailed {
        /// What the system says.
        message: String,
    },
}

/// Runs `command` (the program and its arguments), and returns the exit code to end with: the program's own, or 128
/// and the number of the signal that ended it.
pub fn run(parent: u32, command: &[OsString]) -> u8 {
    let parent = i32::try_from(parent).ok().and_then(Pid::from_raw);
    // Without a subreaper (not Linux) orphans are missed, all else works.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let (events, inbox) = mpsc::channel();
    if let Err(error) = forward_signals(events) {
        report(&Report::AtomizerFailed {
            message: error.to_string(),
        });
        return 127;
    }
    let Some((program, args)) = command.split_first() else {
        report(&Report::AtomizerFailed {
            message: "no program to run".into(),
        });
        return 127;
    };
    match Command::new(program).args(args).spawn() {
        Ok(child) => {
            report(&Report::AtomizerStarted { pid: child.id() });
            let _ = let_go_of_streams();
            watch(
                i32::try_from(child.id()).ok().and_then(Pid::from_raw),
                parent,
                &inbox,
            )
        }
        Err(error) => {
            report(&Report::AtomizerFailed {
                message: format!("{}: {error}", program.display()),
            });
            127
        }
    }
}

/// The leading line break keeps the report whole where the program has already written half a line.
fn report(report: &Report) {
    let text = serde_json::to_string(report).unwrap_or_default();
    let _ = std::io::stderr().write_all(format!("\n{text}\n").as_bytes());
}

/// Gives up this process' own copies, so that the program's closing of its output is seen at once.
fn let_go_of_streams() -> std::io::Result<()> {
    let null = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

fn forward_signals(events: mpsc::Sender<i32>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGCHLD, SIGTERM, SIGINT, SIGHUP])?;
    std::thread::spawn(move || {
        for signal in &mut signals {
            if events.send(signal).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Until the program ends, by itself or because it must; then nothing that came from it is left.
fn watch(child: Option<Pid>, parent: Option<Pid>, inbox: &mpsc::Receiver<i32>) -> u8 {
    let mut deadline: Option<Instant> = None;
    let code = loop {
        if let Some(code) = reap(child) {
            break code;
        }
        let left = deadline.map_or(PARENT_CHECK, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        });
        let told_to_end = matches!(
            inbox.recv_timeout(left.min(PARENT_CHECK)),
            Ok(SIGTERM | SIGINT | SIGHUP)
        );
        if deadline.is_none() && (told_to_end || rustix::process::getppid() != parent) {
            deadline = Some(Instant::now() + GRACE);
            send(child, Signal::TERM);
        } else if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            send(child, Signal::KILL);
            deadline = Some(Instant::now() + GRACE);
        }
    };
    end_everything();
    code
}

/// Takes the statuses of all children that ended, orphans that became ours included; the program's exit code when it
/// was among them, or when there is no child left to ask about.
fn reap(child: Option<Pid>) -> Option<u8> {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if Some(pid) == child => return Some(exit_code(status)),
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(_) => return Some(1),
        }
    }
}

fn send(child: Option<Pid>, signal: Signal) {
    if let Some(pid) = child {
        // Not yet reaped, so the id is still its own.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Kills what the program left behind, and waits until it is gone (or cannot be killed: it is another user's).
fn end_everything() {
    let deadline = Instant::now() + 2 * GRACE;
    while Instant::now() < deadline {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => {
                kill_below(std::process::id(), &HashSet::new());
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(_) => return,
        }
    }
}

/// As a shell reports it.
fn exit_code(status: WaitStatus) -> u8 {
    let code = status
        .exit_status()
        .or_else(|| status.terminating_signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
