//! The format of `atomizer_spec.json`, written down once: Rust types with doc comments.
//!
//! From them come the JSON Schema ([`schema`]) and, from the schema, the [`Shape`] tree that checks, hover and completion
//! walk. Two things the types cannot say are added by hand: what depends on a neighbour's value (`schema.rs`: `choices` of a
//! categorical variable, `config` by extractor type, what a draft may lack) and which settings belong to which extractor type
//! ([`Shape::config`]).
//!
//! Keys of the schema's own beside the standard ones, kept in [`Shape`] and taken out of what [`schema`] gives:
//! - `x-refers`: what a string or number names (`extractor`, `output`, `stage`, `expression`, `subcase`, `node`, `file`)
//! - `x-old-names`: names of the key in older formats
//! - `x-units`: the value is a unit of measure

mod extractors;
mod goals;
mod meta;
mod model;
mod schema;
mod search;
mod shape;
#[cfg(test)]
mod tests;
mod variables;
mod views;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

pub use extractors::*;
pub use goals::*;
pub use meta::*;
pub use model::*;
pub use schema::schema;
pub use search::*;
pub use shape::*;
pub use variables::*;
pub use views::*;

/// A design-optimisation study: what the FEA model is, what may vary, what is measured, what is wanted, and how the search runs.
///
/// A study whose `meta.status` is `draft` or `introspected` may lack all but `meta` and `model`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "AtomizerSpec v2")]
pub struct Spec {
    /// Identity and provenance: name, authors, dates, status.
    pub meta: Meta,
    /// The NX/Nastran files, the solution, and what intake found in them.
    pub model: Model,
    /// What may vary: 1 to 50 design variables, each driving one NX expression.
    #[schemars(length(min = 1, max = 50))]
    pub design_variables: Vec<DesignVariable>,
    /// What is measured on each solved trial: 1 to 20 extractors.
    #[schemars(length(min = 1, max = 20))]
    pub extractors: Vec<Extractor>,
    /// What is wanted: 1 to 5 objectives.
    #[schemars(length(min = 1, max = 5))]
    pub objectives: Vec<Objective>,
    /// What must hold: up to 20 constraints.
    #[schemars(length(max = 20))]
    pub constraints: Option<Vec<Constraint>>,
    /// How the search runs: algorithm, budget, surrogate.
    pub optimization: Optimization,
    /// The search in several stages.
    pub workflow: Option<Workflow>,
    /// Automatic reports and insights.
    pub reporting: Option<Reporting>,
    /// Layout and edges of the graph view.
    pub canvas: Option<Canvas>,
}

/// A whole number: `8` and `8.0` are both one, `8.5` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        if let Some(whole) = number.as_i64() {
            return Ok(Self(whole));
        }
        match number.as_f64() {
            // The largest magnitude below which every f64 is an exact i64.
            Some(float) if float.fract() == 0.0 && float.abs() < 9.0e15 => Ok(Self(float as i64)),
            _ => Err(de::Error::custom(format!("{number} is not a whole number"))),
        }
    }
}

impl JsonSchema for Whole {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Whole".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer"})
    }
}
