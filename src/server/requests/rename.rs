//! `textDocument/prepareRename` and `textDocument/rename`

use lsp_types::*;
use tower_lsp::jsonrpc::{Error, ErrorCode};

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// LSP's `RequestFailed`: the request is right, and cannot be fulfilled for the reason that the message gives.
const REQUEST_FAILED: i64 = -32803;

/// What would be renamed; an error that says why nothing can be.
pub fn prepare_rename(
    state: &mut State,
    params: TextDocumentPositionParams,
    reply: Reply<Option<PrepareRenameResponse>>,
) {
    let position = params.position;
    state.try_query(&params.text_document.uri, reply, move |snapshot| {
        ide::rename::prepare(snapshot, position)
            .map(Some)
            .map_err(refused)
    });
}

/// The edit that renames; an error that says why the name cannot be given.
pub fn rename(state: &mut State, params: RenameParams, reply: Reply<Option<WorkspaceEdit>>) {
    let TextDocumentPositionParams {
        text_document,
        position,
    } = params.text_document_position;
    state.try_query(&text_document.uri, reply, move |snapshot| {
        ide::rename::rename(snapshot, position, &params.new_name)
            .map(Some)
            .map_err(refused)
    });
}

fn refused(reason: ide::rename::Refusal) -> Error {
    Error {
        code: ErrorCode::from(REQUEST_FAILED),
        message: reason.into(),
        data: None,
    }
}
