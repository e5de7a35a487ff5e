//! The parser: one loop over an explicit stack, so that nesting has no limit.
//!
//! It always stands at the start of an item (its comma and the blanks after it belong to the item before). What it does
//! there depends on the text from there on and on nothing before, with two exceptions: which containers are open, where
//! brackets do not match (the containers concerned are marked as not balanced and never reused), and whether the item before
//! was in order (an item before the first changed one that was not is read again). That is what makes `edit` exact.

mod brackets;

use std::sync::Arc;

use self::brackets::DOUBT;
use super::{
    Kind,
    error::{Fault, Trouble},
    green::{CHUNK, Chunk, Container, Ids, Item, Parts, Shape, Value},
    scan::{Found, Source, char_len, is_word},
};

/// A container being read.
pub(super) struct Frame {
    pub shape: Shape,
    pub start: usize,
    /// Where its first item begins.
    pub first: usize,
    /// Where its items begin in the parser's stack of items.
    base: usize,
    pub chunks: Vec<Chunk>,
    pub faults: Vec<Found>,
    pub balanced: bool,
    /// A reading in it took account of text beyond the item read.
    pub far: bool,
    /// The last item ended in a comma.
    pub comma: bool,
    /// In an array: members of an object that lost its `{` are being read as elements.
    run: bool,
    /// In an object: how many entries without key or value the last ones were, one after the other. After a lost `[` all
    /// elements look so, and only the first is a mistake.
    bare: usize,
    /// The item that holds the container that is being read inside.
    partial: Option<Partial>,
    /// Levels of the nearest object and of the nearest array around it, where there are such.
    around: [Option<usize>; 2],
}

/// An item being read.
struct Partial {
    start: usize,
    key_len: usize,
    value_at: usize,
    colon: bool,
    /// Its end was guessed: no word about a missing comma.
    quiet: bool,
    /// It has no key or no value, and may be an element of an array that lost its `[`; 2 if it is sure to be.
    bare: usize,
    faults: Vec<Found>,
}

impl Partial {
    fn new(start: usize) -> Self {
        Partial {
            start,
            key_len: 0,
            value_at: start,
            colon: false,
            quiet: false,
            bare: 0,
            faults: Vec::new(),
        }
    }

    fn fault(&mut self, at: usize, len: usize, trouble: Trouble) {
        self.faults.push(Found { at, len, trouble });
    }
}

/// Where to find containers of the tree before the edit, to take them over unread.
pub(super) trait Reuse {
    /// The container that the text at `pos` is known to be.
    fn container(&mut self, pos: usize) -> Option<Arc<Container>>;
}

/// Nothing to take over.
pub(super) struct Fresh;

impl Reuse for Fresh {
    fn container(&mut self, _: usize) -> Option<Arc<Container>> {
        None
    }
}

pub(super) struct Parser<'a, R> {
    pub src: Source<'a>,
    pub pos: usize,
    pub frames: Vec<Frame>,
    items: Vec<Item>,
    pub ids: Ids,
    reuse: R,
    /// Some container is not balanced, or its reading took account of text far off.
    pub lost: bool,
    /// The container whose frame was the first, once it is closed.
    pub done: Option<Arc<Container>>,
}

/// Reads a whole document.
pub(super) fn document<R: Reuse>(src: Source<'_>, reuse: R) -> Arc<Container> {
    let mut parser = Parser::new(src, reuse);
    parser.open_document();
    loop {
        if let Some(done) = parser.done.take() {
            return done;
        }
        parser.step();
    }
}

impl<'a, R: Reuse> Parser<'a, R> {
    pub fn new(src: Source<'a>, reuse: R) -> Self {
        Parser {
            src,
            pos: 0,
            frames: Vec::new(),
            items: Vec::new(),
            ids: Ids::new(),
            reuse,
            lost: false,
            done: None,
        }
    }

    fn open_document(&mut self) {
        let bom = [0xEF, 0xBB, 0xBF]
            .iter()
            .enumerate()
            .all(|(n, byte)| self.src.at(n) == Some(*byte));
        let mut faults = Vec::new();
        (self.pos, _) = self.src.trivia(if bom { 3 } else { 0 }, &mut faults);
        self.push_frame(Shape::Document, 0, faults);
    }

