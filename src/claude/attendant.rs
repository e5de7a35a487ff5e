//! Who listens to a program while no turn runs.
//!
//! Claude speaks by itself: when a shell command that it left in the background has ended, it is told so and answers
//! that, with a result of its own. Nobody asked, so nobody is given that answer; but it must not fill the pipe, nor be
//! taken for the answer to the next message, and a question asked in it must not wait for ever.

use serde_json::json;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{Event, control};

/// Told to Claude when he asks for a tool between turns.
const NOBODY: &str =
    "Nobody is listening: the user has not asked for anything now. Wait for the next message.";

/// What a program did while no turn ran.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meanwhile {
    /// It speaks by itself, and has not come to its result.
    pub speaks: bool,
    /// US dollars of its whole life, where it told them.
    pub total_cost_usd: Option<f64>,
}

/// Listens until it is ended.
pub(super) struct Attendant {
    end: CancellationToken,
    task: JoinHandle<(mpsc::Receiver<Event>, Meanwhile)>,
}

struct Ears {
    input: mpsc::WeakUnboundedSender<String>,
    quiet: bool,
    meanwhile: Meanwhile,
}

impl Attendant {
    pub(super) fn start(
        mut events: mpsc::Receiver<Event>,
        input: mpsc::WeakUnboundedSender<String>,
        quiet: bool,
    ) -> Self {
        let end = CancellationToken::new();
        let ended = end.clone();
        let mut ears = Ears {
            input,
            quiet,
            meanwhile: Meanwhile::default(),
        };
        let task = tokio::spawn(async move {
            while let Some(Some(event)) = ended.run_until_cancelled(events.recv()).await {
                ears.hear(event);
            }
            while let Ok(event) = events.try_recv() {
                ears.hear(event);
            }
            (events, ears.meanwhile)
        });
        Self { end, task }
    }

    /// The program has closed its output.
    pub(super) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Gives the program's events back; `None`: they are lost.
    pub(super) async fn end(self) -> Option<(mpsc::Receiver<Event>, Meanwhile)> {
        self.end.cancel();
        self.task.await.ok()
    }
}

impl Ears {
    fn hear(&mut self, event: Event) {
        match event {
            Event::Init { .. } | Event::MessageStart { .. } => {
                if !self.meanwhile.speaks && self.quiet {
                    self.say(control::request("atomizer-quiet", "interrupt", json!({})));
                }
                self.meanwhile.speaks = true;
            }
            Event::Result(outcome) => {
                self.meanwhile.speaks = false;
                if let Some(cost) = outcome.total_cost_usd {
                    self.meanwhile.total_cost_usd = Some(cost);
                }
            }
            Event::CanUseTool(question) => self.say(control::deny(&question.request_id, NOBODY)),
            _ => {}
        }
    }

    /// A program that has ended hears nothing.
    fn say(&self, line: String) {
        if let Some(input) = self.input.upgrade() {
            let _ = input.send(line);
        }
    }
}
