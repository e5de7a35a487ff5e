//! `meta`: identity and provenance of a study.

use schemars::JsonSchema;
use serde::Deserialize;

/// Identity and provenance of the study: what it is called, who wrote the file and when, how far the study has come.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// Version of the file format, `2.x` (written as `"2.0"`, a string).
    #[schemars(regex(pattern = r"^2\.[0-9]+$"), extend("patternErrorMessage" = "`2.` and a number, e.g. `2.0`", "default" = "2.0"))]
    pub version: String,
    /// Name of the study; the same as its folder. Letters, digits and `_`, beginning with a letter.
    #[schemars(regex(pattern = "^[A-Za-z][A-Za-z0-9_]*$"), extend("patternErrorMessage" = "letters, digits and `_`, beginning with a letter"))]
    pub study_name: String,
    /// When the study was made: RFC 3339, e.g. `2026-01-12T09:00:00Z`.
    #[schemars(extend("format" = "date-time", "patternErrorMessage" = "RFC 3339, e.g. `2026-01-12T09:00:00Z`"))]
    pub created: Option<String>,
    /// When the file was last changed: RFC 3339, e.g. `2026-01-20T15:30:00Z`.
    #[schemars(extend("format" = "date-time", "patternErrorMessage" = "RFC 3339, e.g. `2026-01-12T09:00:00Z`"))]
    pub modified: Option<String>,
    /// Who made the study.
    pub created_by: Option<Author>,
    /// Who changed the file last.
    pub modified_by: Option<Author>,
    /// What the study is for, in a sentence or two.
    pub description: Option<String>,
    /// Free keywords to find the study by.
    pub tags: Option<Vec<String>>,
    /// What an engineer must know to judge a result: material, loads, supports, safety factor, what matters and why.
    /// Claude is given this text.
    pub engineering_context: Option<String>,
    /// The group the study belongs to; its folder under `studies/` where studies are grouped.
    pub topic: Option<String>,
    /// How far the study has come.
    pub status: Option<Status>,
}

/// Who wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The canvas, the graph view of the dashboard.
    Canvas,
    /// Claude, in a conversation.
    Claude,
    /// A program, over the dashboard's API.
    Api,
    /// The converter from an older format.
    Migration,
    /// A person, by hand.
    Manual,
}

/// How far a study has come, from the first sketch to the end of its runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A sketch: only `meta` and `model` need to be there.
    Draft,
    /// The NX model has been read (`model.introspection`); variables and goals are still to be chosen.
    Introspected,
    /// Variables, extractors, objectives and the search are set up.
    Configured,
    /// The set-up was checked, a baseline solved.
    Validated,
    /// Ready to run: no error remains and the model files are there.
    Ready,
    /// The optimisation engine is working on it.
    Running,
    /// The search has ended with a result.
    Completed,
    /// The search has ended without one.
    Failed,
}
