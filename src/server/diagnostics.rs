//! What the checks say of each open document, and how the client hears of it.
//!
//! A client that pulls (`textDocument/diagnostic`) is never pushed to, and the other way round. One check runs for
//! a document at a time, off the loop, since it looks at the files that the spec names; text that came meanwhile is
//! checked when it is back. Findings are kept for each entry by the [`Checker`], so that a keystroke costs what it
//! changed. While somebody types, what was seen of the files a moment ago is taken for what they are: a spec of common
//! size is then checked in the loop itself, and the files are looked at again when that moment is over.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::{Arc, LazyLock},
    time::Duration,
};

use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    Location, NumberOrString, PublishDiagnosticsParams, Url, notification,
};

use tokio::time::{Instant, sleep_until};

use super::{document::Document, state::State};
use crate::{
    spec::{
        checks::{Checker, Context, FileNeed, Finding, Severity, Tag, needed_files},
        syntax::Parsed,
    },
    study::Severities,
    text::{Encoding, Text},
};

/// Texts up to this size are checked in the main loop where nothing has to be looked at: a tenth of a millisecond or
/// two after an edit.
const CHECKED_AT_ONCE: usize = 64 * 1024;

/// So long what was seen of the files beside a spec is taken for what they are.
const FRESH: Duration = Duration::from_secs(1);

/// Where each check is explained; `#<code>` follows. An address on the web, since a client need not share our disk.
static CHECKS: LazyLock<Option<Url>> = LazyLock::new(|| {
    let address = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/checks.md");
    Url::parse(address).ok()
});

/// The findings of one version of a document.
pub struct Checked {
    /// The version.
    pub version: i32,
    /// Its tree.
    pub parsed: Parsed,
    /// What the checks say, by place.
    pub findings: Arc<Vec<Finding>>,
    /// What they knew beside the text.
    pub context: Arc<Context>,
    /// The same, as LSP wants them.
    pub diagnostics: Vec<Diagnostic>,
    /// For pull diagnostics: changes when the findings or their places do.
    pub result_id: String,
}

/// A job that needs the findings of the present text.
pub type Waiter = Box<dyn FnOnce(&Arc<Checked>) + Send>;

/// All documents' findings.
#[derive(Default)]
pub struct Reports {
    by_uri: HashMap<Url, Report>,
    /// What changed and is not checked yet.
    unchecked: Vec<Url>,
}

struct Report {
    generation: u64,
    /// Away while a check runs.
    checker: Option<Box<Checker>>,
    /// The text changed while a check ran.
    again: bool,
    checked: Option<Arc<Checked>>,
    waiters: Vec<Waiter>,
    seen: Option<Seen>,
    /// The files will be looked at again.
    look_due: bool,
}

/// What was seen of the files that a spec names.
#[derive(Clone)]
struct Seen {
    when: Instant,
    needs: Vec<FileNeed>,
    context: Arc<Context>,
}

impl State {
    /// Has a document's present text checked, as soon as nobody waits for anything else or somebody waits for that.
    pub fn recheck(&mut self, uri: &Url) {
        let unchecked = &mut self.reports.unchecked;
        if self.documents.get(uri).is_some_and(|it| it.is_spec) && !unchecked.contains(uri) {
            unchecked.push(uri.clone());
        }
    }

    /// Checks what changed.
    pub fn check_changed(&mut self) {
        for uri in std::mem::take(&mut self.reports.unchecked) {
            self.check(&uri);
        }
    }

