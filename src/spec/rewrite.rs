//! Changes of a valid JSON text that look as if its author had made them: what is put in follows the file's own
//! indentation, line ends and spacing, and what stays is not touched.

use std::fmt::Write;

use serde_json::Value;

use super::syntax::{Node, Parsed};
use crate::text::{Edit, Text};

/// Lines longer than this are no lines that anybody indented.
pub(super) const LONG_LINE: usize = 4096;

/// How a file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Style {
    /// What ends a line; `None`: the whole file is one line.
    eol: Option<&'static str>,
    /// One level of indentation.
    unit: String,
    /// Space after `:`, and after `,` within a line.
    space: &'static str,
}

impl Style {
    /// As the file's outermost object is written; two spaces where it tells nothing.
    pub(super) fn of(parsed: &Parsed) -> Self {
        let mut style = Self {
            eol: Some("\n"),
            unit: "  ".into(),
            space: " ",
        };
        let text = parsed.text();
        let first = parsed
            .root()
            .and_then(|root| Some((root, root.members().next()?)));
        let Some((root, member)) = first else {
            return style;
        };
        let start = member.key().range().start;
        style.eol = line_end(text, root.range().start + 1);
        if style.eol.is_some() {
            style.unit = indentation(text, start);
        }
        if let Some(value) = member.value() {
            let colon = text.slice(member.key().range().end..value.range().start);
            style.space = if colon.ends_with(':') { "" } else { " " };
        }
        style
    }

    /// Sets a member of an object: its value is replaced, or the member is put in behind those of `before` that are
    /// there (at the end when none is). `None` when it has that value already.
    pub(super) fn set_member(
        &self,
        text: &Text,
        object: Node<'_>,
        key: &str,
        value: &Value,
        before: &[&str],
    ) -> Option<Edit> {
        if let Some(member) = object.member(key) {
            let old = member.value()?;
            let indent = indentation(text, member.key().range().start);
            let like = if old.is_empty() { object } else { old };
            return (old.to_value() != *value).then(|| Edit {
                range: old.range(),
                insert: self.value(value, &indent, spans_lines(text, like)),
            });
        }
        let write = |indent: &str, lines| {
            let value = self.value(value, indent, lines);
            format!("{}:{}{value}", Value::from(key), self.space)
        };
        let anchor = object
            .members()
            .filter(|member| before.iter().any(|name| member.is_named(name)))
            .last()
            .or_else(|| object.members().last());
        let entries = anchor.map(|last| {
            let first = object.members().next().unwrap_or(last);
            (first.range().start, last.range().end)
        });
        Some(self.insert(text, object, entries, write))
    }

    /// Adds an element at the end of an array.
    pub(super) fn push_element(&self, text: &Text, array: Node<'_>, value: &Value) -> Edit {
        let entries = array.elements().next().map(|first| {
            let last = array.elements().last().unwrap_or(first);
            (first.range().start, last.range().end)
        });
        self.insert(text, array, entries, |indent, lines| {
            self.value(value, indent, lines)
        })
    }

    /// Puts an entry into a container; `entries`: where its first one begins and where the one before the new one ends.
    fn insert(
        &self,
        text: &Text,
        container: Node<'_>,
        entries: Option<(usize, usize)>,
        write: impl FnOnce(&str, bool) -> String,
    ) -> Edit {
        let range = container.range();
        if let Some((first, end)) = entries {
            let insert = match line_end(text, range.start + 1) {
                Some(eol) => {
                    let indent = indentation(text, first);
                    format!(",{eol}{indent}{}", write(&indent, true))
                }
                None => format!(",{}{}", self.space, write("", false)),
            };
            return Edit {
                range: end..end,
                insert,
            };
        }
        let insert = match self.eol {
            Some(eol) => {
                let outer = indentation(text, range.start);
                let indent = format!("{outer}{}", self.unit);
                format!("{eol}{indent}{}{eol}{outer}", write(&indent, true))
            }
            None => write("", false),
        };
        Edit {
            range: range.start + 1..range.end - 1,
            insert,
        }
    }

