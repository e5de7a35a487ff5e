//! The gates that a study passes on its way to a run.

use super::{Code, Finding, Severity};
use crate::spec::syntax::Parsed;

/// A gate, in the order in which they are passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateKind {
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

impl GateKind {
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
pub struct Gate {
    /// Which gate.
    pub name: &'static str,
    /// It does.
    pub passed: bool,
    /// What keeps it from it.
    pub reasons: Vec<String>,
}

/// The gates of a study with these findings.
///
/// Errors close a gate; so does, for `model`, a file that is missing or has changed or is not named yet, and for `search`,
/// what a draft still lacks.
#[must_use]
pub fn gates(parsed: &Parsed, findings: &[Finding]) -> Vec<Gate> {
    let mut gates: Vec<Gate> = GateKind::ALL
        .into_iter()
        .map(|kind| {
            let own = findings
                .iter()
                .filter(|finding| gate_of(finding) == Some(kind));
            let mut reasons: Vec<String> = own.map(reason).collect();
            if kind == GateKind::Model
                && parsed
                    .node_at_pointer(SIM)
                    .is_some_and(|path| path.as_str().as_deref() == Some(""))
            {
                reasons.push(format!("{SIM}: no simulation file is named yet"));
            }
            Gate {
                name: kind.name(),
                passed: reasons.is_empty(),
                reasons,
            }
        })
        .collect();
    let closed: Vec<String> = gates
        .iter()
        .filter(|gate| !gate.passed)
        .map(|gate| format!("the gate `{}` is closed", gate.name))
        .collect();
    if let Some(ready) = gates.last_mut() {
        ready.passed = closed.is_empty();
        ready.reasons = closed;
    }
    gates
}

const SIM: &str = "/model/sim/path";

fn reason(finding: &Finding) -> String {
    if finding.pointer.is_empty() {
        finding.message.clone()
    } else {
        format!("{}: {}", finding.pointer, finding.message)
    }
}

/// The gate that a finding closes, if any.
fn gate_of(finding: &Finding) -> Option<GateKind> {
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
        Severity::Hint if still_to_do => Some(GateKind::Search),
        _ if gate == GateKind::Model => Some(gate),
        _ => None,
    }
}
