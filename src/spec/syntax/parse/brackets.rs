//! Brackets that do not match: which one is lost, which one is too many. What stands around them and how their lines are
//! indented decide.

use std::sync::Arc;

use super::{Parser, Partial, Reuse, begins_value};
use crate::spec::syntax::{
    error::Trouble,
    green::{Chunk, Container, Item, Parts, Shape, Value},
    scan::{Found, char_len},
};

/// How deep in a container that lost its bracket its entries are doubted.
pub(super) const DOUBT: usize = 32;

/// Lines longer than this are not looked at for how they are indented.
const FAR: usize = 300;

impl<R: Reuse> Parser<'_, R> {
    /// `}` of an object: of the outermost, only if nothing follows that looks like more of its members.
    pub(super) fn close_object(&mut self) {
        let level = self.frames.len() - 1;
        if level > 0 && self.around(level) == Shape::Document {
            let next = self.after(self.pos);
            if next.is_some() && fits(Shape::Object, next) {
                return self.stray_closer();
            }
        }
        self.close(1);
    }

    /// A closing bracket after a comma with the next entry right behind it: one too many.
    pub fn surplus(&mut self) -> bool {
        let comma = self.frames.last().is_some_and(|frame| frame.comma);
        let next = self.pos + 1;
        comma
            && matches!(self.src.at(self.pos), Some(b'}' | b']'))
            && (self.src.at(next)).is_some_and(begins_value)
    }

    pub(super) fn stray_closer(&mut self) {
        let mut item = Partial::new(self.pos);
        item.fault(self.pos, 1, Trouble::StrayCloser);
        item.quiet = true;
        self.unbalance();
        self.pos += 1;
        self.finish(item, Value::Missing);
    }

    /// No item has been read in the innermost container.
    pub(super) fn is_first(&self) -> bool {
        let frame = self.frames.last();
        frame.is_some_and(|frame| frame.base == self.items.len() && frame.chunks.is_empty())
    }

    /// The innermost container, which is empty as yet, has the other opening bracket than its first entry asks for.
    pub(super) fn wrong_opener(&mut self, shape: Shape) {
        self.unbalance();
        let top = self.top();
        top.shape = shape;
        let fault = Found {
            at: top.start,
            len: 1,
            trouble: Trouble::WrongOpener,
        };
        top.faults.push(fault);
    }

    /// The object, further out, whose members are indented as the line that the parser stands at the start of; if those
    /// of the innermost object are indented more.
    pub(super) fn outdented(&mut self) -> Option<usize> {
        let here = self.indent(self.pos, true)?;
        let level = self.frames.len() - 1;
        let first = self.frames[level].first;
        if self.is_first() || self.indent(first, true)? <= here {
            return None;
        }
        let mut outer = self.frames[level].around[0];
        while let Some(level) = outer {
            let first = self.frames[level].first;
            match self.indent(first, true) {
                Some(indent) if indent == here => return Some(level),
                Some(indent) if indent < here => return None,
                _ => outer = self.frames[level].around[0],
            }
        }
        None
    }

    /// The closing bracket of a container stands under its opening one, or not at the start of a line.
    pub(super) fn is_aligned(&mut self, start: usize, container: &Value) -> bool {
        let closer = start + (container.len() - container.tail()) as usize;
        let indent = self.indent(closer, true);
        indent.is_none() || indent == self.indent(start, false)
    }

    /// Ends the containers from `level` inwards, which lack their closing brackets before the next character.
    pub(super) fn force_close(&mut self, level: usize) {
        let at = self.pos;
        let len = self.src.at(at).map_or(0, char_len);
        self.top().faults.push(Found {
            at,
            len,
            trouble: Trouble::MissingCloser,
        });
        while self.frames.len() > level {
            self.unbalance();
            self.close(0);
        }
    }

    /// `]` in an object or `}` in an array: is it the bracket of a container further out, a slip of the finger, or one too
    /// many? What stands after it and how its line is indented decide.
    pub(super) fn wrong_closer(&mut self, byte: u8) {
        if byte == b']' && self.begin_lost_list() {
            return self.close(1);
        }
        let level = self.frames.len() - 1;
        self.unbalance();
        let here = self.indent(self.pos, true);
        let bare = std::mem::take(&mut self.top().bare);
        let deeper = here.is_some() && here > self.indent(self.frames[level].start, false);
        let all_bare = byte == b']' && bare > 0 && self.frames[level].chunks.is_empty();
        let base = self.frames[level].base;
        if all_bare && self.items[base..].iter().all(|item| !item.colon) {
            // An array that begins with `{`, of which its first element told.
            return self.close(1);
        }
        let elements = byte == b']' && (bare > 1 || bare == 1 && deeper);
        if elements || byte == b'}' && std::mem::take(&mut self.top().run) {
            let mut item = Partial::new(self.pos);
            item.quiet = true;
            self.pos += 1;
            return self.finish(item, Value::Missing);
        }
        let outer = self.frames[level].around[usize::from(byte == b']')];
        let next = self.after(self.pos);
        let slip_fits = fits(self.around(level), next);
        let lost_fits = outer.is_some_and(|n| fits(self.around(n), next));
        if self.pos == self.frames[level].start + 1 && self.is_first() {
            return self.slip();
        }
        let doubled = self.pos > 0 && self.src.at(self.pos - 1) == Some(byte);
        let amid = here.is_none() && !self.on_line_of(level);
        if (doubled || amid) && fits(self.frames[level].shape, next) {
            return self.stray_closer();
        }
        let indented_as = |parser: &mut Self, n: usize| {
            here.is_some() && parser.indent(parser.frames[n].start, false) == here
        };
        let (slip_lined, lost_lined) = (
            indented_as(self, level),
            outer.is_some_and(|n| indented_as(self, n)),
        );
        let lost = match (lost_lined, slip_lined) {
            (true, false) => true,
            (false, true) => false,
            _ => lost_fits || !slip_fits,
        };
        if let (Some(n), true) = (outer, lost) {
            if !lost_fits && !lost_lined && fits(self.frames[level].shape, next) {
                return self.stray_closer();
            }
            self.force_close(n + 1);
        } else if slip_fits || slip_lined {
            self.slip();
        } else {
            self.stray_closer();
        }
    }

    /// The wrong closing bracket, which closes all the same.
    fn slip(&mut self) {
        let at = self.pos;
        self.top().faults.push(Found {
            at,
            len: 1,
            trouble: Trouble::WrongCloser,
        });
        self.close(1);
    }

    /// No line ends soon after the container's opening bracket and before the parser's place.
    fn on_line_of(&mut self, level: usize) -> bool {
        let opener = self.frames[level].start;
        (opener..self.pos.min(opener + FAR))
            .all(|at| !matches!(self.src.at(at), Some(b'\n' | b'\r')))
    }

    /// What follows the bracket at `pos`: the next byte, and after a comma what stands there.
    fn after(&mut self, pos: usize) -> Option<Next> {
        let (pos, _) = self.src.trivia(pos + 1, &mut Vec::new());
        let byte = self.src.at(pos)?;
        if byte != b',' {
            return Some(Next::Byte(byte));
        }
        let (pos, _) = self.src.trivia(pos + 1, &mut Vec::new());
        Some(match self.src.at(pos) {
            Some(b'"' | b'\'') => Next::Comma {
                key: self.string_then_colon(pos),
            },
            Some(byte) if begins_value(byte) => Next::Comma { key: false },
            byte => Next::Byte(byte.unwrap_or(b',')),
        })
    }

    /// Marks the containers among the entries of one that lacks its closing bracket that are not indented as their own
    /// bracket is: they may have taken it, with entries that are not theirs.
    pub(super) fn doubt(&mut self, chunks: &mut [Chunk], first: usize, depth: usize) {
        let mut at = first;
        for chunk in chunks {
            let mut doubted: Option<Vec<Item>> = None;
            let len = chunk.len as usize;
            let mut start = at;
            for (n, item) in chunk.items.iter().enumerate() {
                if let Some(inner) =
                    self.doubted(&item.value, start + item.value_at as usize, depth)
                {
                    let items = doubted.get_or_insert_with(|| chunk.items.to_vec());
                    items[n].value = Value::Container(Arc::new(inner));
                }
                start += item.len as usize;
            }
            if let Some(items) = doubted {
                *chunk = Chunk::new(items.into());
            }
            at += len;
        }
    }

    /// The container at `start`, marked, if its closing bracket seems to be that of another.
    fn doubted(&mut self, inner: &Value, start: usize, depth: usize) -> Option<Container> {
        let depth = depth.checked_sub(1)?;
        let closer = (start + inner.len() as usize).checked_sub(1)?;
        if inner.tail() == 0 || self.indent(closer, true)? == self.indent(start, false)? {
            return None;
        }
        let inner = inner.container()?;
        let mut chunks = inner.chunks.clone();
        self.doubt(&mut chunks, start + inner.head as usize, depth);
        Some(Container::new(
            self.ids.take(1),
            Parts {
                shape: inner.shape,
                head: inner.head,
                tail: inner.tail,
                faults: inner.faults.clone(),
                balanced: false,
                far: inner.far,
                chunks,
            },
        ))
    }

    /// How far the line of `pos` is indented, in bytes; with `first`, only if `pos` is the first thing on it. None for
    /// lines that are longer before `pos` than a line should be.
    pub(super) fn indent(&mut self, pos: usize, first: bool) -> Option<usize> {
        let mut start = pos;
        let mut blank_from = pos;
        while start > 0 && pos - start < FAR {
            match self.src.at(start - 1) {
                Some(b'\n' | b'\r') => break,
                Some(b' ' | b'\t') => {}
                _ if first => return None,
                _ => blank_from = start - 1,
            }
            start -= 1;
        }
        let known = start == 0 || pos - start < FAR;
        known.then(|| blank_from - start)
    }
}

/// What follows a closing bracket.
#[derive(Clone, Copy)]
enum Next {
    Byte(u8),
    Comma { key: bool },
}

/// Whether a container of this shape may go on so after one of its entries.
fn fits(shape: Shape, next: Option<Next>) -> bool {
    match (shape, next) {
        (Shape::Document, next) => next.is_none(),
        (Shape::Object, Some(Next::Comma { key })) => key,
        (Shape::Array, Some(Next::Comma { key })) => !key,
        (Shape::Object, Some(Next::Byte(byte))) => byte == b'}',
        (Shape::Array, Some(Next::Byte(byte))) => byte == b']',
        (_, None) => false,
    }
}
