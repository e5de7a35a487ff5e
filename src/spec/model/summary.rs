//! A spec in a few lines: what an engineer would tell a colleague about the study. For `/summary` and for Claude.

use std::fmt::Write;

use super::{Detail, Entry, EntryKind, Model};
use crate::spec::{
    format::Refers,
    syntax::{Kind, Node, Parsed},
};

/// Rows of a table at most; of more it is said how many are left out.
const ROWS: usize = 50;

/// The study as Markdown: name and status, and tables of variables with their bounds, objectives, constraints, and the search.
#[must_use]
pub fn summary(parsed: &Parsed) -> String {
    let model = Model::of(parsed);
    let Some(root) = parsed.root() else {
        return "The spec is empty.\n".to_owned();
    };
    let mut text = String::new();
    heading(&mut text, root);
    variables(&mut text, parsed, &model);
    objectives(&mut text, &model, parsed);
    constraints(&mut text, &model, parsed);
    search(&mut text, root);
    text
}

fn heading(text: &mut String, root: Node<'_>) {
    let meta = |key| field(root.get("meta"), key);
    let _ = writeln!(text, "**{}** ({})", meta("study_name"), meta("status"));
    let description = meta("description");
    if description != NOTHING {
        let _ = writeln!(text, "{description}");
    }
    let sim = root.get("model").and_then(|model| model.get("sim"));
    let _ = writeln!(
        text,
        "Model: {}, {}",
        field(sim, "path"),
        field(sim, "solution_type")
    );
}

fn variables(text: &mut String, parsed: &Parsed, model: &Model) {
    let row = |entry: &Entry| {
        let node = node(parsed, model, entry);
        let bounds = node.and_then(|node| node.get("bounds"));
        let range = match node.and_then(|node| node.get("choices")) {
            Some(choices) => choices.elements().map(shown).collect::<Vec<_>>().join(", "),
            None => format!("{} … {}", field(bounds, "min"), field(bounds, "max")),
        };
        let [expression, baseline, units] =
            ["expression_name", "baseline", "units"].map(|key| field(node, key));
        [label(entry), expression, range, baseline, units]
    };
    table(
        text,
        "Design variables",
        ["variable", "expression", "range", "baseline", "units"],
        model.list(EntryKind::Variable),
        row,
    );
}

fn objectives(text: &mut String, model: &Model, parsed: &Parsed) {
    let row = |entry: &Entry| {
        let node = node(parsed, model, entry);
        [
            label(entry),
            field(node, "direction"),
            source(model, entry),
            field(node, "weight"),
            units(entry),
        ]
    };
    table(
        text,
        "Objectives",
        ["objective", "direction", "of", "weight", "units"],
        model.list(EntryKind::Objective),
        row,
    );
}

fn constraints(text: &mut String, model: &Model, parsed: &Parsed) {
    let row = |entry: &Entry| {
        let node = node(parsed, model, entry);
        let hard = if matches!(entry.facts.detail(), Detail::Constraint { hard: false, .. }) {
            "soft"
        } else {
            "hard"
        };
        let limit = format!("{} {}", field(node, "operator"), field(node, "threshold"));
        [
            label(entry),
            source(model, entry),
            limit,
            units(entry),
            hard.to_owned(),
        ]
    };
    table(
        text,
        "Constraints",
        ["constraint", "of", "limit", "units", "kind"],
        model.list(EntryKind::Constraint),
        row,
    );
}

fn search(text: &mut String, root: Node<'_>) {
    let optimization = root.get("optimization");
    let part = |key: &str| optimization.and_then(|node| node.get(key));
    let (algorithm, trials) = (
        field(part("algorithm"), "type"),
        field(part("budget"), "max_trials"),
    );
    let _ = writeln!(text, "\nSearch: {algorithm}, at most {trials} trials");
    if let Some(surrogate) = part("surrogate")
        .filter(|node| node.get("enabled").and_then(|node| node.as_bool()) == Some(true))
    {
        let _ = writeln!(text, "Surrogate: {}", field(Some(surrogate), "type"));
    }
}

/// Where something is not said.
const NOTHING: &str = "–";

fn table<const N: usize>(
    text: &mut String,
    title: &str,
    columns: [&str; N],
    entries: &[Entry],
    row: impl Fn(&Entry) -> [String; N],
) {
    if entries.is_empty() {
        let _ = writeln!(text, "\n{title}: none");
        return;
    }
    let _ = writeln!(
        text,
        "\n{title} ({}):\n\n| {} |",
        entries.len(),
        columns.join(" | ")
    );
    let _ = writeln!(text, "|{}", "---|".repeat(N));
    for entry in entries.iter().take(ROWS) {
        let cells = row(entry).map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    if entries.len() > ROWS {
        let _ = writeln!(text, "\n… and {} more", entries.len() - ROWS);
    }
}

fn node<'a>(parsed: &'a Parsed, model: &Model, entry: &Entry) -> Option<Node<'a>> {
    parsed.node_at_pointer(&model.pointer(entry))
}

fn label(entry: &Entry) -> String {
    let off = if entry.enabled() { "" } else { " (disabled)" };
    match (entry.id(), entry.name()) {
        (Some(id), Some(name)) => format!("{id} {name}{off}"),
        (Some(word), None) | (None, Some(word)) => format!("{word}{off}"),
        (None, None) => format!("{NOTHING}{off}"),
    }
}

/// `extractor's name: output`, with the id where the extractor has no name.
fn source(model: &Model, entry: &Entry) -> String {
    let Some(id) = entry.facts.reference(Refers::Extractor) else {
        return NOTHING.to_owned();
    };
    let name = model
        .extractor(id)
        .and_then(Entry::name)
        .unwrap_or(&id.text);
    let output = entry
        .facts
        .reference(Refers::Output)
        .map_or(NOTHING, |output| &output.text);
    format!("{name}: {output}")
}

fn units(entry: &Entry) -> String {
    entry
        .facts
        .units
        .as_ref()
        .map_or_else(|| NOTHING.to_owned(), |units| units.text.to_string())
}

fn field(node: Option<Node<'_>>, key: &str) -> String {
    node.and_then(|node| node.get(key))
        .map_or_else(|| NOTHING.to_owned(), shown)
}

fn shown(node: Node<'_>) -> String {
    match node.kind() {
        Kind::String => node.as_str().unwrap_or_default().into_owned(),
        Kind::Object | Kind::Array => "…".to_owned(),
        _ => node.raw().into_owned(),
    }
}
