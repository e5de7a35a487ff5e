//! Work-done progress of a turn, for clients that show it (LSP "Work Done Progress"): what Claude does, cancellable.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use lsp_types::{
    ProgressToken, WorkDoneProgressCreateParams, request::Request, request::WorkDoneProgressCreate,
};
use serde_json::{Value, json};

use super::outbox::Outbox;
use crate::session::types::{Decision, TurnEvent};

/// The progress of one turn. `begin` was sent when it was made.
pub struct Progress {
    outbox: Outbox,
    token: Value,
    last: Mutex<String>,
}

impl Progress {
    /// With the token that the client gave along (`workDoneToken`).
    pub fn with_token(outbox: Outbox, token: Value) -> Progress {
        let progress = Progress {
            outbox,
            token,
            last: Mutex::default(),
        };
        progress.send(json!({ "kind": "begin", "title": "Claude", "message": "thinking", "cancellable": true }));
        progress
    }

    /// With a token of our own. The client is asked to make it; it may not answer for long, so nobody waits.
    pub fn create(outbox: Outbox) -> Progress {
        static TURNS: AtomicU64 = AtomicU64::new(1);
        let token = format!("atomizer-turn-{}", TURNS.fetch_add(1, Ordering::Relaxed));
        let params = WorkDoneProgressCreateParams {
            token: ProgressToken::String(token.clone()),
        };
        outbox.request(WorkDoneProgressCreate::METHOD, params);
        Progress::with_token(outbox, json!(token))
    }

    /// The token, by which the client cancels (`window/workDoneProgress/cancel`).
    pub fn token(&self) -> &Value {
        &self.token
    }

    /// Shows what the turn does now.
    pub fn tell(&self, event: &TurnEvent) {
        let message = match event {
            TurnEvent::Queued { position } => format!("waiting, {position} in line"),
            TurnEvent::Thinking { .. } => "thinking".into(),
            TurnEvent::Text { .. } => "answering".into(),
            TurnEvent::ToolCall { name, .. } => name.clone(),
            TurnEvent::Permission {
                tool_name,
                decision,
                ..
            } => match decision {
                Decision::Asked => format!("{tool_name}: waiting for your permission"),
                Decision::Allowed => tool_name.clone(),
                Decision::Denied => "thinking".into(),
            },
            TurnEvent::Retrying {
                attempt,
                max_attempts,
                ..
            } => {
                format!("the API is in trouble, attempt {attempt} of {max_attempts}")
            }
            _ => return,
        };
        let mut last = self
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if *last != message {
            self.send(json!({ "kind": "report", "message": &message, "cancellable": true }));
            *last = message;
        }
    }

    /// The turn is over.
    pub fn end(&self) {
        self.send(json!({ "kind": "end" }));
    }

    fn send(&self, value: Value) {
        self.outbox
            .notify("$/progress", json!({ "token": self.token, "value": value }));
    }
}
