//! What a reference stands for, in a few lines.

use super::zernike;
use crate::{
    ide::{
        Snapshot,
        inlay_hints::percent_of_range,
        markdown::{code, escape},
        place::{extractor_type, is_categorical, number, string},
    },
    spec::{
        format::{ExtractorType, Refers, Shape},
        model::{Entry, EntryKind, Occurrence, Role, Symbol, Word},
        syntax::{Kind, Node},
    },
};

/// Characters of a spec's own text at most.
const LONGEST: usize = 300;
/// Users of an entry named at most.
const USERS: usize = 8;
/// Cells of the bar that shows a range.
const CELLS: usize = 20;

/// What a symbol stands for, by its definition.
pub fn card(snapshot: &Snapshot, symbol: &Symbol, definition: &Occurrence) -> Option<String> {
    let entry = snapshot.model().entries().get(definition.entry)?;
    let node = node_of(snapshot, entry)?;
    if let Symbol::Output { name, .. } = symbol {
        return output(snapshot, entry, node, name);
    }
    let mut text = title(entry, node);
    let body = match entry.kind {
        EntryKind::Variable => variable(node),
        EntryKind::Extractor => extractor(snapshot, node),
        EntryKind::Objective => objective(snapshot, node),
        EntryKind::Constraint => constraint(snapshot, node),
        EntryKind::Stage => fields(node, &["algorithm", "trials", "purpose"]),
        EntryKind::Subcase => fields(node, &["type"]),
        EntryKind::Expression => fields(
            node,
            &["value", "units", "formula", "is_candidate", "confidence"],
        ),
        EntryKind::Group => members(node),
        _ => String::new(),
    };
    for part in [body, used_by(snapshot, symbol, entry)] {
        if !part.is_empty() {
            text.push_str("\n\n");
            text.push_str(&part);
        }
    }
    Some(text)
}

/// A symbol that is defined nowhere.
pub fn dangling(snapshot: &Snapshot, symbol: &Symbol) -> String {
    let lists = |kind| !snapshot.model().list(kind).is_empty();
    let name = code(symbol.name());
    match symbol {
        Symbol::Id(_) => format!("{name} names nothing in this spec."),
        Symbol::Output { extractor, .. } => {
            format!(
                "{name} names no output of {} in this spec.",
                code(extractor)
            )
        }
        Symbol::Subcase(_) if lists(EntryKind::Subcase) => {
            format!("{name} names no subcase of the model.")
        }
        Symbol::Subcase(_) => format!("Subcase {name}; the model lists none to compare it with."),
        Symbol::Expression(_) if lists(EntryKind::Expression) => {
            format!("{name} names no NX expression that intake found.")
        }
        Symbol::Expression(_) => {
            format!("NX expression {name}; intake listed none to compare it with.")
        }
    }
}

fn node_of<'a>(snapshot: &'a Snapshot, entry: &Entry) -> Option<Node<'a>> {
    snapshot
        .parsed
        .node_at_pointer(&snapshot.model().pointer(entry))
}

