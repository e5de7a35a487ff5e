//! A conversation in memory: who runs a turn, what may cancel it, and the program between turns.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

use super::{
    guard::Seen, mcp::McpConfig, programs::Seat, store::TurnEnd, turn::Allowed, types::Mode,
};
use crate::study::Root;

/// What only one turn at a time may use.
#[derive(Default)]
pub(super) struct Chair {
    /// The program, between turns of `perSession`.
    pub seat: Option<Seat>,
    /// Its MCP servers' file, gone with it, and the mode that it tells.
    pub mcp: Option<(Mode, McpConfig)>,
    /// This server holds the conversation's lease.
    pub leased: bool,
    /// What Claude saw of files, as far as the last turn that ran here.
    pub seen: Seen,
    /// That turn.
    pub last_turn: Option<String>,
    /// A turn whose end could not be stored when it came.
    pub unstored: Option<(String, TurnEnd)>,
}

impl Chair {
    /// Makes sure that the file for Atomizer's own tools is there, where they are installed, and tells this mode.
    pub(super) fn offer_tools(
        &mut self,
        root: &Root,
        session_id: &str,
        mode: Mode,
    ) -> std::io::Result<()> {
        let is_there = |(told, file): &(Mode, McpConfig)| *told == mode && file.path().exists();
        if !self.mcp.as_ref().is_some_and(is_there) {
            // The former file goes first: it has the same name.
            self.mcp = None;
            self.mcp = McpConfig::write(root, session_id, mode)?.map(|file| (mode, file));
        }
        Ok(())
    }

    /// The file, for the command line.
    pub(super) fn mcp_config(&self) -> Option<PathBuf> {
        self.mcp.as_ref().map(|(_, file)| file.path().to_owned())
    }
}

/// A conversation in memory.
pub(super) struct Live {
    pub id: String,
    pub allowed: Arc<Mutex<Allowed>>,
    /// The mode has changed while a turn may run.
    pub mode_changed: Arc<Notify>,
    /// Held while a change of a spec is brought to the editor: one after the other, whichever turn made them.
    pub road: Arc<tokio::sync::Mutex<()>>,
    /// Waited for in order of arrival.
    chair: Arc<tokio::sync::Mutex<Chair>>,
    state: Mutex<State>,
}

struct State {
    /// Running and waiting turns.
    turns: HashMap<u64, Running>,
    next: u64,
    last_active: Instant,
}

struct Running {
    cancel: CancellationToken,
    /// It was cancelled because the server ends, not by the user.
    interrupted: bool,
}

/// A turn's entry in its session; taken out when dropped.
pub(super) struct Entry {
    live: Arc<Live>,
    number: u64,
}

impl Live {
    pub(super) fn new(id: String, mode: Mode) -> Arc<Self> {
        let state = State {
            turns: HashMap::new(),
            next: 0,
            last_active: Instant::now(),
        };
        Arc::new(Self {
            id,
            allowed: Arc::new(Mutex::new(Allowed {
                mode,
                rules: Vec::new(),
            })),
            mode_changed: Arc::default(),
            road: Arc::default(),
            chair: Arc::default(),
            state: Mutex::new(state),
        })
    }

    /// Enters a turn; `None`: one is there already, and the caller would not wait. One that was cancelled is no
    /// reason: it ends by itself, and soon.
    pub(super) fn enter(
        self: &Arc<Self>,
        cancel: CancellationToken,
        would_wait: bool,
    ) -> Option<Entry> {
        let mut state = self.lock();
        let goes_on = |turn: &Running| !turn.cancel.is_cancelled();
        if !would_wait && state.turns.values().any(goes_on) {
            return None;
        }
        let number = state.next;
        state.next += 1;
        let interrupted = false;
        state.turns.insert(
            number,
            Running {
                cancel,
                interrupted,
            },
        );
        state.last_active = Instant::now();
        Some(Entry {
            live: self.clone(),
            number,
        })
    }

    /// Cancels all its turns; `false`: there were none.
    pub(super) fn cancel(&self) -> bool {
        let state = self.lock();
        state.turns.values().for_each(|turn| turn.cancel.cancel());
        !state.turns.is_empty()
    }

    /// Ends all its turns because the server ends.
    pub(super) fn interrupt(&self) {
        for turn in self.lock().turns.values_mut() {
            turn.interrupted |= !turn.cancel.is_cancelled();
            turn.cancel.cancel();
        }
    }

    /// A turn runs or waits.
    pub(super) fn is_busy(&self) -> bool {
        !self.lock().turns.is_empty()
    }

    /// Nothing was asked of it for so long.
    pub(super) fn idle_for(&self) -> Duration {
        self.lock().last_active.elapsed()
    }

    /// Waits for the chair.
    pub(super) async fn chair(&self) -> OwnedMutexGuard<Chair> {
        self.chair.clone().lock_owned().await
    }

    /// The chair, if nobody has it.
    pub(super) fn free_chair(&self) -> Option<OwnedMutexGuard<Chair>> {
        self.chair.clone().try_lock_owned().ok()
    }

    /// Changes what Claude may do unasked; what was allowed for this session is forgotten when that is a change.
    pub(super) fn set_mode(&self, mode: Mode) {
        let mut allowed = self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        if allowed.mode != mode {
            *allowed = Allowed {
                mode,
                rules: Vec::new(),
            };
            self.mode_changed.notify_one();
        }
    }

    /// What the user allowed for this session, as Claude's settings write it.
    pub(super) fn rules(&self) -> Vec<String> {
        let allowed = self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        allowed.rules.iter().map(ToString::to_string).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// The server ends, and with it this turn.
    pub(super) fn was_interrupted(&self) -> bool {
        let state = self.live.lock();
        let turn = state.turns.get(&self.number);
        turn.is_some_and(|turn| turn.interrupted)
    }

    /// Turns of the session that come before this one; those that end at once, being cancelled, do not count.
    pub(super) fn ahead(&self) -> usize {
        let state = self.live.lock();
        let before = state
            .turns
            .iter()
            .filter(|(number, turn)| **number < self.number && !turn.cancel.is_cancelled());
        before.count()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut state = self.live.lock();
        state.turns.remove(&self.number);
        state.last_active = Instant::now();
    }
}
