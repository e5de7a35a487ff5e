//! Reading the text of a large document out of the message that opens it, on several processors.
//!
//! The text is one JSON string of the message, with a backslash in it every few bytes. It is found by how messages look;
//! that is a guess, and what turns out otherwise is read as any other message. serde_json reads the pieces of the string,
//! and the message around it. What it reads stays in the memory of the message, which spares memory that was never touched
//! before.

use std::{fmt, ops::Range, string::FromUtf8Error};

use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};
use serde::de::{self, Deserializer, Visitor};
use serde_json::Value;
use tower_lsp::jsonrpc::{Error, Request};

use super::Message;

/// Shorter bodies are read faster than the work is shared out.
const LONG: usize = 256 << 10;
/// Bytes of the string that are read at a time.
const PIECE: usize = 8 << 10;
/// So far from either end of the body the string begins and ends.
const AROUND: usize = 4 << 10;

/// Reads a body as [`read`](super::read) does, in less time and memory if it is long and opens a document.
pub(super) fn read(body: Vec<u8>) -> Result<Message, Error> {
    let Some((request, text)) = opened(&body) else {
        return super::read(&body);
    };
    match taken_out(body, text) {
        Ok(text) => Ok(Message::Request(with_text(request, text))),
        Err(body) => super::read(&body),
    }
}

/// The message of a long body that is a `textDocument/didOpen`, with `null` for its text, and where that is.
fn opened(body: &[u8]) -> Option<(Request, Range<usize>)> {
    let body = Some(body).filter(|body| body.len() >= LONG)?;
    let text = string(body)?;
    // No text of a document: it is told from what was there.
    let around = [&body[..text.start - 1], b"null", &body[text.end + 1..]].concat();
    let Ok(Message::Request(request)) = super::read(&around) else {
        return None;
    };
    let place = request.params()?.pointer(TEXT)?;
    let is_it =
        request.method() == "textDocument/didOpen" && request.id().is_none() && place.is_null();
    is_it.then_some((request, text))
}

/// Where the text is in the parameters (LSP 3.17, "DidOpenTextDocumentParams").
const TEXT: &str = "/textDocument/text";

fn with_text(request: Request, text: String) -> Request {
    let (method, _, params) = request.into_parts();
    let mut params = params.unwrap_or_default();
    if let Some(place) = params.pointer_mut(TEXT) {
        *place = Value::String(text);
    }
    Request::build(method).params(params).finish()
}

/// What stands between the quotes of the first `"text": "…"`, where it begins and ends near the ends of the body. A quote
/// of the key can only stand there when it begins a string: what follows one that ends a string is no letter.
fn string(body: &[u8]) -> Option<Range<usize>> {
    const KEY: &[u8] = b"\"text\"";
    let key = body[..AROUND]
        .windows(KEY.len())
        .position(|here| here == KEY)?;
    let value = body[key + KEY.len()..].trim_ascii_start();
    let value = value.strip_prefix(b":")?.trim_ascii_start();
    let start = body.len() - value.strip_prefix(b"\"")?.len();
    let tail = (body.len() - AROUND).max(start);
    let backslashes = body[start..tail].iter().rev();
    let mut escaped = backslashes.take_while(|byte| **byte == b'\\').count() % 2 == 1;
    let length = body[tail..].iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    Some(start..tail + length)
}

/// The string that is written at `text`, in the memory of the body: what it stands for is never longer. If none is written
/// there, the body as it was, or with the same characters written otherwise.
fn taken_out(mut body: Vec<u8>, text: Range<usize>) -> Result<String, Vec<u8>> {
    let read: Vec<(usize, Option<usize>)> = pieces(&mut body[text.clone()])
        .par_iter_mut()
        .map_init(Vec::new, |buffer, piece| {
            (piece.len(), unescape(buffer, piece))
        })
        .collect();
    if read.iter().any(|(_, read)| read.is_none()) {
        return Err(written_again(&body, text, &read));
    }
    let (mut from, mut to) = (text.start, 0);
    for (written, read) in read {
        let read = read.unwrap_or(written);
        body.copy_within(from..from + read, to);
        (from, to) = (from + written, to + read);
    }
    body.truncate(to);
    String::from_utf8(body).map_err(FromUtf8Error::into_bytes)
}

/// Puts what is written between quotes as `piece` where it is written; its length. None, and nothing is changed, if that is
/// no string, or more than one.
fn unescape(buffer: &mut Vec<u8>, piece: &mut [u8]) -> Option<usize> {
    buffer.clear();
    buffer.push(b'"');
    buffer.extend_from_slice(piece);
    buffer.push(b'"');
    let mut reader = serde_json::Deserializer::from_slice(buffer);
    let read = reader.deserialize_str(Into(piece));
    if read.is_ok() && reader.end().is_ok() {
        return read.ok();
    }
    piece.copy_from_slice(&buffer[1..=piece.len()]);
    None
}

