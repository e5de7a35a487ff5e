//! What to write where something is missing: a value that is valid, fits the rest of the spec and brings no new finding.

mod extractors;

pub use extractors::usual_output;
mod goals;

use serde_json::{Value, json};

use super::{Fix, edits, search, view::SpecView};
use crate::spec::{
    format::Shape,
    model::{Detail, Entry, EntryKind, VariableKind},
    syntax::Node,
    units::{self, Dimension},
};

/// Keys that an object lacks.
#[derive(Debug, Clone)]
pub(super) struct Insert {
    /// JSON pointer of the object.
    pub object: String,
    /// The keys, one after the other.
    pub keys: Vec<String>,
}

impl Insert {
    /// The fix that writes them, where there are values that fit.
    pub fn fix(&self, spec: &SpecView<'_>, entry: Option<&Entry>, prefix: &str) -> Option<Fix> {
        let pointer = format!("{prefix}{}", self.object);
        let object = spec.parsed.node_at_pointer(&pointer)?;
        let shape = shape_at(&pointer, entry)?;
        let filler = Filler {
            spec,
            entry,
            object,
        };
        let general = pointer
            .split('/')
            .map(|step| {
                if step.parse::<usize>().is_ok() {
                    "*"
                } else {
                    step
                }
            })
            .collect::<Vec<_>>()
            .join("/");
        let value = |key: &String| Some((key.clone(), filler.value(&general, key)?));
        let members: Vec<(String, Value)> = self.keys.iter().map(value).collect::<Option<_>>()?;
        let edit = edits::insert_members(spec.parsed, object, shape, &members)?;
        Some(Fix {
            title: format!("Insert `{}`", self.keys.join("`, `")),
            edits: vec![edit],
            safe: false,
        })
    }
}

/// What the format says of the value at a pointer.
fn shape_at(pointer: &str, entry: Option<&Entry>) -> Option<&'static Shape> {
    let steps: Vec<&str> = pointer.split('/').skip(1).collect();
    match (
        steps.as_slice(),
        entry.and_then(|entry| entry.facts.extractor_type()),
    ) {
        (["extractors", _, "config"], Some(kind)) => Some(Shape::config(kind)),
        _ => Shape::spec().path(&steps),
    }
}

/// Finds values for one object.
struct Filler<'s, 'a> {
    spec: &'s SpecView<'a>,
    entry: Option<&'s Entry>,
    object: Node<'a>,
}

