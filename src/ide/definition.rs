//! `textDocument/definition`: from where something is named to where it gets its name.

use std::ops::Range;

use lsp_types::{GotoDefinitionResponse, LocationLink, Position};

use super::Snapshot;
use crate::spec::{
    format::FIXED_NODES,
    model::Symbol,
    syntax::{Place, Step},
};

/// The definition of what stands at the position: an id, an output, a subcase, an NX expression, a fixed node of the canvas.
pub fn definition(snapshot: &Snapshot, position: Position) -> Option<GotoDefinitionResponse> {
    let offset = snapshot.offset(position);
    let found = symbol_target(snapshot, offset).or_else(|| fixed_node(snapshot, offset))?;
    if !snapshot.traits.definition_links {
        return Some(GotoDefinitionResponse::Scalar(
            snapshot.location(found.name),
        ));
    }
    Some(GotoDefinitionResponse::Link(vec![LocationLink {
        origin_selection_range: Some(snapshot.range(found.origin)),
        target_uri: snapshot.uri.clone(),
        target_range: snapshot.range(found.whole),
        target_selection_range: snapshot.range(found.name),
    }]))
}

struct Target {
    origin: Range<usize>,
    whole: Range<usize>,
    name: Range<usize>,
}

fn symbol_target(snapshot: &Snapshot, offset: usize) -> Option<Target> {
    let model = snapshot.model();
    let origin = model.symbol_at(offset)?;
    let definition = model.definition(&origin.symbol)?;
    let entry = model.entries()[definition.entry].range();
    let whole = match origin.symbol {
        Symbol::Output { .. } => output_around(snapshot, definition.range.start).unwrap_or(entry),
        _ => entry,
    };
    Some(Target {
        origin: origin.range,
        whole,
        name: definition.range,
    })
}

/// The object of an output whose name stands at `offset`.
fn output_around(snapshot: &Snapshot, offset: usize) -> Option<Range<usize>> {
    Some(snapshot.parsed.path_at(offset + 1).container?.range())
}

/// `model`, `solver` … of canvas edges and groups: the part of the spec that the node shows.
fn fixed_node(snapshot: &Snapshot, offset: usize) -> Option<Target> {
    let path = snapshot.parsed.path_at(offset);
    let on_canvas = matches!(path.steps.first(), Some(Step::Key(key)) if key == "canvas");
    let Place::Value(Some(node)) = path.place else {
        return None;
    };
    let name = node.as_str()?;
    if !on_canvas || !FIXED_NODES.contains(&&*name) {
        return None;
    }
    let (holder, key) = match &*name {
        "model" => ("", "model"),
        "solver" => ("/model", "sim"),
        "optimization" => ("", "optimization"),
        _ => ("/optimization", "surrogate"),
    };
    let member = snapshot.parsed.node_at_pointer(holder)?.member(key)?;
    Some(Target {
        origin: node.range(),
        whole: member.range(),
        name: member.key().range(),
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::ide::testing::{BRACKET, MIRROR, marked, snapshot};

    fn check(text: &str, at: &str, expected: &Expect) {
        let snapshot = snapshot(text);
        let offset = text.find(at).expect("in the text") + at.len() - 2;
        let shown = match definition(&snapshot, snapshot.position(offset)) {
            Some(GotoDefinitionResponse::Link(links)) => {
                let ranges: Vec<_> = links
                    .iter()
                    .flat_map(|link| [link.target_range, link.target_selection_range])
                    .collect();
                marked(&snapshot, &ranges)
            }
            other => format!("{other:?}"),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn references_lead_to_what_they_name() {
        check(
            BRACKET,
            r#""extractor_id": "ext_002""#,
            &expect![[r#"
                {
                ^
                "id": "ext_002",
                      ^^^^^^^^^
            "#]],
        );
        check(
            BRACKET,
            r#""output_name": "max_stress""#,
            &expect![[r#"
                {
                ^
                "name": "max_stress",
                        ^^^^^^^^^^^^
            "#]],
        );
        check(
            MIRROR,
            r#""from": "explore""#,
            &expect![[r#"
                {
                ^
                "id": "explore",
                      ^^^^^^^^^
            "#]],
        );
    }

    #[test]
    fn fixed_nodes_lead_to_their_part_of_the_spec() {
        check(
            BRACKET,
            r#""target": "solver""#,
            &expect![[r#"
                    "sim": {
                    ^^^^^^^^
                    "sim": {
                    ^^^^^
            "#]],
        );
    }

    #[test]
    fn what_names_nothing_has_no_definition() {
        check(BRACKET, r#""study_name": "bracket_mass""#, &expect!["None"]);
        check(
            r#"{"objectives": [{"source": {"extractor_id": "ext_009"}}]}"#,
            "ext_009\"",
            &expect!["None"],
        );
    }

    #[test]
    fn a_broken_text_is_no_obstacle() {
        check(
            r#"{"extractors": [{"id": "ext_001"}], "objectives": [{"source": {"extractor_id": "ext_001" "x"#,
            r#""extractor_id": "ext_001""#,
            &expect![[r#"
                {"extractors": [{"id": "ext_001"}], "objectives": [{"source": {"extractor_id": "ext_001" "x
                                ^^^^^^^^^^^^^^^^^
                {"extractors": [{"id": "ext_001"}], "objectives": [{"source": {"extractor_id": "ext_001" "x
                                       ^^^^^^^^^
            "#]],
        );
    }
}
