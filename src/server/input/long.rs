//! Reading the text of a large document out of the message that opens it, while the message arrives.
//!
//! The text is one JSON string of the message, with a backslash in it every few bytes. It is found by how messages look;
//! that is a guess, and what turns out otherwise is put together again and read as any other message. The text is read
//! piece by piece, while the client writes the next one, and the message itself is never held: memory that was never
//! touched before costs as much as the reading.

mod unescape;

use std::io;

use serde_json::Value;
use tokio::{
    io::{AsyncBufRead, AsyncReadExt},
    task::yield_now,
};
use tower_lsp::jsonrpc::{Error, Request};

use self::unescape::{End, unescape};
use super::{Message, read};

/// Shorter bodies are read whole.
pub(super) const LONG: usize = 256 << 10;
/// So far from its beginning the string of a body begins.
const HEAD: usize = 4 << 10;
/// Bytes that are read at a time.
const PIECE: usize = 128 << 10;
/// So many bytes are read before others have their turn: less than a millisecond's work.
const TURN: usize = 512 << 10;

/// Where the text is in the parameters (LSP 3.17, "DidOpenTextDocumentParams").
const TEXT: &str = "/textDocument/text";
const METHOD: &str = "textDocument/didOpen";

/// A long body.
pub(super) enum Long {
    /// As it was sent.
    Whole(Vec<u8>),
    /// One whose text was read on the way.
    Opening {
        /// What stands before the text, with its quote.
        before: Vec<u8>,
        /// What the text stands for.
        text: Vec<u8>,
        /// What stands behind it, with its quote; or behind what was read of it, if it is no JSON.
        behind: Vec<u8>,
    },
}

/// Reads a body of that length, at least [`LONG`].
pub(super) async fn body(
    source: &mut (impl AsyncBufRead + Unpin),
    length: usize,
) -> io::Result<Long> {
    let mut head = vec![0; HEAD];
    source.read_exact(&mut head).await?;
    match string(&head) {
        Some(start) => {
            let begun = head.split_off(start);
            opening(source, length, head, begun).await
        }
        None => {
            let mut whole = head;
            whole.resize(length, 0);
            source.read_exact(&mut whole[HEAD..]).await?;
            Ok(Long::Whole(whole))
        }
    }
}

/// Where the first string with the key `text` begins, behind its quote, in the beginning of a message that opens a
/// document by its looks. A quote of the key can only stand there when it begins a string: what follows one that ends a
/// string is no letter.
fn string(head: &[u8]) -> Option<usize> {
    let find = |what: &[u8]| head.windows(what.len()).position(|here| here == what);
    find(METHOD.as_bytes())?;
    const KEY: &[u8] = b"\"text\"";
    let value = head[find(KEY)? + KEY.len()..].trim_ascii_start();
    let value = value.strip_prefix(b":")?.trim_ascii_start();
    Some(head.len() - value.strip_prefix(b"\"")?.len())
}

/// Reads the rest of a body of which `begun` is the beginning of its text.
async fn opening(
    source: &mut (impl AsyncBufRead + Unpin),
    length: usize,
    before: Vec<u8>,
    mut begun: Vec<u8>,
) -> io::Result<Long> {
    let mut left = length - before.len() - begun.len();
    // Of zeroes that the system has ready: what is not written to is not there.
    let mut text = vec![0; length - before.len()];
    let (mut written, mut of_turn) = (0, 0);
    begun.reserve_exact(PIECE);
    loop {
        let piece = unescape(&begun, &mut text[written..]);
        written += piece.written;
        begun.drain(..piece.read);
        if piece.end != End::More || left == 0 {
            break;
        }
        // Into room that need not be filled with zeroes first.
        let mut rest = (&mut *source).take(left as u64);
        let count = rest.read_buf(&mut begun).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left -= count;
        of_turn += count;
        if of_turn >= TURN {
            of_turn = 0;
            yield_now().await;
        }
    }
    text.truncate(written);
    let known = begun.len();
    begun.resize(known + left, 0);
    source.read_exact(&mut begun[known..]).await?;
    Ok(Long::Opening {
        before,
        text,
        behind: begun,
    })
}

impl Long {
    /// Reads the message, as [`read`](super::read) does.
    pub(super) fn read(self) -> Result<Message, Error> {
        match self {
            Long::Whole(body) => read(&body),
            Long::Opening {
                before,
                text,
                behind,
            } => {
                let Some(request) = opened(&before, &behind) else {
                    return read(&put_together(before, &text, &behind));
                };
                match String::from_utf8(text) {
                    Ok(text) => Ok(Message::Request(with_text(request, text))),
                    Err(error) => read(&put_together(before, error.as_bytes(), &behind)),
                }
            }
        }
    }
}

/// The message that opens a document, with `null` for its text; if that is what it is.
fn opened(before: &[u8], behind: &[u8]) -> Option<Request> {
    let before = before.strip_suffix(b"\"")?;
    let behind = behind.strip_prefix(b"\"")?;
    // No text of a document: it is told from what was there.
    let around = [before, b"null", behind].concat();
    let Ok(Message::Request(request)) = read(&around) else {
        return None;
    };
    let is_it = request.method() == METHOD
        && request.id().is_none()
        && request.params()?.pointer(TEXT)?.is_null();
    is_it.then_some(request)
}

fn with_text(request: Request, text: String) -> Request {
    let (method, _, params) = request.into_parts();
    let mut params = params.unwrap_or_default();
    if let Some(place) = params.pointer_mut(TEXT) {
        *place = Value::String(text);
    }
    Request::build(method).params(params).finish()
}

