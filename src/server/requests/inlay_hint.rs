//! `textDocument/inlayHint`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// The names behind ids.
pub fn inlay_hint(
    state: &mut State,
    params: InlayHintParams,
    reply: Reply<Option<Vec<InlayHint>>>,
) {
    let uri = params.text_document.uri;
    state.query(&uri, reply, move |snapshot| {
        Some(ide::inlay_hints::inlay_hints(snapshot, params.range))
    });
}
