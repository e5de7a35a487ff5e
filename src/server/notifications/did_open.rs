//! `textDocument/didOpen`

use lsp_types::DidOpenTextDocumentParams;

use crate::server::state::State;

/// From here on the client's text counts, not the file's.
pub fn did_open(state: &mut State, params: DidOpenTextDocumentParams) {
    let document = params.text_document;
    state.open(
        document.uri,
        &document.language_id,
        document.version,
        document.text,
    );
}
