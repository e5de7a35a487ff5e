//! A value to begin with: what must be there, filled with what fits the rest of the spec.

use crate::{
    ide::{
        Snapshot,
        place::{self, extractor_type, node_at, required, shape_at, string},
    },
    spec::{
        checks::{dimension_of, fitting_algorithm, next_free, usual_output},
        format::{ExtractorType, Refers, Shape, ValueKind},
        model::{Entry, EntryKind},
        syntax::{Node, Step},
    },
};

use super::{fitting, list_of};

/// Nesting at most; the format's own is less.
const DEPTH: usize = 8;

/// A value with places to fill in.
#[derive(Debug, Clone, PartialEq)]
pub enum Skeleton {
    /// A string to be filled in or changed.
    Word(String),
    /// A number, `true`, `false` to be changed; empty: anything.
    Literal(String),
    /// An object.
    Object(Vec<(String, Skeleton)>),
    /// A list.
    List(Vec<Skeleton>),
}

/// Text as a snippet has it.
pub fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('$', "\\$")
        .replace('}', "\\}")
}

impl Skeleton {
    /// In LSP's snippet syntax; lines after the first begin with tabs, which editors turn into the indentation in use.
    pub fn snippet(&self) -> String {
        let (mut text, mut stop) = (String::new(), 0);
        self.write_snippet(&mut text, &mut stop, 0);
        text
    }

    fn write_snippet(&self, text: &mut String, stop: &mut usize, depth: usize) {
        let indent = |depth: usize| format!("\n{}", "\t".repeat(depth));
        match self {
            Skeleton::Word(word) => {
                let quoted = serde_json::Value::from(word.as_str()).to_string();
                let inner = &quoted[1..quoted.len() - 1];
                text.push_str(&format!("\"{}\"", placeholder(stop, inner)));
            }
            Skeleton::Literal(literal) => text.push_str(&placeholder(stop, literal)),
            Skeleton::Object(members) if members.is_empty() => {
                text.push_str(&format!("{{{}}}", placeholder(stop, "")));
            }
            Skeleton::Object(members) => {
                text.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    text.push_str(if index == 0 { "" } else { "," });
                    text.push_str(&format!("{}\"{}\": ", indent(depth + 1), escape(key)));
                    value.write_snippet(text, stop, depth + 1);
                }
                text.push_str(&format!("{}}}", indent(depth)));
            }
            Skeleton::List(elements) if elements.is_empty() => {
                text.push_str(&format!("[{}]", placeholder(stop, "")));
            }
            Skeleton::List(elements) => {
                text.push('[');
                for (index, value) in elements.iter().enumerate() {
                    text.push_str(if index == 0 { "" } else { "," });
                    text.push_str(&indent(depth + 1));
                    value.write_snippet(text, stop, depth + 1);
                }
                text.push_str(&format!("{}]", indent(depth)));
            }
        }
    }

    /// On one line, for clients without snippets.
    pub fn plain(&self) -> String {
        match self {
            Skeleton::Word(word) => serde_json::Value::from(word.as_str()).to_string(),
            Skeleton::Literal(literal) if literal.is_empty() => "null".into(),
            Skeleton::Literal(literal) => literal.clone(),
            Skeleton::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("\"{key}\": {}", value.plain()))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
            Skeleton::List(elements) => {
                let elements: Vec<String> = elements.iter().map(Skeleton::plain).collect();
                format!("[{}]", elements.join(", "))
            }
        }
    }
}

fn placeholder(stop: &mut usize, text: &str) -> String {
    *stop += 1;
    if text.is_empty() {
        format!("${stop}")
    } else {
        format!("${{{stop}:{}}}", escape(text))
    }
}

pub fn word(text: impl Into<String>) -> Skeleton {
    Skeleton::Word(text.into())
}

pub fn literal(number: f64) -> Skeleton {
    Skeleton::Literal(number.to_string())
}

pub fn object<const N: usize>(members: [(&str, Skeleton); N]) -> Skeleton {
    let members = members.map(|(key, value)| (key.to_owned(), value));
    Skeleton::Object(members.into())
}

