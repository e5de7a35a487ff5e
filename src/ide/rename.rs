//! `textDocument/prepareRename` and `textDocument/rename`: ids, outputs, subcases, stages, groups, NX expressions.
//!
//! All places change together: the definition, references, canvas edges and groups. An NX expression is renamed in the
//! spec alone; its name in the part is changed in NX.

use lsp_types::{Position, PrepareRenameResponse, WorkspaceEdit};

use super::{Snapshot, edits::workspace_edit, within_quotes};
use crate::{
    spec::{
        format::{FIXED_NODES, Shape},
        model::{EntryKind, Model, Occurrence, Role, Symbol},
    },
    text::Edit,
};

/// Why something is not renamed; for the person who asked.
pub type Refusal = String;

/// What would be renamed at the position.
///
/// # Errors
/// Says why it cannot be.
pub fn prepare(snapshot: &Snapshot, position: Position) -> Result<PrepareRenameResponse, Refusal> {
    let (found, _) = renameable(snapshot, position)?;
    Ok(PrepareRenameResponse::RangeWithPlaceholder {
        range: snapshot.range(within_quotes(snapshot.text(), found.range)),
        placeholder: found.symbol.name().to_owned(),
    })
}

/// The edit that gives the symbol at the position a new name, everywhere.
///
/// # Errors
/// Says why the name cannot be given.
pub fn rename(
    snapshot: &Snapshot,
    position: Position,
    new_name: &str,
) -> Result<WorkspaceEdit, Refusal> {
    let (found, places) = renameable(snapshot, position)?;
    let edits = if new_name == found.symbol.name() {
        Vec::new()
    } else {
        let renamed = well_formed(snapshot.model(), &found.symbol, &places, new_name)?;
        free(snapshot.model(), &renamed)?;
        let edit = |place: &Occurrence| replacement(snapshot, place, new_name);
        places.iter().map(edit).collect()
    };
    Ok(workspace_edit(snapshot, &edits))
}

fn renameable(
    snapshot: &Snapshot,
    position: Position,
) -> Result<(Occurrence, Vec<Occurrence>), Refusal> {
    let model = snapshot.model();
    let found = model.symbol_at(snapshot.offset(position)).ok_or(
        "Only ids, outputs, subcases and NX expressions can be renamed; there is none here.",
    )?;
    let places = model.occurrences(&found.symbol);
    let name = found.symbol.name();
    let definitions = places
        .iter()
        .filter(|place| place.role == Role::Definition)
        .count();
    match definitions {
        1 => Ok((found, places)),
        // Intake need not have listed the part's expressions.
        0 if matches!(found.symbol, Symbol::Expression(_)) => Ok((found, places)),
        0 => Err(format!(
            "`{name}` is defined nowhere in this spec, so there is nothing to rename."
        )),
        many => Err(format!(
            "`{name}` is defined {many} times; which references belong to which cannot be told. Give one of them another \
             id by hand first."
        )),
    }
}

/// The symbol by its new name, if things of its kind may be called so.
fn well_formed(
    model: &Model,
    symbol: &Symbol,
    places: &[Occurrence],
    new_name: &str,
) -> Result<Symbol, Refusal> {
    let definition = places.iter().find(|place| place.role == Role::Definition);
    let entry = definition.map(|place| &model.entries()[place.entry]);
    Ok(match symbol {
        Symbol::Id(_) => {
            let kind = entry.map_or(EntryKind::Part, |entry| entry.kind);
            well_formed_id(kind, new_name)?;
            Symbol::Id(new_name.to_owned())
        }
        Symbol::Subcase(_) => {
            let number = new_name.parse::<u32>().ok().filter(|number| *number >= 1);
            let number =
                number.ok_or_else(|| format!("`{new_name}` is no subcase number: 1, 2, 3 …"))?;
            if number.to_string() != new_name {
                return Err(format!("Write {number} for `{new_name}`."));
            }
            Symbol::Subcase(new_name.to_owned())
        }
        Symbol::Expression(_) => Symbol::Expression(not_blank(new_name)?),
        Symbol::Output { extractor, .. } => Symbol::Output {
            extractor: extractor.clone(),
            name: not_blank(new_name)?,
        },
    })
}

/// Whether nothing is called so yet, nor referred to.
fn free(model: &Model, symbol: &Symbol) -> Result<(), Refusal> {
    let new_name = symbol.name();
    let named_so = model.occurrences(symbol);
    let defined = named_so.iter().find(|it| it.role == Role::Definition);
    match (defined, named_so.first()) {
        (None, None) => Ok(()),
        // It would come to mean what is renamed, and nothing could tell them apart again.
        (None, Some(dangling)) => {
            let user = &model.entries()[dangling.entry];
            let name = user.name().or(user.id());
            Err(format!(
                "`{new_name}` is not free: {}{} refers to it, though nothing defines it.",
                article(user.kind.word()),
                name.map(|name| format!(" ({name})")).unwrap_or_default()
            ))
        }
        (Some(taken), _) => {
            let entry = &model.entries()[taken.entry];
            let what = match symbol {
                Symbol::Output { .. } => "another output".to_owned(),
                _ => format!("the {}", entry.kind.word()),
            };
            let name = entry
                .name()
                .filter(|name| *name != new_name)
                .map(|name| format!(" ({name})"))
                .unwrap_or_default();
            Err(format!("`{new_name}` is taken by {what}{name}."))
        }
    }
}

