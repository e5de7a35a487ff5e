//! The messages that come with a letter, read straight into their parameters.
//!
//! For tower-lsp parameters are first made a [`serde_json::Value`], and all others come so. For these that would be a
//! quarter of all that is done for them. Which message it is is guessed from where clients write the method;
//! what turns out otherwise is read as any other message.

use std::borrow::Cow;

use lsp_types::{
    CompletionParams, DidChangeTextDocumentParams,
    notification::{DidChangeTextDocument, Notification},
    request::{Completion, Request as _},
};
use memchr::{memchr, memmem};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tower_lsp::jsonrpc::{Id, Request};

use super::{Message, present};

/// So many bytes from the beginning, or from the end, clients write the method.
const NEAR: usize = 96;

/// A message that comes with a letter.
#[derive(Debug)]
pub enum Keystroke {
    /// `textDocument/didChange`
    Change(DidChangeTextDocumentParams),
    /// `textDocument/completion`
    Completion(Id, CompletionParams),
}

impl Keystroke {
    /// The same as tower-lsp has it.
    pub fn into_request(self) -> Request {
        match self {
            Keystroke::Change(params) => {
                Request::build(DidChangeTextDocument::METHOD).params(to_value(&params))
            }
            Keystroke::Completion(id, params) => Request::build(Completion::METHOD)
                .params(to_value(&params))
                .id(id),
        }
        .finish()
    }
}

fn to_value(params: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(params).unwrap_or_default()
}

/// The message in a body, if it is one of these.
pub(super) fn read(body: &str) -> Option<Message> {
    let keystroke = match method(body.as_bytes())? {
        DidChangeTextDocument::METHOD => match written(body, DidChangeTextDocument::METHOD)? {
            (None, params) => Keystroke::Change(params),
            _ => return None,
        },
        Completion::METHOD => match written(body, Completion::METHOD)? {
            (Some(id), params) => Keystroke::Completion(id, params),
            _ => return None,
        },
        _ => return None,
    };
    Some(Message::Keystroke(keystroke))
}

/// What looks like the method, where clients write it.
fn method(body: &[u8]) -> Option<&str> {
    const BEGINNING: &[u8] = b"\"textDocument/";
    let head = &body[..body.len().min(NEAR)];
    let tail = &body[body.len().saturating_sub(NEAR)..];
    [head, tail].into_iter().find_map(|part| {
        let name = &part[memmem::find(part, BEGINNING)? + 1..];
        let end = memchr(b'"', name)?;
        std::str::from_utf8(&name[..end]).ok()
    })
}

/// A message with known parameters.
#[derive(Deserialize)]
struct Written<'a, P> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    params: P,
    #[serde(default, deserialize_with = "present")]
    id: Option<Id>,
}

fn written<P: DeserializeOwned>(body: &str, method: &str) -> Option<(Option<Id>, P)> {
    let written: Written<P> = serde_json::from_str(body).ok()?;
    let is_it = written.jsonrpc == "2.0" && written.method == method;
    is_it.then_some((written.id, written.params))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The same, read as any other message.
    fn as_any(body: &str) -> Request {
        let message: Value = serde_json::from_str(body).expect("JSON");
        let method = message["method"].as_str().expect("a method").to_owned();
        let request = Request::build(method).params(message["params"].clone());
        match message.get("id") {
            Some(id) => request.id(serde_json::from_value::<Id>(id.clone()).expect("an id")),
            None => request,
        }
        .finish()
    }

    fn read(body: &str) -> Option<Request> {
        match super::read(body)? {
            Message::Keystroke(keystroke) => Some(keystroke.into_request()),
            _ => None,
        }
    }

    fn position(line: u32) -> Value {
        json!({ "line": line, "character": 7 })
    }

    fn change(text: &str) -> Value {
        let range = json!({ "start": position(1), "end": position(2) });
        json!({
            "textDocument": { "uri": "file:///a/atomizer_spec.json", "version": 2 },
            "contentChanges": [{ "range": range, "text": text }, { "text": "{}" }],
        })
    }

    fn completion() -> Value {
        json!({
            "textDocument": { "uri": "file:///a/atomizer_spec.json" },
            "position": position(3),
            "workDoneToken": 5,
            "context": { "triggerKind": 2, "triggerCharacter": "\"" },
        })
    }

    #[test]
    fn what_comes_with_a_letter_is_read_as_it_would_be_otherwise() {
        let long = "a\"é😀\n".repeat(1000);
        let (change, completion) = (change(&long), completion());
        let params = format!(r#""params": {change}"#);
        for body in [
            format!(r#"{{"jsonrpc":"2.0","method":"textDocument/didChange",{params}}}"#),
            // The order is the client's.
            format!(r#"{{{params}, "method": "textDocument/didChange", "jsonrpc": "2.0"}}"#),
            format!(
                r#"{{"id":"x","method":"textDocument/completion","params":{completion},"jsonrpc":"2.0"}}"#
            ),
            format!(
                r#"{{"jsonrpc":"2.0","params":{completion},"more":[1],"method":"textDocument/completion","id":7}}"#
            ),
        ] {
            assert_eq!(read(&body), Some(as_any(&body)), "{body}");
        }
    }

    #[test]
    fn what_is_not_as_it_should_be_is_left_to_the_general_reading() {
        let (change, completion) = (change("x"), completion());
        for body in [
            // A notification with an id, a request without one.
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"textDocument/didChange","params":{change}}}"#
            ),
            format!(
                r#"{{"jsonrpc":"2.0","method":"textDocument/completion","params":{completion}}}"#
            ),
            // Other methods, though these are named.
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"textDocument/hover","was":"textDocument/completion","params":{completion}}}"#
            ),
            format!(r#"{{"jsonrpc":"2.0","method":"textDocument/didChanges","params":{change}}}"#),
            r#"{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{}}"#.into(),
            // Parameters that are none.
            r#"{"jsonrpc":"2.0","method":"textDocument/didChange","params":{}}"#.into(),
            r#"{"jsonrpc":"2.0","method":"textDocument/didChange"}"#.into(),
            format!(r#"{{"jsonrpc":"1.0","method":"textDocument/didChange","params":{change}}}"#),
            format!(r#"{{"jsonrpc":"2.0","method":"textDocument/didChange","params":{change}"#),
        ] {
            assert_eq!(read(&body), None, "{body}");
        }
    }
}
