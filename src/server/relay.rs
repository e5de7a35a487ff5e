//! tower-lsp's side of the house: each message becomes one event for the main loop.
//!
//! tower-lsp gives the service: methods, parameters, the rules of `initialize`, `shutdown` and `exit`, cancelling. Its
//! transport is left alone: it reads every message twice and lets no more than a hundred wait.
//!
//! Invariant: no handler does anything of its own before, or instead of, sending its event. What has to be known the
//! moment a message arrives – `exit`, `$/cancelRequest`, which JSON-RPC id a request has – is noticed by
//! [`Arrivals`], through which every message passes before tower-lsp sees it. Those that come with each letter do not come
//! to tower-lsp at all while it would take them (`keystroke`).

mod keystroke;

use std::{
    cell::Cell,
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use futures::{Stream, StreamExt, future, future::BoxFuture, poll, stream::FuturesUnordered};
use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::Service;
use tower_lsp::{
    LspService,
    jsonrpc::{Id, Request, Response, Result as RpcResult},
};

use super::{
    backend::Backend, input::Message, lifecycle::Lifecycle, operations::Operation, outbox::Outbox,
};

/// Most results are no longer.
const MOST_RESULTS: usize = 4 << 10;

/// A request being handled.
#[derive(Default)]
struct Asked {
    cancelled: CancellationToken,
    /// The result as JSON, where the handler has written it.
    written: Cell<Option<String>>,
}

tokio::task_local! {
    static ASKED: Asked;
}

/// Cancelled the moment the `$/cancelRequest` for the request being handled arrives. To be called in a handler before
/// its first `.await`.
pub fn cancellation() -> CancellationToken {
    ASKED
        .try_with(|asked| asked.cancelled.clone())
        .unwrap_or_default()
}

/// Writes the result of the request being handled, and gives tower-lsp an empty one `instead`: it would make a [`Value`]
/// of it first.
pub fn write<T: Serialize>(result: T, instead: impl FnOnce() -> T) -> T {
    let Some(json) = to_json(&result) else {
        // tower-lsp answers with what went wrong.
        return result;
    };
    match ASKED.try_with(|asked| asked.written.set(Some(json))) {
        Ok(()) => instead(),
        Err(_) => result,
    }
}

/// A result as JSON; none where it cannot be. Most have room from the beginning.
fn to_json(result: &impl Serialize) -> Option<String> {
    let mut json = Vec::with_capacity(MOST_RESULTS);
    serde_json::to_writer(&mut json, result).ok()?;
    String::from_utf8(json).ok()
}

/// What a request is answered with.
pub enum Answer {
    /// A response as tower-lsp made it.
    Made(Response),
    /// A result as JSON.
    Written(Id, String),
}

/// A message being handled; gives what it is answered with, if it is.
type Handled =
    BoxFuture<'static, Result<Option<Answer>, <LspService<Backend> as Service<Request>>::Error>>;

/// The handler of an operation's request, in the shape that tower-lsp registers.
pub fn operation(
    operation: &'static Operation,
) -> impl Fn(&Backend, Value) -> BoxFuture<'static, RpcResult<Value>> + Clone + Send + Sync + 'static
{
    move |backend, params| backend.operation(operation, params)
}

/// Hands the client's messages to the service in the order of their arrival, any number of them at a time, and its
/// answers to `outbox`. Returns at the end of the messages, when all are answered, or after `exit`.
pub async fn run(mut service: Arrivals, messages: impl Stream<Item = Message>, outbox: Outbox) {
    let mut messages = pin!(messages.fuse());
    let mut handling = FuturesUnordered::new();
    let answer = |handled: Result<Option<Answer>, _>| match handled {
        Ok(Some(Answer::Made(response))) => outbox.respond(&response),
        Ok(Some(Answer::Written(id, result))) => outbox.respond_with(&id, &result),
        Ok(None) | Err(_) => {}
    };
    loop {
        // While `initialize` is handled nothing else is taken; its answer, one of `handling`, has us look again.
        let ready = match poll!(future::poll_fn(|cx| service.poll_ready(cx))) {
            Poll::Ready(Ok(())) => true,
            Poll::Ready(Err(_)) => return,
            Poll::Pending => false,
        };
        tokio::select! {
            Some(handled) = handling.next() => answer(handled),
            message = messages.next(), if ready => {
                let mut handler = match message {
                    Some(Message::Request(request)) => service.call(request),
                    Some(Message::Keystroke(keystroke)) => service.keystroke(keystroke),
                    Some(Message::Response(response)) => {
                        outbox.answered(response);
                        continue;
                    }
                    None => break,
                };
                // At once, up to its first wait: the order of the events is the order of the wire.
                match poll!(&mut handler) {
                    Poll::Ready(handled) => answer(handled),
                    Poll::Pending => handling.push(handler),
                }
            }
            else => break,
        }
    }
    while let Some(handled) = handling.next().await {
        answer(handled);
    }
}

/// Sees every message of the client in arrival order, then passes it on.
pub struct Arrivals {
    inner: LspService<Backend>,
    lifecycle: Lifecycle,
    /// tower-lsp takes requests: between the answer to `initialize` and `shutdown`.
    serving: Arc<AtomicBool>,
    /// `initialize` is not answered yet. tower-lsp has a state for that and never enters it: it would refuse what comes
    /// meanwhile.
    initializing: Arc<AtomicBool>,
    running: Arc<Mutex<HashMap<Id, CancellationToken>>>,
}

impl Arrivals {
    /// Wraps tower-lsp's service.
    pub fn new(inner: LspService<Backend>, lifecycle: Lifecycle) -> Self {
        Arrivals {
            inner,
            lifecycle,
            serving: Arc::default(),
            initializing: Arc::default(),
            running: Arc::default(),
        }
    }

    fn notice(&self, request: &Request) {
        match request.method() {
            "shutdown" => {
                self.serving.store(false, Ordering::Release);
                self.lifecycle.shutdown_asked();
            }
            "exit" => self.lifecycle.exit(),
            "$/cancelRequest" => {
                let id = request.params().and_then(|params| params.get("id"));
                let id = id.and_then(|id| serde_json::from_value::<Id>(id.clone()).ok());
                if let Some(token) = id.and_then(|id| lock(&self.running).remove(&id)) {
                    token.cancel();
                }
            }
            _ => {}
        }
    }
}

/// tower-lsp refuses `"params": null` where LSP has no parameters, and absent ones where all are optional; lsp-types 0.94
/// reads a client's `workspace.diagnostics` (LSP 3.17, "Diagnostics Refresh") by another name.
fn normalise(request: Request) -> Request {
    let absent = request.params().is_none_or(Value::is_null);
    let takes_none = matches!(request.method(), "shutdown" | "exit");
    let lacks_object = request.method().starts_with("atomizer/") && absent;
    let initializes = request.method() == "initialize";
    if !(takes_none || lacks_object || initializes) {
        return request;
    }
    let (method, id, mut params) = request.into_parts();
    if takes_none {
        params = None;
    } else if lacks_object {
        params = Some(json!({}));
    }
    if initializes && let Some(params) = &mut params {
        name_refresh(params);
    }
    let mut builder = Request::build(method);
    if let Some(params) = params {
        builder = builder.params(params);
    }
    if let Some(id) = id {
        builder = builder.id(id);
    }
    builder.finish()
}

fn name_refresh(params: &mut Value) {
    let workspace = params.pointer_mut("/capabilities/workspace");
    if let Some(Value::Object(workspace)) = workspace
        && let Some(diagnostics) = workspace.get("diagnostics").cloned()
    {
        workspace.insert("diagnostic".into(), diagnostics);
    }
}

impl Service<Request> for Arrivals {
    type Response = Option<Answer>;
    type Error = <LspService<Backend> as Service<Request>>::Error;
    type Future = Handled;

    /// Wakes nobody when `initialize` is answered.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if self.initializing.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.notice(&request);
        let request = normalise(request);
        let Some(id) = request.id().cloned() else {
            let handled = self.inner.call(request);
            return Box::pin(async move { Ok(handled.await?.map(Answer::Made)) });
        };
        let initializes = request.method() == "initialize";
        let (serving, initializing) = (self.serving.clone(), self.initializing.clone());
        if initializes {
            initializing.store(true, Ordering::Release);
        }
        let asked = Asked::default();
        lock(&self.running)
            .entry(id.clone())
            .or_insert_with(|| asked.cancelled.clone());
        let handled = self.inner.call(request);
        let running = self.running.clone();
        Box::pin(ASKED.scope(asked, async move {
            let response = handled.await;
            if initializes {
                initializing.store(false, Ordering::Release);
            }
            let response = response?;
            if initializes && response.as_ref().is_some_and(Response::is_ok) {
                serving.store(true, Ordering::Release);
            }
            lock(&running).remove(&id);
            let written = ASKED.with(|asked| asked.written.take());
            Ok(response.map(|response| match written {
                Some(result) if response.is_ok() => Answer::Written(id, result),
                _ => Answer::Made(response),
            }))
        }))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::main_loop::Events;

    #[tokio::test]
    async fn nothing_is_taken_until_initialize_is_answered() {
        let (events, inbox) = Events::new();
        let lifecycle = Lifecycle::default();
        let backend = Backend {
            events,
            lifecycle: lifecycle.clone(),
        };
        let (inner, _) = LspService::new(|_| backend);
        let mut service = Arrivals::new(inner, lifecycle);
        let initialize = Request::build("initialize")
            .params(json!({ "capabilities": {} }))
            .id(1)
            .finish();
        let mut handled = service.call(initialize);
        assert!(poll!(&mut handled).is_pending());
        assert!(poll!(future::poll_fn(|cx| service.poll_ready(cx))).is_pending());
        // Nobody will answer it any more: an error is an answer, too.
        drop(inbox);
        assert!(matches!(handled.await, Ok(Some(Answer::Made(_)))));
        assert!(poll!(future::poll_fn(|cx| service.poll_ready(cx))).is_ready());
    }

    fn params_of(method: &'static str, params: Option<Value>) -> Option<Value> {
        let mut builder = Request::build(method).id(1);
        if let Some(params) = params {
            builder = builder.params(params);
        }
        normalise(builder.finish()).params().cloned()
    }

    #[test]
    fn shutdown_may_carry_null_and_operations_may_carry_nothing() {
        assert_eq!(params_of("shutdown", Some(Value::Null)), None);
        assert_eq!(params_of("shutdown", None), None);
        assert_eq!(params_of("atomizer/study/list", None), Some(json!({})));
        assert_eq!(
            params_of("atomizer/study/list", Some(Value::Null)),
            Some(json!({}))
        );
        assert_eq!(
            params_of("atomizer/chat", Some(json!({"message": "x"}))),
            Some(json!({"message": "x"}))
        );
        assert_eq!(
            params_of("textDocument/hover", Some(json!(1))),
            Some(json!(1))
        );
    }
}
