//! When the server ends, and with which exit code (contract, "Binary").
//!
//! Invariant: `exit` ends the process even with stdin open; so do the end of stdin and a dead parent; children go
//! with it. tower-lsp alone would wait for every running handler, a chat of minutes among them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

#[cfg(target_os = "linux")]
use crate::claude::descendants::{self, Process};

/// How often the client's process is looked at.
const PARENT_POLL: Duration = Duration::from_secs(1);

/// Shared by all who may notice the end.
#[derive(Clone, Default)]
pub struct Lifecycle {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    shutdown_asked: AtomicBool,
    exited: AtomicBool,
    ended: AtomicBool,
    wake: Notify,
}

impl Lifecycle {
    /// The client asked for `shutdown`; `exit` is then a success.
    pub fn shutdown_asked(&self) {
        self.inner.shutdown_asked.store(true, Ordering::Release);
    }

    /// `exit` came: nobody waits for answers any more.
    pub fn exit(&self) {
        self.inner.exited.store(true, Ordering::Release);
        self.end();
    }

    /// It was `exit` that ended the server.
    pub fn exited(&self) -> bool {
        self.inner.exited.load(Ordering::Acquire)
    }

    /// `exit` came, stdin closed, or the parent died.
    pub fn end(&self) {
        self.inner.ended.store(true, Ordering::Release);
        self.inner.wake.notify_waiters();
    }

    /// Returns when the server has to end.
    pub async fn ended(&self) {
        loop {
            let woken = self.inner.wake.notified();
            if self.inner.ended.load(Ordering::Acquire) {
                return;
            }
            woken.await;
        }
    }

    /// 0 after `shutdown`, else 1 (LSP, "Exit Notification").
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.inner.shutdown_asked.load(Ordering::Acquire))
    }

    /// Ends the server when the process `id` (of `initialize`) is gone.
    pub fn watch_parent(&self, id: u32) {
        let lifecycle = self.clone();
        tokio::spawn(async move {
            let parent = Parent::new(id);
            while parent.lives() {
                tokio::time::sleep(PARENT_POLL).await;
            }
            tracing::info!(id, "the client's process is gone");
            lifecycle.end();
        });
    }
}

/// The client's process. One that was killed and that nobody has waited for has ended, and another one that was given
/// the same id is another one.
#[cfg(target_os = "linux")]
struct Parent(Option<Process>);

#[cfg(target_os = "linux")]
impl Parent {
    fn new(id: u32) -> Self {
        Parent(descendants::find(id))
    }

    fn lives(&self) -> bool {
        self.0.is_some_and(descendants::is_alive)
    }
}

/// As far as it can be told at little cost: this is looked at every second.
#[cfg(all(unix, not(target_os = "linux")))]
struct Parent(u32);

#[cfg(all(unix, not(target_os = "linux")))]
impl Parent {
    fn new(id: u32) -> Self {
        Parent(id)
    }

    fn lives(&self) -> bool {
        let pid = i32::try_from(self.0)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        pid.is_none_or(|pid| {
            rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH)
        })
    }
}

/// Windows closes stdin with the parent, which is noticed.
#[cfg(windows)]
struct Parent;

#[cfg(windows)]
impl Parent {
    fn new(_id: u32) -> Self {
        Parent
    }

    fn lives(&self) -> bool {
        true
    }
}
