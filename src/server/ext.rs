//! The wire types of `atomizer/*` (`docs/protocol.md`; a test fails when the two drift apart).
//!
//! What a conversation is made of ([`crate::session::types`]) goes over the wire as it is.

use lsp_types::{Range, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::session::types::{Applied, Mode};

/// A document by its URI, as in LSP.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct TextDocument {
    /// As the client spells it.
    #[schemars(with = "String")]
    pub uri: Url,
}

/// Params of `chat`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatParams {
    /// Required, not blank, at most 1 MiB.
    pub message: String,
    /// Absent: a new session.
    pub session_id: Option<String>,
    /// `user` (default) or `power`.
    #[schemars(with = "Option<String>")]
    pub mode: Option<Mode>,
    /// The study to talk about.
    pub study_id: Option<String>,
    /// The spec in front of the user.
    pub text_document: Option<TextDocument>,
    /// What is selected in it.
    #[schemars(with = "Option<Value>")]
    pub selection: Option<Range>,
    /// What the graph view shows and has selected: `{nodes: [], edges: []}`.
    pub canvas_state: Option<Value>,
    /// `reject` (default: `sessionBusy`) or `queue`.
    pub when_busy: Option<WhenBusy>,
    /// Events go there as `$/progress`.
    pub partial_result_token: Option<Value>,
    /// Work-done progress goes there.
    pub work_done_token: Option<Value>,
}

/// What to do with a message for a session that is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenBusy {
    /// The error `sessionBusy`.
    Reject,
    /// It waits its turn.
    Queue,
}

/// Params of operations that name a session.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionParams {
    /// `^[A-Za-z0-9_-]{1,64}$`
    pub session_id: String,
}

/// Result of `cancel`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Cancelled {
    /// A turn was running or waiting.
    pub cancelled: bool,
}

/// Params of `session/create`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateParams {
    /// `user` (default) or `power`.
    #[schemars(with = "Option<String>")]
    pub mode: Option<Mode>,
    /// The study to talk about.
    pub study_id: Option<String>,
    /// The spec in front of the user; tells root and study where several are open.
    pub text_document: Option<TextDocument>,
    /// Brings this session back, or makes one under this id.
    pub resume_session_id: Option<String>,
    /// Start Claude now, because a message is likely soon.
    pub warm: Option<bool>,
}

/// Params of `session/list`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListParams {
    /// Only those about this study.
    pub study_id: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// Params of `session/history`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryParams {
    /// Whose messages.
    pub session_id: String,
    /// The newest so many; 100 when absent.
    pub limit: Option<usize>,
    /// Only those before this message.
    pub before: Option<i64>,
}

/// Params of `session/setMode`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetModeParams {
    /// Whose.
    pub session_id: String,
    /// `user` or `power`.
    #[schemars(with = "String")]
    pub mode: Mode,
}

/// Params of `session/setStudy`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetStudyParams {
    /// Whose.
    pub session_id: String,
    /// Null clears; it must be there, so that a forgotten one clears nothing.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required)]
    pub study_id: Option<String>,
}

/// Params without content (`study/list`).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct NoParams {}

/// One study of `study/list`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudyInfo {
    /// Folder below `studies/`.
    pub study_id: String,
    /// Of its spec.
    pub uri: String,
    /// `meta.status`.
    pub status: Option<String>,
    /// It lies in `_inbox`.
    pub draft: bool,
    /// How many errors its spec has.
    pub errors: usize,
    /// How many warnings.
    pub warnings: usize,
}

/// Params of operations on one spec: one of the two is needed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpecParams {
    /// The study whose spec it is.
    pub study_id: Option<String>,
    /// The spec.
    pub text_document: Option<TextDocument>,
}

/// Result of `study/validate`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
    /// Of the spec.
    pub uri: String,
    /// How many errors.
    pub errors: usize,
    /// How many warnings.
    pub warnings: usize,
    /// As the editor shows them.
    #[schemars(with = "Vec<Value>")]
    pub diagnostics: Vec<lsp_types::Diagnostic>,
    /// `format`, `references`, `model`, `search`, `ready`, in this order.
    pub gates: Vec<GateResult>,
}

/// One gate of `study/validate`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateResult {
    /// Its name.
    pub gate: String,
    /// Nothing stands in its way.
    pub passed: bool,
    /// What does.
    pub reasons: Vec<String>,
}

/// Params of operations that name a turn.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnParams {
    /// The turn.
    pub turn_id: String,
}

/// One spec of `turn/diff`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnDiff {
    /// Of the spec.
    pub uri: String,
    /// Unified.
    pub diff: String,
    /// The whole text; null: there was no file.
    pub before: Option<String>,
    /// The whole text; null: there was no file.
    pub after: Option<String>,
}

/// Result of `turn/revert`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Reverted {
    /// Each spec that changed.
    pub changes: Vec<AppliedChange>,
}

/// How a change reached a document.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AppliedChange {
    /// Of the spec.
    pub uri: String,
    /// As in `specUpdated`.
    #[schemars(with = "String")]
    pub applied: Applied,
}

/// Params of `canvas/apply`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CanvasApplyParams {
    /// The study whose spec it is.
    pub study_id: Option<String>,
    /// The spec.
    pub text_document: Option<TextDocument>,
    /// What to do, in order.
    pub modifications: Vec<Value>,
}

/// Params of `conflict/list`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConflictListParams {
    /// Only those of this document.
    pub uri: Option<String>,
    /// Only those of this session's turns.
    pub session_id: Option<String>,
}

/// Params of `conflict/resolve`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConflictResolveParams {
    /// As `conflict/list` tells it.
    pub conflict_id: String,
    /// Whose value stays.
    pub take: Take,
}

/// Whose value stays in a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Take {
    /// The editor's.
    Mine,
    /// Claude's.
    Theirs,
}