impl Filler<'_, '_> {
    fn value(&self, object: &str, key: &str) -> Option<Value> {
        let spec = self.spec;
        match (object, key) {
            ("", "meta") => Some(json!({"version": "2.0", "study_name": self.study_name()})),
            ("/meta", "version") => Some("2.0".into()),
            ("/meta", "study_name") => Some(self.study_name().into()),
            ("", "model") => Some(json!({"sim": {"path": ""}})),
            ("/model", "sim") => Some(json!({"path": ""})),
            ("/model/sim", "path") => Some("".into()),
            ("", "optimization") => Some(
                json!({"algorithm": {"type": self.algorithm()}, "budget": {"max_trials": self.trials()?}}),
            ),
            ("/optimization", "algorithm") => Some(json!({"type": self.algorithm()})),
            ("/optimization", "budget") => Some(json!({"max_trials": self.trials()?})),
            ("/optimization/algorithm", "type") => Some(self.algorithm().into()),
            ("/optimization/budget", "max_trials") => self.trials().map(Value::from),
            ("", _) if spec.draft => Some(json!([])),
            ("", "design_variables") => Some(json!([{
                "id": "dv_001",
                "name": "dv_001",
                "expression_name": self.expression(None)?,
                "bounds": {"min": 0, "max": 1},
            }])),
            ("", "extractors") => Some(self.extractors()),
            ("", "objectives") => Some(json!([{
                "id": spec.next_free(EntryKind::Objective)?,
                "name": "obj_001",
                "direction": "minimize",
                "source": self.source()?,
            }])),
            ("/model/sim/subcases/*", "id") => spec
                .give_id(EntryKind::Subcase)?
                .parse::<u64>()
                .ok()
                .map(Value::from),
            ("/model/introspection/expressions/*", "name") => {
                Some(self.spec.give_new_expression().into())
            }
            (_, "id") => Some(spec.give_id(self.entry?.kind)?.into()),
            ("/extractors/*/function", "name") => Some("extract".into()),
            ("/extractors/*/outputs/*", "name") => {
                Some(self.output_names().into_iter().next()?.into())
            }
            (_, "name") => Some(self.name()?.into()),
            ("/design_variables/*", "expression_name") => Some(self.expression(None)?.into()),
            ("/design_variables/*", "bounds") => self.bounds(),
            ("/design_variables/*", "choices") => Some(self.choices()),
            ("/design_variables/*/bounds", "min" | "max") => self.bound(key),
            ("/extractors/*", "type") => self.extractor_type().map(|kind| kind.name().into()),
            ("/extractors/*", "outputs") => Some(self.outputs()),
            ("/extractors/*", "config") => self.config(self.entry?.facts.extractor_type()?),
            ("/extractors/*/config", _) => self.setting(key),
            ("/objectives/*", "direction") => Some("minimize".into()),
            ("/constraints/*", "operator") => {
                self.operator().map(|operator| operator.sign().into())
            }
            ("/constraints/*", "threshold") => self.threshold(),
            ("/objectives/*" | "/constraints/*", "source") => self.source(),
            ("/objectives/*/source" | "/constraints/*/source", "extractor_id" | "output_name") => {
                self.source()
                    .and_then(|mut source| source.get_mut(key).map(Value::take))
            }
            ("/workflow/stages/*", "algorithm") => Some(self.algorithm().into()),
            ("/workflow/transitions/*", _) => {
                let mut ids = spec
                    .model
                    .list(EntryKind::Stage)
                    .iter()
                    .filter_map(Entry::id);
                (if key == "from" {
                    ids.next()
                } else {
                    ids.next_back()
                })
                .map(Value::from)
            }
            ("/reporting/insights/*", "type") => Some("design_space".into()),
            ("/canvas/edges/*", "source") => Some("model".into()),
            ("/canvas/edges/*", "target") => Some("solver".into()),
            ("/canvas/groups/*", "node_ids") => Some(json!([])),
            _ => None,
        }
    }

    fn study_name(&self) -> String {
        let folder = self.spec.context.study_folder_name.clone();
        fitting_study_name(folder).unwrap_or_else(|| "study".into())
    }

