//! `textDocument/completion` and `completionItem/resolve`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// What could stand at the cursor.
pub fn completion(
    state: &mut State,
    params: CompletionParams,
    reply: Reply<Option<CompletionResponse>>,
) {
    let TextDocumentPositionParams {
        text_document,
        position,
    } = params.text_document_position;
    state.query_briefly(&text_document.uri, reply, move |snapshot| {
        ide::completion::completion(snapshot, position)
    });
}

/// The documentation of an item; `None` where its document is closed by now.
pub fn resolve(state: &mut State, item: CompletionItem, reply: Reply<Option<CompletionItem>>) {
    let Some(uri) = ide::completion::document_of(&item) else {
        return reply.send(Ok(None));
    };
    state.query_briefly(&uri, reply, move |snapshot| {
        Some(ide::completion::resolve(snapshot, item))
    });
}
