//! What separates an entry from the next: a comma, what stands where one belongs, or nothing.

use super::{Parser, Partial, Reuse, begins_value};
use crate::spec::syntax::{
    error::Trouble,
    green::Shape,
    scan::{Found, char_len, is_word},
};

impl<R: Reuse> Parser<'_, R> {
    /// Reads the comma behind an item and the blanks after it; whether there is one.
    pub(super) fn comma(&mut self, item: &mut Partial) -> bool {
        let shape = self.top().shape;
        (self.pos, _) = self.src.trivia(self.pos, &mut item.faults);
        let at = self.pos;
        match self.src.at(at) {
            _ if shape == Shape::Document => false,
            Some(byte) if self.is_comma(at, byte) => {
                if byte != b',' {
                    item.fault(at, 1, Trouble::WrongComma);
                }
                (self.pos, _) = self.src.trivia(at + 1, &mut item.faults);
                let end = matches!(
                    (shape, self.src.at(self.pos)),
                    (Shape::Array, Some(b']')) | (Shape::Object, Some(b'}'))
                );
                let told = |fault: &Found| fault.trouble == Trouble::ExtraComma;
                if end && byte == b',' && !item.faults.iter().any(told) {
                    item.fault(at, 1, Trouble::TrailingComma);
                }
                true
            }
            Some(byte) if !item.quiet => {
                let starts = match shape {
                    Shape::Object => {
                        matches!(byte, b'"' | b'\'') || is_word(byte) && !byte.is_ascii_digit()
                    }
                    _ => begins_value(byte),
                };
                if starts {
                    item.fault(at, char_len(byte), Trouble::MissingComma);
                }
                false
            }
            _ => false,
        }
    }

    /// A comma, or what stands where one belongs.
    fn is_comma(&mut self, pos: usize, byte: u8) -> bool {
        match byte {
            b',' | b';' => true,
            b'.' => !self.src.at(pos + 1).is_some_and(is_word),
            b':' => self.colon_for_comma(pos),
            _ => false,
        }
    }

    /// The colon at `pos`, behind a value, stands where a comma belongs: another entry follows.
    pub(super) fn colon_for_comma(&mut self, pos: usize) -> bool {
        let (next, _) = self.src.trivia(pos + 1, &mut Vec::new());
        let follows = match (self.top().shape, self.src.at(next)) {
            (Shape::Object, Some(b'"')) => self.string_then_colon(next),
            (Shape::Array, Some(byte)) => begins_value(byte),
            _ => false,
        };
        if !follows {
            self.look_far();
        }
        follows
    }
}
