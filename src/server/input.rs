//! Everything that reaches the server, message by message.
//!
//! Invariant: what is no message is answered with an error and skipped; it never ends the server. tower-lsp's own
//! reader stops for good at the first body that it cannot parse, so only bodies that it can reach it.

use std::{
    borrow::Cow,
    io::{self, BufRead, BufReader, Read},
    pin::Pin,
    task::{Context, Poll},
};

use serde::{Deserialize, de::IgnoredAny};
use tokio::{
    io::{AsyncRead, ReadBuf},
    sync::mpsc,
};
use tower_lsp::jsonrpc::{Error, Id};

use super::{lifecycle::Lifecycle, outbox::Outbox};

/// The largest message: several times the largest spec that is read.
const MOST_BYTES: usize = 512 << 20;

/// What tower-lsp reads from: whole messages, each with the one header that it needs.
pub struct Input {
    frames: mpsc::UnboundedReceiver<Vec<u8>>,
    current: Vec<u8>,
    read: usize,
}

impl Input {
    /// Starts the thread that reads `source`; the end of it is told to `lifecycle`.
    pub fn new(source: impl Read + Send + 'static, outbox: Outbox, lifecycle: Lifecycle) -> Self {
        let (sender, frames) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let mut source = BufReader::with_capacity(1 << 16, source);
            while let Ok(Some(body)) = next_body(&mut source) {
                match refusal(&body) {
                    None => {
                        let mut frame =
                            format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
                        frame.extend_from_slice(&body);
                        if sender.send(frame).is_err() {
                            return;
                        }
                    }
                    Some(error) => outbox.refuse(error),
                }
            }
            lifecycle.end();
        });
        Input {
            frames,
            current: Vec::new(),
            read: 0,
        }
    }
}

/// The next body; lines that are no header are passed over. `None`: the end.
fn next_body(source: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if source.read_until(b'\n', &mut line)? == 0 {
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
            let mut body = vec![0; length];
            source.read_exact(&mut body)?;
            return Ok(Some(body));
        }
    }
}

/// The parts of a message that decide what it is (JSON-RPC 2.0, "Request object" and "Response object").
#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(default)]
    id: Option<Id>,
    #[serde(default)]
    result: Option<IgnoredAny>,
    #[serde(default)]
    error: Option<Error>,
}

/// Why a body is no message.
fn refusal(body: &[u8]) -> Option<Error> {
    let unreadable = |why: String| {
        let mut refusal = Error::parse_error();
        refusal.message = format!("the message is no JSON: {why}").into();
        Some(refusal)
    };
    let body = match std::str::from_utf8(body) {
        Ok(body) => body,
        Err(error) => return unreadable(error.to_string()),
    };
    let invalid = |what: String| {
        let mut refusal = Error::invalid_request();
        refusal.message = what.into();
        Some(refusal)
    };
    let shape: Shape = match serde_json::from_str(body) {
        Ok(shape) => shape,
        // Something that has not the shape ends the reading: what follows may be no JSON at all.
        Err(error) => match serde_json::from_str::<IgnoredAny>(body) {
            Ok(_) => return invalid(format!("no JSON-RPC message: {error}")),
            Err(error) => return unreadable(error.to_string()),
        },
    };
    if shape.jsonrpc != "2.0" {
        return invalid(format!(
            "jsonrpc must be \"2.0\", not \"{}\"",
            shape.jsonrpc
        ));
    }
    // A result of null reads as absent here; a response is then told by its id.
    let answer = shape.result.is_some() || shape.error.is_some() || shape.id.is_some();
    match shape.method.is_some() || answer {
        true => None,
        false => invalid("neither a method nor a result nor an error".into()),
    }
}

impl AsyncRead for Input {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read == self.current.len() {
            match self.frames.poll_recv(cx) {
                Poll::Ready(Some(frame)) => {
                    self.current = frame;
                    self.read = 0;
                }
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
        let end = self.current.len().min(self.read + buf.remaining());
        buf.put_slice(&self.current[self.read..end]);
        self.read = end;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(bytes: &[u8]) -> Vec<String> {
        let mut source = bytes;
        std::iter::from_fn(|| next_body(&mut source).ok().flatten())
            .map(|body| String::from_utf8_lossy(&body).into_owned())
            .collect()
    }

    #[test]
    fn headers_may_come_in_any_case_and_order_and_garbage_between_messages_is_passed_over() {
        let bytes = b"garbage\r\n\r\ncontent-length: 2\r\nX-Other: 1\r\nContent-Type: a\r\n\r\n{}\n\nContent-Length:3\n\n[1]";
        assert_eq!(bodies(bytes), ["{}", "[1]"]);
        assert_eq!(bodies(b"Content-Length: 9\r\n\r\n{}"), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_message_is_told_from_what_is() {
        let code = |body: &str| refusal(body.as_bytes()).map(|error| error.code.code());
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
            refusal(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}").map(|error| error.code.code()),
            Some(-32700)
        );
    }
}
