//! `workspace/diagnostic`

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use lsp_types::*;
use tokio::sync::oneshot;

use crate::server::{
    closed::{Closed, View},
    diagnostics::Checked,
    document::path_of,
    main_loop::Reply,
    roots::Managers,
    settings::Settings,
    state::State,
};
use crate::{study::Inspector, text::Encoding};

/// Result ids that the client has.
type Known = HashMap<Url, String>;

/// The findings of every study: of the open ones as the editor has them, of the others as they are on disk.
pub fn workspace_diagnostic(
    state: &mut State,
    params: WorkspaceDiagnosticParams,
    reply: Reply<WorkspaceDiagnosticReportResult>,
) {
    let known: Known = params
        .previous_result_ids
        .into_iter()
        .map(|known| (known.uri, known.value))
        .collect();
    let open = open_specs(state);
    let disk = Disk {
        closed: state.closed.clone(),
        managers: state.managers.clone(),
        inspector: state.inspector.clone(),
        settings: state.settings.clone(),
        encoding: state.client.encoding,
        open: state.documents.keys().filter_map(path_of).collect(),
    };
    tokio::spawn(async move {
        let mut items = Vec::new();
        for (uri, checked) in open {
            // It closed meanwhile: the client will not miss it.
            let Ok(checked) = checked.await else { continue };
            items.push(report(
                uri,
                Some(checked.version.into()),
                &checked.diagnostics,
                &checked.result_id,
                &known,
            ));
        }
        tokio::task::spawn_blocking(move || {
            items.extend(disk.reports(&known, &reply));
            items.extend(gone(&known, &items));
            reply.send(Ok(WorkspaceDiagnosticReportResult::Report(
                WorkspaceDiagnosticReport { items },
            )));
        });
    });
}

/// The findings of each open spec, as soon as those of its present text are there.
fn open_specs(state: &mut State) -> Vec<(Url, oneshot::Receiver<Arc<Checked>>)> {
    let specs = state.documents.values().filter(|document| document.is_spec);
    let uris: Vec<Url> = specs.map(|document| document.uri.clone()).collect();
    let wait = |uri: Url| {
        let (sender, receiver) = oneshot::channel();
        // Whoever asked may have gone.
        let waiter = move |checked: &Arc<Checked>| drop(sender.send(checked.clone()));
        state.when_checked(&uri, Box::new(waiter));
        (uri, receiver)
    };
    uris.into_iter().map(wait).collect()
}

/// What is needed to look at the specs that are not open.
struct Disk {
    closed: Arc<Closed>,
    managers: Managers,
    inspector: Arc<Inspector>,
    settings: Arc<Settings>,
    encoding: Encoding,
    /// The files that are open, as the client spells them.
    open: Vec<PathBuf>,
}

impl Disk {
    fn reports<T: Send>(
        &self,
        known: &Known,
        reply: &Reply<T>,
    ) -> Vec<WorkspaceDocumentDiagnosticReport> {
        let real = |path: &PathBuf| path.canonicalize().ok();
        let open: HashSet<PathBuf> = self.open.iter().filter_map(real).collect();
        let is_open = |spec: &PathBuf| {
            self.open.contains(spec) || real(spec).is_some_and(|real| open.contains(&real))
        };
        let specs: Vec<PathBuf> = self
            .managers
            .roots()
            .iter()
            .flat_map(|root| root.studies().unwrap_or_default())
            .map(|study| study.spec)
            .filter(|spec| !is_open(spec))
            .collect();
        let view = View {
            inspector: &self.inspector,
            severities: &self.settings.severities,
            encoding: self.encoding,
        };
        let reports = self.closed.reports(&specs, &view, || reply.is_cancelled());
        let item = |it: &Arc<crate::server::closed::Report>| {
            report(it.uri.clone(), None, &it.diagnostics, &it.result_id, known)
        };
        reports.iter().map(item).collect()
    }
}

/// What the client still shows of specs that are there no more.
fn gone(
    known: &Known,
    items: &[WorkspaceDocumentDiagnosticReport],
) -> Vec<WorkspaceDocumentDiagnosticReport> {
    let uri = |item: &WorkspaceDocumentDiagnosticReport| match item {
        WorkspaceDocumentDiagnosticReport::Full(report) => report.uri.clone(),
        WorkspaceDocumentDiagnosticReport::Unchanged(report) => report.uri.clone(),
    };
    // One file may be spelled in several ways.
    let place = |uri: &Url| path_of(uri).unwrap_or_else(|| uri.as_str().into());
    let told: HashSet<PathBuf> = items.iter().map(|item| place(&uri(item))).collect();
    let left = known.keys().filter(|uri| !told.contains(&place(uri)));
    left.map(|uri| full(uri.clone(), None, None, Vec::new()))
        .collect()
}

fn report(
    uri: Url,
    version: Option<i64>,
    items: &[Diagnostic],
    id: &str,
    known: &Known,
) -> WorkspaceDocumentDiagnosticReport {
    if known.get(&uri).is_none_or(|known| known != id) {
        return full(uri, version, Some(id.to_owned()), items.to_vec());
    }
    WorkspaceDocumentDiagnosticReport::Unchanged(WorkspaceUnchangedDocumentDiagnosticReport {
        uri,
        version,
        unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport {
            result_id: id.to_owned(),
        },
    })
}

fn full(
    uri: Url,
    version: Option<i64>,
    result_id: Option<String>,
    items: Vec<Diagnostic>,
) -> WorkspaceDocumentDiagnosticReport {
    WorkspaceDocumentDiagnosticReport::Full(WorkspaceFullDocumentDiagnosticReport {
        uri,
        version,
        full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id, items },
    })
}
