//! `design_variables`: what may vary.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Position;

/// One design variable: an NX expression that the search may change, within its bounds or among its choices.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DesignVariable {
    /// Id of the variable: `dv_` and at least three digits, one of its kind in the whole spec.
    #[schemars(regex(pattern = "^dv_[0-9]{3,}$"), extend("patternErrorMessage" = "`dv_` and at least three digits, e.g. `dv_001`"))]
    pub id: String,
    /// What people call it, e.g. `web thickness`.
    pub name: String,
    /// The NX expression that it drives. Where `model.introspection` lists expressions, one of those; no two variables drive the same.
    #[schemars(extend("x-refers" = "expression", "x-old-names" = ["parameter"]))]
    pub expression_name: String,
    /// How it varies; `continuous` when absent.
    #[serde(rename = "type")]
    #[schemars(extend("default" = "continuous"))]
    pub kind: Option<VariableType>,
    /// Lowest and highest value, in `units`. Required unless the variable is categorical.
    pub bounds: Option<Bounds>,
    /// The values to choose from: strings, numbers or booleans, at least two. Required for a categorical variable, and only for that.
    #[schemars(length(min = 2))]
    pub choices: Option<Vec<Choice>>,
    /// The value of the model as it stands, where the search begins: within `bounds`, or one of `choices`.
    #[schemars(extend("x-old-names" = ["initial", "initial_value"]))]
    pub baseline: Option<Choice>,
    /// Units of bounds, baseline and step, as the NX expression has them, e.g. `mm` or `deg`; empty for a plain number.
    #[schemars(extend("x-units" = true))]
    pub units: Option<String>,
    /// Grid of the values that are tried, in `units`; greater than 0, not greater than `max` − `min`. Absent: any value.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub step: Option<f64>,
    /// Whether the search may change it; `true` when absent. A disabled variable stays at its baseline.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
    /// What it does to the design, and why its bounds are what they are.
    pub description: Option<String>,
    /// Where its node stands on the canvas.
    pub canvas_position: Option<Position>,
}

/// How a design variable varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VariableType {
    /// Any number between its bounds.
    Continuous,
    /// A whole number between its bounds, e.g. a rib count; bounds, baseline and step are whole numbers too.
    Integer,
    /// One of its `choices`, without an order among them, e.g. a layup or a material. CMA-ES cannot search over such a variable.
    Categorical,
}

/// Lowest and highest value of a variable, both included.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Lowest value, less than `max`, in the variable's `units`.
    pub min: Option<f64>,
    /// Highest value, greater than `min`, in the variable's `units`.
    pub max: Option<f64>,
}

/// One value of a categorical variable: a string, a number or a boolean.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Choice(pub Value);

impl JsonSchema for Choice {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Choice".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": ["string", "number", "boolean"]})
    }
}
