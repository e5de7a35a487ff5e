//! `workspace/diagnostic`

use std::collections::HashMap;

use lsp_types::*;

use crate::server::{
    diagnostics::{Checked, result_id, to_lsp},
    document::uri_of,
    main_loop::Reply,
    state::State,
};

/// The findings of every study: of the open ones as the editor has them, of the others as they are on disk.
pub fn workspace_diagnostic(
    state: &mut State,
    params: WorkspaceDiagnosticParams,
    reply: Reply<WorkspaceDiagnosticReportResult>,
) {
    let previous: HashMap<Url, String> = params
        .previous_result_ids
        .into_iter()
        .map(|known| (known.uri, known.value))
        .collect();
    let open: HashMap<Url, Option<std::sync::Arc<Checked>>> = state
        .documents
        .values()
        .filter(|document| document.is_spec)
        .map(|document| (document.uri.clone(), state.reports.last(&document.uri)))
        .collect();
    let open_paths: Vec<_> = state
        .documents
        .values()
        .filter_map(|document| document.canonical.clone())
        .collect();
    let versions: HashMap<Url, i32> = state
        .documents
        .values()
        .map(|document| (document.uri.clone(), document.version))
        .collect();
    let (managers, inspector) = (state.managers.clone(), state.inspector.clone());
    let (settings, client) = (state.settings.clone(), state.client.clone());
    tokio::task::spawn_blocking(move || {
        let mut items = Vec::new();
        for (uri, checked) in open {
            let Some(checked) = checked else { continue };
            let version = versions
                .get(&uri)
                .filter(|version| **version == checked.version)
                .map(|it| i64::from(*it));
            let known = previous.get(&uri);
            items.push(report(
                uri,
                version,
                checked.diagnostics.clone(),
                checked.result_id.clone(),
                known,
            ));
        }
        for root in managers.roots() {
            for study in root.studies().unwrap_or_default() {
                if reply.is_cancelled() {
                    return;
                }
                if open_paths.contains(&study.spec) {
                    continue;
                }
                let Some(uri) = uri_of(&study.spec) else {
                    continue;
                };
                let Ok(inspected) = inspector.inspect(&study.spec, &settings.severities) else {
                    continue;
                };
                let diagnostics = to_lsp(
                    &inspected.findings,
                    inspected.parsed.text(),
                    &uri,
                    client.encoding,
                );
                let id = result_id(&diagnostics);
                let known = previous.get(&uri);
                items.push(report(uri, None, diagnostics, id, known));
            }
        }
        reply.send(Ok(WorkspaceDiagnosticReportResult::Report(
            WorkspaceDiagnosticReport { items },
        )));
    });
}

fn report(
    uri: Url,
    version: Option<i64>,
    items: Vec<Diagnostic>,
    id: String,
    known: Option<&String>,
) -> WorkspaceDocumentDiagnosticReport {
    if known == Some(&id) {
        let unchanged = UnchangedDocumentDiagnosticReport { result_id: id };
        return WorkspaceDocumentDiagnosticReport::Unchanged(
            WorkspaceUnchangedDocumentDiagnosticReport {
                uri,
                version,
                unchanged_document_diagnostic_report: unchanged,
            },
        );
    }
    WorkspaceDocumentDiagnosticReport::Full(WorkspaceFullDocumentDiagnosticReport {
        uri,
        version,
        full_document_diagnostic_report: FullDocumentDiagnosticReport {
            result_id: Some(id),
            items,
        },
    })
}
