//! Keys and values by themselves: are they what the format says?

use std::{cell::LazyCell, collections::HashSet, ops::Range, sync::LazyLock};

use regex_lite::Regex;
use rustc_hash::FxHashMap;

use super::{
    Severity, edits,
    insert::Insert,
    near,
    walk::{MANY, Out, Visit, fits, is_of},
};
use crate::{
    spec::{
        format::{ExtractorType, Shape, ValueKind},
        model::{EntryKind, VariableKind},
        syntax::{Kind, Node},
    },
    text::Edit,
};

/// A value in a message: as it is written, unless that is long.
pub(super) fn quoted(node: Node<'_>) -> String {
    const LONGEST: usize = 40;
    let raw = match node.kind() {
        Kind::Object => return "an object".to_owned(),
        Kind::Array => return "a list".to_owned(),
        _ => node.raw(),
    };
    match raw.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &raw[..end]),
        None => raw.into_owned(),
    }
}

pub(super) fn duplicate_key(visit: &Visit<'_, '_>, out: &mut Out) {
    if visit.distinct {
        return;
    }
    if visit.members.len() > MANY {
        return duplicate_key_of_many(visit, out);
    }
    for (index, (name, member)) in visit.members.iter().enumerate().skip(1) {
        if let Some((_, first)) = visit.members[..index]
            .iter()
            .find(|(other, _)| other == name)
        {
            stands_twice(visit, name, member.key().range(), first.key().range(), out);
        }
    }
}

fn duplicate_key_of_many(visit: &Visit<'_, '_>, out: &mut Out) {
    let mut first = FxHashMap::default();
    for (name, member) in &visit.members {
        match first.get(name) {
            Some(first) => {
                stands_twice(visit, name, member.key().range(), Range::clone(first), out)
            }
            None => drop(first.insert(name, member.key().range())),
        }
    }
}

fn stands_twice(
    visit: &Visit<'_, '_>,
    name: &str,
    second: Range<usize>,
    first: Range<usize>,
    out: &mut Out,
) {
    let message = format!("`{name}` stands twice in this object; only the last one counts");
    out.report(second, visit.pointer_to(name), message)
        .related(first, format!("`{name}` stands here first"));
}

pub(super) fn wrong_type(visit: &Visit<'_, '_>, out: &mut Out) {
    let node = visit.node;
    if visit.fits || node.kind() == Kind::Error || !scalar_is_whole(node) {
        return;
    }
    let kinds = &visit.shape.kinds;
    let wanted = kinds
        .iter()
        .map(|kind| kind.words())
        .collect::<Vec<_>>()
        .join(" or ");
    let fraction = node.kind() == Kind::Number && kinds.contains(&ValueKind::Integer);
    let message = if fraction {
        format!("{} is not a whole number", quoted(node))
    } else {
        format!("{wanted} belongs here, not {}", quoted(node))
    };
    let raw = out.report(node.range(), visit.pointer(), message);
    if let Some(text) = unquoted(node, kinds).or_else(|| in_quotes(node, visit.shape)) {
        raw.change_to(text, true);
    }
}

fn scalar_is_whole(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::Object | Kind::Array) || node.is_intact()
}

/// The number or the `true` or `false` that a string holds, where one is wanted.
fn unquoted(node: Node<'_>, kinds: &[ValueKind]) -> Option<String> {
    let text = node.as_str()?;
    let text = text.trim();
    if matches!(text, "true" | "false") && kinds.contains(&ValueKind::Boolean) {
        return Some(text.to_owned());
    }
    let number = serde_json::from_str::<serde_json::Number>(text)
        .ok()?
        .as_f64()?;
    let fits = kinds.contains(&ValueKind::Number)
        || kinds.contains(&ValueKind::Integer) && number.fract() == 0.0;
    fits.then(|| text.to_owned())
}

/// The number in quotes, where a string is wanted that may be so.
fn in_quotes(node: Node<'_>, shape: &Shape) -> Option<String> {
    if node.kind() != Kind::Number || !shape.kinds.contains(&ValueKind::String) {
        return None;
    }
    let text = node.raw();
    let one_of_them =
        shape.values.is_empty() || shape.values.iter().any(|value| value.name == text);
    let of_the_form = shape
        .pattern
        .as_ref()
        .is_none_or(|pattern| pattern.matches(&text));
    (one_of_them && of_the_form).then(|| format!("\"{text}\""))
}

pub(super) fn missing_property(visit: &Visit<'_, '_>, out: &mut Out) {
    if visit.node.kind() != Kind::Object || !visit.fits || !visit.node.is_intact() {
        return;
    }
    let (always, also) = required(visit);
    for key in always
        .iter()
        .map(String::as_str)
        .chain(also.iter().copied())
    {
        let by_old_name = || {
            visit
                .members
                .iter()
                .any(|(name, _)| visit.shape.renamed(name) == Some(key))
        };
        if visit.has(key) || by_old_name() {
            continue;
        }
        let raw = visit.report(out, format!("`{key}` is missing"));
        raw.finding.pointer = visit.pointer();
        if visit.scope.draft && !matches!(key, "meta" | "model") && is(visit.shape, &[]) {
            raw.finding.severity = Severity::Hint;
            raw.finding.message =
                format!("`{key}` is still missing; a study needs it before it can run");
        }
        raw.insert = Some(Insert {
            object: visit.pointer(),
            keys: vec![key.to_owned()],
        });
    }
}

