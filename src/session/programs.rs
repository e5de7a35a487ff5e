//! A session's claude program: found running, started, changed, ended. Whoever holds the seat's lock runs the turn.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    config::{ClaudeConfig, PowerPermissions, ProcessMode, SessionConfig},
    types::Mode,
};
use crate::{
    claude::{CommandLine, Event, Launch, Program, StartError, control},
    study::Root,
};

/// How long an idle program may take to end by itself once its input is closed.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a program that is interrupted may take to tell its result.
pub(super) const INTERRUPT: Duration = Duration::from_secs(1);

/// A program's answer to a request, once it is there.
type Reply = oneshot::Receiver<Result<Value, String>>;

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
    /// No turn has run in it.
    pub unused: bool,
    /// It was started for the turn that is about to run: nothing of what comes from it was there before.
    pub just_started: bool,
    /// What the program had counted at the end of the turn before: it adds up over its whole life.
    pub cost_so_far: f64,
    /// It was started with `--resume`, and no turn has shown yet that it knows the conversation.
    pub resuming: bool,
    /// It knows nothing of the conversation: the next message must tell.
    pub fresh: bool,
    /// What it was started with, but for the model: that is the one it was told last.
    line: CommandLine,
    /// It was started so that it skips permissions, and does so now.
    skips: bool,
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
    /// Makes sure that the seat holds a running program as wanted, which waits for a message. One that differs in what
    /// it can be told only is told; one that differs otherwise is replaced by one that takes up the same conversation.
    pub(super) async fn ensure(seat: &mut Option<Self>, wanted: &Wanted) -> Result<(), StartError> {
        if let Some(mut found) = seat.take() {
            if found.program.is_running() && found.wakes().await && found.becomes(wanted).await {
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
            unused: true,
            just_started: true,
            cost_so_far: 0.0,
            resuming: wanted.resume.is_some(),
            fresh: wanted.resume.is_none(),
            skips: wanted.line().skip_permissions,
            line: wanted.line(),
            mcp_mode: wanted.mcp_mode(),
            idle_since: Instant::now(),
        })
    }

    async fn becomes(&mut self, wanted: &Wanted) -> bool {
        let line = wanted.line();
        let differs = CommandLine {
            model: self.line.model.clone(),
            skip_permissions: self.line.skip_permissions,
            ..line.clone()
        } != self.line;
        let forgets_model = line.model.is_none() && self.line.model.is_some();
        let cannot_skip = line.skip_permissions && !self.line.skip_permissions;
        if differs || forgets_model || cannot_skip || self.mcp_mode != wanted.mcp_mode() {
            return false;
        }
        let mut replies: Vec<Reply> = self.skip(line.skip_permissions).into_iter().collect();
        if let Some(model) = line
            .model
            .filter(|model| self.line.model.as_ref() != Some(model))
        {
            replies.push(self.program.request("set_model", json!({"model": model})));
            self.line.model = Some(model);
        }
        for reply in replies {
            if !matches!(tokio::time::timeout(PATIENCE, reply).await, Ok(Ok(Ok(_)))) {
                return false;
            }
        }
        true
    }

    /// Has it skip permissions, or no longer; `None`: nothing is to be said, or could be, since only a program that was
    /// started for that can skip them.
    pub(super) fn skip(&mut self, skips: bool) -> Option<Reply> {
        if self.skips == skips || !self.line.skip_permissions {
            return None;
        }
        self.skips = skips;
        let mode = if skips {
            "bypassPermissions"
        } else {
            "default"
        };
        Some(
            self.program
                .request("set_permission_mode", json!({"mode": mode})),
        )
    }

    /// Has it listen to us again. What it says by itself at that moment is interrupted, so that its result is not
    /// taken for the answer to what it is told next. `false`: it does not obey, and was ended.
    async fn wakes(&mut self) -> bool {
        let meanwhile = self.program.wake().await;
        self.cost_so_far = meanwhile.total_cost_usd.unwrap_or(self.cost_so_far);
        if !meanwhile.speaks {
            return true;
        }
        drop(self.program.request("interrupt", json!({})));
        let quiet = tokio::time::timeout(INTERRUPT, self.until_quiet()).await;
        let obeyed = quiet.unwrap_or(false);
        if !obeyed {
            self.program.stop(Duration::ZERO).await;
        }
        obeyed
    }

    /// `false`: it died.
    async fn until_quiet(&mut self) -> bool {
        while let Some(event) = self.program.next().await {
            match event {
                Event::Result(outcome) => {
                    self.cost_so_far = outcome.total_cost_usd.unwrap_or(self.cost_so_far);
                    return true;
                }
                Event::CanUseTool(question) => self
                    .program
                    .write(control::deny(&question.request_id, "the user has written")),
                _ => {}
            }
        }
        false
    }

    /// It waits for its first message.
    pub(super) fn wait(&mut self) {
        self.just_started = false;
        self.program.rest(false);
    }

    /// A turn is over; `forced`: by somebody who does not want to hear more of it.
    pub(super) fn rest(&mut self, forced: bool) {
        self.program.rest(forced);
        self.just_started = false;
        self.unused = false;
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
