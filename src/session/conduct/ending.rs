//! After a turn: its outcome is stored and told, its program left for the next.

use std::sync::{Arc, OnceLock};

use super::{
    super::{
        error::SessionError,
        programs::is_for_one_turn,
        store::TurnEnd,
        turn::Outlet,
        types::{Status, TurnError, TurnEvent, TurnResult, Usage},
    },
    Conduct, Outcome,
};

/// What a turn's listeners have been told of its beginning. From then on it ends with a result, whatever happens.
pub(in crate::session) struct Announced {
    pub outlet: Arc<Outlet>,
    /// Session and turn.
    begun: OnceLock<(String, String)>,
}

impl Announced {
    pub(in crate::session) fn new(outlet: Arc<Outlet>) -> Arc<Self> {
        let begun = OnceLock::new();
        Arc::new(Self { outlet, begun })
    }

    /// The first event, once.
    pub(super) fn start(&self, session_id: &str, turn_id: &str) {
        let (session_id, turn_id) = (session_id.to_owned(), turn_id.to_owned());
        let begun = (session_id.clone(), turn_id.clone());
        if self.begun.set(begun).is_ok() {
            self.outlet.send(TurnEvent::Started {
                session_id,
                turn_id,
            });
        }
    }

    /// A turn that waited for its session and came to nothing: cancelled there, or impossible by then. Its message was
    /// not stored.
    pub(in crate::session) fn settle(
        &self,
        result: Result<TurnResult, SessionError>,
    ) -> Result<TurnResult, SessionError> {
        let (Err(error), Some((session_id, turn_id))) = (&result, self.begun.get()) else {
            return result;
        };
        let cancelled = matches!(error, SessionError::Cancelled);
        let told = TurnError {
            kind: error.kind().into(),
            message: error.to_string(),
        };
        let result = TurnResult {
            session_id: session_id.clone(),
            turn_id: turn_id.clone(),
            status: if cancelled {
                Status::Cancelled
            } else {
                Status::Failed
            },
            text: String::new(),
            tool_calls: Vec::new(),
            canvas_modifications: Vec::new(),
            canvas_applied: None,
            spec_updates: Vec::new(),
            introduced: Vec::new(),
            usage: None,
            error: (!cancelled).then_some(told),
        };
        outlet_end(&self.outlet, None, result.error.clone(), &result);
        Ok(result)
    }
}

impl Conduct {
    /// Stores how the turn came out, gives the session free, and tells.
    pub(super) async fn finish(mut self, outcome: Outcome) -> TurnResult {
        let turn_id = self.turn_id.clone();
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
        self.chair.last_turn = Some(turn_id.clone());
        self.rest(outcome.forced).await;
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
            canvas_applied: None,
            spec_updates: outcome.changes.updates,
            introduced: outcome.changes.introduced,
            usage: outcome.usage,
            error: error.clone(),
        };
        outlet_end(&self.outlet, outcome.usage, error, &result);
        result
    }

    /// Leaves the program for the next turn, where one may follow.
    async fn rest(&mut self, forced: bool) {
        let one_turn = is_for_one_turn(&self.config.claude);
        match &mut self.chair.seat {
            Some(seat) if seat.program.is_running() && !one_turn => match self.spoken_to {
                true => seat.rest(forced),
                false => seat.wait(),
            },
            _ => self.manager.vacate(&self.live.id, &mut self.chair).await,
        }
    }
}

pub(super) fn outlet_end(
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
