//! One turn: a message goes to the program, its events become the turn's, until the result, a cancel, the time limit
//! or the program's death. Whatever happens, what was received is stored and nothing that the turn started is left.

mod end;
mod questions;

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

pub(super) use end::{End, usage};

use super::{
    answer::Answer,
    canvas,
    config::{ClaudeConfig, PowerPermissions},
    guard::Seen,
    host::{EventSink, Host, PermissionAnswer},
    permission::{self, Rule},
    programs::{INTERRUPT, Seat},
    saver::Saver,
    specs::SpecKeeper,
    types::{Decision, Mode, TurnEvent},
};
use crate::claude::{
    Event, Process, control,
    stream::{Outcome, ToolQuestion},
};

/// How long a program that closed its output may take to end by itself.
const DYING: Duration = Duration::from_millis(500);

/// Where a turn's events go, until nobody wants them any more.
pub(super) struct Outlet {
    sink: Arc<dyn EventSink>,
    closed: AtomicBool,
}

impl Outlet {
    pub(super) fn new(sink: Arc<dyn EventSink>) -> Arc<Self> {
        Arc::new(Self {
            sink,
            closed: AtomicBool::new(false),
        })
    }

    pub(super) fn send(&self, event: TurnEvent) {
        if !self.closed.load(Ordering::Acquire) {
            self.sink.send(event);
        }
    }

    /// Nothing comes after this.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

/// What Claude may do; shared with the session, so that a change of mode counts at once.
#[derive(Debug)]
pub(super) struct Allowed {
    pub mode: Mode,
    /// What the user allowed for this session; forgotten when the mode changes.
    pub rules: Vec<Rule>,
}

/// What a turn is given.
pub(super) struct Setting {
    pub session_id: String,
    pub turn_id: String,
    pub allowed: Arc<Mutex<Allowed>>,
    pub mode_changed: Arc<Notify>,
    pub claude: ClaudeConfig,
    pub root: PathBuf,
    pub user_tools: Vec<Rule>,
    pub host: Arc<dyn Host>,
    pub outlet: Arc<Outlet>,
    pub cancel: CancellationToken,
}

impl Setting {
    fn allowed(&self) -> MutexGuard<'_, Allowed> {
        self.allowed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is left when the program's part is over.
pub(super) struct Outcomes {
    pub end: End,
    pub answer: Answer,
    pub canvas: Vec<Value>,
    pub claude_session: Option<String>,
    /// Nothing at all came from the program.
    pub silent: bool,
}

impl Outcomes {
    /// Cancelled before anything was sent.
    pub(super) fn unsent() -> Self {
        Self {
            end: End::Cancelled(None),
            answer: Answer::default(),
            canvas: Vec::new(),
            claude_session: None,
            silent: true,
        }
    }

    /// The program has ended without a word: it is not the message that it fails at.
    pub(super) fn failed_in_silence(&self) -> bool {
        self.silent
            && match &self.end {
                End::Died(_) => true,
                End::Result(outcome) => outcome.is_error,
                End::Cancelled(_) | End::TimedOut(_) => false,
            }
    }
}

/// A question that the user has not answered yet.
struct Open {
    question: ToolQuestion,
    /// Dropping it withdraws the question.
    task: AbortOnDropHandle<()>,
}

/// A turn while it runs.
pub(super) struct Turn<'a> {
    setting: &'a Setting,
    seat: &'a mut Seat,
    seen: &'a mut Seen,
    specs: &'a SpecKeeper,
    saver: &'a Saver,
    answer: Answer,
    canvas: Vec<Value>,
    claude_session: Option<String>,
    open: HashMap<String, Open>,
    answers: mpsc::UnboundedSender<(String, PermissionAnswer)>,
    inbox: mpsc::UnboundedReceiver<(String, PermissionAnswer)>,
    clock: Clock,
    baseline: HashSet<Process>,
    silent: bool,
}

/// Time that counts: not while the user is asked.
struct Clock {
    left: Duration,
    running_since: Option<Instant>,
}

impl Clock {
    fn new(limit: Duration) -> Self {
        Self {
            left: limit,
            running_since: Some(Instant::now()),
        }
    }

    fn pause(&mut self) {
        if let Some(since) = self.running_since.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
    }

    fn resume(&mut self) {
        self.running_since.get_or_insert_with(Instant::now);
    }

