//! What could stand as a value.

use lsp_types::CompletionItemKind;

use super::{
    About, Candidate, Write, list_of,
    skeleton::{self, Skeleton, extractor, free_candidates, free_id, source_of, usual_units},
    tokens,
};
use crate::{
    ide::{
        Snapshot,
        place::{expression, extractor_type, node_at, shape_at, string},
    },
    spec::{
        checks::dimension_of,
        format::{ExtractorType, FIXED_NODES, Refers, Shape, ValueKind},
        model::{Entry, EntryKind, Word},
        syntax::{Node, Step},
        units::{self, Dimension},
    },
};

/// What could stand where the steps lead.
pub fn values(snapshot: &Snapshot, steps: &[Step]) -> Vec<Candidate> {
    let Some(shape) = shape_at(&snapshot.parsed, steps) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some((Step::Key(key), holder)) = steps.split_last() {
        found.extend(of_key(snapshot, key, holder));
    }
    if let Some(refers) = shape.refers {
        found.extend(named(snapshot, refers, steps));
    }
    if shape.units {
        found.extend(of_units(snapshot, steps));
    }
    found.extend(shape.values.iter().map(|value| Candidate {
        label: value.name.clone(),
        detail: None,
        kind: CompletionItemKind::ENUM_MEMBER,
        write: Write::Word(value.name.clone()),
        about: Some(About::Word(tokens(steps), value.name.clone())),
    }));
    if found.is_empty() {
        found.extend(by_kind(snapshot, steps, shape));
    }
    found
}

/// Whole specs, for an empty document.
pub fn documents() -> Vec<Candidate> {
    let draft = Skeleton::Object(vec![
        (
            "meta".into(),
            Skeleton::Object(vec![
                ("version".into(), Skeleton::Word("2.0".into())),
                ("study_name".into(), Skeleton::Word("study".into())),
                ("status".into(), Skeleton::Word("draft".into())),
            ]),
        ),
        (
            "model".into(),
            Skeleton::Object(vec![(
                "sim".into(),
                Skeleton::Object(vec![(
                    "path".into(),
                    Skeleton::Word("model/study_sim1.sim".into()),
                )]),
            )]),
        ),
        ("design_variables".into(), Skeleton::List(Vec::new())),
        ("extractors".into(), Skeleton::List(Vec::new())),
        ("objectives".into(), Skeleton::List(Vec::new())),
        (
            "optimization".into(),
            Skeleton::Object(vec![
                (
                    "algorithm".into(),
                    Skeleton::Object(vec![("type".into(), Skeleton::Word("TPE".into()))]),
                ),
                (
                    "budget".into(),
                    Skeleton::Object(vec![("max_trials".into(), Skeleton::Literal("100".into()))]),
                ),
            ]),
        ),
    ]);
    vec![skeleton_candidate(
        "draft study",
        "a spec to begin with",
        draft,
    )]
}

fn skeleton_candidate(label: &str, detail: &str, skeleton: Skeleton) -> Candidate {
    Candidate {
        label: label.to_owned(),
        detail: Some(detail.to_owned()),
        kind: CompletionItemKind::SNIPPET,
        write: Write::Skeleton(skeleton),
        about: None,
    }
}

/// What a key asks for, whatever its shape.
fn of_key(snapshot: &Snapshot, key: &str, holder: &[Step]) -> Vec<Candidate> {
    let node = node_at(&snapshot.parsed, holder);
    match (list_of(holder), key) {
        (Some(EntryKind::Subcase), "id") => {
            vec![plain(
                free_id(snapshot, EntryKind::Subcase),
                "next free number",
                Write::Literal,
            )]
        }
        (Some(kind), "id") => vec![plain(free_id(snapshot, kind), "next free id", Write::Word)],
        (Some(EntryKind::Objective | EntryKind::Constraint), "source") => sources(snapshot),
        (Some(EntryKind::Variable), "baseline") => choices(node),
        _ if key == "version" && matches!(holder, [Step::Key(meta)] if meta == "meta") => {
            vec![plain(
                "2.0".into(),
                "the version of this format",
                Write::Word,
            )]
        }
        _ => Vec::new(),
    }
}

fn plain(text: String, detail: &str, write: fn(String) -> Write) -> Candidate {
    Candidate {
        label: text.clone(),
        detail: Some(detail.to_owned()),
        kind: CompletionItemKind::VALUE,
        write: write(text),
        about: None,
    }
}

/// Every output of every extractor.
fn sources(snapshot: &Snapshot) -> Vec<Candidate> {
    let mut found = Vec::new();
    for entry in snapshot.model().list(EntryKind::Extractor) {
        let Some(id) = entry.id() else { continue };
        for name in entry
            .facts
            .outputs()
            .iter()
            .filter_map(|it| it.name.as_ref())
        {
            let label = format!("{} · {}", entry.name().unwrap_or(id), name.text);
            found.push(Candidate {
                about: Some(About::Output(id.to_owned(), name.text.to_string())),
                ..skeleton_candidate(&label, id, source_of(id, &name.text))
            });
        }
    }
    found
}

