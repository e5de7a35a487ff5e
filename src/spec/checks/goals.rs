//! Objectives and constraints against what they are about: units, and constraints against each other.

use rustc_hash::FxHashMap;

use super::{
    references::{goals, output_of},
    view::SpecView,
    walk::Out,
};
use crate::spec::{
    format::{ExtractorType, Refers},
    model::{Comparison, Detail, Entry, EntryKind, Word},
    units::{self, Dimension, Relation, Unit},
};

pub(super) fn unit_mismatch(spec: &SpecView<'_>, out: &mut Out) {
    for goal in goals(spec) {
        let (Some(own), Some((extractor, output))) = (&goal.facts.units, output_of(spec, goal))
        else {
            continue;
        };
        let Some(theirs) = &output.units else {
            continue;
        };
        let (Some(unit), Some(other)) = (units::parse(&own.text), units::parse(&theirs.text))
        else {
            continue;
        };
        let (shown, expected) = (named(own), named(theirs));
        let message = match unit.relation(other) {
            Relation::Same => continue,
            Relation::Different => {
                let is = what(own, unit.dimension);
                match (theirs.text.trim(), other.dimension.words()) {
                    ("", wants) => format!("{is}, but the output is {wants} without a unit"),
                    (_, wants) => format!("{is}, but the output is in {expected}, {wants}"),
                }
            }
            Relation::Factor(factor) => {
                format!(
                    "{shown} here, but the output is in {expected}: 1 {} is {} {}",
                    own.text,
                    rounded(factor),
                    theirs.text
                )
            }
            Relation::Offset => format!(
                "{shown} here, but the output is in {expected}: the two scales differ by an offset"
            ),
        };
        out.report(goal.place(&own.at), spec.pointer(goal, "/units"), message)
            .related(extractor.place(&theirs.at), "the output's units");
    }
}

fn named(units: &Word) -> String {
    if units.text.trim().is_empty() {
        "no unit".to_owned()
    } else {
        format!("`{}`", units.text)
    }
}

/// What a value in these units is.
fn what(units: &Word, dimension: Dimension) -> String {
    if units.text.trim().is_empty() {
        format!("without a unit it is {}", dimension.words())
    } else {
        format!("`{}` is {}", units.text, dimension.words())
    }
}

/// A factor with at most six digits that say something.
fn rounded(factor: f64) -> String {
    let short = format!("{factor:.5e}").parse::<f64>().unwrap_or(factor);
    if (1e-3..1e7).contains(&short) {
        short.to_string()
    } else {
        format!("{short:e}")
    }
}

/// What the outputs of an extractor are, where its type says so.
#[must_use]
pub fn dimension_of(kind: ExtractorType) -> Option<Dimension> {
    Some(match kind {
        ExtractorType::Displacement | ExtractorType::ZernikeOpd | ExtractorType::ZernikeCsv => {
            Dimension::Length
        }
        ExtractorType::Stress => Dimension::Pressure,
        ExtractorType::Frequency => Dimension::Frequency,
        ExtractorType::Mass | ExtractorType::MassExpression => Dimension::Mass,
        ExtractorType::Temperature => Dimension::Temperature,
        ExtractorType::CustomFunction => return None,
    })
}

pub(super) fn dimension_mismatch(spec: &SpecView<'_>, out: &mut Out) {
    for extractor in spec.model.list(EntryKind::Extractor) {
        let Some(kind) = extractor.facts.extractor_type() else {
            continue;
        };
        let Some(dimension) = dimension_of(kind) else {
            continue;
        };
        for (index, output) in extractor.facts.outputs().iter().enumerate() {
            let Some(word) = &output.units else { continue };
            let Some(unit) = units::parse(&word.text).filter(|unit| unit.dimension != dimension)
            else {
                continue;
            };
            let usual = dimension.usual().first().unwrap_or(&"");
            let message = format!(
                "{}, but a `{}` extractor gives {}, e.g. in `{usual}`",
                what(word, unit.dimension),
                kind.name(),
                dimension.words(),
            );
            out.report(
                extractor.place(&word.at),
                spec.pointer(extractor, &format!("/outputs/{index}/units")),
                message,
            );
        }
    }
}

/// The values that a constraint lets pass: from `low` to `high`, the ends included or not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    low: (f64, bool),
    high: (f64, bool),
}

impl Interval {
    pub fn of(comparison: Comparison, threshold: f64) -> Self {
        let (lowest, highest) = ((f64::NEG_INFINITY, true), (f64::INFINITY, true));
        match comparison {
            Comparison::AtMost => Self {
                low: lowest,
                high: (threshold, true),
            },
            Comparison::Less => Self {
                low: lowest,
                high: (threshold, false),
            },
            Comparison::AtLeast => Self {
                low: (threshold, true),
                high: highest,
            },
            Comparison::Greater => Self {
                low: (threshold, false),
                high: highest,
            },
            Comparison::Equal => Self {
                low: (threshold, true),
                high: (threshold, true),
            },
        }
    }

    /// No value is in both. Thresholds that differ by no more than a conversion of units may are the same.
    pub fn excludes(&self, other: &Self) -> bool {
        let beyond = |low: (f64, bool), high: (f64, bool)| {
            // An end that is not there is beyond nothing.
            let bounded = low.0.is_finite() && high.0.is_finite();
            let same = bounded && (low.0 - high.0).abs() <= 1e-12 * low.0.abs().max(high.0.abs());
            if same {
                !(low.1 && high.1)
            } else {
                low.0 > high.0
            }
        };
        beyond(self.low, other.high) || beyond(other.low, self.high)
    }
}

