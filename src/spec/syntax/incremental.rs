//! After an edit: read the smallest container around it anew, and of that only the items from the first changed one to
//! where the old ones fit again. What this gives is what reading everything would give:
//!
//! - An item depends on its text and on the [`LOOKAHEAD`] bytes after it; one that is not in order, on the item after it.
//! - Where brackets do not match (a container that is not balanced), it may depend on anything; then the whole document
//!   is read again, taking over the balanced containers in it unread. So it is where text far off was taken account of.

use std::sync::Arc;

use super::{
    green::{Container, Ids, Item, Shape, Spot, Value},
    parse::{Parser, Reuse},
    reread,
    scan::{Found, Source},
};
use crate::text::Text;

/// How many bytes after an item's end the parser may have looked at.
const LOOKAHEAD: usize = 2;
/// A container that has to be given up is followed by one that is at least so many times as long, so that the work grows
/// with what is read in the end, not with the depth.
const GROWTH: usize = 4;
/// Chunks with fewer items are joined with the next.
const SMALL: usize = 16;

/// The bytes from `start` to `end` of the old text were replaced by `insert` others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub start: usize,
    pub end: usize,
    pub insert: usize,
}

impl Change {
    /// Where the inserted text ends.
    fn new_end(&self) -> usize {
        self.start + self.insert
    }

    /// A place behind the change, as it was before.
    fn before(&self, pos: usize) -> usize {
        pos - self.insert + (self.end - self.start)
    }

    /// A place behind the change, as it is now.
    fn after(&self, pos: usize) -> usize {
        pos - (self.end - self.start) + self.insert
    }
}

/// A container around the change.
struct Level<'a> {
    container: &'a Arc<Container>,
    start: usize,
    /// The item that leads to the next level.
    spot: Spot,
}

/// The tree of `text`, which is the text of `old` with `change`.
pub(super) fn edit(old: &Arc<Container>, text: &Text, change: &Change) -> Arc<Container> {
    let levels = around(old, change);
    let mut tried = 0;
    if old.balanced && !old.far {
        for level in (1..levels.len()).rev() {
            let Level {
                container, start, ..
            } = levels[level];
            if (container.len as usize) < tried * GROWTH {
                continue;
            }
            if let Some(container) = again(container, start, text, change) {
                return rebuild(&levels[..level], container);
            }
            tried = container.len as usize;
        }
    }
    reread::document(Source::new(text), OldTree::new(old, 0, *change))
}

/// The containers with the change strictly inside, the document first.
fn around<'a>(document: &'a Arc<Container>, change: &Change) -> Vec<Level<'a>> {
    let mut levels = Vec::new();
    let (mut container, mut start) = (document, 0);
    loop {
        let spot = container.locate(change.start.saturating_sub(start));
        let next = spot.and_then(|spot| {
            let item = spot.item(container)?;
            let inner = item.value.container()?;
            let inner_start = start + spot.at + item.value_at as usize;
            let inside =
                inner_start < change.start && change.end < inner_start + inner.len as usize;
            (inside && change.start >= start).then_some((inner, inner_start))
        });
        levels.push(Level {
            container,
            start,
            spot: spot.unwrap_or(Spot {
                chunk: 0,
                inner: 0,
                at: 0,
            }),
        });
        match next {
            Some(next) => (container, start) = next,
            None => return levels,
        }
    }
}

