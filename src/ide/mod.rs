//! What an editor asks about one document: pure functions over a [`Snapshot`], one file for each feature.
//!
//! Invariant: nothing here knows the server or looks at the disk. Handlers run these functions off the main loop.

mod announce;
pub mod code_actions;
pub mod code_lens;
pub mod completion;
pub mod definition;
mod edits;
pub mod folding;
pub mod formatting;
pub mod highlight;
pub mod hover;
pub mod inlay_hints;
pub mod linked_editing;
pub mod links;
mod markdown;
mod place;
pub mod references;
pub mod rename;
pub mod selection;
pub mod symbols;
#[cfg(test)]
mod testing;
pub mod workspace_symbols;

use std::{
    ops::Range,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use lsp_types::{Location, Position, Url};

pub use announce::announce;

use crate::{
    spec::{
        checks::{Context, Finding},
        model::Model,
        syntax::Parsed,
    },
    text::{Encoding, Text},
};

/// One version of a document, and what the answer depends on beside it.
pub struct Snapshot {
    /// As the client spells it.
    pub uri: Url,
    /// Its file, where it has one.
    pub path: Option<PathBuf>,
    /// The client's version of this text.
    pub version: i32,
    /// Text and tree.
    pub parsed: Parsed,
    /// What the checks say of this text, for those who asked to wait for it; else empty.
    pub findings: Arc<Vec<Finding>>,
    /// What they were checked with: severities, facts about files.
    pub context: Arc<Context>,
    /// What the client can show.
    pub traits: Traits,
    /// Ids and references of this text, once somebody asked.
    pub model: OnceLock<Model>,
}

/// What a client can show.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traits {
    /// Of all positions.
    pub encoding: Encoding,
    /// Completion items may be snippets.
    pub snippets: bool,
    /// A completion may replace text behind the cursor. Every client may by LSP; those that do not tell apart
    /// inserting and replacing (Neovim's own completion) insert at the cursor whatever the edit says.
    pub replaces: bool,
    /// Hover may be markdown.
    pub markdown: bool,
    /// Documentation of completion items may be markdown.
    pub markdown_docs: bool,
    /// Document symbols may nest.
    pub nested_symbols: bool,
    /// A definition may tell which text it was asked for (`LocationLink`).
    pub definition_links: bool,
    /// Code actions may be more than commands.
    pub action_literals: bool,
    /// The edit of a code action may come later (`codeAction/resolve`).
    pub resolves_edits: bool,
    /// Edits may carry the version of their document.
    pub versioned_edits: bool,
    /// It asks whether something can be renamed before it asks for the name.
    pub prepares_rename: bool,
    /// Only whole lines fold.
    pub folds_lines: bool,
}

impl Snapshot {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &Text {
        self.parsed.text()
    }

    /// Ids and references; read at the first call.
    pub fn model(&self) -> &Model {
        self.model.get_or_init(|| Model::of(&self.parsed))
    }

    /// The byte that a position of the client is at.
    #[must_use]
    pub fn offset(&self, position: Position) -> usize {
        self.text().offset(position, self.traits.encoding)
    }

    /// A byte's position, as the client counts.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        self.text().position(offset, self.traits.encoding)
    }

    /// A range of bytes, as the client counts.
    #[must_use]
    pub fn range(&self, range: Range<usize>) -> lsp_types::Range {
        self.text().range(range, self.traits.encoding)
    }

    /// A range of bytes of this document.
    #[must_use]
    pub fn location(&self, range: Range<usize>) -> Location {
        Location {
            uri: self.uri.clone(),
            range: self.range(range),
        }
    }
}

/// What stands between the quotes of a string at `range`; `range` itself where there are none.
fn within_quotes(text: &Text, range: Range<usize>) -> Range<usize> {
    let quoted = range.len() >= 2
        && text.byte(range.start) == Some(b'"')
        && text.byte(range.end - 1) == Some(b'"');
    if quoted {
        range.start + 1..range.end - 1
    } else {
        range
    }
}
