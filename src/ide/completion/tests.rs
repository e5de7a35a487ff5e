use expect_test::{Expect, expect};
use lsp_types::{CompletionTextEdit, Documentation, TextEdit};
use proptest::prelude::*;

use super::*;
use crate::{
    ide::{
        Traits,
        testing::{BRACKET, EXAMPLES, MIRROR, MODERN, applied, cursor, snapshot_for},
    },
    spec::syntax::Parsed,
    text::Text,
};

/// A client that inserts at the cursor, without snippets.
const PLAIN: Traits = Traits {
    snippets: false,
    replaces: false,
    ..MODERN
};

fn items(text: &str, offset: usize, traits: Traits) -> Vec<CompletionItem> {
    let snapshot = snapshot_for(text, traits);
    match completion(&snapshot, snapshot.position(offset)) {
        Some(CompletionResponse::List(list)) => list.items,
        _ => Vec::new(),
    }
}

/// Labels and details.
fn check(fixture: &str, expected: &Expect) {
    let (text, offset) = cursor(fixture);
    let shown: String = items(&text, offset, MODERN)
        .iter()
        .map(|item| {
            format!(
                "{} ({})\n",
                item.label,
                item.detail.as_deref().unwrap_or("-")
            )
        })
        .collect();
    expected.assert_eq(&shown);
}

fn edits(item: &CompletionItem) -> Vec<TextEdit> {
    let Some(CompletionTextEdit::Edit(main)) = item.text_edit.clone() else {
        panic!("every item is an edit");
    };
    let additional = item.additional_text_edits.clone().unwrap_or_default();
    [main].into_iter().chain(additional).collect()
}

/// The text after the item is taken.
fn taken(fixture: &str, label: &str, traits: Traits) -> String {
    let (text, offset) = cursor(fixture);
    let items = items(&text, offset, traits);
    let labels: Vec<&str> = items.iter().map(|item| item.label.as_str()).collect();
    let item = items.iter().find(|item| item.label == label);
    let item = item.unwrap_or_else(|| panic!("{label} is not among {labels:?} in {fixture}"));
    applied(&snapshot_for(&text, traits), &edits(item))
}

fn accept(fixture: &str, label: &str, traits: Traits, expected: &Expect) {
    expected.assert_eq(&taken(fixture, label, traits));
}

/// The example with a cursor in the place of `$0`, the piece found without it.
fn within(text: &str, piece: &str) -> String {
    let found = piece.replace("$0", "");
    assert!(text.contains(&found), "{found} is in the example");
    text.replacen(&found, piece, 1)
}

