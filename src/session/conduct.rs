//! From a message to its result: the session found, the message stored, the turn run, its outcome stored and told.

mod prompt;

use std::{sync::Arc, time::Instant};

use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use super::{
    config::SessionConfig,
    error::SessionError,
    lease,
    live::{Chair, Entry, Live},
    manager::SessionManager,
    permission::Rule,
    programs::{Seat, Wanted, is_for_one_turn},
    queue::{Admission, Permit},
    saver::Saver,
    slash,
    specs::{Changes, Means, Scope, SpecKeeper},
    store::{StoredSession, TurnEnd},
    turn::{self, End, Outcomes, Outlet, Setting, Turn},
    types::{ChatRequest, Status, ToolCall, TurnError, TurnEvent, TurnResult, Usage},
};
use crate::claude::StartError;

/// The longest message, in bytes.
const LONGEST_MESSAGE: usize = 1 << 20;

/// First words of a message, for the label of an edit.
const LABEL_CHARS: usize = 40;

/// Everything a turn needs from its beginning to its end.
pub(super) struct Conduct {
    manager: Arc<SessionManager>,
    config: Arc<SessionConfig>,
    request: ChatRequest,
    outlet: Arc<Outlet>,
    cancel: CancellationToken,
    live: Arc<Live>,
    chair: OwnedMutexGuard<Chair>,
    entry: Entry,
    session: StoredSession,
    /// The session was made for this message.
    new: bool,
    began: Instant,
}

/// How a turn came out, before it is stored and told.
#[derive(Default)]
struct Outcome {
    status: Option<Status>,
    error: Option<TurnError>,
    text: String,
    tool_calls: Vec<ToolCall>,
    canvas: Vec<serde_json::Value>,
    changes: Changes,
    usage: Option<Usage>,
    claude_session: Option<String>,
}

/// The parts of a request that can be wrong by themselves.
pub(super) fn check(request: &ChatRequest) -> Result<(), SessionError> {
    let wrong = |message: String| {
        Err(SessionError::InvalidParams {
            field: "message",
            message,
        })
    };
    if request.message.trim().is_empty() {
        return wrong("must not be blank".into());
    }
    if request.message.len() > LONGEST_MESSAGE {
        return wrong(format!(
            "has {} bytes; at most {LONGEST_MESSAGE} (1 MiB) can be sent",
            request.message.len()
        ));
    }
    match &request.session_id {
        Some(id) => super::id::check_session_id("sessionId", id),
        None => Ok(()),
    }
}

impl Conduct {
    /// Finds or makes the session, and waits for its former turn where the request says so.
    pub(super) async fn begin(
        manager: Arc<SessionManager>,
        request: ChatRequest,
        outlet: Arc<Outlet>,
        cancel: CancellationToken,
    ) -> Result<Self, SessionError> {
        let config = manager.config();
        let study = manager.check_study(request.study_id.as_deref())?;
        let new = request.session_id.is_none();
        let live = match &request.session_id {
            Some(id) => manager.find(id).await?,
            None => {
                let mode = request.mode.unwrap_or_default();
                if !slash::is_local(&request.message) {
                    Wanted::new(&config, manager.root(), mode)
                        .check()
                        .map_err(start_error)?;
                }
                manager.make(None, mode, study.as_deref()).await?
            }
        };
        let id = live.id.clone();
        let begun = Self::sit_down(
            manager.clone(),
            live,
            request,
            outlet,
            cancel,
            config,
            study,
        );
        match begun.await {
            Ok(conduct) => Ok(Self { new, ..conduct }),
            Err(error) => {
                if new {
                    manager.forget(&id).await;
                }
                Err(error)
            }
        }
    }

