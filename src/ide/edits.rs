//! Edits as LSP has them.

use std::collections::HashMap;

use lsp_types::{
    DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit,
    WorkspaceEdit,
};

use super::Snapshot;
use crate::text::Edit;

/// Edits of the document, as the client counts.
pub fn text_edits(snapshot: &Snapshot, edits: &[Edit]) -> Vec<TextEdit> {
    let edit = |edit: &Edit| TextEdit {
        range: snapshot.range(edit.range.clone()),
        new_text: edit.insert.clone(),
    };
    edits.iter().map(edit).collect()
}

/// The same as an edit of the workspace; with the document's version where the client takes it, so that it cannot be
/// applied to a text that has moved on.
pub fn workspace_edit(snapshot: &Snapshot, edits: &[Edit]) -> WorkspaceEdit {
    let edits = text_edits(snapshot, edits);
    if !snapshot.traits.versioned_edits {
        return WorkspaceEdit {
            changes: Some(HashMap::from([(snapshot.uri.clone(), edits)])),
            ..WorkspaceEdit::default()
        };
    }
    let text_document = OptionalVersionedTextDocumentIdentifier {
        uri: snapshot.uri.clone(),
        version: Some(snapshot.version),
    };
    WorkspaceEdit {
        document_changes: Some(DocumentChanges::Edits(vec![TextDocumentEdit {
            text_document,
            edits: edits.into_iter().map(OneOf::Left).collect(),
        }])),
        ..WorkspaceEdit::default()
    }
}
