//! How a turn ends, and what that means for its result.

use std::time::Duration;

use crate::{
    claude::stream::Outcome,
    session::types::{Status, TurnError, Usage},
};

/// How the program's part of a turn ended.
pub(in crate::session) enum End {
    /// It told its result.
    Result(Outcome),
    /// The user ended it; with the result that the program told when it was interrupted.
    Cancelled(Option<Outcome>),
    /// `claude.timeoutSeconds`, likewise.
    TimedOut(Option<Outcome>),
    /// The program ended, or closed its output; with what it said last.
    Died(String),
}

/// Tokens of the turn, and what it cost: the program counts dollars for its whole life.
pub(in crate::session) fn usage(
    outcome: &Outcome,
    cost_so_far: f64,
    context_tokens: Option<u64>,
    duration: Duration,
) -> Option<Usage> {
    let tokens = outcome.usage?;
    Some(Usage {
        input_tokens: tokens.sent(),
        output_tokens: tokens.output_tokens,
        cost_usd: outcome
            .total_cost_usd
            .map(|total| (total - cost_so_far).max(0.0)),
        duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        context_tokens,
        context_window: outcome.context_window,
    })
}

impl End {
    /// What the program told at its end, where it came to one.
    pub(in crate::session) fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Result(outcome) => Some(outcome),
            Self::Cancelled(outcome) | Self::TimedOut(outcome) => outcome.as_ref(),
            Self::Died(_) => None,
        }
    }

    /// It was not the program that ended it.
    pub(in crate::session) fn is_forced(&self) -> bool {
        matches!(self, Self::Cancelled(_) | Self::TimedOut(_))
    }

    /// Status and error of the turn.
    pub(in crate::session) fn verdict(
        &self,
        timeout: Duration,
        stderr: &str,
    ) -> (Status, Option<TurnError>) {
        let failed = |kind: &str, message: String| {
            Some(TurnError {
                kind: kind.into(),
                message,
            })
        };
        match self {
            Self::Result(outcome) if !outcome.is_error => (Status::Completed, None),
            Self::Result(outcome) => {
                let said = if outcome.text.trim().is_empty() {
                    stderr
                } else {
                    outcome.text.trim()
                };
                let said = if said.is_empty() {
                    outcome
                        .terminal_reason
                        .as_deref()
                        .unwrap_or("no reason given")
                } else {
                    said
                };
                (Status::Failed, failed("claudeFailed", said.to_owned()))
            }
            Self::Cancelled(_) => (Status::Cancelled, None),
            Self::TimedOut(_) => {
                let limit = timeout.as_secs_f64();
                let message = format!(
                    "no answer within {limit} s: the setting `atomizer.claude.timeoutSeconds` allows more"
                );
                (Status::TimedOut, failed("timedOut", message))
            }
            Self::Died(how) => (Status::Failed, failed("claudeFailed", how.clone())),
        }
    }
}