/// The value that the steps lead to, to begin with.
pub fn of_value(snapshot: &Snapshot, steps: &[Step]) -> Skeleton {
    let shape = shape_at(&snapshot.parsed, steps).unwrap_or(Shape::any());
    build(snapshot, steps, shape, DEPTH)
}

fn build(snapshot: &Snapshot, steps: &[Step], shape: &Shape, depth: usize) -> Skeleton {
    if depth == 0 {
        return Skeleton::Literal(String::new());
    }
    if let Some(special) = special(snapshot, steps) {
        return special;
    }
    if let Some(named) = shape
        .refers
        .and_then(|refers| first_named(snapshot, refers))
    {
        return named;
    }
    match (&shape.default, shape.values.first()) {
        (Some(serde_json::Value::String(default)), _) => return word(default),
        (Some(default), _) => return Skeleton::Literal(default.to_string()),
        (None, Some(first)) => return word(&first.name),
        (None, None) => {}
    }
    match shape.kinds.first() {
        Some(ValueKind::Object) => {
            let node = node_at(&snapshot.parsed, steps);
            let needed = required(shape, steps, node);
            let members = needed.iter().filter_map(|key| {
                let inner: Vec<Step> = with(steps, Step::Key(key.clone()));
                let value = build(snapshot, &inner, shape.key(key)?, depth - 1);
                Some((key.clone(), value))
            });
            Skeleton::Object(members.collect())
        }
        Some(ValueKind::Array) => {
            let first = with(steps, Step::Index(0));
            let element = shape
                .items
                .as_deref()
                .filter(|_| shape.min_items.is_some())
                .map(|items| build(snapshot, &first, items, depth - 1));
            Skeleton::List(element.into_iter().collect())
        }
        Some(ValueKind::String) => word(""),
        Some(ValueKind::Boolean) => Skeleton::Literal("true".into()),
        Some(ValueKind::Number | ValueKind::Integer) => {
            let least = shape
                .minimum
                .unwrap_or(shape.above.map_or(0.0, |above| above + 1.0));
            Skeleton::Literal(least.to_string())
        }
        None => Skeleton::Literal(String::new()),
    }
}

pub fn with(steps: &[Step], step: Step) -> Vec<Step> {
    steps.iter().cloned().chain([step]).collect()
}

/// What the rest of the spec says about a value, rather than the format.
fn special(snapshot: &Snapshot, steps: &[Step]) -> Option<Skeleton> {
    if let Some(kind) = list_of(steps) {
        return entry(snapshot, kind);
    }
    let (Step::Key(key), holder) = steps.split_last()? else {
        return fitting::element(snapshot, steps);
    };
    if let Some(fitting) = fitting::value(snapshot, holder, key) {
        return Some(fitting);
    }
    if key == "version" && matches!(holder, [Step::Key(meta)] if meta == "meta") {
        return Some(word("2.0"));
    }
    if key == "max_trials" {
        return Some(Skeleton::Literal("100".into()));
    }
    let node = node_at(&snapshot.parsed, holder);
    if key == "reference_subcase" {
        return Some(reference(snapshot, node.and_then(|it| it.get("subcase"))));
    }
    match (list_of(holder)?, key.as_str()) {
        (EntryKind::Subcase, "id") => {
            Some(Skeleton::Literal(free_id(snapshot, EntryKind::Subcase)))
        }
        (kind, "id") => Some(word(free_id(snapshot, kind))),
        (EntryKind::Objective | EntryKind::Constraint, "source") => Some(source(snapshot)),
        (EntryKind::Variable, "expression_name") => Some(word(free_expression(snapshot))),
        (EntryKind::Variable, "bounds") => Some(bounds()),
        (EntryKind::Extractor, "outputs") => {
            let kind = node.and_then(extractor_type);
            Some(Skeleton::List(vec![output(kind)]))
        }
        (EntryKind::Extractor, "config") => config(snapshot, node.and_then(extractor_type)?),
        (EntryKind::Extractor, "function") => Some(function()),
        (EntryKind::Constraint, "threshold") => Some(Skeleton::Literal("0".into())),
        _ => None,
    }
}

