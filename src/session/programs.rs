//! A session's claude program: found running, started, changed, ended. Whoever holds the seat's lock runs the turn.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    config::{ClaudeConfig, PowerPermissions, ProcessMode, SessionConfig},
    guard::Seen,
    types::Mode,
};
use crate::{
    claude::{CommandLine, Event, Launch, Program, StartError, control},
    study::Root,
};

/// How long an idle program may take to end by itself once its input is closed.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a program is to be.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub claude: ClaudeConfig,
    pub mode: Mode,
    pub folder: PathBuf,
    pub mcp_config: Option<PathBuf>,
    /// Claude's own id of the conversation, where it has one.
    pub resume: Option<String>,
}

/// A running program and what goes with it.
pub(super) struct Seat {
    pub program: Program,
    pub seen: Seen,
    /// What the program had counted at the end of the turn before: it adds up over its whole life.
    pub cost_so_far: f64,
    /// It was started with `--resume`, and no turn has shown yet that it knows the conversation.
    pub resuming: bool,
    /// It knows nothing of the conversation: the next message must tell.
    pub fresh: bool,
    line: CommandLine,
    /// The mode that its MCP server was told, where it has one.
    mcp_mode: Option<Mode>,
    idle_since: Instant,
}

impl Wanted {
    /// A new program for this mode, with nothing to resume.
    pub(super) fn new(config: &SessionConfig, root: &Root, mode: Mode) -> Self {
        let (claude, folder) = (config.claude.clone(), root.path().to_owned());
        Self {
            claude,
            mode,
            folder,
            mcp_config: None,
            resume: None,
        }
    }

    fn line(&self) -> CommandLine {
        CommandLine {
            command: self.claude.command.clone(),
            model: self.claude.model.clone(),
            skip_permissions: self.mode == Mode::Power
                && self.claude.power_permissions == PowerPermissions::Skip,
            mcp_config: self.mcp_config.clone(),
            extra: self.claude.extra_args.clone(),
        }
    }

    fn mcp_mode(&self) -> Option<Mode> {
        self.mcp_config.as_ref().map(|_| self.mode)
    }

    fn launch(&self) -> Launch {
        Launch {
            line: self.line(),
            resume: self.resume.clone(),
            folder: self.folder.clone(),
            env: self.claude.env.clone(),
            supervisor: self.claude.supervisor.clone(),
        }
    }

    /// The program is there, as far as can be told without starting it.
    pub(super) fn check(&self) -> Result<(), StartError> {
        Program::find(&self.launch()).map(drop)
    }
}

impl Seat {
    /// Makes sure that the seat holds a running program as wanted. One that differs in its model only is told; one
    /// that differs otherwise is replaced by one that takes up the same conversation.
    pub(super) async fn ensure(seat: &mut Option<Self>, wanted: &Wanted) -> Result<(), StartError> {
        if let Some(mut found) = seat.take() {
            if found.program.is_running() && found.becomes(wanted).await {
                *seat = Some(found);
                return Ok(());
            }
            found.end().await;
        }
        *seat = Some(Self::start(wanted).await?);
        Ok(())
    }

    async fn start(wanted: &Wanted) -> Result<Self, StartError> {
        let mut program = Program::start(&wanted.launch()).await?;
        // Nobody waits for its answer: a first message may follow at once.
        drop(program.request("initialize", json!({})));
        Ok(Self {
            program,
            seen: Seen::default(),
            cost_so_far: 0.0,
            resuming: wanted.resume.is_some(),
            fresh: wanted.resume.is_none(),
            line: wanted.line(),
            mcp_mode: wanted.mcp_mode(),
            idle_since: Instant::now(),
        })
    }

    async fn becomes(&mut self, wanted: &Wanted) -> bool {
        let line = wanted.line();
        if self.mcp_mode != wanted.mcp_mode() {
            return false;
        }
        if self.line == line {
            return true;
        }
        let Some(model) = line.model.clone() else {
            return false;
        };
        if (CommandLine {
            model: self.line.model.clone(),
            ..line.clone()
        }) != self.line
        {
            return false;
        }
        let answer = self.program.request("set_model", json!({"model": model}));
        let accepted = matches!(tokio::time::timeout(PATIENCE, answer).await, Ok(Ok(Ok(_))));
        self.line = line;
        accepted
    }

    /// Forgets what came between turns; a question that nobody heard is answered, or the program would wait for ever.
    pub(super) fn clear(&mut self) {
        while let Some(event) = self.program.try_next() {
            if let Event::CanUseTool(question) = event {
                self.program
                    .write(control::deny(&question.request_id, "no turn is running"));
            }
        }
    }

    /// A turn is over.
    pub(super) fn rest(&mut self) {
        self.resuming = false;
        self.fresh = false;
        self.idle_since = Instant::now();
    }

    /// No turn for so long.
    pub(super) fn idle_for(&self) -> Duration {
        self.idle_since.elapsed()
    }

    /// Ends the program, giving it a moment to end by itself.
    pub(super) async fn end(mut self) {
        self.program.stop(PATIENCE).await;
    }
}

/// One program a turn.
pub(super) fn is_for_one_turn(claude: &ClaudeConfig) -> bool {
    claude.process == ProcessMode::PerTurn
}
