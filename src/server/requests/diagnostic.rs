//! `textDocument/diagnostic`

use std::path::PathBuf;

use lsp_types::*;

use crate::{
    server::{closed::View, document::path_of, main_loop::Reply, state::State},
    study::SPEC_FILE,
};

/// Answers with the findings of the text as it was asked about, or a later one; "unchanged" where the client has them.
pub fn diagnostic(
    state: &mut State,
    params: DocumentDiagnosticParams,
    reply: Reply<DocumentDiagnosticReportResult>,
) {
    let uri = params.text_document.uri;
    if !state
        .documents
        .get(&uri)
        .is_some_and(|document| document.is_spec)
    {
        return of_closed(state, &uri, params.previous_result_id, reply);
    }
    let previous = params.previous_result_id;
    state.when_checked(
        &uri,
        Box::new(move |checked| {
            let id = checked.result_id.clone();
            reply.send(Ok(if previous.as_ref() == Some(&id) {
                unchanged(id)
            } else {
                full(Some(id), checked.diagnostics.clone())
            }));
        }),
    );
}

/// The same for a spec that is not open: of what its file has. Clients ask for tabs that they have not loaded.
fn of_closed(
    state: &State,
    uri: &Url,
    previous: Option<String>,
    reply: Reply<DocumentDiagnosticReportResult>,
) {
    let is_spec = |path: &PathBuf| path.file_name().is_some_and(|name| name == SPEC_FILE);
    let path = path_of(uri).filter(|_| !state.documents.contains_key(uri));
    let Some(path) = path.filter(is_spec) else {
        return reply.send(Ok(full(None, Vec::new())));
    };
    let (closed, inspector) = (state.closed.clone(), state.inspector.clone());
    let (settings, encoding) = (state.settings.clone(), state.client.encoding);
    tokio::task::spawn_blocking(move || {
        let view = View {
            inspector: &inspector,
            severities: &settings.severities,
            encoding,
        };
        reply.send(Ok(match closed.report(&path, &view) {
            Some(report) if previous.as_ref() == Some(&report.result_id) => {
                unchanged(report.result_id.clone())
            }
            Some(report) => full(Some(report.result_id.clone()), report.diagnostics.clone()),
            None => full(None, Vec::new()),
        }));
    });
}

fn full(result_id: Option<String>, items: Vec<Diagnostic>) -> DocumentDiagnosticReportResult {
    let report = RelatedFullDocumentDiagnosticReport {
        related_documents: None,
        full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id, items },
    };
    DocumentDiagnosticReportResult::Report(DocumentDiagnosticReport::Full(report))
}

fn unchanged(result_id: String) -> DocumentDiagnosticReportResult {
    let report = RelatedUnchangedDocumentDiagnosticReport {
        related_documents: None,
        unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport { result_id },
    };
    DocumentDiagnosticReportResult::Report(DocumentDiagnosticReport::Unchanged(report))
}
