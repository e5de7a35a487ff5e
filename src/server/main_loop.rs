//! The one owner of what changes: open documents, settings, folders.
//!
//! Invariant: events are applied one after the other in the order in which the client's messages arrived. A handler
//! sends its event before its first `.await`, and the relay polls each handler as it begins; so the order of the wire
//! is the order here, although handlers then wait side by side.
//!
//! Invariant: nothing here blocks, reads a file, or takes more than about a millisecond. Longer work gets a snapshot,
//! runs elsewhere, and comes back as another event.

use futures::FutureExt;
use tokio::{
    sync::{mpsc, oneshot},
    task::yield_now,
};
use tower_lsp::jsonrpc::{Error, Result as RpcResult};

use super::state::State;

type Event = Box<dyn FnOnce(&mut State) + Send>;

/// Sends events to the main loop; a cheap handle.
#[derive(Clone)]
pub struct Events {
    sender: mpsc::UnboundedSender<Event>,
}

/// The receiving end, for [`run`].
pub struct Inbox(mpsc::UnboundedReceiver<Event>);

/// Where a handler's answer goes.
pub struct Reply<T>(oneshot::Sender<RpcResult<T>>);

impl<T> Reply<T> {
    /// Answers; when the client has cancelled, into the void.
    pub fn send(self, result: RpcResult<T>) {
        let _ = self.0.send(result);
    }

    /// The client has cancelled the request, so that work on it is of no use.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_closed()
    }
}

impl Events {
    /// A new loop's two ends.
    pub fn new() -> (Events, Inbox) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Events { sender }, Inbox(receiver))
    }

    /// Queues `event`.
    pub fn send(&self, event: impl FnOnce(&mut State) + Send + 'static) {
        // After the loop has ended nothing that could come matters.
        let _ = self.sender.send(Box::new(event));
    }

    /// Queues `event` at once and returns its answer, however late that comes.
    pub fn ask<T: Send + 'static>(
        &self,
        event: impl FnOnce(&mut State, Reply<T>) + Send + 'static,
    ) -> impl Future<Output = RpcResult<T>> + Send + 'static {
        let (sender, receiver) = oneshot::channel();
        self.send(move |state| event(state, Reply(sender)));
        async move {
            receiver
                .await
                .unwrap_or_else(|_| Err(Error::request_cancelled()))
        }
    }

    /// Reads something of the state.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut State) -> T + Send + 'static,
    ) -> Option<T> {
        self.ask(move |state, reply| reply.send(Ok(read(state))))
            .await
            .ok()
    }
}

/// Applies events until all [`Events`] are gone. What they put off is done when no other event waits and the answers that
/// they gave are on their way: a completion need not wait for the check of the letter before it.
pub async fn run(mut state: State, Inbox(mut inbox): Inbox) {
    loop {
        let waiting = inbox.recv().now_or_never();
        let event = match waiting {
            Some(event) => event,
            None if state.is_behind() => {
                yield_now().await;
                match inbox.recv().now_or_never() {
                    Some(event) => event,
                    None => {
                        state.catch_up();
                        continue;
                    }
                }
            }
            None => inbox.recv().await,
        };
        match event {
            Some(event) => event(&mut state),
            None => return,
        }
    }
}
