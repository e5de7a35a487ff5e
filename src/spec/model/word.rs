//! Words and numbers of an entry, and where they stand: relative to where the entry begins, so that it holds wherever the
//! entry moves.

use std::{
    hash::{BuildHasher, Hash, Hasher},
    ops::Range,
};

use rustc_hash::FxBuildHasher;

/// Where something stands, in bytes from the entry's start. No text of more than 4 GiB is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn new(range: Range<usize>) -> Self {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: place(range.start),
            end: place(range.end),
        }
    }

    /// The place in a text where the entry begins at `start`.
    pub(super) fn behind(self, start: usize) -> Range<usize> {
        start + self.start as usize..start + self.end as usize
    }
}

/// A string or number of the spec that others refer to, or that refers to others.
#[derive(Debug, Clone)]
pub struct Word {
    /// The string, or the number as a whole number is written.
    pub text: Box<str>,
    hash: u32,
    /// Where its value stands (quotes included).
    pub at: Span,
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.text == other.text
    }
}

impl Eq for Word {}

impl Hash for Word {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.hash);
    }
}

impl Word {
    /// A word that stands nowhere, to look others up by.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            // The lower half: there rustc-hash has its best bits.
            hash: FxBuildHasher.hash_one(text) as u32,
            at: Span::default(),
        }
    }

    pub(super) fn at(text: &str, at: Span) -> Self {
        Self {
            at,
            ..Self::new(text)
        }
    }
}

/// A number and where it stands.
#[derive(Debug, Clone)]
pub struct Number {
    /// Its value.
    pub value: f64,
    /// Where it stands.
    pub at: Span,
}
