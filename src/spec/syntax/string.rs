//! JSON strings: what they stand for, and where.

use std::borrow::Cow;

/// Walks over the content of a string: for each piece, its text and its length as written.
struct Pieces<'a> {
    rest: &'a str,
}

/// A piece of a string's content.
struct Piece<'a> {
    raw: &'a str,
    value: Value<'a>,
}

enum Value<'a> {
    Plain(&'a str),
    Char(char),
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let plain = self.rest.find('\\').unwrap_or(self.rest.len());
        if plain > 0 {
            let (raw, rest) = self.rest.split_at(plain);
            self.rest = rest;
            return Some(Piece {
                raw,
                value: Value::Plain(raw),
            });
        }
        let second = self.rest.chars().nth(1)?;
        let (len, value) = match second {
            '"' | '\\' | '/' => (2, Value::Char(second)),
            'b' => (2, Value::Char('\u{8}')),
            'f' => (2, Value::Char('\u{c}')),
            'n' => (2, Value::Char('\n')),
            'r' => (2, Value::Char('\r')),
            't' => (2, Value::Char('\t')),
            'u' => unicode(self.rest),
            _ => {
                let len = 1 + second.len_utf8();
                (len, Value::Plain(&self.rest[..len]))
            }
        };
        let (raw, rest) = self.rest.split_at(len);
        self.rest = rest;
        Some(Piece { raw, value })
    }
}

/// `\uXXXX`, or two of them that make one character.
fn unicode(rest: &str) -> (usize, Value<'_>) {
    match hex(rest, 0) {
        None => {
            let digits = rest[2..].bytes().take_while(u8::is_ascii_hexdigit).count();
            (2 + digits, Value::Plain(&rest[..2 + digits]))
        }
        Some(high @ 0xD800..=0xDBFF) => match hex(rest, 6) {
            Some(low @ 0xDC00..=0xDFFF) => {
                let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                (
                    12,
                    Value::Char(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
                )
            }
            _ => (6, Value::Char(char::REPLACEMENT_CHARACTER)),
        },
        Some(code) => match char::from_u32(code) {
            Some(c) => (6, Value::Char(c)),
            None => (6, Value::Char(char::REPLACEMENT_CHARACTER)),
        },
    }
}

/// The value of `\uXXXX` at `at`.
fn hex(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        u32::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

/// What is between the quotes, where there are any.
fn content(raw: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = raw.strip_prefix(quote) {
            return rest.strip_suffix(quote).unwrap_or(rest);
        }
    }
    raw.strip_suffix('"').unwrap_or(raw)
}

/// The text that a string, with or without its quotes, stands for.
pub(super) fn unescape(raw: Cow<'_, str>) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return match raw {
            Cow::Borrowed(raw) => Cow::Borrowed(content(raw)),
            Cow::Owned(raw) => Cow::Owned(content(&raw).to_owned()),
        };
    }
    let mut text = String::with_capacity(raw.len());
    for piece in (Pieces {
        rest: content(&raw),
    }) {
        match piece.value {
            Value::Plain(plain) => text.push_str(plain),
            Value::Char(c) => text.push(c),
        }
    }
    Cow::Owned(text)
}

/// Maps places in the text of a string to places in the document.
#[derive(Debug, Clone)]
pub struct Escapes {
    /// Where, in the text and in the document, something begins after which both advance alike; sorted.
    steps: Vec<(usize, usize)>,
}

impl Escapes {
    /// For the string that is written as `raw` and begins at `start`.
    pub(super) fn new(raw: &str, start: usize) -> Self {
        let inner = content(raw);
        let quote = usize::from(raw.starts_with(['"', '\'']));
        let (mut text, mut document) = (0, start + quote);
        let mut steps = vec![(text, document)];
        for piece in (Pieces { rest: inner }) {
            text += match piece.value {
                Value::Plain(plain) => plain.len(),
                Value::Char(c) => c.len_utf8(),
            };
            document += piece.raw.len();
            if matches!(piece.value, Value::Char(_)) {
                steps.push((text, document));
            }
        }
        Escapes { steps }
    }

    /// The document's byte offset of byte `offset` of the text. Inside a character that is written as an escape: the
    /// escape's start.
    #[must_use]
    pub fn to_document(&self, offset: usize) -> usize {
        let after = self.steps.partition_point(|(text, _)| *text <= offset);
        let (text, document) = self.steps[after.saturating_sub(1)];
        let place = document + (offset - text);
        match self.steps.get(after) {
            // An escape stands at the end of this stretch: nothing in the stretch is beyond its start.
            Some((_, next)) => place.min(next.saturating_sub(1)),
            None => place,
        }
    }
}
