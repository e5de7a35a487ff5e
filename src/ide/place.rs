//! What the format says about a place of the text.

use crate::spec::{
    checks::is_draft,
    format::{ExtractorType, Shape},
    model::EntryKind,
    syntax::{Node, Parsed, Step, pointer},
};

/// What the format says of the value that the steps lead to, its neighbours considered: the `config` of an extractor is
/// that of its type, a `baseline` is a number unless the variable is categorical. None where the format knows no such value.
pub fn shape_at(parsed: &Parsed, steps: &[Step]) -> Option<&'static Shape> {
    let mut shape = Shape::spec();
    let mut node = parsed.root();
    for (depth, step) in steps.iter().enumerate() {
        let special = match (depth, step) {
            (2, Step::Key(key)) => neighbourly(&steps[0], key, node),
            _ => None,
        };
        shape = match (special, step) {
            (Some(special), _) => special,
            (None, Step::Key(key)) => match shape.key(key) {
                Some(shape) => shape,
                None if shape.open => Shape::any(),
                None => return None,
            },
            (None, Step::Index(_)) => shape.items.as_deref()?,
        };
        node = node.and_then(|node| step_in(node, step));
    }
    Some(shape)
}

fn neighbourly(list: &Step, key: &str, entry: Option<Node<'_>>) -> Option<&'static Shape> {
    let Step::Key(list) = list else { return None };
    match (list.as_str(), key) {
        ("extractors", "config") => Some(Shape::config(extractor_type(entry?)?)),
        ("design_variables", "baseline") if !is_categorical(entry?) => {
            Some(Shape::numeric_baseline())
        }
        _ => None,
    }
}

/// The value that one step leads to.
pub fn step_in<'a>(node: Node<'a>, step: &Step) -> Option<Node<'a>> {
    match step {
        Step::Key(key) => node.get(key),
        Step::Index(index) => node.element(*index),
    }
}

/// The value that the steps lead to.
pub fn node_at<'a>(parsed: &'a Parsed, steps: &[Step]) -> Option<Node<'a>> {
    steps
        .iter()
        .try_fold(parsed.root()?, |node, step| step_in(node, step))
}

/// The type of an extractor.
pub fn extractor_type(extractor: Node<'_>) -> Option<ExtractorType> {
    ExtractorType::named(&extractor.get("type")?.as_str()?)
}

/// A variable that has choices in the place of bounds.
pub fn is_categorical(variable: Node<'_>) -> bool {
    string(variable, "type").is_some_and(|kind| kind == "categorical")
}

/// The string at a key.
pub fn string(node: Node<'_>, key: &str) -> Option<String> {
    Some(node.get(key)?.as_str()?.into_owned())
}

/// The number at a key.
pub fn number(node: Node<'_>, key: &str) -> Option<f64> {
    node.get(key)?.as_f64()
}

/// The NX expression of that name, as intake found it.
pub fn expression<'a>(parsed: &'a Parsed, name: &str) -> Option<Node<'a>> {
    let list = parsed.node_at_pointer("/model/introspection/expressions")?;
    list.elements()
        .find(|node| string(*node, "name").as_deref() == Some(name))
}

/// The list that the value stands in directly, if it is one of those whose elements have a kind.
pub fn entry_kind(steps: &[Step]) -> Option<EntryKind> {
    let (Step::Index(_), list) = steps.split_last()? else {
        return None;
    };
    EntryKind::of_list(&pointer_of(list))
}

/// The steps as a JSON pointer.
pub fn pointer_of(steps: &[Step]) -> String {
    pointer(steps.iter().map(Step::token))
}

/// The keys that the object at `steps` must have, what depends on neighbours included.
pub fn required(shape: &Shape, steps: &[Step], object: Option<Node<'_>>) -> Vec<String> {
    let mut required = shape.required.clone();
    if steps.is_empty() && object.is_some_and(is_draft) {
        required.retain(|key| matches!(key.as_str(), "meta" | "model"));
    }
    if entry_kind(steps) == Some(EntryKind::Variable) {
        let categorical = object.is_some_and(is_categorical);
        required.push(if categorical { "choices" } else { "bounds" }.to_owned());
    }
    if entry_kind(steps) == Some(EntryKind::Extractor) {
        let kind = object.and_then(extractor_type);
        match kind {
            Some(ExtractorType::CustomFunction) => required.push("function".to_owned()),
            Some(kind) if !Shape::config(kind).required.is_empty() => {
                required.push("config".to_owned());
            }
            _ => {}
        }
    }
    if let [.., Step::Key(list), Step::Index(_), Step::Key(key)] = steps
        && list == "design_variables"
        && key == "bounds"
    {
        required = vec!["min".to_owned(), "max".to_owned()];
    }
    required
}
