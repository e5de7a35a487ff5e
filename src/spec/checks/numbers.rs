//! The numbers of one design variable: bounds, baseline, step, choices.

use std::borrow::Cow;

use super::{
    nearest,
    shape::quoted,
    walk::{EntryView, Out},
};
use crate::{
    spec::{
        model::VariableKind,
        syntax::{Kind, Member, Node},
    },
    text::Edit,
};

/// A number of the spec.
#[derive(Clone, Copy)]
pub(super) struct Num<'a> {
    pub value: f64,
    pub node: Node<'a>,
}

impl<'a> Num<'a> {
    fn of(node: Node<'a>) -> Option<Self> {
        let value = node
            .as_f64()
            .filter(|value| node.is_intact() && value.is_finite())?;
        Some(Self { value, node })
    }
}

/// The numbers of a variable, where they are numbers.
#[derive(Default)]
pub(super) struct Numbers<'a> {
    pub min: Option<Num<'a>>,
    pub max: Option<Num<'a>>,
    pub baseline: Option<Num<'a>>,
    pub step: Option<Num<'a>>,
}

impl<'a> Numbers<'a> {
    pub fn of(members: &[(Cow<'a, str>, Member<'a>)]) -> Self {
        let mut numbers = Self::default();
        for (name, member) in members {
            let Some(node) = member.value() else { continue };
            match &**name {
                "baseline" => numbers.baseline = Num::of(node),
                "step" => numbers.step = Num::of(node),
                "bounds" => {
                    for member in node.members() {
                        let value = member.value().and_then(Num::of);
                        match &*member.name() {
                            "min" => numbers.min = value,
                            "max" => numbers.max = value,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        numbers
    }

    /// The bounds, the lower first even where they stand the other way round.
    fn interval(&self) -> Option<(Num<'a>, Num<'a>)> {
        let (min, max) = (self.min?, self.max?);
        Some(if min.value <= max.value {
            (min, max)
        } else {
            (max, min)
        })
    }
}

pub(super) fn bounds_inverted(view: &EntryView<'_>, out: &mut Out) {
    let (Some(min), Some(max)) = (view.numbers.min, view.numbers.max) else {
        return;
    };
    if min.value < max.value {
        return;
    }
    let (low, high) = (min.node.raw(), max.node.raw());
    let problem = if min.value > max.value {
        "greater than"
    } else {
        "equal to"
    };
    let message = format!("`min` {low} is {problem} `max` {high}; it must be less");
    let raw = out.report(min.node.range(), "/bounds/min".into(), message);
    raw.related(max.node.range(), format!("`max` is {high}"));
    if min.value > max.value {
        let mut edits = vec![
            Edit {
                range: min.node.range(),
                insert: high.into_owned(),
            },
            Edit {
                range: max.node.range(),
                insert: low.into_owned(),
            },
        ];
        edits.sort_by_key(|edit| edit.range.start);
        raw.fix("Swap `min` and `max`", edits, true);
    }
}

pub(super) fn baseline_out_of_bounds(view: &EntryView<'_>, out: &mut Out) {
    let (Some(kind), Some(baseline), Some((low, high))) = (
        view.variable(),
        view.numbers.baseline,
        view.numbers.interval(),
    ) else {
        return;
    };
    if kind == VariableKind::Categorical || (low.value..=high.value).contains(&baseline.value) {
        return;
    }
    let [shown, from, to] = [baseline.node, low.node, high.node].map(|node| node.raw());
    let message = format!("the baseline {shown} is outside the bounds {from} to {to}");
    let below = baseline.value < low.value;
    let near = if below { low } else { high };
    let raw = out.report(baseline.node.range(), "/baseline".into(), message);
    raw.related(near.node.range(), "the bound that it is beyond");
    if kind != VariableKind::Integer || near.value.fract() == 0.0 {
        raw.change_to(near.node.raw().into_owned(), false);
    } else {
        let inside = if below {
            near.value.ceil()
        } else {
            near.value.floor()
        };
        if (low.value..=high.value).contains(&inside) {
            raw.change_to(inside.to_string(), false);
        }
    }
}

pub(super) fn baseline_not_in_choices(view: &EntryView<'_>, out: &mut Out) {
    if view.variable() != Some(VariableKind::Categorical) {
        return;
    }
    let (Some(baseline), Some(choices)) = (view.get("baseline"), view.member("choices")) else {
        return;
    };
    let Some(list) = choices
        .value()
        .filter(|list| list.kind() == Kind::Array && list.is_intact())
    else {
        return;
    };
    let scalar = !matches!(
        baseline.kind(),
        Kind::Object | Kind::Array | Kind::Null | Kind::Error
    );
    let damaged = list.elements().any(|choice| !choice.is_valid());
    if !scalar
        || !baseline.is_intact()
        || damaged
        || list.elements().any(|choice| same(choice, baseline))
    {
        return;
    }
    let all = list
        .elements()
        .take(8)
        .map(quoted)
        .collect::<Vec<_>>()
        .join(", ");
    let raw = out.report(
        baseline.range(),
        "/baseline".into(),
        match quoted(baseline) {
            shown if all.is_empty() => {
                format!("the baseline {shown} cannot be chosen: there are no choices")
            }
            shown => format!("the baseline {shown} is none of the choices {all}"),
        },
    );
    raw.related(choices.key().range(), "the choices");
    let names: Vec<_> = list
        .elements()
        .filter_map(|choice| Some((choice.as_str()?, choice)))
        .collect();
    let near = baseline
        .as_str()
        .and_then(|word| nearest(&word, names.iter().map(|(name, _)| &**name)));
    if let Some((_, choice)) = names.iter().find(|(name, _)| Some(&**name) == near) {
        raw.change_to(choice.raw().into_owned(), false);
    }
}

fn same(a: Node<'_>, b: Node<'_>) -> bool {
    match (a.kind(), b.kind()) {
        (Kind::String, Kind::String) => a.as_str() == b.as_str(),
        (Kind::Number, Kind::Number) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

pub(super) fn step_too_large(view: &EntryView<'_>, out: &mut Out) {
    let (Some(step), Some((low, high))) = (view.numbers.step, view.numbers.interval()) else {
        return;
    };
    let width = high.value - low.value;
    if width == 0.0 {
        // bounds-inverted has told.
        return;
    }
    // The width of 0.1 to 0.3 is not quite 0.2.
    if step.value <= width * (1.0 + 4.0 * f64::EPSILON) {
        return;
    }
    let message = format!(
        "the step {} is larger than the range of the variable, {width}",
        quoted(step.node)
    );
    let raw = out.report(step.node.range(), "/step".into(), message);
    raw.related(low.node.range(), "its lower bound")
        .related(high.node.range(), "its upper bound");
}

pub(super) fn not_an_integer(view: &EntryView<'_>, out: &mut Out) {
    if view.variable() != Some(VariableKind::Integer) {
        return;
    }
    let Numbers {
        min,
        max,
        baseline,
        step,
    } = view.numbers;
    for (number, pointer) in [
        (min, "/bounds/min"),
        (max, "/bounds/max"),
        (baseline, "/baseline"),
        (step, "/step"),
    ] {
        if let Some(number) = number.filter(|number| number.value.fract() != 0.0) {
            let name = pointer.rsplit('/').next().unwrap_or_default();
            let message = format!(
                "`{name}` of an integer variable must be a whole number, not {}",
                quoted(number.node)
            );
            out.report(number.node.range(), pointer.into(), message);
        }
    }
}
