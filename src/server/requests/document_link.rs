//! `textDocument/documentLink`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// The files that the spec names and that are there, and the extractors that it refers to; looks at the disk, off the
/// loop.
pub fn document_link(
    state: &mut State,
    params: DocumentLinkParams,
    reply: Reply<Option<Vec<DocumentLink>>>,
) {
    let uri = params.text_document.uri;
    let inspector = state.inspector.clone();
    state.query(&uri, reply, move |snapshot| {
        let find = |name: &str| inspector.find(snapshot.path.as_deref()?, name);
        Some(ide::links::document_links(snapshot, find))
    });
}
