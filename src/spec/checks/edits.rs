//! Changes of the text that keep its style: a member put in where the format has it, an element taken out with its comma.

use serde::Serialize;
use serde_json::{Value, ser::PrettyFormatter};

use crate::{
    spec::{
        format::Shape,
        syntax::{Kind, Node, Parsed},
    },
    text::Edit,
};

/// A string as JSON writes it.
pub(super) fn string(text: &str) -> String {
    Value::from(text).to_string()
}

/// Takes an element out of a list, with the comma and the blanks that belong to it.
pub(super) fn remove_element(parsed: &Parsed, list: Node<'_>, index: usize) -> Option<Edit> {
    if list.kind() != Kind::Array || !list.is_intact() {
        return None;
    }
    let element = list.element(index)?.range();
    let previous = index
        .checked_sub(1)
        .and_then(|index| list.element(index))
        .map(|node| node.range().end);
    let next = list.element(index + 1).map(|node| node.range().start);
    let range = match (previous, next) {
        (_, Some(next)) => element.start..next,
        (Some(previous), None) => previous..element.end,
        (None, None) => list.range().start + 1..list.range().end - 1,
    };
    debug_assert!(range.end <= parsed.text().len());
    Some(Edit {
        range,
        insert: String::new(),
    })
}

/// Puts members into an object: each behind those that the format has before it, written as its neighbours are.
#[must_use]
pub fn insert_members(
    parsed: &Parsed,
    object: Node<'_>,
    shape: &Shape,
    members: &[(String, Value)],
) -> Option<Edit> {
    if object.kind() != Kind::Object || !object.is_intact() {
        return None;
    }
    let (first_key, _) = members.first()?;
    let layout = Layout::of(parsed, object);
    let written: Vec<String> = members
        .iter()
        .map(|(key, value)| layout.member(key, value))
        .collect();
    let Some(first) = object.members().next() else {
        let range = object.range().start + 1..object.range().end - 1;
        return Some(Edit {
            range,
            insert: layout.alone(&written),
        });
    };
    let rank = |key: &str| {
        shape
            .properties
            .iter()
            .position(|property| property.name == key)
            .unwrap_or(usize::MAX)
    };
    let own = rank(first_key);
    let before = object
        .members()
        .filter(|member| rank(&member.name()) <= own)
        .last();
    let separator = format!(",{}", layout.lead);
    Some(match before {
        Some(before) => {
            let end = before.range().end;
            Edit {
                range: end..end,
                insert: format!("{separator}{}", written.join(&separator)),
            }
        }
        None => {
            let start = first.range().start;
            Edit {
                range: start..start,
                insert: format!("{}{separator}", written.join(&separator)),
            }
        }
    })
}

/// How an object is laid out.
struct Layout {
    /// What stands before each member: a line break and its indentation, or a blank.
    lead: String,
    /// One level of indentation; none where members stand in one line.
    indent: Option<String>,
    /// What stands before the closing brace of an object that has been empty.
    close: String,
}

impl Layout {
    fn of(parsed: &Parsed, object: Node<'_>) -> Self {
        let text = parsed.text();
        let lead_of = |node: Node<'_>| {
            let first = node.members().next()?;
            let lead = text
                .slice(node.range().start + 1..first.range().start)
                .into_owned();
            lead.contains('\n').then_some(lead)
        };
        let unit = parsed
            .root()
            .and_then(lead_of)
            .map(|lead| lead.trim_start_matches(['\r', '\n']).to_owned());
        let is_empty = object.members().next().is_none();
        let one_line = Self {
            lead: " ".to_owned(),
            indent: None,
            close: String::new(),
        };
        if !is_empty {
            return match lead_of(object) {
                // Blank lines between members are not repeated.
                Some(lead) => Self {
                    lead: last_break(&lead).to_owned(),
                    indent: Some(unit.unwrap_or_else(|| "  ".into())),
                    close: String::new(),
                },
                None => one_line,
            };
        }
        let Some(unit) = unit else { return one_line };
        let before = text.slice(0..object.range().start);
        let line = before
            .rfind('\n')
            .map_or(&*before, |end| &before[end + 1..]);
        let indent: String = line
            .chars()
            .take_while(|c| matches!(c, ' ' | '\t'))
            .collect();
        let end = if before.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        Self {
            lead: format!("{end}{indent}{unit}"),
            indent: Some(unit),
            close: format!("{end}{indent}"),
        }
    }

    fn member(&self, key: &str, value: &Value) -> String {
        format!("{}: {}", string(key), self.value(value))
    }

    /// The members of an object that had none.
    fn alone(&self, members: &[String]) -> String {
        match self.indent {
            Some(_) => format!(
                "{}{}{}",
                self.lead,
                members.join(&format!(",{}", self.lead)),
                self.close
            ),
            None => members.join(", "),
        }
    }

    fn value(&self, value: &Value) -> String {
        let Some(indent) = &self.indent else {
            return one_line(value);
        };
        let mut bytes = Vec::new();
        let mut writer = serde_json::Serializer::with_formatter(
            &mut bytes,
            PrettyFormatter::with_indent(indent.as_bytes()),
        );
        match value.serialize(&mut writer) {
            Ok(()) => String::from_utf8_lossy(&bytes).replace('\n', &self.lead),
            Err(_) => value.to_string(),
        }
    }
}

/// From the last line break on.
fn last_break(lead: &str) -> &str {
    let at = lead.rfind('\n').unwrap_or(0);
    if lead[..at].ends_with('\r') {
        &lead[at - 1..]
    } else {
        &lead[at..]
    }
}

/// JSON in one line, with a blank behind each comma and colon.
#[must_use]
pub fn one_line(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let members: Vec<String> = object
                .iter()
                .map(|(key, value)| format!("{}: {}", string(key), one_line(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(array) => format!(
            "[{}]",
            array.iter().map(one_line).collect::<Vec<_>>().join(", ")
        ),
        scalar => scalar.to_string(),
    }
}
