//! `textDocument/foldingRange`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// What folds.
pub fn folding_range(
    state: &mut State,
    params: FoldingRangeParams,
    reply: Reply<Option<Vec<FoldingRange>>>,
) {
    let uri = params.text_document.uri;
    state.query(&uri, reply, move |snapshot| {
        Some(ide::folding::folding_ranges(snapshot))
    });
}
