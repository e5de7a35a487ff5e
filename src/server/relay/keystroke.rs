//! What comes with a letter, handled by tower-lsp's rules but past it, which spares the way through half a dozen boxed
//! futures.

use std::sync::atomic::Ordering;

use futures::future;
use tokio_util::sync::CancellationToken;
use tower::Service;
use tower_lsp::jsonrpc::{Error, Response};

use super::{Answer, Arrivals, Handled, lock, to_json};
use crate::server::{
    input::Keystroke, notifications::did_change::did_change, requests::completion::completion,
};

impl Arrivals {
    /// Handles `keystroke`. What tower-lsp would refuse is left to it.
    pub(super) fn keystroke(&mut self, keystroke: Keystroke) -> Handled {
        if !self.serving.load(Ordering::Acquire) {
            return self.call(keystroke.into_request());
        }
        let events = self.inner.inner().events.clone();
        let (id, params) = match keystroke {
            Keystroke::Change(params) => {
                events.send(move |state| did_change(state, params));
                return Box::pin(future::ready(Ok(None)));
            }
            Keystroke::Completion(id, params) => (id, params),
        };
        if lock(&self.running).contains_key(&id) {
            return self.call(Keystroke::Completion(id, params).into_request());
        }
        let cancelled = CancellationToken::new();
        lock(&self.running).insert(id.clone(), cancelled.clone());
        let running = self.running.clone();
        let result = events.ask(move |state, reply| completion(state, params, reply));
        Box::pin(async move {
            let result = tokio::select! {
                result = result => result,
                () = cancelled.cancelled() => Err(Error::request_cancelled()),
            };
            lock(&running).remove(&id);
            let written =
                result.and_then(|result| to_json(&result).ok_or_else(Error::internal_error));
            Ok(Some(match written {
                Ok(result) => Answer::Written(id, result),
                Err(error) => Answer::Made(Response::from_error(id, error)),
            }))
        })
    }
}
