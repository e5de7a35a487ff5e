//! `check --format json`.

use serde_json::{Value, json};

use super::{Report, Totals};
use crate::{spec::checks::Finding, text::Encoding};

/// All reports as one document. Positions are those of LSP: lines and UTF-16 units from 0.
pub fn document(reports: &[Report], totals: Totals) -> Value {
    let file = |report: &Report| {
        let diagnostics: Vec<_> = report
            .findings
            .iter()
            .map(|finding| diagnostic(report, finding))
            .collect();
        json!({"path": report.path.display().to_string(), "diagnostics": diagnostics})
    };
    json!({
        "files": reports.iter().map(file).collect::<Vec<_>>(),
        "errors": totals.errors,
        "warnings": totals.warnings,
    })
}

fn diagnostic(report: &Report, finding: &Finding) -> Value {
    let range = |range: &std::ops::Range<usize>| report.text.range(range.clone(), Encoding::Utf16);
    let related: Vec<_> = finding
        .related
        .iter()
        .map(|related| json!({"message": related.message, "range": range(&related.range)}))
        .collect();
    json!({
        "code": finding.code.name(),
        "severity": finding.severity.word(),
        "message": finding.message,
        "range": range(&finding.range),
        "pointer": finding.pointer,
        "related": related,
        "fixable": !finding.fixes.is_empty(),
    })
}
