//! What to write where something is missing: a value that is valid, fits the rest of the spec and brings no new finding.

use serde_json::{Map, Value, json};

use super::{
    Fix, edits,
    goals::{Interval, Measure, demand, dimension_of},
    ids::next_free,
    references::goals,
    search,
    walk::{SpecView, is_of},
};
use crate::spec::{
    format::{ExtractorType, Refers, Shape},
    model::{Comparison, Detail, Entry, EntryKind, VariableKind, Word},
    syntax::{Kind, Node},
    units::{self, Dimension, Relation},
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
                "id": next_free(spec.model, EntryKind::Objective, None)?,
                "name": "obj_001",
                "direction": "minimize",
                "source": self.source()?,
            }])),
            ("/model/sim/subcases/*", "id") => next_free(spec.model, EntryKind::Subcase, None)?
                .parse::<u64>()
                .ok()
                .map(Value::from),
            ("/model/introspection/expressions/*", "name") => Some(self.new_expression().into()),
            (_, "id") => Some(next_free(spec.model, self.entry?.kind, None)?.into()),
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
        let form = Shape::spec()
            .path(&["meta", "study_name"])
            .and_then(|shape| shape.pattern.as_ref());
        let folder = self.spec.context.study_folder_name.clone();
        folder
            .filter(|folder| form.is_some_and(|form| form.matches(folder)))
            .unwrap_or_else(|| "study".into())
    }

    fn algorithm(&self) -> &'static str {
        if search::enabled(self.spec, EntryKind::Objective)
            .nth(1)
            .is_some()
        {
            "NSGA-II"
        } else {
            "TPE"
        }
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
                self.new_expression()
            });
        }
        let fits = |entry: &&Entry| {
            let unit = entry
                .facts
                .units
                .as_ref()
                .and_then(|units| units::parse(&units.text));
            dimension.is_some() && unit.map(|unit| unit.dimension) == dimension
        };
        let driven = |name: &Word| {
            let variables = self.spec.model.list(EntryKind::Variable);
            variables
                .iter()
                .any(|entry| entry.facts.reference(Refers::Expression) == Some(name))
        };
        let free = |entry: &&Entry| {
            dimension.is_some() || entry.facts.name.as_ref().is_some_and(|name| !driven(name))
        };
        let found = listed
            .iter()
            .find(fits)
            .or_else(|| listed.iter().find(free));
        found.and_then(Entry::name).map(str::to_owned)
    }

    /// A name that neither a variable nor the introspection has.
    fn new_expression(&self) -> String {
        let model = self.spec.model;
        let taken = |name: &str| {
            let drives = |entry: &Entry| {
                entry
                    .facts
                    .reference(Refers::Expression)
                    .is_some_and(|word| &*word.text == name)
            };
            model.list(EntryKind::Variable).iter().any(drives)
                || model
                    .list(EntryKind::Expression)
                    .iter()
                    .any(|entry| entry.name() == Some(name))
        };
        (1..)
            .map(|number: u64| format!("expression_{number}"))
            .find(|name| !taken(name))
            .unwrap_or_default()
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
                entry.facts.detail,
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

    /// The outputs of this extractor that objectives and constraints ask for and that it does not have, with their units.
    fn wanted_outputs(&self, id: &Word) -> Vec<(String, Option<String>)> {
        let has = |name: &Word| {
            let outputs = self
                .entry
                .filter(|entry| entry.kind == EntryKind::Extractor)
                .map_or(&[][..], |entry| entry.facts.outputs());
            outputs
                .iter()
                .any(|output| output.name.as_ref() == Some(name))
        };
        let mut wanted: Vec<(String, Option<String>)> = Vec::new();
        for goal in
            goals(self.spec).filter(|goal| goal.facts.reference(Refers::Extractor) == Some(id))
        {
            let Some(name) = goal
                .facts
                .reference(Refers::Output)
                .filter(|name| !has(name))
            else {
                continue;
            };
            if wanted.iter().all(|(other, _)| **other != *name.text) {
                wanted.push((
                    name.text.to_string(),
                    goal.facts
                        .units
                        .as_ref()
                        .map(|units| units.text.to_string()),
                ));
            }
        }
        wanted
    }

    /// Names for an output of this extractor: one that is asked for, or the usual one for its type.
    fn output_names(&self) -> Vec<String> {
        let Some(entry) = self.entry else {
            return Vec::new();
        };
        let wanted = entry
            .facts
            .id
            .as_ref()
            .map_or_else(Vec::new, |id| self.wanted_outputs(id));
        if !wanted.is_empty() {
            return wanted.into_iter().map(|(name, _)| name).collect();
        }
        let usual = entry.facts.extractor_type().map_or("value", usual_output);
        let taken = |name: &str| {
            entry
                .facts
                .outputs()
                .iter()
                .any(|output| output.name.as_ref().is_some_and(|word| &*word.text == name))
        };
        let numbered = (2..).map(|number: u64| format!("{usual}_{number}"));
        std::iter::once(usual.to_owned())
            .chain(numbered)
            .find(|name| !taken(name))
            .into_iter()
            .collect()
    }

    fn outputs(&self) -> Value {
        self.output_names()
            .into_iter()
            .map(|name| json!({"name": name}))
            .collect()
    }

    /// Extractors for all that objectives and constraints refer to; one of the mass where they refer to nothing.
    fn extractors(&self) -> Value {
        let form = Shape::spec()
            .path(&["extractors", "0", "id"])
            .and_then(|shape| shape.pattern.as_ref());
        let mut ids: Vec<&Word> = Vec::new();
        for id in goals(self.spec).filter_map(|goal| goal.facts.reference(Refers::Extractor)) {
            if !ids.contains(&id) && form.is_some_and(|form| form.matches(&id.text)) {
                ids.push(id);
            }
        }
        if ids.is_empty() {
            return json!([{"id": "ext_001", "name": "mass", "type": "mass", "outputs": [{"name": "mass", "units": "kg"}]}]);
        }
        ids.truncate(20);
        ids.into_iter().map(|id| self.extractor(id)).collect()
    }

    fn extractor(&self, id: &Word) -> Value {
        let wanted = self.wanted_outputs(id);
        let dimension = |units: &Option<String>| {
            units
                .as_deref()
                .and_then(units::parse)
                .map(|unit| unit.dimension)
        };
        let kind = wanted
            .iter()
            .find_map(|(_, units)| dimension(units))
            .and_then(type_of)
            .unwrap_or(ExtractorType::Mass);
        let output = |(name, units): (String, Option<String>)| match units {
            Some(units)
                if dimension(&Some(units.clone()))
                    .is_none_or(|found| dimension_of(kind) == Some(found)) =>
            {
                json!({"name": name, "units": units})
            }
            _ => json!({"name": name}),
        };
        let mut outputs: Vec<Value> = wanted.into_iter().map(output).collect();
        if outputs.is_empty() {
            outputs.push(json!({"name": usual_output(kind)}));
        }
        let mut extractor = json!({"id": &*id.text, "name": &*id.text, "type": kind.name()});
        if let Some(config) = self.config(kind) {
            extractor["config"] = config;
        }
        extractor["outputs"] = outputs.into();
        extractor
    }

    fn config(&self, kind: ExtractorType) -> Option<Value> {
        let keys = &Shape::config(kind).required;
        let members = keys
            .iter()
            .map(|key| Some((key.clone(), self.setting(key)?)));
        let config: Map<String, Value> = members.collect::<Option<_>>()?;
        (!config.is_empty()).then_some(Value::Object(config))
    }

    /// A setting that an extractor needs.
    fn setting(&self, key: &str) -> Option<Value> {
        let subcases = || {
            self.spec
                .model
                .list(EntryKind::Subcase)
                .iter()
                .filter_map(|entry| entry.id()?.parse::<i64>().ok())
        };
        // Where subcases are listed, but none with an id, any would be reported.
        let none_has_an_id =
            !self.spec.model.list(EntryKind::Subcase).is_empty() && subcases().next().is_none();
        Some(match key {
            "subcase" | "reference_subcase" if none_has_an_id => return None,
            "subcase" => subcases().next().unwrap_or(1).into(),
            "reference_subcase" => {
                let own = self.object.get("subcase").and_then(|node| node.as_f64());
                let other = subcases().find(|id| Some(*id as f64) != own);
                other.or(subcases().next()).unwrap_or(1).into()
            }
            "element_type" => "CTETRA".into(),
            "stress_type" => "von_mises".into(),
            "mode_number" => 1.into(),
            "expression_name" => self.expression(Some(Dimension::Mass))?.into(),
            // None that is known to be there; an empty path names no file.
            "csv_path" => "".into(),
            _ => return None,
        })
    }

    /// A type that the extractor's settings, function and outputs are right for.
    fn extractor_type(&self) -> Option<ExtractorType> {
        let function = self.object.get("function");
        let has = |key: &str| function.is_some_and(|function| function.get(key).is_some());
        if has("name") && (has("module") || has("source_code")) {
            return Some(ExtractorType::CustomFunction);
        }
        let config = self.object.get("config");
        let outputs = self.entry?.facts.outputs();
        let fits = |kind: &ExtractorType| {
            let shape = Shape::config(*kind);
            let settings = shape
                .required
                .iter()
                .all(|key| config.is_some_and(|config| config.get(key).is_some()));
            let members = config
                .into_iter()
                .flat_map(|config| config.members().collect::<Vec<_>>());
            let valid = |key: &str, node: Node<'_>| {
                shape.key(key).is_none_or(|shape| is_valid(node, shape))
            };
            let well = members.into_iter().all(|member| {
                member
                    .value()
                    .is_none_or(|node| valid(&member.name(), node))
            });
            let units = outputs
                .iter()
                .filter_map(|output| units::parse(&output.units.as_ref()?.text));
            let dimension = units
                .into_iter()
                .all(|unit| Some(unit.dimension) == dimension_of(*kind));
            settings && well && dimension
        };
        let others = [ExtractorType::CustomFunction, ExtractorType::MassExpression];
        ExtractorType::ALL
            .into_iter()
            .filter(|kind| !others.contains(kind))
            .find(fits)
    }

    /// An output that the objective or constraint can be about: of its dimension, and contradicting no other constraint.
    fn source(&self) -> Option<Value> {
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
        } = &entry.facts.detail
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

    fn operator(&self) -> Option<Comparison> {
        Comparison::ALL
            .into_iter()
            .find(|operator| self.leaves_room(Some(*operator), None))
    }

    fn threshold(&self) -> Option<Value> {
        let others = self
            .spec
            .model
            .list(EntryKind::Constraint)
            .iter()
            .filter_map(|entry| match &entry.facts.detail {
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

/// The value is one that the format allows at a setting.
fn is_valid(node: Node<'_>, shape: &Shape) -> bool {
    let kind = shape.kinds.is_empty() || shape.kinds.iter().any(|kind| is_of(node, *kind));
    let word = shape.values.is_empty()
        || node
            .as_str()
            .is_some_and(|word| shape.values.iter().any(|value| value.name == word));
    let value = node.as_f64();
    let range = value.is_none_or(|value| {
        shape.minimum.is_none_or(|least| value >= least)
            && shape.maximum.is_none_or(|most| value <= most)
    });
    kind && word && range && !matches!(node.kind(), Kind::Error)
}

fn usual_output(kind: ExtractorType) -> &'static str {
    match kind {
        ExtractorType::Displacement => "max_disp",
        ExtractorType::Stress => "max_stress",
        ExtractorType::Frequency => "frequency",
        ExtractorType::Mass | ExtractorType::MassExpression => "mass",
        ExtractorType::ZernikeOpd | ExtractorType::ZernikeCsv => "filtered_rms",
        ExtractorType::Temperature => "max_temperature",
        ExtractorType::CustomFunction => "value",
    }
}

/// The type of extractor that gives outputs of a dimension.
fn type_of(dimension: Dimension) -> Option<ExtractorType> {
    Some(match dimension {
        Dimension::Mass => ExtractorType::Mass,
        Dimension::Length => ExtractorType::Displacement,
        Dimension::Pressure => ExtractorType::Stress,
        Dimension::Frequency => ExtractorType::Frequency,
        Dimension::Temperature => ExtractorType::Temperature,
        _ => return None,
    })
}

/// A whole number without a point, where it is one.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9.0e15 {
        (value as i64).into()
    } else {
        value.into()
    }
}