/// Puts a changed container into those around it.
fn rebuild(levels: &[Level<'_>], mut container: Arc<Container>) -> Arc<Container> {
    let mut ids = Ids::default();
    for level in levels.iter().rev() {
        container = Arc::new(
            level
                .container
                .with_value(ids.take(1), level.spot, container),
        );
    }
    container
}

/// Reads the changed items of a container anew; none if its end is no longer where it was.
fn again(
    old: &Arc<Container>,
    start: usize,
    text: &Text,
    change: &Change,
) -> Option<Arc<Container>> {
    let mut parser = Parser::new(Source::new(text), OldTree::new(old, start, *change));
    let mut behind = resume(&mut parser, old, start, change);
    let closer = start + old.len as usize - old.tail as usize;
    let new_closer = change.after(closer);
    while parser.pos <= new_closer && !parser.lost {
        if parser.frames.len() > 1 {
            parser.step();
            continue;
        }
        if parser.pos == new_closer {
            if parser.surplus() {
                return None;
            }
            parser.close(old.tail as usize);
            return parser.done;
        }
        if parser.pos >= change.new_end() {
            let pos = change.before(parser.pos) - start;
            while behind.at < pos && behind.item(old).is_some() {
                behind.next(old);
            }
            if behind.at == pos && fits_here(old, &behind, parser.loose()) {
                take_rest(&mut parser, old, behind);
                parser.pos = new_closer;
                continue;
            }
        }
        if parser.src.at(parser.pos)
            == Some(if old.shape == Shape::Object {
                b'}'
            } else {
                b']'
            })
        {
            return None;
        }
        parser.step();
    }
    None
}

/// Sets the parser at the first item to read anew, the items before it taken over. Gives the place of that item.
fn resume<'a>(
    parser: &mut Parser<'_, OldTree<'a>>,
    old: &'a Arc<Container>,
    start: usize,
    change: &Change,
) -> Spot {
    let head = Spot {
        chunk: 0,
        inner: 0,
        at: old.head as usize,
    };
    if change.start < start + old.head as usize + LOOKAHEAD {
        let mut faults = Vec::new();
        (parser.pos, _) = parser.src.trivia(start + 1, &mut faults);
        parser.push_frame(old.shape, start, faults);
        return head;
    }
    let mut spot = head;
    spot.advance(old, change.start - start - LOOKAHEAD);
    while let Some((previous, item)) = spot.previous(old)
        && (spot.item(old).is_none() || item.faults.is_some())
    {
        spot = previous;
    }
    parser.pos = start + old.head as usize;
    let faults = old.faults.iter().map(|fault| Found {
        at: start + fault.at as usize,
        len: fault.len as usize,
        trouble: fault.trouble,
    });
    parser.push_frame(old.shape, start, faults.collect());
    for chunk in &old.chunks[..spot.chunk] {
        parser.push_chunk(chunk.clone());
    }
    for item in old
        .chunks
        .get(spot.chunk)
        .into_iter()
        .flat_map(|chunk| &chunk.items[..spot.inner])
    {
        parser.push_item(item.clone());
    }
    parser.pos = start + spot.at;
    spot
}

/// The old items from `behind` on may follow those read anew: around the seam all is in order.
fn fits_here(old: &Container, behind: &Spot, read: &[Item]) -> bool {
    let in_order = |item: Option<&Item>| item.is_none_or(|item| item.faults.is_none());
    in_order(read.last()) && behind.item(old).is_some_and(|item| item.faults.is_none())
}

/// Takes over the old items from `spot` on.
fn take_rest(parser: &mut Parser<'_, OldTree<'_>>, old: &Container, spot: Spot) {
    let mut chunks = old.chunks[spot.chunk..].iter();
    let mut skip = spot.inner;
    if skip > 0 || parser.loose().len() < SMALL {
        for chunk in chunks.by_ref() {
            chunk.items[skip..]
                .iter()
                .for_each(|item| parser.push_item(item.clone()));
            skip = 0;
            if parser.loose().len() >= SMALL {
                break;
            }
        }
    }
    chunks.for_each(|chunk| parser.push_chunk(chunk.clone()));
}

/// The containers of the tree before the change, found by their place in the text after it. Asked for places in rising
/// order.
pub(super) struct OldTree<'a> {
    stack: Vec<(&'a Container, usize, Spot)>,
    change: Change,
}

impl<'a> OldTree<'a> {
    /// For a text that is still the same.
    pub fn unchanged(document: &'a Container) -> Self {
        let behind = document.len as usize + LOOKAHEAD;
        let change = Change {
            start: behind,
            end: behind,
            insert: 0,
        };
        OldTree::new(document, 0, change)
    }

    fn new(container: &'a Container, start: usize, change: Change) -> Self {
        let mut tree = OldTree {
            stack: Vec::new(),
            change,
        };
        tree.enter(container, start);
        tree
    }

    fn enter(&mut self, container: &'a Container, start: usize) {
        self.stack.push((
            container,
            start,
            Spot {
                chunk: 0,
                inner: 0,
                at: container.head as usize,
            },
        ));
    }

    /// The container that began at `pos`.
    fn find(&mut self, pos: usize) -> Option<&'a Value> {
        loop {
            let deep = self.stack.len() > 1;
            let (container, start, spot) = self.stack.last_mut()?;
            if deep && pos >= *start + container.len as usize {
                self.stack.pop();
                continue;
            }
            let offset = pos.checked_sub(*start)?;
            spot.advance(container, offset);
            let item = spot.item(container)?;
            let value = &item.value;
            let inner_at = spot.at + item.value_at as usize;
            if inner_at == offset {
                return value.shape().is_some().then_some(value);
            }
            if !(inner_at < offset && offset < inner_at + value.len() as usize) {
                return None;
            }
            let inner_start = *start + inner_at;
            self.enter(value.container()?, inner_start);
        }
    }
}

impl Reuse for OldTree<'_> {
    fn container(&mut self, pos: usize) -> Option<Value> {
        let change = self.change;
        let found = if pos < change.start {
            self.find(pos).filter(|found| {
                let looked = if found.error_count() > 0 {
                    LOOKAHEAD
                } else {
                    0
                };
                pos + found.len() as usize + looked <= change.start
            })
        } else if pos >= change.new_end() {
            self.find(change.before(pos))
        } else {
            None
        }?;
        (found.is_balanced() && !found.is_far()).then(|| found.clone())
    }
}