/// The body again, or one with the same characters written otherwise.
fn put_together(before: Vec<u8>, text: &[u8], behind: &[u8]) -> Vec<u8> {
    let mut body = before;
    for part in text.utf8_chunks() {
        let quoted = Value::from(part.valid()).to_string();
        body.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
        body.extend_from_slice(part.invalid());
    }
    body.extend_from_slice(behind);
    body
}

#[cfg(test)]
mod tests {
    use futures::future;
    use proptest::prelude::*;
    use serde_json::json;
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn opening_of(text: &str) -> String {
        let document =
            json!({ "uri": "file:///a", "languageId": "json", "version": 1, "text": text });
        let params = json!({ "textDocument": document });
        json!({ "jsonrpc": "2.0", "method": METHOD, "params": params }).to_string()
    }

    /// What arrives in pieces of this size at most.
    fn arrived(body: &[u8], piece: usize) -> Long {
        let (source, mut client) = tokio::io::duplex(piece);
        let mut source = tokio::io::BufReader::new(source);
        let both = future::join(super::body(&mut source, body.len()), client.write_all(body));
        let (long, sent) = futures::executor::block_on(both);
        sent.expect("somebody reads");
        long.expect("all of it")
    }

    fn params(message: Result<Message, Error>) -> Option<Value> {
        match message {
            Ok(Message::Request(request)) => request.params().cloned(),
            _ => None,
        }
    }

    fn is_opened(body: &[u8]) -> bool {
        match arrived(body, PIECE) {
            Long::Opening { before, behind, .. } => opened(&before, &behind).is_some(),
            Long::Whole(_) => false,
        }
    }

    /// As long as it has to be, with `part` in it again and again.
    fn long(part: &str) -> String {
        part.repeat(LONG / part.len().max(1) + 1)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_text_is_what_serde_json_reads(
            part in r#"[a\\"\n,é😀\u{7}]{1,40}"#,
            last in r#"[\\",]{0,3}"#,
            piece in 1000..200_000_usize,
        ) {
            let body = opening_of(&(long(&part) + &last));
            prop_assert!(is_opened(body.as_bytes()));
            let read_whole = params(super::super::read(body.as_bytes()));
            prop_assert_eq!(params(arrived(body.as_bytes(), piece).read()), read_whole);
        }
    }

    #[test]
    fn surrogates_that_are_written_as_escapes_are_not_torn() {
        let pair = r"\ud83d\ude00";
        let body = opening_of("TEXT").replace("TEXT", &long(pair));
        for piece in [4099, 5000, PIECE] {
            let read = arrived(body.as_bytes(), piece).read();
            let text = params(read).expect("read")["textDocument"]["text"].clone();
            assert_eq!(text, long(pair).replace(pair, "😀"));
        }
    }

    #[test]
    fn what_is_no_opened_document_is_read_as_any_other_message() {
        let good = opening_of(&long("{\"a\": 1},\n"));
        assert!(is_opened(good.as_bytes()));
        let others = [
            good.replacen("didOpen", "didSave", 1),
            good.replacen("\"params\"", "\"id\":1,\"params\"", 1),
            good.replacen("\"text\"", "\"tect\"", 1),
            good.replacen("\"textDocument\"", "\"document\"", 1),
            good.replacen("\"languageId\":\"json\"", "\"text\":\"x\"", 1),
        ];
        for body in others {
            assert!(!is_opened(body.as_bytes()), "{}", &body[..200]);
            let read = params(arrived(body.as_bytes(), PIECE).read()).expect("parameters");
            let whole: Value = serde_json::from_str(&body).expect("JSON");
            assert_eq!(read, whole["params"]);
        }
    }

    #[test]
    fn a_text_that_ends_before_the_last_string_is_read_all_the_same() {
        let good = opening_of(&long("{\"é\": 1,\n \"b\": \"\u{7}\"},\n"));
        let middle = good.len() / 2;
        let comma = middle + good[middle..].find(',').expect("a comma");
        let (text, rest) = good.split_at(comma);
        let odd = format!("{text}\",\"uri2\":\"{rest}");
        assert!(is_opened(odd.as_bytes()));
        let params = params(arrived(odd.as_bytes(), PIECE).read()).expect("parameters");
        let whole: Value = serde_json::from_str(&odd).expect("JSON");
        assert_eq!(params, whole["params"]);
        assert!(params["textDocument"]["uri2"].is_string());
    }

    #[test]
    fn a_text_that_is_no_json_string_is_refused() {
        let good = opening_of(&long("{\"a\": 1},\n"));
        let mut invalid = good.clone().into_bytes();
        invalid[1000] = 0xff;
        let broken = [
            good.replacen("\\\"a", "\"a", 1).into_bytes(),
            good.replacen("\\n", "\\x", 1).into_bytes(),
            good.replacen("\\n", "\n", 1).into_bytes(),
            good.as_bytes()[..good.len() - 1].to_vec(),
            good.as_bytes()[..good.len() - 6].to_vec(),
            invalid,
        ];
        for body in broken {
            let refused = arrived(&body, PIECE).read().expect_err("no JSON");
            assert_eq!(refused.code.code(), -32700);
        }
        // JSON's grammar has these (RFC 8259, section 8.2), but no string does.
        let lone = good.replacen("\\n", "\\ud800", 1);
        let refused = arrived(lone.as_bytes(), PIECE).read().expect_err("no text");
        assert_eq!(refused.code.code(), -32600);
    }
}
