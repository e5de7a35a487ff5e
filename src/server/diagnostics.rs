//! What the checks say of each open document, and how the client hears of it.
//!
//! A client that pulls (`textDocument/diagnostic`) is never pushed to, and the other way round. One check runs for
//! a document at a time, off the loop, since it looks at the files that the spec names; text that came meanwhile is
//! checked when it is back. Findings are kept for each entry by the [`Checker`], so that a keystroke costs what it
//! changed. A spec of common size is checked in the loop itself, with what was seen of the files elsewhere; while somebody
//! types, what was seen a moment ago is taken for what they are, and they are looked at again when that moment is over.

mod lsp;

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use lsp_types::{Diagnostic, PublishDiagnosticsParams, Url, notification};
use tokio::time::{Instant, sleep_until};

pub use lsp::{result_id, to_lsp};

use super::state::State;
use crate::{
    spec::{
        checks::{Checker, Context, FileNeed, Finding, needed_files},
        syntax::Parsed,
    },
    study::{Inspector, Severities},
    text::Encoding,
};

/// Texts up to this size are checked in the main loop: a tenth of a millisecond or two after an edit, one when they are
/// opened.
const CHECKED_AT_ONCE: usize = 64 * 1024;

/// So long what was seen of the files beside a spec is taken for what they are.
const FRESH: Duration = Duration::from_secs(1);

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
    unchecked: Vec<Unchecked>,
}

struct Unchecked {
    uri: Url,
    /// The client will ask for it.
    can_wait: bool,
}