    /// Enters the session and takes its chair.
    async fn sit_down(
        manager: Arc<SessionManager>,
        mut live: Arc<Live>,
        request: ChatRequest,
        outlet: Arc<Outlet>,
        cancel: CancellationToken,
        config: Arc<SessionConfig>,
        study: Option<String>,
    ) -> Result<Self, SessionError> {
        let (entry, chair) = loop {
            let entry = live
                .enter(cancel.clone(), request.queue_when_busy)
                .ok_or_else(|| SessionError::SessionBusy(live.id.clone()))?;
            let chair = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(SessionError::Cancelled),
                chair = live.chair() => chair,
            };
            if manager.holds(&live)? {
                break (entry, chair);
            }
            // It was closed meanwhile, and is brought back. Nobody would hand over the chair of the former.
            live = manager.find(&live.id).await?;
        };
        let session = manager.settle(&live, request.mode, study.map(Some)).await?;
        Ok(Self {
            manager,
            config,
            request,
            outlet,
            cancel,
            live,
            chair,
            entry,
            session,
            new: false,
            began: Instant::now(),
        })
    }

    /// Runs the turn to its result.
    pub(super) async fn run(mut self) -> Result<TurnResult, SessionError> {
        if slash::is_local(&self.request.message) {
            return self.answer_here().await;
        }
        if let Err(error) = self.take_lease().await {
            self.give_up().await;
            return Err(error);
        }
        // A program that cannot be started is told before the message is stored.
        let admission = self.manager.queue().enter();
        let started = match &admission {
            Admission::Now(_) => self.ready().await,
            Admission::Later(_) => self.wanted().check(),
        };
        if let Err(error) = started {
            self.give_up().await;
            return Err(start_error(error));
        }
        let turn_id = match self.store_message().await {
            Ok(turn_id) => turn_id,
            Err(error) => {
                self.give_up().await;
                return Err(error);
            }
        };
        let outcome = match self.admitted(admission).await {
            Some(_permit) => self.converse(&turn_id).await,
            None => Outcome {
                status: Some(Status::Cancelled),
                ..Outcome::default()
            },
        };
        Ok(self.finish(turn_id, outcome).await)
    }

    // ---- Before the turn ----

    /// Makes sure that no other server runs a program on this conversation.
    async fn take_lease(&mut self) -> Result<(), SessionError> {
        let waits = self.request.queue_when_busy;
        lease::take(
            &self.manager,
            &self.live.id,
            &mut self.chair,
            waits,
            &self.cancel,
        )
        .await
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            resume: self.session.claude_session.clone(),
            mcp_config: self.chair.mcp_config(),
            ..Wanted::new(&self.config, self.manager.root(), self.session.mode)
        }
    }

    /// A running program in the seat.
    async fn ready(&mut self) -> Result<(), StartError> {
        if let Err(error) =
            self.chair
                .offer_tools(self.manager.root(), &self.live.id, self.session.mode)
        {
            self.manager.host().warn(format!(
                "Claude has to do without Atomizer's own tools: {error}"
            ));
        }
        let wanted = self.wanted();
        Seat::ensure(&mut self.chair.seat, &wanted).await
    }

    /// Nothing has begun: nothing is left but the program that an earlier turn left, or that is ready for the next.
    async fn give_up(&mut self) {
        let stays = !self.new && !is_for_one_turn(&self.config.claude);
        if !stays || self.chair.seat.is_none() {
            self.manager.vacate(&self.live.id, &mut self.chair).await;
        }
        if self.new {
            self.manager.forget(&self.live.id).await;
        }
    }

    /// Stores the message, and with it begins the turn.
    async fn store_message(&mut self) -> Result<String, SessionError> {
        if let Some((turn, end)) = self.chair.unstored.take() {
            let (again, last) = (turn.clone(), end.clone());
            if let Err(error) = self
                .manager
                .store(move |store| store.finish_turn(&turn, &end))
                .await
            {
                self.chair.unstored = Some((again, last));
                return Err(error);
            }
        }
        let (id, message) = (self.live.id.clone(), self.request.message.clone());
        let turn_id = self
            .manager
            .store(move |store| store.begin_turn(&id, &message))
            .await?;
        let session_id = self.live.id.clone();
        self.outlet.send(TurnEvent::Started {
            session_id,
            turn_id: turn_id.clone(),
        });
        self.manager.announce(&self.live.id).await;
        Ok(turn_id)
    }

    /// Waits in line; `None`: cancelled meanwhile.
    async fn admitted(&self, admission: Admission) -> Option<Permit> {
        let mut place = match admission {
            Admission::Now(permit) => return Some(permit),
            Admission::Later(place) => place,
        };
        self.outlet.send(TurnEvent::Queued {
            position: place.position(),
        });
        loop {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return None,
                moved = place.moved() => match moved {
                    Ok(permit) => return Some(permit),
                    Err(position) => self.outlet.send(TurnEvent::Queued { position }),
                },
            }
        }
    }

    // ---- The turn ----

    async fn converse(&mut self, turn_id: &str) -> Outcome {
        let means = Means {
            host: self.manager.host().clone(),
            store: self.manager.store_handle(),
            outlet: self.outlet.clone(),
            following: self.manager.follow_specs(),
        };
        let specs = SpecKeeper::start(self.scope(turn_id), means).await;
        let saver = Saver::new(self.manager.store_handle(), turn_id.to_owned());
        let setting = self.setting(turn_id);
        let outcomes = self.attempts(&setting, &specs, &saver).await;
        let changes = specs.finish().await;
        saver.stop().await;
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(error) => {
                let error = start_error(error);
                let error = TurnError {
                    kind: error.kind().into(),
                    message: error.to_string(),
                };
                return Outcome {
                    status: Some(Status::Failed),
                    error: Some(error),
                    changes,
                    ..Outcome::default()
                };
            }
        };
        let usage = self.usage(&outcomes.end);
        let stderr = self
            .chair
            .seat
            .as_ref()
            .map(|seat| seat.program.stderr())
            .unwrap_or_default();
        let (status, error) = outcomes.end.verdict(self.config.claude.timeout, &stderr);
        let claude_session = outcomes.claude_session;
        let (text, tool_calls) = outcomes.answer.into_parts();
        Outcome {
            status: Some(status),
            error,
            text,
            tool_calls,
            canvas: outcomes.canvas,
            changes,
            usage,
            claude_session,
        }
    }

    /// Sends the message; once more where the program turns out to have died meanwhile, or not to know the
    /// conversation that it was to resume: then it is told what was said before.
    async fn attempts(
        &mut self,
        setting: &Setting,
        specs: &SpecKeeper,
        saver: &Saver,
    ) -> Result<Outcomes, StartError> {
        loop {
            self.ready().await?;
            let fresh = self.chair.seat.as_ref().is_none_or(|seat| seat.fresh);
            let prompt = self.prompt(&setting.turn_id, fresh).await;
            let Some(seat) = self.chair.seat.as_mut() else {
                return Err(StartError::Failed("it ended at once".into()));
            };
            let outcomes = Turn::new(setting, seat, specs, saver).run(&prompt).await;
            if !outcomes.failed_in_silence() || seat.fresh {
                return Ok(outcomes);
            }
            if seat.resuming {
                // Forgotten in the store only when the turn has given another one.
                self.session.claude_session = None;
            }
            if let Some(seat) = self.chair.seat.take() {
                seat.end().await;
            }
        }
    }

    fn setting(&self, turn_id: &str) -> Setting {
        let claude = self.config.claude.clone();
        Setting {
            session_id: self.live.id.clone(),
            turn_id: turn_id.to_owned(),
            allowed: self.live.allowed.clone(),
            user_tools: claude
                .user_tools
                .iter()
                .map(|rule| Rule::parse(rule))
                .collect(),
            claude,
            root: self.manager.root().path().to_owned(),
            host: self.manager.host().clone(),
            outlet: self.outlet.clone(),
            cancel: self.cancel.clone(),
        }
    }

    fn scope(&self, turn_id: &str) -> Scope {
        let open = self
            .request
            .open_spec
            .as_ref()
            .map(|open| open.path.clone());
        Scope {
            session_id: self.live.id.clone(),
            turn_id: turn_id.to_owned(),
            label: label(&self.request.message),
            root: self.manager.root().clone(),
            own: open.into_iter().chain(self.study_spec()).collect(),
        }
    }

    fn usage(&mut self, end: &End) -> Option<Usage> {
        let End::Result(outcome) = end else {
            return None;
        };
        let seat = self.chair.seat.as_mut()?;
        let usage = turn::usage(outcome, seat.cost_so_far, self.began.elapsed());
        seat.cost_so_far = outcome.total_cost_usd.unwrap_or(seat.cost_so_far);
        usage
    }

    // ---- After the turn ----

    async fn finish(mut self, turn_id: String, outcome: Outcome) -> TurnResult {
        let mut status = outcome.status.unwrap_or(Status::Failed);
        let mut error = outcome.error;
        let end = TurnEnd {
            // In the store, for whoever takes the conversation up later: nobody wanted this end.
            status: match status {
                Status::Cancelled if self.entry.was_interrupted() => Status::Interrupted,
                status => status,
            },
            text: outcome.text.clone(),
            tool_calls: outcome.tool_calls.clone(),
            claude_session: outcome.claude_session,
            usage: outcome.usage,
            error: error.clone(),
        };
        let (turn, stored) = (turn_id.clone(), end.clone());
        if let Err(failure) = self
            .manager
            .store(move |store| store.finish_turn(&turn, &stored))
            .await
        {
            status = Status::Failed;
            error = Some(TurnError {
                kind: failure.kind().into(),
                message: failure.to_string(),
            });
            // Nothing is lost while this server lives: it is tried again with the next message.
            self.chair.unstored = Some((turn_id.clone(), end));
        }
        self.rest().await;
        let session_id = self.live.id.clone();
        drop((self.chair, self.entry));
        self.manager.announce(&session_id).await;
        let result = TurnResult {
            session_id,
            turn_id,
            status,
            text: outcome.text,
            tool_calls: outcome.tool_calls,
            canvas_modifications: outcome.canvas,
            spec_updates: outcome.changes.updates,
            introduced: outcome.changes.introduced,
            usage: outcome.usage,
            error: error.clone(),
        };
        outlet_end(&self.outlet, outcome.usage, error, &result);
        result
    }

    /// Leaves the program for the next turn, where one may follow.
    async fn rest(&mut self) {
        let one_turn = is_for_one_turn(&self.config.claude);
        match &mut self.chair.seat {
            Some(seat) if seat.program.is_running() && !one_turn => seat.rest(),
            _ => self.manager.vacate(&self.live.id, &mut self.chair).await,
        }
    }

    /// A slash command: answered at once, without Claude.
    async fn answer_here(mut self) -> Result<TurnResult, SessionError> {
        let turn_id = match self.store_message().await {
            Ok(turn_id) => turn_id,
            Err(error) => {
                self.give_up().await;
                return Err(error);
            }
        };
        let open = self.request.open_spec.clone();
        let answer = slash::answer(
            &self.manager,
            &self.live,
            &self.session,
            &self.request.message,
            open,
        )
        .await;
        let (status, text, error) = match answer {
            Ok(text) => (Status::Completed, text, None),
            Err(error) => {
                let error = TurnError {
                    kind: error.kind().into(),
                    message: error.to_string(),
                };
                (Status::Failed, String::new(), Some(error))
            }
        };
        if !text.is_empty() {
            self.outlet.send(TurnEvent::Text {
                delta: text.clone(),
            });
        }
        Ok(self
            .finish(
                turn_id,
                Outcome {
                    status: Some(status),
                    text,
                    error,
                    ..Outcome::default()
                },
            )
            .await)
    }
}

fn outlet_end(
    outlet: &Outlet,
    usage: Option<Usage>,
    error: Option<TurnError>,
    result: &TurnResult,
) {
    if let Some(usage) = usage {
        outlet.send(TurnEvent::Usage(usage));
    }
    if let Some(error) = error {
        outlet.send(TurnEvent::Error { error });
    }
    outlet.send(TurnEvent::Done(result.clone()));
    outlet.close();
}

/// Both are told before a turn begins, as `claudeNotFound`: there is no program that could be asked.
fn start_error(error: StartError) -> SessionError {
    SessionError::ClaudeNotFound(error.to_string())
}

/// The first words of a message.
fn label(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LABEL_CHARS {
        return line;
    }
    let mut short: String = line.chars().take(LABEL_CHARS - 1).collect();
    if let Some((whole_words, _)) = short.rsplit_once(' ') {
        short.truncate(whole_words.len());
    }
    short + "…"
}
