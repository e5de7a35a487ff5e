//! The client's settings, asked for with `workspace/configuration`.
//!
//! Invariant: what runs by the settings runs by those that the user had when it was asked for. The answer of the client
//! comes later than a message that it sent right after `initialized`, or after a change of its settings; so operations
//! wait for it.

use std::time::Duration;

use lsp_types::{
    ConfigurationItem, ConfigurationParams,
    request::{Request, WorkspaceConfiguration},
};
use serde_json::Value;
use tokio::time::timeout;

use super::state::State;

/// So long operations wait for a client that said that it would answer. What it answers later is taken all the same.
const PATIENCE: Duration = Duration::from_secs(5);

type Waiter = Box<dyn FnOnce(&mut State) + Send>;

/// The questions for the settings, numbered from 1.
#[derive(Default)]
pub struct Questions {
    /// How often the client was asked.
    asked: u64,
    /// The last one whose answer was taken.
    taken: u64,
    /// The last one that is not waited for any more.
    settled: u64,
    /// What waits for the answer to the last one.
    waiting: Vec<Waiter>,
}

impl State {
    /// Asks the client for its settings (`workspace/configuration`); they arrive as an event.
    pub fn ask_configuration(&mut self) {
        self.questions.asked += 1;
        let asked = self.questions.asked;
        let item = ConfigurationItem {
            scope_uri: None,
            section: Some("atomizer".into()),
        };
        let params = ConfigurationParams { items: vec![item] };
        let pending = self.outbox.request(WorkspaceConfiguration::METHOD, params);
        let events = self.events.clone();
        tokio::spawn(async move {
            let mut answer = pending.answer;
            let answer = match timeout(PATIENCE, &mut answer).await {
                Ok(answer) => answer,
                Err(_) => {
                    events.send(move |state| state.settle(asked));
                    answer.await
                }
            };
            events.send(move |state| {
                if let Ok(Ok(answer)) = answer {
                    state.take_configuration(asked, &answer);
                }
                state.settle(asked);
            });
        });
    }

    fn take_configuration(&mut self, asked: u64, answer: &Value) {
        // An older answer that comes later would bring former settings back.
        if asked > self.questions.taken {
            self.questions.taken = asked;
            self.configure(answer.get(0).unwrap_or(&Value::Null));
        }
    }

    fn settle(&mut self, asked: u64) {
        self.questions.settled = self.questions.settled.max(asked);
        if self.questions.settled == self.questions.asked {
            for waiter in std::mem::take(&mut self.questions.waiting) {
                waiter(self);
            }
        }
    }

    /// Runs `then` when the client has answered the questions that it was asked so far, in the order of the calls.
    pub fn when_configured(&mut self, then: impl FnOnce(&mut State) + Send + 'static) {
        if self.questions.settled == self.questions.asked {
            then(self);
        } else {
            self.questions.waiting.push(Box::new(then));
        }
    }
}
