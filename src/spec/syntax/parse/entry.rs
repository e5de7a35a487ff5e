//! Members of objects and elements of arrays: keys, colons, values, and what stands where one of them should.

use super::{Parser, Partial, Reuse, begins_value};
use crate::spec::syntax::{
    Kind,
    error::Trouble,
    green::{Shape, Value},
    scan::{char_len, is_word},
};

impl<R: Reuse> Parser<'_, R> {
    pub(super) fn member(&mut self, byte: u8) {
        let level = self.frames.len() - 1;
        if byte == b'{' && self.frames[level].comma {
            self.unbalance();
            if self.around(level) == Shape::Array {
                return self.force_close(level, 1);
            }
        }
        let mut item = Partial::new(self.pos);
        match byte {
            b'{' if self.pos == self.frames[level].start + 1 => {
                item.fault(self.pos, 1, Trouble::Junk);
                item.quiet = true;
                self.pos += 1;
                return self.finish(item, Value::Missing);
            }
            b'{' | b'[' => {
                if self.top().bare > 0 {
                    self.unbalance();
                } else {
                    item.fault(self.pos, 1, Trouble::MissingKey);
                }
                item.bare = 2;
                return self.value(item, byte);
            }
            b':' => item.fault(self.pos, 1, Trouble::MissingKey),
            b'"' | b'\'' => self.quoted_key(&mut item),
            byte if is_word(byte) => {
                let end = self.src.words(self.pos);
                let lost_quote = self.src.at(end) == Some(b'"');
                let end = end + usize::from(lost_quote);
                let trouble = if lost_quote {
                    Trouble::NoOpeningQuote
                } else {
                    Trouble::UnquotedKey
                };
                item.fault(self.pos, end - self.pos, trouble);
                item.key_len = end - self.pos;
                self.pos = end;
            }
            _ => {
                let end = self.src.junk(self.pos);
                item.fault(self.pos, end - self.pos, Trouble::Junk);
                item.quiet = true;
                self.pos = end;
                return self.finish(item, Value::Missing);
            }
        }
        self.colon_and_value(item);
    }

    /// A key in quotes. Where the closing one is lost, the key ends at the colon.
    pub(super) fn quoted_key(&mut self, item: &mut Partial) {
        let start = self.pos;
        let known = item.faults.len();
        let token = self.src.string(start, &mut item.faults);
        let mut end = token.end;
        let raw = self.src.text(start, end);
        let colon = if token.closed {
            let content = raw[1..raw.len() - 1].trim_end();
            (content.ends_with(':') && !content.contains('\\')).then_some(content.len())
        } else {
            raw.find(':').filter(|at| *at > 1 && !raw.contains('\\'))
        };
        if let Some(colon) = colon
            && (!token.closed || self.next_byte(end) != Some(b':'))
        {
            item.faults.truncate(known);
            end = start + raw[..colon].trim_end().len();
            item.fault(start, end - start, Trouble::NoClosingQuote);
            if !token.closed {
                // What follows on the line was looked at, though it is not part of the key.
                self.unbalance();
            }
        } else if token.gave_back {
            self.unbalance();
        }
        item.key_len = end - start;
        self.pos = end;
    }

    /// The first byte after blanks from `pos` on.
    pub(super) fn next_byte(&mut self, pos: usize) -> Option<u8> {
        let (next, _) = self.src.trivia(pos, &mut Vec::new());
        self.src.at(next)
    }

    /// The parser stands after a key.
    pub(super) fn colon_and_value(&mut self, mut item: Partial) {
        let (mut key_end, mut newline) = self.src.trivia(self.pos, &mut item.faults);
        if !newline && let Some(colon) = self.colon_behind(key_end, &mut item) {
            (key_end, newline) = (colon, false);
        }
        let key_stop = std::mem::replace(&mut self.pos, key_end);
        item.value_at = key_end;
        match self.src.at(key_end) {
            Some(b':') => item.colon = true,
            Some(byte) if !begins_value(byte) && !matches!(byte, b',' | b'}' | b']') => {
                let end = self.src.junk(key_end);
                let end = if self.src.at(end) == Some(b':') {
                    end + 1
                } else {
                    end
                };
                item.fault(key_end, end - key_end, Trouble::WrongColon);
                item.colon = true;
                self.pos = end - 1;
            }
            Some(b'"' | b'\'') if !newline && !self.string_then_colon(key_end) => {
                item.fault(key_end, 1, Trouble::MissingColon);
            }
            Some(byte) if begins_value(byte) && !matches!(byte, b'"' | b'\'') => {
                item.fault(key_end, char_len(byte), Trouble::MissingColon);
            }
            _ => {
                let bare = item
                    .faults
                    .iter()
                    .any(|fault| fault.trouble == Trouble::UnquotedKey);
                let number = bare
                    && self
                        .src
                        .at(item.start)
                        .is_some_and(|byte| byte.is_ascii_digit());
                item.faults
                    .retain(|fault| fault.trouble != Trouble::UnquotedKey);
                let trouble = if number {
                    Trouble::Junk
                } else {
                    Trouble::KeyAlone
                };
                item.bare = 1;
                if self.top().bare > 0 {
                    self.unbalance();
                } else {
                    item.fault(item.start, key_stop - item.start, trouble);
                }
                item.quiet = true;
                return self.finish(item, Value::Missing);
            }
        }
        if item.colon {
            let colon = self.pos;
            (self.pos, _) = self.src.trivia(colon + 1, &mut item.faults);
            self.skip_before_value(&mut item);
            item.value_at = self.pos;
            let missing = match self.src.at(self.pos) {
                None | Some(b',' | b'}' | b']' | b':') => true,
                Some(b'"' | b'\'') => self.string_then_colon(self.pos),
                Some(_) => false,
            };
            if missing {
                item.fault(colon, 1, Trouble::MissingValue);
                item.quiet = true;
                return self.finish(item, Value::Missing);
            }
        }
        let byte = self.src.at(self.pos).unwrap_or(b' ');
        self.value(item, byte);
    }

    /// The colon behind something that has no business between it and the key, which is then told.
    pub(super) fn colon_behind(&mut self, pos: usize, item: &mut Partial) -> Option<usize> {
        let (end, trouble) = match self.src.at(pos)? {
            b',' => (pos + 1, Trouble::ExtraComma),
            b'}' | b']' => (pos + 1, Trouble::StrayCloser),
            byte if is_word(byte) => (self.src.words(pos), Trouble::Junk),
            _ => return None,
        };
        let colon = self.next_near(end, trouble)?;
        (self.src.at(colon) == Some(b':')).then(|| {
            item.fault(pos, end - pos, trouble);
            colon
        })
    }

    /// Skips what has no business between a colon and its value, if the value follows on the line.
    pub(super) fn skip_before_value(&mut self, item: &mut Partial) {
        let pos = self.pos;
        let (end, trouble) = match self.src.at(pos) {
            Some(b',') => (pos + 1, Trouble::ExtraComma),
            Some(b'}' | b']') => (pos + 1, Trouble::StrayCloser),
            Some(byte) if is_word(byte) => {
                let (end, kind) = self.src.word(pos, &mut Vec::new());
                let quoted = self.src.at(end.saturating_sub(1)) == Some(b'"');
                if kind != Kind::Error || quoted {
                    return;
                }
                (end, Trouble::Junk)
            }
            _ => return,
        };
        let Some(next) = self.next_near(end, trouble) else {
            return;
        };
        let value = match self.src.at(next) {
            Some(b'{' | b'[') => true,
            Some(b'"' | b'\'') => trouble == Trouble::StrayCloser || !self.string_then_colon(next),
            Some(byte) if is_word(byte) => match trouble {
                Trouble::StrayCloser => true,
                Trouble::ExtraComma => !self.word_then_colon(next),
                _ => false,
            },
            Some(_) => false,
            None => false,
        };
        if value {
            item.fault(pos, end - pos, trouble);
            self.pos = next;
        }
    }

    /// What follows on the line. Behind a bracket, which may end a container, no more than the bytes that count for it are
    /// looked at.
    pub(super) fn next_near(&mut self, pos: usize, trouble: Trouble) -> Option<usize> {
        let near = if trouble == Trouble::StrayCloser {
            pos + usize::from(self.src.at(pos) == Some(b' '))
        } else {
            self.blanks(pos)
        };
        self.src.at(near).map(|_| near)
    }

    pub(super) fn word_then_colon(&mut self, pos: usize) -> bool {
        let end = self.src.words(pos);
        self.next_byte(end) == Some(b':')
    }

    /// Whether the string at `pos` is a key: a colon follows it.
    pub(super) fn string_then_colon(&mut self, pos: usize) -> bool {
        let token = self.src.string(pos, &mut Vec::new());
        token.closed && self.next_byte(token.end) == Some(b':')
    }

    pub(super) fn element(&mut self, byte: u8) {
        let mut item = Partial::new(self.pos);
        if matches!(byte, b'"' | b'\'') && self.string_then_colon(self.pos) {
            return self.member_in_array(item);
        }
        if begins_value(byte) || self.text_without_quote(self.pos, byte).is_some() {
            return self.value(item, byte);
        }
        let end = self.src.junk(self.pos);
        item.fault(self.pos, end - self.pos, Trouble::Junk);
        item.quiet = true;
        self.pos = end;
        self.finish(item, Value::Missing);
    }

    /// `"key":` in an array: either the array lost its `]`, or this member's object lost its `{`.
    pub(super) fn member_in_array(&mut self, mut item: Partial) {
        let level = self.frames.len() - 1;
        let empty =
            self.items.len() == self.frames[level].base && self.frames[level].chunks.is_empty();
        self.unbalance();
        if !self.frames[level].run {
            let deeper = match (
                self.indent(self.pos, false),
                self.indent(self.frames[level].start, false),
            ) {
                (Some(here), Some(opener)) => here > opener,
                _ => false,
            };
            if self.around(level) == Shape::Object && !empty && !deeper {
                return self.force_close(level, 1);
            }
            let len = self.src.string(self.pos, &mut Vec::new()).end - self.pos;
            item.fault(self.pos, len, Trouble::ColonInArray);
            self.top().run = true;
        }
        self.quoted_key(&mut item);
        self.colon_and_value(item);
    }

    /// Where a text ends that begins at `pos` and lost its opening quote: behind the closing one, if what follows that can
    /// follow a value. A value that is whole is none.
    pub(super) fn text_without_quote(&mut self, pos: usize, byte: u8) -> Option<usize> {
        let (mut end, mut whole) = (pos, false);
        if is_word(byte) {
            let (word_end, kind) = self.src.word(pos, &mut Vec::new());
            (end, whole) = (word_end, kind != Kind::Error);
        }
        let next = self.blanks(end);
        if whole && next == end && self.src.at(end) != Some(b'"')
            || whole
                && !self
                    .src
                    .at(next)
                    .is_some_and(|byte| byte == b'"' || is_word(byte))
        {
            return None;
        }
        let quote = self.closing_quote(pos);
        if let Some(quote) = quote {
            let after = self.blanks(quote + 1);
            if matches!(
                self.src.at(after),
                None | Some(b',' | b'}' | b']' | b'\n' | b'\r')
            ) {
                return Some(quote + 1);
            }
        }
        let behind_comma = next + usize::from(self.src.at(next) == Some(b','));
        let beyond = self.blanks(behind_comma);
        if !matches!(self.src.at(beyond), None | Some(b'\n' | b'\r')) {
            self.look_far();
        }
        None
    }

    /// The first quote on the line from `pos` on, unless it is escaped or stands as one that opens.
    pub(super) fn closing_quote(&mut self, mut pos: usize) -> Option<usize> {
        loop {
            pos = self
                .src
                .find(pos, |byte| matches!(byte, b'"' | b'\n' | b'\r'));
            if self.src.at(pos) != Some(b'"') {
                return None;
            }
            match pos.checked_sub(1).and_then(|before| self.src.at(before)) {
                Some(b'\\') => pos += 1,
                Some(b' ' | b'\t' | b',' | b':' | b'[' | b'{') => return None,
                _ => return Some(pos),
            }
        }
    }

    /// Behind the blanks of the line.
    pub(super) fn blanks(&mut self, pos: usize) -> usize {
        self.src.find(pos, |byte| byte != b' ' && byte != b'\t')
    }

    /// Reads the value that begins at the parser's place with `byte`.
    pub(super) fn value(&mut self, mut item: Partial, byte: u8) {
        item.value_at = self.pos;
        let start = self.pos;
        if !matches!(byte, b'{' | b'[' | b'"' | b'\'')
            && let Some(end) = self.text_without_quote(start, byte)
        {
            item.fault(start, end - start, Trouble::NoOpeningQuote);
            self.pos = end;
            let value = Value::Scalar {
                kind: Kind::Error,
                len: (end - start) as u32,
                whole: false,
            };
            return self.finish(item, value);
        }
        match byte {
            b'{' | b'[' => {
                if self.top().shape != Shape::Document
                    && let Some(container) = self.reuse.container(start)
                {
                    self.pos += container.len as usize;
                    return self.finish(item, Value::Container(container));
                }
                let mut faults = Vec::new();
                (self.pos, _) = self.src.trivia(start + 1, &mut faults);
                self.top().partial = Some(item);
                let shape = if byte == b'{' {
                    Shape::Object
                } else {
                    Shape::Array
                };
                self.push_frame(shape, start, faults);
            }
            b'"' | b'\'' => {
                let known = item.faults.len();
                let token = self.src.string(start, &mut item.faults);
                self.pos = token.end;
                item.quiet |= !token.closed;
                if token.gave_back {
                    self.unbalance();
                }
                let kind = if token.closed {
                    Kind::String
                } else {
                    Kind::Error
                };
                let whole = token.closed && (byte == b'\'' || item.faults.len() == known);
                self.finish(
                    item,
                    Value::Scalar {
                        kind,
                        len: (token.end - start) as u32,
                        whole,
                    },
                );
            }
            byte if is_word(byte) => {
                let (end, kind) = self.src.word(start, &mut item.faults);
                self.pos = end;
                self.finish(
                    item,
                    Value::Scalar {
                        kind,
                        len: (end - start) as u32,
                        whole: kind != Kind::Error,
                    },
                );
            }
            _ => {
                self.pos = self.src.junk(start);
                item.fault(start, self.pos - start, Trouble::Junk);
                item.quiet = true;
                let len = (self.pos - start) as u32;
                self.finish(
                    item,
                    Value::Scalar {
                        kind: Kind::Error,
                        len,
                        whole: false,
                    },
                );
            }
        }
    }
}
