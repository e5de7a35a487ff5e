//! `textDocument/documentHighlight`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// The other places of what is at the cursor.
pub fn document_highlight(
    state: &mut State,
    params: DocumentHighlightParams,
    reply: Reply<Option<Vec<DocumentHighlight>>>,
) {
    let TextDocumentPositionParams {
        text_document,
        position,
    } = params.text_document_position_params;
    let uri = text_document.uri;
    state.query(&uri, reply, move |snapshot| {
        ide::highlight::highlights(snapshot, position)
    });
}
