//! The search: is there something to vary and to want, and can the algorithm do it?

use super::{Severity, edits, shape::quoted, view::SpecView, walk::Out};
use crate::spec::{
    model::{Detail, Entry, EntryKind, Model, VariableKind},
    syntax::{Kind, Node},
};

/// Trials for each variable that a search should have.
const TRIALS_PER_VARIABLE: usize = 10;

pub(super) fn no_enabled_variable(spec: &SpecView<'_>, out: &mut Out) {
    none_enabled(
        spec,
        EntryKind::Variable,
        "no design variable is enabled: there is nothing to vary",
        out,
    );
}

pub(super) fn no_enabled_objective(spec: &SpecView<'_>, out: &mut Out) {
    none_enabled(
        spec,
        EntryKind::Objective,
        "no objective is enabled: there is nothing to want",
        out,
    );
}

fn none_enabled(spec: &SpecView<'_>, kind: EntryKind, message: &str, out: &mut Out) {
    let Some(home) = spec.model.home(kind).filter(|home| home.intact) else {
        return;
    };
    if enabled(spec, kind).next().is_some() {
        return;
    }
    let raw = out.report(
        home.key.clone().unwrap_or(home.range.clone()),
        home.pointer.clone(),
        message,
    );
    if spec.draft {
        raw.finding.severity = Severity::Hint;
    }
}

/// The algorithm to begin with: one that takes as many objectives as are enabled.
#[must_use]
pub fn fitting_algorithm(model: &Model) -> &'static str {
    let objectives = model.list(EntryKind::Objective).iter();
    match objectives.filter(|entry| entry.enabled()).count() {
        0 | 1 => "TPE",
        _ => "NSGA-II",
    }
}

pub(super) fn enabled<'a>(
    spec: &SpecView<'a>,
    kind: EntryKind,
) -> impl Iterator<Item = &'a Entry> + use<'a> {
    spec.model.list(kind).iter().filter(|entry| entry.enabled())
}

pub(super) fn zero_weight(spec: &SpecView<'_>, out: &mut Out) {
    for objective in enabled(spec, EntryKind::Objective) {
        let Detail::Objective {
            weight: Some(weight),
        } = objective.facts.detail()
        else {
            continue;
        };
        if weight.value == 0.0 {
            let message =
                "an objective of weight 0 counts nothing; give it a weight, or disable it";
            out.report(
                objective.place(&weight.at),
                spec.pointer(objective, "/weight"),
                message,
            );
        }
    }
}

/// `optimization.algorithm.type`, if it is a string.
fn algorithm<'a>(spec: &SpecView<'a>) -> Option<(Node<'a>, String)> {
    let node = spec.get(&["optimization", "algorithm", "type"])?;
    Some((
        node,
        node.as_str().filter(|_| node.is_intact())?.into_owned(),
    ))
}

/// Algorithms that minimise one, weighted objective.
const SINGLE_OBJECTIVE: [&str; 4] = ["TPE", "CMA-ES", "GP-BO", "SAT_v3"];

const ALGORITHM: &str = "/optimization/algorithm/type";

pub(super) fn algorithm_objective_mismatch(spec: &SpecView<'_>, out: &mut Out) {
    let Some((node, name)) =
        algorithm(spec).filter(|(_, name)| SINGLE_OBJECTIVE.contains(&name.as_str()))
    else {
        return;
    };
    if !spec.model.is_whole(EntryKind::Objective) {
        return;
    }
    let mut objectives = enabled(spec, EntryKind::Objective);
    let (Some(_), Some(second)) = (objectives.next(), objectives.next()) else {
        return;
    };
    let count = 2 + objectives.count();
    let message = format!(
        "{name} minimises one objective, but {count} are enabled; NSGA-II and RandomSearch take several"
    );
    let raw = out.report(node.range(), ALGORITHM.into(), message);
    raw.related(place_of(second), "the second objective")
        .change_to(edits::string("NSGA-II"), false);
}

/// Where to point for an entry: at its id.
fn place_of(entry: &Entry) -> std::ops::Range<usize> {
    entry
        .facts
        .id
        .as_ref()
        .map_or(entry.start..entry.start + 1, |id| entry.place(&id.at))
}

pub(super) fn algorithm_variable_mismatch(spec: &SpecView<'_>, out: &mut Out) {
    let Some((node, name)) = algorithm(spec).filter(|(_, name)| name == "CMA-ES") else {
        return;
    };
    let is_categorical = |entry: &&Entry| {
        matches!(
            entry.facts.detail(),
            Detail::Variable {
                kind: Some(VariableKind::Categorical),
                ..
            }
        )
    };
    let Some(variable) = enabled(spec, EntryKind::Variable).find(is_categorical) else {
        return;
    };
    let called = variable.name().or(variable.id()).unwrap_or("a variable");
    let message = format!("{name} cannot search over categorical variables, but “{called}” is one");
    let place = match variable.facts.detail() {
        Detail::Variable {
            kind_at: Some(at), ..
        } => variable.place(at),
        _ => place_of(variable),
    };
    out.report(node.range(), ALGORITHM.into(), message)
        .related(place, "the categorical variable");
}

/// A number of trials, if it is one.
fn number<'a>(spec: &SpecView<'a>, keys: &[&str]) -> Option<(Node<'a>, f64)> {
    let node = spec
        .get(keys)
        .filter(|node| node.kind() == Kind::Number && node.is_intact())?;
    Some((node, node.as_f64()?))
}

const MAX_TRIALS: [&str; 3] = ["optimization", "budget", "max_trials"];

pub(super) fn low_budget(spec: &SpecView<'_>, out: &mut Out) {
    let Some((node, trials)) = number(spec, &MAX_TRIALS) else {
        return;
    };
    let variables = enabled(spec, EntryKind::Variable).count();
    let wanted = TRIALS_PER_VARIABLE * variables;
    if trials < wanted as f64 && spec.model.is_whole(EntryKind::Variable) {
        let message = format!(
            "{} {} few for {variables} enabled {}; {TRIALS_PER_VARIABLE} for each, {wanted} in all, is a rule of thumb",
            quoted(node),
            if trials == 1.0 {
                "trial is"
            } else {
                "trials are"
            },
            if variables == 1 {
                "variable"
            } else {
                "variables"
            },
        );
        out.report(
            node.range(),
            "/optimization/budget/max_trials".into(),
            message,
        );
    }
}

pub(super) fn startup_exceeds_budget(spec: &SpecView<'_>, out: &mut Out) {
    let Some((budget, trials)) = number(spec, &MAX_TRIALS) else {
        return;
    };
    for (key, effect) in [
        ("n_startup_trials", "the algorithm never begins to learn"),
        ("population_size", "there is no second generation"),
    ] {
        let Some((node, value)) = number(spec, &["optimization", "algorithm", "config", key])
        else {
            continue;
        };
        if value >= trials {
            let message = format!(
                "`{key}` {} is not below `max_trials` {}: {effect}",
                quoted(node),
                quoted(budget)
            );
            out.report(
                node.range(),
                format!("/optimization/algorithm/config/{key}"),
                message,
            )
            .related(budget.range(), "`max_trials`");
        }
    }
}
