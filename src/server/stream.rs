//! The events of one turn on their way to the client, as `$/progress`.
//!
//! Invariant: text is sent as it arrives while the client keeps up. While it does not, neighbouring deltas become
//! one, so that what waits is bounded by the answer itself; nothing is lost or reordered, and nobody else waits.
//!
//! Invariant: after the client's `$/cancelRequest` nothing is sent.
//!
//! Invariant: `done` is the result that the request is answered with. The session room's own comes too early for what
//! the server still adds to it, so it waits for [`TurnStream::finish`].

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{outbox::Outbox, progress::Progress};
use crate::session::{
    host::EventSink,
    types::{TurnEvent, TurnResult},
};

/// Sends one turn's events to the client.
pub struct TurnStream {
    outbox: Outbox,
    token: Option<Value>,
    progress: Option<Progress>,
    cancelled: CancellationToken,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    events: Vec<TurnEvent>,
    drains: bool,
}

impl TurnStream {
    /// Events go to `token`, if the client gave one, until `cancelled`.
    pub fn new(
        outbox: Outbox,
        token: Option<Value>,
        progress: Option<Progress>,
        cancelled: CancellationToken,
    ) -> TurnStream {
        TurnStream {
            outbox,
            token,
            progress,
            cancelled,
            waiting: Arc::default(),
        }
    }

    /// Sends what still waits, and `done` with the result that the turn had: its answer comes right after it.
    pub fn finish(&self, result: Option<&TurnResult>) {
        if let Some(token) = &self.token {
            let mut waiting = lock(&self.waiting);
            waiting.events.extend(result.cloned().map(TurnEvent::Done));
            flush(&self.outbox, token, &self.cancelled, &mut waiting);
        }
        if let Some(progress) = &self.progress {
            progress.end();
        }
    }

    fn drain_when_caught_up(&self, token: &Value) {
        let (outbox, token) = (self.outbox.clone(), token.clone());
        let (cancelled, waiting) = (self.cancelled.clone(), self.waiting.clone());
        tokio::spawn(async move {
            outbox.caught_up().await;
            let mut waiting = lock(&waiting);
            flush(&outbox, &token, &cancelled, &mut waiting);
            waiting.drains = false;
        });
    }
}

impl EventSink for TurnStream {
    fn send(&self, event: TurnEvent) {
        if self.cancelled.is_cancelled() || matches!(event, TurnEvent::Done(_)) {
            return;
        }
        if let Some(progress) = &self.progress {
            progress.tell(&event);
        }
        let Some(token) = &self.token else { return };
        let mut waiting = lock(&self.waiting);
        if !waiting.drains && !self.outbox.is_congested() {
            return send(&self.outbox, token, &event);
        }
        waiting.push(event);
        if !std::mem::replace(&mut waiting.drains, true) {
            drop(waiting);
            self.drain_when_caught_up(token);
        }
    }
}

impl Waiting {
    /// Appends `event`, to the last one where both are text or both are thinking.
    fn push(&mut self, event: TurnEvent) {
        match (self.events.last_mut(), &event) {
            (Some(TurnEvent::Text { delta }), TurnEvent::Text { delta: more })
            | (Some(TurnEvent::Thinking { delta }), TurnEvent::Thinking { delta: more }) => {
                delta.push_str(more)
            }
            _ => self.events.push(event),
        }
    }
}

fn flush(outbox: &Outbox, token: &Value, cancelled: &CancellationToken, waiting: &mut Waiting) {
    for event in waiting.events.drain(..) {
        if !cancelled.is_cancelled() {
            send(outbox, token, &event);
        }
    }
}

fn send(outbox: &Outbox, token: &Value, event: &TurnEvent) {
    outbox.notify("$/progress", json!({ "token": token, "value": event }));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(delta: &str) -> TurnEvent {
        TurnEvent::Text {
            delta: delta.into(),
        }
    }

    #[test]
    fn waiting_deltas_of_one_kind_become_one_and_keep_their_order() {
        let mut waiting = Waiting::default();
        for event in [
            text("a"),
            text("b"),
            TurnEvent::Thinking { delta: "t".into() },
            text("c"),
            text("d"),
        ] {
            waiting.push(event);
        }
        assert_eq!(
            waiting.events,
            [
                text("ab"),
                TurnEvent::Thinking { delta: "t".into() },
                text("cd")
            ]
        );
    }
}
