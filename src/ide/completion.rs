//! `textDocument/completion`

use lsp_types::{CompletionItem, CompletionResponse, Position, Url};

use super::Snapshot;

/// What could stand at the position.
pub fn completion(_: &Snapshot, _: Position) -> Option<CompletionResponse> {
    None
}

/// The document that an item is for.
pub fn document_of(_: &CompletionItem) -> Option<Url> {
    None
}

/// The item with its documentation.
pub fn resolve(_: &Snapshot, item: CompletionItem) -> CompletionItem {
    item
}
