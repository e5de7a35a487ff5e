//! `textDocument/hover`: what the format says of a key or value, and what a reference stands for.

mod cards;
mod zernike;

use std::ops::Range;

use lsp_types::{Hover, HoverContents, Position};

pub use cards::{card, extractor_settings, range_bar};

use super::{
    Snapshot,
    markdown::{code, escape, markup},
    place::{entry_kind, extractor_type, node_at, pointer_of, required, shape_at},
};
use crate::spec::{
    format::{ExtractorType, FIXED_NODES, Shape, ValueKind},
    model::EntryKind,
    syntax::{Kind, Member, Node, Place, Step},
    units,
};

/// What is known of the key or value at the position.
pub fn hover(snapshot: &Snapshot, position: Position) -> Option<Hover> {
    let offset = snapshot.offset(position);
    let path = snapshot.parsed.path_at(offset);
    let (text, range) = match path.place {
        Place::Key(member) => (
            of_key(snapshot, &path.steps, &member)?,
            member.key().range(),
        ),
        Place::Value(Some(node)) if !matches!(node.kind(), Kind::Object | Kind::Array) => {
            (of_value(snapshot, &path.steps, node, offset)?, node.range())
        }
        _ => return None,
    };
    Some(shown(snapshot, text, range))
}

fn shown(snapshot: &Snapshot, markdown: String, range: Range<usize>) -> Hover {
    Hover {
        contents: HoverContents::Markup(markup(markdown, snapshot.traits.markdown)),
        range: Some(snapshot.range(range)),
    }
}

fn of_key(snapshot: &Snapshot, object: &[Step], member: &Member<'_>) -> Option<String> {
    let name = member.name();
    let holder = shape_at(&snapshot.parsed, object)?;
    if let Some(now) = holder
        .key(&name)
        .map_or_else(|| holder.renamed(&name), |_| None)
    {
        return Some(format!(
            "{} is called {} in format 2.",
            code(&name),
            code(now)
        ));
    }
    let steps: Vec<Step> = object
        .iter()
        .cloned()
        .chain([Step::Key(name.clone().into_owned())])
        .collect();
    let shape = shape_at(&snapshot.parsed, &steps)?;
    let needed = required(holder, object, node_at(&snapshot.parsed, object));
    let mut text = key_documentation(&name, shape, needed.contains(&name.clone().into_owned()));
    if let Some(more) = of_neighbours(snapshot, &steps, member.value()) {
        text.push_str("\n\n");
        text.push_str(&more);
    }
    (!shape.description.is_empty() || !shape.kinds.is_empty()).then_some(text)
}

/// What the format says of a key: its kind, its limits, its meaning, its words.
pub fn key_documentation(name: &str, shape: &Shape, required: bool) -> String {
    let mut facts = vec![format!("**{}**", escape(name))];
    let kinds: Vec<&str> = shape.kinds.iter().map(|kind| kind.words()).collect();
    if !kinds.is_empty() && shape.values.is_empty() {
        facts.push(kinds.join(" or "));
    }
    facts.extend(limits(shape));
    if required {
        facts.push("required".into());
    }
    if let Some(default) = shape.default.as_ref().filter(|_| !required) {
        facts.push(format!("{} when absent", code(&default.to_string())));
    }
    let mut text = facts.join(" · ");
    text.push_str("\n\n");
    text.push_str(&shape.description);
    if !shape.values.is_empty() {
        text.push('\n');
        for value in &shape.values {
            let first = value.description.split("\n\n").next().unwrap_or_default();
            text.push_str(&format!("\n- `{}`: {first}", value.name));
        }
    }
    text
}

/// `1 to 10000`, `at least 2 entries` …
fn limits(shape: &Shape) -> Option<String> {
    let range = |least: Option<String>, most: Option<String>| match (least, most) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (Some(least), None) => Some(format!("at least {least}")),
        (None, Some(most)) => Some(format!("at most {most}")),
        (None, None) => None,
    };
    let number = |number: Option<f64>| number.map(|number| number.to_string());
    let count = |count: Option<usize>| count.map(|count| count.to_string());
    if let Some(above) = shape.above {
        return Some(format!("greater than {above}"));
    }
    if shape.kinds.contains(&ValueKind::Array) {
        return range(count(shape.min_items), count(shape.max_items))
            .map(|range| format!("{range} entries"));
    }
    range(number(shape.minimum), number(shape.maximum))
}

/// What the rest of the spec adds to a key: the range of a variable, the resolved source of a goal, the settings of an
/// extractor's type.
fn of_neighbours(snapshot: &Snapshot, steps: &[Step], value: Option<Node<'_>>) -> Option<String> {
    let (Step::Key(key), object) = steps.split_last()? else {
        return None;
    };
    let entry = node_at(&snapshot.parsed, object)?;
    match (entry_kind(object), key.as_str()) {
        (Some(EntryKind::Variable), "baseline" | "bounds" | "step") => range_bar(entry),
        (Some(EntryKind::Extractor), "config") => extractor_settings(extractor_type(entry)?),
        (Some(EntryKind::Objective | EntryKind::Constraint), "source") => {
            cards::source(snapshot, value?)
        }
        (_, "filter_orders") if is_config(object) => zernike::filter_orders(value?, Some(entry)),
        _ => None,
    }
}