/// The choices of a categorical variable.
fn choices(variable: Option<Node<'_>>) -> Vec<Candidate> {
    let list = variable.and_then(|node| node.get("choices"));
    list.into_iter()
        .flat_map(|list| list.elements())
        .filter_map(|choice| match choice.as_str() {
            Some(word) => Some(plain(word.into_owned(), "a choice", Write::Word)),
            None if choice.is_valid() => {
                Some(plain(choice.raw().into_owned(), "a choice", Write::Literal))
            }
            None => None,
        })
        .collect()
}

/// The things that a reference could name.
fn named(snapshot: &Snapshot, refers: Refers, steps: &[Step]) -> Vec<Candidate> {
    let model = snapshot.model();
    let ids = |kind: EntryKind| model.list(kind).iter().filter_map(by_id);
    match refers {
        Refers::Extractor => ids(EntryKind::Extractor).collect(),
        Refers::Stage => ids(EntryKind::Stage).collect(),
        Refers::Node => {
            let entries = model.entries().iter();
            let nodes =
                entries.filter(|entry| entry.kind.is_node() && entry.kind != EntryKind::Stage);
            let fixed = FIXED_NODES
                .iter()
                .map(|node| plain((*node).to_owned(), "on every canvas", Write::Word));
            nodes.filter_map(by_id).chain(fixed).collect()
        }
        Refers::Subcase => model
            .list(EntryKind::Subcase)
            .iter()
            .filter_map(by_number)
            .collect(),
        Refers::Expression => expressions(snapshot),
        Refers::Output => outputs(snapshot, steps),
        // Files are not looked for here: this room does not read the disk.
        Refers::File => Vec::new(),
    }
}

fn by_id(entry: &Entry) -> Option<Candidate> {
    let id = entry.id()?.to_owned();
    Some(Candidate {
        detail: entry.name().map(str::to_owned),
        kind: CompletionItemKind::REFERENCE,
        write: Write::Word(id.clone()),
        about: Some(About::Id(id.clone())),
        label: id,
    })
}

fn by_number(entry: &Entry) -> Option<Candidate> {
    let id = entry.id()?.to_owned();
    Some(Candidate {
        detail: entry.name().map(str::to_owned),
        kind: CompletionItemKind::REFERENCE,
        write: Write::Literal(id.clone()),
        about: Some(About::Subcase(id.clone())),
        label: id,
    })
}

