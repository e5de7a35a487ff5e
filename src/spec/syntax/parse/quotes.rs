//! Strings with a quote too few or too many: where they end is a guess, made from what follows on their line.

use super::{Parser, Partial, Reuse, begins_value};
use crate::spec::syntax::{
    Kind,
    error::Trouble,
    scan::{Found, StringToken, is_word},
};

/// What a string stands for, which says what may follow it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Key,
    /// The value of a member.
    Member,
    Element,
    /// The value of the document.
    Document,
}

/// How far behind a string that does not fit its place another end for it is looked for, in bytes.
const NEAR: usize = 1000;
/// How many quotes are tried for it.
const TRIED: usize = 8;
/// What may stand between a value and the next string.
const BETWEEN: [char; 7] = [',', '{', '}', '[', ']', ' ', '\t'];
/// Bytes behind an item of which its reading may depend without a word about it.
const LOOKAHEAD: usize = 2;

/// Another end of a string.
struct Guess {
    end: usize,
    fault: Found,
    /// Closing brackets at its end were taken for such.
    gave_back: bool,
    /// It is in quotes, with a line break inside.
    closed: bool,
}

impl<R: Reuse> Parser<'_, R> {
    /// Reads the string at `start`.
    pub(super) fn string(&mut self, start: usize, role: Role, item: &mut Partial) -> StringToken {
        let known = item.faults.len();
        let token = self.src.string(start, &mut item.faults);
        self.mended(start, token, known, role, item)
    }

    /// The string at `start`, which is `token` by itself, with the faults of its item from `known` on. Where what follows
    /// cannot follow it, one of its quotes is wrong.
    fn mended(
        &mut self,
        start: usize,
        token: StringToken,
        known: usize,
        role: Role,
        item: &mut Partial,
    ) -> StringToken {
        if token.closed && self.may_follow(token.end, role)
            || role == Role::Document
            || self.src.at(start) != Some(b'"')
        {
            return token;
        }
        let mut seen = token.end;
        let guess = self.other_end(start, &token, role, &mut seen);
        let end = guess.as_ref().map_or(token.end, |guess| guess.end);
        let (mut own, _) = self.src.trivia(end, &mut Vec::new());
        if self.src.at(own) == Some(b',') {
            (own, _) = self.src.trivia(own + 1, &mut Vec::new());
        }
        if seen > own + LOOKAHEAD {
            self.look_far();
        }
        let Some(guess) = guess else { return token };
        item.faults.truncate(known);
        item.faults.push(guess.fault);
        StringToken {
            end: guess.end,
            closed: guess.closed,
            gave_back: guess.gave_back,
        }
    }

    /// Whether a string may end before `pos`; at the end of a line it may.
    fn may_follow(&mut self, pos: usize, role: Role) -> bool {
        let next = self.blanks(pos);
        match self.src.at(next) {
            None | Some(b'\n' | b'\r' | b'/' | b'#') => true,
            Some(byte) if role == Role::Key => byte == b':',
            Some(byte) => matches!(byte, b',' | b'}' | b']'),
        }
    }

    /// The same, and what follows a comma fits, too.
    fn must_end(&mut self, pos: usize, role: Role, seen: &mut usize) -> bool {
        let next = self.blanks(pos);
        *seen = next.max(*seen) + 1;
        match (role, self.src.at(next)) {
            (Role::Key, byte) => byte == Some(b':'),
            (_, None | Some(b'\n' | b'\r' | b'}' | b']')) => true,
            (_, Some(b',')) => {
                let next = self.blanks(next + 1);
                *seen = next.max(*seen) + 1;
                match self.src.at(next) {
                    None | Some(b'\n' | b'\r' | b'"') => true,
                    Some(byte) => role == Role::Element && begins_value(byte),
                }
            }
            _ => false,
        }
    }

    fn other_end(
        &mut self,
        start: usize,
        token: &StringToken,
        role: Role,
        seen: &mut usize,
    ) -> Option<Guess> {
        if let Some(end) = self.escaped_quote(start, token, role, seen) {
            return Some(Guess::new(start, end, Trouble::NoClosingQuote));
        }
        if !token.closed {
            return self.broken_line(start, token.end, role, seen);
        }
        if role != Role::Key
            && let Some((end, gave_back)) = self.before_next(start, token.end, role, seen)
        {
            let mut guess = Guess::new(start, end, Trouble::NoClosingQuote);
            guess.gave_back = gave_back;
            return Some(guess);
        }
        if self.is_before_another(token.end, role, seen) {
            return None;
        }
        let end = self.later_quote(token.end, role, seen)?;
        Some(Guess::new(start, end, Trouble::StrayQuote))
    }

    /// The end of a string of which a backslash escapes the closing quote: of a key at the first that a colon follows, of a
    /// value at one that nothing but brackets and commas separates from where it seems to end.
    fn escaped_quote(
        &mut self,
        start: usize,
        token: &StringToken,
        role: Role,
        seen: &mut usize,
    ) -> Option<usize> {
        if token.end - start > NEAR {
            return None;
        }
        let raw = self.src.text(start, token.end);
        let content = raw.strip_suffix('"').filter(|_| token.closed);
        let bare = content.unwrap_or(&raw).trim_end_matches(BETWEEN);
        let ends = match role {
            Role::Key => Vec::from_iter(
                raw.match_indices("\\\"")
                    .map(|(at, found)| at + found.len()),
            ),
            _ if bare.ends_with("\\\"") => vec![bare.len()],
            _ if raw.ends_with("\\\"") => vec![raw.len()],
            _ => Vec::new(),
        };
        ends.into_iter()
            .map(|end| start + end)
            .find(|end| self.must_end(*end, role, seen))
    }

    /// The end of a string with a line break in it: the first quote on one of the next lines, if the string may end there
    /// and nothing before it looks like JSON.
    fn broken_line(
        &mut self,
        start: usize,
        token_end: usize,
        role: Role,
        seen: &mut usize,
    ) -> Option<Guess> {
        let line_end = self
            .src
            .find(token_end, |byte| matches!(byte, b'\n' | b'\r'));
        let mut pos = line_end;
        loop {
            pos = self.src.find(pos, |byte| !byte.is_ascii_whitespace());
            *seen = (*seen).max(pos + 1);
            let byte = self.src.at(pos).filter(|_| pos - start < NEAR)?;
            if byte != b'"' && !is_word(byte) {
                return None;
            }
            pos = self
                .src
                .find(pos, |byte| matches!(byte, b'"' | b'\n' | b'\r'));
            *seen = (*seen).max(pos + 1);
            if self.src.at(pos) != Some(b'"') {
                continue;
            }
            let len = if self.src.at(line_end) == Some(b'\r')
                && self.src.at(line_end + 1) == Some(b'\n')
            {
                2
            } else {
                1
            };
            return self.must_end(pos + 1, role, seen).then_some(Guess {
                end: pos + 1,
                fault: Found {
                    at: line_end,
                    len,
                    trouble: Trouble::ControlCharacter,
                },
                gave_back: false,
                closed: true,
            });
        }
    }

    /// The end of a string that reaches to the opening quote of the next one: it ends before the comma between them, and
    /// before closing brackets if it holds no opening one.
    fn before_next(
        &mut self,
        start: usize,
        token_end: usize,
        role: Role,
        seen: &mut usize,
    ) -> Option<(usize, bool)> {
        let raw = self.src.text(start + 1, token_end - 1);
        let opened = raw.trim_end_matches(['{', '[', ' ', '\t']);
        let content = opened.strip_suffix(',')?.trim_end();
        let bare = content.trim_end_matches([']', '}', ' ', '\t']);
        let gave_back = bare.len() < content.len() && !bare.contains(['{', '[']);
        let content = if gave_back { bare } else { content };
        let quote = self
            .src
            .find(token_end, |byte| matches!(byte, b'"' | b'\n' | b'\r'));
        *seen = (*seen).max(quote + 1);
        if self.src.at(quote) != Some(b'"') || quote == token_end {
            return None;
        }
        let after = self.blanks(quote + 1);
        *seen = (*seen).max(after + 1);
        let in_array = role == Role::Element && !gave_back || raw.ends_with('[');
        let follows = match self.src.at(after) {
            Some(b':') => true,
            Some(byte) => in_array && matches!(byte, b',' | b']' | b'}' | b'\n' | b'\r'),
            None => in_array,
        };
        if follows && opened.len() < raw.trim_end().len() {
            // The next string is in a container of its own.
            *seen = usize::MAX;
        }
        follows.then_some((start + 1 + content.len(), gave_back))
    }

    /// Another string begins behind this one, and its end fits: what is lost is the comma or colon between them.
    fn is_before_another(&mut self, pos: usize, role: Role, seen: &mut usize) -> bool {
        let next = self.blanks(pos);
        if self.src.at(next) != Some(b'"') {
            return false;
        }
        let token = self.src.string(next, &mut Vec::new());
        *seen = (*seen).max(token.end + 1);
        if !token.closed {
            return false;
        }
        let after = self.blanks(token.end);
        *seen = (*seen).max(after + 1);
        let byte = self.src.at(after);
        let value = matches!(byte, None | Some(b',' | b'}' | b']' | b'\n' | b'\r'));
        match role {
            Role::Key => value || byte == Some(b':'),
            Role::Element => value,
            _ => byte == Some(b':'),
        }
    }

    /// The end of a string with quotes inside: the first later one on the line that may end it, before one that opens
    /// another.
    fn later_quote(&mut self, token_end: usize, role: Role, seen: &mut usize) -> Option<usize> {
        let mut pos = token_end;
        for _ in 0..TRIED {
            let quote = self
                .src
                .find(pos, |byte| matches!(byte, b'"' | b'\n' | b'\r'));
            *seen = (*seen).max(quote + 1);
            if self.src.at(quote) != Some(b'"') || quote - token_end > NEAR {
                return None;
            }
            let between = self.src.text(pos, quote);
            let opens = between.trim_end().ends_with([',', ':', '[', '{']);
            if opens {
                return None;
            }
            if !between.ends_with('\\') && self.must_end(quote + 1, role, seen) {
                return Some(quote + 1);
            }
            pos = quote + 1;
        }
        None
    }

    /// Where a text ends that begins at `pos` and has typographic quotes or no opening one, and which.
    pub(super) fn text_with_wrong_quotes(
        &mut self,
        pos: usize,
        byte: u8,
        role: Role,
    ) -> Option<(usize, Trouble)> {
        let curly = self.curly(pos, role);
        let curly = curly.map(|end| (end, Trouble::UnquotedValue));
        curly.or_else(|| Some((self.text_without_quote(pos, byte)?, Trouble::NoOpeningQuote)))
    }

    /// Where a text in typographic quotes ends that begins at `pos`.
    pub(super) fn curly(&mut self, pos: usize, role: Role) -> Option<usize> {
        if self.src.at(pos) != Some(0xE2) || !self.is_curly(pos) {
            return None;
        }
        let mut end = pos + CURLY;
        let mut seen = end;
        let found = loop {
            end = self
                .src
                .find(end, |byte| matches!(byte, 0xE2 | b'"' | b'\n' | b'\r'));
            seen = seen.max(end + CURLY);
            if self.src.at(end) != Some(0xE2) || end - pos > NEAR {
                break None;
            }
            if !self.is_curly(end) {
                end += 1;
                continue;
            }
            end += CURLY;
            if self.must_end(end, role, &mut seen) {
                break Some(end);
            }
        };
        if found.is_none_or(|end| seen > end + LOOKAHEAD) {
            self.look_far();
        }
        found
    }

    /// One of “ ” „ is at `pos`, where the first of its bytes is.
    fn is_curly(&mut self, pos: usize) -> bool {
        self.src.at(pos + 1) == Some(0x80) && matches!(self.src.at(pos + 2), Some(0x9C..=0x9E))
    }

    /// A key in quotes. Where the closing one is lost, the key ends at the colon.
    pub(super) fn quoted_key(&mut self, item: &mut Partial) {
        let start = self.pos;
        let known = item.faults.len();
        let plain = self.src.string(start, &mut item.faults);
        let (end, gave_back) = if let Some(colon) = self.colon_in(start, &plain) {
            item.faults.truncate(known);
            let end = start + self.src.text(start, start + colon).trim_end().len();
            item.fault(start, end - start, Trouble::NoClosingQuote);
            let beyond = self.src.text(start + colon + 1, plain.end - 1);
            if plain.closed && !beyond.trim().is_empty() {
                self.look_far();
            }
            // What follows on the line was looked at, though it is not part of the key.
            (end, !plain.closed)
        } else {
            let token = self.mended(start, plain, known, Role::Key, item);
            (token.end, token.gave_back)
        };
        if gave_back {
            self.unbalance();
        }
        item.key_len = end - start;
        self.pos = end;
    }

    /// Where in a key that lost its closing quote its colon is, from the key's start.
    fn colon_in(&mut self, start: usize, token: &StringToken) -> Option<usize> {
        if token.closed && self.src.at(token.end) == Some(b':') {
            return None;
        }
        let raw = self.src.text(start, token.end);
        if raw.contains('\\') {
            return None;
        }
        if !token.closed {
            return raw.find(':').filter(|at| *at > 1);
        }
        let content = raw[..raw.len() - 1].trim_end();
        let reaches_next = content.ends_with([':', ',', '[', '{']);
        (reaches_next && self.next_byte(token.end) != Some(b':'))
            .then(|| raw.find(':').filter(|at| *at > 1))
            .flatten()
    }

    /// Whether the string at `pos` is a key: a colon follows it.
    pub(super) fn string_then_colon(&mut self, pos: usize) -> bool {
        let token = self.src.string(pos, &mut Vec::new());
        token.closed && self.next_byte(token.end) == Some(b':')
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
}

/// Bytes of a typographic quote.
const CURLY: usize = 3;

impl Guess {
    /// The string from `start` to `end`, which is wrong as a whole.
    fn new(start: usize, end: usize, trouble: Trouble) -> Self {
        Guess {
            end,
            fault: Found {
                at: start,
                len: end - start,
                trouble,
            },
            gave_back: false,
            closed: false,
        }
    }
}
