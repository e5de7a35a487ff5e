//! `reporting` and `canvas`: what is shown, and where.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Reports that are written without being asked for, and the insights they show.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reporting {
    /// Write reports without being asked.
    pub auto_report: Option<bool>,
    /// On which occasions.
    pub report_triggers: Option<Vec<ReportTrigger>>,
    /// Views of the results that are drawn for the reports.
    pub insights: Option<Vec<Insight>>,
}

/// An occasion for a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReportTrigger {
    /// Every so many trials.
    Periodic,
    /// A new best design, or the end of a stage.
    Milestone,
    /// The end of the search.
    Final,
    /// A trial or the engine failed.
    Error,
}

/// One view of the results.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Insight {
    /// Which view, e.g. `zernike_dashboard`, `stress_field` or `design_space`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For which trials, e.g. `best`, `pareto` or `all`.
    pub for_trials: Option<String>,
    /// Its settings; open.
    pub config: Option<Map<String, Value>>,
}

/// Layout and edges of the graph view. It has no effect on the search.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Canvas {
    /// Version of the layout, `"2.0"`.
    pub layout_version: Option<LayoutVersion>,
    /// The part of the canvas that is seen.
    pub viewport: Option<Viewport>,
    /// The connections that are drawn. References of the spec itself (`source` of an objective …) hold without them.
    pub edges: Option<Vec<Edge>>,
    /// Nodes that are framed together.
    pub groups: Option<Vec<Group>>,
}

/// Version of the canvas layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum LayoutVersion {
    /// The layout of format 2.
    #[serde(rename = "2.0")]
    V2,
}

/// The part of the canvas that is seen.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Viewport {
    /// Offset to the right, in pixels.
    pub x: Option<f64>,
    /// Offset downwards, in pixels.
    pub y: Option<f64>,
    /// Magnification; 1 is natural size.
    pub zoom: Option<f64>,
}

/// One connection on the canvas.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Edge {
    /// Where it begins: an id of the spec, or `model`, `solver`, `optimization`, `surrogate`.
    #[schemars(extend("x-refers" = "node"))]
    pub source: String,
    /// Where it ends: an id of the spec, or `model`, `solver`, `optimization`, `surrogate`.
    #[schemars(extend("x-refers" = "node"))]
    pub target: String,
    /// The connector of the source node that it leaves from, where the node has several.
    pub source_handle: Option<String>,
    /// The connector of the target node that it arrives at, where the node has several.
    pub target_handle: Option<String>,
}

/// Nodes that are framed together.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Id of the group, free in form, one of its kind in the whole spec.
    pub id: String,
    /// What the frame is labelled.
    pub name: Option<String>,
    /// The nodes in it: ids of the spec, or `model`, `solver`, `optimization`, `surrogate`.
    pub node_ids: Vec<NodeId>,
}

/// A node of the canvas: an id of the spec, or `model`, `solver`, `optimization`, `surrogate`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("x-refers" = "node"))]
pub struct NodeId(pub String);

/// Where a node stands on the canvas.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// To the right, in pixels.
    pub x: Option<f64>,
    /// Downwards, in pixels.
    pub y: Option<f64>,
}