fn well_formed_id(kind: EntryKind, id: &str) -> Result<(), Refusal> {
    if FIXED_NODES.contains(&id) {
        return Err(format!(
            "`{id}` is a fixed node of the canvas; choose another id."
        ));
    }
    let shape = kind.pointer().and_then(|list| {
        let steps: Vec<&str> = list.split('/').skip(1).chain(["0", "id"]).collect();
        Shape::spec().path(&steps)
    });
    match shape.and_then(|shape| shape.pattern.as_ref()) {
        Some(pattern) if !pattern.matches(id) => Err(format!(
            "`{id}` is not what the id of {} looks like: {}.",
            article(kind.word()),
            pattern.words
        )),
        _ => not_blank(id).map(drop),
    }
}

fn article(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {word}")
}

fn not_blank(name: &str) -> Result<String, Refusal> {
    if name.trim().is_empty() {
        return Err("A name cannot be blank.".into());
    }
    Ok(name.to_owned())
}

fn replacement(snapshot: &Snapshot, place: &Occurrence, new_name: &str) -> Edit {
    let inner = within_quotes(snapshot.text(), place.range.clone());
    if inner == place.range {
        return Edit {
            range: inner,
            insert: new_name.to_owned(),
        };
    }
    let quoted = serde_json::Value::from(new_name).to_string();
    Edit {
        range: inner,
        insert: quoted[1..quoted.len() - 1].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use lsp_types::{DocumentChanges, OneOf, TextEdit};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        ide::testing::{BRACKET, EXAMPLES, applied, at_cursor, marked, snapshot},
        text::minimal,
    };

    fn edits(edit: WorkspaceEdit) -> Vec<TextEdit> {
        let Some(DocumentChanges::Edits(changes)) = edit.document_changes else {
            panic!("versioned edits are wanted");
        };
        assert_eq!(changes[0].text_document.version, Some(7));
        let edits = changes.into_iter().flat_map(|change| change.edits);
        edits
            .map(|edit| match edit {
                OneOf::Left(edit) => edit,
                OneOf::Right(edit) => edit.text_edit,
            })
            .collect()
    }

    /// The lines that differ afterwards.
    fn renamed(fixture: &str, new_name: &str) -> String {
        let (snapshot, position) = at_cursor(fixture);
        match rename(&snapshot, position, new_name) {
            Err(refusal) => refusal,
            Ok(edit) => {
                let after = applied(&snapshot, &edits(edit));
                let before = snapshot.text().to_string();
                let lines = after.lines().zip(before.lines());
                lines
                    .filter(|(after, before)| after != before)
                    .map(|(after, _)| format!("{}\n", after.trim()))
                    .collect()
            }
        }
    }

    fn bracket_at(place: &str) -> String {
        let marked = place.replace("$0", "");
        BRACKET.replacen(&marked, place, 1)
    }

    #[test]
    fn all_references_and_canvas_edges_follow() {
        let fixture = bracket_at(r#""id": "ext_$0002""#);
        expect![[r#"
            "id": "ext_017",
            "extractor_id": "ext_017",
            "target": "ext_017"
            "source": "ext_017",
        "#]]
        .assert_eq(&renamed(&fixture, "ext_017"));
    }

    #[test]
    fn an_output_is_renamed_with_those_who_read_it() {
        let fixture = bracket_at(r#""output_name": "max_str$0ess""#);
        expect![[r#"
            "name": "peak \"σ\"",
            "output_name": "peak \"σ\""
        "#]]
        .assert_eq(&renamed(&fixture, "peak \"σ\""));
    }

    #[test]
    fn a_subcase_gets_another_number() {
        let fixture = bracket_at("\"subcases\": [\n        {\n          \"id\": 1$0");
        expect![[r#"
            "id": 3,
            "subcase": 3,
            "subcase": 3,
            "subcase": 3,
            "subcase": 3,
        "#]]
        .assert_eq(&renamed(&fixture, "3"));
        expect!["`0` is no subcase number: 1, 2, 3 …"].assert_eq(&renamed(&fixture, "0"));
        expect!["Write 7 for `007`."].assert_eq(&renamed(&fixture, "007"));
    }

    #[test]
    fn a_name_that_is_taken_or_ill_formed_is_refused_with_the_reason() {
        let fixture = bracket_at(r#""id": "ext_$0002""#);
        expect!["`ext_001` is taken by the extractor (mass)."]
            .assert_eq(&renamed(&fixture, "ext_001"));
        expect!["`extractor 2` is not what the id of an extractor looks like: `ext_` and at least three digits, e.g. `ext_001`."]
            .assert_eq(&renamed(&fixture, "extractor 2"));
        expect!["`model` is a fixed node of the canvas; choose another id."]
            .assert_eq(&renamed(&fixture, "model"));
        expect!["A name cannot be blank."].assert_eq(&renamed(
            &bracket_at(r#""expression_name": "web$0_t""#),
            " ",
        ));
    }

    #[test]
    fn what_has_no_one_definition_is_refused() {
        expect![
            "Only ids, outputs, subcases and NX expressions can be renamed; there is none here."
        ]
        .assert_eq(&renamed(
            &bracket_at(r#""study_name": "bra$0cket_mass""#),
            "x",
        ));
        expect!["`ext_009` is defined nowhere in this spec, so there is nothing to rename."]
            .assert_eq(&renamed(
                r#"{"objectives": [{"source": {"extractor_id": "ext_009$0"}}]}"#,
                "ext_001",
            ));
        expect!["`ext_001` is defined 2 times; which references belong to which cannot be told. Give one of them another id by hand first."]
            .assert_eq(&renamed(
                r#"{"extractors": [{"id": "ext_001$0"}, {"id": "ext_001"}]}"#,
                "ext_002",
            ));
    }

    #[test]
    fn prepare_marks_the_name_without_its_quotes() {
        let (snapshot, position) = at_cursor(r#"{"extractors": [{"id": "ext_0$001"}]}"#);
        let Ok(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder }) =
            prepare(&snapshot, position)
        else {
            panic!("an id can be renamed");
        };
        assert_eq!(placeholder, "ext_001");
        expect![[r#"
            {"extractors": [{"id": "ext_001"}]}
                                    ^^^^^^^
        "#]]
        .assert_eq(&marked(&snapshot, &[range]));
    }

    #[test]
    fn a_broken_text_is_no_obstacle() {
        let fixture = "{\"extractors\": [{\"id\": \"ext_0$001\"}],\n\"objectives\": [{\"source\": {\"extractor_id\": \"ext_001\",\n";
        expect![[r#"
            {"extractors": [{"id": "ext_002"}],
            "objectives": [{"source": {"extractor_id": "ext_002",
        "#]]
        .assert_eq(&renamed(fixture, "ext_002"));
    }

    #[test]
    fn a_name_that_is_referred_to_is_not_free() {
        expect!["`ext_009` is not free: an objective (m) refers to it, though nothing defines it."].assert_eq(&renamed(
            r#"{"extractors": [{"id": "ext_001$0"}], "objectives": [{"name": "m", "source": {"extractor_id": "ext_009"}}]}"#,
            "ext_009",
        ));
        // Without an introspection expressions are defined nowhere.
        expect!["`b` is not free: a variable (dv_002) refers to it, though nothing defines it."].assert_eq(&renamed(
            r#"{"design_variables": [{"id": "dv_001", "expression_name": "a$0"}, {"id": "dv_002", "expression_name": "b"}]}"#,
            "b",
        ));
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_identity(
            example in 0..EXAMPLES.len(), listed in any::<bool>(), nth in any::<prop::sample::Index>(),
            number in 100_u32..999, other in prop::option::of(any::<prop::sample::Index>())
        ) {
            // Where no expressions are listed, variables name them all the same.
            let text = if listed { EXAMPLES[example].to_owned() } else { EXAMPLES[example].replace("\"expressions\"", "\"others\"") };
            let before = snapshot(&text);
            let model = before.model();
            let symbols: Vec<Occurrence> = (0..text.len()).step_by(3).filter_map(|at| model.symbol_at(at)).collect();
            prop_assume!(!symbols.is_empty());
            let found = nth.get(&symbols);
            let old = found.symbol.name().to_owned();
            let fresh = match old.split_once('_') {
                Some((prefix, digits)) if digits.parse::<u32>().is_ok() => format!("{prefix}_{number}"),
                _ if matches!(found.symbol, Symbol::Subcase(_)) => number.to_string(),
                _ => format!("renamed_{number}"),
            };
            let new = other.map_or(fresh, |other| other.get(&symbols).symbol.name().to_owned());
            prop_assume!(new != old);
            let there = match rename(&before, before.position(found.range.start + 1), &new) {
                Ok(there) => there,
                // Names that are there are refused, where their kind could have them at all.
                Err(refusal) => {
                    prop_assert!(other.is_some(), "{refusal}");
                    return Ok(());
                }
            };
            let there = applied(&before, &edits(there));
            prop_assert_ne!(&there, &text);
            let first = minimal(&text, &there)[0].range.start;
            let after = snapshot(&there);
            let back = rename(&after, after.position(first), &old).expect("the old name is free again");
            prop_assert_eq!(applied(&after, &edits(back)), text);
        }
    }
}
