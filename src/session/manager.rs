//! All conversations of one Atomizer root.

use std::{path::PathBuf, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{
    config::SessionConfig,
    error::SessionError,
    host::{EventSink, Host},
    types::{ChatRequest, Message, Mode, SessionInfo, TurnResult},
};
use crate::study::Root;

/// What `session/create` is given.
#[derive(Debug, Clone, Default)]
pub struct CreateRequest {
    /// `None`: as stored, else `user`.
    pub mode: Option<Mode>,
    /// The study to talk about.
    pub study_id: Option<String>,
    /// Brings this conversation back, or creates one under this id.
    pub resume_session_id: Option<String>,
    /// Start the program now: the chat has become visible, a first message is likely.
    pub warm: bool,
}

/// One spec as it was before and after a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnSpec {
    /// The file.
    pub path: PathBuf,
    /// Its text when the turn began; `None`: there was no file.
    pub before: Option<Arc<str>>,
    /// Its text when the turn ended; `None`: there was no file.
    pub after: Option<Arc<str>>,
}

/// The conversations of one root, their store and their claude programs.
pub struct SessionManager {
    root: Root,
    host: Arc<dyn Host>,
}

impl SessionManager {
    /// Opens the store, marks what a crash left behind as interrupted, and starts the clean-up loop.
    pub async fn open(
        config: SessionConfig,
        root: Root,
        host: Arc<dyn Host>,
    ) -> Result<Arc<Self>, SessionError> {
        let _ = config;
        Ok(Arc::new(Self { root, host }))
    }

    /// The root whose conversations these are.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// One turn: sends a message and streams the answer to `sink`. Once the turn has started its outcome is `Ok`,
    /// whatever happened. `cancel` ends the turn, which then answers with status `cancelled`; dropping the future
    /// ends it, too, and no event comes after that.
    pub async fn chat(
        self: &Arc<Self>,
        request: ChatRequest,
        sink: Arc<dyn EventSink>,
        cancel: CancellationToken,
    ) -> Result<TurnResult, SessionError> {
        let _ = (request, sink, cancel, &self.host);
        Err(SessionError::StoreFailed("not there yet".into()))
    }

    /// Makes a conversation or brings one back.
    pub async fn create(
        self: &Arc<Self>,
        request: CreateRequest,
    ) -> Result<SessionInfo, SessionError> {
        let _ = request;
        Err(SessionError::StoreFailed("not there yet".into()))
    }

    /// All stored conversations, last active first.
    pub async fn list(
        &self,
        study_id: Option<String>,
        limit: Option<usize>,
    ) -> Result<Vec<SessionInfo>, SessionError> {
        let _ = (study_id, limit);
        Err(SessionError::StoreFailed("not there yet".into()))
    }

    /// One conversation.
    pub async fn info(&self, session_id: &str) -> Result<SessionInfo, SessionError> {
        Err(SessionError::SessionNotFound(session_id.into()))
    }

    /// The newest `limit` (default 100) messages before the message `before`, oldest first.
    pub async fn history(
        &self,
        session_id: &str,
        limit: Option<usize>,
        before: Option<i64>,
    ) -> Result<Vec<Message>, SessionError> {
        let _ = (limit, before);
        Err(SessionError::SessionNotFound(session_id.into()))
    }

    /// Changes what Claude may do unasked; a live program follows.
    pub async fn set_mode(
        &self,
        session_id: &str,
        mode: Mode,
    ) -> Result<SessionInfo, SessionError> {
        let _ = mode;
        Err(SessionError::SessionNotFound(session_id.into()))
    }

    /// Changes the study talked about; `None` clears it.
    pub async fn set_study(
        &self,
        session_id: &str,
        study_id: Option<String>,
    ) -> Result<SessionInfo, SessionError> {
        let _ = study_id;
        Err(SessionError::SessionNotFound(session_id.into()))
    }

    /// Takes a conversation out of memory and ends its program; a running turn is cancelled first.
    pub async fn close(&self, session_id: &str) -> Result<(), SessionError> {
        Err(SessionError::SessionNotFound(session_id.into()))
    }

    /// As [`Self::close`], and removes the conversation from the store.
    pub async fn delete(&self, session_id: &str) -> Result<(), SessionError> {
        Err(SessionError::SessionNotFound(session_id.into()))
    }

    /// Ends the running or waiting turn of a session; `false`: there was none.
    pub async fn cancel(&self, session_id: &str) -> Result<bool, SessionError> {
        Err(SessionError::SessionNotFound(session_id.into()))
    }

    /// Takes new settings; programs whose command line they change are restarted at their next turn.
    pub async fn set_config(&self, config: SessionConfig) -> Result<(), SessionError> {
        let _ = config;
        Ok(())
    }

    /// Every spec that a turn changed, before and after.
    pub async fn turn_specs(&self, turn_id: &str) -> Result<Vec<TurnSpec>, SessionError> {
        Err(SessionError::TurnNotFound(turn_id.into()))
    }

    /// Cancels all turns and ends all programs; returns within 3 s.
    pub async fn shutdown(&self) {}
}
