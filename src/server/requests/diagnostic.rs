//! `textDocument/diagnostic`

use lsp_types::*;

use crate::server::{main_loop::Reply, state::State};

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
        return reply.send(Ok(full(None, Vec::new())));
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
