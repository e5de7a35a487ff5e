//! Why an operation on a conversation could not be done: the contract's kinds and codes.

/// An operation that failed before it had a result of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// A parameter is of the wrong form; names the field and says what would be right.
    #[error("{field}: {message}")]
    InvalidParams {
        /// The parameter, as it is called on the wire.
        field: &'static str,
        /// What is wrong and what would be right.
        message: String,
    },
    /// No such conversation in memory or store.
    #[error("no session `{0}`: `session/list` tells those that exist")]
    SessionNotFound(String),
    /// A turn of this session is running.
    #[error(
        "session `{0}` is busy with another message: wait for it, cancel it, or send `whenBusy: \"queue\"`"
    )]
    SessionBusy(String),
    /// The program could not be started.
    #[error("{0}")]
    ClaudeNotFound(String),
    /// The program exited or answered with an error.
    #[error("{0}")]
    ClaudeFailed(String),
    /// No such study under the root.
    #[error("{0}")]
    StudyNotFound(String),
    /// Disk full, database locked or damaged.
    #[error("{0}")]
    StoreFailed(String),
    /// A study id that is not one, or leaves `studies/`.
    #[error("{0}")]
    InvalidStudyId(String),
    /// No such turn in the store.
    #[error("no turn `{0}`")]
    TurnNotFound(String),
    /// The caller gave up before the turn began.
    #[error("cancelled before the turn began")]
    Cancelled,
}

impl SessionError {
    /// The contract's kind, as in `error.data.kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InvalidParams { .. } => "invalidParams",
            Self::SessionNotFound(_) => "sessionNotFound",
            Self::SessionBusy(_) => "sessionBusy",
            Self::ClaudeNotFound(_) => "claudeNotFound",
            Self::ClaudeFailed(_) => "claudeFailed",
            Self::StudyNotFound(_) => "studyNotFound",
            Self::StoreFailed(_) => "storeFailed",
            Self::InvalidStudyId(_) => "invalidStudyId",
            Self::TurnNotFound(_) => "turnNotFound",
            Self::Cancelled => "cancelled",
        }
    }

    /// The JSON-RPC error code of the contract.
    pub fn code(&self) -> i64 {
        match self {
            Self::InvalidParams { .. } => -32602,
            Self::SessionNotFound(_) => -32001,
            Self::SessionBusy(_) => -32002,
            Self::ClaudeNotFound(_) => -32003,
            Self::ClaudeFailed(_) => -32004,
            Self::StudyNotFound(_) => -32005,
            Self::StoreFailed(_) => -32006,
            Self::InvalidStudyId(_) => -32007,
            Self::TurnNotFound(_) => -32009,
            Self::Cancelled => -32800,
        }
    }
}
