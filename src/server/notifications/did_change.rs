//! `textDocument/didChange`

use lsp_types::DidChangeTextDocumentParams;

use crate::server::state::State;

/// The text moves on; whoever waits for an edit of ours to show is told.
pub fn did_change(state: &mut State, params: DidChangeTextDocumentParams) {
    let uri = params.text_document.uri;
    let encoding = state.client.encoding;
    let Some(document) = state.documents.get_mut(&uri) else {
        tracing::warn!("didChange for a document that is not open");
        return;
    };
    let job = document.change(
        params.text_document.version,
        params.content_changes,
        encoding,
    );
    state.parse(&uri, job);
    state.text_moved(&uri);
    state.compare_soon(&uri);
    state.recheck_changed(&uri);
}
