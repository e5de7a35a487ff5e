//! Everything that reaches the server, message by message.
//!
//! Invariant: what is no message is answered with an error and skipped; it never ends the server. tower-lsp's own
//! reader stops for good at the first body that it cannot parse, and reads each body twice (it first tries whether
//! it is a response); so messages are read here, once.

mod keystroke;
mod long;

use std::{borrow::Cow, io};

use futures::{Stream, stream};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::Value;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    task::spawn_blocking,
};
use tower_lsp::jsonrpc::{Error, Id, Request, Response};

pub use self::keystroke::Keystroke;
use self::long::{LONG, Long};
use super::{lifecycle::Lifecycle, outbox::Outbox};

/// The largest message: several times the largest spec that is read.
const MOST_BYTES: usize = 512 << 20;

/// A message of the client (JSON-RPC 2.0).
#[derive(Debug)]
pub enum Message {
    /// A request or a notification.
    Request(Request),
    /// One of those that come with a letter.
    Keystroke(Keystroke),
    /// The answer to a request of ours.
    Response(Response),
}

/// Bodies up to this size are read as JSON where they arrive.
const READ_AT_ONCE: usize = 64 << 10;

/// The messages of `source` in order, until its end, which is told to `lifecycle`.
pub fn messages(
    source: impl AsyncRead + Unpin,
    outbox: Outbox,
    lifecycle: Lifecycle,
) -> impl Stream<Item = Message> {
    let source = BufReader::with_capacity(1 << 16, source);
    stream::unfold(source, move |mut source| {
        let (outbox, lifecycle) = (outbox.clone(), lifecycle.clone());
        async move {
            while let Ok(Some(body)) = next_body(&mut source).await {
                match read_off(body).await {
                    Ok(message) => return Some((message, source)),
                    Err(error) => outbox.refuse(error),
                }
            }
            lifecycle.end();
            None
        }
    })
}

/// What a message holds behind its header.
enum Body {
    Short(Vec<u8>),
    Long(Long),
}

/// Reads a body, or says why it is no message; a long one where it holds up nothing else.
async fn read_off(body: Body) -> Result<Message, Error> {
    let long = match body {
        Body::Short(body) if body.len() <= READ_AT_ONCE => return read(&body),
        Body::Short(body) => Long::Whole(body),
        Body::Long(long) => long,
    };
    let read = spawn_blocking(move || long.read()).await;
    read.unwrap_or_else(|_| Err(Error::internal_error()))
}

/// The next body; lines that are no header are passed over. `None`: the end.
async fn next_body(source: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Body>> {
    let mut length = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if source.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if let Some((name, value)) = text.split_once(':')
            && name.trim().to_ascii_lowercase().ends_with("content-length")
        {
            length = value
                .trim()
                .parse::<usize>()
                .ok()
                .filter(|length| *length <= MOST_BYTES);
        } else if text.is_empty()
            && let Some(length) = length
        {
            if length >= LONG {
                return long::body(source, length)
                    .await
                    .map(|it| Some(Body::Long(it)));
            }
            let mut body = vec![0; length];
            source.read_exact(&mut body).await?;
            return Ok(Some(Body::Short(body)));
        }
    }
}

/// A message as it is written (JSON-RPC 2.0, "Request object" and "Response object").
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default, deserialize_with = "present")]
    params: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    id: Option<Id>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    #[serde(default)]
    error: Option<Error>,
}

