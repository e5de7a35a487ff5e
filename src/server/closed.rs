//! What the checks say of specs that are not open: kept from one `workspace/diagnostic` to the next, for clients ask
//! again and again, and of a hundred studies one has changed.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use lsp_types::{Diagnostic, Url};
use rayon::prelude::*;

use super::{
    diagnostics::{result_id, to_lsp},
    document::uri_of,
};
use crate::{
    study::{Basis, Inspector, Severities},
    text::Encoding,
};

/// The findings in a spec on disk.
pub struct Report {
    /// Its file.
    pub uri: Url,
    /// What the checks say.
    pub diagnostics: Vec<Diagnostic>,
    /// Changes when they do.
    pub result_id: String,
    basis: Basis,
}

/// The last findings of each.
#[derive(Default)]
pub struct Closed {
    known: Mutex<HashMap<PathBuf, Arc<Report>>>,
}

/// What a report depends on beside the files.
pub struct View<'a> {
    /// Looks at the files.
    pub inspector: &'a Inspector,
    /// As the user set them.
    pub severities: &'a Severities,
    /// The same for as long as the server lives.
    pub encoding: Encoding,
}

impl Closed {
    /// The findings in each spec that can be read, several at a time; those of other specs are forgotten. Looks at the
    /// disk. Gives up, with what it has, when `is_cancelled`.
    pub fn reports(
        &self,
        specs: &[PathBuf],
        view: &View<'_>,
        is_cancelled: impl Fn() -> bool + Sync,
    ) -> Vec<Arc<Report>> {
        let known = std::mem::take(&mut *self.lock());
        let found: Vec<(PathBuf, Arc<Report>)> = specs
            .par_iter()
            .filter_map(|spec| {
                let report = current(known.get(spec), spec, view, &is_cancelled)?;
                Some((spec.clone(), report))
            })
            .collect();
        let reports = found.iter().map(|(_, report)| report.clone()).collect();
        self.lock().extend(found);
        reports
    }

    /// The findings in one spec, if it can be read; those of others are kept. Looks at the disk.
    pub fn report(&self, spec: &Path, view: &View<'_>) -> Option<Arc<Report>> {
        let last = self.lock().get(spec).cloned();
        let report = current(last.as_ref(), spec, view, || false)?;
        self.lock().insert(spec.to_owned(), report.clone());
        Some(report)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Arc<Report>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last report of a spec where it still holds, or where nobody waits for a newer one; else a new one.
fn current(
    last: Option<&Arc<Report>>,
    spec: &Path,
    view: &View<'_>,
    is_cancelled: impl Fn() -> bool,
) -> Option<Arc<Report>> {
    let holds =
        |last: &Report| is_cancelled() || view.inspector.holds(spec, view.severities, &last.basis);
    match last.filter(|last| holds(last)) {
        Some(last) => Some(last.clone()),
        None => (!is_cancelled())
            .then(|| Report::of(spec, view))?
            .map(Arc::new),
    }
}

impl Report {
    fn of(spec: &Path, view: &View<'_>) -> Option<Report> {
        let uri = uri_of(spec)?;
        let found = view.inspector.inspect(spec, view.severities).ok()?;
        let text = found.parsed.text();
        let diagnostics = to_lsp(&found.findings, text, &uri, view.encoding);
        Some(Report {
            result_id: result_id(&diagnostics),
            uri,
            diagnostics,
            basis: found.basis,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        time::{Duration, SystemTime},
    };

    use super::*;

    /// A spec that was written long ago.
    fn write(path: &Path, text: &str) {
        fs::write(path, text).expect("written");
        let past = SystemTime::now() - Duration::from_secs(3600);
        let file = File::options().write(true).open(path).expect("opened");
        file.set_modified(past).expect("its time set");
    }

    fn reports(closed: &Closed, specs: &[PathBuf], severities: &Severities) -> Vec<Arc<Report>> {
        let inspector = Inspector::default();
        let view = View {
            inspector: &inspector,
            severities,
            encoding: Encoding::Utf16,
        };
        closed.reports(specs, &view, || false)
    }

    #[test]
    fn a_report_is_made_anew_when_what_it_depends_on_changes_and_not_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let spec = folder.path().join("atomizer_spec.json");
        write(&spec, r#"{"model": {"sim": {"path": "a.sim"}}}"#);
        let (closed, specs) = (Closed::default(), [spec.clone()]);
        let usual = Severities::default();
        let ask = |severities| reports(&closed, &specs, severities).remove(0);
        let names = |report: &Report, word: &str| {
            let mut messages = report.diagnostics.iter().map(|it| &it.message);
            messages.any(|message| message.contains(word))
        };

        let first = ask(&usual);
        assert!(names(&first, "a.sim"));
        assert!(Arc::ptr_eq(&first, &ask(&usual)), "nothing has changed");

        fs::write(folder.path().join("a.sim"), "").expect("written");
        let there = ask(&usual);
        assert!(!names(&there, "a.sim"), "the model file is there now");

        write(&spec, r#"{"model": {"sim": {"path": "bb.sim"}}}"#);
        assert!(names(&ask(&usual), "bb.sim"), "the spec is another");

        let off = Severities::from([(crate::spec::checks::Code::MissingModelFile, None)]);
        assert!(!names(&ask(&off), "bb.sim"), "the check is off");
    }

    #[test]
    fn a_spec_that_was_written_just_now_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let spec = folder.path().join("atomizer_spec.json");
        let (closed, specs) = (Closed::default(), [spec.clone()]);
        let usual = Severities::default();
        // Of one length, and within one tick of a coarse clock.
        for name in ["a.sim", "b.sim", "c.sim"] {
            let text = format!(r#"{{"model": {{"sim": {{"path": "{name}"}}}}}}"#);
            fs::write(&spec, text).expect("written");
            let report = reports(&closed, &specs, &usual).remove(0);
            assert!(
                report
                    .diagnostics
                    .iter()
                    .any(|it| it.message.contains(name))
            );
        }
    }

    #[test]
    fn specs_that_are_gone_are_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let spec = folder.path().join("atomizer_spec.json");
        write(&spec, "{}");
        let closed = Closed::default();
        let usual = Severities::default();
        assert_eq!(reports(&closed, &[spec], &usual).len(), 1);
        assert!(reports(&closed, &[], &usual).is_empty());
        assert!(closed.lock().is_empty());
    }
}
