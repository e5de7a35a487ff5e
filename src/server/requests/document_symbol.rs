//! `textDocument/documentSymbol`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// The outline.
pub fn document_symbol(
    state: &mut State,
    params: DocumentSymbolParams,
    reply: Reply<Option<DocumentSymbolResponse>>,
) {
    let uri = params.text_document.uri;
    state.query(&uri, reply, move |snapshot| {
        Some(ide::symbols::document_symbols(snapshot))
    });
}
