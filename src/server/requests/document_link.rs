//! `textDocument/documentLink`

use lsp_types::*;

use crate::{
    ide,
    server::{main_loop::Reply, state::State},
};

/// The files that the spec names and that are there; looks at the disk, off the loop.
pub fn document_link(
    state: &mut State,
    params: DocumentLinkParams,
    reply: Reply<Option<Vec<DocumentLink>>>,
) {
    let uri = params.text_document.uri;
    let inspector = state.inspector.clone();
    state.query(&uri, reply, move |snapshot| {
        let spec = snapshot.path.as_deref()?;
        let find = |name: &str| inspector.find(spec, name);
        Some(ide::links::document_links(snapshot, find))
    });
}
