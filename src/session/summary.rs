//! A spec in short: what varies, what is wanted, what limits, what is wrong.

use std::path::Path;

use serde_json::Value;

use crate::{
    spec::{
        checks::{Finding, Severity},
        syntax::Parsed,
    },
    study::{Inspector, Severities},
    text::{Encoding, Text},
};

/// Findings beyond this many are only counted: nobody reads them, and a broken file has one for each entry.
const MOST: usize = 200;

/// A spec in short.
pub(super) struct Summary {
    /// One line for each entry, as Claude is told.
    pub text: String,
    /// One line for each error.
    pub errors: Vec<String>,
    /// Errors and warnings, one line each, for a person.
    pub problems: Vec<String>,
    /// The same as `text`, as Markdown tables.
    pub table: String,
}

impl Summary {
    /// Of a spec's text; `path` is where it lies.
    pub(super) fn of(text: &str, path: Option<&Path>) -> Self {
        let spec: Value =
            serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_default();
        let parsed = Parsed::new(Text::from(text));
        let findings = Inspector::default().check(&parsed, path, &Severities::default());
        let said = |finding: &Finding| {
            let position = parsed.text().position(finding.range.start, Encoding::Utf8);
            format!("line {}: {}", position.line + 1, finding.message)
        };
        let with = |severity| findings.iter().filter(move |it| it.severity == severity);
        let errors = shortened(with(Severity::Error), said);
        let marked = findings
            .iter()
            .filter_map(|finding| match finding.severity {
                Severity::Error => Some(("error", finding)),
                Severity::Warning => Some(("warning", finding)),
                _ => None,
            });
        let problems = shortened(marked, |(word, finding)| {
            format!("{word}, {}", said(finding))
        });
        let rows = rows(&spec);
        let text = rows
            .iter()
            .map(|row| row.plain())
            .collect::<Vec<_>>()
            .join("\n");
        Self {
            text,
            errors,
            problems,
            table: table(&rows),
        }
    }
}

/// The first of many, as lines, and how many more there are.
fn shortened<T>(all: impl Iterator<Item = T>, line: impl Fn(T) -> String) -> Vec<String> {
    let mut all = all.peekable();
    let mut lines: Vec<String> = all.by_ref().take(MOST).map(line).collect();
    if all.peek().is_some() {
        lines.push(format!("… and {} more", all.count()));
    }
    lines
}

/// One entry of the spec.
struct Row {
    kind: &'static str,
    id: String,
    name: String,
    what: String,
}

impl Row {
    fn plain(&self) -> String {
        format!("{} {} {}: {}", self.kind, self.id, self.name, self.what)
    }
}

fn rows(spec: &Value) -> Vec<Row> {
    type Kind = (&'static str, &'static str, fn(&Value) -> String);
    let kinds: [Kind; 4] = [
        ("design_variables", "variable", variable),
        ("extractors", "extractor", extractor),
        ("objectives", "objective", objective),
        ("constraints", "constraint", constraint),
    ];
    let mut rows = Vec::new();
    for (list, kind, what) in kinds {
        for entry in spec
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let off = if entry.get("enabled") == Some(&Value::Bool(false)) {
                " (disabled)"
            } else {
                ""
            };
            let what = format!("{}{off}", what(entry).trim());
            rows.push(Row {
                kind,
                id: word(entry, "/id"),
                name: word(entry, "/name"),
                what,
            });
        }
    }
    rows
}

fn variable(entry: &Value) -> String {
    let range = match entry.get("choices") {
        Some(choices) => choices.to_string(),
        None => format!(
            "{} … {}",
            word(entry, "/bounds/min"),
            word(entry, "/bounds/max")
        ),
    };
    format!(
        "{range} {}, baseline {}",
        word(entry, "/units"),
        word(entry, "/baseline")
    )
}

fn extractor(entry: &Value) -> String {
    let outputs = entry
        .get("outputs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let names: Vec<String> = outputs.map(|output| word(output, "/name")).collect();
    format!("{}: {}", word(entry, "/type"), names.join(", "))
}

fn objective(entry: &Value) -> String {
    format!("{} {}", word(entry, "/direction"), source(entry))
}

fn constraint(entry: &Value) -> String {
    let (operator, threshold) = (word(entry, "/operator"), word(entry, "/threshold"));
    format!(
        "{} {operator} {threshold} {}",
        source(entry),
        word(entry, "/units")
    )
}

fn source(entry: &Value) -> String {
    format!(
        "{}.{}",
        word(entry, "/source/extractor_id"),
        word(entry, "/source/output_name")
    )
}

/// A value in short; `?` where there is none.
fn word(entry: &Value, pointer: &str) -> String {
    match entry.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None if pointer == "/units" => String::new(),
        None => "?".into(),
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = String::from("| | id | name | |\n|---|---|---|---|\n");
    for row in rows {
        let cells = [row.kind, &row.id, &row.name, &row.what]
            .map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        table.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_a_line_whatever_it_lacks() {
        let text = r#"{"design_variables": [
            {"id": "dv_001", "name": "web", "bounds": {"min": 2, "max": 12.5}, "units": "mm", "baseline": 4},
            {"id": "dv_002", "name": "bolt", "choices": ["M6", "M8"], "enabled": false}, 7],
            "constraints": [{"id": "con_001", "name": "stress | limit", "operator": "<=", "threshold": 200,
                "source": {"extractor_id": "ext_001", "output_name": "max"}}]}"#;
        let summary = Summary::of(text, None);
        let lines: Vec<&str> = summary.text.lines().collect();
        assert_eq!(lines[0], "variable dv_001 web: 2 … 12.5 mm, baseline 4");
        assert_eq!(
            lines[1],
            r#"variable dv_002 bolt: ["M6","M8"] , baseline ? (disabled)"#
        );
        assert_eq!(
            lines[3],
            "constraint con_001 stress | limit: ext_001.max <= 200"
        );
        assert!(summary.table.contains("stress \\| limit"));
    }

    #[test]
    fn of_many_errors_the_first_are_told_by_line_and_the_rest_counted() {
        let entries = vec!["{\"id\": \"bad\"}"; MOST + 50].join(",\n");
        let spec = format!("{{\"design_variables\": [\n{entries}]}}");
        let summary = Summary::of(&spec, None);
        assert_eq!(summary.errors.len(), MOST + 1);
        assert!(
            summary
                .errors
                .iter()
                .any(|error| error.starts_with("line 3: "))
        );
        let last = summary.errors.last().expect("a last one");
        assert!(
            last.starts_with("… and ") && last.ends_with(" more"),
            "{last}"
        );
    }

    #[test]
    fn what_is_no_json_has_an_empty_summary() {
        assert_eq!(Summary::of("{\"design_variables\": [", None).text, "");
    }
}
