//! The gates that a study passes on its way to a run.

use super::{Code, Finding, Severity};
use crate::spec::syntax::{Kind, Node, Parsed};

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
/// what a draft still lacks. What is not there, or cannot be read, passes no gate.
#[must_use]
pub fn gates(parsed: &Parsed, findings: &[Finding]) -> Vec<Gate> {
    let root = parsed.root().filter(|root| root.kind() == Kind::Object);
    let is_readable = root.is_some_and(|root| root.is_balanced());
    let gate = |kind: GateKind| {
        let own = findings
            .iter()
            .filter(|finding| gate_of(finding) == Some(kind));
        let mut reasons: Vec<String> = own.map(reason).collect();
        if is_readable {
            // What a draft lacks, or what is of no use, has been said.
            let is_said = kind == GateKind::Search && !reasons.is_empty();
            reasons.extend(lacks(parsed, kind).into_iter().filter(|_| !is_said));
        } else if !matches!(kind, GateKind::Format | GateKind::Ready) {
            reasons.push("the text cannot be read as a spec".to_owned());
        }
        Gate {
            name: kind.name(),
            passed: reasons.is_empty(),
            reasons,
        }
    };
    let mut gates: Vec<Gate> = GateKind::ALL.into_iter().map(gate).collect();
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

/// What a gate looks at and does not find.
fn lacks(parsed: &Parsed, kind: GateKind) -> Vec<String> {
    let text = |node: Node<'_>| node.as_str().is_some_and(|text| !text.is_empty());
    let filled = |node: Node<'_>| node.kind() == Kind::Array && !node.is_empty();
    let positive = |node: Node<'_>| node.as_f64().is_some_and(|value| value >= 1.0);
    let wanted: &[Wanted<'_>] = match kind {
        GateKind::Model => &[("/model/sim/path", &text, "no simulation file is named yet")],
        GateKind::Search => &[
            ("/design_variables", &filled, "there is no variable yet"),
            ("/objectives", &filled, "there is no objective yet"),
            (
                "/optimization/algorithm/type",
                &text,
                "no algorithm is chosen yet",
            ),
            (
                "/optimization/budget/max_trials",
                &positive,
                "there is no trial to run",
            ),
        ],
        GateKind::Format | GateKind::References | GateKind::Ready => &[],
    };
    let is_there = |pointer: &str, is_given: &dyn Fn(Node<'_>) -> bool| {
        parsed.node_at_pointer(pointer).is_some_and(is_given)
    };
    wanted
        .iter()
        .filter(|(pointer, is_given, _)| !is_there(pointer, is_given))
        .map(|(pointer, _, words)| format!("{pointer}: {words}"))
        .collect()
}

/// JSON pointer of what a gate looks at, what it must be, and what is said where it is not.
type Wanted<'w> = (&'w str, &'w dyn Fn(Node<'_>) -> bool, &'w str);

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
