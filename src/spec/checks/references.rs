//! References: does what a name stands for exist?

use rustc_hash::{FxHashMap, FxHashSet};

use super::{edits, view::SpecView, walk::Out};
use crate::spec::{
    format::{FIXED_NODES, Refers},
    model::{Detail, Entry, EntryKind, Word},
    syntax::Node,
};

/// Objectives and constraints.
pub(super) fn goals<'a>(spec: &SpecView<'a>) -> impl Iterator<Item = &'a Entry> {
    [EntryKind::Objective, EntryKind::Constraint]
        .into_iter()
        .flat_map(|kind| spec.model.list(kind))
}

pub(super) fn unknown_extractor(spec: &SpecView<'_>, out: &mut Out) {
    if !spec.model.ids_known(EntryKind::Extractor) {
        return;
    }
    let extractors = spec.model.list(EntryKind::Extractor);
    for goal in goals(spec) {
        let Some(id) = goal
            .facts
            .reference(Refers::Extractor)
            .filter(|id| spec.model.extractor(id).is_none())
        else {
            continue;
        };
        let output = goal.facts.reference(Refers::Output);
        let gives = |extractor: &&Entry| output.is_some_and(|output| has_output(extractor, output));
        // One that lacks the output is meant only where all lack it.
        let all_lack = !extractors.iter().any(|extractor| gives(&extractor));
        let may_be = |extractor: &&Entry| all_lack || gives(extractor);
        let near = spec
            .nearest(
                &id.text,
                extractors.iter().filter(may_be).filter_map(Entry::id),
            )
            .or_else(|| {
                let named = |extractor: &&Entry| extractor.name() == Some(&id.text);
                let mut fitting = extractors.iter().filter(may_be);
                fitting.find(named).and_then(Entry::id)
            })
            .or_else(|| extractors.iter().find(gives).and_then(Entry::id));
        let meant = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let message = format!("no extractor has the id `{}`{meant}", id.text);
        let raw = out.report(
            goal.place(&id.at),
            spec.pointer(goal, "/source/extractor_id"),
            message,
        );
        if let Some(near) = near {
            raw.change_to(edits::string(near), false);
        }
    }
}

fn has_output(extractor: &Entry, name: &Word) -> bool {
    extractor
        .facts
        .outputs()
        .iter()
        .any(|output| output.name.as_ref() == Some(name))
}

/// The output that an objective or constraint is about.
pub(super) fn output_of<'a>(
    spec: &SpecView<'a>,
    goal: &Entry,
) -> Option<(&'a Entry, &'a crate::spec::model::Output)> {
    let extractor = spec
        .model
        .extractor(goal.facts.reference(Refers::Extractor)?)?;
    let name = goal.facts.reference(Refers::Output)?;
    let output = extractor
        .facts
        .outputs()
        .iter()
        .find(|output| output.name.as_ref() == Some(name))?;
    Some((extractor, output))
}

pub(super) fn unknown_output(spec: &SpecView<'_>, out: &mut Out) {
    for goal in goals(spec) {
        let extractor = goal
            .facts
            .reference(Refers::Extractor)
            .and_then(|id| spec.model.extractor(id));
        let (Some(extractor), Some(name)) = (extractor, goal.facts.reference(Refers::Output))
        else {
            continue;
        };
        if !matches!(
            extractor.facts.detail(),
            Detail::Extractor { whole: true, .. }
        ) || has_output(extractor, name)
        {
            continue;
        }
        let names: Vec<&str> = extractor
            .facts
            .outputs()
            .iter()
            .filter_map(|output| Some(&*output.name.as_ref()?.text))
            .collect();
        let near = spec
            .nearest(&name.text, names.iter().copied())
            .or(match names.as_slice() {
                [only] => Some(*only),
                _ => None,
            });
        let id = extractor.id().unwrap_or_default();
        let gives = if names.is_empty() {
            "none".to_owned()
        } else {
            format!("`{}`", names.join("`, `"))
        };
        let message = format!("`{}` is no output of {id}; it gives {gives}", name.text);
        let raw = out.report(
            goal.place(&name.at),
            spec.pointer(goal, "/source/output_name"),
            message,
        );
        if let Some(at) = extractor
            .facts
            .id
            .as_ref()
            .map(|id| extractor.place(&id.at))
        {
            raw.related(at, "the extractor");
        }
        if let Some(near) = near {
            raw.change_to(edits::string(near), false);
        }
    }
}

