//! Changes that no finding asks for: keys in the format's order, a variable for an expression.

use std::ops::Range;

use lsp_types::{CodeAction, CodeActionKind};
use serde::Serialize;
use serde_json::{Map, Value, json, ser::PrettyFormatter};

use super::{ADD_VARIABLE, SORT, SORT_ALL, change};
use crate::{
    ide::{
        Snapshot,
        completion::{free_candidates, free_id},
        formatting::newline_of,
        place::{expression, number, shape_at, string},
    },
    spec::{
        checks::{insert_members, one_line},
        format::Shape,
        model::EntryKind,
        syntax::{Kind, Member, Node, Place, Step},
    },
    text::{Edit, minimal},
};

/// Nesting below which keys are not sorted; the format's own is less.
const DEPTH: usize = 16;
/// Variables offered at once at most.
const MOST: usize = 10;

/// Sorts the keys of the object at the offset.
pub fn sort_object(snapshot: &Snapshot, offset: usize) -> Option<CodeAction> {
    let path = snapshot.parsed.path_at(offset);
    let object = path.container.filter(|node| node.kind() == Kind::Object)?;
    let steps = match path.place {
        Place::Value(_) => &path.steps[..path.steps.len().checked_sub(1)?],
        _ => &path.steps[..],
    };
    let shape = shape_at(&snapshot.parsed, steps)?;
    let members: Vec<Member<'_>> = object.members().collect();
    let order = order(object, &members, shape)?;
    let edits: Vec<Edit> = members
        .iter()
        .zip(&order)
        .map(|(slot, from)| Edit {
            range: slot.range(),
            insert: snapshot.text().slice(members[*from].range()).into_owned(),
        })
        .collect();
    let title = "Sort keys to the format's order".to_owned();
    Some(change(snapshot, title, SORT, &edits))
}

/// Sorts the keys of every object of the document that the format knows.
pub fn sort_all(snapshot: &Snapshot) -> Option<CodeAction> {
    let root = snapshot.parsed.root()?;
    let mut sorted = String::new();
    write_sorted(snapshot, root, &mut Vec::new(), &mut sorted);
    let text = snapshot.text().to_string();
    let range = root.range();
    let after = format!("{}{sorted}{}", &text[..range.start], &text[range.end..]);
    let edits = minimal(&text, &after);
    let title = "Sort all keys to the format's order".to_owned();
    (!edits.is_empty()).then(|| change(snapshot, title, SORT_ALL, &edits))
}

/// The members in the format's order, by their present places; keys that it does not know stay last, in their order.
/// `None` where they are in order, or a syntax error makes it unclear what they are.
fn order(object: Node<'_>, members: &[Member<'_>], shape: &Shape) -> Option<Vec<usize>> {
    if !object.is_intact() || shape.properties.is_empty() {
        return None;
    }
    let rank = |index: &usize| {
        let name = members[*index].name();
        let mut properties = shape.properties.iter();
        properties
            .position(|property| property.name == *name)
            .unwrap_or(usize::MAX)
    };
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(rank);
    (!order.is_sorted()).then_some(order)
}

/// Writes a value with its keys sorted; what stands between the members stays where it is.
fn write_sorted(snapshot: &Snapshot, node: Node<'_>, steps: &mut Vec<Step>, sorted: &mut String) {
    let text = snapshot.text();
    let shape = shape_at(&snapshot.parsed, steps);
    let known = matches!(node.kind(), Kind::Object | Kind::Array) && steps.len() < DEPTH;
    let Some(shape) = shape.filter(|_| known) else {
        sorted.push_str(&node.raw());
        return;
    };
    let mut done = node.range().start;
    if node.kind() == Kind::Array {
        for (index, element) in node.elements().enumerate() {
            sorted.push_str(&text.slice(done..element.range().start));
            steps.push(Step::Index(index));
            write_sorted(snapshot, element, steps, sorted);
            steps.pop();
            done = element.range().end;
        }
    } else {
        let members: Vec<Member<'_>> = node.members().collect();
        let order = order(node, &members, shape);
        for (index, slot) in members.iter().enumerate() {
            sorted.push_str(&text.slice(done..slot.range().start));
            let member = &members[order.as_ref().map_or(index, |order| order[index])];
            done = slot.range().end;
            let Some(value) = member.value() else {
                sorted.push_str(&text.slice(member.range()));
                continue;
            };
            sorted.push_str(&text.slice(member.range().start..value.range().start));
            steps.push(Step::Key(member.name().into_owned()));
            write_sorted(snapshot, value, steps, sorted);
            steps.pop();
        }
    }
    sorted.push_str(&text.slice(done..node.range().end));
}

