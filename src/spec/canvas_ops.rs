//! The graph view of a spec (`canvas/get`) and its five changes (`canvas/apply`), as changes of the spec's text. What
//! a change does not concern stays as it is to the byte; what it puts in looks like its neighbours.

mod apply;
mod data;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::syntax::{Node as Json, Parsed};
use crate::text::Edit;

/// The nodes that every study has, beside its entries.
const FIXED: [&str; 4] = ["model", "solver", "optimization", "surrogate"];

/// The lists whose entries are nodes: the kind of node, and what ids begin with.
const LISTS: [List; 4] = [
    List::new("design_variables", "designVar", "dv_"),
    List::new("extractors", "extractor", "ext_"),
    List::new("objectives", "objective", "obj_"),
    List::new("constraints", "constraint", "con_"),
];

/// The keys of a spec in their usual order: a list that is missing is put in behind those before it.
const ORDER: [&str; 10] = [
    "meta",
    "model",
    "design_variables",
    "extractors",
    "objectives",
    "constraints",
    "optimization",
    "workflow",
    "reporting",
    "canvas",
];

struct List {
    key: &'static str,
    kind: &'static str,
    prefix: &'static str,
}

impl List {
    const fn new(key: &'static str, kind: &'static str, prefix: &'static str) -> Self {
        Self { key, kind, prefix }
    }
}

/// What the graph view shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Graph {
    /// The entries in the order of the spec, then the fixed nodes.
    pub nodes: Vec<Node>,
    /// As the spec's `canvas.edges` has them.
    pub edges: Vec<Edge>,
}

/// A node of the graph.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// The entry's id, or `model`, `solver`, `optimization`, `surrogate`.
    pub id: String,
    /// `designVar`, `extractor`, `objective`, `constraint`; of a fixed node its id.
    pub kind: String,
    /// The entry's name, else its id.
    pub label: String,
    /// Where it stands; `None` where the spec does not say.
    pub position: Option<Position>,
}

/// A place on the canvas, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Position {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// A connection of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Where it begins.
    pub source: String,
    /// Where it ends.
    pub target: String,
}

/// What became of a list of modifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The changes of the text that was given, all at once.
    pub edits: Vec<Edit>,
    /// How many modifications were applied; one whose effect was there already counts.
    pub applied: usize,
    /// The others.
    pub skipped: Vec<Skipped>,
}

/// A modification that was not applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its place in the list, from 0.
    pub index: usize,
    /// Why, in words.
    pub reason: String,
}

/// The graph of a spec, as far as it can be read.
pub fn get(spec: &Parsed) -> Graph {
    let mut graph = Graph {
        nodes: Vec::new(),
        edges: Vec::new(),
    };
    let Some(root) = spec.root() else {
        return graph;
    };
    for list in &LISTS {
        for entry in root.get(list.key).iter().flat_map(|list| list.elements()) {
            if let Some(id) = text(entry, "id") {
                graph.nodes.push(Node {
                    kind: list.kind.into(),
                    label: text(entry, "name").unwrap_or_else(|| id.clone()),
                    position: position(entry),
                    id,
                });
            }
        }
    }
    for id in FIXED {
        graph.nodes.push(Node {
            id: id.into(),
            kind: id.into(),
            label: fixed_label(root, id).unwrap_or_else(|| id.into()),
            position: fixed(root, id).and_then(position),
        });
    }
    graph.edges = edges(root)
        .iter()
        .flat_map(|edges| edges.elements())
        .filter_map(|edge| {
            Some(Edge {
                source: text(edge, "source")?,
                target: text(edge, "target")?,
            })
        })
        .collect();
    graph
}

/// Applies modifications in order, each to what those before it left. A spec that is not valid JSON is not touched.
pub fn apply(spec: &Parsed, modifications: &[Value]) -> Outcome {
    apply::all(spec, modifications)
}

/// The part of the spec behind a fixed node.
fn fixed<'a>(root: Json<'a>, id: &str) -> Option<Json<'a>> {
    match id {
        "model" => root.get("model"),
        "solver" => root.get("model")?.get("sim"),
        "optimization" => root.get("optimization"),
        "surrogate" => root.get("optimization")?.get("surrogate"),
        _ => None,
    }
}

/// What a fixed node says of itself beside its name.
fn fixed_label(root: Json<'_>, id: &str) -> Option<String> {
    let node = fixed(root, id)?;
    match id {
        "model" => text(node.get("nx_part")?, "path"),
        "solver" => text(node, "solution_type").or_else(|| text(node, "solver")),
        "optimization" => text(node.get("algorithm")?, "type"),
        "surrogate" => text(node, "type"),
        _ => None,
    }
}

fn edges(root: Json<'_>) -> Option<Json<'_>> {
    root.get("canvas")?.get("edges")
}

fn position(node: Json<'_>) -> Option<Position> {
    let position = node.get("canvas_position")?;
    Some(Position {
        x: position.get("x")?.as_f64()?,
        y: position.get("y")?.as_f64()?,
    })
}

fn text(object: Json<'_>, key: &str) -> Option<String> {
    Some(object.get(key)?.as_str()?.into_owned())
}
