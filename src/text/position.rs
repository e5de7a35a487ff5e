//! Lines and characters as editors count them (LSP 3.17, "Position" and "PositionEncodingKind").

use std::ops::Range;

use lsp_types::Position;

use super::Text;

/// In what unit `Position.character` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units: what every client understands, and LSP's default.
    #[default]
    Utf16,
    /// Unicode code points.
    Utf32,
}

impl Encoding {
    /// How many units a character takes.
    fn width(self, character: char) -> usize {
        match self {
            Self::Utf8 => character.len_utf8(),
            Self::Utf16 => character.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

impl Text {
    /// The position of a byte offset. An offset outside the text, inside a character or inside a line end is moved back
    /// to the nearest place that has a position.
    #[must_use]
    pub fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let offset = self.floor_char(offset);
        if let Some(position) = self.position_without_rope(offset, encoding) {
            return position;
        }
        let line = self.rope().byte_to_line(offset);
        let start = self.rope().line_to_byte(line);
        let offset = offset.min(self.line_end(line));
        let character = match encoding {
            Encoding::Utf8 => offset - start,
            Encoding::Utf16 => self.utf16(offset) - self.utf16(start),
            Encoding::Utf32 => self.rope().byte_to_char(offset) - self.rope().byte_to_char(start),
        };
        Position {
            line: saturating(line),
            character: saturating(character),
        }
    }

    /// The position of a character where no rope is needed, and none there that would tell it sooner.
    fn position_without_rope(&self, offset: usize, encoding: Encoding) -> Option<Position> {
        let flat = match self.small() {
            Some(small) => small,
            None => self.flat.as_ref().filter(|_| self.rope.get().is_none())?,
        };
        let (line, start) = flat.line(offset)?;
        let before = flat.get(start..offset)?;
        let character = match encoding {
            Encoding::Utf8 => before.len(),
            _ => before.chars().map(|it| encoding.width(it)).sum(),
        };
        Some(Position {
            line: saturating(line),
            character: saturating(character),
        })
    }

    /// The byte offset of a position. A line after the last is the end of the text; a character after the end of its line
    /// is that end, before the line break; a position inside a character is that character's start.
    #[must_use]
    pub fn offset(&self, position: Position, encoding: Encoding) -> usize {
        let line = position.line as usize;
        if let Some(offset) = self.offset_without_rope(line, position.character, encoding) {
            return offset;
        }
        if line >= self.line_count() {
            return self.len();
        }
        let start = self.rope().line_to_byte(line);
        let end = self.line_end(line);
        let character = position.character as usize;
        let offset = match encoding {
            Encoding::Utf8 => self.floor_char(start.saturating_add(character)),
            Encoding::Utf16 => {
                let unit = self
                    .utf16(start)
                    .saturating_add(character)
                    .min(self.utf16(end));
                self.rope().char_to_byte(self.rope().utf16_cu_to_char(unit))
            }
            Encoding::Utf32 => {
                let char = self.rope().byte_to_char(start).saturating_add(character);
                self.rope().char_to_byte(char.min(self.rope().len_chars()))
            }
        };
        offset.min(end)
    }

    /// The place of a position in a small text.
    fn offset_without_rope(
        &self,
        line: usize,
        character: u32,
        encoding: Encoding,
    ) -> Option<usize> {
        let small = self.small()?;
        let content = small.content(line)?;
        let mut left = character as usize;
        for (at, char) in small[content.clone()].char_indices() {
            let width = encoding.width(char);
            if left < width {
                return Some(content.start + at);
            }
            left -= width;
        }
        Some(content.end)
    }

    /// Both ends of a byte range as positions.
    #[must_use]
    pub fn range(&self, range: Range<usize>, encoding: Encoding) -> lsp_types::Range {
        lsp_types::Range {
            start: self.position(range.start, encoding),
            end: self.position(range.end, encoding),
        }
    }

    /// Both ends of an editor's range as byte offsets; an end before the start counts as the start.
    #[must_use]
    pub fn offsets(&self, range: lsp_types::Range, encoding: Encoding) -> Range<usize> {
        let start = self.offset(range.start, encoding);
        start..self.offset(range.end, encoding).max(start)
    }

    /// Where the content of `line` ends, before its line break.
    fn line_end(&self, line: usize) -> usize {
        if line + 1 >= self.line_count() {
            return self.len();
        }
        let next = self.rope().line_to_byte(line + 1);
        let crlf =
            next >= 2 && self.byte(next - 1) == Some(b'\n') && self.byte(next - 2) == Some(b'\r');
        next - if crlf { 2 } else { 1 }
    }

    fn utf16(&self, offset: usize) -> usize {
        self.rope()
            .char_to_utf16_cu(self.rope().byte_to_char(offset))
    }
}

/// LSP counts in 32 bits; a longer text has no positions beyond.
fn saturating(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
