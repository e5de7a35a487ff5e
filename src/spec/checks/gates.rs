//! The gates that a study passes on its way to a run.

use super::{Code, Finding, Severity};

/// A gate, in the order in which they are passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// JSON, keys, types and values.
    Format,
    /// Ids and what refers to them.
    References,
    /// The model's files are there, and the ones that the study was set up on.
    Model,
    /// Variables, objectives, algorithm, budget.
    Search,
    /// All of them.
    Ready,
}

impl Gate {
    /// All, in order.
    pub const ALL: [Self; 5] = [
        Self::Format,
        Self::References,
        Self::Model,
        Self::Search,
        Self::Ready,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::References => "references",
            Self::Model => "model",
            Self::Search => "search",
            Self::Ready => "ready",
        }
    }
}

/// Whether a study passes a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateResult {
    /// Which gate.
    pub gate: Gate,
    /// It does.
    pub passed: bool,
    /// What keeps it from it.
    pub reasons: Vec<String>,
}

/// The gates of a study with these findings.
///
/// Errors close a gate; so does, for `model`, a file that is missing or has changed, and for `search`, what a draft still lacks.
#[must_use]
pub fn gates(findings: &[Finding]) -> Vec<GateResult> {
    let mut results: Vec<GateResult> = Gate::ALL
        .into_iter()
        .map(|gate| {
            let own = findings
                .iter()
                .filter(|finding| gate_of(finding) == Some(gate));
            let reasons: Vec<String> = own.map(|finding| reason(finding)).collect();
            GateResult {
                gate,
                passed: reasons.is_empty(),
                reasons,
            }
        })
        .collect();
    let closed: Vec<String> = results
        .iter()
        .filter(|result| !result.passed)
        .map(|result| format!("the gate `{}` is closed", result.gate.name()))
        .collect();
    if let Some(ready) = results.last_mut() {
        ready.passed = closed.is_empty();
        ready.reasons = closed;
    }
    results
}

fn reason(finding: &Finding) -> String {
    if finding.pointer.is_empty() {
        finding.message.clone()
    } else {
        format!("{}: {}", finding.pointer, finding.message)
    }
}

/// The gate that a finding closes, if any.
fn gate_of(finding: &Finding) -> Option<Gate> {
    let gate = finding.code.row().gate;
    let still_to_do = matches!(
        finding.code,
        Code::MissingProperty
            | Code::OutOfRange
            | Code::NoEnabledVariable
            | Code::NoEnabledObjective
    );
    match finding.severity {
        Severity::Error => Some(gate),
        Severity::Hint if still_to_do => Some(Gate::Search),
        _ if gate == Gate::Model => Some(gate),
        _ => None,
    }
}
