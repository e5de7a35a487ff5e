//! `textDocument/selectionRange`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// What to select next.
pub fn selection_range(
    state: &mut State,
    params: SelectionRangeParams,
    reply: Reply<Option<Vec<SelectionRange>>>,
) {
    let uri = params.text_document.uri;
    state.query(&uri, reply, move |snapshot| {
        Some(ide::selection::selection_ranges(
            snapshot,
            &params.positions,
        ))
    });
}