    /// A value as this file would have it, its first line not indented; `lines`: over several lines where it has parts.
    fn value(&self, value: &Value, indent: &str, lines: bool) -> String {
        let mut out = String::new();
        let eol = self.eol.filter(|_| lines);
        self.write(&mut out, value, indent, eol);
        out
    }

    fn write(&self, out: &mut String, value: &Value, indent: &str, eol: Option<&str>) {
        match value {
            Value::Array(items) if !items.is_empty() => {
                out.push('[');
                self.parts(out, items.iter().map(|item| (None, item)), indent, eol);
                out.push(']');
            }
            Value::Object(members) if !members.is_empty() => {
                let members = members
                    .iter()
                    .map(|(key, value)| (Some(key.as_str()), value));
                out.push('{');
                self.parts(out, members, indent, eol);
                out.push('}');
            }
            other => {
                let _ = write!(out, "{other}");
            }
        }
    }

    fn parts<'v>(
        &self,
        out: &mut String,
        parts: impl Iterator<Item = (Option<&'v str>, &'v Value)>,
        indent: &str,
        eol: Option<&str>,
    ) {
        let inner = format!("{indent}{}", self.unit);
        for (n, (key, value)) in parts.enumerate() {
            if n > 0 {
                out.push(',');
            }
            match eol {
                Some(eol) => out.extend([eol, &inner]),
                None if n > 0 => out.push_str(self.space),
                None => {}
            }
            if let Some(key) = key {
                let _ = write!(out, "{}:{}", Value::from(key), self.space);
            }
            self.write(out, value, &inner, eol);
        }
        if let Some(eol) = eol {
            out.extend([eol, indent]);
        }
    }
}

/// Removes the element at `index`, with the comma and space that belong to it.
pub(super) fn remove_element(array: Node<'_>, index: usize) -> Option<Edit> {
    let ranges: Vec<_> = array.elements().map(|element| element.range()).collect();
    remove_entry(array, &ranges, index)
}

/// Removes the member of this name, with the comma and space that belong to it; of several the last.
pub(super) fn remove_member(object: Node<'_>, name: &str) -> Option<Edit> {
    let index = object
        .members()
        .enumerate()
        .filter(|(_, member)| member.is_named(name))
        .last()?
        .0;
    let ranges: Vec<_> = object.members().map(|member| member.range()).collect();
    remove_entry(object, &ranges, index)
}

fn remove_entry(
    container: Node<'_>,
    entries: &[std::ops::Range<usize>],
    index: usize,
) -> Option<Edit> {
    let entry = entries.get(index)?;
    let range = match (index.checked_sub(1), entries.get(index + 1)) {
        (Some(before), _) => entries[before].end..entry.end,
        (None, Some(next)) => entry.start..next.start,
        (None, None) => container.range().start + 1..container.range().end - 1,
    };
    Some(Edit {
        range,
        insert: String::new(),
    })
}

/// The first line end in the space that begins at `offset`.
pub(super) fn line_end(text: &Text, offset: usize) -> Option<&'static str> {
    let mut at = offset;
    loop {
        match text.byte(at)? {
            b'\n' => return Some("\n"),
            b'\r' if text.byte(at + 1) == Some(b'\n') => return Some("\r\n"),
            b'\r' => return Some("\r"),
            b' ' | b'\t' => at += 1,
            _ => return None,
        }
    }
}

/// The space at the beginning of the line that holds `offset`.
pub(super) fn indentation(text: &Text, offset: usize) -> String {
    let before = text.slice(text.floor_char(offset.saturating_sub(LONG_LINE))..offset);
    match before.rfind(['\n', '\r']) {
        Some(end) => before[end + 1..]
            .chars()
            .take_while(|c| matches!(c, ' ' | '\t'))
            .collect(),
        None => String::new(),
    }
}

/// A container whose entries stand on lines of their own.
fn spans_lines(text: &Text, node: Node<'_>) -> bool {
    line_end(text, node.range().start + 1).is_some()
}
