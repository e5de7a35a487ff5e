//! Everything that leaves the server: responses, our notifications, our requests.
//!
//! Invariant: sending never blocks and never fails. Messages go into an unbounded queue which a thread of its own
//! writes to the output; so a client that reads slowly, or not at all, holds up nobody: handlers still run, a
//! cancel still arrives. A short message is written at once where nothing waits before it and the output has room for
//! it, which spares the way to that thread. What could fill the queue without end (the text of a chat) asks [`Outbox::is_congested`]
//! first and coalesces (see `stream.rs`).
//!
//! It takes the place of tower-lsp's own client socket. That one passes messages through a channel of one place, in
//! no order towards responses, and panics on an answer that nobody waits for any more.

use std::{
    collections::HashMap,
    io::Write,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
        mpsc,
    },
};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};
use tower_lsp::jsonrpc::{Error, Id, Response, Result as RpcResult};

/// From this many unwritten bytes on, streams coalesce their events.
const CONGESTED_BYTES: usize = 64 * 1024;

/// Writes as many of the bytes as the output has room for, without waiting; says how many.
pub type AtOnce = Box<dyn Fn(&[u8]) -> usize + Send + Sync>;

/// A cheap handle; all clones write to the same client.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Option<mpsc::Sender<Vec<u8>>>>,
    at_once: Option<AtOnce>,
    pending_bytes: AtomicUsize,
    drained: Notify,
    broken: AtomicBool,
    next_id: AtomicI64,
    waiting: Mutex<HashMap<i64, oneshot::Sender<RpcResult<Value>>>>,
}

/// Our own request to the client, under way.
pub struct Pending {
    /// The JSON-RPC id, for `$/cancelRequest`.
    pub id: i64,
    /// The client's answer; closed when the server ends first.
    pub answer: oneshot::Receiver<RpcResult<Value>>,
}

impl Outbox {
    /// Starts the thread that writes to `output`; `at_once` writes to the same.
    pub fn new(output: impl Write + Send + 'static, at_once: Option<AtOnce>) -> Self {
        let (outbox, receiver) = Self::queued(at_once);
        let writer = outbox.shared.clone();
        std::thread::spawn(move || write_all(output, &receiver, &writer));
        outbox
    }

    /// An outbox whose frames nobody writes yet.
    #[cfg(test)]
    pub fn unwritten() -> (Self, mpsc::Receiver<Vec<u8>>) {
        Self::queued(None)
    }

    fn queued(at_once: Option<AtOnce>) -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (sender, receiver) = mpsc::channel::<Vec<u8>>();
        let shared = Arc::new(Shared {
            queue: Mutex::new(Some(sender)),
            at_once,
            pending_bytes: AtomicUsize::new(0),
            drained: Notify::new(),
            broken: AtomicBool::new(false),
            next_id: AtomicI64::new(1),
            waiting: Mutex::new(HashMap::new()),
        });
        (Outbox { shared }, receiver)
    }

    /// Sends a notification.
    pub fn notify(&self, method: &str, params: impl Serialize) {
        self.send(&message(method, params));
    }

    /// Sends a typed LSP notification.
    pub fn notify_lsp<N: lsp_types::notification::Notification>(&self, params: N::Params) {
        self.notify(N::METHOD, params);
    }

    /// Answers a request of the client.
    pub fn respond(&self, response: &Response) {
        self.send(response);
    }

    /// Answers a request of the client with a result that is JSON already.
    pub fn respond_with(&self, id: &Id, result: &str) {
        let id = to_value(id);
        self.frame(&format!(
            r#"{{"jsonrpc":"2.0","result":{result},"id":{id}}}"#
        ));
    }

    /// Answers a message whose id could not be read (JSON-RPC 2.0, "Response object").
    pub fn refuse(&self, error: Error) {
        self.send(&json!({ "jsonrpc": "2.0", "id": null, "error": error }));
    }

    /// Sends a request. Never await its answer in a handler or in the main loop: spawn.
    pub fn request(&self, method: &str, params: impl Serialize) -> Pending {
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        lock(&self.shared.waiting).insert(id, sender);
        let mut request = message(method, params);
        request["id"] = id.into();
        self.send(&request);
        Pending { id, answer }
    }

    /// Tells the client that the answer of our request `id` is of no use any more (LSP `$/cancelRequest`).
    pub fn withdraw(&self, id: i64) {
        if lock(&self.shared.waiting).remove(&id).is_some() {
            self.notify("$/cancelRequest", json!({ "id": id }));
        }
    }

    /// More is unwritten than a client that keeps up would leave.
    pub fn is_congested(&self) -> bool {
        self.shared.pending_bytes.load(Ordering::Acquire) > CONGESTED_BYTES
    }

    /// Returns when the client has caught up, or is gone.
    pub async fn caught_up(&self) {
        loop {
            let drained = self.shared.drained.notified();
            if !self.is_congested() {
                return;
            }
            drained.await;
        }
    }

    /// Returns when all is written, or the client is gone.
    pub async fn flushed(&self) {
        loop {
            let drained = self.shared.drained.notified();
            if self.shared.pending_bytes.load(Ordering::Acquire) == 0 {
                return;
            }
            drained.await;
        }
    }

    fn send(&self, message: &impl Serialize) {
        let body = match serde_json::to_string(message) {
            Ok(body) => body,
            Err(error) => return tracing::error!(%error, "a message could not be written as JSON"),
        };
        self.frame(&body);
    }

    fn frame(&self, body: &str) {
        self.enqueue(format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes());
    }

    fn enqueue(&self, mut bytes: Vec<u8>) {
        if self.shared.broken.load(Ordering::Acquire) {
            return;
        }
        let queue = lock(&self.shared.queue);
        let Some(sender) = queue.as_ref() else { return };
        // The queue is locked and all that went through it is written: nothing can come before these bytes.
        let is_next = self.shared.pending_bytes.load(Ordering::Acquire) == 0;
        if let Some(write) = self.shared.at_once.as_ref().filter(|_| is_next) {
            bytes.drain(..write(&bytes));
            if bytes.is_empty() {
                return;
            }
        }
        self.shared
            .pending_bytes
            .fetch_add(bytes.len(), Ordering::AcqRel);
        let length = bytes.len();
        if sender.send(bytes).is_err() {
            self.shared
                .pending_bytes
                .fetch_sub(length, Ordering::AcqRel);
        }
    }

    /// The client answered one of our requests.
    pub fn answered(&self, response: Response) {
        let (id, result) = response.into_parts();
        let Id::Number(id) = id else { return };
        if let Some(waiting) = lock(&self.shared.waiting).remove(&id) {
            // Whoever asked may have stopped waiting; then the answer is of no use.
            let _ = waiting.send(result);
        }
    }
}

