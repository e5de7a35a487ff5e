//! `textDocument/formatting`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// Lays out the whole text.
pub fn formatting(
    state: &mut State,
    params: DocumentFormattingParams,
    reply: Reply<Option<Vec<TextEdit>>>,
) {
    let uri = params.text_document.uri;
    state.query(&uri, reply, move |snapshot| {
        ide::formatting::format(snapshot, &params.options)
    });
}
