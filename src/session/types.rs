//! What a conversation is made of, in the words of the wire contract (`docs/protocol.md`).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::spec::canvas_ops::Skipped;

/// What Claude may do unasked. `User` reads inside the root; `Power` also edits there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Reads inside the root unasked; everything else is asked for.
    #[default]
    User,
    /// Reads and edits inside the root unasked, or everything (`claude.powerPermissions`).
    Power,
}

/// One conversation, as `session/info` tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// `^[A-Za-z0-9_-]{1,64}$`; 8 hexadecimal characters when made here.
    pub session_id: String,
    /// What Claude may do unasked.
    pub mode: Mode,
    /// The study talked about, if any.
    pub study_id: Option<String>,
    /// From the first message; empty before it.
    pub title: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub last_active: String,
    /// Stored messages of both roles.
    pub message_count: u64,
    /// A turn is running or queued.
    pub busy: bool,
    /// In memory, not only in the store.
    pub live: bool,
    /// What the user allowed for this session, as Claude's settings write it: `Edit`, `Bash(npm test:*)`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub allowed: Vec<String>,
}

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// The engineer.
    User,
    /// Claude.
    Assistant,
}

/// How a turn stands or ended; also the status of its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Still going on.
    Running,
    /// Claude finished its answer.
    Completed,
    /// Ended by the user.
    Cancelled,
    /// Ended by `claude.timeoutSeconds`.
    TimedOut,
    /// The program or the API failed.
    Failed,
    /// The server ended while it ran, or died (found at the next start).
    Interrupted,
}

/// One stored message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Grows with time within a store.
    pub id: i64,
    /// Who said it.
    pub role: Role,
    /// Text, as said.
    pub content: String,
    /// Tools that Claude used for this message.
    pub tool_calls: Vec<ToolCall>,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// The turn it belongs to.
    pub turn_id: Option<String>,
    /// How that turn stands.
    pub status: Status,
}

/// A tool that Claude used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// Claude's id of this use.
    pub id: String,
    /// `Read`, `Edit`, `Bash`, …
    pub name: String,
    /// As Claude gave it.
    pub input: Value,
    /// None until its result is there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub is_error: Option<bool>,
    /// The result in short.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub summary: Option<String>,
}

/// Tokens, cost and time of one turn.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens sent, those read from and written to the cache included.
    pub input_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// US dollars of this turn (the program itself counts for its whole life).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cost_usd: Option<f64>,
    /// Wall time of the turn.
    pub duration_ms: u64,
    /// Tokens that Claude was sent with the last request of the turn: as much of the window is filled.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub context_tokens: Option<u64>,
    /// Tokens that fit into the model's window, where the program tells it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub context_window: Option<u64>,
}

impl std::ops::Add for Usage {
    type Output = Self;

    /// Both together; a cost that is unknown counts as nothing beside one that is known.
    fn add(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens + other.input_tokens,
            output_tokens: self.output_tokens + other.output_tokens,
            cost_usd: match (self.cost_usd, other.cost_usd) {
                (None, cost) | (cost, None) => cost,
                (Some(a), Some(b)) => Some(a + b),
            },
            duration_ms: self.duration_ms + other.duration_ms,
            // Of the later one: a context is no sum.
            context_tokens: other.context_tokens.or(self.context_tokens),
            context_window: other.context_window.or(self.context_window),
        }
    }
}

/// Why a turn failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnError {
    /// One of the contract's kinds: `claudeFailed`, `timedOut`, `storeFailed`, …
    pub kind: String,
    /// For a person: what happened and what to do.
    pub message: String,
}

/// How a change of a spec reached the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Applied {
    /// Shown by the editor after a workspace edit.
    Edit,
    /// Not open in the editor.
    Disk,
    /// The editor already shows it.
    InSync,
    /// All but the conflicting places merged.
    Conflict,
    /// The editor would not take it, or cannot; the file has it.
    Rejected,
    /// No JSON at the end of the turn: not merged.
    Invalid,
}

/// One change of a spec by Claude.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpecUpdate {
    /// `file:` URI of the spec.
    pub uri: String,
    /// The study it belongs to, if it lies under `studies/`.
    pub study_id: Option<String>,
    /// MD5 (hex) of the file's bytes at the previous update in this turn, else at its start; null: there was no file.
    pub hash_before: Option<String>,
    /// MD5 (hex) of the file's bytes now; null: the file is gone.
    pub hash_after: Option<String>,
    /// It is JSON.
    pub valid: bool,
    /// The whole new document, when valid; only in events, not in a turn's result.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub spec: Option<Value>,
    /// How it reached the editor.
    pub applied: Applied,
}