/// `**web thickness** · variable `dv_001``
fn title(entry: &Entry, node: Node<'_>) -> String {
    let id = match entry.kind {
        EntryKind::Subcase => node.get("id").map(|id| id.raw().into_owned()),
        _ => entry.id().map(str::to_owned),
    };
    let kind = match entry.kind {
        EntryKind::Variable => "design variable",
        EntryKind::Expression => "NX expression",
        kind => kind.word(),
    };
    let id = id.map(|id| format!(" {}", code(&id))).unwrap_or_default();
    let disabled = if entry.enabled() { "" } else { " · disabled" };
    match entry.name() {
        Some(name) => format!("**{}** · {kind}{id}{disabled}", escape(&cut(name))),
        None => format!("{kind}{id}{disabled}"),
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

/// A scalar as the spec has it.
fn value(node: Node<'_>) -> Option<String> {
    match node.kind() {
        Kind::String => node.as_str().map(|text| escape(&cut(&text))),
        Kind::Number | Kind::True | Kind::False => Some(node.raw().into_owned()),
        _ => None,
    }
}

fn field(node: Node<'_>, key: &str) -> Option<String> {
    value(node.get(key)?)
}

/// `key: value`, those that are there.
fn fields(node: Node<'_>, keys: &[&str]) -> String {
    let pairs: Vec<String> = keys
        .iter()
        .filter_map(|key| Some(format!("{}: {}", escape(key), field(node, key)?)))
        .collect();
    pairs.join(" · ")
}

fn variable(node: Node<'_>) -> String {
    let mut facts = Vec::new();
    facts.extend(string(node, "expression_name").map(|name| format!("drives {}", code(&name))));
    facts.push(field(node, "type").unwrap_or_else(|| "continuous".into()));
    facts.extend(
        field(node, "units")
            .filter(|units| !units.is_empty())
            .map(|units| format!("in {units}")),
    );
    let mut text = facts.join(" · ");
    for more in [range_bar(node), field(node, "description")]
        .into_iter()
        .flatten()
    {
        text.push_str("\n\n");
        text.push_str(&more);
    }
    text
}

/// Where a variable's baseline lies between its bounds, or what it may be.
pub fn range_bar(variable: Node<'_>) -> Option<String> {
    if is_categorical(variable) {
        let choices = variable.get("choices")?;
        let words: Vec<String> = choices.elements().filter_map(value).take(20).collect();
        let chosen = variable.get("baseline").map(|baseline| baseline.to_value());
        let is_one = choices
            .elements()
            .any(|choice| Some(choice.to_value()) == chosen);
        let none = if is_one {
            ""
        } else {
            ", which is none of them"
        };
        let baseline = field(variable, "baseline")
            .map(|baseline| format!("; baseline {baseline}{none}"))
            .unwrap_or_default();
        return Some(format!("one of {}{baseline}", words.join(", ")));
    }
    let bounds = variable.get("bounds")?;
    let (low, high) = (bounds.get("min")?, bounds.get("max")?);
    let (min, max) = (low.as_f64()?, high.as_f64()?);
    let units = field(variable, "units").unwrap_or_default();
    let ends = format!("{} … {} {units}", low.raw(), high.raw());
    let Some(baseline) = variable.get("baseline").filter(|it| it.as_f64().is_some()) else {
        return Some(ends.trim_end().to_owned());
    };
    let step = field(variable, "step")
        .map(|step| format!(" · step {step}"))
        .unwrap_or_default();
    if min >= max {
        return Some(format!(
            "baseline {}; no range: {} is not below {}",
            baseline.raw(),
            low.raw(),
            high.raw()
        ));
    }
    let Some(percent) = percent_of_range(variable) else {
        return Some(format!(
            "baseline {} outside {}",
            baseline.raw(),
            ends.trim_end()
        ));
    };
    let place = (number(variable, "baseline")? - min) / (max - min);
    let cell = (place * CELLS as f64).round().clamp(0.0, CELLS as f64) as usize;
    let bar = format!("├{}●{}┤", "─".repeat(cell), "─".repeat(CELLS - cell));
    Some(format!(
        "`{} {bar} {}` {units}\n\nbaseline {}, at {percent} of its range{step}",
        low.raw(),
        high.raw(),
        baseline.raw()
    ))
}

fn extractor(snapshot: &Snapshot, node: Node<'_>) -> String {
    let mut text = string(node, "type")
        .map(|kind| code(&kind))
        .unwrap_or_default();
    if let Some(config) = node.get("config") {
        for member in config.members() {
            let Some(setting) = member.value().and_then(value) else {
                continue;
            };
            let name = member.name();
            let subcase = if name.ends_with("subcase") {
                subcase_name(snapshot, member.value())
            } else {
                None
            };
            let subcase = subcase.map(|name| format!(" ({name})")).unwrap_or_default();
            text.push_str(&format!(" · {}: {setting}{subcase}", escape(&name)));
        }
    }
    let outputs: Vec<Node<'_>> = node
        .get("outputs")
        .into_iter()
        .flat_map(|it| it.elements())
        .collect();
    if !outputs.is_empty() {
        text.push_str("\n\n| output | metric | units |\n|---|---|---|");
        for output in outputs {
            let cell = |key| field(output, key).unwrap_or_default();
            text.push_str(&format!(
                "\n| {} | {} | {} |",
                cell("name"),
                cell("metric"),
                cell("units")
            ));
        }
    }
    text
}

fn subcase_name(snapshot: &Snapshot, node: Option<Node<'_>>) -> Option<String> {
    let number = node?.as_f64()?.to_string();
    let subcases = snapshot.model().list(EntryKind::Subcase);
    let subcase = subcases.iter().find(|entry| entry.id() == Some(&number))?;
    subcase.name().map(|name| escape(&cut(name)))
}

fn output(snapshot: &Snapshot, entry: &Entry, node: Node<'_>, name: &str) -> Option<String> {
    let outputs = node.get("outputs")?;
    let output = outputs
        .elements()
        .find(|output| string(*output, "name").as_deref() == Some(name))?;
    let mut text = format!("**{}** · output of {}", escape(&cut(name)), named(entry));
    let mut facts = Vec::new();
    facts.extend(field(output, "metric"));
    facts.extend(units_of(output));
    let subcase = output.get("subcase");
    facts.extend(subcase.and_then(value).map(|number| {
        let name = subcase_name(snapshot, subcase).map(|name| format!(" ({name})"));
        format!("subcase {number}{}", name.unwrap_or_default())
    }));
    if !facts.is_empty() {
        text.push_str(&format!("\n\n{}", facts.join(" · ")));
    }
    let kind = Shape::spec().path(&["extractors", "0", "type"])?;
    let kind_name = string(node, "type")?;
    if let Some(kind) = kind.values.iter().find(|value| value.name == kind_name) {
        let first = kind.description.split("\n\n").next().unwrap_or_default();
        text.push_str(&format!("\n\n{first}"));
    }
    let optical = matches!(
        extractor_type(node),
        Some(ExtractorType::ZernikeOpd | ExtractorType::ZernikeCsv)
    );
    if let Some(meaning) = zernike::output(node, name).filter(|_| optical) {
        text.push_str(&format!("\n\n{meaning}"));
    }
    Some(text)
}

fn units_of(node: Node<'_>) -> Option<String> {
    let units = field(node, "units").filter(|units| !units.is_empty())?;
    Some(format!("in {units}"))
}

/// `**von Mises** (`ext_002`)`
fn named(entry: &Entry) -> String {
    let id = entry.id().map(code).unwrap_or_default();
    match entry.name() {
        Some(name) => format!("**{}** ({id})", escape(&cut(name))),
        None => id,
    }
}

/// What the `source` of an objective or constraint reads.
pub fn source(snapshot: &Snapshot, source: Node<'_>) -> Option<String> {
    let model = snapshot.model();
    let id = string(source, "extractor_id")?;
    let wanted = string(source, "output_name")?;
    let entry = model.extractor(&Word::new(&id))?;
    let node = node_of(snapshot, entry)?;
    let outputs = node.get("outputs")?;
    let output = outputs
        .elements()
        .find(|output| string(*output, "name").as_deref() == Some(&wanted))?;
    let kind = extractor_type(node).map(|kind| format!(", {}", code(kind.name())));
    let units = units_of(output).map(|units| format!(", {units}"));
    Some(format!(
        "{} of {}{}{}",
        code(&wanted),
        named(entry),
        kind.unwrap_or_default(),
        units.unwrap_or_default()
    ))
}

fn objective(snapshot: &Snapshot, node: Node<'_>) -> String {
    let source = node.get("source").and_then(|node| source(snapshot, node));
    let direction = field(node, "direction").unwrap_or_default();
    let mut text = format!("{direction} {}", source.unwrap_or_default());
    let more = fields(node, &["weight", "target"]);
    if !more.is_empty() {
        text.push_str(&format!(" · {more}"));
    }
    text.trim().to_owned()
}

fn constraint(snapshot: &Snapshot, node: Node<'_>) -> String {
    let source = node.get("source").and_then(|node| source(snapshot, node));
    let operator = string(node, "operator")
        .map(|it| code(&it))
        .unwrap_or_default();
    let cell = |key| field(node, key).unwrap_or_default();
    let hard = field(node, "type").unwrap_or_else(|| "hard".into());
    let limit = format!("{operator} {} {}", cell("threshold"), cell("units"));
    let parts = [source, Some(limit.trim().to_owned()), Some(hard)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" · ")
}

fn members(node: Node<'_>) -> String {
    let ids: Vec<String> = node
        .get("node_ids")
        .into_iter()
        .flat_map(|list| list.elements())
        .filter_map(|id| Some(code(&id.as_str()?)))
        .take(USERS)
        .collect();
    ids.join(", ")
}

/// Who refers to an entry, canvas apart.
fn used_by(snapshot: &Snapshot, symbol: &Symbol, entry: &Entry) -> String {
    let counts = matches!(
        entry.kind,
        EntryKind::Extractor | EntryKind::Stage | EntryKind::Subcase | EntryKind::Expression
    );
    if !counts {
        return String::new();
    }
    let model = snapshot.model();
    let mut users: Vec<&Entry> = Vec::new();
    for place in model.occurrences(symbol) {
        let user = &model.entries()[place.entry];
        let drawn = matches!(user.kind, EntryKind::Edge | EntryKind::Group);
        let known = users.last().is_some_and(|last| last.start == user.start);
        if place.role == Role::Reference && !drawn && !known {
            users.push(user);
        }
    }
    if users.is_empty() {
        return "Not used.".into();
    }
    let more = users.len().saturating_sub(USERS);
    let names: Vec<String> = users.iter().take(USERS).map(|user| label(user)).collect();
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("Used by {}{rest}", names.join(", "))
}

fn label(entry: &Entry) -> String {
    if entry.id().is_some() {
        return format!("{} {}", entry.kind.word(), named(entry));
    }
    match (
        entry.facts.reference(Refers::Stage),
        entry.facts.references(Refers::Stage).nth(1),
    ) {
        (Some(from), Some(to)) => format!(
            "{} {} → {}",
            entry.kind.word(),
            code(&from.text),
            code(&to.text)
        ),
        _ => entry.kind.word().to_owned(),
    }
}

/// The settings of a type of extractor, as a table.
pub fn extractor_settings(kind: ExtractorType) -> Option<String> {
    let shape = Shape::config(kind);
    if shape.properties.is_empty() {
        return None;
    }
    let mut text = "| `config` | | |\n|---|---|---|".to_owned();
    for property in &shape.properties {
        let needed = if shape.requires(&property.name) {
            "needed"
        } else {
            ""
        };
        let meaning = property
            .shape
            .description
            .split("\n\n")
            .next()
            .unwrap_or_default()
            .replace('\n', " ")
            .replace('|', "\\|");
        let meaning = meaning.trim_end_matches(':');
        text.push_str(&format!("\n| `{}` | {needed} | {meaning} |", property.name));
    }
    Some(text)
}
