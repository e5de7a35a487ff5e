//! `textDocument/rangeFormatting`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// Lays out some lines.
pub fn range_formatting(
    state: &mut State,
    params: DocumentRangeFormattingParams,
    reply: Reply<Option<Vec<TextEdit>>>,
) {
    let uri = params.text_document.uri;
    state.query(&uri, reply, move |snapshot| {
        ide::formatting::format_range(snapshot, params.range, &params.options)
    });
}