    /// When the time is up; never while paused.
    async fn up(&self) {
        match self.running_since {
            Some(since) => tokio::time::sleep_until((since + self.left).into()).await,
            None => std::future::pending().await,
        }
    }
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        setting: &'a Setting,
        seat: &'a mut Seat,
        seen: &'a mut Seen,
        specs: &'a SpecKeeper,
        saver: &'a Saver,
    ) -> Self {
        let (answers, inbox) = mpsc::unbounded_channel();
        Self {
            clock: Clock::new(setting.claude.timeout),
            setting,
            seat,
            seen,
            specs,
            saver,
            answer: Answer::default(),
            canvas: Vec::new(),
            claude_session: None,
            open: HashMap::new(),
            answers,
            inbox,
            baseline: HashSet::new(),
            silent: true,
        }
    }

    /// Sends the prompt and follows the program until the turn is over.
    pub(super) async fn run(mut self, prompt: &str) -> Outcomes {
        if !self.seat.just_started {
            self.baseline = self.seat.program.children().await;
        }
        self.seat.program.write(control::user_message(prompt));
        let end = self.follow().await;
        self.withdraw_all();
        let end = match end {
            End::Result(outcome) => {
                self.last_words(&outcome);
                End::Result(outcome)
            }
            End::Cancelled(_) => End::Cancelled(self.interrupt().await),
            End::TimedOut(_) => End::TimedOut(self.interrupt().await),
            End::Died(_) => self.bury().await,
        };
        self.find_canvas();
        Outcomes {
            end,
            answer: self.answer,
            canvas: self.canvas,
            claude_session: self.claude_session,
            silent: self.silent,
        }
    }