/// The settings of an extractor.
fn is_config(steps: &[Step]) -> bool {
    matches!(steps.split_last(), Some((Step::Key(key), extractor)) if key == "config" && entry_kind(extractor) == Some(EntryKind::Extractor))
}

fn of_value(snapshot: &Snapshot, steps: &[Step], node: Node<'_>, offset: usize) -> Option<String> {
    let model = snapshot.model();
    let Some(found) = model.symbol_at(offset) else {
        return of_format(snapshot, steps, node);
    };
    if let Some(definition) = model.definition(&found.symbol) {
        return card(snapshot, &found.symbol, &definition);
    }
    let mut text = cards::dangling(snapshot, &found.symbol);
    if let Some(format) = of_format(snapshot, steps, node) {
        text.push_str("\n\n");
        text.push_str(&format);
    }
    Some(text)
}

/// What the format alone says of a value.
fn of_format(snapshot: &Snapshot, steps: &[Step], node: Node<'_>) -> Option<String> {
    let shape = shape_at(&snapshot.parsed, steps)?;
    let word = node.as_str();
    if let Some(word) = &word
        && let Some(value) = shape.values.iter().find(|value| value.name == **word)
    {
        return Some(of_word(steps, &value.name, &value.description));
    }
    if let Some(word) = word.as_deref().filter(|_| shape.units) {
        return of_units(word);
    }
    if let Some(word) = word.as_deref().filter(|word| FIXED_NODES.contains(word))
        && matches!(steps.first(), Some(Step::Key(key)) if key == "canvas")
    {
        return Some(format!("`{word}`: a node that every canvas has"));
    }
    of_plain(snapshot, steps, node, shape)
}

/// One of the words of an enumeration.
pub fn of_word(steps: &[Step], name: &str, description: &str) -> String {
    let mut text = format!("`{name}`\n\n{description}");
    let is_type = pointer_of(steps).starts_with("/extractors/")
        && matches!(steps, [_, _, Step::Key(key)] if key == "type");
    let settings = ExtractorType::named(name)
        .filter(|_| is_type)
        .and_then(extractor_settings);
    if let Some(settings) = settings {
        text.push_str("\n\n");
        text.push_str(&settings);
    }
    text
}

/// A unit: what it measures, and its size in the SI unit.
fn of_units(word: &str) -> Option<String> {
    let unit = units::parse(word)?;
    if word.trim().is_empty() {
        return Some("No units: a plain number.".into());
    }
    let mut text = format!("{}: {}", code(word), unit.dimension.words());
    let base = unit.dimension.si();
    if !base.is_empty() && base != word.trim() {
        let size = unit.to_si(1.0);
        text.push_str(&format!(
            "; 1 {} = {} {base}",
            escape(word.trim()),
            short(size)
        ));
    }
    Some(text)
}

/// A number with as many digits as a person wants to read.
fn short(number: f64) -> String {
    if (1e-3..1e5).contains(&number.abs()) {
        let text = format!("{number:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{number:e}")
    }
}

/// Any other value: where it lies in its range, else what its key means.
fn of_plain(snapshot: &Snapshot, steps: &[Step], node: Node<'_>, shape: &Shape) -> Option<String> {
    let keys = steps
        .iter()
        .rposition(|step| matches!(step, Step::Key(_)))?;
    let (Step::Key(key), object) = (&steps[keys], &steps[..keys]) else {
        return None;
    };
    let variable = match (entry_kind(object), key.as_str()) {
        (Some(EntryKind::Variable), "baseline" | "step") => Some(object),
        (_, "min" | "max") if object.len() == 3 => Some(&object[..2]),
        _ => None,
    };
    let variable = variable.filter(|steps| entry_kind(steps) == Some(EntryKind::Variable));
    if let Some(bar) = variable.and_then(|steps| range_bar(node_at(&snapshot.parsed, steps)?)) {
        return Some(format!(
            "**{}**\n\n{bar}\n\n{}",
            escape(key),
            shape.description
        ));
    }
    let of_key = shape_at(&snapshot.parsed, &steps[..=keys])?;
    let holder = shape_at(&snapshot.parsed, object)?;
    let needed = required(holder, object, node_at(&snapshot.parsed, object)).contains(key);
    if of_key.description.is_empty() {
        return None;
    }
    let mut text = key_documentation(key, of_key, needed);
    if key == "filter_orders"
        && is_config(object)
        && let Some(meaning) = zernike::filter_orders(node, node_at(&snapshot.parsed, object))
    {
        text = format!("{meaning}\n\n{text}");
    }
    Some(text)
}

#[cfg(test)]
mod tests;