/// A free id for a new entry.
pub fn free_id(snapshot: &Snapshot, kind: EntryKind) -> String {
    next_free(snapshot.model(), kind, None).unwrap_or_default()
}

fn bounds() -> Skeleton {
    object([
        ("min", Skeleton::Literal("0".into())),
        ("max", Skeleton::Literal("1".into())),
    ])
}

fn function() -> Skeleton {
    object([
        ("name", word("extract")),
        (
            "source_code",
            word("def extract(op2_path, bdf_path, config):\n    return {\"value\": 0.0}\n"),
        ),
    ])
}

/// An entry of a list.
fn entry(snapshot: &Snapshot, kind: EntryKind) -> Option<Skeleton> {
    let id = || word(free_id(snapshot, kind));
    Some(match kind {
        EntryKind::Variable => {
            let expression = free_expression(snapshot);
            let found = place::expression(&snapshot.parsed, &expression);
            let units = found.and_then(|found| string(found, "units"));
            object([
                ("id", id()),
                ("name", word("")),
                ("expression_name", word(expression)),
                ("bounds", bounds()),
                ("units", word(units.unwrap_or_else(|| "mm".to_owned()))),
            ])
        }
        EntryKind::Extractor => extractor(snapshot, ExtractorType::Displacement),
        EntryKind::Objective => object([
            ("id", id()),
            ("name", word("")),
            ("direction", word("minimize")),
            ("source", source(snapshot)),
        ]),
        EntryKind::Constraint => object([
            ("id", id()),
            ("name", word("")),
            ("operator", word("<=")),
            ("threshold", Skeleton::Literal("0".into())),
            ("source", source(snapshot)),
        ]),
        EntryKind::Subcase => object([
            ("id", Skeleton::Literal(free_id(snapshot, kind))),
            ("name", word("")),
            ("type", word("static")),
        ]),
        EntryKind::Stage => object([
            ("id", id()),
            ("name", word("")),
            ("algorithm", word(fitting_algorithm(snapshot.model()))),
            ("trials", Skeleton::Literal("50".into())),
        ]),
        EntryKind::Group => object([
            ("id", id()),
            ("name", word("")),
            ("node_ids", Skeleton::List(Vec::new())),
        ]),
        _ => return None,
    })
}

/// An extractor of a type, with the settings that it needs and its usual output.
pub fn extractor(snapshot: &Snapshot, kind: ExtractorType) -> Skeleton {
    let mut members = vec![
        (
            "id".to_owned(),
            word(free_id(snapshot, EntryKind::Extractor)),
        ),
        ("name".to_owned(), word("")),
        ("type".to_owned(), word(kind.name())),
    ];
    if kind == ExtractorType::CustomFunction {
        members.push(("builtin".to_owned(), Skeleton::Literal("false".into())));
        members.push(("function".to_owned(), function()));
    }
    members.extend(config(snapshot, kind).map(|config| ("config".to_owned(), config)));
    members.push((
        "outputs".to_owned(),
        Skeleton::List(vec![output(Some(kind))]),
    ));
    Skeleton::Object(members)
}

fn config(snapshot: &Snapshot, kind: ExtractorType) -> Option<Skeleton> {
    let shape = Shape::config(kind);
    if shape.required.is_empty() {
        return None;
    }
    let member = |key: &String| {
        let value = match key.as_str() {
            "reference_subcase" => reference(snapshot, None),
            _ => build(snapshot, &[], shape.key(key)?, 2),
        };
        Some((key.clone(), value))
    };
    let mut members: Vec<_> = shape.required.iter().filter_map(member).collect();
    if kind == ExtractorType::ZernikeOpd {
        // Without it the usual output means nothing.
        members.push(("filter_orders".to_owned(), literal(4.0)));
    }
    Some(Skeleton::Object(members))
}