    async fn follow(&mut self) -> End {
        let cancel = self.setting.cancel.clone();
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return End::Cancelled(None),
                () = self.setting.mode_changed.notified() => self.mode_changed(),
                Some((id, answer)) = self.inbox.recv() => self.answered(&id, answer).await,
                event = self.seat.program.next() => match event {
                    Some(Event::Result(outcome)) if outcome.by_itself => self.not_for_us(&outcome),
                    Some(Event::Result(outcome)) => {
                        self.note_session(&outcome);
                        return End::Result(*outcome);
                    }
                    Some(event) => self.take(event).await,
                    None => return End::Died(String::new()),
                },
                () = self.clock.up() => return End::TimedOut(None),
            }
        }
    }

    async fn take(&mut self, event: Event) {
        let was_silent = std::mem::take(&mut self.silent);
        for heard in self.answer.take(&event) {
            self.tell(heard);
        }
        match event {
            Event::Init {
                session_id,
                has_servers,
                failed_servers,
            } => {
                self.claude_session = session_id.or(self.claude_session.take());
                for server in failed_servers {
                    self.setting
                        .host
                        .warn(format!("Claude could not start the MCP server `{server}`."));
                }
                if was_silent && has_servers {
                    // They have started by now, and no tool has.
                    self.baseline.extend(self.seat.program.children().await);
                }
            }
            Event::BlockStop { .. } => self.find_canvas(),
            Event::CanUseTool(question) => self.asked(question).await,
            Event::QuestionWithdrawn { request_id } => self.withdrawn(&request_id),
            Event::PermissionDenied {
                tool_use_id,
                tool_name,
                reason,
            } => {
                let request_id = tool_use_id.unwrap_or_default();
                let denied = TurnEvent::Permission {
                    request_id,
                    tool_name,
                    input: Value::Null,
                    decision: Decision::Denied,
                    reason: Some(reason),
                };
                self.setting.outlet.send(denied);
            }
            Event::Retry {
                attempt,
                max_attempts,
                delay_ms,
                message,
            } => {
                self.setting.outlet.send(TurnEvent::Retrying {
                    attempt,
                    max_attempts,
                    delay_ms,
                    message,
                });
            }
            _ => {}
        }
    }

    /// Passes an event of the answer on, and sees to what goes with it.
    fn tell(&mut self, event: TurnEvent) {
        match &event {
            TurnEvent::Text { delta } => self.saver.append(delta),
            TurnEvent::TextReset { text } => self.saver.set(text, self.answer.tool_calls()),
            TurnEvent::ToolCall { id, name, input } => {
                self.saver.set(self.answer.text(), self.answer.tool_calls());
                if self.runs_unasked() {
                    self.seen.begins(id, name, input, &self.setting.root);
                    if !reads_only(name) {
                        let file = permission::written_file(name, input, &self.setting.root);
                        self.specs.began(id, file);
                    }
                }
            }
            TurnEvent::ToolResult { id, is_error, .. } => {
                self.saver.set(self.answer.text(), self.answer.tool_calls());
                self.seen.ends(id, *is_error);
                self.specs.ended(id);
            }
            _ => {}
        }
        self.setting.outlet.send(event);
    }

    fn runs_unasked(&self) -> bool {
        self.setting.allowed().mode == Mode::Power
            && self.setting.claude.power_permissions == PowerPermissions::Skip
    }

    /// The user has taken his leave to skip permissions back, or given it: the program is told, so that what it would
    /// not ask for otherwise is asked for, too. Every other tool is judged by the mode of the moment it is asked for.
    fn mode_changed(&mut self) {
        let skips = self.runs_unasked();
        // Nobody waits for its answer: a cancel would have to wait, too.
        drop(self.seat.skip(skips));
    }

    /// The program has come to the end of something that it said by itself when our message was on its way: that was
    /// no answer.
    fn not_for_us(&mut self, outcome: &Outcome) {
        self.seat.cost_so_far = outcome.total_cost_usd.unwrap_or(self.seat.cost_so_far);
        self.canvas.clear();
        if let Some(reset) = self.answer.take_all_back() {
            self.tell(reset);
        }
    }

    /// A result without streamed text: what the program answers by itself.
    fn last_words(&mut self, outcome: &Outcome) {
        if !outcome.is_error
            && self.answer.text().is_empty()
            && let Some(event) = self.answer.say(&outcome.text)
        {
            self.tell(event);
        }
    }

    fn note_session(&mut self, outcome: &Outcome) {
        if !(outcome.is_error && self.silent) {
            self.claude_session = outcome.session_id.clone().or(self.claude_session.take());
        }
    }

    fn find_canvas(&mut self) {
        let mut found = canvas::modifications(self.answer.text());
        found.retain(|modification| !self.canvas.contains(modification));
        for modification in found {
            self.canvas.push(modification.clone());
            self.setting
                .outlet
                .send(TurnEvent::CanvasModification { modification });
        }
    }

    /// Interrupts the program and takes away what it started for this turn; a program that does not obey is ended.
    async fn interrupt(&mut self) -> Option<Outcome> {
        drop(self.seat.program.request("interrupt", json!({})));
        let result = tokio::time::timeout(INTERRUPT, self.until_result())
            .await
            .unwrap_or(None);
        self.seat
            .program
            .kill_children(std::mem::take(&mut self.baseline))
            .await;
        // On Windows what it started can only be ended with it; the next message takes up the conversation.
        if result.is_none() || cfg!(windows) {
            self.seat.program.stop(Duration::ZERO).await;
        }
        result
    }

    /// `None`: it died.
    async fn until_result(&mut self) -> Option<Outcome> {
        loop {
            match self.seat.program.next().await {
                // Our message comes next: it is to be interrupted, too.
                Some(Event::Result(outcome)) if outcome.by_itself => {
                    drop(self.seat.program.request("interrupt", json!({})));
                }
                Some(Event::Result(outcome)) => {
                    self.note_session(&outcome);
                    return Some(*outcome);
                }
                // What was done is told; what would be said now is not.
                Some(event @ Event::ToolResults(_)) => {
                    for heard in self.answer.take(&event) {
                        self.tell(heard);
                    }
                }
                Some(_) => {}
                None => return None,
            }
        }
    }

    /// The program is dying or dead: why?
    async fn bury(&mut self) -> End {
        let ended = tokio::time::timeout(DYING, self.seat.program.ended()).await;
        if ended.is_err() {
            self.seat.program.stop(Duration::ZERO).await;
        }
        let how = match ended {
            Ok(exit) => match exit.code {
                Some(code) if code > 128 => format!("claude was ended by signal {}", code - 128),
                Some(code) => format!("claude exited with code {code} in the middle of its answer"),
                None => "claude was killed".to_owned(),
            },
            Err(_) => "claude closed its output in the middle of its answer".to_owned(),
        };
        let stderr = self.seat.program.stderr();
        End::Died(if stderr.is_empty() {
            how
        } else {
            format!("{how}: {stderr}")
        })
    }
}

/// Tools that change nothing on disk.
fn reads_only(tool: &str) -> bool {
    matches!(
        tool,
        "Read" | "Glob" | "Grep" | "LS" | "NotebookRead" | "WebFetch" | "WebSearch" | "ToolSearch"
    )
}
