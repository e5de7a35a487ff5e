//! Members of objects and elements of arrays: keys, colons, values, and what stands where one of them should.

use super::{Parser, Partial, Reuse, begins_value, quotes::Role};
use crate::spec::syntax::{
    Kind,
    error::Trouble,
    green::{Shape, Value},
    scan::{Found, char_len, is_word},
};

impl<R: Reuse> Parser<'_, R> {
    pub(super) fn member(&mut self, byte: u8) {
        if self.by_indent
            && let Some(outer) = self.outdented()
        {
            self.outdented = true;
            return self.force_close(outer + 1);
        }
        let level = self.frames.len() - 1;
        if byte == b'{' && self.is_first() && self.pos > self.frames[level].start + 1 {
            return self.wrong_opener(Shape::Array);
        }
        if byte == b'{' && self.frames[level].comma {
            if self.begin_lost_list() {
                return;
            }
            self.unbalance();
            if self.around(level) == Shape::Array {
                return self.force_close(level);
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
                let curly = self.curly(self.pos, Role::Key);
                let end = curly.unwrap_or_else(|| self.src.words(self.pos));
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
        if !self.colon(&mut item, newline) {
            return self.key_alone(item, key_stop);
        }
        if item.colon {
            let colon = self.pos;
            (self.pos, _) = self.src.trivia(colon + 1, &mut item.faults);
            self.skip_before_value(&mut item);
            item.value_at = self.pos;
            if self.lacks_value() {
                item.fault(colon, 1, Trouble::MissingValue);
                item.quiet = true;
                return self.finish(item, Value::Missing);
            }
        }
        let byte = self.src.at(self.pos).unwrap_or(b' ');
        self.value(item, byte);
    }

    /// Reads the colon, or what stands for it; false where the key has neither colon nor value. The parser stands at its
    /// last byte then, or where a colon is missing at the value.
    fn colon(&mut self, item: &mut Partial, newline: bool) -> bool {
        let at = self.pos;
        match self.src.at(at) {
            Some(b':') => item.colon = true,
            Some(b',') if !newline && self.comma_for_colon(at) => {
                item.fault(at, 1, Trouble::WrongColon);
                item.colon = true;
            }
            Some(byte) if !begins_value(byte) && !matches!(byte, b',' | b'}' | b']') => {
                let end = self.src.junk(at);
                let end = end + usize::from(self.src.at(end) == Some(b':'));
                item.fault(at, end - at, Trouble::WrongColon);
                item.colon = true;
                self.pos = end - 1;
            }
            Some(b'"' | b'\'') if !newline && !self.string_then_colon(at) => {
                item.fault(at, 1, Trouble::MissingColon);
            }
            Some(byte) if begins_value(byte) && !matches!(byte, b'"' | b'\'') => {
                item.fault(at, char_len(byte), Trouble::MissingColon);
            }
            _ => return false,
        }
        true
    }

    /// A key without colon and value, which may be an element of an array that lost its `[`.
    fn key_alone(&mut self, mut item: Partial, key_stop: usize) {
        let unquoted = |fault: &Found| fault.trouble == Trouble::UnquotedKey;
        let first = self.src.at(item.start);
        let number =
            item.faults.iter().any(unquoted) && first.is_some_and(|byte| byte.is_ascii_digit());
        item.faults.retain(|fault| !unquoted(fault));
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
        self.finish(item, Value::Missing);
    }

    /// The parser stands behind a colon, and no value does.
    fn lacks_value(&mut self) -> bool {
        match self.src.at(self.pos) {
            None | Some(b',' | b'}' | b']' | b':') => true,
            Some(b'"' | b'\'') => {
                let token = self.src.string(self.pos, &mut Vec::new());
                let (next, _) = self.src.trivia(token.end, &mut Vec::new());
                // A key, unless its colon stands where a comma belongs, before the next key.
                token.closed && self.src.at(next) == Some(b':') && !self.colon_for_comma(next)
            }
            Some(_) => false,
        }
    }

    /// The comma at `pos`, behind a key, stands where its colon belongs: a value follows on the line, and what may follow
    /// a value. So it may look, too, in an array that lost its `[`, but for its last elements.
    fn comma_for_colon(&mut self, pos: usize) -> bool {
        if self.top().bare > 0 {
            return false;
        }
        let value = self.blanks(pos + 1);
        let end = match self.src.at(value) {
            Some(b'{' | b'[') => return true,
            Some(b'"') => {
                let token = self.src.string(value, &mut Vec::new());
                token.closed.then_some(token.end)
            }
            Some(byte) if is_word(byte) => {
                let (end, kind) = self.src.word(value, &mut Vec::new());
                (kind != Kind::Error).then_some(end)
            }
            _ => return false,
        };
        let mut seen = end.unwrap_or(value);
        let is_value = end.is_some_and(|end| {
            seen = self.blanks(end);
            match self.src.at(seen) {
                Some(b',') => {
                    seen = self.blanks(seen + 1);
                    matches!(self.src.at(seen), None | Some(b'\n' | b'\r'))
                        || self.src.at(seen) == Some(b'"') && self.string_then_colon(seen)
                }
                next => matches!(next, None | Some(b'}' | b'\n' | b'\r')),
            }
        });
        if !is_value {
            self.look_far();
        }
        is_value
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

    pub(super) fn element(&mut self, byte: u8) {
        if byte == b'{' && self.take_known() {
            return;
        }
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
        let empty = self.is_first();
        if empty && self.around(level) == Shape::Document {
            return self.wrong_opener(Shape::Object);
        }
        self.unbalance();
        if !self.frames[level].run {
            let deeper = match (
                self.indent(self.pos, false),
                self.indent(self.frames[level].start, false),
            ) {
                (Some(here), Some(opener)) => here > opener,
                _ => false,
            };
            let another = deeper || self.begins_like_the_one_before();
            if self.around(level) == Shape::Object && !empty && !another {
                return self.force_close(level);
            }
            let len = self.src.string(self.pos, &mut Vec::new()).end - self.pos;
            item.fault(self.pos, len, Trouble::ColonInArray);
            self.top().run = true;
        }
        self.quoted_key(&mut item);
        self.colon_and_value(item);
    }

    /// The key that the parser stands at is the first of the object before it, too: another such object begins here.
    fn begins_like_the_one_before(&mut self) -> bool {
        let Some(before) = self.items.last() else {
            return false;
        };
        let Some(object) = before.value.container() else {
            return false;
        };
        let first = self.pos - before.len as usize + (before.value_at + object.head) as usize;
        let key_len = object.items().next().map_or(0, |(_, item)| item.key_len) as usize;
        let here = self.pos..(self.pos + key_len).min(self.src.len());
        object.shape == Shape::Object
            && key_len > 0
            && self.src.text(first, first + key_len) == self.src.text(here.start, here.end)
    }

    /// Behind the blanks of the line.
    pub(super) fn blanks(&mut self, pos: usize) -> usize {
        self.src.find(pos, |byte| byte != b' ' && byte != b'\t')
    }

    /// Reads the value that begins at the parser's place with `byte`.
    pub(super) fn value(&mut self, mut item: Partial, byte: u8) {
        item.value_at = self.pos;
        let start = self.pos;
        let role = match self.top().shape {
            Shape::Object => Role::Member,
            Shape::Array => Role::Element,
            Shape::Document => Role::Document,
        };
        if !matches!(byte, b'{' | b'[' | b'"' | b'\'')
            && let Some((end, trouble)) = self.text_with_wrong_quotes(start, byte, role)
        {
            item.fault(start, end - start, trouble);
            self.pos = end;
            let value = Value::Scalar {
                kind: Kind::Error,
                len: (end - start) as u32,
                whole: false,
            };
            return self.finish(item, value);
        }
        let (kind, whole) = match byte {
            b'{' | b'[' => return self.container(item, byte),
            b'"' | b'\'' => {
                let known = item.faults.len();
                let token = self.string(start, role, &mut item);
                self.pos = token.end;
                item.quiet |= !token.closed;
                if token.gave_back {
                    self.unbalance();
                }
                let whole = token.closed && (byte == b'\'' || item.faults.len() == known);
                let kind = if token.closed {
                    Kind::String
                } else {
                    Kind::Error
                };
                (kind, whole)
            }
            byte if is_word(byte) => {
                let (end, kind) = self.src.word(start, &mut item.faults);
                self.pos = end;
                // More digits may be lost with what the text breaks off before.
                let broken_off = end == self.src.len() && role != Role::Document;
                (kind, kind != Kind::Error && !broken_off)
            }
            _ => {
                self.pos = self.src.junk(start);
                item.fault(start, self.pos - start, Trouble::Junk);
                item.quiet = true;
                (Kind::Error, false)
            }
        };
        let len = (self.pos - start) as u32;
        self.finish(item, Value::Scalar { kind, len, whole });
    }

    /// Begins the container whose opening bracket the parser stands at, or takes it over as it was.
    fn container(&mut self, item: Partial, bracket: u8) {
        let start = self.pos;
        if self.top().shape != Shape::Document
            && let Some(value) = self.reuse.container(start)
            && (!self.by_indent || self.is_aligned(start, &value))
        {
            self.pos += value.len() as usize;
            return self.finish(item, value);
        }
        let mut faults = Vec::new();
        (self.pos, _) = self.src.trivia(start + 1, &mut faults);
        self.top().partial = Some(item);
        let shape = if bracket == b'{' {
            Shape::Object
        } else {
            Shape::Array
        };
        self.push_frame(shape, start, faults);
    }
}