/// A subcase to be subtracted from another (`own`; none: the one that a skeleton begins with): the first that is not the
/// same, for of one that is its own reference nothing is left.
fn reference(snapshot: &Snapshot, own: Option<Node<'_>>) -> Skeleton {
    let listed = || {
        let subcases = snapshot.model().list(EntryKind::Subcase).iter();
        subcases.filter_map(Entry::id).map(str::to_owned)
    };
    let own = own
        .map(|own| own.raw().into_owned())
        .or_else(|| listed().next())
        .unwrap_or_else(|| "1".to_owned());
    let unlisted = || [free_id(snapshot, EntryKind::Subcase), "2".to_owned()];
    let other = listed().chain(unlisted()).find(|id| *id != own);
    Skeleton::Literal(other.unwrap_or_default())
}

/// The units that outputs of a type of extractor usually have.
pub fn usual_units(kind: ExtractorType) -> Option<&'static str> {
    match kind {
        ExtractorType::ZernikeOpd | ExtractorType::ZernikeCsv => Some("nm"),
        kind => dimension_of(kind).and_then(|dimension| dimension.usual().first().copied()),
    }
}

/// The usual output of a type of extractor.
pub fn output(kind: Option<ExtractorType>) -> Skeleton {
    let name = kind.map_or("value", usual_output);
    let units = kind.and_then(usual_units);
    let mut members = vec![
        ("name".to_owned(), word(name)),
        ("metric".to_owned(), word(fitting::metric(kind))),
    ];
    members.extend(units.map(|units| ("units".to_owned(), word(units))));
    Skeleton::Object(members)
}

/// The first output of the first extractor, if there is one.
fn source(snapshot: &Snapshot) -> Skeleton {
    let extractor = snapshot.model().list(EntryKind::Extractor).first();
    let id = extractor.and_then(Entry::id).unwrap_or_default();
    let output = extractor
        .and_then(|extractor| extractor.facts.outputs().first()?.name.as_ref())
        .map_or(String::new(), |name| name.text.to_string());
    source_of(id, &output)
}

/// The source of an objective or constraint.
pub fn source_of(extractor: &str, output: &str) -> Skeleton {
    object([
        ("extractor_id", word(extractor)),
        ("output_name", word(output)),
    ])
}

/// An expression that intake takes for a candidate and that no variable drives.
fn free_expression(snapshot: &Snapshot) -> String {
    free_candidates(snapshot)
        .into_iter()
        .next()
        .unwrap_or_default()
}

/// The expressions that intake takes for candidates and that no variable drives.
pub fn free_candidates(snapshot: &Snapshot) -> Vec<String> {
    let model = snapshot.model();
    let driven: std::collections::HashSet<&str> = model
        .list(EntryKind::Variable)
        .iter()
        .filter_map(|entry| Some(&*entry.facts.reference(Refers::Expression)?.text))
        .collect();
    let Some(list) = snapshot
        .parsed
        .node_at_pointer("/model/introspection/expressions")
    else {
        return Vec::new();
    };
    list.elements()
        .filter(|node| node.get("is_candidate").and_then(|it| it.as_bool()) == Some(true))
        .filter_map(|node| string(node, "name"))
        .filter(|name| !driven.contains(name.as_str()))
        .collect()
}

/// The first thing of a sort that has a name.
fn first_named(snapshot: &Snapshot, refers: Refers) -> Option<Skeleton> {
    let model = snapshot.model();
    let first = |kind| model.list(kind).first();
    match refers {
        Refers::Extractor => Some(word(first(EntryKind::Extractor)?.id()?)),
        Refers::Stage => Some(word(first(EntryKind::Stage)?.id()?)),
        Refers::Subcase => {
            let id = first(EntryKind::Subcase).and_then(Entry::id).unwrap_or("1");
            Some(Skeleton::Literal(id.to_owned()))
        }
        Refers::Expression | Refers::Output | Refers::Node | Refers::File => None,
    }
}
