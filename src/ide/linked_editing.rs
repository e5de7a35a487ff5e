//! `textDocument/linkedEditingRange`: while an id is typed where it is defined, its references follow.
//!
//! Only from the definition: who edits a reference wants to name another thing, not to rename this one.

use lsp_types::{LinkedEditingRanges, Position};

use super::{Snapshot, within_quotes};
use crate::spec::model::Role;

/// The places that change together with the definition at the position.
pub fn linked_ranges(snapshot: &Snapshot, position: Position) -> Option<LinkedEditingRanges> {
    let model = snapshot.model();
    let found = model.symbol_at(snapshot.offset(position))?;
    if found.role != Role::Definition {
        return None;
    }
    let places = model.occurrences(&found.symbol);
    let definitions = places
        .iter()
        .filter(|place| place.role == Role::Definition)
        .count();
    let inner = |range| within_quotes(snapshot.text(), range);
    let spelling = snapshot.text().slice(inner(found.range.clone()));
    let alike = |place: &&crate::spec::model::Occurrence| {
        snapshot.text().slice(inner(place.range.clone())) == spelling
    };
    // An id that stands twice: whose references these are cannot be told.
    if definitions != 1 || places.len() < 2 || !places.iter().all(|place| alike(&place)) {
        return None;
    }
    let word_pattern = match snapshot.text().byte(found.range.start) {
        Some(b'"') => r#"[^"\\\r\n]*"#,
        // A subcase's number: what follows it on its line is no part of it.
        _ => "[0-9]*",
    };
    Some(LinkedEditingRanges {
        ranges: places
            .iter()
            .map(|place| snapshot.range(inner(place.range.clone())))
            .collect(),
        word_pattern: Some(word_pattern.into()),
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::ide::testing::{at_cursor, marked};

    fn shown(fixture: &str) -> String {
        let (snapshot, position) = at_cursor(fixture);
        linked_ranges(&snapshot, position)
            .map_or("none".into(), |linked| marked(&snapshot, &linked.ranges))
    }

    #[test]
    fn references_follow_their_definition() {
        expect![[r#"
            {"extractors": [{"id": "ext_001"}], "canvas": {"edges": [{"source": "ext_001"}]}}
                                    ^^^^^^^
            {"extractors": [{"id": "ext_001"}], "canvas": {"edges": [{"source": "ext_001"}]}}
                                                                                 ^^^^^^^
        "#]]
        .assert_eq(&shown(
            r#"{"extractors": [{"id": "ext_0$001"}], "canvas": {"edges": [{"source": "ext_001"}]}}"#,
        ));
    }

    #[test]
    fn a_word_ends_where_its_string_or_number_does() {
        let pattern = |fixture: &str| {
            let (snapshot, position) = at_cursor(fixture);
            linked_ranges(&snapshot, position)?.word_pattern
        };
        let id = r#"{"extractors": [{"id": "ext_0$001"}], "canvas": {"edges": [{"source": "ext_001"}]}}"#;
        assert_eq!(pattern(id).as_deref(), Some(r#"[^"\\\r\n]*"#));
        let subcase = r#"{"model": {"sim": {"subcases": [{"id": $03}]}}, "extractors": [{"type": "stress", "config": {"subcase": 3}}]}"#;
        assert_eq!(pattern(subcase).as_deref(), Some("[0-9]*"));
    }

    #[test]
    fn a_reference_is_edited_alone_and_so_is_an_id_that_stands_twice() {
        assert_eq!(
            shown(
                r#"{"extractors": [{"id": "ext_001"}], "canvas": {"edges": [{"source": "ext_0$001"}]}}"#
            ),
            "none"
        );
        assert_eq!(
            shown(r#"{"extractors": [{"id": "ext_0$001"}, {"id": "ext_001"}]}"#),
            "none"
        );
    }
}