    /// Begins a container at `start`; the parser stands at its first item.
    pub fn push_frame(&mut self, shape: Shape, start: usize, faults: Vec<Found>) {
        let around = match self.frames.last() {
            Some(Frame {
                shape: Shape::Object,
                around,
                ..
            }) => [Some(self.frames.len() - 1), around[1]],
            Some(Frame {
                shape: Shape::Array,
                around,
                ..
            }) => [around[0], Some(self.frames.len() - 1)],
            _ => [None; 2],
        };
        self.frames.push(Frame {
            shape,
            around,
            start,
            first: self.pos,
            base: self.items.len(),
            chunks: Vec::new(),
            faults,
            balanced: true,
            far: false,
            comma: false,
            run: false,
            bare: 0,
            partial: None,
        });
    }

    fn top(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// The innermost container's end, or what is in it, depends on what encloses it.
    fn unbalance(&mut self) {
        self.lost = true;
        self.top().balanced = false;
    }

    /// What is in the innermost container depends on text further on.
    fn look_far(&mut self) {
        self.lost = true;
        self.top().far = true;
    }

    /// The shape of the container around the one being read.
    fn around(&self, level: usize) -> Shape {
        level
            .checked_sub(1)
            .map_or(Shape::Document, |outer| self.frames[outer].shape)
    }

    /// One step: an item, the beginning of one that holds a container, or the end of a container.
    pub fn step(&mut self) {
        let shape = self.top().shape;
        match (shape, self.src.at(self.pos)) {
            (_, None) => self.end_of_text(),
            (Shape::Document, Some(byte)) => self.document_item(byte),
            (_, Some(b']' | b'}')) if self.surplus() => self.stray_closer(),
            (Shape::Array, Some(b']')) => self.close(1),
            (Shape::Object, Some(b'}')) => self.close_object(),
            (_, Some(byte @ (b']' | b'}'))) => self.wrong_closer(byte),
            (_, Some(b',')) => {
                let mut item = Partial::new(self.pos);
                item.fault(self.pos, 1, Trouble::ExtraComma);
                item.quiet = true;
                self.finish(item, Value::Missing);
            }
            (Shape::Object, Some(byte)) => self.member(byte),
            (Shape::Array, Some(byte)) => self.element(byte),
        }
    }

    // --- the document ---

    fn document_item(&mut self, byte: u8) {
        let mut item = Partial::new(self.pos);
        if !self.items.is_empty() {
            let line = self
                .src
                .find(self.pos, |byte| matches!(byte, b'\n' | b'\r'));
            let shown = self.src.text(self.pos, line).trim_end().len();
            item.fault(self.pos, shown, Trouble::AfterValue);
            self.pos = self.src.len();
            self.finish(item, Value::Missing);
            return;
        }
        match byte {
            b'}' | b']' | b',' | b':' => {
                let end = self.src.find(self.pos, |byte| {
                    !matches!(byte, b'}' | b']' | b',' | b':' | b' ' | b'\t')
                });
                let trouble = if matches!(byte, b'}' | b']') {
                    Trouble::StrayCloser
                } else {
                    Trouble::Junk
                };
                self.document_junk(end, trouble);
            }
            b'"' => {
                let mut ignored = Vec::new();
                let token = self.src.string(self.pos, &mut ignored);
                let (next, _) = self.src.trivia(token.end, &mut ignored);
                if self.src.at(next) == Some(b':') {
                    let start = self.pos;
                    item.fault(start, token.end - start, Trouble::MissingOpener);
                    self.top().partial = Some(item);
                    self.push_frame(Shape::Object, start, Vec::new());
                    self.unbalance();
                } else {
                    self.value(item, byte);
                }
            }
            byte if begins_value(byte) => self.value(item, byte),
            _ => {
                let end = self.src.junk(self.pos);
                self.document_junk(end, Trouble::Junk);
            }
        }
    }

    /// Text before the value that means nothing.
    fn document_junk(&mut self, end: usize, trouble: Trouble) {
        let at = self.pos;
        let mut faults = vec![Found {
            at,
            len: end - at,
            trouble,
        }];
        (self.pos, _) = self.src.trivia(end, &mut faults);
        let first = self.pos;
        let top = self.top();
        top.faults.append(&mut faults);
        top.first = first;
    }

    fn end_of_text(&mut self) {
        let innermost = self.frames.len() - 1;
        let len = self.src.len();
        if innermost > 0 {
            let (start, has_bracket) = (self.frames[innermost].start, self.has_bracket(innermost));
            let fault = Found {
                at: start,
                len: usize::from(has_bracket),
                trouble: Trouble::Unclosed,
            };
            self.frames[innermost].faults.push(fault);
            self.lost = true;
            for frame in &mut self.frames[1..] {
                frame.balanced = false;
            }
            while self.frames.len() > 1 {
                self.close(0);
            }
        }
        if self.items.is_empty() && self.frames[0].faults.is_empty() {
            self.frames[0].faults.push(Found {
                at: len,
                len: 0,
                trouble: Trouble::Empty,
            });
        }
        self.close(0);
    }

    fn has_bracket(&mut self, level: usize) -> bool {
        matches!(self.src.at(self.frames[level].start), Some(b'{' | b'['))
    }

    // --- members and elements ---

    fn member(&mut self, byte: u8) {
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
    fn quoted_key(&mut self, item: &mut Partial) {
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
    fn next_byte(&mut self, pos: usize) -> Option<u8> {
        let (next, _) = self.src.trivia(pos, &mut Vec::new());
        self.src.at(next)
    }

    /// The parser stands after a key.
    fn colon_and_value(&mut self, mut item: Partial) {
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
    fn colon_behind(&mut self, pos: usize, item: &mut Partial) -> Option<usize> {
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
    fn skip_before_value(&mut self, item: &mut Partial) {
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
    fn next_near(&mut self, pos: usize, trouble: Trouble) -> Option<usize> {
        let near = if trouble == Trouble::StrayCloser {
            pos + usize::from(self.src.at(pos) == Some(b' '))
        } else {
            self.blanks(pos)
        };
        self.src.at(near).map(|_| near)
    }

    fn word_then_colon(&mut self, pos: usize) -> bool {
        let end = self.src.words(pos);
        self.next_byte(end) == Some(b':')
    }

    /// Whether the string at `pos` is a key: a colon follows it.
    fn string_then_colon(&mut self, pos: usize) -> bool {
        let token = self.src.string(pos, &mut Vec::new());
        token.closed && self.next_byte(token.end) == Some(b':')
    }

    fn element(&mut self, byte: u8) {
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
    fn member_in_array(&mut self, mut item: Partial) {
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
    fn text_without_quote(&mut self, pos: usize, byte: u8) -> Option<usize> {
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
    fn closing_quote(&mut self, mut pos: usize) -> Option<usize> {
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
    fn blanks(&mut self, pos: usize) -> usize {
        self.src.find(pos, |byte| byte != b' ' && byte != b'\t')
    }

    /// Reads the value that begins at the parser's place with `byte`.
    fn value(&mut self, mut item: Partial, byte: u8) {
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

    /// The item's value (or what stands for it) ends here: reads the comma and the blanks after it.
    fn finish(&mut self, mut item: Partial, value: Value) {
        let (mut pos, _) = self.src.trivia(self.pos, &mut item.faults);
        let shape = self.top().shape;
        let mut comma = false;
        match self.src.at(pos) {
            _ if shape == Shape::Document => {}
            Some(byte @ (b',' | b';')) => {
                comma = true;
                if byte == b';' {
                    item.fault(pos, 1, Trouble::WrongComma);
                }
                let at = pos;
                (pos, _) = self.src.trivia(pos + 1, &mut item.faults);
                let end = matches!(
                    (shape, self.src.at(pos)),
                    (Shape::Array, Some(b']')) | (Shape::Object, Some(b'}'))
                );
                if end
                    && byte == b','
                    && !item
                        .faults
                        .iter()
                        .any(|fault| fault.trouble == Trouble::ExtraComma)
                {
                    item.fault(at, 1, Trouble::TrailingComma);
                }
            }
            Some(byte) if !item.quiet => {
                let starts = match shape {
                    Shape::Object => {
                        matches!(byte, b'"' | b'\'') || is_word(byte) && !byte.is_ascii_digit()
                    }
                    _ => begins_value(byte),
                };
                if starts {
                    item.fault(pos, char_len(byte), Trouble::MissingComma);
                }
            }
            _ => {}
        }
        self.pos = pos;
        let id = self.ids.take(2);
        let faults = relative(item.faults, item.start);
        self.items.push(Item {
            id,
            key_len: item.key_len as u32,
            value_at: (item.value_at - item.start) as u32,
            value,
            len: (pos - item.start) as u32,
            comma,
            colon: item.colon,
            faults: if faults.is_empty() {
                None
            } else {
                Some(Box::new(faults))
            },
        });
        let items = self.items.len();
        let top = self.top();
        top.comma = comma;
        top.bare = if item.bare > 0 {
            top.bare + item.bare
        } else {
            0
        };
        if items - top.base == 2 * CHUNK {
            let base = top.base;
            self.flush(base, CHUNK);
        }
    }

    // --- closing ---

    /// Moves `count` items from `base` on into a chunk of the innermost container.
    fn flush(&mut self, base: usize, count: usize) {
        let chunk = Chunk::new(self.items.drain(base..base + count).collect());
        self.top().chunks.push(chunk);
    }

    /// Adds an item that is taken over as it is.
    pub fn push_item(&mut self, item: Item) {
        self.top().comma = item.comma;
        self.items.push(item);
    }

    /// Adds a chunk that is taken over as it is.
    pub fn push_chunk(&mut self, chunk: Chunk) {
        self.settle();
        let top = self.top();
        top.comma = chunk.items.last().is_some_and(|item| item.comma);
        top.chunks.push(chunk);
    }

    /// Items of the innermost container that are in no chunk yet.
    pub fn loose(&self) -> &[Item] {
        &self.items[self.frames.last().map_or(0, |frame| frame.base)..]
    }

    /// Puts the items of the innermost container that are in no chunk yet into chunks.
    pub fn settle(&mut self) {
        let base = self.frames.last().map_or(0, |frame| frame.base);
        while self.items.len() - base > 2 * CHUNK {
            self.flush(base, CHUNK);
        }
        if self.items.len() > base {
            self.flush(base, self.items.len() - base);
        }
    }

    /// Ends the innermost container with `tail` bytes of closing bracket.
    pub fn close(&mut self, tail: usize) {
        self.settle();
        self.pos += tail;
        let Some(mut frame) = self.frames.pop() else {
            return;
        };
        if tail == 0 && frame.shape != Shape::Document {
            self.doubt(&mut frame.chunks, frame.first, DOUBT);
        }
        let container = Arc::new(Container::new(
            self.ids.take(1),
            Parts {
                shape: frame.shape,
                head: (frame.first - frame.start) as u32,
                tail: tail as u32,
                faults: relative(frame.faults, frame.start),
                balanced: frame.balanced,
                far: frame.far,
                chunks: frame.chunks,
            },
        ));
        match self
            .frames
            .last_mut()
            .and_then(|outer| outer.partial.take())
        {
            Some(mut item) => {
                item.quiet |= !frame.balanced && tail == 0;
                self.finish(item, Value::Container(container));
            }
            None => self.done = Some(container),
        }
    }
}

/// What follows a closing bracket.
fn begins_value(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'"' | b'\'') || is_word(byte)
}

fn relative(faults: Vec<Found>, start: usize) -> Vec<Fault> {
    faults
        .into_iter()
        .map(|Found { at, len, trouble }| Fault {
            at: (at - start) as u32,
            len: len as u32,
            trouble,
        })
        .collect()
}