/// The shape is that of the value at this path of the format.
fn is(shape: &Shape, path: &[&str]) -> bool {
    Shape::spec()
        .path(path)
        .is_some_and(|other| std::ptr::eq(shape, other))
}

/// The keys that this object must have: those that the format says, and what its neighbours ask for.
fn required(visit: &Visit<'_, '_>) -> (&'static [String], &'static [&'static str]) {
    let shape: &'static Shape = visit.shape;
    let also: &[&str] = match (visit.scope.kind, visit.scope.variable) {
        (EntryKind::Variable, Some(VariableKind::Categorical)) if visit.top => &["choices"],
        (EntryKind::Variable, Some(_)) if visit.top => &["bounds"],
        (EntryKind::Variable, Some(VariableKind::Continuous | VariableKind::Integer))
            if is(shape, &["design_variables", "0", "bounds"]) =>
        {
            &["min", "max"]
        }
        (EntryKind::Extractor, _) if !visit.top && speaks_elsewhere(visit) => return (&[], &[]),
        _ => &[],
    };
    (&shape.required, also)
}

/// missing-config and missing-function speak of what is missing here.
fn speaks_elsewhere(visit: &Visit<'_, '_>) -> bool {
    let Some(kind) = visit.scope.extractor else {
        return false;
    };
    std::ptr::eq(visit.shape, Shape::config(kind))
        || kind == ExtractorType::CustomFunction
            && is(visit.shape, &["extractors", "0", "function"])
}

pub(super) fn unknown_property(visit: &Visit<'_, '_>, out: &mut Out) {
    let shape = visit.shape;
    if shape.open || visit.node.kind() != Kind::Object || !visit.fits {
        return;
    }
    let is_free = |key: &&str| !visit.has(key);
    let keys = shape
        .properties
        .iter()
        .map(|property| property.name.as_str());
    let free = LazyCell::new(|| keys.filter(is_free).collect::<Vec<_>>());
    let (mut next, mut given) = (0, Vec::new());
    for (name, member) in &visit.members {
        // Of a key that is not whole nobody knows where it ends.
        if shape.next_key(&mut next, name).is_some() || !member.key().is_intact() {
            continue;
        }
        let suits = |key: &str| {
            let (value, shape) = (member.value(), shape.key(key));
            value
                .zip(shape)
                .is_some_and(|(value, shape)| is_valid(value, shape))
        };
        let old = shape.renamed(name);
        let near = match old {
            None => near(name, free.iter().copied()).filter(|near| suits(near.word)),
            Some(_) => None,
        };
        let message = match (old, near) {
            (Some(key), _) => {
                format!("the format has no key `{name}` here; it is called `{key}` now")
            }
            (None, Some(near)) => {
                let key = near.word;
                format!("the format has no key `{name}` here; did you mean `{key}`?")
            }
            (None, None) => format!("the format has no key `{name}` here"),
        };
        let raw = out.report(member.key().range(), visit.pointer_to(name), message);
        let old = old.filter(is_free).filter(|key| suits(key));
        let key = old.map(|key| (key, true));
        let key = key.or(near.map(|near| (near.word, near.certain)));
        // Of two that would get the same name only the first does.
        if let Some((key, certain)) = key.filter(|(key, _)| !given.contains(key)) {
            given.push(key);
            let edits = vec![Edit {
                range: member.key().range(),
                insert: edits::string(key),
            }];
            raw.fix(format!("Rename to `{key}`"), edits, certain);
        }
    }
}

/// A value is of the kind, the words and the form that the format asks for.
pub(super) fn is_valid(value: Node<'_>, shape: &Shape) -> bool {
    fits(value, shape)
        && value.as_str().is_none_or(|text| {
            let pattern = shape.pattern.as_ref();
            (shape.values.is_empty() || shape.values.iter().any(|value| value.name == text))
                && pattern.is_none_or(|pattern| pattern.matches(&text))
        })
}

/// The key is one of the format, somewhere. Where a bracket is lost it may have been drawn in from there.
pub(super) fn is_known_somewhere(key: &str) -> bool {
    static KEYS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let configs = ExtractorType::ALL.into_iter().map(Shape::config);
        let (mut keys, mut todo) = (
            HashSet::new(),
            Vec::from_iter(configs.chain([Shape::spec()])),
        );
        while let Some(shape) = todo.pop() {
            keys.extend(
                shape
                    .properties
                    .iter()
                    .map(|property| property.name.as_str()),
            );
            todo.extend(
                shape
                    .properties
                    .iter()
                    .map(|property| &property.shape)
                    .chain(shape.items.as_deref()),
            );
        }
        keys
    });
    KEYS.contains(key)
}

