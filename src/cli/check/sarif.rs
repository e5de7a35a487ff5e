//! `check --format sarif`: SARIF 2.1.0 (OASIS), as code hosts take it.

use std::ops::Range;

use serde_json::{Value, json};

use super::{Report, portable};
use crate::{
    spec::checks::{Check, Code, Finding, Severity, TABLE},
    text::{Encoding, Text},
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// All reports as one run.
pub fn document(reports: &[Report]) -> Value {
    let rules: Vec<_> = TABLE.iter().map(rule).collect();
    let results: Vec<_> = reports
        .iter()
        .flat_map(|report| {
            report
                .findings
                .iter()
                .map(move |finding| result(report, finding))
        })
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
}

fn rule(check: &Check) -> Value {
    json!({
        "id": check.code.name(),
        "shortDescription": {"text": check.title},
        "defaultConfiguration": {"level": level(check.severity)},
    })
}

fn result(report: &Report, finding: &Finding) -> Value {
    let location = |range: &Range<usize>| {
        json!({
            "artifactLocation": {"uri": uri(report)},
            "region": region(&report.text, range),
        })
    };
    let related: Vec<_> = finding
        .related
        .iter()
        .map(|related| json!({"physicalLocation": location(&related.range), "message": {"text": related.message}}))
        .collect();
    json!({
        "ruleId": finding.code.name(),
        "ruleIndex": Code::all().position(|code| code == finding.code),
        "level": level(finding.severity),
        "message": {"text": finding.message},
        "locations": [{
            "physicalLocation": location(&finding.range),
            "logicalLocations": [{"fullyQualifiedName": finding.pointer}],
        }],
        "relatedLocations": related,
    })
}

/// A relative path stays relative to the folder that the command ran in; an absolute one becomes a `file:` URI.
fn uri(report: &Report) -> String {
    if let Ok(uri) = url::Url::from_file_path(&report.path) {
        return uri.into();
    }
    let path = portable(&report.path);
    let escape = |segment: &str| {
        url::form_urlencoded::byte_serialize(segment.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    path.split('/').map(escape).collect::<Vec<_>>().join("/")
}

/// Lines and columns from 1; the end column is the one after the last.
fn region(text: &Text, range: &Range<usize>) -> Value {
    let range = text.range(range.clone(), Encoding::Utf16);
    json!({
        "startLine": range.start.line + 1,
        "startColumn": range.start.character + 1,
        "endLine": range.end.line + 1,
        "endColumn": range.end.character + 1,
    })
}

/// SARIF knows three levels.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information | Severity::Hint => "note",
    }
}