pub(super) fn unknown_canvas_node(spec: &SpecView<'_>, out: &mut Out) {
    let kinds = [
        EntryKind::Variable,
        EntryKind::Extractor,
        EntryKind::Objective,
        EntryKind::Constraint,
        EntryKind::Stage,
        EntryKind::Group,
    ];
    if !kinds.into_iter().all(|kind| spec.model.ids_known(kind)) {
        return;
    }
    for edge in spec.model.list(EntryKind::Edge) {
        unknown_ends(spec, edge, out);
    }
    for group in spec.model.list(EntryKind::Group) {
        unknown_members(spec, group, out);
    }
}

fn unknown_ends(spec: &SpecView<'_>, edge: &Entry, out: &mut Out) {
    let ends = edge.facts.references(Refers::Node);
    for end in ends.filter(|id| is_unknown(spec, id)) {
        let pointer = spec.model.pointer(edge);
        let list = spec.get(&["canvas", "edges"]);
        let raw = out.report(
            edge.place(&end.at),
            end_pointer(spec, &pointer, edge, end),
            no_node(end),
        );
        if let Some(remove) =
            list.and_then(|list| edits::remove_element(spec.parsed, list, edge.index))
        {
            raw.fix("Remove the edge", vec![remove], false);
        }
    }
}

fn unknown_members(spec: &SpecView<'_>, group: &Entry, out: &mut Out) {
    let unknown: FxHashMap<usize, &Word> = group
        .facts
        .references(Refers::Node)
        .filter(|id| is_unknown(spec, id))
        .map(|id| (group.place(&id.at).start, id))
        .collect();
    let pointer = format!("{}/node_ids", spec.model.pointer(group));
    let Some(list) = spec
        .parsed
        .node_at_pointer(&pointer)
        .filter(|_| !unknown.is_empty())
    else {
        return;
    };
    for (index, node) in list.elements().enumerate() {
        let Some(id) = unknown.get(&node.range().start) else {
            continue;
        };
        let raw = out.report(node.range(), format!("{pointer}/{index}"), no_node(id));
        if let Some(remove) = edits::remove_element(spec.parsed, list, index) {
            raw.fix(
                format!("Remove `{}` from the group", id.text),
                vec![remove],
                false,
            );
        }
    }
}

fn is_unknown(spec: &SpecView<'_>, id: &Word) -> bool {
    !FIXED_NODES.contains(&&*id.text) && spec.model.node(id).is_none()
}

fn no_node(id: &Word) -> String {
    format!(
        "`{}` is no node of the canvas: neither an id of the spec nor `{}`",
        id.text,
        FIXED_NODES.join("`, `")
    )
}