struct Report {
    generation: u64,
    /// Away while a check runs.
    checker: Option<Box<Checker>>,
    /// The files of a short text are being looked at.
    looking: bool,
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
        self.put_off(uri, false);
    }

    /// Has what the client changed checked: one that pulls asks for that itself.
    pub fn recheck_changed(&mut self, uri: &Url) {
        self.put_off(uri, self.client.pull_diagnostics);
    }

    fn put_off(&mut self, uri: &Url, can_wait: bool) {
        if !self.documents.get(uri).is_some_and(|it| it.is_spec) {
            return;
        }
        let unchecked = &mut self.reports.unchecked;
        match unchecked.iter_mut().find(|it| it.uri == *uri) {
            Some(known) => known.can_wait &= can_wait,
            None => unchecked.push(Unchecked {
                uri: uri.clone(),
                can_wait,
            }),
        }
    }

    /// Checks what changed and cannot wait.
    pub fn check_changed(&mut self) {
        let unchecked = &mut self.reports.unchecked;
        let urgent: Vec<_> = unchecked.extract_if(.., |it| !it.can_wait).collect();
        for Unchecked { uri, .. } in urgent {
            self.check(&uri);
        }
    }

    /// Checks a document's present text, now or when the check that runs is back.
    fn check(&mut self, uri: &Url) {
        let Some(document) = self.documents.get(uri).filter(|it| it.is_spec) else {
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
        if report.is_busy() {
            report.again = true;
            return;
        }
        report.again = false;
        let is_brief = |parsed: &&Parsed| parsed.text().len() <= CHECKED_AT_ONCE;
        let Some(parsed) = document.ready().filter(is_brief) else {
            return self.check_elsewhere(uri);
        };
        match report.seen_now(parsed, &self.settings.severities) {
            Some(seen) => {
                self.look_again_after(uri, seen.when + FRESH);
                self.check_here(uri, seen);
            }
            None => self.look(uri),
        }
    }

    /// Has the files that a short text names looked at elsewhere. What the text says by itself is found out here
    /// meanwhile, if nothing is known of it yet.
    fn look(&mut self, uri: &Url) {
        let (Some(document), Some(report)) =
            (self.documents.get(uri), self.reports.by_uri.get_mut(uri))
        else {
            return;
        };
        let Some(parsed) = document.ready() else {
            return;
        };
        report.looking = true;
        let (needs, text) = (needed_files(parsed), parsed.text().clone());
        let (path, generation) = (document.path(), document.generation);
        let (events, at) = (self.events.clone(), uri.clone());
        let (settings, inspector) = (self.settings.clone(), self.inspector.clone());
        tokio::task::spawn_blocking(move || {
            let seen = Seen::look(&inspector, needs, path.as_deref(), &settings.severities);
            events.send(move |state| state.looked(&at, generation, seen));
            text.warm_up();
        });
        if let Some(checker) = report.checker.as_mut().filter(|_| report.checked.is_none()) {
            checker.read(parsed);
        }
    }

    fn looked(&mut self, uri: &Url, generation: u64, seen: Seen) {
        let report = self.reports.by_uri.get_mut(uri);
        let Some(report) = report.filter(|report| report.generation == generation) else {
            return;
        };
        report.looking = false;
        if report.again {
            self.check(uri);
        } else {
            self.check_here(uri, seen);
        }
    }

    /// Checks a short text in the loop, with what was seen of its files.
    fn check_here(&mut self, uri: &Url, seen: Seen) {
        let (Some(document), Some(report)) =
            (self.documents.get(uri), self.reports.by_uri.get_mut(uri))
        else {
            return;
        };
        // It may have been replaced by a long one while the files were looked at.
        let Some(parsed) = document.ready().cloned() else {
            return self.check(uri);
        };
        let Some(mut checker) = report.checker.take() else {
            return;
        };
        let (version, generation) = (document.version, document.generation);
        let (context, encoding) = (&seen.context, self.client.encoding);
        let checked = Checked::make(&mut checker, version, parsed, context, uri, encoding);
        self.checked(uri, generation, checker, checked, seen);
    }

    /// Checks a longer text, when its tree is there, where nobody waits for it.
    fn check_elsewhere(&mut self, uri: &Url) {
        let (Some(document), Some(report)) = (
            self.documents.get_mut(uri),
            self.reports.by_uri.get_mut(uri),
        ) else {
            return;
        };
        let Some(mut checker) = report.checker.take() else {
            return;
        };
        let (events, uri, path) = (self.events.clone(), uri.clone(), document.path());
        let (settings, inspector) = (self.settings.clone(), self.inspector.clone());
        let (generation, encoding) = (document.generation, self.client.encoding);
        document.when_ready(Box::new(move |parsed, version| {
            let parsed = parsed.clone();
            tokio::task::spawn_blocking(move || {
                let (needs, text) = (needed_files(&parsed), parsed.text().clone());
                let seen = Seen::look(&inspector, needs, path.as_deref(), &settings.severities);
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
        if let Some(at) = self.reports.unchecked.iter().position(|it| it.uri == *uri) {
            self.reports.unchecked.swap_remove(at);
            self.check(uri);
        }
        let Some(report) = self.reports.by_uri.get_mut(uri) else {
            return false;
        };
        let at_rest = !report.is_busy() && !report.again;
        match &report.checked {
            Some(checked) if at_rest => waiter(checked),
            _ => report.waiters.push(waiter),
        }
        true
    }

    /// The document closed.
    pub fn forget_report(&mut self, uri: &Url) {
        self.reports.unchecked.retain(|it| it.uri != *uri);
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
    /// Something changed, is not checked yet, and cannot wait.
    pub fn has_unchecked(&self) -> bool {
        self.unchecked.iter().any(|it| !it.can_wait)
    }
}

impl Report {
    fn new(generation: u64) -> Report {
        Report {
            generation,
            checker: Some(Box::default()),
            looking: false,
            again: false,
            checked: None,
            waiters: Vec::new(),
            seen: None,
            look_due: false,
        }
    }

    /// A check runs, or the files are being looked at for one.
    fn is_busy(&self) -> bool {
        self.checker.is_none() || self.looking
    }

    /// What was seen of the files that a text names, if that was a moment ago.
    fn seen_now(&self, parsed: &Parsed, severities: &Severities) -> Option<Seen> {
        let seen = self.seen.as_ref()?;
        (seen.when.elapsed() < FRESH
            && seen.context.severities == *severities
            && seen.needs == needed_files(parsed))
        .then(|| seen.clone())
    }
}

impl Seen {
    /// Looks at the files.
    fn look(
        inspector: &Inspector,
        needs: Vec<FileNeed>,
        path: Option<&Path>,
        severities: &Severities,
    ) -> Seen {
        let when = Instant::now();
        let context = Arc::new(inspector.context_of(needs.clone(), path, severities));
        Seen {
            when,
            needs,
            context,
        }
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
