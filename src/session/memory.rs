//! Which conversations are in memory, and how they come there and leave. Whoever has a conversation's chair decides
//! about its program, its lease and whether it stays.

use std::sync::Arc;

use super::{
    error::SessionError,
    live::{Chair, Live},
    manager::SessionManager,
    programs::{Seat, Wanted},
    types::Mode,
};

impl SessionManager {
    /// All conversations in memory.
    pub(super) fn all_in_memory(&self) -> Vec<Arc<Live>> {
        self.sessions().values().cloned().collect()
    }

    /// A conversation in memory, or brought there from the store.
    pub(super) async fn find(&self, session_id: &str) -> Result<Arc<Live>, SessionError> {
        let stored = self.stored(session_id).await?;
        let mut sessions = self.sessions();
        Ok(sessions
            .entry(stored.id.clone())
            .or_insert_with(|| Live::new(stored.id, stored.mode))
            .clone())
    }

    /// A new conversation.
    pub(super) async fn make(
        &self,
        session_id: Option<&str>,
        mode: Mode,
        study: Option<&str>,
    ) -> Result<Arc<Live>, SessionError> {
        let (id, study) = (session_id.map(String::from), study.map(String::from));
        let stored = self
            .store(move |store| store.create_session(id.as_deref(), mode, study.as_deref()))
            .await?;
        let mut sessions = self.sessions();
        let live = sessions
            .entry(stored.id.clone())
            .or_insert_with(|| Live::new(stored.id, mode));
        Ok(live.clone())
    }

    /// Whether this is the conversation in memory, not one that was put away while somebody waited for its chair.
    ///
    /// # Errors
    /// [`SessionError::Cancelled`] when the manager closes: nothing begins any more.
    pub(super) fn holds(&self, live: &Arc<Live>) -> Result<bool, SessionError> {
        if self.is_closing() {
            return Err(SessionError::Cancelled);
        }
        let held = self.in_memory(&live.id);
        Ok(held.is_some_and(|held| Arc::ptr_eq(&held, live)))
    }

    /// Takes this conversation out of memory; another of the same id, brought back meanwhile, stays.
    pub(super) fn remove(&self, live: &Arc<Live>) {
        let mut sessions = self.sessions();
        if sessions
            .get(&live.id)
            .is_some_and(|held| Arc::ptr_eq(held, live))
        {
            sessions.remove(&live.id);
        }
    }

    /// Ends the program of a conversation, with its file and its lease.
    pub(super) async fn vacate(&self, session_id: &str, chair: &mut Chair) {
        if let Some(seat) = chair.seat.take() {
            seat.end().await;
        }
        chair.mcp = None;
        if chair.leased {
            let id = session_id.to_owned();
            match self.store(move |store| store.release_lease(&id)).await {
                Ok(()) => chair.leased = false,
                // Still ours: it is given back when another server asks for it, or at the next clean-up.
                Err(error) => tracing::warn!("cannot release a lease: {error}"),
            }
        }
    }

    /// Removes a conversation that never began.
    pub(super) async fn forget(&self, session_id: &str) {
        self.sessions().remove(session_id);
        let id = session_id.to_owned();
        let _ = self.store(move |store| store.delete_session(&id)).await;
    }

    /// Out of memory, with its program; running and waiting turns are cancelled.
    pub(super) async fn put_away(&self, session_id: &str) {
        let Some(live) = self.in_memory(session_id) else {
            return;
        };
        live.cancel();
        let mut chair = live.chair().await;
        self.vacate(session_id, &mut chair).await;
        self.remove(&live);
    }

    /// Out of memory, unless somebody uses it.
    pub(super) async fn forget_idle(&self, live: &Arc<Live>) {
        if let Some(mut chair) = live.free_chair()
            && !live.is_busy()
        {
            self.vacate(&live.id, &mut chair).await;
            self.remove(live);
            drop(chair);
            self.announce(&live.id).await;
        }
    }

    pub(super) fn in_memory(&self, session_id: &str) -> Option<Arc<Live>> {
        self.sessions().get(session_id).cloned()
    }
}

/// Starts the program of a conversation before its first message. What goes wrong is told by that message.
pub(super) async fn warm(manager: Arc<SessionManager>, live: Arc<Live>) {
    let Some(mut chair) = live.free_chair() else {
        return;
    };
    if !manager.holds(&live).unwrap_or(false) {
        return;
    }
    let Ok(session) = manager.settle(&live, None, None).await else {
        return;
    };
    let id = live.id.clone();
    if !manager
        .store(move |store| store.take_lease(&id))
        .await
        .unwrap_or(false)
    {
        return;
    }
    chair.leased = true;
    let _ = chair.offer_tools(manager.root(), &live.id, session.mode);
    let wanted = Wanted {
        resume: session.claude_session,
        mcp_config: chair.mcp_config(),
        ..Wanted::new(&manager.config(), manager.root(), session.mode)
    };
    match (
        Seat::ensure(&mut chair.seat, &wanted).await,
        &mut chair.seat,
    ) {
        (Ok(()), Some(seat)) => seat.wait(),
        _ => manager.vacate(&live.id, &mut chair).await,
    }
}