fn write_all(mut output: impl Write, queue: &mpsc::Receiver<Vec<u8>>, shared: &Shared) {
    while let Ok(first) = queue.recv() {
        let mut batch = first;
        while let Ok(more) = queue.try_recv() {
            batch.extend_from_slice(&more);
            if batch.len() > CONGESTED_BYTES {
                break;
            }
        }
        if !shared.broken.load(Ordering::Acquire)
            && output
                .write_all(&batch)
                .and_then(|()| output.flush())
                .is_err()
        {
            shared.broken.store(true, Ordering::Release);
        }
        shared
            .pending_bytes
            .fetch_sub(batch.len(), Ordering::AcqRel);
        shared.drained.notify_waiters();
    }
}

/// Without `params` where there are none: they are an object or an array, if any (JSON-RPC 2.0, "Parameter Structures").
fn message(method: &str, params: impl Serialize) -> Value {
    let mut message = json!({ "jsonrpc": "2.0", "method": method });
    let params = to_value(params);
    if !params.is_null() {
        message["params"] = params;
    }
    message
}

fn to_value(params: impl Serialize) -> Value {
    serde_json::to_value(params).unwrap_or_else(|error| {
        tracing::error!(%error, "a message could not be written as JSON");
        Value::Null
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_parameters_is_sent_without_any() {
        let (outbox, queue) = Outbox::unwritten();
        outbox.request("workspace/diagnostic/refresh", Value::Null);
        outbox.notify("x", json!({}));
        let sent: Vec<String> = queue
            .try_iter()
            .map(|frame| String::from_utf8_lossy(&frame).into_owned())
            .collect();
        let bodies: Vec<Option<&str>> = sent
            .iter()
            .map(|frame| Some(frame.split_once("\r\n\r\n")?.1))
            .collect();
        assert_eq!(
            bodies,
            [
                Some(r#"{"jsonrpc":"2.0","method":"workspace/diagnostic/refresh","id":1}"#),
                Some(r#"{"jsonrpc":"2.0","method":"x","params":{}}"#)
            ]
        );
    }

    #[test]
    fn what_the_output_has_no_room_for_follows_what_was_written_at_once() {
        let written: Arc<Mutex<Vec<u8>>> = Arc::default();
        let seen = written.clone();
        let room_for_ten = Box::new(move |bytes: &[u8]| {
            let taken = bytes.len().min(10);
            lock(&seen).extend_from_slice(&bytes[..taken]);
            taken
        });
        let (outbox, queue) = Outbox::queued(Some(room_for_ten));
        outbox.notify("a", json!(1));
        outbox.notify("b", json!(2));
        let mut all = lock(&written).clone();
        assert_eq!(
            all.len(),
            10,
            "the second message waits for the rest of the first"
        );
        all.extend(queue.try_iter().flatten());
        let frame = |method: &str, params: i32| {
            let body = json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string();
            format!("Content-Length: {}\r\n\r\n{body}", body.len())
        };
        let expected = frame("a", 1) + &frame("b", 2);
        assert_eq!(String::from_utf8_lossy(&all), expected);
    }
}