#[test]
fn keys_that_are_lacking_are_offered_and_those_required_come_first() {
    check(
        r#"{"objectives": [{"name": "m", "$0"}]}"#,
        &expect![[r#"
            id (a string, required)
            direction (a word, required)
            source (an object, required)
            weight (a number)
            target (a number)
            units (a string)
            enabled (true or false)
            canvas_position (an object)
        "#]],
    );
    check(
        r#"{"design_variables": [{"type": "categorical", $0}]}"#,
        &expect![[r#"
            id (a string, required)
            name (a string, required)
            expression_name (a string, required)
            choices (a list, required)
            bounds (an object)
            baseline (a string or a number or true or false)
            units (a string)
            step (a number)
            enabled (true or false)
            description (a string)
            canvas_position (an object)
        "#]],
    );
}

#[test]
fn a_key_brings_a_skeleton_of_its_value() {
    accept(
        r#"{"meta": {"$0"}}"#,
        "study_name",
        MODERN,
        &expect![[r#"{"meta": {"study_name": "$1"}}"#]],
    );
    accept(
        r#"{$0}"#,
        "optimization",
        MODERN,
        &expect![[r#"
            {"optimization": {
            	"algorithm": {
            		"type": "${1:TPE}"
            	},
            	"budget": {
            		"max_trials": ${2:100}
            	}
            }}"#]],
    );
    accept(
        r#"{$0}"#,
        "optimization",
        PLAIN,
        &expect![[
            r#"{"optimization": {"algorithm": {"type": "TPE"}, "budget": {"max_trials": 100}}}"#
        ]],
    );
    accept(
        r#"{"objectives": [{"$0"}]}"#,
        "direction",
        MODERN,
        &expect![[r#"{"objectives": [{"direction": "${1:minimize}"}]}"#]],
    );
    accept(
        r#"{"objectives": [{"direction": "minimize", sou$0}]}"#,
        "source",
        MODERN,
        &expect![[r#"
            {"objectives": [{"direction": "minimize", "source": {
            	"extractor_id": "$1",
            	"output_name": "$2"
            }}]}"#]],
    );
}

#[test]
fn before_a_colon_only_the_key_is_written() {
    accept(
        r#"{"objectives": [{"dir$0": "minimize"}]}"#,
        "direction",
        MODERN,
        &expect![[r#"{"objectives": [{"direction": "minimize"}]}"#]],
    );
    accept(
        r#"{"objectives": [{"dir$0" : "minimize"}]}"#,
        "direction",
        PLAIN,
        &expect![[r#"{"objectives": [{"direction" : "minimize"}]}"#]],
    );
}

#[test]
fn before_a_colon_that_has_no_key_only_the_key_is_written() {
    for traits in [MODERN, PLAIN] {
        accept(
            r#"{"objectives": [{"name": "o", $0: "minimize"}]}"#,
            "direction",
            traits,
            &expect![[r#"{"objectives": [{"name": "o", "direction": "minimize"}]}"#]],
        );
    }
}

#[test]
fn a_string_that_is_whole_stays_so_whatever_it_holds() {
    let fixture = r#"{"design_variables": [{"type": "categorical", "choices": ["0,90", "0:45"], "baseline":"0$0,90"}]}"#;
    for traits in [MODERN, PLAIN] {
        accept(
            fixture,
            "0:45",
            traits,
            &expect![[
                r#"{"design_variables": [{"type": "categorical", "choices": ["0,90", "0:45"], "baseline":"0:45"}]}"#
            ]],
        );
    }
}

#[test]
fn an_edit_ends_at_the_closing_quote_for_clients_that_delete_nothing_behind_the_cursor() {
    let (text, offset) = cursor(r#"{"objectives": [{"dir$0"}]}"#);
    for item in items(&text, offset, PLAIN) {
        let Some(CompletionTextEdit::Edit(main)) = &item.text_edit else {
            panic!("every item is an edit");
        };
        assert_eq!(main.range.end.character as usize, offset);
        assert!(!main.new_text.contains('"'), "{main:?}");
    }
    accept(
        r#"{"objectives": [{"dir$0"}]}"#,
        "direction",
        PLAIN,
        &expect![[r#"{"objectives": [{"direction": "minimize"}]}"#]],
    );
    accept(
        r#"{"objectives": [{"direction": "min$0"}]}"#,
        "minimize",
        PLAIN,
        &expect![[r#"{"objectives": [{"direction": "minimize"}]}"#]],
    );
}

#[test]
fn a_study_is_named_as_its_folder_where_that_is_a_name() {
    let (text, offset) = cursor(r#"{"meta": {"$0"}}"#);
    let name_in = |folder: &str| {
        let mut snapshot = snapshot_for(&text, PLAIN);
        snapshot.path = Some(format!("/r/studies/{folder}/1_setup/atomizer_spec.json").into());
        let Some(CompletionResponse::List(list)) = completion(&snapshot, snapshot.position(offset))
        else {
            panic!("keys");
        };
        let mut items = list.items.iter();
        let item = items.find(|item| item.label == "study_name").expect("it");
        applied(&snapshot, &edits(item))
    };
    assert_eq!(name_in("arm_2"), r#"{"meta": {"study_name": "arm_2"}}"#);
    assert_eq!(name_in("2-arm"), r#"{"meta": {"study_name": ""}}"#);
}

#[test]
fn commas_are_put_where_they_are_needed() {
    accept(
        "{\"meta\": {\n  \"version\": \"2.0\"\n  \"$0\"\n  \"status\": \"draft\"}}",
        "study_name",
        PLAIN,
        &expect![[r#"
            {"meta": {
              "version": "2.0",
              "study_name": "",
              "status": "draft"}}"#]],
    );
    accept(
        "{\"meta\": {$0 \"status\": \"draft\"}}",
        "topic",
        PLAIN,
        &expect![[r#"{"meta": {"topic": "", "status": "draft"}}"#]],
    );
    accept(
        "{\"meta\": {\"status\": $0 \"topic\": \"x\"}}",
        "draft",
        PLAIN,
        &expect![[r#"{"meta": {"status": "draft", "topic": "x"}}"#]],
    );
    accept(
        "{\"reporting\": {\"report_triggers\": [\"final\" $0]}}",
        "error",
        PLAIN,
        &expect![[r#"{"reporting": {"report_triggers": ["final", "error"]}}"#]],
    );
}

#[test]
fn words_are_written_with_the_quotes_that_lack() {
    for fixture in [
        r#"{"objectives": [{"direction":$0}]}"#,
        r#"{"objectives": [{"direction": $0}]}"#,
        r#"{"objectives": [{"direction": "$0"}]}"#,
        r#"{"objectives": [{"direction": "maxi$0mize"}]}"#,
        r#"{"objectives": [{"direction": mi$0}]}"#,
    ] {
        accept(
            fixture,
            "minimize",
            MODERN,
            &expect![[r#"{"objectives": [{"direction": "minimize"}]}"#]],
        );
    }
    accept(
        "{\"objectives\": [{\"direction\": \"mi$0\n}]}",
        "minimize",
        MODERN,
        &expect![[r#"
            {"objectives": [{"direction": "minimize"
            }]}"#]],
    );
    accept(
        r#"{"objectives": [{"direction": "$0, "weight": 1}]}"#,
        "minimize",
        MODERN,
        &expect![[r#"{"objectives": [{"direction": "minimize", "weight": 1}]}"#]],
    );
}

#[test]
fn references_offer_what_there_is() {
    check(
        &within(BRACKET, r#""extractor_id": "$0ext_001""#),
        &expect![[r#"
            ext_001 (mass)
            ext_002 (von Mises)
            ext_003 (lug deflection)
        "#]],
    );
    check(
        &within(BRACKET, r#""output_name": "$0max_stress""#),
        &expect![[r#"
            max_stress (MPa)
        "#]],
    );
    check(
        &within(MIRROR, r#""from": "$0explore""#),
        &expect![[r#"
        explore (Explore)
        refine (Refine)
    "#]],
    );
    check(
        &within(MIRROR, r#""subcase": $03"#),
        &expect![[r#"
        1 (90 deg)
        2 (20 deg)
        3 (40 deg)
        4 (60 deg)
    "#]],
    );
    check(
        &within(BRACKET, r#""target": "$0model""#),
        &expect![[r#"
            dv_001 (web thickness)
            dv_002 (flange thickness)
            dv_003 (lightening hole radius)
            dv_004 (rib count)
            ext_001 (mass)
            ext_002 (von Mises)
            ext_003 (lug deflection)
            obj_001 (mass)
            con_001 (yield)
            con_002 (deflection)
            model (on every canvas)
            solver (on every canvas)
            optimization (on every canvas)
            surrogate (on every canvas)
        "#]],
    );
    check(&within(BRACKET, "\"source\": $0{"), &expect![[r#""#]]);
}

#[test]
fn an_expression_is_offered_from_the_introspection_free_candidates_first() {
    check(
        r#"{"model": {"introspection": {"expressions": [{"name": "p1", "value": 3, "units": "mm"}, {"name": "p2", "is_candidate": true}, {"name": "p3", "is_candidate": true}]}},
        "design_variables": [{"expression_name": "p2"}, {"expression_name": "$0"}]}"#,
        &expect![[r#"
            p3 (-)
            p1 (3 mm)
            p2 (-)
        "#]],
    );
}

#[test]
fn units_fit_the_output() {
    check(
        r#"{"extractors": [{"type": "stress", "outputs": [{"units": "$0"}]}]}"#,
        &expect![[r#"
            MPa (a pressure)
            Pa (a pressure)
            kPa (a pressure)
            GPa (a pressure)
            bar (a pressure)
            psi (a pressure)
            ksi (a pressure)
        "#]],
    );
    check(
        &within(BRACKET, "\"units\": \"$0kg\",\n      \"canvas"),
        &expect![[r#"
            kg (a mass)
            g (a mass)
            t (a mass)
            mg (a mass)
            lb (a mass)
        "#]],
    );
}

#[test]
fn units_of_a_wavefront_begin_with_nanometres() {
    check(
        r#"{"extractors": [{"type": "zernike_opd", "outputs": [{"units": "$0"}]}]}"#,
        &expect![[r#"
            nm (a length)
            mm (a length)
            m (a length)
            cm (a length)
            µm (a length)
            in (a length)
            ft (a length)
        "#]],
    );
    check(
        r#"{"extractors": [{"id": "ext_001", "type": "zernike_csv", "outputs": [{"name": "filtered_rms"}]}], "objectives": [{"source": {"extractor_id": "ext_001", "output_name": "filtered_rms"}, "units": "$0"}]}"#,
        &expect![[r#"
            nm (a length)
            mm (a length)
            m (a length)
            cm (a length)
            µm (a length)
            in (a length)
            ft (a length)
        "#]],
    );
}

#[test]
fn units_of_whatever_are_those_of_every_dimension() {
    let (text, offset) = cursor(r#"{"design_variables": [{"units": "$0"}]}"#);
    let labels: Vec<String> = items(&text, offset, MODERN)
        .into_iter()
        .map(|item| item.label)
        .collect();
    expect!["mm m cm µm nm in ft deg rad mrad arcsec kg g t mg lb MPa Pa kPa GPa bar psi ksi Hz kHz rpm °C K °F N kN lbf s ms min h J mJ mm^2 m^2 mm^3 m^3 mm^4 m^4 %"].assert_eq(&labels.join(" "));
}

#[test]
fn a_surface_is_compared_with_another_subcase_than_its_own() {
    for (subcases, expected) in [
        (
            r#"[{"id": 4}, {"id": 7}]"#,
            "\"subcase\": 4, \"reference_subcase\": 7",
        ),
        (r#"[{"id": 4}]"#, "\"subcase\": 4, \"reference_subcase\": 5"),
        ("[]", "\"subcase\": 1, \"reference_subcase\": 2"),
    ] {
        let fixture = format!(
            r#"{{"model": {{"sim": {{"subcases": {subcases}}}}}, "extractors": [{{"type": "zernike_opd", $0}}]}}"#
        );
        let (text, offset) = cursor(&fixture);
        let items = items(&text, offset, PLAIN);
        let item = items.iter().find(|item| item.label == "config");
        let after = applied(&snapshot_for(&text, PLAIN), &edits(item.expect("offered")));
        assert!(after.contains(expected), "{after}");
    }
    accept(
        r#"{"model": {"sim": {"subcases": [{"id": 1}, {"id": 2}]}}, "extractors": [{"type": "zernike_opd", "config": {"subcase": 2, $0}}]}"#,
        "reference_subcase",
        PLAIN,
        &expect![[
            r#"{"model": {"sim": {"subcases": [{"id": 1}, {"id": 2}]}}, "extractors": [{"type": "zernike_opd", "config": {"subcase": 2, "reference_subcase": 1}}]}"#
        ]],
    );
}

#[test]
fn a_number_replaces_the_quotes_that_were_typed() {
    for fixture in [
        r#"{"model": {"sim": {"subcases": [{"id": 3}]}}, "extractors": [{"type": "stress", "config": {"subcase": "$0"}}]}"#,
        r#"{"model": {"sim": {"subcases": [{"id": 3}]}}, "extractors": [{"type": "stress", "config": {"subcase": $0}}]}"#,
    ] {
        accept(
            fixture,
            "3",
            MODERN,
            &expect![[
                r#"{"model": {"sim": {"subcases": [{"id": 3}]}}, "extractors": [{"type": "stress", "config": {"subcase": 3}}]}"#
            ]],
        );
    }
    let (text, offset) = cursor(r#"{"objectives": [{"enabled": "$0"}]}"#);
    let typed = items(&text, offset, MODERN);
    // What is compared with the text that is replaced, quotes included.
    assert_eq!(typed[0].filter_text.as_deref(), Some("\"true\""));
    let inserting = items(&text, offset, PLAIN);
    assert!(inserting.is_empty(), "the quotes would stay");
}

#[test]
fn settings_are_those_of_the_type() {
    check(
        r#"{"extractors": [{"type": "stress", "config": {"$0"}}]}"#,
        &expect![[r#"
            subcase (a whole number, required)
            element_type (a word, required)
            stress_type (a word, required)
        "#]],
    );
    accept(
        r#"{"extractors": [{"type": "stress", $0}]}"#,
        "config",
        MODERN,
        &expect![[r#"
            {"extractors": [{"type": "stress", "config": {
            	"subcase": ${1:1},
            	"element_type": "${2:CTETRA}",
            	"stress_type": "${3:von_mises}"
            }}]}"#]],
    );
    check(
        r#"{"extractors": [{"type": "stress", "config": {"stress_type": "$0"}}]}"#,
        &expect![[r#"
            von_mises (-)
            max_principal (-)
            min_principal (-)
            max_shear (-)
        "#]],
    );
}

#[test]
fn whole_entries_are_offered_in_lists() {
    accept(
        r#"{"design_variables": [$0 {"id": "dv_001"}]}"#,
        "new variable",
        MODERN,
        &expect![[r#"
            {"design_variables": [{
            	"id": "${1:dv_002}",
            	"name": "$2",
            	"expression_name": "$3",
            	"bounds": {
            		"min": ${4:0},
            		"max": ${5:1}
            	},
            	"units": "${6:mm}"
            }, {"id": "dv_001"}]}"#]],
    );
    accept(
        r#"{"extractors": [$0]}"#,
        "stress extractor",
        MODERN,
        &expect![[r#"
            {"extractors": [{
            	"id": "${1:ext_001}",
            	"name": "$2",
            	"type": "${3:stress}",
            	"config": {
            		"subcase": ${4:1},
            		"element_type": "${5:CTETRA}",
            		"stress_type": "${6:von_mises}"
            	},
            	"outputs": [
            		{
            			"name": "${7:max_stress}",
            			"metric": "${8:max}",
            			"units": "${9:MPa}"
            		}
            	]
            }]}"#]],
    );
    accept(
        r#"{"constraints": [{"id": "con_007"}, $0]}"#,
        "new constraint",
        PLAIN,
        &expect![[
            r#"{"constraints": [{"id": "con_007"}, {"id": "con_008", "name": "", "operator": "<=", "threshold": 0, "source": {"extractor_id": "", "output_name": ""}}]}"#
        ]],
    );
}

#[test]
fn the_next_free_id_is_offered() {
    check(
        r#"{"extractors": [{"id": "ext_007"}, {"id": "$0"}]}"#,
        &expect![[r#"
            ext_008 (next free id)
        "#]],
    );
}

#[test]
fn an_empty_document_gets_a_spec_to_begin_with() {
    accept(
        "$0",
        "draft study",
        PLAIN,
        &expect![[
            r#"{"meta": {"version": "2.0", "study_name": "study", "status": "draft"}, "model": {"sim": {"path": "model/study_sim1.sim"}}, "design_variables": [], "extractors": [], "objectives": [], "optimization": {"algorithm": {"type": "TPE"}, "budget": {"max_trials": 100}}}"#
        ]],
    );
}

#[test]
fn nothing_is_offered_where_nothing_is_known() {
    for fixture in [
        r#"{"meta": {"description": "any$0 text: x"}}"#,
        r#"{"meta": {"version"$0}}"#,
        r#"{"meta": $0{}}"#,
        r#"{"meta": {}} $0"#,
        r#"{"nothing": {"$0"}}"#,
        r#"{"meta": {"tags": ["$0"]}}"#,
    ] {
        check(fixture, &expect![""]);
    }
}

#[test]
fn a_broken_text_is_no_obstacle() {
    check(
        r#"{"extractors": [{"id": "ext_001", "outputs": [{"name": "m"}]}], "objectives": [{"source": {"extractor_id": "ext_001", "output_name": "$0"#,
        &expect![[r#"
            m (-)
        "#]],
    );
    accept(
        "{\"objectives\": [{\"direction\": \"minimize\", \"we$0\n}], \"meta\" {",
        "weight",
        MODERN,
        &expect![[r#"
            {"objectives": [{"direction": "minimize", "weight": ${1:1}
            }], "meta" {"#]],
    );
}

#[test]
fn documentation_is_resolved_later() {
    let fixture = within(BRACKET, r#""extractor_id": "$0ext_001""#);
    let (text, offset) = cursor(&fixture);
    let snapshot = snapshot_for(&text, MODERN);
    let item = items(&text, offset, MODERN).remove(1);
    assert_eq!(item.documentation, None);
    assert_eq!(document_of(&item), Some(snapshot.uri.clone()));
    let Some(Documentation::MarkupContent(markup)) = resolve(&snapshot, item).documentation else {
        panic!("it is documented");
    };
    assert!(
        markup
            .value
            .starts_with("**von Mises** · extractor `ext_002`")
    );
    for (fixture, start) in [
        (r#"{"objectives": [{"dir$0": ""}]}"#, "**id**"),
        (r#"{"objectives": [{"direction": "$0"}]}"#, "`minimize`"),
    ] {
        let (text, offset) = cursor(fixture);
        let snapshot = snapshot_for(
            &text,
            Traits {
                markdown_docs: false,
                ..MODERN
            },
        );
        let item = items(&text, offset, MODERN).remove(0);
        let Some(Documentation::MarkupContent(markup)) = resolve(&snapshot, item).documentation
        else {
            panic!("it is documented");
        };
        let plain = start.replace(['*', '`'], "");
        assert!(markup.value.starts_with(&plain), "{}", markup.value);
    }
}

#[test]
fn every_source_is_documented_as_the_output_it_is() {
    let fixture = within(BRACKET, "\"source\": $0{").replacen(
        "\"source\": $0{",
        "\"source\": $0, \"s\": {",
        1,
    );
    let (text, offset) = cursor(&fixture);
    let snapshot = snapshot_for(&text, MODERN);
    let documented: Vec<Option<String>> = items(&text, offset, MODERN)
        .into_iter()
        .map(|item| match resolve(&snapshot, item).documentation? {
            Documentation::MarkupContent(markup) => markup.value.lines().next().map(str::to_owned),
            Documentation::String(_) => None,
        })
        .collect();
    expect![[r#"
        [
            Some(
                "**mass** · output of **mass** (`ext_001`)",
            ),
            Some(
                "**max_stress** · output of **von Mises** (`ext_002`)",
            ),
            Some(
                "**max_disp** · output of **lug deflection** (`ext_003`)",
            ),
        ]
    "#]]
    .assert_debug_eq(&documented);
}

#[test]
fn a_word_that_is_in_the_list_is_not_offered_again() {
    check(
        r#"{"reporting": {"report_triggers": ["final", "$0", "error"]}}"#,
        &expect![[r#"
            periodic (-)
            milestone (-)
        "#]],
    );
    // But the one that is there already.
    check(
        r#"{"reporting": {"report_triggers": ["final", "per$0iodic", "error"]}}"#,
        &expect![[r#"
            periodic (-)
            milestone (-)
        "#]],
    );
    check(
        r#"{"canvas": {"groups": [{"id": "g", "node_ids": ["model", $0]}]}}"#,
        &expect![[r#"
            g (-)
            solver (on every canvas)
            optimization (on every canvas)
            surrogate (on every canvas)
        "#]],
    );
}

#[test]
fn a_long_list_is_cut_to_what_is_typed() {
    let ids: Vec<String> = (0..1000)
        .map(|n| format!(r#"{{"id": "dv_{n:04}"}}"#))
        .collect();
    let text = format!(
        r#"{{"design_variables": [{}], "canvas": {{"edges": [{{"source": "dv_099$0"}}]}}}}"#,
        ids.join(",")
    );
    let (text, offset) = cursor(&text);
    let snapshot = snapshot_for(&text, MODERN);
    let Some(CompletionResponse::List(list)) = completion(&snapshot, snapshot.position(offset))
    else {
        panic!("ids are offered");
    };
    assert!(list.is_incomplete);
    assert_eq!(list.items.len(), 10);
}

proptest! {
    #[test]
    fn taking_an_item_leaves_valid_json_valid(
        example in 0..EXAMPLES.len(), at in any::<prop::sample::Index>(), nth in any::<prop::sample::Index>(), replaces in any::<bool>()
    ) {
        let text = EXAMPLES[example];
        let mut offset = at.index(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let traits = Traits { replaces, ..PLAIN };
        let items = items(text, offset, traits);
        prop_assume!(!items.is_empty());
        let item = nth.get(&items);
        let after = applied(&snapshot_for(text, traits), &edits(item));
        prop_assert!(Parsed::new(Text::from(after.as_str())).is_valid(), "{}: {after}", item.label);
    }
}

#[test]
fn a_quote_that_was_just_typed_takes_nothing_of_what_follows() {
    let tries = [
        (
            r#"{"design_variables": [{"id": "dv_001", "bounds": {"min": 1, "$0}, "baseline": 3}]}"#,
            "max",
        ),
        (
            r#"{"objectives": [{"id": "obj_001", "$0, "direction": "minimize"}]}"#,
            "name",
        ),
        (r#"{"objectives": [{"$0"direction": "minimize"}]}"#, "name"),
        (r#"{"objectives": [{"$0 "direction": "minimize"}]}"#, "name"),
        (
            r#"{"objectives": [{"na$0 "direction": "minimize"}]}"#,
            "name",
        ),
        (r#"{"objectives":[{na$0"direction":"minimize"}]}"#, "name"),
        (
            r#"{"reporting": {"report_triggers": ["$0 "final"]}}"#,
            "error",
        ),
        (
            r#"{"extractors": [{"type": "stress", "outputs": [{"metric": "$0 "units": "kg"}]}]}"#,
            "max",
        ),
        (r#"{"objectives": [{"dir$0: "minimize"}]}"#, "direction"),
        (
            r#"{
 "objectives": [
  {
   "weigh$0: 2
  }
 ]
}"#,
            "weight",
        ),
        (r#"{"objectives":[{"direction" "$0"}]}"#, "minimize"),
        (r#"{"objectives":[{"direction" mi$0}]}"#, "minimize"),
    ];
    let after = tries.map(|(fixture, label)| taken(fixture, label, PLAIN));
    expect![[r#"
        {"design_variables": [{"id": "dv_001", "bounds": {"min": 1, "max": 2}, "baseline": 3}]}
        {"objectives": [{"id": "obj_001", "name": "", "direction": "minimize"}]}
        {"objectives": [{"name": "","direction": "minimize"}]}
        {"objectives": [{"name": "", "direction": "minimize"}]}
        {"objectives": [{"name": "", "direction": "minimize"}]}
        {"objectives":[{"name": "","direction":"minimize"}]}
        {"reporting": {"report_triggers": ["error", "final"]}}
        {"extractors": [{"type": "stress", "outputs": [{"metric": "max", "units": "kg"}]}]}
        {"objectives": [{"direction": "minimize"}]}
        {
         "objectives": [
          {
           "weight": 2
          }
         ]
        }
        {"objectives":[{"direction": "minimize"}]}
        {"objectives":[{"direction": "minimize"}]}"#]]
    .assert_eq(&after.join("\n"));
}

#[test]
fn nothing_is_offered_before_the_blanks_before_a_value_or_within_a_string_that_is_no_value() {
    for fixture in [
        r#"{"objectives":[{"weight":$0 3}]}"#,
        r#"{"objectives":[{"enabled":$0 true}]}"#,
        "{\"objectives\":[{\"weight\":$0\n  3}]}",
        "{\n \"design_variables\": [\n   \n   \"id\": \"dv_001\",\n   \"expr$0ession_name\": \"w\"\n  }\n ]\n}",
    ] {
        let (text, offset) = cursor(fixture);
        let labels: Vec<String> = items(&text, offset, MODERN)
            .into_iter()
            .map(|item| item.label)
            .collect();
        assert_eq!(labels, Vec::<String>::new(), "{fixture}");
    }
}

#[test]
fn a_value_to_begin_with_fits_its_neighbours() {
    let tries = [
        (
            r#"{"design_variables": [{"bounds": {"min": 3, "max": 12}, "$0"}]}"#,
            "baseline",
        ),
        (
            r#"{"design_variables": [{"type": "categorical", "choices": ["a", "b"], "$0"}]}"#,
            "baseline",
        ),
        (
            r#"{"design_variables": [{"bounds": {"min": 3, "$0"}}]}"#,
            "max",
        ),
        (
            r#"{"extractors": [{"type": "stress", "outputs": [{"name": "s", "$0"}]}]}"#,
            "units",
        ),
        (
            r#"{"extractors": [{"type": "frequency", "outputs": [{"name": "f", "$0"}]}]}"#,
            "metric",
        ),
        (
            r#"{"extractors": [{"id": "ext_001", "outputs": [{"name": "s"}]}], "objectives": [{"source": {"extractor_id": "ext_001", "$0"}}]}"#,
            "output_name",
        ),
        (
            r#"{"objectives": [{"id": "obj_001"}, {"id": "obj_002"}], "optimization": {"algorithm": {"$0"}}}"#,
            "type",
        ),
        (
            r#"{"extractors": [{"type": "zernike_opd", "$0"}]}"#,
            "config",
        ),
        (
            r#"{"extractors": [{"type": "zernike_csv", "$0"}]}"#,
            "outputs",
        ),
    ];
    let after = tries.map(|(fixture, label)| taken(fixture, label, PLAIN));
    expect![[r#"
        {"design_variables": [{"bounds": {"min": 3, "max": 12}, "baseline": 7.5}]}
        {"design_variables": [{"type": "categorical", "choices": ["a", "b"], "baseline": "a"}]}
        {"design_variables": [{"bounds": {"min": 3, "max": 4}}]}
        {"extractors": [{"type": "stress", "outputs": [{"name": "s", "units": "MPa"}]}]}
        {"extractors": [{"type": "frequency", "outputs": [{"name": "f", "metric": "value"}]}]}
        {"extractors": [{"id": "ext_001", "outputs": [{"name": "s"}]}], "objectives": [{"source": {"extractor_id": "ext_001", "output_name": "s"}}]}
        {"objectives": [{"id": "obj_001"}, {"id": "obj_002"}], "optimization": {"algorithm": {"type": "NSGA-II"}}}
        {"extractors": [{"type": "zernike_opd", "config": {"subcase": 1, "reference_subcase": 2, "filter_orders": 4}}]}
        {"extractors": [{"type": "zernike_csv", "outputs": [{"name": "global_rms", "metric": "rms", "units": "nm"}]}]}"#]].assert_eq(&after.join("\n"));
}

#[test]
fn a_draft_needs_no_more_than_it_has() {
    let (text, offset) = cursor(r#"{"meta": {"status": "draft"}, "$0"}"#);
    let items = items(&text, offset, MODERN);
    let needed = items.iter().filter(|item| {
        let detail = item.detail.as_deref().unwrap_or_default();
        detail.contains("required")
    });
    let needed: Vec<&str> = needed.map(|item| item.label.as_str()).collect();
    assert_eq!(needed, ["model"]);
}
