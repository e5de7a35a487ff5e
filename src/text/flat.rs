//! A text in one piece.

use std::{
    fmt,
    ops::{Deref, Range},
    sync::OnceLock,
};

use memchr::{memchr, memchr_iter, memrchr};

use super::edit::{Edit, apply};

/// Bytes between two places whose line is known.
const BLOCK: usize = 256;
/// So far back the beginning of a line is looked for.
const REACH: usize = 64 * 1024;

/// A text in one piece, which knows its lines without a rope: a rope of it is a copy, and takes ten times as long.
pub struct Flat {
    text: String,
    lines: OnceLock<Option<Lines>>,
}

/// How many lines begin before each block; made for texts whose lines all end in `\n`.
type Lines = Vec<usize>;

impl From<String> for Flat {
    fn from(text: String) -> Self {
        Self {
            text,
            lines: OnceLock::new(),
        }
    }
}

/// Length only: logs hold no spec text.
impl fmt::Debug for Flat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flat({} bytes)", self.len())
    }
}

impl Deref for Flat {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Flat {
    /// This text with `edit`. Where its lines are known, so are those of the edited text.
    pub fn edited(&self, edit: &Edit) -> Self {
        let text = apply(&self.text, std::slice::from_ref(edit));
        let known = self.lines.get().and_then(Option::as_ref);
        let lines = match known.and_then(|lines| self.lines_after(edit, lines, text.len())) {
            Some(lines) => Some(lines).into(),
            None => OnceLock::new(),
        };
        Self { text, lines }
    }

    /// The lines after `edit`, of which there are `len` bytes. None where counting anew is as good.
    fn lines_after(&self, edit: &Edit, lines: &Lines, len: usize) -> Option<Lines> {
        let insert = edit.insert.as_bytes();
        if insert.len() > BLOCK || memchr(b'\r', insert).is_some() {
            return None;
        }
        // As `apply` takes them.
        let start = self.text.floor_char_boundary(edit.range.start);
        let end = self.text.floor_char_boundary(edit.range.end).max(start);
        let (before, until) = (self.before(lines, start), self.before(lines, end));
        let inserted = newlines(insert);
        let count = |at: usize| {
            if at <= start {
                self.before(lines, at)
            } else if let Some(insert) = insert.get(..at - start) {
                before + newlines(insert)
            } else {
                self.before(lines, at - insert.len() + (end - start)) - until + before + inserted
            }
        };
        let blocks = len.div_ceil(BLOCK);
        Some(
            (0..=blocks)
                .map(|nth| count(len.min(nth * BLOCK)))
                .collect(),
        )
    }

    /// How many lines end before a place of the text, counted from the nearest one where that is known.
    fn before(&self, lines: &Lines, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let (block, over) = (at / BLOCK, at % BLOCK);
        if over > BLOCK / 2 {
            let next = bytes.len().min((block + 1) * BLOCK);
            lines[block + 1] - newlines(&bytes[at..next])
        } else {
            lines[block] + newlines(&bytes[at - over..at])
        }
    }

    /// The line of the byte at `offset`, and where that line begins. None where a rope finds it sooner: in a text with
    /// `\r`, far on in a long line.
    pub fn line(&self, offset: usize) -> Option<(usize, usize)> {
        let lines = self.lines()?;
        let bytes = &self.text.as_bytes()[..offset.min(self.text.len())];
        let near = bytes.len().saturating_sub(REACH);
        let start = match memrchr(b'\n', &bytes[near..]) {
            Some(end) => near + end + 1,
            None if near == 0 => 0,
            None => return None,
        };
        Some((self.before(lines, bytes.len()), start))
    }

    /// How many lines there are. None where a rope has to tell.
    pub fn line_count(&self) -> Option<usize> {
        self.lines()?.last().map(|newlines| newlines + 1)
    }

    /// Where the content of a line begins and ends; nowhere but at the end of the text for one after the last. None where
    /// a rope has to tell.
    pub fn content(&self, line: usize) -> Option<Range<usize>> {
        let (lines, bytes) = (self.lines()?, self.text.as_bytes());
        let start = match lines.partition_point(|newlines| *newlines < line) {
            0 => 0,
            after if after == lines.len() => bytes.len(),
            after => {
                let block = (after - 1) * BLOCK;
                let nth = line - lines[after - 1] - 1;
                memchr_iter(b'\n', &bytes[block..])
                    .nth(nth)
                    .map_or(bytes.len(), |at| block + at + 1)
            }
        };
        let end = memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length);
        Some(start..end)
    }