/// A body again of whose text some pieces were read: with how long each was, and is where it was read.
fn written_again(body: &[u8], text: Range<usize>, pieces: &[(usize, Option<usize>)]) -> Vec<u8> {
    let mut again = body[..text.start].to_vec();
    let mut at = text.start;
    for (written, read) in pieces {
        let piece = &body[at..at + read.unwrap_or(*written)];
        match (read, std::str::from_utf8(piece)) {
            (Some(_), Ok(read)) => {
                let quoted = Value::from(read).to_string();
                again.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
            }
            _ => again.extend_from_slice(piece),
        }
        at += written;
    }
    again.extend_from_slice(&body[text.end..]);
    again
}

/// Writes the string that is read to the beginning of a place with room for it; its length.
struct Into<'p>(&'p mut [u8]);

impl Visitor<'_> for Into<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, read: &str) -> Result<usize, E> {
        match self.0.get_mut(..read.len()) {
            Some(place) => place.copy_from_slice(read.as_bytes()),
            None => return Err(E::invalid_length(read.len(), &self)),
        }
        Ok(read.len())
    }
}

/// Cuts behind commas, which are in no escape sequence; nor do they stand between the two of a surrogate pair.
fn pieces(mut written: &mut [u8]) -> Vec<&mut [u8]> {
    let mut pieces = Vec::with_capacity(written.len() / PIECE + 1);
    while let Some(comma) = written
        .get(PIECE..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b','))
    {
        let (piece, rest) = written.split_at_mut(PIECE + comma + 1);
        pieces.push(piece);
        written = rest;
    }
    pieces.push(written);
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn body(text: &str) -> String {
        let document =
            json!({ "uri": "file:///a", "languageId": "json", "version": 1, "text": text });
        let params = json!({ "textDocument": document });
        json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": params }).to_string()
    }

    fn params(message: Result<Message, Error>) -> Option<Value> {
        match message {
            Ok(Message::Request(request)) => request.params().cloned(),
            _ => None,
        }
    }

    fn is_opened(body: &str) -> bool {
        opened(body.as_bytes()).is_some()
    }

    /// As long as it has to be, with `part` in it again and again.
    fn long(part: &str) -> String {
        part.repeat(LONG / part.len().max(1) + 1)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_text_is_what_serde_json_reads(part in r#"[a\\"\n,é😀\u{7}]{1,40}"#, last in r#"[\\",]{0,3}"#) {
            let body = body(&(long(&part) + &last));
            prop_assert!(is_opened(&body));
            prop_assert_eq!(params(read(body.clone().into())), params(super::super::read(body.as_bytes())));
        }
    }

    #[test]
    fn surrogates_that_are_written_as_escapes_are_not_torn() {
        let pair = r"\ud83d\ude00";
        let body = body("TEXT").replace("TEXT", &long(pair));
        assert!(is_opened(&body));
        let text = params(read(body.into())).expect("read")["textDocument"]["text"].clone();
        assert_eq!(text, long(pair).replace(pair, "😀"));
    }

    #[test]
    fn what_is_no_opened_document_is_left_to_others() {
        let good = body(&long("{\"a\": 1},\n"));
        assert!(is_opened(&good));
        let broken = [
            good.replacen("didOpen", "didSave", 1),
            good.replacen("\"params\"", "\"id\":1,\"params\"", 1),
            good.replacen("\"text\"", "\"tект\"", 1),
            good.replacen("\"textDocument\"", "\"document\"", 1),
            good[..good.len() - 1].to_owned(),
            body("short"),
        ];
        for body in broken {
            assert!(!is_opened(&body), "{}", &body[..200]);
        }
    }

    #[test]
    fn a_text_that_ends_before_the_last_string_is_read_all_the_same() {
        let good = body(&long("{\"é\": 1,\n \"b\": \"\u{7}\"},\n"));
        let middle = good.len() / 2;
        let comma = middle + good[middle..].find(',').expect("a comma");
        let (text, rest) = good.split_at(comma);
        let odd = format!("{text}\",\"uri2\":\"{rest}");
        assert!(is_opened(&odd));
        let params = params(read(odd.clone().into())).expect("parameters");
        let whole: Value = serde_json::from_str(&odd).expect("JSON");
        assert_eq!(params, whole["params"]);
        assert!(params["textDocument"]["uri2"].is_string());
    }

    #[test]
    fn a_text_that_is_no_json_string_is_refused() {
        let good = body(&long("{\"a\": 1},\n"));
        let mut invalid = good.clone().into_bytes();
        invalid[1000] = 0xff;
        let broken = [
            good.replacen("\\\"a", "\"a", 1).into_bytes(),
            good.replacen("\\n", "\\x", 1).into_bytes(),
            good.replacen("\\n", "\n", 1).into_bytes(),
            invalid,
        ];
        for body in broken {
            let refused = read(body).expect_err("no JSON");
            assert_eq!(refused.code.code(), -32700);
        }
    }
}
