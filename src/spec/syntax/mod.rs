//! A lossless, error-tolerant, incremental JSON tree.
//!
//! [`Parsed`] holds a text and its tree. Every mistake is told, and what is whole around it stays usable. An edit reads only
//! the smallest container around it anew; everything else is shared with the tree before, and keeps its
//! [`Node::green_id`].
//!
//! Why our own: tree-sitter-json takes 20 times as long as serde_json to read a file and 46 ms for one character at 10 MB;
//! the other JSON crates stop at the first error or keep no places.

mod ahead;
mod error;
mod green;
mod incremental;
mod node;
mod parse;
mod path;
mod plain;
mod pointer;
mod reread;
mod scan;
mod string;

use std::{ops::Range, sync::Arc};

pub use error::{SyntaxError, Trouble};
pub(in crate::spec) use error::{escape, literal, other_bracket};
pub use node::{Held, Member, Node, Reader};
pub use path::{Path, Place, Step};
pub use pointer::{escape_token, pointer, unescape_token};
pub use string::Escapes;

use self::{
    ahead::Ahead,
    error::Fault,
    green::{Container, Ids, Parts, Shape},
    incremental::Change,
    scan::Source,
};
use crate::text::{Edit, Text};

/// More edits than this at once are taken as one that reaches from the first to the last.
const MANY: usize = 32;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// A string, also a key.
    String,
    /// A number as JSON writes it.
    Number,
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
    /// Something where a value should be.
    Error,
}

/// A text with its tree. Immutable, cheap to clone.
#[derive(Debug, Clone)]
pub struct Parsed {
    text: Text,
    document: Arc<Container>,
}

impl Parsed {
    /// Reads the whole text. Never fails: what is wrong is in [`Parsed::errors`].
    #[must_use]
    pub fn new(text: Text) -> Self {
        let document = if u32::try_from(text.len()).is_ok() {
            let whole = text.whole();
            let ahead = Ahead::read(&text);
            reread::document(Source::whole(&text, &whole), ahead)
        } else {
            too_long()
        };
        Parsed { text, document }
    }

    /// The same for the text with `edits` applied, whose ranges are of this text, sorted and not overlapping. The result
    /// is what [`Parsed::new`] would give, for the price of what the edits touch.
    #[must_use]
    pub fn edit(&self, edits: &[Edit]) -> Self {
        if edits.len() > MANY {
            let range = edits[0].range.start..edits[edits.len() - 1].range.end;
            let text = self.text.with_edits(edits);
            let insert = text.len() + range.len() - self.text.len();
            return self.changed(text, range, insert);
        }
        edits.iter().rev().fold(self.clone(), |parsed, edit| {
            let start = parsed.text.floor_char(edit.range.start);
            let end = parsed.text.floor_char(edit.range.end).max(start);
            let text = parsed.text.with_edits(std::slice::from_ref(edit));
            parsed.changed(text, start..end, edit.insert.len())
        })
    }

    /// The same tree over a text in one piece, for whoever reads all of it.
    #[must_use]
    pub fn flattened(&self) -> Self {
        Parsed {
            text: self.text.flattened(),
            document: self.document.clone(),
        }
    }

    /// The same for `text`, which is this text but for `range`, where `insert` other bytes are.
    fn changed(&self, text: Text, range: Range<usize>, insert: usize) -> Self {
        if u32::try_from(text.len().max(self.text.len())).is_err() {
            return Parsed::new(text);
        }
        let document = incremental::edit(
            &self.document,
            &text,
            &Change {
                start: range.start,
                end: range.end,
                insert,
            },
        );
        Parsed { text, document }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// The document's value, if there is one.
    #[must_use]
    pub fn root(&self) -> Option<Node<'_>> {
        let (at, item) = self.document.items().next()?;
        Node::value(&self.text, item, at)
    }

    /// The text is JSON as serde_json reads it.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.document.error_count == 0
    }

    /// All syntax errors, in the order of the text.
    #[must_use]
    pub fn errors(&self) -> Vec<SyntaxError> {
        let mut found: Vec<(usize, Fault)> = Vec::with_capacity(self.document.error_count as usize);
        let mut todo: Vec<(usize, &Container)> = vec![(0, &self.document)];
        while let Some((start, container)) = todo.pop() {
            found.extend(container.faults.iter().map(|fault| (start, *fault)));
            let mut at = start + container.head as usize;
            for chunk in &container.chunks {
                if chunk.error_count == 0 {
                    at += chunk.len as usize;
                    continue;
                }
                for item in chunk.items.iter() {
                    found.extend(
                        item.faults
                            .iter()
                            .flat_map(|faults| faults.iter())
                            .map(|fault| (at, *fault)),
                    );
                    if item.value.error_count() > 0
                        && let Some(inner) = item.value.container()
                    {
                        todo.push((at + item.value_at as usize, inner));
                    }
                    at += item.len as usize;
                }
            }
        }
        let mut errors: Vec<SyntaxError> = found
            .into_iter()
            .map(|(start, fault)| {
                let at = start + fault.at as usize;
                let range = at..at + fault.len as usize;
                SyntaxError {
                    message: fault.trouble.message(&self.text.slice(range.clone())),
                    range,
                    trouble: fault.trouble,
                }
            })
            .collect();
        errors.sort_by_key(|error| (error.range.start, error.range.end));
        errors
    }
}

fn too_long() -> Arc<Container> {
    let faults = vec![Fault {
        at: 0,
        len: 0,
        trouble: Trouble::TooLong,
    }];
    let parts = Parts {
        faults,
        balanced: false,
        far: true,
        ..Parts::of(Shape::Document)
    };
    Arc::new(Container::new(Ids::default().take(1), parts))
}

#[cfg(test)]
mod tests;
