//! What to write where the source, operator or threshold of an objective or constraint is missing.

use serde_json::{Value, json};

use super::{Filler, number};
use crate::spec::{
    checks::goals::{Interval, Measure, demand},
    format::Refers,
    model::{Comparison, Detail, EntryKind, Word},
    units::{self, Relation},
};

impl Filler<'_, '_> {
    /// An output that the objective or constraint can be about: of its dimension, and contradicting no other constraint.
    pub(super) fn source(&self) -> Option<Value> {
        let source = self.object.get("source").unwrap_or(self.object);
        let given = |key: &str| {
            source
                .get(key)
                .and_then(|node| node.as_str())
                .map(|word| Word::new(&word))
        };
        let (extractor, output) = (given("extractor_id"), given("output_name"));
        let own = self.entry.and_then(|entry| entry.facts.units.as_ref());
        for candidate in self.spec.model.list(EntryKind::Extractor) {
            let Some(id) = candidate
                .facts
                .id
                .as_ref()
                .filter(|id| extractor.as_ref().is_none_or(|given| given == *id))
            else {
                continue;
            };
            if self
                .spec
                .model
                .extractor(id)
                .is_none_or(|first| first.start != candidate.start)
            {
                continue;
            }
            for found in candidate.facts.outputs() {
                let Some(name) = found
                    .name
                    .as_ref()
                    .filter(|name| output.as_ref().is_none_or(|given| given == *name))
                else {
                    continue;
                };
                if agree(own, found.units.as_ref()) && !self.contradicts(id, name, None, None) {
                    return Some(json!({"extractor_id": &*id.text, "output_name": &*name.text}));
                }
            }
        }
        // An extractor that is not there has no outputs that could be wrong.
        let unknown = extractor.filter(|id| self.spec.model.extractor(id).is_none())?;
        Some(json!({"extractor_id": &*unknown.text, "output_name": "value"}))
    }

    /// The constraint, with this operator and threshold, would leave no room beside another one on this output.
    fn contradicts(
        &self,
        extractor: &Word,
        output: &Word,
        operator: Option<Comparison>,
        threshold: Option<f64>,
    ) -> bool {
        let Some(entry) = self.entry.filter(|entry| entry.enabled()) else {
            return false;
        };
        let Detail::Constraint {
            hard: true,
            operator: own,
            threshold: limit,
        } = entry.facts.detail()
        else {
            return false;
        };
        let (Some(operator), Some(threshold)) = (
            operator.or(*own),
            threshold.or(limit.as_ref().map(|limit| limit.value)),
        ) else {
            return false;
        };
        let (measure, threshold) = Measure::of(entry.facts.units.as_ref(), threshold);
        let interval = Interval::of(operator, threshold);
        self.spec
            .model
            .list(EntryKind::Constraint)
            .iter()
            .filter(|other| other.start != entry.start)
            .filter_map(demand)
            .any(|(other_extractor, other_output, other_measure, other)| {
                other_extractor == extractor
                    && other_output == output
                    && other_measure == measure
                    && interval.excludes(&other)
            })
    }

    /// The same for the source that the constraint has.
    fn leaves_room(&self, operator: Option<Comparison>, threshold: Option<f64>) -> bool {
        let facts = self.entry.map(|entry| &entry.facts);
        let reference = |refers| facts.and_then(|facts| facts.reference(refers));
        match (reference(Refers::Extractor), reference(Refers::Output)) {
            (Some(extractor), Some(output)) => {
                !self.contradicts(extractor, output, operator, threshold)
            }
            _ => true,
        }
    }

    pub(super) fn operator(&self) -> Option<Comparison> {
        Comparison::ALL
            .into_iter()
            .find(|operator| self.leaves_room(Some(*operator), None))
    }

    pub(super) fn threshold(&self) -> Option<Value> {
        let others = self
            .spec
            .model
            .list(EntryKind::Constraint)
            .iter()
            .filter_map(|entry| match entry.facts.detail() {
                Detail::Constraint { threshold, .. } => {
                    threshold.as_ref().map(|threshold| threshold.value)
                }
                _ => None,
            });
        let fits = |value: &f64| self.leaves_room(None, Some(*value));
        std::iter::once(0.0).chain(others).find(fits).map(number)
    }
}

/// Nothing is said about these units of an objective or constraint and of its output.
fn agree(own: Option<&Word>, theirs: Option<&Word>) -> bool {
    let unit = |word: Option<&Word>| word.and_then(|word| units::parse(&word.text));
    match (unit(own), unit(theirs)) {
        (Some(own), Some(theirs)) => own.relation(theirs) == Relation::Same,
        _ => true,
    }
}
