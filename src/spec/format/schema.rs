//! The JSON Schema (draft 2020-12) of the format, for other editors and for [`Shape`](super::Shape).

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    DisplacementConfig, ExtractorType, FrequencyConfig, MassExpressionConfig, Spec, StressConfig,
    TemperatureConfig, ZernikeCsvConfig, ZernikeOpdConfig, shape::DATE_TIME,
};

/// Names the schema where several are together; the number is that of the format. A name, not an address: nothing is to
/// be fetched.
const ID: &str = "urn:atomizer:spec:2";

/// The JSON Schema of `atomizer_spec.json`, draft 2020-12.
///
/// Beside the standard keywords it has `enumDescriptions`, `markdownDescription` and `patternErrorMessage`, which VS Code and
/// others show. What depends on a neighbour's value is said by `if`/`then`; what a schema cannot say (references, units,
/// files) only the checks know.
#[must_use]
pub fn schema() -> Value {
    let mut schema = generate::<Spec>(false);
    add_conditions(&mut schema);
    for_each_object(&mut schema, &mut |object| {
        object.retain(|key, _| !key.starts_with("x-"));
        if let Some(text) = object.get("description").cloned().filter(Value::is_string) {
            object.insert("markdownDescription".into(), text);
        }
        // Most validators take `format` for a remark.
        if object.get("format").is_some_and(|it| it == "date-time") {
            object.insert("pattern".into(), DATE_TIME.into());
        }
    });
    if let Some(object) = schema.as_object_mut() {
        object.shift_insert(0, "$id".into(), ID.into());
    }
    schema
}

/// The schema of one of the format's types with the `x-` keys, every type written out where it is used if `inline`.
pub(super) fn generate<T: JsonSchema>(inline: bool) -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = inline);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    for_each_object(&mut schema, &mut |object| {
        not_null(object);
        name_values(object);
        if let Some(Value::String(text)) = object.get_mut("description") {
            *text = unwrap_lines(text);
        }
        // `double`, `int64` …: the generator's own words, which validators do not know.
        if object
            .get("format")
            .is_some_and(|format| format != "date-time")
        {
            object.remove("format");
        }
    });
    schema
}

/// The schema of `config` for a type of extractor; none for those without settings of their own.
pub(super) fn config(kind: ExtractorType, inline: bool) -> Option<Value> {
    Some(match kind {
        ExtractorType::Displacement => generate::<DisplacementConfig>(inline),
        ExtractorType::Stress => generate::<StressConfig>(inline),
        ExtractorType::Frequency => generate::<FrequencyConfig>(inline),
        ExtractorType::MassExpression => generate::<MassExpressionConfig>(inline),
        ExtractorType::ZernikeOpd => generate::<ZernikeOpdConfig>(inline),
        ExtractorType::ZernikeCsv => generate::<ZernikeCsvConfig>(inline),
        ExtractorType::Temperature => generate::<TemperatureConfig>(inline),
        ExtractorType::Mass | ExtractorType::CustomFunction => return None,
    })
}

/// Calls `change` for every object of a schema, the outer ones first.
fn for_each_object(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            change(object);
            object
                .values_mut()
                .for_each(|value| for_each_object(value, change));
        }
        Value::Array(array) => array
            .iter_mut()
            .for_each(|value| for_each_object(value, change)),
        _ => {}
    }
}

/// An optional key may be absent, not `null` (which the generator takes an `Option` for).
fn not_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if types.len() == 1 {
            let only = types.remove(0);
            object.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| choice != &json!({"type": "null"}));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

/// `oneOf` constants with descriptions become `enum` with `enumDescriptions`, which gives better messages and completions.
fn name_values(object: &mut Map<String, Value>) {
    let Some(Value::Array(variants)) = object.get("oneOf") else {
        return;
    };
    let (mut values, mut descriptions) = (Vec::new(), Vec::new());
    for variant in variants {
        let Some(value) = variant.get("const") else {
            return;
        };
        values.push(value.clone());
        descriptions.push(
            variant
                .get("description")
                .and_then(Value::as_str)
                .map_or_else(String::new, unwrap_lines)
                .into(),
        );
    }
    object.remove("oneOf");
    object.insert("type".into(), json!("string"));
    object.insert("enum".into(), Value::Array(values));
    object.insert("enumDescriptions".into(), Value::Array(descriptions));
}

/// Joins the lines of a paragraph, as Markdown shows them; keeps those of lists and tables.
fn unwrap_lines(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines() {
        let begins = line.is_empty() || line.starts_with(['-', '|']);
        if joined.is_empty() {
        } else if begins || joined.ends_with('\n') {
            joined.push('\n');
        } else {
            joined.push(' ');
        }
        joined.push_str(line.trim_start());
    }
    joined
}

/// Adds what depends on a neighbour's value.
fn add_conditions(schema: &mut Value) {
    draft(schema);
    let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(variable) = definitions.get_mut("DesignVariable") {
        variable["allOf"] = variable_conditions();
    }
    if let Some(extractor) = definitions.get_mut("Extractor") {
        extractor["allOf"] = Value::Array(extractor_conditions());
    }
}

/// A draft may lack all but `meta` and `model`, and its lists may be shorter.
fn draft(schema: &mut Value) {
    let mut full = Map::new();
    for (key, property) in schema["properties"].as_object_mut().into_iter().flatten() {
        if let Some(least) = property
            .as_object_mut()
            .and_then(|property| property.remove("minItems"))
        {
            full.insert(key.clone(), json!({"minItems": least}));
        }
    }
    let required = std::mem::replace(&mut schema["required"], json!(["meta", "model"]));
    schema["if"] = json!({
        "properties": {"meta": {"properties": {"status": {"enum": ["draft", "introspected"]}}, "required": ["status"]}},
        "required": ["meta"],
    });
    schema["else"] = json!({"required": required, "properties": full});
}

fn variable_conditions() -> Value {
    let kind_is =
        |kind: &str| json!({"properties": {"type": {"const": kind}}, "required": ["type"]});
    json!([
        {
            "if": kind_is("categorical"),
            "then": {"required": ["choices"]},
            "else": {
                "required": ["bounds"],
                "properties": {"bounds": {"required": ["min", "max"]}, "baseline": {"type": "number"}},
            },
        },
        {
            "if": kind_is("integer"),
            "then": {"properties": {
                "bounds": {"properties": {"min": {"type": "integer"}, "max": {"type": "integer"}}},
                "baseline": {"type": "integer"},
                "step": {"type": "integer"},
            }},
        },
    ])
}

fn extractor_conditions() -> Vec<Value> {
    let mut conditions = Vec::new();
    for kind in ExtractorType::ALL {
        let then = if kind == ExtractorType::CustomFunction {
            json!({
                "required": ["function"],
                "properties": {"function": {"anyOf": [{"required": ["module"]}, {"required": ["source_code"]}]}},
            })
        } else if let Some(mut config) = config(kind, true) {
            if let Some(object) = config.as_object_mut() {
                for key in ["$schema", "title"] {
                    object.remove(key);
                }
            }
            json!({"required": ["config"], "properties": {"config": config}})
        } else {
            continue;
        };
        conditions.push(json!({
            "if": {"properties": {"type": {"const": kind.name()}}, "required": ["type"]},
            "then": then,
        }));
    }
    conditions
}
