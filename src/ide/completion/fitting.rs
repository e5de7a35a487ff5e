//! Values to begin with that the neighbours of a key know better than the format: they bring no finding of their own.

use super::{
    skeleton::{Skeleton, literal, object, output, word},
    values::preferred_units,
};
use crate::{
    ide::{
        Snapshot,
        place::{extractor_type, is_categorical, node_at, number, string},
    },
    spec::{
        checks::{fitting_algorithm, fitting_study_name},
        format::ExtractorType,
        model::{Entry, EntryKind, Word},
        syntax::{Node, Step},
    },
    study::study_folder_name,
};

/// The value of `key` in the object that the steps `holder` lead to; none where the format's own is as good.
pub fn value(snapshot: &Snapshot, holder: &[Step], key: &str) -> Option<Skeleton> {
    let node = node_at(&snapshot.parsed, holder);
    match (last_key(holder), key) {
        (Some("meta"), "study_name") => {
            fitting_study_name(study_folder_name(snapshot.path.as_deref()?)).map(word)
        }
        (Some("bounds"), "min") => Some(literal(number(node?, "max")? - 1.0)),
        (Some("bounds"), "max") => Some(literal(number(node?, "min")? + 1.0)),
        (Some("algorithm"), "type") => Some(word(fitting_algorithm(snapshot.model()))),
        (Some("source"), "output_name") => output_name(snapshot, node?).map(word),
        (Some("outputs"), "metric") => {
            let (extractor, _) = holder.split_at_checked(2)?;
            let kind = extractor_type(node_at(&snapshot.parsed, extractor)?);
            Some(word(metric(kind)))
        }
        (Some("design_variables"), "baseline") => baseline(node?),
        (Some("design_variables"), "choices") => Some(Skeleton::List(vec![word(""), word("")])),
        (Some("extractors"), "builtin") => {
            let is_custom = extractor_type(node?) == Some(ExtractorType::CustomFunction);
            Some(Skeleton::Literal((!is_custom).to_string()))
        }
        (_, "filter_orders") => Some(literal(4.0)),
        (_, "units") => {
            let units = [holder, &[Step::Key(key.to_owned())]].concat();
            preferred_units(snapshot, &units).map(word)
        }
        _ => None,
    }
}

/// An element that the steps lead to.
pub fn element(snapshot: &Snapshot, steps: &[Step]) -> Option<Skeleton> {
    let (Step::Index(_), holder) = steps.split_last()? else {
        return None;
    };
    match last_key(holder)? {
        "outputs" => {
            let (_, extractor) = holder.split_last()?;
            let kind = node_at(&snapshot.parsed, extractor).and_then(extractor_type);
            Some(output(kind))
        }
        "transitions" => {
            let mut ids = snapshot.model().list(EntryKind::Stage).iter();
            let from = ids.next().and_then(Entry::id).unwrap_or_default();
            let to = ids.next().and_then(Entry::id).unwrap_or(from);
            Some(object([("from", word(from)), ("to", word(to))]))
        }
        _ => None,
    }
}

/// The usual metric of the outputs of a type.
pub fn metric(kind: Option<ExtractorType>) -> &'static str {
    match kind {
        Some(ExtractorType::ZernikeOpd | ExtractorType::ZernikeCsv) => "rms",
        Some(ExtractorType::Displacement | ExtractorType::Stress | ExtractorType::Temperature) => {
            "max"
        }
        _ => "value",
    }
}

/// The last key of the steps.
fn last_key(steps: &[Step]) -> Option<&str> {
    steps.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    })
}

/// The middle of the bounds, or the first choice.
fn baseline(variable: Node<'_>) -> Option<Skeleton> {
    if is_categorical(variable) {
        let first = variable.get("choices")?.elements().next()?;
        return Some(match first.as_str() {
            Some(text) => word(text),
            None => Skeleton::Literal(first.raw().into_owned()),
        });
    }
    let bounds = variable.get("bounds")?;
    let (min, max) = (number(bounds, "min")?, number(bounds, "max")?);
    let middle = min + (max - min) / 2.0;
    let whole = string(variable, "type").is_some_and(|kind| kind == "integer");
    Some(literal(if whole { middle.floor() } else { middle }))
}

/// The first output of the extractor that the source names.
fn output_name(snapshot: &Snapshot, source: Node<'_>) -> Option<String> {
    let id = string(source, "extractor_id")?;
    let extractor = snapshot.model().extractor(&Word::new(&id))?;
    let first = extractor.facts.outputs().first()?;
    Some(first.name.as_ref()?.text.to_string())
}