    fn lines(&self) -> Option<&Lines> {
        self.lines.get_or_init(|| self.count()).as_ref()
    }

    fn count(&self) -> Option<Lines> {
        let bytes = self.text.as_bytes();
        if memchr(b'\r', bytes).is_some() {
            return None;
        }
        let mut sum = 0;
        let mut lines = Vec::with_capacity(bytes.len() / BLOCK + 2);
        lines.push(0);
        for block in bytes.chunks(BLOCK) {
            sum += newlines(block);
            lines.push(sum);
        }
        Some(lines)
    }
}

fn newlines(bytes: &[u8]) -> usize {
    memchr_iter(b'\n', bytes).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ropey::Rope;

    use super::*;
    use crate::text::{Encoding, Text};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn positions_are_the_same_with_and_without_a_rope(
            pieces in prop::collection::vec(prop::sample::select(vec!["\n", "\n\n", "é😀", "a long piece of a line ", "\r", "\r\n"]), 1..40),
            without in 0..4_usize,
            times in prop::sample::select(vec![1, 1500, 6000]),
            at in 0.0..=1.0_f64,
        ) {
            // Carriage returns in one of four texts.
            let pieces: Vec<&str> = pieces.into_iter().filter(|it| without == 0 || !it.contains('\r')).collect();
            let text = pieces.concat().repeat(times);
            let (flat, roped) = (Text::from(&*text), Text::from(Rope::from_str(&text)));
            let at = (text.len() as f64 * at) as usize;
            for offset in [0, at, at + 1, at + 2, text.len(), text.len() + 1] {
                for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
                    prop_assert_eq!(flat.position(offset, encoding), roped.position(offset, encoding));
                }
            }
        }

        #[test]
        fn lines_after_an_edit_are_as_when_they_are_counted(
            pieces in prop::collection::vec(prop::sample::select(vec!["\n", "\n\n", "é😀", "a piece of a line ", "\r"]), 0..60),
            without in 0..4_usize,
            edits in prop::collection::vec((0.0..=1.1_f64, 0..40_usize, prop::sample::select(vec!["", "x", "\n", "é\n\n", "\r"]), prop::sample::select(vec![1, 20, 300])), 1..8),
        ) {
            let pieces: Vec<&str> = pieces.into_iter().filter(|it| without == 0 || *it != "\r").collect();
            let mut flat = Flat::from(pieces.concat().repeat(5));
            flat.line_count();
            for (start, length, insert, times) in edits {
                let start = (flat.len() as f64 * start) as usize;
                let edit = Edit { range: start..start + length * 10, insert: insert.repeat(times) };
                flat = flat.edited(&edit);
                let anew = Flat::from(flat.to_string());
                prop_assert_eq!(anew.lines(), flat.lines());
            }
        }
    }

    #[test]
    fn lines_are_known_without_a_rope_where_they_are_of_usual_length() {
        let flat = Flat::from("some text\n".repeat(3 * BLOCK));
        assert_eq!(flat.line(0), Some((0, 0)));
        assert_eq!(
            flat.line(10 * BLOCK + 15),
            Some((BLOCK + 1, 10 * BLOCK + 10))
        );
        assert_eq!(flat.line(usize::MAX), Some((3 * BLOCK, 30 * BLOCK)));
        assert_eq!(flat.line_count(), Some(3 * BLOCK + 1));
        assert_eq!(flat.content(0), Some(0..9));
        assert_eq!(
            flat.content(BLOCK + 1),
            Some(10 * BLOCK + 10..10 * BLOCK + 19)
        );
        assert_eq!(flat.content(3 * BLOCK), Some(30 * BLOCK..30 * BLOCK));
        assert_eq!(flat.content(usize::MAX), Some(30 * BLOCK..30 * BLOCK));
        assert_eq!(Flat::from("a\r\nb".to_owned()).line(3), None);
        assert_eq!(Flat::from("x".repeat(2 * REACH)).line(2 * REACH), None);
    }
}