/// Tells `null` from what is absent.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a body, or says why it is no message.
fn read(body: &[u8]) -> Result<Message, Error> {
    let unreadable = |why: &dyn std::fmt::Display| {
        let mut refusal = Error::parse_error();
        refusal.message = format!("the message is no JSON: {why}").into();
        refusal
    };
    let invalid = |what: String| {
        let mut refusal = Error::invalid_request();
        refusal.message = what.into();
        refusal
    };
    let body = std::str::from_utf8(body).map_err(|error| unreadable(&error))?;
    if let Some(keystroke) = keystroke::read(body) {
        return Ok(keystroke);
    }
    let written: Written = match serde_json::from_str(body) {
        Ok(written) => written,
        // Something that has not the shape ends the reading: what follows may be no JSON at all.
        Err(error) => {
            serde_json::from_str::<IgnoredAny>(body).map_err(|error| unreadable(&error))?;
            return Err(invalid(format!("no JSON-RPC message: {error}")));
        }
    };
    if written.jsonrpc != "2.0" {
        return Err(invalid(format!(
            "jsonrpc must be \"2.0\", not \"{}\"",
            written.jsonrpc
        )));
    }
    if let Some(method) = written.method {
        let mut request = Request::build(method);
        if let Some(params) = written.params {
            request = request.params(params);
        }
        if let Some(id) = written.id {
            request = request.id(id);
        }
        return Ok(Message::Request(request.finish()));
    }
    let answer = match (written.result, written.error) {
        (_, Some(error)) => Err(error),
        (Some(result), None) => Ok(result),
        (None, None) => return Err(invalid("neither a method nor a result nor an error".into())),
    };
    let id = written.id.unwrap_or(Id::Null);
    Ok(Message::Response(Response::from_parts(id, answer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn bodies(bytes: &[u8]) -> Vec<String> {
        let mut source = bytes;
        let mut bodies = Vec::new();
        while let Ok(Some(Body::Short(body))) = next_body(&mut source).await {
            bodies.push(String::from_utf8_lossy(&body).into_owned());
        }
        bodies
    }

    #[tokio::test]
    async fn headers_may_come_in_any_case_and_order_and_garbage_between_messages_is_passed_over() {
        let bytes = b"garbage\r\n\r\ncontent-length: 2\r\nX-Other: 1\r\nContent-Type: a\r\n\r\n{}\n\nContent-Length:3\n\n[1]";
        assert_eq!(bodies(bytes).await, ["{}", "[1]"]);
        let cut = bodies(b"Content-Length: 9\r\n\r\n{}").await;
        assert_eq!(cut, Vec::<String>::new());
    }

    #[test]
    fn what_is_no_message_is_told_from_what_is() {
        let code = |body: &str| read(body.as_bytes()).err().map(|error| error.code.code());
        for good in [
            r#"{"jsonrpc":"2.0","method":"exit"}"#,
            r#"{"jsonrpc":"2.0","id":"a","method":"x","params":[1]}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#,
        ] {
            assert_eq!(code(good), None, "{good}");
        }
        assert_eq!(code("{\"a\":"), Some(-32700));
        assert_eq!(code("[]"), Some(-32600));
        assert_eq!(code(r#"{"jsonrpc":"1.0","method":"x"}"#), Some(-32600));
        assert_eq!(code(r#"{"jsonrpc":"2.0"}"#), Some(-32600));
        assert_eq!(
            code(r#"{"jsonrpc":"2.0","method":"x","id":{}}"#),
            Some(-32600)
        );
        assert_eq!(
            read(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}")
                .err()
                .map(|error| error.code.code()),
            Some(-32700)
        );
    }

    #[test]
    fn parameters_of_null_are_told_from_none_and_an_answer_keeps_its_result() {
        let request = |body: &str| match read(body.as_bytes()) {
            Ok(Message::Request(request)) => request,
            other => panic!("no request: {other:?}"),
        };
        let asked = request(r#"{"jsonrpc":"2.0","id":7,"method":"m","params":null}"#);
        assert_eq!(asked.params(), Some(&Value::Null));
        assert_eq!(asked.id(), Some(&Id::Number(7)));
        let told = request(r#"{"jsonrpc":"2.0","method":"m"}"#);
        assert_eq!((told.params(), told.id()), (None, None));
        match read(br#"{"jsonrpc":"2.0","id":1,"result":null}"#) {
            Ok(Message::Response(response)) => assert_eq!(response.result(), Some(&Value::Null)),
            other => panic!("no response: {other:?}"),
        }
    }
}
