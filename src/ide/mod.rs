//! What an editor asks about one document: pure functions over a [`Snapshot`].

use std::{path::PathBuf, sync::Arc};

use lsp_types::{ServerCapabilities, Url};

use crate::{
    spec::{checks::Finding, syntax::Parsed},
    text::Encoding,
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
    /// What the client can show.
    pub traits: Traits,
}

/// What a client can show.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traits {
    /// Of all positions.
    pub encoding: Encoding,
    /// Completion items may be snippets.
    pub snippets: bool,
    /// Hover and documentation may be markdown.
    pub markdown: bool,
    /// Document symbols may nest.
    pub nested_symbols: bool,
}

/// Adds what this room answers to what the server announces.
pub fn announce(_capabilities: &mut ServerCapabilities) {}