/// Pointer of the end of an edge that a word is.
fn end_pointer(spec: &SpecView<'_>, edge_pointer: &str, edge: &Entry, word: &Word) -> String {
    let source = spec
        .parsed
        .node_at_pointer(&format!("{edge_pointer}/source"))
        .map(|node: Node<'_>| node.range());
    let end = if source == Some(edge.place(&word.at)) {
        "source"
    } else {
        "target"
    };
    format!("{edge_pointer}/{end}")
}

pub(super) fn unknown_stage(spec: &SpecView<'_>, out: &mut Out) {
    if !spec.model.ids_known(EntryKind::Stage) {
        return;
    }
    let stages = spec.model.list(EntryKind::Stage);
    let ids: FxHashSet<&str> = stages.iter().filter_map(Entry::id).collect();
    for transition in spec.model.list(EntryKind::Transition) {
        for word in transition
            .facts
            .references(Refers::Stage)
            .filter(|word| !ids.contains(&*word.text))
        {
            let near = spec.nearest(&word.text, stages.iter().filter_map(Entry::id));
            let meant = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let pointer = spec.model.pointer(transition);
            let from = spec
                .parsed
                .node_at_pointer(&format!("{pointer}/from"))
                .map(|node| node.range());
            let end = if from == Some(transition.place(&word.at)) {
                "from"
            } else {
                "to"
            };
            let message = format!("no stage has the id `{}`{meant}", word.text);
            let raw = out.report(
                transition.place(&word.at),
                format!("{pointer}/{end}"),
                message,
            );
            if let Some(near) = near {
                raw.change_to(edits::string(near), false);
            }
        }
    }
}

pub(super) fn unknown_subcase(spec: &SpecView<'_>, out: &mut Out) {
    let listed = spec.model.list(EntryKind::Subcase);
    if listed.is_empty() || !spec.model.ids_known(EntryKind::Subcase) {
        return;
    }
    let ids: FxHashSet<&str> = listed.iter().filter_map(Entry::id).collect();
    let all = listed
        .iter()
        .take(12)
        .filter_map(Entry::id)
        .collect::<Vec<_>>()
        .join(", ");
    for extractor in spec.model.list(EntryKind::Extractor) {
        for word in extractor
            .facts
            .references(Refers::Subcase)
            .filter(|word| !ids.contains(&*word.text))
        {
            let range = extractor.place(&word.at);
            let pointer = spec.parsed.path_at(range.start).pointer();
            let message = format!(
                "the simulation lists no subcase {}; it lists {}",
                word.text,
                if all.is_empty() {
                    "none with an id"
                } else {
                    &all
                }
            );
            let raw = out.report(range, pointer, message);
            if let Some(home) = spec.model.home(EntryKind::Subcase) {
                raw.related(
                    home.key.clone().unwrap_or(home.range.clone()),
                    "the subcases",
                );
            }
        }
    }
}

pub(super) fn unknown_expression(spec: &SpecView<'_>, out: &mut Out) {
    let listed = spec.model.list(EntryKind::Expression);
    if listed.is_empty() || !spec.model.ids_known(EntryKind::Expression) {
        return;
    }
    let variables = spec.model.list(EntryKind::Variable).iter();
    // Two variables cannot drive one expression.
    let driven: FxHashSet<&Word> = variables
        .clone()
        .filter_map(|entry| entry.facts.reference(Refers::Expression))
        .collect();
    let variables = variables.map(|entry| (entry, "/expression_name"));
    let is_mass = |entry: &&Entry| {
        entry.facts.extractor_type() == Some(crate::spec::format::ExtractorType::MassExpression)
    };
    let extractors = spec
        .model
        .list(EntryKind::Extractor)
        .iter()
        .filter(is_mass)
        .map(|entry| (entry, "/config/expression_name"));
    let references = variables.chain(extractors).filter_map(|(entry, rest)| {
        Some((entry, rest, entry.facts.reference(Refers::Expression)?))
    });
    // Far more are listed than referred to.
    let mut unknown: FxHashSet<&Word> = references.clone().map(|(.., word)| word).collect();
    for name in listed.iter().filter_map(|entry| entry.facts.name.as_ref()) {
        unknown.remove(name);
    }
    let mut given = FxHashSet::default();
    for (entry, rest, word) in references.filter(|(.., word)| unknown.contains(word)) {
        let undriven = |listed: &&Entry| {
            let name = listed.facts.name.as_ref();
            name.is_some_and(|name| !driven.contains(name))
        };
        // A variable may drive what no other one drives, and only one may.
        let near = match entry.kind {
            EntryKind::Variable => {
                let free = listed.iter().filter(undriven).filter_map(Entry::name);
                let near = spec.nearest(&word.text, free);
                near.filter(|near| given.insert(*near))
            }
            _ => spec.nearest(&word.text, listed.iter().filter_map(Entry::name)),
        };
        let meant = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let message = format!("intake found no NX expression `{}`{meant}", word.text);
        let raw = out.report(entry.place(&word.at), spec.pointer(entry, rest), message);
        if let Some(near) = near {
            raw.change_to(edits::string(near), false);
        }
    }
}

pub(super) fn unused_extractor(spec: &SpecView<'_>, out: &mut Out) {
    if ![EntryKind::Objective, EntryKind::Constraint]
        .into_iter()
        .all(|kind| spec.model.is_whole(kind))
    {
        return;
    }
    // An objective or constraint that a syntax error has robbed of its source may have used any.
    if goals(spec)
        .any(|goal| goal.facts.reference(Refers::Extractor).is_none() && goal.facts.damaged)
    {
        return;
    }
    let used: FxHashSet<&Word> = goals(spec)
        .filter_map(|goal| goal.facts.reference(Refers::Extractor))
        .collect();
    for extractor in spec.model.list(EntryKind::Extractor) {
        let Some(id) = extractor.facts.id.as_ref().filter(|id| !used.contains(id)) else {
            continue;
        };
        let message = format!(
            "no objective or constraint uses the extractor `{}`",
            id.text
        );
        out.report(
            extractor.place(&id.at),
            spec.pointer(extractor, "/id"),
            message,
        )
        .unnecessary();
    }
}
