//! `textDocument/hover`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// What the format and the spec say of what is at the cursor.
pub fn hover(state: &mut State, params: HoverParams, reply: Reply<Option<Hover>>) {
    let TextDocumentPositionParams {
        text_document,
        position,
    } = params.text_document_position_params;
    let uri = text_document.uri;
    state.query_briefly(&uri, reply, move |snapshot| {
        ide::hover::hover(snapshot, position)
    });
}
