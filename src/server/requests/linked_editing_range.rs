//! `textDocument/linkedEditingRange`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// The references that follow an id while it is typed.
pub fn linked_editing_range(
    state: &mut State,
    params: LinkedEditingRangeParams,
    reply: Reply<Option<LinkedEditingRanges>>,
) {
    let TextDocumentPositionParams {
        text_document,
        position,
    } = params.text_document_position_params;
    let uri = text_document.uri;
    state.query(&uri, reply, move |snapshot| {
        ide::linked_editing::linked_ranges(snapshot, position)
    });
}
