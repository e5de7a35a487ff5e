//! Reading a long text on several processors.
//!
//! The text is cut into pieces, and of each piece the objects that stand in lists are read, from the first place that
//! looks like the beginning of one. That is a guess: the place may be in a string, or in a text whose brackets do not
//! match. So nothing depends on it. The parser then reads the whole text as ever, and where it comes to elements that were
//! read already it takes them over, some at a time: what is balanced, not far, and without an error is the same tree
//! wherever its text stands (see [`parse`](super::parse)). Most objects are only [skimmed](super::plain).

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    green::{Chunk, Ids, Shape, Value},
    parse::{Parser, Reuse},
    plain::{Piece, Unread},
    scan::Source,
};
use crate::text::{Flat, Text};

/// Shorter texts are read faster than the work is shared out.
const LONG: usize = 256 * 1024;
/// Pieces for each processor, so that none waits long for another.
const PIECES: usize = 4;
/// In a piece, so many lists are begun with.
const BEGINNINGS: usize = 64;

/// Objects that were read ahead.
#[derive(Default)]
pub(super) struct Ahead {
    /// Some neighbouring ones each, with the places where they begin, in their order.
    found: Vec<(usize, Chunk)>,
    next: usize,
}

impl Ahead {
    /// Reads what can be read by pieces of a text that is in one.
    pub fn read(text: &Text) -> Self {
        let Some(whole) = text.shared().filter(|whole| whole.len() >= LONG) else {
            return Self::default();
        };
        // Not before: it starts their threads.
        match rayon::current_num_threads() {
            1 => Self::default(),
            processors => Self::by_pieces(text, whole, whole.len().div_ceil(processors * PIECES)),
        }
    }

    /// The same, by pieces of `size` bytes.
    pub(super) fn by_pieces(text: &Text, whole: &Arc<Flat>, size: usize) -> Self {
        let found = shared_out(whole.len().div_ceil(size), |piece| {
            let from = piece * size;
            read_piece(text, whole, from, (from + size).min(whole.len()))
        });
        Self {
            found: found.into_iter().flatten().collect(),
            next: 0,
        }
    }
}

/// The results of `count` jobs, in their order, by this thread and all others of rayon's. Its iterators would have this
/// one sleep and wake two: while it is about to, Linux puts both on the other processor, where each waits for the other
/// for the next 15 ms.
fn shared_out<T: Send>(count: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(count)));
    let work = || {
        let claim = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < count);
        for n in std::iter::from_fn(claim) {
            let result = job(n);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((n, result));
        }
    };
    rayon::in_place_scope(|scope| {
        for _ in 1..rayon::current_num_threads() {
            scope.spawn(|_| work());
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Asked for places in rising order.
impl Reuse for Ahead {
    fn container(&mut self, _: usize) -> Option<Value> {
        None
    }

    fn chunk(&mut self, pos: usize) -> Option<Chunk> {
        while self.found.get(self.next).is_some_and(|(at, _)| *at < pos) {
            self.next += 1;
        }
        let (at, chunk) = self.found.get(self.next)?;
        (*at == pos).then(|| chunk.clone())
    }
}

/// Takes over what is plainly JSON, unread.
struct Skim {
    text: Arc<Piece>,
    ids: Ids,
}

impl Reuse for Skim {
    fn container(&mut self, pos: usize) -> Option<Value> {
        let unread = Unread::skim(&self.text, pos, &mut self.ids)?;
        Some(Value::Unread(Arc::new(unread)))
    }
}

/// The objects that begin between `from` and `to`, as far as they are elements of lists that are no deeper than the
/// first.
fn read_piece(text: &Text, whole: &Arc<Flat>, from: usize, to: usize) -> Vec<(usize, Chunk)> {
    let mut found = Vec::new();
    let mut pos = from;
    let text_of_piece = Arc::new(Piece(whole.clone()));
    for _ in 0..BEGINNINGS {
        let Some(start) = element(whole.as_bytes(), pos, to) else {
            break;
        };
        let skim = Skim {
            text: text_of_piece.clone(),
            ids: Ids::default(),
        };
        let mut parser = Parser::new(Source::whole(text, whole), skim);
        parser.pos = start;
        parser.push_frame(Shape::Array, start, Vec::new());
        while parser.done.is_none() && !parser.lost && (parser.frames.len() > 1 || parser.pos < to)
        {
            parser.step();
        }
        pos = parser.pos.max(start + 1);
        let lost = parser.lost;
        take(parser, start, &mut found);
        if lost {
            break;
        }
    }
    found
}

/// The first `{` between `from` and `to` that stands after a comma or an opening bracket.
fn element(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let mut before = None;
    for (at, byte) in (from..to).zip(bytes.get(from..to)?) {
        match byte {
            b'{' if matches!(before, Some(b',' | b'[')) => return Some(at),
            b' ' | b'\t' | b'\n' | b'\r' => {}
            byte => before = Some(*byte),
        }
    }
    None
}

/// Takes what `parser` read from `start` on and what may be taken over.
fn take(mut parser: Parser<'_, Skim>, start: usize, found: &mut Vec<(usize, Chunk)>) {
    let chunks: Vec<Chunk> = match parser.done.take() {
        Some(done) => done.chunks.clone(),
        None if parser.frames.len() == 1 => {
            parser.settle();
            std::mem::take(&mut parser.frames[0].chunks)
        }
        None => std::mem::take(&mut parser.frames[0].chunks),
    };
    let mut at = start;
    for chunk in chunks {
        let len = chunk.len as usize;
        if chunk.balanced && !chunk.far && chunk.error_count == 0 {
            found.push((at, chunk));
        }
        at += len;
    }
}