/// The expressions that intake found; candidates that no variable drives come first.
fn expressions(snapshot: &Snapshot) -> Vec<Candidate> {
    let free = free_candidates(snapshot);
    let list = snapshot
        .parsed
        .node_at_pointer("/model/introspection/expressions");
    let mut found: Vec<(bool, Candidate)> = list
        .into_iter()
        .flat_map(|list| list.elements())
        .filter_map(|node| {
            let name = string(node, "name")?;
            let value = node.get("value").map(|value| value.raw().into_owned());
            let units = string(node, "units");
            let detail: Vec<String> = [value, units].into_iter().flatten().collect();
            let candidate = Candidate {
                detail: Some(detail.join(" ")),
                kind: CompletionItemKind::CONSTANT,
                write: Write::Word(name.clone()),
                about: Some(About::Expression(name.clone())),
                label: name.clone(),
            };
            Some((!free.contains(&name), candidate))
        })
        .collect();
    found.sort_by_key(|(later, _)| *later);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// The outputs of the extractor that the neighbouring `extractor_id` names.
fn outputs(snapshot: &Snapshot, steps: &[Step]) -> Vec<Candidate> {
    let source = steps
        .split_last()
        .and_then(|(_, source)| node_at(&snapshot.parsed, source));
    let Some(extractor) = source.and_then(|source| string(source, "extractor_id")) else {
        return Vec::new();
    };
    let entry = snapshot.model().extractor(&Word::new(&extractor));
    let outputs = entry.into_iter().flat_map(|entry| entry.facts.outputs());
    outputs
        .filter_map(|output| {
            let name = output.name.as_ref()?.text.to_string();
            Some(Candidate {
                detail: output.units.as_ref().map(|units| units.text.to_string()),
                kind: CompletionItemKind::FIELD,
                write: Write::Word(name.clone()),
                about: Some(About::Output(extractor.clone(), name.clone())),
                label: name,
            })
        })
        .collect()
}

/// Units of the dimension that fits the place; those of every dimension where that is not known.
fn of_units(snapshot: &Snapshot, steps: &[Step]) -> Vec<Candidate> {
    /// The most frequent ones first.
    const ALL: [Dimension; 13] = [
        Dimension::Length,
        Dimension::Angle,
        Dimension::Mass,
        Dimension::Pressure,
        Dimension::Frequency,
        Dimension::Temperature,
        Dimension::Force,
        Dimension::Time,
        Dimension::Energy,
        Dimension::Area,
        Dimension::Volume,
        Dimension::Inertia,
        Dimension::None,
    ];
    let preferred = preferred_units(snapshot, steps);
    let dimension = preferred
        .as_deref()
        .and_then(units::parse)
        .map(|unit| unit.dimension);
    let dimensions = match dimension.or_else(|| expected_dimension(snapshot, steps)) {
        Some(dimension) => vec![dimension],
        None => ALL.to_vec(),
    };
    let usual = dimensions.iter().flat_map(|dimension| {
        dimension
            .usual()
            .iter()
            .map(move |unit| (*dimension, *unit))
    });
    let mut found: Vec<Candidate> = usual
        .map(|(dimension, unit)| Candidate {
            label: unit.to_owned(),
            detail: Some(dimension.words().to_owned()),
            kind: CompletionItemKind::UNIT,
            write: Write::Word(unit.to_owned()),
            about: None,
        })
        .filter(|candidate| !candidate.label.is_empty())
        .collect();
    if let Some(preferred) = preferred {
        found.sort_by_key(|candidate| candidate.label != preferred);
    }
    found
}

/// The units of what the value is about: of the output that an objective reads, of the expression that a variable drives;
/// those that are usual for an output.
pub fn preferred_units(snapshot: &Snapshot, steps: &[Step]) -> Option<String> {
    let usual = |kind| usual_units(kind).map(str::to_owned);
    if let Some(extractor) = extractor_of_output(snapshot, steps) {
        return usual(extractor_type(extractor)?);
    }
    let model = snapshot.model();
    let entry = node_at(&snapshot.parsed, steps.split_last()?.1)?;
    if let Some(source) = entry.get("source") {
        let extractor = model.extractor(&Word::new(&string(source, "extractor_id")?))?;
        let wanted = string(source, "output_name")?;
        let mut outputs = extractor.facts.outputs().iter();
        let output =
            outputs.find(|output| output.name.as_ref().is_some_and(|it| *it.text == *wanted))?;
        let units = output.units.as_ref().map(|units| units.text.to_string());
        return units.or_else(|| usual(extractor.facts.extractor_type()?));
    }
    let driven = string(entry, "expression_name")?;
    string(expression(&snapshot.parsed, &driven)?, "units")
}

/// The extractor that an output belongs to, where the steps lead into one.
fn extractor_of_output<'a>(snapshot: &'a Snapshot, steps: &[Step]) -> Option<Node<'a>> {
    match steps {
        [Step::Key(list), Step::Index(_), Step::Key(outputs), ..]
            if list == "extractors" && outputs == "outputs" =>
        {
            node_at(&snapshot.parsed, &steps[..2])
        }
        _ => None,
    }
}

/// The dimension of an extractor's outputs, for an output or for an objective that reads one without units.
fn expected_dimension(snapshot: &Snapshot, steps: &[Step]) -> Option<Dimension> {
    if let Some(extractor) = extractor_of_output(snapshot, steps) {
        return dimension_of(extractor_type(extractor)?);
    }
    let entry = node_at(&snapshot.parsed, steps.split_last()?.1)?;
    let id = string(entry.get("source")?, "extractor_id")?;
    let extractor = snapshot.model().extractor(&Word::new(&id))?;
    dimension_of(extractor.facts.extractor_type()?)
}

/// What the kind of value alone says.
fn by_kind(snapshot: &Snapshot, steps: &[Step], shape: &Shape) -> Vec<Candidate> {
    if list_of(steps) == Some(EntryKind::Extractor) {
        let one = |kind: ExtractorType| {
            let label = format!("{} extractor", kind.name());
            skeleton_candidate(&label, "", extractor(snapshot, kind))
        };
        return ExtractorType::ALL.into_iter().map(one).collect();
    }
    if shape.kinds == [ValueKind::Boolean] {
        let truth = |word: &str| {
            let is_default = shape
                .default
                .as_ref()
                .and_then(serde_json::Value::as_bool)
                .is_some_and(|default| default == (word == "true"));
            plain(
                word.to_owned(),
                if is_default { "default" } else { "" },
                Write::Literal,
            )
        };
        return vec![truth("true"), truth("false")];
    }
    if let Some(default) = &shape.default {
        return vec![match default.as_str() {
            Some(word) => plain(word.to_owned(), "default", Write::Word),
            None => plain(default.to_string(), "default", Write::Literal),
        }];
    }
    let label = match (list_of(steps), shape.kinds.first()) {
        (Some(kind), _) => format!("new {}", kind.word()),
        (None, Some(ValueKind::Object)) => "{ … }".to_owned(),
        (None, Some(ValueKind::Array)) => "[ … ]".to_owned(),
        _ => return Vec::new(),
    };
    vec![skeleton_candidate(
        &label,
        "",
        skeleton::of_value(snapshot, steps),
    )]
}
