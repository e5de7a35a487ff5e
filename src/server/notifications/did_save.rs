//! `textDocument/didSave`

use lsp_types::DidSaveTextDocumentParams;

use crate::server::state::State;

/// The file now has the text. The files beside the spec may have been saved with it.
pub fn did_save(state: &mut State, params: DidSaveTextDocumentParams) {
    if let Some(document) = state.documents.get_mut(&params.text_document.uri) {
        document.save();
    }
    state.files_moved(Some(&params.text_document.uri));
}
