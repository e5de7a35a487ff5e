//! Checking a spec with what the disk says of the files that it names. The same for editor and terminal.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{FileFacts, Stamp, StudyError, located, read_spec, study_folder_name};
use crate::{
    spec::{
        checks::{Checker, Code, Context, FileNeed, Finding, Severity, needed_files},
        syntax::Parsed,
    },
    text::Text,
};

/// Severities set by the user; `None`: off.
pub type Severities = BTreeMap<Code, Option<Severity>>;

/// Looks at files and remembers what it saw; one for a whole server or command.
#[derive(Default)]
pub struct Inspector {
    facts: FileFacts,
}

/// A spec on disk and what the checks say of it.
pub struct Inspection {
    /// Its tree, with its text.
    pub parsed: Parsed,
    /// What the checks say, by place.
    pub findings: Vec<Finding>,
    /// What they said it of.
    pub basis: Basis,
}

/// All that the findings in a spec on disk depend on: as long as it stays, so do they.
pub struct Basis {
    /// None: the file was written too short a time ago to tell a later change by it.
    file: Option<Stamp>,
    needs: Vec<FileNeed>,
    context: Context,
}

impl Inspector {
    /// Reads and checks the spec at `path`.
    ///
    /// # Errors
    /// As [`read_spec`].
    pub fn inspect(&self, path: &Path, severities: &Severities) -> Result<Inspection, StudyError> {
        // Before the file is read: a change in between shows as another stamp.
        let stamp = settled(path);
        let file = read_spec(path)?;
        let parsed = Parsed::new(Text::from(&*file.text));
        let needs = needed_files(&parsed);
        let context = self.context_of(needs.clone(), Some(path), severities);
        Ok(Inspection {
            findings: Checker::default().check(&parsed, &context),
            parsed,
            basis: Basis {
                file: stamp,
                needs,
                context,
            },
        })
    }

    /// Whether [`Inspector::inspect`] would say the same as it said on `basis`: neither the spec nor what it names has
    /// changed, nor have the severities. Looks at the files without reading them.
    pub fn holds(&self, path: &Path, severities: &Severities, basis: &Basis) -> bool {
        basis.file.is_some()
            && basis.file == settled(path)
            && basis.context == self.context_of(basis.needs.clone(), Some(path), severities)
    }

    /// Checks a text whose file is, or would be, at `path`.
    pub fn check(
        &self,
        parsed: &Parsed,
        path: Option<&Path>,
        severities: &Severities,
    ) -> Vec<Finding> {
        let context = self.context(parsed, path, severities);
        Checker::default().check(parsed, &context)
    }

    /// The file that a spec names, if it is there.
    pub fn find(&self, spec: &Path, name: &str) -> Option<PathBuf> {
        let fact = self.facts.look(spec, name, false);
        fact.exists.then_some(fact.path)
    }

    /// The errors of `after` that `before`, the spec's former text, did not have: by code and place, and where entries
    /// moved by code and message.
    pub fn introduced(
        &self,
        path: &Path,
        before: Option<&str>,
        after: &str,
        severities: &Severities,
    ) -> Vec<Finding> {
        let errors = |text: &str| {
            let parsed = Parsed::new(Text::from(text));
            let mut findings = self.check(&parsed, Some(path), severities);
            findings.retain(|finding| finding.severity == Severity::Error);
            findings
        };
        let known = before.map(errors).unwrap_or_default();
        let mut new = errors(after);
        new.retain(|finding| {
            !known.iter().any(|known| {
                known.code == finding.code
                    && (known.pointer == finding.pointer || known.message == finding.message)
            })
        });
        new
    }

    /// What the checks want to know of the world around a spec. Looks at the files that it names: not to be called
    /// in the main loop.
    pub fn context(
        &self,
        parsed: &Parsed,
        path: Option<&Path>,
        severities: &Severities,
    ) -> Context {
        self.context_of(needed_files(parsed), path, severities)
    }

    /// The same, of a spec that names these files.
    pub fn context_of(
        &self,
        needs: Vec<FileNeed>,
        path: Option<&Path>,
        severities: &Severities,
    ) -> Context {
        let mut context = Context {
            severities: severities.clone(),
            ..Context::default()
        };
        let Some(path) = path.map(located) else {
            return context;
        };
        let path = path.as_path();
        context.study_folder_name = study_folder_name(path);
        for need in needs {
            let fact = self.facts.look(path, &need.path, need.md5);
            context.files.insert(need.path, fact.exists, fact.md5);
        }
        context
    }
}

/// The stamp of a file, where a later change will show in it.
fn settled(path: &Path) -> Option<Stamp> {
    let stamp = Stamp::at(path)?;
    stamp.is_settled(SystemTime::now()).then_some(stamp)
}