    fn algorithm(&self) -> &'static str {
        search::fitting_algorithm(self.spec.model)
    }

    /// Trials enough for the variables and for the algorithm to begin.
    fn trials(&self) -> Option<u64> {
        let setting = |key: &str| {
            let value = self
                .spec
                .get(&["optimization", "algorithm", "config", key])
                .and_then(|node| node.as_f64());
            value.map_or(0, |value| value.max(0.0) as u64)
        };
        let begins = setting("n_startup_trials").max(setting("population_size"));
        let variables = search::enabled(self.spec, EntryKind::Variable).count() as u64;
        let wanted = (10 * variables).clamp(100, 10_000);
        (begins < 10_000).then_some(wanted.max(begins + 1))
    }

    /// The entry's id, or what it is.
    fn name(&self) -> Option<String> {
        let entry = self.entry?;
        Some(entry.id().map_or_else(
            || format!("{}_{}", entry.kind.word(), entry.index + 1),
            str::to_owned,
        ))
    }

    /// An NX expression that no variable drives yet; for a mass one that may be a mass.
    fn expression(&self, dimension: Option<Dimension>) -> Option<String> {
        let listed = self.spec.model.list(EntryKind::Expression);
        if listed.is_empty() {
            return Some(if dimension.is_some() {
                "mass".into()
            } else {
                self.spec.give_new_expression()
            });
        }
        let fits = |entry: &&Entry| {
            let unit = entry
                .facts
                .units
                .as_ref()
                .and_then(|units| units::parse(&units.text));
            unit.map(|unit| unit.dimension) == dimension
        };
        if dimension.is_none() {
            return self.spec.give_expression().map(str::to_owned);
        }
        let found = listed.iter().find(fits).or(listed.first());
        found.and_then(Entry::name).map(str::to_owned)
    }

    fn number(&self, node: Option<Node<'_>>) -> Option<f64> {
        node.and_then(|node| node.as_f64())
            .filter(|value| value.is_finite())
    }

    /// Bounds around the baseline, half its size to both sides, and no narrower than a step.
    fn bounds(&self) -> Option<Value> {
        let baseline = self.number(self.object.get("baseline"));
        let step = self.number(self.object.get("step")).unwrap_or(0.0).max(0.0);
        let (low, high) = match baseline {
            Some(0.0) | None => (0.0, step.max(1.0)),
            Some(value) => (
                value - (value.abs() / 2.0).max(step),
                value + (value.abs() / 2.0).max(step),
            ),
        };
        self.is_integer()
            .then_some((low.floor(), high.ceil()))
            .or(Some((low, high)))
            .map(|(low, high)| json!({"min": number(low), "max": number(high)}))
    }

    fn is_integer(&self) -> bool {
        self.entry.is_some_and(|entry| {
            matches!(
                entry.facts.detail(),
                Detail::Variable {
                    kind: Some(VariableKind::Integer),
                    ..
                }
            )
        })
    }

    /// The bound that is missing beside the other one, the baseline within, no narrower than a step.
    fn bound(&self, key: &str) -> Option<Value> {
        let variable = self
            .spec
            .parsed
            .node_at_pointer(&self.spec.model.pointer(self.entry?))?;
        let baseline = self.number(variable.get("baseline"));
        let width = self.number(variable.get("step")).unwrap_or(0.0).max(1.0);
        // With a baseline beyond the other bound, any value would bring the finding that it is.
        let beyond = |baseline: f64| match key {
            "min" => self
                .number(self.object.get("max"))
                .is_some_and(|max| baseline > max),
            _ => self
                .number(self.object.get("min"))
                .is_some_and(|min| baseline < min),
        };
        if baseline.is_some_and(beyond) {
            return None;
        }
        let value = if key == "min" {
            let end = self.number(self.object.get("max")).unwrap_or(1.0) - width;
            let low = baseline.map_or(end, |baseline| baseline.min(end)).min(end);
            if self.is_integer() { low.floor() } else { low }
        } else {
            let end = self.number(self.object.get("min")).unwrap_or(0.0) + width;
            let high = baseline.map_or(end, |baseline| baseline.max(end));
            if self.is_integer() { high.ceil() } else { high }
        };
        Some(number(value))
    }

    fn choices(&self) -> Value {
        match self.object.get("baseline").map(|node| node.to_value()) {
            Some(Value::String(word)) => json!([word, format!("{word}_2")]),
            Some(Value::Number(number)) => {
                json!([number, number.as_f64().map_or(0.0, |value| value + 1.0)])
            }
            Some(Value::Bool(_)) => json!([true, false]),
            _ => json!(["a", "b"]),
        }
    }
}

/// A whole number without a point, where it is one.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9.0e15 {
        (value as i64).into()
    } else {
        value.into()
    }
}

/// The name that a study's folder gives it, if it is one that a study may have.
#[must_use]
pub fn fitting_study_name(folder: Option<String>) -> Option<String> {
    let shape = Shape::spec().path(&["meta", "study_name"])?;
    let form = shape.pattern.as_ref()?;
    folder.filter(|folder| form.matches(folder))
}
