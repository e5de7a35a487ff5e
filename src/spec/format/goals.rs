//! `objectives` and `constraints`: what is wanted, and what must hold.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Position;

/// One objective: an output to be made as small or as large as possible.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Id of the objective: `obj_` and at least three digits, one of its kind in the whole spec.
    #[schemars(regex(pattern = "^obj_[0-9]{3,}$"), extend("patternErrorMessage" = "`obj_` and at least three digits, e.g. `obj_001`"))]
    pub id: String,
    /// What people call it, e.g. `mass`.
    pub name: String,
    /// Which way is better.
    #[schemars(extend("x-old-names" = ["goal"]))]
    pub direction: Direction,
    /// Its share in the weighted sum that single-objective algorithms minimise: 0 or more, 1 when absent. 0 leaves it out;
    /// NSGA-II and RandomSearch keep objectives apart and look at the Pareto front instead.
    #[schemars(range(min = 0), extend("default" = 1))]
    pub weight: Option<f64>,
    /// The output that is wanted small or large.
    pub source: Source,
    /// A value that would be good enough, in `units`; shown in reports, not a constraint.
    pub target: Option<f64>,
    /// Units of `target`; of the same dimension as the output's units.
    #[schemars(extend("x-units" = true))]
    pub units: Option<String>,
    /// Whether it counts; `true` when absent.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
    /// Where its node stands on the canvas.
    pub canvas_position: Option<Position>,
}

/// Which way an objective is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Smaller is better: mass, deflection, wavefront error.
    Minimize,
    /// Larger is better: first natural frequency, margin.
    Maximize,
}

/// Which output of which extractor an objective or a constraint is about.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Id of the extractor that measures it.
    #[schemars(extend("x-refers" = "extractor"))]
    pub extractor_id: String,
    /// Name of one of that extractor's `outputs`.
    #[schemars(extend("x-refers" = "output"))]
    pub output_name: String,
}

/// One constraint: an output that must stay on one side of a threshold.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Constraint {
    /// Id of the constraint: `con_` and at least three digits, one of its kind in the whole spec.
    #[schemars(regex(pattern = "^con_[0-9]{3,}$"), extend("patternErrorMessage" = "`con_` and at least three digits, e.g. `con_001`"))]
    pub id: String,
    /// What people call it, e.g. `yield`.
    pub name: String,
    /// Whether a design that breaks it is out; `hard` when absent.
    #[serde(rename = "type")]
    #[schemars(extend("default" = "hard", "x-old-names" = ["constraint_type"]))]
    pub kind: Option<ConstraintType>,
    /// How the output must compare to the threshold.
    pub operator: Operator,
    /// The limit, in `units`.
    #[schemars(extend("x-old-names" = ["limit"]))]
    pub threshold: f64,
    /// The output that is limited.
    pub source: Source,
    /// Units of `threshold`; of the same dimension as the output's units.
    #[schemars(extend("x-units" = true))]
    pub units: Option<String>,
    /// Whether it counts; `true` when absent.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
    /// How much a design that breaks it is punished.
    pub penalty_config: Option<Penalty>,
    /// Where its node stands on the canvas.
    pub canvas_position: Option<Position>,
}

/// Whether a broken constraint rules a design out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConstraintType {
    /// A design that breaks it is infeasible.
    Hard,
    /// A design that breaks it is only punished, by `penalty_config`.
    Soft,
}

/// How an output must compare to the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Operator {
    /// At most the threshold.
    #[serde(rename = "<=")]
    AtMost,
    /// At least the threshold.
    #[serde(rename = ">=")]
    AtLeast,
    /// Less than the threshold.
    #[serde(rename = "<")]
    Less,
    /// Greater than the threshold.
    #[serde(rename = ">")]
    Greater,
    /// Exactly the threshold; rarely what a search can meet.
    #[serde(rename = "==")]
    Equal,
}

/// How a broken constraint is added to the objective: `weight` × f(violation), with the shape f of `method`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Penalty {
    /// Shape of the penalty over the violation.
    pub method: Option<PenaltyMethod>,
    /// Factor of the penalty, greater than 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub weight: Option<f64>,
    /// How far before the threshold the penalty begins, 0 or more, in the constraint's `units`.
    #[schemars(range(min = 0))]
    pub margin: Option<f64>,
}

/// Shape of a penalty over the violation v.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PenaltyMethod {
    /// v: grows evenly.
    Linear,
    /// v²: mild at first, then steep; smooth at the threshold.
    Quadratic,
    /// eᵛ − 1: very steep far outside.
    Exponential,
    /// A constant as soon as the threshold is crossed; gives the search no slope to follow.
    Step,
}