pub(super) fn invalid_enum(visit: &Visit<'_, '_>, out: &mut Out) {
    let shape = visit.shape;
    if shape.values.is_empty() || !visit.fits || !visit.node.is_intact() {
        return;
    }
    let Some(word) = visit.node.as_str() else {
        return;
    };
    if shape.values.iter().any(|value| value.name == word) {
        return;
    }
    let near = near(&word, shape.values.iter().map(|value| value.name.as_str()));
    let meant = near.map_or_else(String::new, |near| {
        format!(" Did you mean `{}`?", near.word)
    });
    let message = format!(
        "{} is not allowed here; {} is.{meant}",
        quoted(visit.node),
        shape.words()
    );
    let raw = out.report(visit.node.range(), visit.pointer(), message);
    if let Some(near) = near {
        raw.change_to(edits::string(near.word), near.certain);
    }
}

/// The form of `meta.version` in every version of the format.
fn version_form(text: &str) -> bool {
    static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[0-9]+\.[0-9]+$").ok());
    FORM.as_ref().is_some_and(|form| form.is_match(text))
}

pub(super) fn invalid_pattern(visit: &Visit<'_, '_>, out: &mut Out) {
    let Some((text, pattern)) = mismatch(visit) else {
        return;
    };
    if is_version(visit) && version_form(&text) {
        return;
    }
    let message = format!(
        "{} is not of the right form: {}",
        quoted(visit.node),
        pattern.words
    );
    out.report(visit.node.range(), visit.pointer(), message);
}

pub(super) fn unsupported_version(visit: &Visit<'_, '_>, out: &mut Out) {
    if visit.shape.pattern.is_none() || !is_version(visit) {
        return;
    }
    let Some((text, _)) = mismatch(visit) else {
        return;
    };
    if version_form(&text) {
        let message = format!("version {text} of the format is not supported; 2.x is");
        out.report(visit.node.range(), visit.pointer(), message);
    }
}

fn is_version(visit: &Visit<'_, '_>) -> bool {
    is(visit.shape, &["meta", "version"])
}

fn mismatch<'a>(
    visit: &Visit<'a, '_>,
) -> Option<(
    std::borrow::Cow<'a, str>,
    &'static crate::spec::format::Pattern,
)> {
    let pattern = visit.shape.pattern.as_ref()?;
    let text = visit.node.as_str().filter(|_| visit.node.is_intact())?;
    (!pattern.matches(&text)).then_some((text, pattern))
}

pub(super) fn out_of_range(visit: &Visit<'_, '_>, out: &mut Out) {
    let shape = visit.shape;
    let number = (shape.minimum, shape.above, shape.maximum) != (None, None, None);
    if number && visit.fits && is_of(visit.node, ValueKind::Number) {
        let Some(value) = visit.node.as_f64().filter(|_| visit.node.is_intact()) else {
            return;
        };
        let low = shape.minimum.is_some_and(|least| value < least)
            || shape.above.is_some_and(|above| value <= above);
        if low || shape.maximum.is_some_and(|most| value > most) {
            let message = format!(
                "{} is out of range; allowed is {}",
                quoted(visit.node),
                range_words(shape)
            );
            out.report(visit.node.range(), visit.pointer(), message);
        }
    }
    if visit.node.kind() == Kind::Array && (shape.min_items, shape.max_items) != (None, None) {
        out_of_count(visit, out);
    }
}

fn range_words(shape: &Shape) -> String {
    match (shape.minimum, shape.above, shape.maximum) {
        (Some(least), _, Some(most)) => format!("{least} to {most}"),
        (Some(least), _, None) => format!("{least} or more"),
        (None, Some(above), _) => format!("more than {above}"),
        (None, None, Some(most)) => format!("up to {most}"),
        (None, None, None) => "anything".to_owned(),
    }
}

fn out_of_count(visit: &Visit<'_, '_>, out: &mut Out) {
    let (shape, count) = (visit.shape, visit.node.len());
    let few = shape.min_items.is_some_and(|least| count < least) && visit.node.is_intact();
    let many = shape.max_items.is_some_and(|most| count > most);
    if !few && !many {
        return;
    }
    let allowed = match (shape.min_items, shape.max_items) {
        (Some(least), Some(most)) => format!("{least} to {most} are allowed"),
        (Some(least), None) => format!("at least {least} must be there"),
        (None, most) => format!("at most {} are allowed", most.unwrap_or_default()),
    };
    let entries = if count == 1 { "entry" } else { "entries" };
    let raw = visit.report(out, format!("{count} {entries}; {allowed}"));
    if few && visit.scope.draft {
        raw.finding.severity = Severity::Hint;
    }
}
