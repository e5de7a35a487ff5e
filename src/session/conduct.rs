//! From a message to its result: the session found, the message stored, the turn run, its outcome stored and told.

mod aside;
mod ending;
mod prompt;

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

pub(super) use aside::answer_aside;
pub(super) use ending::Announced;

use super::{
    config::SessionConfig,
    error::SessionError,
    guard::Seen,
    lease,
    live::{Chair, Entry, Live},
    manager::SessionManager,
    permission::Rule,
    programs::{Seat, Wanted, is_for_one_turn},
    queue::{Admission, Permit},
    saver::Saver,
    specs::{Changes, Means, Scope, SpecKeeper},
    store::{StoredSession, new_turn_id},
    turn::{self, Outcomes, Outlet, Setting, Turn},
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
    announced: Arc<Announced>,
    turn_id: String,
    cancel: CancellationToken,
    live: Arc<Live>,
    chair: OwnedMutexGuard<Chair>,
    entry: Entry,
    session: StoredSession,
    /// The session was made for this message.
    new: bool,
    /// The message was sent to the program.
    spoken_to: bool,
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
    /// The program did not come to its end by itself.
    forced: bool,
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
        announced: Arc<Announced>,
        cancel: CancellationToken,
    ) -> Result<Self, SessionError> {
        let config = manager.config();
        let study = manager.check_study(request.study_id.as_deref())?;
        let new = request.session_id.is_none();
        let live = match &request.session_id {
            Some(id) => manager.find(id).await?,
            None => {
                let mode = request.mode.unwrap_or_default();
                Wanted::new(&config, manager.root(), mode)
                    .check()
                    .map_err(start_error)?;
                manager.make(None, mode, study.as_deref()).await?
            }
        };
        let id = live.id.clone();
        let begun = Self::sit_down(
            manager.clone(),
            live,
            request,
            announced,
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
        announced: Arc<Announced>,
        cancel: CancellationToken,
        config: Arc<SessionConfig>,
        study: Option<String>,
    ) -> Result<Self, SessionError> {
        let turn_id = new_turn_id();
        let (entry, chair) = loop {
            let entry = live
                .enter(cancel.clone(), request.queue_when_busy)
                .ok_or_else(|| SessionError::SessionBusy(live.id.clone()))?;
            let position = entry.ahead();
            if position > 0 {
                announced.start(&live.id, &turn_id);
                announced.outlet.send(TurnEvent::Queued { position });
            }
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
            outlet: announced.outlet.clone(),
            announced,
            turn_id,
            cancel,
            live,
            chair,
            entry,
            session,
            new: false,
            spoken_to: false,
            began: Instant::now(),
        })
    }

    /// Runs the turn to its result.
    pub(super) async fn run(mut self) -> Result<TurnResult, SessionError> {
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
        if let Err(error) = self.store_message().await {
            self.give_up().await;
            return Err(error);
        }
        let outcome = match self.admitted(admission).await {
            Some(_permit) => self.converse().await,
            None => Outcome {
                status: Some(Status::Cancelled),
                ..Outcome::default()
            },
        };
        Ok(self.finish(outcome).await)
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
    async fn store_message(&mut self) -> Result<(), SessionError> {
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
        let (id, turn) = (self.live.id.clone(), self.turn_id.clone());
        let message = self.request.message.clone();
        self.manager
            .store(move |store| store.begin_turn_as(&turn, &id, &message))
            .await?;
        self.announced.start(&self.live.id, &self.turn_id);
        self.manager.announce(&self.live.id).await;
        Ok(())
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

    async fn converse(&mut self) -> Outcome {
        let means = Means {
            host: self.manager.host().clone(),
            store: self.manager.store_handle(),
            outlet: self.outlet.clone(),
            following: self.manager.follow_specs(),
            road: self.live.road.clone(),
        };
        let specs = SpecKeeper::start(self.scope(), means).await;
        let saver = Saver::new(self.manager.store_handle(), self.turn_id.clone());
        let setting = self.setting();
        let outcomes = self.attempts(&setting, &specs, &saver).await;
        let forced = outcomes
            .as_ref()
            .is_ok_and(|outcomes| outcomes.end.is_forced());
        let changes = specs.finish(&self.cancel, forced).await;
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
        let usage = self.usage(&outcomes);
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
            forced,
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
            self.recall().await;
            let fresh = self.chair.seat.as_ref().is_none_or(|seat| seat.fresh);
            let cancel = self.cancel.clone();
            let prompt = tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(Outcomes::unsent()),
                prompt = self.prompt(fresh) => prompt,
            };
            self.spoken_to = true;
            let Chair { seat, seen, .. } = &mut *self.chair;
            let Some(seat) = seat.as_mut() else {
                return Err(StartError::Failed("it ended at once".into()));
            };
            let turn = Turn::new(setting, seat, seen, specs, saver);
            let outcomes = turn.run(&prompt).await;
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

    /// What a program that was just started remembers of files: nothing; or what this server saw it see, unless a turn
    /// has run elsewhere meanwhile; else what the store knows.
    async fn recall(&mut self) {
        let Some((fresh, unused)) = self
            .chair
            .seat
            .as_ref()
            .map(|seat| (seat.fresh, seat.unused))
        else {
            return;
        };
        if fresh {
            self.chair.seen = Seen::default();
        } else if unused {
            let (id, turn) = (self.live.id.clone(), self.turn_id.clone());
            let known = self
                .manager
                .store(move |store| Ok((store.turn_before(&turn)?, store.last_written(&id)?)))
                .await;
            let (before, written) = known.unwrap_or_default();
            if before.is_none() || before != self.chair.last_turn {
                self.chair.seen = Seen::of_resumed(created(&self.session), written);
            }
        }
    }

    fn setting(&self) -> Setting {
        let claude = self.config.claude.clone();
        Setting {
            session_id: self.live.id.clone(),
            turn_id: self.turn_id.clone(),
            allowed: self.live.allowed.clone(),
            mode_changed: self.live.mode_changed.clone(),
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

    fn scope(&self) -> Scope {
        let open = self
            .request
            .open_spec
            .as_ref()
            .map(|open| open.path.clone());
        Scope {
            session_id: self.live.id.clone(),
            turn_id: self.turn_id.clone(),
            label: label(&self.request.message),
            root: self.manager.root().clone(),
            own: open.into_iter().chain(self.study_spec()).collect(),
        }
    }

    fn usage(&mut self, outcomes: &Outcomes) -> Option<Usage> {
        let outcome = outcomes.end.outcome()?;
        let seat = self.chair.seat.as_mut()?;
        let context = outcomes.answer.context_tokens();
        let usage = turn::usage(outcome, seat.cost_so_far, context, self.began.elapsed());
        seat.cost_so_far = outcome.total_cost_usd.unwrap_or(seat.cost_so_far);
        usage
    }
}

/// When the conversation was made. Where that cannot be read, everything may have changed since.
fn created(session: &StoredSession) -> SystemTime {
    let created = session.created_at.parse::<jiff::Timestamp>().ok();
    let micros = created.and_then(|time| u64::try_from(time.as_microsecond()).ok());
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros.unwrap_or(0))
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
