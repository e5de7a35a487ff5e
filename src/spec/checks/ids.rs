//! Ids and names that stand for two things.

use std::ops::Range;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::{edits, view::SpecView, walk::Out};
use crate::{
    spec::{
        format::Refers,
        model::{Entry, EntryKind, Model, Word},
    },
    text::Edit,
};

pub(super) fn duplicate_id(spec: &SpecView<'_>, out: &mut Out) {
    let (mut nodes, mut subcases) = (FxHashMap::default(), FxHashMap::default());
    for entry in spec.model.entries() {
        let Some(id) = &entry.facts.id else { continue };
        let first = match entry.kind {
            EntryKind::Subcase => &mut subcases,
            kind if kind.is_node() => &mut nodes,
            _ => continue,
        };
        let Some(other) = first.insert(id, entry) else {
            continue;
        };
        // The first stays the first, however many follow.
        first.insert(id, other);
        let message = format!(
            "the id `{}` already stands for {}",
            id.text,
            described(other)
        );
        let raw = out.report(entry.place(&id.at), spec.pointer(entry, "/id"), message);
        if let Some(id) = &other.facts.id {
            raw.related(other.place(&id.at), "the first one");
        }
        let numbered = entry.kind == EntryKind::Subcase || entry.kind.id_prefix().is_some();
        let free = if numbered {
            spec.next_free(entry.kind)
        } else {
            next_free(spec.model, entry.kind, Some(&id.text))
        };
        if let Some(free) = free {
            let text = if entry.kind == EntryKind::Subcase {
                free
            } else {
                edits::string(&free)
            };
            let mut edits = vec![Edit {
                range: raw.finding.range.clone(),
                insert: text.clone(),
            }];
            edits.extend(uses(spec, entry, id).map(|range| Edit {
                range,
                insert: text.clone(),
            }));
            edits.sort_by_key(|edit| edit.range.start);
            raw.fix(format!("Change to {text}"), edits, false);
        }
    }
}

/// Where this entry is meant although another has its id: an objective means an extractor, never a stage.
fn uses<'a>(
    spec: &SpecView<'a>,
    entry: &Entry,
    id: &'a Word,
) -> impl Iterator<Item = Range<usize>> {
    let refers = match entry.kind {
        EntryKind::Extractor => Refers::Extractor,
        _ => Refers::Stage,
    };
    let first = spec
        .model
        .list(entry.kind)
        .iter()
        .find(|other| other.facts.id.as_ref() == Some(id));
    let is_meant = matches!(entry.kind, EntryKind::Extractor | EntryKind::Stage)
        && first.is_some_and(|first| first.start == entry.start);
    let users = spec.model.entries().iter().filter(move |_| is_meant);
    users.flat_map(move |user| {
        user.facts
            .references(refers)
            .filter(move |word| *word == id)
            .map(|word| user.place(&word.at))
    })
}

/// An entry in a message: what it is, with its name.
fn described(entry: &Entry) -> String {
    match entry.name() {
        Some(name) => format!("the {} “{name}”", entry.kind.word()),
        None => format!("{} {}", entry.kind.word(), entry.index),
    }
}

/// An id for a new entry: the highest number of its kind + 1; for stages and groups `<id>_2`, or what follows if that is taken.
#[must_use]
pub fn next_free(model: &Model, kind: EntryKind, taken: Option<&str>) -> Option<String> {
    let ids = || model.list(kind).iter().filter_map(Entry::id);
    if kind == EntryKind::Subcase {
        let highest = ids()
            .filter_map(|id| id.parse::<u64>().ok())
            .max()
            .unwrap_or(0);
        return highest.checked_add(1).map(|next| next.to_string());
    }
    if let Some(prefix) = kind.id_prefix() {
        let number = |id: &str| id.strip_prefix(prefix)?.parse::<u64>().ok();
        let highest = model
            .entries()
            .iter()
            .filter(|entry| entry.kind.is_node())
            .filter_map(|entry| number(entry.id()?))
            .max();
        return Some(format!(
            "{prefix}{:03}",
            highest.unwrap_or(0).checked_add(1)?
        ));
    }
    let base = taken.map_or_else(|| kind.word().to_owned(), str::to_owned);
    (if taken.is_some() { 2 } else { 1 }..)
        .map(|number: u64| format!("{base}_{number}"))
        .find(|id| model.node(&Word::new(id)).is_none())
}

pub(super) fn duplicate_name(spec: &SpecView<'_>, out: &mut Out) {
    let variables = spec.model.list(EntryKind::Variable).iter();
    let driven =
        variables.filter_map(|entry| Some((entry, entry.facts.reference(Refers::Expression)?)));
    repeated(driven, |entry, word, other, first| {
        let message = format!(
            "`{}` is driven by {} already; one of the two has no effect",
            word.text,
            described(other)
        );
        out.report(
            entry.place(&word.at),
            spec.pointer(entry, "/expression_name"),
            message,
        )
        .related(other.place(&first.at), "the first one");
    });
    for extractor in spec.model.list(EntryKind::Extractor) {
        let outputs = extractor.facts.outputs();
        repeated(
            outputs
                .iter()
                .filter_map(|output| Some((extractor, output.name.as_ref()?))),
            |_, word, _, first| {
                let index = outputs
                    .iter()
                    .position(|output| output.name.as_ref().is_some_and(|name| name.at == word.at));
                let pointer = spec.pointer(
                    extractor,
                    &format!("/outputs/{}/name", index.unwrap_or_default()),
                );
                let message = format!(
                    "another output of this extractor is called `{}`; nobody can tell them apart",
                    word.text
                );
                out.report(extractor.place(&word.at), pointer, message)
                    .related(extractor.place(&first.at), "the first one");
            },
        );
    }
    let expressions = spec.model.list(EntryKind::Expression).iter();
    repeated(
        expressions.filter_map(|entry| Some((entry, entry.facts.name.as_ref()?))),
        |entry, word, other, first| {
            out.report(
                entry.place(&word.at),
                spec.pointer(entry, "/name"),
                format!("the expression `{}` is listed twice", word.text),
            )
            .related(other.place(&first.at), "the first one");
        },
    );
}

/// Calls `report` for every word that came before, with the first place it came at.
fn repeated<'a>(
    words: impl Iterator<Item = (&'a Entry, &'a Word)>,
    mut report: impl FnMut(&'a Entry, &'a Word, &'a Entry, &'a Word),
) {
    // Room for all: making it bit by bit takes longer than all else here.
    let most = words.size_hint().1.unwrap_or_default();
    let mut first: FxHashMap<&Word, &Entry> =
        FxHashMap::with_capacity_and_hasher(most, FxBuildHasher);
    for (entry, word) in words {
        match first.get_key_value(word) {
            Some((first, other)) => report(entry, word, other, first),
            None => {
                first.insert(word, entry);
            }
        }
    }
}
