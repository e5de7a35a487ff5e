//! `textDocument/definition`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// Where what is at the cursor gets its name.
pub fn definition(
    state: &mut State,
    params: GotoDefinitionParams,
    reply: Reply<Option<GotoDefinitionResponse>>,
) {
    let TextDocumentPositionParams {
        text_document,
        position,
    } = params.text_document_position_params;
    let uri = text_document.uri;
    state.query(&uri, reply, move |snapshot| {
        ide::definition::definition(snapshot, position)
    });
}
