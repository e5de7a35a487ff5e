//! `textDocument/didSave`

use lsp_types::DidSaveTextDocumentParams;

use crate::server::state::State;

/// The files beside the spec may have been saved with it.
pub fn did_save(state: &mut State, params: DidSaveTextDocumentParams) {
    state.files_moved(Some(&params.text_document.uri));
}
