//! What the format says about each value of a spec, as a tree: read from the schema once, walked by checks, hover and completion.

use std::{collections::HashMap, sync::LazyLock};

use regex_lite::Regex;
use serde_json::Value;

use super::{ExtractorType, Spec, schema};

/// What the format says about one value.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// What it means, in Markdown.
    pub description: String,
    /// The kinds of JSON value it may be; empty: any.
    pub kinds: Vec<ValueKind>,
    /// The words it may be, where it is one of a few.
    pub values: Vec<Named>,
    /// What holds when it is absent.
    pub default: Option<Value>,
    /// Smallest number allowed.
    pub minimum: Option<f64>,
    /// Numbers must be greater than this.
    pub above: Option<f64>,
    /// Largest number allowed.
    pub maximum: Option<f64>,
    /// Fewest elements of a list.
    pub min_items: Option<usize>,
    /// Most elements of a list.
    pub max_items: Option<usize>,
    /// The form of a string.
    pub pattern: Option<Pattern>,
    /// The keys of an object, in the format's order.
    pub properties: Vec<Property>,
    /// The keys that must be there.
    pub required: Vec<String>,
    /// Keys beside [`properties`](Self::properties) are allowed.
    pub open: bool,
    /// The elements of a list.
    pub items: Option<Box<Shape>>,
    /// What the value names.
    pub refers: Option<Refers>,
    /// The value is a unit of measure.
    pub units: bool,
    /// Names that its key had in older formats.
    pub old_names: Vec<String>,
    /// Of a string, a number or a boolean nothing is said but its kind.
    pub is_bare: bool,
}

/// A key of an object and what its value is.
#[derive(Debug, Clone)]
pub struct Property {
    /// The key.
    pub name: String,
    /// Its value.
    pub shape: Shape,
}

/// One of the words that a string may be.
#[derive(Debug, Clone)]
pub struct Named {
    /// The word.
    pub name: String,
    /// What it means, in Markdown.
    pub description: String,
}

/// A kind of JSON value, with whole numbers told from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// An object.
    Object,
    /// A list.
    Array,
    /// A string.
    String,
    /// Any number.
    Number,
    /// A whole number; 8.0 is one.
    Integer,
    /// `true` or `false`.
    Boolean,
}

impl ValueKind {
    /// With its article, for messages.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "a list",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
        }
    }
}

/// What a value names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refers {
    /// An extractor, by id.
    Extractor,
    /// An output of the extractor that a neighbouring `extractor_id` names.
    Output,
    /// A stage of the workflow, by id.
    Stage,
    /// An NX expression, by name.
    Expression,
    /// A subcase, by its number.
    Subcase,
    /// A node of the canvas: an id of the spec, or one of [`FIXED_NODES`].
    Node,
    /// A file, relative to the folder of the spec or of the study.
    File,
}

/// The nodes that every canvas has.
pub const FIXED_NODES: [&str; 4] = ["model", "solver", "optimization", "surrogate"];

/// The form that a string must have.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// In words.
    pub words: String,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Regex(Regex),
    DateTime,
}

impl Pattern {
    /// Whether `text` is of this form.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match &self.form {
            Form::Regex(regex) => regex.is_match(text),
            Form::DateTime => is_date_time(text),
        }
    }
}

/// The profile's form of RFC 3339, section 5.6, with the limits of months, days, hours, minutes and seconds, a leap
/// second included.
pub(super) const DATE_TIME: &str = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$";

/// RFC 3339: the profile's form, and a day that exists.
fn is_date_time(text: &str) -> bool {
    static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(DATE_TIME).ok());
    let date = || text.get(.."2026-01-31".len());
    FORM.as_ref().is_some_and(|form| form.is_match(text))
        && date().is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok())
}

static SPEC: LazyLock<Shape> =
    LazyLock::new(|| Shape::from_schema(&schema::generate::<Spec>(true)));

static CONFIGS: LazyLock<HashMap<ExtractorType, Shape>> = LazyLock::new(|| {
    let shape = |kind| {
        schema::config(kind, true)
            .map_or_else(Shape::open_object, |schema| Shape::from_schema(&schema))
    };
    ExtractorType::ALL
        .into_iter()
        .map(|kind| (kind, shape(kind)))
        .collect()
});

static ANY: LazyLock<Shape> = LazyLock::new(|| Shape {
    open: true,
    ..Shape::default()
});