    /// Checks a document's present text, now or when the check that runs is back.
    fn check(&mut self, uri: &Url) {
        let Some(document) = self
            .documents
            .get_mut(uri)
            .filter(|document| document.is_spec)
        else {
            return;
        };
        let generation = document.generation;
        let report = self
            .reports
            .by_uri
            .entry(uri.clone())
            .or_insert_with(|| Report::new(generation));
        if report.generation != generation {
            *report = Report::new(generation);
        }
        let Some(mut checker) = report.checker.take() else {
            report.again = true;
            return;
        };
        report.again = false;
        let encoding = self.client.encoding;
        if let Some((parsed, seen)) = report.at_once(document, &self.settings.severities) {
            let checked = Checked::make(
                &mut checker,
                document.version,
                parsed,
                &seen.context,
                uri,
                encoding,
            );
            self.look_again_after(uri, seen.when + FRESH);
            return self.checked(uri, generation, checker, checked, seen);
        }
        let (events, uri, path) = (self.events.clone(), uri.clone(), document.path());
        let (settings, inspector) = (self.settings.clone(), self.inspector.clone());
        document.when_ready(Box::new(move |parsed, version| {
            let parsed = parsed.clone();
            tokio::task::spawn_blocking(move || {
                let (when, needs) = (Instant::now(), needed_files(&parsed));
                let text = parsed.text().clone();
                let context =
                    inspector.context_of(needs.clone(), path.as_deref(), &settings.severities);
                let seen = Seen {
                    when,
                    needs,
                    context: Arc::new(context),
                };
                let checked =
                    Checked::make(&mut checker, version, parsed, &seen.context, &uri, encoding);
                events.send(move |state| state.checked(&uri, generation, checker, checked, seen));
                // For the first edit, where no finding has asked for its place.
                text.warm_up();
            });
        }));
    }

    /// Looks at the files that the spec names once more at `when`: what was said of them is then old.
    fn look_again_after(&mut self, uri: &Url, when: Instant) {
        let Some(report) = self.reports.by_uri.get_mut(uri).filter(|it| !it.look_due) else {
            return;
        };
        report.look_due = true;
        let (generation, events, uri) = (report.generation, self.events.clone(), uri.clone());
        tokio::spawn(async move {
            sleep_until(when).await;
            events.send(move |state| {
                let report = state.reports.by_uri.get_mut(&uri);
                if let Some(report) = report.filter(|report| report.generation == generation) {
                    report.look_due = false;
                    report.seen = None;
                    state.recheck(&uri);
                }
            });
        });
    }

    /// Checks everything that is open (settings changed).
    pub fn recheck_all(&mut self) {
        let uris: Vec<Url> = self.documents.keys().cloned().collect();
        for uri in uris {
            self.recheck(&uri);
        }
        self.refresh_pulled();
    }

    /// Files may have changed: those beside `uri`, or beside every open spec.
    pub fn files_moved(&mut self, uri: Option<&Url>) {
        let uris: Vec<Url> = self
            .documents
            .keys()
            .filter(|it| uri.is_none_or(|uri| uri == *it))
            .cloned()
            .collect();
        for uri in uris {
            if let Some(report) = self.reports.by_uri.get_mut(&uri) {
                report.seen = None;
            }
            self.recheck(&uri);
        }
        if uri.is_none() {
            self.refresh_pulled();
        }
    }

    /// A client that pulls only asks again by itself after it changed something.
    fn refresh_pulled(&self) {
        if self.client.pull_diagnostics && self.client.diagnostic_refresh {
            self.outbox
                .request("workspace/diagnostic/refresh", serde_json::Value::Null);
        }
    }

    fn checked(
        &mut self,
        uri: &Url,
        generation: u64,
        checker: Box<Checker>,
        checked: Checked,
        seen: Seen,
    ) {
        let Some(report) = self
            .reports
            .by_uri
            .get_mut(uri)
            .filter(|report| report.generation == generation)
        else {
            return;
        };
        report.checker = Some(checker);
        if report.again {
            return self.check(uri);
        }
        report.seen = Some(seen);
        let checked = Arc::new(checked);
        let former = report.checked.replace(checked.clone());
        let of_the_same_text = former.filter(|former| former.version == checked.version);
        let waiters = std::mem::take(&mut report.waiters);
        for waiter in waiters {
            waiter(&checked);
        }
        match of_the_same_text {
            Some(former) if former.result_id == checked.result_id => {}
            Some(_) if self.client.pull_diagnostics => self.refresh_pulled(),
            _ if self.client.pull_diagnostics => {}
            _ => self.publish(uri, &checked),
        }
    }

    fn publish(&self, uri: &Url, checked: &Checked) {
        self.outbox
            .notify_lsp::<notification::PublishDiagnostics>(PublishDiagnosticsParams {
                uri: uri.clone(),
                diagnostics: checked.diagnostics.clone(),
                version: Some(checked.version),
            });
    }

