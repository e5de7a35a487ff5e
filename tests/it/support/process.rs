//! Which processes a test has started, whatever became of their parents.
//!
//! Every program under test inherits a mark in its environment. Sessions and process groups of their own do not hide it.

use std::{fs, time::Instant};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};

use super::DEADLINE;

/// The environment variable that carries the mark.
pub const VARIABLE: &str = "ATOMIZER_TEST_ID";

/// A mark that only the processes of one test carry.
#[derive(Debug, Clone)]
pub struct Mark(String);

/// A living process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// Its command line.
    pub command: String,
}

impl Mark {
    /// A new one.
    pub fn new() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// The variable's value.
    pub fn value(&self) -> &str {
        &self.0
    }

    /// Everything alive that carries the mark (dead processes nobody waited for do not count).
    pub fn processes(&self) -> Vec<Process> {
        let needle = format!("{VARIABLE}={}", self.0);
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").expect("/proc").flatten() {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let Ok(environment) = fs::read(entry.path().join("environ")) else {
                continue;
            };
            if environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == needle.as_bytes())
            {
                let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                let command = String::from_utf8_lossy(&command).replace('\0', " ");
                found.push(Process { pid, command });
            }
        }
        found
    }

    /// Waits until nothing that carries the mark is alive but for `except`; what is left after the deadline is the error.
    pub fn wait_until_gone(&self, except: impl Fn(&Process) -> bool) -> Result<(), Vec<Process>> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left: Vec<_> = self
                .processes()
                .into_iter()
                .filter(|process| !except(process))
                .collect();
            let Some(first) = left.first() else {
                return Ok(());
            };
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() || !wait_for_end(first.pid, rest) {
                return Err(left);
            }
        }
    }

    /// Kills everything that carries the mark.
    pub fn kill(&self) {
        for process in self.processes() {
            if let Some(pid) = Pid::from_raw(process.pid) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

/// Waits for the end of any process, not only a child; false when `rest` is over.
fn wait_for_end(pid: i32, rest: std::time::Duration) -> bool {
    let Some(pid) = Pid::from_raw(pid) else {
        return true;
    };
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
        return true;
    };
    let rest = Timespec::try_from(rest).expect("a short time");
    poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&rest)).is_ok_and(|ready| ready > 0)
}