static NUMERIC_BASELINE: LazyLock<Shape> = LazyLock::new(|| {
    let any = Shape::spec().path(&["design_variables", "0", "baseline"]);
    Shape {
        kinds: vec![ValueKind::Number],
        ..any.cloned().unwrap_or_default()
    }
});

impl Shape {
    /// The whole spec.
    #[must_use]
    pub fn spec() -> &'static Self {
        &SPEC
    }

    /// The `config` of an extractor of that type. Open, as every `config` is.
    #[must_use]
    pub fn config(kind: ExtractorType) -> &'static Self {
        CONFIGS.get(&kind).unwrap_or(&ANY)
    }

    /// The `baseline` of a variable that is not categorical: a number.
    #[must_use]
    pub fn numeric_baseline() -> &'static Self {
        &NUMERIC_BASELINE
    }

    /// A value that the format says nothing about.
    #[must_use]
    pub fn any() -> &'static Self {
        &ANY
    }

    /// The value at a key of the object.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&Self> {
        self.properties
            .iter()
            .find(|property| property.name == name)
            .map(|property| &property.shape)
    }

    /// The same for keys that are asked for one after the other, mostly in the format's order: `next` is where to look first,
    /// to begin with 0.
    #[must_use]
    pub fn next_key(&self, next: &mut usize, name: &str) -> Option<&Self> {
        let is_it = |property: &Property| property.name == name;
        let at = Some(*next)
            .filter(|at| self.properties.get(*at).is_some_and(is_it))
            .or_else(|| self.properties.iter().position(is_it))?;
        *next = at + 1;
        Some(&self.properties[at].shape)
    }

    /// The key that `old` stood for in an older format.
    #[must_use]
    pub fn renamed(&self, old: &str) -> Option<&str> {
        let stood_for =
            |property: &&Property| property.shape.old_names.iter().any(|name| name == old);
        self.properties
            .iter()
            .find(stood_for)
            .map(|property| property.name.as_str())
    }

    /// The values below a key or within a list, step by step: `shape.path(&["meta", "status"])`; a list is entered by any step.
    #[must_use]
    pub fn path(&self, steps: &[&str]) -> Option<&Self> {
        steps
            .iter()
            .try_fold(self, |shape, step| match &shape.items {
                Some(items) => Some(&**items),
                None => shape.key(step),
            })
    }

    /// Whether the key must be there, leaving aside what depends on neighbours.
    #[must_use]
    pub fn requires(&self, key: &str) -> bool {
        self.required.iter().any(|required| required == key)
    }

    /// The allowed words as `a`, `b` or `c`, for messages.
    #[must_use]
    pub fn words(&self) -> String {
        let names: Vec<String> = self
            .values
            .iter()
            .map(|value| format!("`{}`", value.name))
            .collect();
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => String::new(),
        }
    }

    /// A skeleton of the value in the snippet syntax of LSP: its required keys, first words and defaults as placeholders.
    ///
    /// Lines after the first begin with one tab for each level, which editors turn into the indentation in use.
    #[must_use]
    pub fn snippet(&self) -> String {
        let (mut text, mut stop) = (String::new(), 0);
        self.write_snippet(&mut text, &mut stop, 0);
        text
    }

    fn write_snippet(&self, text: &mut String, stop: &mut usize, depth: usize) {
        if let Some(default) = &self.default {
            let default = default.to_string();
            match default
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
            {
                Some(word) => text.push_str(&format!("\"{}\"", next_stop(stop, word))),
                None => text.push_str(&next_stop(stop, &default)),
            }
            return;
        }
        if let Some(first) = self.values.first() {
            text.push_str(&format!("\"{}\"", next_stop(stop, &first.name)));
            return;
        }
        match self.kinds.first() {
            Some(ValueKind::Object) => self.write_object_snippet(text, stop, depth),
            Some(ValueKind::Array) => {
                text.push('[');
                match &self.items {
                    Some(items) if self.min_items.is_some() => {
                        items.write_snippet(text, stop, depth)
                    }
                    _ => text.push_str(&next_stop(stop, "")),
                }
                text.push(']');
            }
            Some(ValueKind::String) => text.push_str(&format!("\"{}\"", next_stop(stop, ""))),
            Some(ValueKind::Boolean) => text.push_str(&next_stop(stop, "true")),
            Some(ValueKind::Number | ValueKind::Integer) => {
                let least = self
                    .minimum
                    .unwrap_or(self.above.map_or(0.0, |above| above + 1.0));
                text.push_str(&next_stop(stop, &least.to_string()));
            }
            None => text.push_str(&next_stop(stop, "")),
        }
    }

    fn write_object_snippet(&self, text: &mut String, stop: &mut usize, depth: usize) {
        if self.required.is_empty() {
            text.push_str(&format!("{{{}}}", next_stop(stop, "")));
            return;
        }
        let indent = "\t".repeat(depth + 1);
        text.push('{');
        let required = self
            .properties
            .iter()
            .filter(|property| self.requires(&property.name));
        for (index, property) in required.enumerate() {
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            text.push_str(&format!("{indent}\"{}\": ", property.name));
            property.shape.write_snippet(text, stop, depth + 1);
        }
        text.push('\n');
        text.push_str(&"\t".repeat(depth));
        text.push('}');
    }

    fn open_object() -> Self {
        Self {
            kinds: vec![ValueKind::Object],
            open: true,
            ..Self::default()
        }
    }

    /// Reads a schema that has every type written out where it is used.
    fn from_schema(schema: &Value) -> Self {
        let text = |key: &str| {
            schema
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let number = |key: &str| schema.get(key).and_then(Value::as_f64);
        let count = |key: &str| {
            schema
                .get(key)
                .and_then(Value::as_u64)
                .and_then(|count| usize::try_from(count).ok())
        };
        let strings = |key: &str| -> Vec<String> {
            let list = schema.get(key).and_then(Value::as_array);
            list.into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let descriptions = strings("enumDescriptions");
        let name = |(index, name)| Named {
            name,
            description: descriptions.get(index).cloned().unwrap_or_default(),
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        let property = |(name, schema): (&String, &Value)| Property {
            name: name.clone(),
            shape: Self::from_schema(schema),
        };
        let more = [
            "enum",
            "minimum",
            "exclusiveMinimum",
            "maximum",
            "pattern",
            "format",
        ];
        Self {
            description: text("description"),
            is_bare: !more.iter().any(|key| schema.get(key).is_some()),
            kinds: kinds(schema.get("type")),
            values: strings("enum").into_iter().enumerate().map(name).collect(),
            default: schema.get("default").cloned(),
            minimum: number("minimum"),
            above: number("exclusiveMinimum"),
            maximum: number("maximum"),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            pattern: pattern(schema, text("patternErrorMessage")),
            properties: properties.into_iter().flatten().map(property).collect(),
            required: strings("required"),
            open: schema.get("additionalProperties") != Some(&Value::Bool(false)),
            items: schema
                .get("items")
                .map(|items| Box::new(Self::from_schema(items))),
            refers: schema
                .get("x-refers")
                .and_then(Value::as_str)
                .and_then(refers),
            units: schema.get("x-units").is_some(),
            old_names: strings("x-old-names"),
        }
    }
}

fn next_stop(stop: &mut usize, text: &str) -> String {
    *stop += 1;
    if text.is_empty() {
        format!("${stop}")
    } else {
        format!("${{{stop}:{text}}}")
    }
}

fn kinds(kind: Option<&Value>) -> Vec<ValueKind> {
    let named = |kind: &Value| match kind.as_str()? {
        "object" => Some(ValueKind::Object),
        "array" => Some(ValueKind::Array),
        "string" => Some(ValueKind::String),
        "number" => Some(ValueKind::Number),
        "integer" => Some(ValueKind::Integer),
        "boolean" => Some(ValueKind::Boolean),
        _ => None,
    };
    match kind {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(named).collect(),
        Some(kind) => named(kind).into_iter().collect(),
        None => Vec::new(),
    }
}

fn pattern(schema: &Value, words: String) -> Option<Pattern> {
    let form = match schema.get("pattern").and_then(Value::as_str) {
        Some(pattern) => Form::Regex(Regex::new(pattern).ok()?),
        None if schema.get("format")? == "date-time" => Form::DateTime,
        None => return None,
    };
    Some(Pattern { words, form })
}

fn refers(name: &str) -> Option<Refers> {
    Some(match name {
        "extractor" => Refers::Extractor,
        "output" => Refers::Output,
        "stage" => Refers::Stage,
        "expression" => Refers::Expression,
        "subcase" => Refers::Subcase,
        "node" => Refers::Node,
        "file" => Refers::File,
        _ => return None,
    })
}
