//! What the turn engine needs of whoever runs it: a language server with an editor behind it, or a terminal.

use std::{path::PathBuf, sync::Arc, time::SystemTime};

use futures::future::BoxFuture;
use serde_json::Value;

use super::types::{Applied, Introduced, SessionInfo, SpecUpdate, TurnEvent};

/// A question of Claude: may it use this tool?
#[derive(Debug, Clone)]
pub struct PermissionQuestion {
    /// The conversation.
    pub session_id: String,
    /// The turn that asks.
    pub turn_id: String,
    /// Ours; also names the question when it is withdrawn.
    pub request_id: String,
    /// `Bash`, `Edit`, …
    pub tool_name: String,
    /// As Claude gave it.
    pub input: Value,
    /// In words, for a person.
    pub description: String,
}

/// The user's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum PermissionAnswer {
    /// This once.
    AllowOnce,
    /// Whenever it is asked again in this session, as the contract's "Permission" says.
    AllowForSession,
    /// No, and why, as Claude is told.
    Deny(String),
}

/// A spec that Claude changed on disk, whole and valid JSON.
#[derive(Debug, Clone)]
pub struct SpecChange {
    /// The conversation.
    pub session_id: String,
    /// The turn that changed it.
    pub turn_id: String,
    /// First words of the message, for the edit's label.
    pub label: String,
    /// The file.
    pub path: PathBuf,
    /// The file's text when the turn began (or when it was last delivered in this turn); `None`: no file.
    pub base: Option<Arc<str>>,
    /// The file's text now; `None`: the file is gone.
    pub theirs: Option<Arc<str>>,
    /// When that was read.
    pub read_at: SystemTime,
    /// Whose change it is.
    pub author: Author,
}

/// Who changed a spec while a turn runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The turn's Claude.
    Claude,
    /// An engine, git, another editor, another turn: where the editor shows the file as it was, it reloads it by itself,
    /// and nothing is done ([`Applied::Disk`]).
    Others,
}

/// The editor or terminal behind the turn engine. Every method may be called from any task.
pub trait Host: Send + Sync + 'static {
    /// A session came, changed or went.
    fn session_changed(&self, session: SessionInfo);

    /// Brings a change of a spec to the user's screen, and says how that went.
    /// Called in order for one file, and never before the former call for that file has ended.
    fn deliver(&self, change: SpecChange) -> BoxFuture<'static, Applied>;

    /// The specs that the user has open.
    fn open_specs(&self) -> BoxFuture<'static, Vec<PathBuf>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    /// Whether `text`, which the file got at `written`, is what the user saved there. May take some tenths of a second,
    /// where the editor shows just that text and has not said yet that it saved it.
    fn is_saved(
        &self,
        _path: PathBuf,
        _text: Arc<str>,
        _written: SystemTime,
    ) -> BoxFuture<'static, bool> {
        Box::pin(std::future::ready(false))
    }

    /// What the user saved in this file last, and when the editor said so.
    fn last_save(&self, _path: PathBuf) -> BoxFuture<'static, Option<(Arc<str>, SystemTime)>> {
        Box::pin(std::future::ready(None))
    }

    /// Which errors a changed spec has that it did not have before, as this host's settings see them.
    fn introduced(
        &self,
        path: PathBuf,
        before: Option<Arc<str>>,
        after: Arc<str>,
    ) -> BoxFuture<'static, Vec<Introduced>>;

    /// Tells whoever listens about a change, beside the turn's own events (`atomizer/specUpdated`).
    fn spec_updated(&self, update: &SpecUpdate);

    /// Asks the user. Dropping the future withdraws the question.
    fn ask(&self, question: PermissionQuestion) -> BoxFuture<'static, PermissionAnswer>;

    /// A message for the user that belongs to no turn's stream.
    fn warn(&self, message: String);
}

/// Where a turn's events go. Text may be coalesced, never reordered or lost.
pub trait EventSink: Send + Sync + 'static {
    /// Takes one event; must not block. Slow readers are the sink's own affair.
    fn send(&self, event: TurnEvent);
}