/// A variable for the expression in the range, or for each free one where the range is in the list of variables.
pub fn add_variables(snapshot: &Snapshot, range: &Range<usize>) -> Vec<CodeAction> {
    let model = snapshot.model();
    let list = Shape::spec().path(&["design_variables"]);
    let most = list.and_then(|list| list.max_items).unwrap_or(usize::MAX);
    if model.list(EntryKind::Variable).len() >= most {
        return Vec::new();
    }
    let touches = |other: &Range<usize>| other.start <= range.end && range.start <= other.end;
    let variables = model.home(EntryKind::Variable);
    let in_list = variables.is_some_and(|home| {
        let key = home.key.clone().unwrap_or(home.range.clone());
        touches(&(key.start..home.range.end))
    });
    let mut names = free_candidates(snapshot);
    if !in_list {
        let expressions = model.list(EntryKind::Expression).iter();
        let here: Vec<&str> = expressions
            .filter(|entry| touches(&entry.range()))
            .filter_map(|entry| entry.name())
            .collect();
        names.retain(|name| here.contains(&name.as_str()));
    }
    names.truncate(MOST);
    names
        .iter()
        .filter_map(|name| add_variable(snapshot, name))
        .collect()
}

fn add_variable(snapshot: &Snapshot, name: &str) -> Option<CodeAction> {
    let root = snapshot.parsed.root()?;
    let found = expression(&snapshot.parsed, name)?;
    let variable = variable(snapshot, found, name);
    let edit = match root.get("design_variables") {
        Some(list) => append(snapshot, list, &variable)?,
        None => insert_members(
            &snapshot.parsed,
            root,
            Shape::spec(),
            &[("design_variables".to_owned(), json!([variable]))],
        )?,
    };
    let title = format!("Add a variable for `{name}`");
    Some(CodeAction {
        kind: Some(ADD_VARIABLE),
        ..change(snapshot, title, CodeActionKind::REFACTOR, &[edit])
    })
}

/// Bounds half the value to both sides: wide enough to be seen, for the engineer to narrow.
fn variable(snapshot: &Snapshot, expression: Node<'_>, name: &str) -> Value {
    let value = number(expression, "value").filter(|value| value.is_finite());
    let half = value.map_or(0.0, |value| value.abs() / 2.0);
    let (min, max) = match value {
        Some(value) if half > 0.0 => (tidy(value - half), tidy(value + half)),
        _ => (0.0, 1.0),
    };
    let mut variable = Map::new();
    let id = free_id(snapshot, EntryKind::Variable);
    variable.insert("id".into(), id.into());
    variable.insert("name".into(), name.replace('_', " ").into());
    variable.insert("expression_name".into(), name.into());
    variable.insert("type".into(), "continuous".into());
    variable.insert("bounds".into(), json!({"min": min, "max": max}));
    if let Some(baseline) = expression.get("value").filter(|_| half > 0.0) {
        variable.insert("baseline".into(), baseline.to_value());
    }
    if let Some(units) = string(expression, "units") {
        variable.insert("units".into(), units.into());
    }
    Value::Object(variable)
}

/// With six digits that say something; not beyond the largest number.
fn tidy(number: f64) -> f64 {
    let short = format!("{number:.5e}").parse().unwrap_or(number);
    short.clamp(f64::MIN, f64::MAX)
}

/// Puts an element behind the last of a list, laid out as that one is.
fn append(snapshot: &Snapshot, list: Node<'_>, element: &Value) -> Option<Edit> {
    if list.kind() != Kind::Array || !list.is_intact() {
        return None;
    }
    let text = snapshot.text();
    let Some(last) = list.elements().last() else {
        let newline = newline_of(&text.to_string());
        let outer = indent_of(snapshot, list.range().start);
        let unit = unit(snapshot);
        let inner = format!("{newline}{outer}{unit}");
        let written = pretty(element, &unit, &inner)?;
        return Some(Edit {
            range: list.range().start + 1..list.range().end - 1,
            insert: format!("{inner}{written}{newline}{outer}"),
        });
    };
    let end = last.range().end;
    let before = text.slice(list.range().start + 1..last.range().start);
    let insert = match before.rfind(['\n', '\r']) {
        Some(_) => {
            let newline = newline_of(&text.to_string());
            let indent = indent_of(snapshot, last.range().start);
            let lead = format!("{newline}{indent}");
            format!(",{lead}{}", pretty(element, &unit(snapshot), &lead)?)
        }
        None => format!(", {}", one_line(element)),
    };
    Some(Edit {
        range: end..end,
        insert,
    })
}

fn pretty(value: &Value, unit: &str, lead: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(unit.as_bytes());
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    value.serialize(&mut writer).ok()?;
    Some(String::from_utf8(bytes).ok()?.replace('\n', lead))
}

/// The blanks that the line of an offset begins with.
fn indent_of(snapshot: &Snapshot, offset: usize) -> String {
    let mut start = snapshot.position(offset);
    start.character = 0;
    let start = snapshot.offset(start);
    let line = snapshot.text().slice(start..offset);
    line.chars()
        .take_while(|c| matches!(c, ' ' | '\t'))
        .collect()
}

/// One level of indentation.
fn unit(snapshot: &Snapshot) -> String {
    let root = snapshot.parsed.root();
    let first = root.and_then(|root| root.members().next());
    let unit = first.map(|member| indent_of(snapshot, member.range().start));
    unit.filter(|unit| !unit.is_empty())
        .unwrap_or_else(|| "  ".into())
}
