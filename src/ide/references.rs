//! `textDocument/references`: every place that names what is at the cursor.

use lsp_types::{Location, Position};

use super::Snapshot;
use crate::spec::model::Role;

/// The places of the id, output, subcase or expression at the position; `None` where there is none.
pub fn references(
    snapshot: &Snapshot,
    position: Position,
    include_declaration: bool,
) -> Option<Vec<Location>> {
    let model = snapshot.model();
    let found = model.symbol_at(snapshot.offset(position))?;
    let places = model
        .occurrences(&found.symbol)
        .into_iter()
        .filter(|place| include_declaration || place.role == Role::Reference);
    Some(places.map(|place| snapshot.location(place.range)).collect())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::ide::testing::{MIRROR, at_cursor, marked};

    fn shown(fixture: &str, include_declaration: bool) -> String {
        let (snapshot, position) = at_cursor(fixture);
        match references(&snapshot, position, include_declaration) {
            Some(places) => {
                let ranges: Vec<_> = places.iter().map(|place| place.range).collect();
                marked(&snapshot, &ranges)
            }
            None => "none".into(),
        }
    }

    #[test]
    fn an_id_is_found_where_it_is_used_and_on_the_canvas() {
        let fixture = MIRROR.replacen("\"id\": \"ext_001\"", "\"id\": \"ext$0_001\"", 1);
        expect![[r#"
                    "extractor_id": "ext_001",
                                    ^^^^^^^^^
                    "target": "ext_001"
                              ^^^^^^^^^
                    "source": "ext_001",
                              ^^^^^^^^^
        "#]]
        .assert_eq(&shown(&fixture, false));
    }

    #[test]
    fn a_subcase_is_found_by_its_number() {
        let fixture = r#"{"model": {"sim": {"subcases": [{"id": $02}]}}, "extractors": [{"config": {"subcase": 2, "reference_subcase": 1}}]}"#;
        expect![[r#"
            {"model": {"sim": {"subcases": [{"id": 2}]}}, "extractors": [{"config": {"subcase": 2, "reference_subcase": 1}}]}
                                                   ^
            {"model": {"sim": {"subcases": [{"id": 2}]}}, "extractors": [{"config": {"subcase": 2, "reference_subcase": 1}}]}
                                                                                                ^
        "#]]
        .assert_eq(&shown(fixture, true));
    }

    #[test]
    fn an_ordinary_value_has_no_references() {
        assert_eq!(shown(r#"{"meta": {"study_name": "a$0"}}"#, true), "none");
        assert_eq!(shown("$0", true), "none");
    }
}
