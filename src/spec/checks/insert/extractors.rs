//! What to write where an extractor, or something of one, is missing.

use serde_json::{Map, Value, json};

use super::Filler;
use crate::spec::{
    checks::{goals::dimension_of, references::goals, shape::is_valid},
    format::{ExtractorType, Refers, Shape},
    model::{EntryKind, Word},
    syntax::{Kind, Node},
    units::{self, Dimension},
};

impl Filler<'_, '_> {
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
    pub(super) fn output_names(&self) -> Vec<String> {
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

    pub(super) fn outputs(&self) -> Value {
        self.output_names()
            .into_iter()
            .map(|name| json!({"name": name}))
            .collect()
    }

    /// Extractors for all that objectives and constraints refer to; one of the mass where they refer to nothing.
    pub(super) fn extractors(&self) -> Value {
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

    pub(super) fn config(&self, kind: ExtractorType) -> Option<Value> {
        let keys = &Shape::config(kind).required;
        let members = keys
            .iter()
            .map(|key| Some((key.clone(), self.setting(key)?)));
        let config: Map<String, Value> = members.collect::<Option<_>>()?;
        (!config.is_empty()).then_some(Value::Object(config))
    }

    /// A setting that an extractor needs.
    pub(super) fn setting(&self, key: &str) -> Option<Value> {
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
    pub(super) fn extractor_type(&self) -> Option<ExtractorType> {
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
                shape.key(key).is_none_or(|shape| is_allowed(node, shape))
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
}

/// The value is one that the format allows at a setting.
fn is_allowed(node: Node<'_>, shape: &Shape) -> bool {
    let value = node.as_f64();
    let range = value.is_none_or(|value| {
        shape.minimum.is_none_or(|least| value >= least)
            && shape.maximum.is_none_or(|most| value <= most)
    });
    is_valid(node, shape) && range && !matches!(node.kind(), Kind::Error)
}

/// The output that an extractor of this type usually gives.
#[must_use]
pub fn usual_output(kind: ExtractorType) -> &'static str {
    match kind {
        ExtractorType::Displacement => "max_disp",
        ExtractorType::Stress => "max_stress",
        ExtractorType::Frequency => "frequency",
        ExtractorType::Mass | ExtractorType::MassExpression => "mass",
        ExtractorType::ZernikeOpd => "filtered_rms",
        ExtractorType::ZernikeCsv => "global_rms",
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
