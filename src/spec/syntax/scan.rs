//! Bytes of the text, one after the other, and the tokens made of them.

use super::{Kind, error::Trouble};
use crate::text::Text;

/// The text as the parser reads it: through a window that is one piece of the rope, or all of a text in one piece.
#[derive(Clone)]
pub(super) struct Source<'a> {
    text: &'a Text,
    window: &'a [u8],
    base: usize,
    len: usize,
}

/// A mistake at a place of the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub at: usize,
    pub len: usize,
    pub trouble: Trouble,
}

/// A string token.
pub(super) struct StringToken {
    pub end: usize,
    /// Ends in its quote.
    pub closed: bool,
    /// Closing brackets at the line's end were taken for such, not for part of the string.
    pub gave_back: bool,
}

impl<'a> Source<'a> {
    /// Reads from the rope, piece by piece.
    pub fn new(text: &'a Text) -> Self {
        Source {
            text,
            window: &[],
            base: 0,
            len: text.len(),
        }
    }

    /// Reads from `whole`, which must be all of `text`.
    pub fn whole(text: &'a Text, whole: &'a str) -> Self {
        Source {
            text,
            window: whole.as_bytes(),
            base: 0,
            len: whole.len(),
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// The byte at `pos`; none at the end.
    #[inline]
    pub fn at(&mut self, pos: usize) -> Option<u8> {
        match self.window.get(pos.wrapping_sub(self.base)) {
            Some(byte) => Some(*byte),
            None => self.load(pos),
        }
    }

    #[cold]
    fn load(&mut self, pos: usize) -> Option<u8> {
        if pos >= self.len {
            return None;
        }
        let (chunk, start) = self.text.chunk_at(pos);
        (self.window, self.base) = (chunk.as_bytes(), start);
        self.window.get(pos - start).copied()
    }

    /// The first place from `pos` on where `stop` holds; the end of the text if there is none.
    #[inline]
    pub fn find(&mut self, mut pos: usize, stop: impl Fn(u8) -> bool) -> usize {
        while self.at(pos).is_some() {
            let rest = &self.window[pos - self.base..];
            match rest.iter().position(|&byte| stop(byte)) {
                Some(n) => return pos + n,
                None => pos += rest.len(),
            }
        }
        pos
    }

    /// What the bytes from `start` to `end` are.
    pub fn text(&self, start: usize, end: usize) -> std::borrow::Cow<'a, str> {
        self.text.slice(start..end)
    }

    /// Skips blanks and comments from `pos` on. Comments are mistakes, and so are blanks that JSON does not know. Tells also
    /// whether a line ended on the way.
    pub fn trivia(&mut self, mut pos: usize, faults: &mut Vec<Found>) -> (usize, bool) {
        let mut newline = false;
        loop {
            match self.at(pos) {
                Some(b' ') => pos += spaces(&self.window[pos - self.base..]),
                Some(b'\t') => pos += 1,
                Some(b'\n' | b'\r') => {
                    newline = true;
                    pos += 1;
                }
                Some(b'#') => pos = self.comment(pos, faults),
                Some(b'/') if matches!(self.at(pos + 1), Some(b'/' | b'*')) => {
                    pos = self.comment(pos, faults)
                }
                Some(0x80..) => match self.invisible(pos) {
                    0 => return (pos, newline),
                    len => {
                        faults.push(Found {
                            at: pos,
                            len,
                            trouble: Trouble::Invisible,
                        });
                        pos += len;
                    }
                },
                _ => return (pos, newline),
            }
        }
    }

    /// Length in bytes of the blank or invisible character at `pos` that JSON does not know, as text from the web or from a
    /// word processor brings it; 0 if it is none.
    #[cold]
    fn invisible(&mut self, pos: usize) -> usize {
        match [self.at(pos), self.at(pos + 1), self.at(pos + 2)] {
            // Next line, no-break space, soft hyphen.
            [Some(0xC2), Some(0x85 | 0xA0 | 0xAD), _] => 2,
            // Ogham space; spaces of all widths, zero width, marks of direction, line and paragraph separators; word joiner
            // and its like; ideographic space; byte order mark.
            [Some(0xE1), Some(0x9A), Some(0x80)]
            | [Some(0xE2), Some(0x80), Some(0x80..=0x8F | 0xA8..=0xAF)]
            | [Some(0xE2), Some(0x81), Some(0x9F..=0xA4)]
            | [Some(0xE3), Some(0x80), Some(0x80)]
            | [Some(0xEF), Some(0xBB), Some(0xBF)] => 3,
            _ => 0,
        }
    }

    #[cold]
    fn comment(&mut self, start: usize, faults: &mut Vec<Found>) -> usize {
        let (end, trouble) = if self.at(start) == Some(b'/') && self.at(start + 1) == Some(b'*') {
            let mut pos = start + 2;
            loop {
                pos = self.find(pos, |byte| byte == b'*');
                match self.at(pos + 1) {
                    Some(b'/') => break (pos + 2, Trouble::Comment),
                    Some(_) => pos += 1,
                    None => break (self.len, Trouble::UnclosedComment),
                }
            }
        } else {
            (
                self.find(start, |byte| matches!(byte, b'\n' | b'\r')),
                Trouble::Comment,
            )
        };
        faults.push(Found {
            at: start,
            len: end - start,
            trouble,
        });
        end
    }

    /// Reads the string that begins at `start` with a double or single quote.
    pub fn string(&mut self, start: usize, faults: &mut Vec<Found>) -> StringToken {
        let quote = self.at(start).unwrap_or(b'"');
        let known = faults.len();
        let mut pos = start + 1;
        loop {
            pos = self.find(pos, |byte| byte == quote || byte == b'\\' || byte < 0x20);
            match self.at(pos) {
                Some(byte) if byte == quote => {
                    if quote == b'\'' {
                        faults.truncate(known);
                        faults.push(Found {
                            at: start,
                            len: pos + 1 - start,
                            trouble: Trouble::SingleQuotes,
                        });
                    }
                    return StringToken {
                        end: pos + 1,
                        closed: true,
                        gave_back: false,
                    };
                }
                Some(b'\\') if !matches!(self.at(pos + 1), None | Some(b'\n' | b'\r')) => {
                    pos = self.escape(pos, faults)
                }
                Some(b'\\') => pos += 1,
                Some(byte) if byte != b'\n' && byte != b'\r' => {
                    let end = self.find(pos, |byte| byte >= 0x20 || byte == b'\n' || byte == b'\r');
                    faults.push(Found {
                        at: pos,
                        len: end - pos,
                        trouble: Trouble::ControlCharacter,
                    });
                    pos = end;
                }
                _ => return self.unclosed(start, pos, known, faults),
            }
        }
    }

    /// A string that nothing closes ends where its line does, but a comma there is more likely meant as one, and so are
    /// closing brackets if the string holds no opening one.
    fn unclosed(
        &mut self,
        start: usize,
        line_end: usize,
        known: usize,
        faults: &mut Vec<Found>,
    ) -> StringToken {
        faults.truncate(known);
        let raw = self.text(start, line_end);
        let mut content = raw.trim_end();
        content = content.strip_suffix(',').unwrap_or(content);
        let bare = content.trim_end_matches([']', '}', ' ', '\t']);
        let mut gave_back = false;
        if bare.len() < content.len() && content.contains([']', '}']) && !bare.contains(['{', '['])
        {
            gave_back = content[bare.len()..].contains([']', '}']);
            content = bare;
        }
        let end = (start + content.trim_end().len()).max(start + 1);
        faults.push(Found {
            at: start,
            len: end - start,
            trouble: Trouble::NoClosingQuote,
        });
        StringToken {
            end,
            closed: false,
            gave_back,
        }
    }

    /// Reads an escape, which is not at a line's end; where it ends.
    fn escape(&mut self, start: usize, faults: &mut Vec<Found>) -> usize {
        match self.at(start + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => start + 2,
            Some(b'u') => {
                let (end, code) = self.hex(start + 2);
                let trouble = match code {
                    None => Trouble::BadEscape,
                    Some(0xDC00..=0xDFFF) => Trouble::LoneSurrogate,
                    Some(0xD800..=0xDBFF) => {
                        if self.at(end) == Some(b'\\')
                            && self.at(end + 1) == Some(b'u')
                            && let (low_end, Some(0xDC00..=0xDFFF)) = self.hex(end + 2)
                        {
                            return low_end;
                        }
                        Trouble::LoneSurrogate
                    }
                    Some(_) => return end,
                };
                faults.push(Found {
                    at: start,
                    len: end - start,
                    trouble,
                });
                end
            }
            first => {
                let len = 1 + first.map_or(0, char_len);
                faults.push(Found {
                    at: start,
                    len,
                    trouble: Trouble::BadEscape,
                });
                start + len
            }
        }
    }

    /// Up to four hexadecimal digits; their value if there are four.
    fn hex(&mut self, start: usize) -> (usize, Option<u32>) {
        let mut code = 0;
        for n in 0..4 {
            match self
                .at(start + n)
                .and_then(|byte| char::from(byte).to_digit(16))
            {
                Some(digit) => code = code * 16 + digit,
                None => return (start + n, None),
            }
        }
        (start + 4, Some(code))
    }

    /// Reads a number, a literal, or text that is neither; where it ends and what it is.
    pub fn word(&mut self, start: usize, faults: &mut Vec<Found>) -> (usize, Kind) {
        if let Some((end, maybe_large)) = self.number(start)
            && !self.at(end).is_some_and(is_word)
        {
            if maybe_large && self.text(start, end).parse().is_ok_and(f64::is_infinite) {
                faults.push(Found {
                    at: start,
                    len: end - start,
                    trouble: Trouble::NumberTooLarge,
                });
                return (end, Kind::Error);
            }
            return (end, Kind::Number);
        }
        let mut end = self.find(start, |byte| !is_word(byte));
        let mut text = self.text(start, end);
        if matches!(&*text, "true." | "false." | "null.") {
            // A full stop for the comma.
            end -= 1;
            text = self.text(start, end);
        }
        let (trouble, kind) = match text.as_ref() {
            "true" => return (end, Kind::True),
            "false" => return (end, Kind::False),
            "null" => return (end, Kind::Null),
            text if looks_finite_less(text) => (Trouble::NotFinite, Kind::Error),
            text if looks_like_number(text) => (Trouble::BadNumber, Kind::Error),
            "True" | "TRUE" | "False" | "FALSE" | "None" | "Null" | "NULL" | "nil"
            | "undefined" | "yes" | "no" | "on" | "off" => (Trouble::WrongLiteral, Kind::Error),
            _ => (Trouble::UnquotedValue, Kind::Error),
        };
        if trouble != Trouble::UnquotedValue {
            faults.push(Found {
                at: start,
                len: end - start,
                trouble,
            });
            return (end, kind);
        }
        let end = self.words(start);
        if self.at(end) == Some(b'"') {
            faults.push(Found {
                at: start,
                len: end + 1 - start,
                trouble: Trouble::NoOpeningQuote,
            });
            return (end + 1, Kind::Error);
        }
        faults.push(Found {
            at: start,
            len: end - start,
            trouble,
        });
        (end, kind)
    }

    /// Words with single blanks between them: text that lacks its quotes.
    pub fn words(&mut self, start: usize) -> usize {
        let mut end = self.find(start, |byte| !is_word(byte));
        while self.at(end) == Some(b' ') && self.at(end + 1).is_some_and(is_word) {
            end = self.find(end + 1, |byte| !is_word(byte));
        }
        end
    }

    /// Something that begins nothing: at least one byte.
    pub fn junk(&mut self, start: usize) -> usize {
        self.find(start + 1, |byte| {
            is_word(byte)
                || matches!(
                    byte,
                    b' ' | b'\t'
                        | b'\n'
                        | b'\r'
                        | b'"'
                        | b'\''
                        | b','
                        | b':'
                        | b'{'
                        | b'}'
                        | b'['
                        | b']'
                        | b'/'
                        | b'#'
                )
        })
    }

    /// The end of a number as JSON writes it (RFC 8259, section 6), if one begins here, and whether a double may be too
    /// small for it.
    fn number(&mut self, start: usize) -> Option<(usize, bool)> {
        let mut pos = start + usize::from(self.at(start) == Some(b'-'));
        pos = match self.at(pos)? {
            b'0' => pos + 1,
            b'1'..=b'9' => self.find(pos, |byte| !byte.is_ascii_digit()),
            _ => return None,
        };
        if self.at(pos) == Some(b'.') {
            pos = self.digits(pos + 1)?;
        }
        let exponent = matches!(self.at(pos), Some(b'e' | b'E'));
        if exponent {
            let sign = matches!(self.at(pos + 1), Some(b'+' | b'-'));
            pos = self.digits(pos + 1 + usize::from(sign))?;
        }
        Some((pos, exponent || pos - start > 300))
    }

    fn digits(&mut self, start: usize) -> Option<usize> {
        let end = self.find(start, |byte| !byte.is_ascii_digit());
        (end > start).then_some(end)
    }
}

/// How many spaces `text` begins with. Most are indentation, so eight are looked at a time.
#[inline]
pub(super) fn spaces(text: &[u8]) -> usize {
    let eights = text.chunks_exact(8).take_while(|chunk| *chunk == [b' '; 8]);
    let known = 8 * eights.count();
    let single = text[known..].iter().take_while(|byte| **byte == b' ');
    known + single.count()
}

/// Part of a number, a literal or a name. Whatever is not ASCII counts, so that no character is cut.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'_' | b'-' | b'+' | b'.' | b'$')
}

fn looks_like_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+', '.']);
    digits.starts_with(|c: char| c.is_ascii_digit()) || digits.is_empty()
}

fn looks_finite_less(text: &str) -> bool {
    let name = text.trim_start_matches(['-', '+']).to_ascii_lowercase();
    matches!(name.as_str(), "nan" | "inf" | "infinity")
}

/// The length of the character that begins with this byte.
pub(super) fn char_len(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}
