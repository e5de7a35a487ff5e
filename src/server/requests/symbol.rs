//! `workspace/symbol`

use lsp_types::*;

use crate::{
    ide::workspace_symbols::{MOST, matching},
    server::{document::uri_of, main_loop::Reply, state::State},
    spec::syntax::Parsed,
    study::read_spec,
    text::Text,
};

/// What is named in all studies: in the open ones as the editor has them, in the others as they are on disk.
pub fn symbol(
    state: &mut State,
    params: WorkspaceSymbolParams,
    reply: Reply<Option<Vec<SymbolInformation>>>,
) {
    let specs = state.documents.values().filter(|document| document.is_spec);
    let open: Vec<_> = specs
        .map(|document| {
            (
                document.uri.clone(),
                document.path(),
                document.canonical.clone(),
                document.text(),
            )
        })
        .collect();
    let (managers, encoding) = (state.managers.clone(), state.client.encoding);
    tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        let mut search = |uri: &Url, text: Text| {
            let left = MOST.saturating_sub(found.len());
            if left > 0 && !reply.is_cancelled() {
                let parsed = Parsed::new(text);
                found.extend(matching(uri, &parsed, encoding, &params.query, left));
            }
        };
        for (uri, _, _, text) in &open {
            search(uri, text.clone());
        }
        let is_open = |spec: &std::path::Path| {
            open.iter().any(|(_, path, canonical, _)| {
                path.as_deref() == Some(spec) || canonical.as_deref() == Some(spec)
            })
        };
        let roots = managers.roots();
        let studies = roots
            .iter()
            .flat_map(|root| root.studies().unwrap_or_default());
        for study in studies.filter(|study| !is_open(&study.spec)) {
            if let (Some(uri), Ok(file)) = (uri_of(&study.spec), read_spec(&study.spec)) {
                search(&uri, Text::from(&*file.text));
            }
        }
        reply.send(Ok(Some(found)));
    });
}
