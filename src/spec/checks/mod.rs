//! What is wrong, or doubtful, about a spec: a table of checks, and findings with places and fixes.
//!
//! [`check`] looks at a whole spec; [`Checker`] does the same after edits, for the price of what they touch. A new check
//! is one function and one row of [`TABLE`](table), and a section of `docs/checks.md`.
//!
//! Invariants:
//! - A finding depends on the text and the [`Context`] alone, never on what was checked before.
//! - Nothing is claimed about what a syntax error hides.
//! - A fix removes its finding and brings no new error or warning.

mod brackets;
mod checker;
mod edits;
mod extractors;
mod files;
mod fixes;
mod gates;
mod goals;
mod ids;
mod insert;
mod numbers;
mod out;
mod python;
mod references;
mod search;
mod shape;
mod status;
mod suggest;
mod syntax;
mod table;
#[cfg(test)]
mod tests;
mod view;
mod walk;

use std::{collections::BTreeMap, fmt, ops::Range};

pub use checker::Checker;
pub use edits::{insert_members, one_line};
pub use files::{Facts, FileFact, FileNeed, needed_files};
pub use fixes::fix_all;
pub use gates::{Gate, GateKind, gates};
pub use goals::dimension_of;
pub use ids::next_free;
pub use insert::{fitting_study_name, usual_output};
pub use search::fitting_algorithm;
pub use status::is_draft;
pub use suggest::nearest;
pub use table::{Check, Code, TABLE};

use self::suggest::near;
use super::syntax::Parsed;
use crate::text::Edit;

/// What [`Finding`]s say they come from.
pub const SOURCE: &str = "atomizer";

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The study cannot run, or means something else than it says.
    Error,
    /// Probably a mistake.
    Warning,
    /// Worth knowing.
    Information,
    /// Still to do, or superfluous.
    Hint,
}

impl Severity {
    /// The word for it in settings and at the terminal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
            Self::Hint => "hint",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One thing that is wrong, or doubtful.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which check found it.
    pub code: Code,
    /// How much it matters, after the settings.
    pub severity: Severity,
    /// For a person: names what is there and what would be right.
    pub message: String,
    /// The smallest thing that is wrong, in bytes of the document.
    pub range: Range<usize>,
    /// The other places that it is about.
    pub related: Vec<Related>,
    /// What would mend it, the best first.
    pub fixes: Vec<Fix>,
    /// How an editor may show it.
    pub tags: Vec<Tag>,
    /// JSON pointer of the value that it is about.
    pub pointer: String,
}

/// Another place that a finding is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Related {
    /// Where, in bytes of the document.
    pub range: Range<usize>,
    /// What is there.
    pub message: String,
}

/// How an editor may show a finding, as LSP's `DiagnosticTag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// Greyed: nothing uses it.
    Unnecessary,
}

/// A change that mends a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// What it does, as a command: `Change to …`.
    pub title: String,
    /// Sorted, not overlapping.
    pub edits: Vec<Edit>,
    /// It can only be what was meant, and may be applied without being looked at.
    pub safe: bool,
}

/// What a check needs to know that is not in the text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context {
    /// Severities other than the table's; none: the check says nothing.
    pub severities: BTreeMap<Code, Option<Severity>>,
    /// What is known of the files that the spec names.
    pub files: Facts,
    /// The name of the study's folder, where the spec is in one.
    pub study_folder_name: Option<String>,
}

/// All findings in a spec, in the order of their places.
#[must_use]
pub fn check(parsed: &Parsed, context: &Context) -> Vec<Finding> {
    Checker::new().check(parsed, context)
}