/// What became of a question for permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    /// The user is being asked.
    Asked,
    /// Claude may.
    Allowed,
    /// Claude may not.
    Denied,
}

/// One event of a running turn: the value of a `$/progress` (contract, "atomizer/chat", explains each field).
#[allow(missing_docs, reason = "the contract explains the fields")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum TurnEvent {
    /// Always first.
    Started { session_id: String, turn_id: String },
    /// It has to wait; counts from 1.
    Queued { position: usize },
    /// More of the answer.
    Text { delta: String },
    /// More of Claude's thinking.
    Thinking { delta: String },
    /// Claude uses a tool.
    ToolCall {
        id: String,
        name: String,
        input: Value,
    },
    /// What the tool gave, in short.
    ToolResult {
        id: String,
        is_error: bool,
        summary: String,
    },
    /// A question for permission, or its answer.
    Permission {
        request_id: String,
        tool_name: String,
        input: Value,
        decision: Decision,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// The API is in trouble and is asked again.
    Retrying {
        attempt: u32,
        max_attempts: u32,
        delay_ms: u64,
        message: String,
    },
    /// A canvas modification found in the answer, as Claude gave it.
    CanvasModification { modification: Value },
    /// A spec changed.
    SpecUpdated(SpecUpdate),
    /// Tokens, cost, time.
    Usage(Usage),
    /// The program took back text it had streamed; this is what stands.
    TextReset { text: String },
    /// The turn failed or timed out; before `Done`.
    Error { error: TurnError },
    /// Always last.
    Done(TurnResult),
}

/// An error that a turn brought into a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Introduced {
    /// Of the spec.
    pub uri: String,
    /// The check's.
    pub code: String,
    /// As the editor shows it.
    pub message: String,
    /// The value (RFC 6901).
    pub pointer: String,
}

/// What came of canvas modifications: the result of `canvas/apply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanvasApplied {
    /// How many modifications were made.
    pub applied: usize,
    /// Those that were not, and why.
    pub skipped: Vec<Skipped>,
}

impl CanvasApplied {
    /// None of `count` modifications was made.
    pub fn none(count: usize, reason: &str) -> Self {
        let skipped = |index| Skipped {
            index,
            reason: reason.into(),
        };
        Self {
            applied: 0,
            skipped: (0..count).map(skipped).collect(),
        }
    }
}

/// The outcome of a turn: the result of `atomizer/chat`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnResult {
    /// The conversation.
    pub session_id: String,
    /// This turn.
    pub turn_id: String,
    /// How it ended.
    pub status: Status,
    /// The whole answer.
    pub text: String,
    /// Tools used, in order.
    pub tool_calls: Vec<ToolCall>,
    /// Canvas modifications in the answer, each once.
    pub canvas_modifications: Vec<Value>,
    /// What came of them where they were applied without asking (`canvas.applyModifications`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub canvas_applied: Option<CanvasApplied>,
    /// Changes of specs, without the documents.
    pub spec_updates: Vec<SpecUpdate>,
    /// Errors that the changed specs have and did not have before the turn.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub introduced: Vec<Introduced>,
    /// Where the program told it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub usage: Option<Usage>,
    /// Where it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<TurnError>,
}

/// What a client sends with a message.
#[derive(Debug, Clone, Default)]
pub struct ChatRequest {
    /// The conversation; `None` makes a new one.
    pub session_id: Option<String>,
    /// What the engineer wrote, ≤ 1 MiB, not blank.
    pub message: String,
    /// Changes the session's mode when given.
    pub mode: Option<Mode>,
    /// Changes the session's study when given.
    pub study_id: Option<String>,
    /// The spec in front of the engineer, and what the editor shows of it now.
    pub open_spec: Option<OpenSpec>,
    /// What is selected in it.
    pub selection: Option<String>,
    /// `{nodes: [], edges: []}` of the graph view.
    pub canvas_state: Option<Value>,
    /// Wait for a running turn of this session instead of failing with `sessionBusy`.
    pub queue_when_busy: bool,
}

/// A spec in front of the engineer.
#[derive(Debug, Clone)]
pub struct OpenSpec {
    /// Its file.
    pub path: std::path::PathBuf,
    /// The buffer's text, saved or not; `None`: the editor has it not open, and the file counts.
    pub text: Option<String>,
}
