//! The contract's settings that a conversation needs, as plain Rust. The server fills them from what the editor
//! sends, the terminal from its flags; the defaults are the contract's.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// How long a claude program lives (`claude.process`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProcessMode {
    /// One long-lived program for each session: the first word of an answer comes some 14 times sooner.
    #[default]
    PerSession,
    /// A new program for each turn.
    PerTurn,
}

/// What power mode asks for (`claude.powerPermissions`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PowerPermissions {
    /// Read, Edit and Write inside the root unasked, the rest asked for.
    #[default]
    Ask,
    /// Nothing is asked: `--dangerously-skip-permissions`.
    Skip,
}

/// A choice between doing something by itself, offering it, and leaving it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Offer {
    /// Done without a question.
    Auto,
    /// Offered to the user.
    #[default]
    Ask,
    /// Never.
    Off,
}

/// `claude.*`
#[derive(Debug, Clone, PartialEq)]
pub struct ClaudeConfig {
    /// The program and its own first arguments; never empty.
    pub command: Vec<String>,
    /// Appended to every command line.
    pub extra_args: Vec<String>,
    /// Model name or alias; `None`: the program's own choice.
    pub model: Option<String>,
    /// How long a program lives.
    pub process: ProcessMode,
    /// A live program without a turn is ended after this.
    pub idle: Duration,
    /// For one turn; time spent waiting for the user is not counted.
    pub timeout: Duration,
    /// Turns running at once; further ones wait. At least 1.
    pub max_concurrent_turns: usize,
    /// Tools allowed unasked in user mode, inside the root: `Read`, `Bash(python:*)`.
    pub user_tools: Vec<String>,
    /// What power mode asks for.
    pub power_permissions: PowerPermissions,
    /// An unanswered question is then a no.
    pub permission_timeout: Duration,
    /// Environment variables set for the program beside those it inherits.
    pub env: BTreeMap<String, String>,
    /// The executable that supervises a program (`<it> supervise -- program …`); `None`: this very executable.
    /// Tests name the built binary, since their own executable knows no such subcommand.
    pub supervisor: Option<PathBuf>,
}

impl Default for ClaudeConfig {
    fn default() -> Self {
        Self {
            command: vec!["claude".into()],
            extra_args: Vec::new(),
            model: None,
            process: ProcessMode::default(),
            idle: Duration::from_secs(10 * 60),
            timeout: Duration::from_secs(300),
            max_concurrent_turns: 8,
            user_tools: vec!["Read".into()],
            power_permissions: PowerPermissions::default(),
            permission_timeout: Duration::from_secs(300),
            env: BTreeMap::new(),
            supervisor: None,
        }
    }
}

/// Everything a [`super::SessionManager`] can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionConfig {
    /// `claude.*`
    pub claude: ClaudeConfig,
    /// `sessions.idleMinutes`: then forgotten in memory, never in the store.
    pub session_idle: Duration,
    /// `sessions.emptyRetentionHours`: sessions without a message are then removed from the store.
    pub empty_retention: Duration,
    /// `sessions.historyLimit`: messages given back to Claude when its own context is gone.
    pub history_limit: usize,
    /// `storage.path`; `None`: `<root>/.atomizer/atomizer.db`.
    pub storage_path: Option<PathBuf>,
    /// `storage.keepSnapshotsDays`: older snapshots of specs are removed.
    pub keep_snapshots: Duration,
    /// `chat.fixIntroducedErrors`: `auto` lets Claude mend errors it introduced, in at most two more turns.
    pub fix_introduced_errors: Offer,
    /// `canvas.applyModifications`: `auto` applies canvas modifications found in an answer at once.
    pub apply_modifications: Offer,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            claude: ClaudeConfig::default(),
            session_idle: Duration::from_secs(60 * 60),
            empty_retention: Duration::from_secs(24 * 60 * 60),
            history_limit: 10,
            storage_path: None,
            keep_snapshots: Duration::from_secs(90 * 24 * 60 * 60),
            fix_introduced_errors: Offer::default(),
            apply_modifications: Offer::default(),
        }
    }
}
