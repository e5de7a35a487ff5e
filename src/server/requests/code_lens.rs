//! `textDocument/codeLens`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// What uses an entry, and what can be done with the study.
pub fn code_lens(state: &mut State, params: CodeLensParams, reply: Reply<Option<Vec<CodeLens>>>) {
    let uri = params.text_document.uri;
    state.query(&uri, reply, move |snapshot| {
        Some(ide::code_lens::code_lenses(snapshot))
    });
}
