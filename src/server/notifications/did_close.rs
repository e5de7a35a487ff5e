//! `textDocument/didClose`

use lsp_types::DidCloseTextDocumentParams;

use crate::server::state::State;

/// The file counts again. Findings that were pushed are taken back (LSP leaves that to the server).
pub fn did_close(state: &mut State, params: DidCloseTextDocumentParams) {
    let uri = params.text_document.uri;
    let document = state.documents.remove(&uri);
    // A tree of millions of nodes takes its time to go.
    tokio::task::spawn_blocking(move || drop(document));
    state.text_moved(&uri);
    state.forget_report(&uri);
}
