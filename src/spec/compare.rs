//! Values of two texts held side by side: equal or not, and which entry belongs to which.

use std::{borrow::Cow, collections::HashMap, fmt::Write};

use super::syntax::{Kind, Member, Node};

/// Nesting beyond which values are compared as they are written.
pub(super) const DEPTH: usize = 128;

/// The same value: objects by key, numbers by value. In nesting deeper than serde_json reads, the same text.
pub(super) fn equal(a: Node<'_>, b: Node<'_>) -> bool {
    equal_within(a, b, DEPTH)
}

/// The same value, or neither there.
pub(super) fn same(a: Option<Node<'_>>, b: Option<Node<'_>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => equal(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn equal_within(a: Node<'_>, b: Node<'_>, depth: usize) -> bool {
    if a.green_id() == b.green_id() || (a.range().len() == b.range().len() && a.raw() == b.raw()) {
        return true;
    }
    if a.kind() != b.kind() || depth == 0 {
        return false;
    }
    match a.kind() {
        Kind::Object => {
            let (a, b) = (members(a), members(b));
            a.len() == b.len()
                && a.iter().all(|(name, a)| {
                    let values = b.get(name).map(|b| (a.value(), b.value()));
                    matches!(values, Some((Some(a), Some(b))) if equal_within(a, b, depth - 1))
                })
        }
        Kind::Array => {
            let (mut a, mut b) = (a.elements(), b.elements());
            loop {
                match (a.next(), b.next()) {
                    (Some(a), Some(b)) if equal_within(a, b, depth - 1) => {}
                    (a, b) => return a.is_none() && b.is_none(),
                }
            }
        }
        Kind::String => a.as_str() == b.as_str(),
        Kind::Number => number(a) == number(b),
        _ => false,
    }
}

/// A number so that equal ones have equal texts.
fn number(node: Node<'_>) -> String {
    match node.as_number() {
        // Whole numbers that a double holds exactly are the same with and without a fraction.
        Some(number) => match number.as_f64() {
            Some(double) if double.fract() == 0.0 && double.abs() < 9e15 => {
                format!("{double:.0}").replace("-0", "0")
            }
            Some(_) if number.is_i64() || number.is_u64() => number.to_string(),
            Some(double) => double.to_string(),
            None => number.to_string(),
        },
        None => node.raw().into_owned(),
    }
}

/// The members of an object by name; of several of one name the last.
pub(super) fn members<'a>(object: Node<'a>) -> HashMap<Cow<'a, str>, Member<'a>> {
    object
        .members()
        .map(|member| (member.name(), member))
        .collect()
}

/// A value on one line, so that equal ones give equal texts.
pub(super) fn canonical(node: Node<'_>) -> String {
    let mut out = String::new();
    write_canonical(&mut out, node, DEPTH);
    out
}

fn write_canonical(out: &mut String, node: Node<'_>, depth: usize) {
    match node.kind() {
        Kind::Object if depth > 0 => {
            let mut sorted: Vec<_> = members(node).into_iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
            out.push('{');
            for (name, member) in sorted {
                let _ = write!(out, "{name:?}:");
                if let Some(value) = member.value() {
                    write_canonical(out, value, depth - 1);
                }
                out.push(',');
            }
            out.push('}');
        }
        Kind::Array if depth > 0 => {
            out.push('[');
            for element in node.elements() {
                write_canonical(out, element, depth - 1);
                out.push(',');
            }
            out.push(']');
        }
        Kind::String => {
            let _ = write!(out, "{:?}", node.as_str().unwrap_or_default());
        }
        Kind::Number => out.push_str(&number(node)),
        _ => {
            let _ = write!(out, "{:?}", node.raw());
        }
    }
}

/// The elements of an array by their `id`, in order; none if one has none or two have the same.
pub(super) fn by_id<'a>(array: Node<'a>) -> Option<Vec<(String, Node<'a>)>> {
    let mut seen = std::collections::HashSet::new();
    array
        .elements()
        .map(|element| {
            let id = element
                .get("id")
                .filter(|id| matches!(id.kind(), Kind::String | Kind::Number))?;
            let id = canonical(id);
            seen.insert(id.clone()).then_some((id, element))
        })
        .collect()
}