/// In what thresholds are compared: in the SI unit of a dimension, or as they stand in one unit that is not known, or none.
/// A `%` and a number without a unit are not compared: which of them is a share is not said.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Measure {
    Known(Dimension),
    Other(Option<Box<str>>),
}

impl Measure {
    /// The measure of a constraint's units, and its threshold in it.
    pub fn of(units: Option<&Word>, threshold: f64) -> (Self, f64) {
        match units.map(|word| (word, units::parse(&word.text))) {
            Some((_, Some(unit @ Unit { dimension, .. }))) if dimension != Dimension::None => {
                (Self::Known(dimension), unit.to_si(threshold))
            }
            Some((word, _)) => (Self::Other(Some(word.text.trim().into())), threshold),
            None => (Self::Other(None), threshold),
        }
    }
}

/// The enabled hard constraints on one output, in one measure: the two that leave least room.
struct Tightest<'a> {
    low: (Interval, &'a Entry),
    high: (Interval, &'a Entry),
}

/// What an enabled hard constraint demands.
pub(super) fn demand(entry: &Entry) -> Option<(&Word, &Word, Measure, Interval)> {
    let Detail::Constraint {
        hard: true,
        operator: Some(operator),
        threshold: Some(threshold),
    } = entry.facts.detail()
    else {
        return None;
    };
    let facts = &entry.facts;
    let (extractor, output) = (
        facts.reference(Refers::Extractor)?,
        facts.reference(Refers::Output)?,
    );
    let (measure, threshold) = Measure::of(facts.units.as_ref(), threshold.value);
    entry.enabled().then(|| {
        (
            extractor,
            output,
            measure,
            Interval::of(*operator, threshold),
        )
    })
}

pub(super) fn contradictory_constraints(spec: &SpecView<'_>, out: &mut Out) {
    let mut tightest: FxHashMap<(&Word, &Word, Measure), Tightest<'_>> = FxHashMap::default();
    for entry in spec.model.list(EntryKind::Constraint) {
        let Some((extractor, output, measure, interval)) = demand(entry) else {
            continue;
        };
        let Some(known) = tightest.get_mut(&(extractor, output, measure.clone())) else {
            tightest.insert(
                (extractor, output, measure),
                Tightest {
                    low: (interval, entry),
                    high: (interval, entry),
                },
            );
            continue;
        };
        let against = [known.low, known.high]
            .into_iter()
            .find(|(other, _)| interval.excludes(other));
        if let Some((_, other)) = against {
            contradiction(spec, entry, other, output, out);
        }
        if tighter(interval.low, known.low.0.low, f64::gt) {
            known.low = (interval, entry);
        }
        if tighter(interval.high, known.high.0.high, f64::lt) {
            known.high = (interval, entry);
        }
    }
}

fn tighter(end: (f64, bool), than: (f64, bool), beyond: impl Fn(&f64, &f64) -> bool) -> bool {
    beyond(&end.0, &than.0) || end.0 == than.0 && !end.1 && than.1
}

fn contradiction(spec: &SpecView<'_>, entry: &Entry, other: &Entry, output: &Word, out: &mut Out) {
    let (Some((at, words)), Some((other_at, other_words))) = (limit(entry), limit(other)) else {
        return;
    };
    let name = other.id().or(other.name()).unwrap_or("another constraint");
    let message = format!(
        "no value of `{}` is {words} and, as {name} demands, {other_words}",
        output.text
    );
    out.report(at, spec.pointer(entry, "/threshold"), message)
        .related(other_at, format!("{name} demands {other_words}"));
}

/// Where the threshold of a constraint stands, and what it demands in words.
fn limit(entry: &Entry) -> Option<(std::ops::Range<usize>, String)> {
    let Detail::Constraint {
        operator: Some(operator),
        threshold: Some(threshold),
        ..
    } = entry.facts.detail()
    else {
        return None;
    };
    let units = entry.facts.units.as_ref().map_or("", |units| &units.text);
    Some((
        entry.place(&threshold.at),
        format!("{} {} {units}", operator.sign(), threshold.value)
            .trim_end()
            .to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_demands_exclude_each_other_where_no_value_meets_both() {
        let thresholds = [-1.0, 0.0, 1.0];
        let values = (-6..=6).map(|half| f64::from(half) / 2.0);
        let demands = || {
            Comparison::ALL
                .into_iter()
                .flat_map(|it| thresholds.map(|threshold| (it, threshold)))
        };
        let meets = |value: f64, (comparison, threshold): (Comparison, f64)| match comparison {
            Comparison::AtMost => value <= threshold,
            Comparison::AtLeast => value >= threshold,
            Comparison::Less => value < threshold,
            Comparison::Greater => value > threshold,
            Comparison::Equal => value == threshold,
        };
        for (one, other) in demands().flat_map(|one| demands().map(move |other| (one, other))) {
            let none = !values
                .clone()
                .any(|value| meets(value, one) && meets(value, other));
            let interval = |(comparison, threshold)| Interval::of(comparison, threshold);
            assert_eq!(
                interval(one).excludes(&interval(other)),
                none,
                "{one:?} {other:?}"
            );
        }
    }
}
