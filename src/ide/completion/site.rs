//! What the cursor touches, and which text an item replaces.

use std::ops::Range;

use crate::{
    ide::Snapshot,
    spec::syntax::{Kind, Node, Place, Step},
    text::Text,
};

/// The cursor's surroundings.
pub struct Site {
    /// What belongs there.
    pub what: What,
    /// What is there.
    pub word: Word,
    /// Where a comma has to be put in before, because the entry before has none; for a value the colon of its key.
    pub sign_before: Option<(usize, char)>,
    /// A comma has to follow, because another entry does.
    pub comma_after: bool,
    /// A blank is wanted between colon and value.
    pub blank: bool,
}

/// What belongs at the cursor.
pub enum What {
    /// A key.
    Key {
        /// The way to the object.
        object: Vec<Step>,
        /// The key that is there now.
        member: Option<String>,
    },
    /// A value.
    Value {
        /// The way to it.
        steps: Vec<Step>,
    },
    /// A whole spec.
    Document,
}

/// What is there already.
pub enum Word {
    /// A string with both quotes; the range is what stands between them. A key may have its colon already.
    Closed { inner: Range<usize>, colon: bool },
    /// A string that lacks its closing quote; the range goes from the opening one to the cursor. A key may have its colon
    /// already.
    Open { inner: Range<usize>, colon: bool },
    /// No quotes; perhaps nothing at all.
    Bare { range: Range<usize>, colon: bool },
}

impl Site {
    /// The surroundings of a byte of the text; `None` where nothing can be put in.
    pub fn at(snapshot: &Snapshot, offset: usize) -> Option<Site> {
        let text = snapshot.text();
        let path = snapshot.parsed.path_at(offset);
        let (what, word) = match path.place {
            Place::Key(member) => {
                let key = member.key();
                let behind = significant(text, key.range().end);
                let colon = behind == Some(b':') || member.value().is_some();
                let word = word_at(text, key, offset, colon)?;
                let member = Some(member.name().into_owned());
                let object = path.steps;
                (What::Key { object, member }, word)
            }
            Place::Value(Some(node)) => {
                let word = word_at(text, node, offset, false)?;
                (What::Value { steps: path.steps }, word)
            }
            Place::Value(None) => (What::Value { steps: path.steps }, Word::nothing(offset)),
            Place::BeforeColon(_) => return None,
            // Brackets do not match, and what is between entries for the one is in a string for the other.
            Place::Between if is_in_string(text, offset) => return None,
            Place::Between => {
                let what = match path.container {
                    Some(node) if node.kind() == Kind::Object => What::Key {
                        object: path.steps,
                        member: None,
                    },
                    Some(_) => {
                        let mut steps = path.steps;
                        steps.push(Step::Index(path.index));
                        What::Value { steps }
                    }
                    None if snapshot.parsed.root().is_none() => What::Document,
                    None => return None,
                };
                // The rest of a member whose key is to come.
                let colon = significant(text, offset) == Some(b':');
                let word = Word::Bare {
                    range: offset..offset,
                    colon: colon && matches!(what, What::Key { .. }),
                };
                (what, word)
            }
        };
        let outer = word.outer();
        let before = before(text, outer.start);
        let after = significant(text, outer.end);
        let separated = before.is_none_or(|(_, byte)| matches!(byte, b',' | b'{' | b'[' | b':'));
        let ends = after.is_none_or(|byte| matches!(byte, b',' | b'}' | b']' | b':'));
        let of_a_key =
            matches!(&what, What::Value { steps } if matches!(steps.last(), Some(Step::Key(_))));
        let sign = if of_a_key { ':' } else { ',' };
        Some(Site {
            sign_before: before.filter(|_| !separated).map(|(at, _)| (at + 1, sign)),
            comma_after: !ends && !matches!(what, What::Document),
            blank: outer.is_empty() && outer.start > 0 && text.byte(outer.start - 1) == Some(b':'),
            what,
            word,
        })
    }

    /// What is typed of the word so far.
    pub fn typed(&self, offset: usize) -> Range<usize> {
        let start = match &self.word {
            Word::Closed { inner, .. } | Word::Open { inner, .. } => inner.start,
            Word::Bare { range, .. } => range.start,
        };
        start..offset.max(start)
    }
}

impl Word {
    fn nothing(offset: usize) -> Word {
        Word::Bare {
            range: offset..offset,
            colon: false,
        }
    }

    /// With its quotes.
    pub fn outer(&self) -> Range<usize> {
        match self {
            Word::Closed { inner, .. } => inner.start - 1..inner.end + 1,
            Word::Open { inner, .. } => inner.start - 1..inner.end,
            Word::Bare { range, .. } => range.clone(),
        }
    }
}

/// What of a key or scalar the cursor is in; `None` beside a string, or before a bracket.
fn word_at(text: &Text, node: Node<'_>, offset: usize, colon: bool) -> Option<Word> {
    let range = node.range();
    if matches!(node.kind(), Kind::Object | Kind::Array) {
        return None;
    }
    if offset < range.start {
        return None;
    }
    if text.byte(range.start) != Some(b'"') {
        return bare(text, range, offset, colon);
    }
    let closed = is_closed(text, &range);
    if offset == range.start || (closed && offset == range.end) {
        return None;
    }
    // A quote typed before other strings on the line takes the next opening quote for its closing one, and what that
    // should have opened follows.
    let behind = text.slice(offset..range.end);
    let follows = text.byte(range.end);
    let whole = follows.is_none_or(|byte| b",:]} \t\r\n".contains(&byte));
    let opens = behind.trim_end_matches('"').trim().is_empty()
        && follows.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let swallows = !whole && (behind.contains([',', ':']) || opens);
    if !closed || swallows || behind.contains('\n') {
        return Some(Word::Open {
            inner: range.start + 1..offset,
            colon: significant(text, offset) == Some(b':'),
        });
    }
    Some(Word::Closed {
        inner: range.start + 1..range.end - 1,
        colon,
    })
}

/// A word without quotes, up to the quote that something else begins with.
fn bare(text: &Text, range: Range<usize>, offset: usize, colon: bool) -> Option<Word> {
    let word = text.slice(range.clone());
    let Some(quote) = word.find('"') else {
        return Some(Word::Bare { range, colon });
    };
    let range = range.start..range.start + quote;
    (offset <= range.end).then_some(Word::Bare {
        range,
        colon: false,
    })
}

/// The quotes before `offset` on its line leave a string open.
fn is_in_string(text: &Text, offset: usize) -> bool {
    let (mut inside, mut escaped) = (false, false);
    let before = (0..offset).rev().map_while(|at| text.byte(at));
    let line: Vec<u8> = before.take_while(|byte| !b"\r\n".contains(byte)).collect();
    for byte in line.into_iter().rev() {
        inside ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
    }
    inside
}

/// The string at `range` ends in the first quote that closes it.
fn is_closed(text: &Text, range: &Range<usize>) -> bool {
    let raw = text.slice(range.clone());
    let mut escaped = false;
    let first = raw.bytes().enumerate().skip(1).find(|(_, byte)| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    first.is_some_and(|(at, _)| at + 1 == raw.len())
}

/// The last byte before `offset` that is no blank, and where it is.
fn before(text: &Text, offset: usize) -> Option<(usize, u8)> {
    let blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    (0..offset)
        .rev()
        .filter_map(|at| Some((at, text.byte(at)?)))
        .find(|(_, byte)| !blank(*byte))
}

/// The first byte from `offset` on that is no blank.
fn significant(text: &Text, offset: usize) -> Option<u8> {
    (offset..text.len())
        .filter_map(|at| text.byte(at))
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}
