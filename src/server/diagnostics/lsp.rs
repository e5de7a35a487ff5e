//! Findings as LSP has them.

use std::{
    hash::{Hash, Hasher},
    sync::LazyLock,
};

use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    Location, NumberOrString, Url,
};

use crate::{
    spec::checks::{Finding, Severity, Tag},
    text::{Encoding, Text},
};

/// Where each check is explained; `#<code>` follows. An address on the web, since a client need not share our disk.
static CHECKS: LazyLock<Option<Url>> = LazyLock::new(|| {
    let address = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/checks.md");
    Url::parse(address).ok()
});

/// The same for the same diagnostics, whatever the version (LSP "Pull Diagnostics").
pub fn result_id(diagnostics: &[Diagnostic]) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    serde_json::to_string(diagnostics)
        .unwrap_or_default()
        .hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Findings as LSP wants them.
pub fn to_lsp(findings: &[Finding], text: &Text, uri: &Url, encoding: Encoding) -> Vec<Diagnostic> {
    findings
        .iter()
        .map(|finding| diagnostic(finding, text, uri, encoding))
        .collect()
}

fn diagnostic(finding: &Finding, text: &Text, uri: &Url, encoding: Encoding) -> Diagnostic {
    let code = finding.code.name();
    let related = finding
        .related
        .iter()
        .map(|related| DiagnosticRelatedInformation {
            location: Location {
                uri: uri.clone(),
                range: text.range(related.range.clone(), encoding),
            },
            message: related.message.clone(),
        });
    let related: Vec<_> = related.collect();
    let tags: Vec<_> = finding
        .tags
        .iter()
        .map(|Tag::Unnecessary| DiagnosticTag::UNNECESSARY)
        .collect();
    Diagnostic {
        range: text.range(finding.range.clone(), encoding),
        severity: Some(severity(finding.severity)),
        code: Some(NumberOrString::String(code.into())),
        code_description: CHECKS.clone().map(|mut href| {
            href.set_fragment(Some(code));
            CodeDescription { href }
        }),
        source: Some("atomizer".into()),
        message: finding.message.clone(),
        related_information: (!related.is_empty()).then_some(related),
        tags: (!tags.is_empty()).then_some(tags),
        data: None,
    }
}

fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Information => DiagnosticSeverity::INFORMATION,
        Severity::Hint => DiagnosticSeverity::HINT,
    }
}
