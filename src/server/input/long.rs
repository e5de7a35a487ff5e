//! Reading the text of a large document out of the message that opens it, on several processors.
//!
//! The text is one JSON string of the message, with a backslash in it every few bytes. It is found by how messages look;
//! that is a guess, and what turns out otherwise is read as any other message. serde_json reads the pieces of the string,
//! and the message around it.

use std::ops::Range;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde_json::Value;
use tower_lsp::jsonrpc::Request;

use super::{Message, read};

/// Shorter bodies are read faster than the work is shared out.
const LONG: usize = 256 << 10;
/// Bytes of the string that are read at a time.
const PIECE: usize = 8 << 10;
/// So far from either end of the body the string begins and ends.
const AROUND: usize = 4 << 10;

/// The message of a long body that is a `textDocument/didOpen`.
pub(super) fn opened(body: &[u8]) -> Option<Message> {
    let long = Some(body).filter(|body| body.len() >= LONG)?;
    let body = std::str::from_utf8(long).ok()?;
    let text = string(body)?;
    // No text of a document: it is told from what was there.
    let around = [&body[..text.start - 1], "null", &body[text.end + 1..]].concat();
    let Ok(Message::Request(request)) = read(around.as_bytes()) else {
        return None;
    };
    let (method, id, mut params) = request.into_parts();
    let place = params.as_mut()?.pointer_mut("/textDocument/text")?;
    if method != "textDocument/didOpen" || id.is_some() || !place.is_null() {
        return None;
    }
    *place = Value::String(unescaped(&body[text])?);
    let request = Request::build(method).params(params.unwrap_or_default());
    Some(Message::Request(request.finish()))
}

/// What stands between the quotes of the first `"text": "…"`, where it begins and ends near the ends of the body. A quote
/// of the key can only stand there when it begins a string: what follows one that ends a string is no letter.
fn string(body: &str) -> Option<Range<usize>> {
    const KEY: &str = "\"text\"";
    let bytes = body.as_bytes();
    let key = body[..body.floor_char_boundary(AROUND)].find(KEY)?;
    let value = body[key + KEY.len()..].trim_start().strip_prefix(':')?;
    let start = body.len() - value.trim_start().strip_prefix('"')?.len();
    let tail = (bytes.len() - AROUND).max(start);
    let backslashes = bytes[start..tail].iter().rev();
    let mut escaped = backslashes.take_while(|byte| **byte == b'\\').count() % 2 == 1;
    let length = bytes[tail..].iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    Some(start..tail + length)
}

/// The string that is written so; none where a quote, or anything else that no JSON string has, is in it.
fn unescaped(written: &str) -> Option<String> {
    let pieces = pieces(written);
    let read = |piece: &&str| serde_json::from_str::<String>(&["\"", piece, "\""].concat()).ok();
    let read: Option<Vec<String>> = pieces.par_iter().map(read).collect();
    Some(read?.concat())
}

/// Cuts behind commas, which are in no escape sequence; nor do they stand between the two of a surrogate pair.
fn pieces(mut written: &str) -> Vec<&str> {
    let mut pieces = Vec::with_capacity(written.len() / PIECE + 1);
    while let Some(comma) = written
        .as_bytes()
        .get(PIECE..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b','))
    {
        let (piece, rest) = written.split_at(PIECE + comma + 1);
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

    fn params(message: Option<Message>) -> Option<Value> {
        match message {
            Some(Message::Request(request)) => request.params().cloned(),
            _ => None,
        }
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
            let whole = read(body.as_bytes()).ok();
            prop_assert_eq!(params(opened(body.as_bytes())), params(whole));
        }
    }

    #[test]
    fn surrogates_that_are_written_as_escapes_are_not_torn() {
        let pair = r"\ud83d\ude00";
        let body = body("TEXT").replace("TEXT", &long(pair));
        let text = params(opened(body.as_bytes())).expect("read")["textDocument"]["text"].clone();
        assert_eq!(text, long(pair).replace(pair, "😀"));
    }

    #[test]
    fn what_is_no_opened_document_is_left_to_others() {
        let good = body(&long("{\"a\": 1},\n"));
        assert!(opened(good.as_bytes()).is_some());
        let broken = [
            good.replacen("didOpen", "didSave", 1),
            good.replacen("\"params\"", "\"id\":1,\"params\"", 1),
            good.replacen("\"text\"", "\"tект\"", 1),
            good.replacen("\"textDocument\"", "\"document\"", 1),
            good.replacen("\\\"a", "\"a", 1),
            good.replacen("\\n", "\\x", 1),
            good.replacen("\\n", "\n", 1),
            good[..good.len() - 1].to_owned(),
            body("short"),
        ];
        for body in broken {
            assert!(opened(body.as_bytes()).is_none(), "{}", &body[..200]);
        }
    }
}
