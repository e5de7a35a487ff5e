//! `textDocument/references`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// Every place that names what is at the cursor.
pub fn references(state: &mut State, params: ReferenceParams, reply: Reply<Option<Vec<Location>>>) {
    let declaration = params.context.include_declaration;
    let TextDocumentPositionParams {
        text_document,
        position,
    } = params.text_document_position;
    let uri = text_document.uri;
    state.query(&uri, reply, move |snapshot| {
        ide::references::references(snapshot, position, declaration)
    });
}
