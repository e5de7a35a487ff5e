//! The parser: one loop over an explicit stack, so that nesting has no limit.
//!
//! It always stands at the start of an item (its comma and the blanks after it belong to the item before). What it does
//! there depends on the text of the item and the two bytes after it and on nothing else, with these exceptions: which
//! containers are open; where brackets do not match (the containers concerned are marked as not balanced and never reused);
//! where text further on was taken account of (they are marked as far, and not reused either); and whether the item before
//! was in order (an item before the first changed one that was not is read again). That is what makes `edit` exact.

mod before;
mod brackets;
mod comma;
mod entry;
mod lost;
mod quotes;

use std::sync::Arc;

use self::brackets::DOUBT;
use super::{
    error::{Fault, Trouble},
    green::{CHUNK, Chunk, Container, Ids, Item, Parts, Shape, Value},
    scan::{Found, Source, is_word},
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
    /// The object or array that the text at `pos` is known to be.
    fn container(&mut self, pos: usize) -> Option<Value>;

    /// The elements of an array that the text from `pos` on is known to be, without an error in them, and balanced.
    fn chunk(&mut self, _: usize) -> Option<Chunk> {
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
    /// A member whose line is indented as those of an object further out ends the objects in between.
    by_indent: bool,
    /// So did one.
    outdented: bool,
    /// Some container is not balanced, or its reading took account of text far off.
    pub lost: bool,
    /// The container whose frame was the first, once it is closed.
    pub done: Option<Arc<Container>>,
}

/// Reads a whole document.
pub(super) fn document<R: Reuse>(src: Source<'_>, reuse: R) -> Arc<Container> {
    Parser::new(src, reuse).all()
}

/// Reads a whole document of which brackets do not match, by how its lines are indented; none where that tells nothing.
pub(super) fn document_by_indent<R: Reuse>(src: Source<'_>, reuse: R) -> Option<Arc<Container>> {
    let mut parser = Parser::new(src, reuse);
    parser.by_indent = true;
    let document = parser.all();
    parser.outdented.then_some(document)
}

impl<'a, R: Reuse> Parser<'a, R> {
    pub fn new(src: Source<'a>, reuse: R) -> Self {
        Parser {
            src,
            pos: 0,
            frames: Vec::new(),
            items: Vec::new(),
            ids: Ids::default(),
            reuse,
            by_indent: false,
            outdented: false,
            lost: false,
            done: None,
        }
    }

    fn all(&mut self) -> Arc<Container> {
        self.open_document();
        loop {
            if let Some(done) = self.done.take() {
                return done;
            }
            self.step();
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
        let junk = |fault: &Found| fault.trouble == Trouble::Junk;
        // Where there was some already, nothing follows it.
        let begins = !self.top().faults.last().is_some_and(junk);
        if begins && let Some(end) = self.prose() {
            return self.document_junk(end, Trouble::Junk);
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

    /// The item's value (or what stands for it) ends here: reads the comma and the blanks after it.
    fn finish(&mut self, mut item: Partial, value: Value) {
        let comma = self.comma(&mut item);
        let len = (self.pos - item.start) as u32;
        let id = self.ids.take(2);
        let faults = relative(item.faults, item.start);
        self.items.push(Item {
            id,
            key_len: item.key_len as u32,
            value_at: (item.value_at - item.start) as u32,
            value,
            len,
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
        let chunks = &mut self.top().chunks;
        if chunks.is_empty() {
            // Most containers have no other.
            chunks.reserve_exact(1);
        }
        chunks.push(chunk);
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

    /// Takes over elements that are known, where all is in order before them.
    fn take_known(&mut self) -> bool {
        let top = self.top();
        let usual = !top.run && top.bare == 0;
        if !usual
            || self
                .loose()
                .last()
                .is_some_and(|item| item.faults.is_some())
        {
            return false;
        }
        let Some(chunk) = self.reuse.chunk(self.pos) else {
            return false;
        };
        self.pos += chunk.len as usize;
        self.push_chunk(chunk);
        true
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
