//! The table of checks: one row a code.

use std::fmt;

use super::{
    Finding, GateKind, Severity, extractors, files, goals, ids, numbers, python, references,
    search, shape, status, syntax,
    view::SpecView,
    walk::{EntryView, Out, Visit},
};
use crate::spec::syntax::Parsed;

/// A check of a value.
pub(super) type ValueCheck = fn(&Visit<'_, '_>, &mut Out);

/// What a check looks at. The narrower, the less is done again after an edit.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// The text as JSON.
    Text(fn(&Parsed, &mut Out)),
    /// Each value that the format knows, with what it says about it; each object of any other. A string, a number or a
    /// boolean of the right kind only where the format says more of it than its kind
    /// ([`Shape::is_bare`](crate::spec::format::Shape)).
    Value(ValueCheck),
    /// Each entry by itself.
    Entry(fn(&EntryView<'_>, &mut Out)),
    /// The spec as a whole, through its model.
    Spec(fn(&SpecView<'_>, &mut Out)),
    /// The spec and what all the others found.
    Last(fn(&SpecView<'_>, &[Finding], &mut Out)),
}

/// One check.
pub struct Check {
    /// Its code, stable.
    pub code: Code,
    /// Its severity unless a setting says otherwise.
    pub severity: Severity,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// The gate of a study that its errors close.
    pub gate: GateKind,
    pub(super) run: Run,
}

macro_rules! checks {
    ($($code:ident $name:literal $severity:ident $gate:ident $run:ident($function:path) $title:literal;)*) => {
        /// The code of a check: stable, written in kebab-case.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $code,)*
        }

        impl Code {
            /// As it is written.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }
        }

        /// All checks.
        pub static TABLE: &[Check] = &[$(Check {
            code: Code::$code,
            severity: Severity::$severity,
            title: $title,
            gate: GateKind::$gate,
            run: Run::$run($function),
        }),*];
    };
}

checks! {
    SyntaxError "syntax-error" Error Format Text(syntax::syntax_error) "The text is not JSON here";
    DuplicateKey "duplicate-key" Error Format Value(shape::duplicate_key) "A key stands twice in one object";
    WrongType "wrong-type" Error Format Value(shape::wrong_type) "A value is of the wrong type";
    MissingProperty "missing-property" Error Format Value(shape::missing_property) "A required key is absent";
    UnknownProperty "unknown-property" Warning Format Value(shape::unknown_property) "The format has no such key";
    InvalidEnum "invalid-enum" Error Format Value(shape::invalid_enum) "Not one of the allowed words";
    InvalidPattern "invalid-pattern" Error Format Value(shape::invalid_pattern) "An id, name, date or hash of the wrong form";
    OutOfRange "out-of-range" Error Format Value(shape::out_of_range) "A number or a count outside its allowed range";
    UnsupportedVersion "unsupported-version" Error Format Value(shape::unsupported_version) "A version of the format other than 2.x";
    DuplicateId "duplicate-id" Error References Spec(ids::duplicate_id) "One id stands for two things";
    DuplicateName "duplicate-name" Warning References Spec(ids::duplicate_name) "One name where two are needed";
    UnknownExtractor "unknown-extractor" Error References Spec(references::unknown_extractor) "No extractor has this id";
    UnknownOutput "unknown-output" Error References Spec(references::unknown_output) "The extractor has no output of this name";
    UnknownCanvasNode "unknown-canvas-node" Warning References Spec(references::unknown_canvas_node) "The canvas names a node that is not there";
    UnknownStage "unknown-stage" Error References Spec(references::unknown_stage) "No stage has this id";
    UnknownSubcase "unknown-subcase" Warning References Spec(references::unknown_subcase) "The simulation lists no such subcase";
    UnknownExpression "unknown-expression" Warning References Spec(references::unknown_expression) "Intake found no such NX expression";
    BoundsInverted "bounds-inverted" Error Search Entry(numbers::bounds_inverted) "The lower bound is not below the upper one";
    BaselineOutOfBounds "baseline-out-of-bounds" Error Search Entry(numbers::baseline_out_of_bounds) "The baseline lies outside the bounds";
    BaselineNotInChoices "baseline-not-in-choices" Error Search Entry(numbers::baseline_not_in_choices) "The baseline is none of the choices";
    StepTooLarge "step-too-large" Warning Search Entry(numbers::step_too_large) "The step is larger than the range";
    NotAnInteger "not-an-integer" Error Search Entry(numbers::not_an_integer) "A fraction where an integer variable needs a whole number";
    MissingConfig "missing-config" Error Format Entry(extractors::missing_config) "The extractor lacks a setting that its type needs";
    MissingFunction "missing-function" Error Format Entry(extractors::missing_function) "A custom extractor without its function";
    PythonSyntax "python-syntax" Error Format Entry(python::python_syntax) "The source code is not valid Python";
    UnusedExtractor "unused-extractor" Hint References Spec(references::unused_extractor) "No objective or constraint uses the extractor";
    NoEnabledVariable "no-enabled-variable" Error Search Spec(search::no_enabled_variable) "Nothing to vary";
    NoEnabledObjective "no-enabled-objective" Error Search Spec(search::no_enabled_objective) "Nothing to want";
    ZeroWeight "zero-weight" Warning Search Spec(search::zero_weight) "An objective that counts nothing";
    AlgorithmObjectiveMismatch "algorithm-objective-mismatch" Warning Search Spec(search::algorithm_objective_mismatch) "Several objectives for an algorithm that takes one";
    AlgorithmVariableMismatch "algorithm-variable-mismatch" Error Search Spec(search::algorithm_variable_mismatch) "A categorical variable for an algorithm that takes none";
    LowBudget "low-budget" Information Search Spec(search::low_budget) "Few trials for so many variables";
    StartupExceedsBudget "startup-exceeds-budget" Warning Search Spec(search::startup_exceeds_budget) "The search ends before it begins to learn";
    ContradictoryConstraints "contradictory-constraints" Error Search Spec(goals::contradictory_constraints) "Two constraints that no design can meet";
    UnitMismatch "unit-mismatch" Warning References Spec(goals::unit_mismatch) "Units that differ from the output's";
    DimensionMismatch "dimension-mismatch" Warning References Spec(goals::dimension_mismatch) "Units that do not fit what the extractor measures";
    MissingModelFile "missing-model-file" Warning Model Spec(files::missing_model_file) "A file of the model is not there";
    HashMismatch "hash-mismatch" Warning Model Spec(files::hash_mismatch) "The part is not the one the study was set up on";
    StudyNameMismatch "study-name-mismatch" Information Format Spec(status::study_name_mismatch) "The study is not called what its folder is called";
    StatusIncomplete "status-incomplete" Warning Ready Last(status::status_incomplete) "The status says more than the study holds";
}

impl Code {
    /// All codes, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|check| check.code)
    }

    /// The code that is written so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|code| code.name() == name)
    }

    /// Its row of the table.
    #[must_use]
    pub fn row(self) -> &'static Check {
        // The enumeration and the table come from one list, so that a code's number is its row.
        &TABLE[self as usize]
    }

    /// Where it is documented, in the repository.
    #[must_use]
    pub fn anchor(self) -> String {
        format!("docs/checks.md#{}", self.name())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