    /// Hands the findings of the present text, or of a later one, to `waiter`. `false`: no such spec is open.
    pub fn when_checked(&mut self, uri: &Url, waiter: Waiter) -> bool {
        if let Some(at) = self.reports.unchecked.iter().position(|it| it == uri) {
            self.reports.unchecked.swap_remove(at);
            self.check(uri);
        }
        let Some(report) = self.reports.by_uri.get_mut(uri) else {
            return false;
        };
        let at_rest = report.checker.is_some() && !report.again;
        match &report.checked {
            Some(checked) if at_rest => waiter(checked),
            _ => report.waiters.push(waiter),
        }
        true
    }

    /// The document closed.
    pub fn forget_report(&mut self, uri: &Url) {
        self.reports.unchecked.retain(|it| it != uri);
        let report = self.reports.by_uri.remove(uri);
        let known = report.is_some();
        tokio::task::spawn_blocking(move || drop(report));
        if known && !self.client.pull_diagnostics {
            let params = PublishDiagnosticsParams {
                uri: uri.clone(),
                diagnostics: Vec::new(),
                version: None,
            };
            self.outbox
                .notify_lsp::<notification::PublishDiagnostics>(params);
        }
    }
}

impl Reports {
    /// Something changed and is not checked yet.
    pub fn has_unchecked(&self) -> bool {
        !self.unchecked.is_empty()
    }
}

impl Report {
    fn new(generation: u64) -> Report {
        Report {
            generation,
            checker: Some(Box::default()),
            again: false,
            checked: None,
            waiters: Vec::new(),
            seen: None,
            look_due: false,
        }
    }

    /// The tree of the present text and what was seen of its files, where it can be checked in the loop.
    fn at_once(&self, document: &Document, severities: &Severities) -> Option<(Parsed, Seen)> {
        let parsed = document.ready()?;
        let seen = self.seen.as_ref()?;
        let is_small = parsed.text().len() <= CHECKED_AT_ONCE;
        (is_small
            && seen.when.elapsed() < FRESH
            && seen.context.severities == *severities
            && seen.needs == needed_files(parsed))
        .then(|| (parsed.clone(), seen.clone()))
    }
}

impl Checked {
    /// Checks a text.
    fn make(
        checker: &mut Checker,
        version: i32,
        parsed: Parsed,
        context: &Arc<Context>,
        uri: &Url,
        encoding: Encoding,
    ) -> Checked {
        let findings = checker.check(&parsed, context);
        let diagnostics = to_lsp(&findings, parsed.text(), uri, encoding);
        let result_id = result_id(&diagnostics);
        Checked {
            version,
            parsed,
            findings: Arc::new(findings),
            context: context.clone(),
            diagnostics,
            result_id,
        }
    }
}

/// The same for the same diagnostics, whatever the version (LSP "Pull Diagnostics").
pub fn result_id(diagnostics: &[Diagnostic]) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    serde_json::to_string(diagnostics)
        .unwrap_or_default()
        .hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Findings as LSP wants them.
pub fn to_lsp(findings: &[Finding], text: &Text, uri: &Url, encoding: Encoding) -> Vec<Diagnostic> {
    findings
        .iter()
        .map(|finding| diagnostic(finding, text, uri, encoding))
        .collect()
}

fn diagnostic(finding: &Finding, text: &Text, uri: &Url, encoding: Encoding) -> Diagnostic {
    let code = finding.code.name();
    let related = finding
        .related
        .iter()
        .map(|related| DiagnosticRelatedInformation {
            location: Location {
                uri: uri.clone(),
                range: text.range(related.range.clone(), encoding),
            },
            message: related.message.clone(),
        });
    let related: Vec<_> = related.collect();
    let tags: Vec<_> = finding
        .tags
        .iter()
        .map(|Tag::Unnecessary| DiagnosticTag::UNNECESSARY)
        .collect();
    Diagnostic {
        range: text.range(finding.range.clone(), encoding),
        severity: Some(severity(finding.severity)),
        code: Some(NumberOrString::String(code.into())),
        code_description: CHECKS.clone().map(|mut href| {
            href.set_fragment(Some(code));
            CodeDescription { href }
        }),
        source: Some("atomizer".into()),
        message: finding.message.clone(),
        related_information: (!related.is_empty()).then_some(related),
        tags: (!tags.is_empty()).then_some(tags),
        data: None,
    }
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Information => DiagnosticSeverity::INFORMATION,
        Severity::Hint => DiagnosticSeverity::HINT,
    }
}
