//! `textDocument/codeAction` and `codeAction/resolve`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

use crate::server::diagnostics::to_lsp;

/// What can be done at the cursor.
pub fn code_action(
    state: &mut State,
    params: CodeActionParams,
    reply: Reply<Option<CodeActionResponse>>,
) {
    let uri = params.text_document.uri.clone();
    state.query_checked(&uri, reply, move |snapshot| {
        let diagnostics = |finding: &_| {
            let (text, encoding) = (snapshot.text(), snapshot.traits.encoding);
            to_lsp(std::slice::from_ref(finding), text, &snapshot.uri, encoding)
        };
        Some(ide::code_actions::code_actions(
            snapshot,
            &params,
            &diagnostics,
        ))
    });
}

/// The edit of an action; `None` where its document is closed by now.
pub fn resolve(state: &mut State, action: CodeAction, reply: Reply<Option<CodeAction>>) {
    let Some(uri) = ide::code_actions::document_of(&action) else {
        return reply.send(Ok(None));
    };
    state.query_checked(&uri, reply, move |snapshot| {
        Some(ide::code_actions::resolve(snapshot, action))
    });
}
