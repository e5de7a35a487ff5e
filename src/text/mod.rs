//! Rope, positions and their encodings, edits.
//!
//! Everything inside the house counts in bytes of UTF-8; only what goes to or comes from an editor is in lines and
//! characters, and [`Text`] converts between the two.

mod edit;
mod flat;
mod position;

use std::{
    borrow::Cow,
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

use ropey::Rope;

pub use edit::{Edit, apply, minimal};
pub use flat::Flat;
pub use position::Encoding;

/// Texts up to this size are edited in one piece: a copy of all takes a few microseconds at most, and every place in it is
/// read and found sooner than in a rope.
const SMALL: usize = 32 * 1024;

/// The text of a document: immutable, cheap to clone (clones share all of it), indexed in bytes.
///
/// At least one of its two forms is there.
#[derive(Clone)]
pub struct Text {
    /// For edits and positions. Of a text that comes whole it is made when it is first needed, see [`Text::rope`].
    rope: Arc<OnceLock<Rope>>,
    /// In one piece: a [`SMALL`] text, and a longer one until its first edit. A text that comes whole is read whole, which
    /// is several times as fast from one piece.
    flat: Option<Arc<Flat>>,
}

impl Default for Text {
    fn default() -> Self {
        Self::from("")
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

/// Takes it over, without a copy.
impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(Flat::from(text))
    }
}

impl From<Flat> for Text {
    fn from(flat: Flat) -> Self {
        Self {
            rope: Arc::default(),
            flat: Some(Arc::new(flat)),
        }
    }
}

impl From<Rope> for Text {
    fn from(rope: Rope) -> Self {
        Self {
            rope: Arc::new(rope.into()),
            flat: None,
        }
    }
}

impl Text {
    fn rope(&self) -> &Rope {
        let make = || Rope::from_str(self.flat.as_ref().map_or("", |flat| flat));
        self.rope.get_or_init(make)
    }

    /// Makes ready for edits and positions, which else the first of them does: some 8 ms for 10 MB.
    pub fn warm_up(&self) {
        if self.small().is_none() {
            self.rope();
        }
    }

    /// The text where it is small and in one piece.
    fn small(&self) -> Option<&Flat> {
        self.flat.as_deref().filter(|flat| flat.len() <= SMALL)
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.flat {
            Some(flat) => flat.len(),
            None => self.rope().len_bytes(),
        }
    }

    /// No byte at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lines as LSP counts them: ended by `\n`, `\r\n` or `\r`; a text that ends so has one more, empty line. At least 1.
    #[must_use]
    pub fn line_count(&self) -> usize {
        let small = self.small().and_then(Flat::line_count);
        small.unwrap_or_else(|| self.rope().len_lines())
    }

    /// The text of `range` (bytes; ends outside the text or inside a character are moved inwards). Borrowed where the
    /// rope holds it in one piece.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Cow<'_, str> {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        if let Some(piece) = self.flat.as_ref().and_then(|flat| flat.get(start..end)) {
            return Cow::Borrowed(piece);
        }
        let (chunk, chunk_start, ..) = self.rope().chunk_at_byte(start);
        if let Some(piece) = chunk.get(start - chunk_start..end - chunk_start) {
            return Cow::Borrowed(piece);
        }
        let end = self.floor_char(end);
        let start = self.ceil_char(start).min(end);
        Cow::from(self.rope().byte_slice(start..end))
    }

    /// The same text with a copy in one piece, which makes [`Text::slice`] several times as fast: for whoever reads all of it.
    #[must_use]
    pub fn flattened(&self) -> Self {
        let flat = self.flat.clone();
        Self {
            rope: self.rope.clone(),
            flat: flat.or_else(|| Some(Arc::new(self.to_string().into()))),
        }
    }

    /// All of it in one piece; borrowed where it is held so.
    #[must_use]
    pub fn whole(&self) -> Cow<'_, str> {
        match &self.flat {
            Some(flat) => Cow::Borrowed(flat),
            None => Cow::Owned(self.to_string()),
        }
    }

    /// All of it, where it is held in one piece.
    #[must_use]
    pub fn shared(&self) -> Option<&Arc<Flat>> {
        self.flat.as_ref()
    }

    /// The byte at `offset`, if there is one.
    #[must_use]
    pub fn byte(&self, offset: usize) -> Option<u8> {
        match &self.flat {
            Some(flat) => flat.as_bytes().get(offset).copied(),
            None => self.rope().get_byte(offset),
        }
    }

    /// The piece of the text that holds the byte at `offset`, and where it begins. For scanning without copying.
    #[must_use]
    pub fn chunk_at(&self, offset: usize) -> (&str, usize) {
        if let Some(flat) = &self.flat {
            return (flat, 0);
        }
        let (chunk, start, ..) = self.rope().chunk_at_byte(offset.min(self.len()));
        (chunk, start)
    }

    /// This text with `edits` applied. All ranges are of *this* text, sorted and not overlapping; what lies outside the
    /// text is clamped.
    #[must_use]
    pub fn with_edits(&self, edits: &[Edit]) -> Self {
        if let Some(small) = self.small() {
            return Self::from(match edits {
                [edit] => small.edited(edit),
                _ => Flat::from(apply(small, edits)),
            });
        }
        let mut rope = self.rope().clone();
        for edit in edits.iter().rev() {
            // Of this text: what changed already lies behind.
            let place = |offset: usize| self.rope().byte_to_char(offset.min(self.len()));
            let start = place(edit.range.start);
            let end = place(edit.range.end).max(start);
            rope.remove(start..end);
            rope.insert(start, &edit.insert);
        }
        Self::from(rope)
    }

    /// It has a `\r` somewhere.
    #[must_use]
    pub fn has_carriage_return(&self) -> bool {
        match &self.flat {
            Some(flat) => flat.contains('\r'),
            None => self.rope().chunks().any(|chunk| chunk.contains('\r')),
        }
    }

    /// The same text, line ends of `\n` and `\r\n` counted as the same.
    #[must_use]
    pub fn equals_but_line_ends(&self, other: &Self) -> bool {
        fn bytes(text: &str) -> impl Iterator<Item = u8> {
            text.bytes().filter(|byte| *byte != b'\r')
        }
        self == other || bytes(&self.whole()).eq(bytes(&other.whole()))
    }

    /// The nearest character boundary at or before `offset`.
    #[must_use]
    pub fn floor_char(&self, offset: usize) -> usize {
        match &self.flat {
            Some(flat) => flat.floor_char_boundary(offset),
            None => {
                let rope = self.rope();
                rope.char_to_byte(rope.byte_to_char(offset.min(rope.len_bytes())))
            }
        }
    }

    /// The nearest character boundary at or after `offset`.
    fn ceil_char(&self, offset: usize) -> usize {
        if let Some(flat) = &self.flat {
            return flat.ceil_char_boundary(offset);
        }
        let floor = self.floor_char(offset);
        if floor >= offset {
            floor
        } else {
            let rope = self.rope();
            rope.char_to_byte(rope.byte_to_char(offset) + 1)
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.flat {
            Some(flat) => f.write_str(flat),
            None => self
                .rope()
                .chunks()
                .try_for_each(|chunk| f.write_str(chunk)),
        }
    }
}

/// Length only: logs hold no spec text.
impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.len())
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rope, &other.rope)
            || match (&self.flat, &other.flat) {
                (Some(flat), Some(other)) => ***flat == ***other,
                (Some(flat), None) => *other.rope() == ***flat,
                (None, Some(flat)) => *self.rope() == ***flat,
                (None, None) => {
                    let (rope, other) = (self.rope(), other.rope());
                    rope.is_instance(other) || rope == other
                }
            }
    }
}

impl Eq for Text {}

#[cfg(test)]
mod tests;
