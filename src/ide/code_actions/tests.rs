use expect_test::{Expect, expect};
use lsp_types::{CodeActionContext, DocumentChanges, OneOf, TextEdit};
use proptest::prelude::*;

use super::*;
use crate::{
    ide::{
        Traits,
        testing::{BRACKET, EXAMPLES, MODERN, applied, at_cursor, snapshot, snapshot_for},
    },
    spec::checks::{Context, check},
    text::{Edit, apply},
};

fn params(range: lsp_types::Range, only: Option<Vec<CodeActionKind>>) -> CodeActionParams {
    CodeActionParams {
        text_document: lsp_types::TextDocumentIdentifier {
            uri: lsp_types::Url::parse("file:///s").expect("a uri"),
        },
        range,
        context: CodeActionContext {
            only,
            ..CodeActionContext::default()
        },
        work_done_progress_params: Default::default(),
        partial_result_params: Default::default(),
    }
}

fn actions_in(
    snapshot: &Snapshot,
    range: lsp_types::Range,
    only: Option<Vec<CodeActionKind>>,
) -> Vec<CodeAction> {
    let as_diagnostic = |finding: &Finding| {
        vec![Diagnostic {
            message: finding.message.clone(),
            ..Diagnostic::default()
        }]
    };
    code_actions(snapshot, &params(range, only), &as_diagnostic)
        .into_iter()
        .filter_map(|action| match action {
            CodeActionOrCommand::CodeAction(action) => Some(action),
            CodeActionOrCommand::Command(_) => None,
        })
        .collect()
}

fn actions(fixture: &str, only: Option<Vec<CodeActionKind>>) -> (Snapshot, Vec<CodeAction>) {
    let (snapshot, at) = at_cursor(fixture);
    let range = lsp_types::Range { start: at, end: at };
    let actions = actions_in(&snapshot, range, only);
    (snapshot, actions)
}

fn edits(snapshot: &Snapshot, action: &CodeAction) -> Vec<TextEdit> {
    let action = match &action.edit {
        Some(_) => action.clone(),
        None => resolve(snapshot, action.clone()),
    };
    let edit = action.edit.expect("it changes the text");
    let Some(DocumentChanges::Edits(changes)) = edit.document_changes else {
        panic!("versioned edits are wanted");
    };
    let edits = changes.into_iter().flat_map(|change| change.edits);
    edits
        .map(|edit| match edit {
            OneOf::Left(edit) => edit,
            OneOf::Right(edit) => edit.text_edit,
        })
        .collect()
}

/// Kinds and titles, each with a mark where it is preferred.
fn check_titles(fixture: &str, only: Option<Vec<CodeActionKind>>, expected: &Expect) {
    let (_, actions) = actions(fixture, only);
    let shown: String = actions
        .iter()
        .map(|action| {
            let kind = action.kind.clone().unwrap_or(CodeActionKind::EMPTY);
            let preferred = if action.is_preferred == Some(true) {
                " (preferred)"
            } else {
                ""
            };
            format!("{}: {}{preferred}\n", kind.as_str(), action.title)
        })
        .collect();
    expected.assert_eq(&shown);
}

/// The text after the action of that title.
fn take(fixture: &str, only: Option<Vec<CodeActionKind>>, title: &str, expected: &Expect) {
    let (snapshot, actions) = actions(fixture, only);
    let action = actions.iter().find(|action| action.title == title);
    let action = action.unwrap_or_else(|| panic!("{title} is not offered"));
    expected.assert_eq(&applied(&snapshot, &edits(&snapshot, action)));
}

const SLIPS: &str = r#"{"objectives": [{"id": "obj_001", "goal$0": "minimise", "direction": "minimise"}, {"id": "obj_002", "direction": "maximise"}]}"#;

#[test]
fn findings_bring_their_fixes_and_the_offer_to_ask_claude() {
    check_titles(
        r#"{"objectives": [{"id": "obj_001", "direction": "minim$0ise"}, {"id": "obj_002", "direction": "maximise"}]}"#,
        None,
        &expect![[r#"
            quickfix: Change to "minimize" (preferred)
            quickfix: Fix all 2 `invalid-enum`
            quickfix: Ask Claude to fix this
            source.fixAll.atomizer: Fix all that is safe to fix
        "#]],
    );
}

#[test]
fn a_fix_names_its_finding() {
    let (_, actions) = actions(SLIPS, Some(vec![CodeActionKind::QUICKFIX]));
    assert!(!actions.is_empty());
    for action in actions.iter().filter(|it| !it.title.starts_with("Fix all")) {
        assert_eq!(
            action.diagnostics.as_ref().map(Vec::len),
            Some(1),
            "{}",
            action.title
        );
    }
}

#[test]
fn only_the_wanted_kinds_are_given() {
    check_titles(
        SLIPS,
        Some(vec![CodeActionKind::REFACTOR]),
        &expect![[r#"
            refactor.rewrite.sortKeys: Sort keys to the format's order
        "#]],
    );
    check_titles(
        SLIPS,
        Some(vec![CodeActionKind::SOURCE_FIX_ALL]),
        &expect![[r#"
            source.fixAll.atomizer: Fix all that is safe to fix
        "#]],
    );
    check_titles(
        SLIPS,
        Some(vec![CodeActionKind::new("source.fixAll.eslint")]),
        &expect![""],
    );
    check_titles(
        SLIPS,
        Some(vec![CodeActionKind::new("quick")]),
        &expect![""],
    );
    check_titles(
        SLIPS,
        Some(vec![CodeActionKind::SOURCE]),
        &expect![[r#"
        source.fixAll.atomizer: Fix all that is safe to fix
        source.sortKeys.atomizer: Sort all keys to the format's order
    "#]],
    );
}

#[test]
fn all_of_one_kind_are_fixed_at_once() {
    take(
        r#"{"objectives": [{"direction": "minim$0ise"}, {"direction": "maximise"}]}"#,
        None,
        "Fix all 2 `invalid-enum`",
        &expect![[r#"{"objectives": [{"direction": "minimize"}, {"direction": "maximize"}]}"#]],
    );
}

#[test]
fn ids_that_are_inserted_at_once_differ() {
    let text = r#"{"canvas": {"groups": [{$0"node_ids": []}, {"node_ids": []}, {"id": "group_2", "node_ids": []}]}}"#;
    let (snapshot, actions) = actions(text, Some(vec![CodeActionKind::QUICKFIX]));
    let all = actions.iter().find(|it| it.title.starts_with("Fix all"));
    let after = applied(&snapshot, &edits(&snapshot, all.expect("offered")));
    for id in ["group_1", "group_2", "group_3"] {
        assert_eq!(after.matches(id).count(), 1, "{id} in {after}");
    }
}

/// A document with `count` times the same slip, and one other.
fn many_slips(count: usize) -> String {
    let slip = r#"{"direction": "minimise", "goal": "up"}"#;
    format!(
        r#"{{"objectives": [{}], "constraints": [{{"operator": "="}}]}}"#,
        vec![slip; count].join(", ")
    )
}

#[test]
fn a_wide_range_offers_each_kind_once_and_asks_one_question() {
    let wide = snapshot(&many_slips(300));
    let all = wide.range(0..wide.text().len());
    let actions = actions_in(&wide, all, Some(vec![CodeActionKind::QUICKFIX]));
    let together: Vec<&str> = actions
        .iter()
        .map(|action| action.title.as_str())
        .filter(|title| title.starts_with("Fix all"))
        .collect();
    let mut once = together.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), together.len(), "{together:?}");
    assert!(
        together.contains(&"Fix all 301 `invalid-enum`"),
        "{together:?}"
    );
    let questions: Vec<&CodeAction> = actions
        .iter()
        .filter(|action| action.title.starts_with("Ask Claude"))
        .collect();
    assert_eq!(questions.len(), 1);
    let command = questions[0].command.clone().expect("a command");
    let message = command.arguments.expect("arguments")[0]["message"].to_string();
    assert!(message.contains("more"), "{message}");
    assert!(message.len() < 3000, "{}", message.len());
    assert!(actions.len() < 1000, "{}", actions.len());
}

#[test]
fn what_mends_many_findings_gets_its_edit_when_it_is_taken() {
    let later = snapshot(&many_slips(3));
    let all = later.range(0..later.text().len());
    let many = |snapshot: &Snapshot| -> Vec<CodeAction> {
        actions_in(snapshot, all, None)
            .into_iter()
            .filter(|action| action.title.starts_with("Fix all"))
            .collect()
    };
    let whole = snapshot_for(
        &many_slips(3),
        Traits {
            resolves_edits: false,
            ..MODERN
        },
    );
    let (lazy, eager) = (many(&later), many(&whole));
    assert!(lazy.len() >= 2 && lazy.len() == eager.len());
    for (lazy, eager) in lazy.iter().zip(&eager) {
        assert_eq!(
            (&lazy.edit, document_of(lazy)),
            (&None, Some(later.uri.clone()))
        );
        assert_eq!(resolve(&later, lazy.clone()).edit, eager.edit);
    }
}

#[test]
fn who_asks_for_fix_all_alone_gets_it_whole() {
    let slips = snapshot(&many_slips(3));
    let all = slips.range(0..slips.text().len());
    let actions = actions_in(&slips, all, Some(vec![CodeActionKind::SOURCE_FIX_ALL]));
    assert!(
        actions.len() == 1 && actions[0].edit.is_some(),
        "{actions:?}"
    );
}

#[test]
fn keys_are_sorted_and_everything_else_stays() {
    take(
        "{\"meta\": {\n  \"tags\":[],\n    \"zz\": 1, \"version\" : \"2.0\",$0\n  \"study_name\": \"a\"\n}}",
        None,
        "Sort keys to the format's order",
        &expect![[r#"
            {"meta": {
              "version" : "2.0",
                "study_name": "a", "tags":[],
              "zz": 1
            }}"#]],
    );
    take(
        r#"{$0"objectives": [{"name": "n", "id": "i", "source": {"output_name": "o", "extractor_id": "e"}}], "extractors": [{"config": {"z": 1, "stress_type": 1, "subcase": 2}, "type": "stress"}], "meta": {}}"#,
        Some(vec![CodeActionKind::SOURCE]),
        "Sort all keys to the format's order",
        &expect![[
            r#"{"meta": {}, "extractors": [{"type": "stress", "config": {"subcase": 2, "stress_type": 1, "z": 1}}], "objectives": [{"id": "i", "name": "n", "source": {"extractor_id": "e", "output_name": "o"}}]}"#
        ]],
    );
}

#[test]
fn keys_in_order_or_in_a_broken_object_are_left_alone() {
    for fixture in [
        r#"{"meta": {"version": "2.0", "study_name": "a"$0}}"#,
        r#"{"meta": {"study_name": "a", "version" "2.0"$0}}"#,
        r#"{"strange": {"b": 1, "a": 2$0}}"#,
    ] {
        check_titles(fixture, Some(vec![SORT]), &expect![""]);
    }
}

const INTAKE: &str = "{\n  \"model\": {\n    \"introspection\": {\n      \"expressions\": [\n        {\"name\": \"web_t\", \"value\": 8, \"units\": \"mm\", \"is_candidate\": true$1},\n        {\"name\": \"p1\", \"value\": 0$2}\n      ]\n    }\n  },\n  \"design_variables\": [$3]\n}\n";

fn intake(mark: &str) -> String {
    let marked = INTAKE.replace(mark, "$0");
    ["$1", "$2", "$3"]
        .iter()
        .fold(marked, |text, other| text.replace(other, ""))
}

#[test]
fn a_candidate_expression_becomes_a_variable() {
    take(
        &intake("$1"),
        None,
        "Add a variable for `web_t`",
        &expect![[r#"
            {
              "model": {
                "introspection": {
                  "expressions": [
                    {"name": "web_t", "value": 8, "units": "mm", "is_candidate": true},
                    {"name": "p1", "value": 0}
                  ]
                }
              },
              "design_variables": [
                {
                  "id": "dv_001",
                  "name": "web t",
                  "expression_name": "web_t",
                  "type": "continuous",
                  "bounds": {
                    "min": 4.0,
                    "max": 12.0
                  },
                  "baseline": 8,
                  "units": "mm"
                }
              ]
            }
        "#]],
    );
    check_titles(&intake("$2"), Some(vec![ADD_VARIABLE]), &expect![""]);
    check_titles(
        &intake("$3"),
        Some(vec![ADD_VARIABLE]),
        &expect![[r#"
        refactor.rewrite.addVariable: Add a variable for `web_t`
    "#]],
    );
}

#[test]
fn a_variable_is_laid_out_as_its_neighbours_are() {
    let one_line = r#"{"model": {"introspection": {"expressions": [{"name": "t", "is_candidate": true$0}]}}, "design_variables": [{"id": "dv_004"}]}"#;
    take(
        one_line,
        None,
        "Add a variable for `t`",
        &expect![[
            r#"{"model": {"introspection": {"expressions": [{"name": "t", "is_candidate": true}]}}, "design_variables": [{"id": "dv_004"}, {"id": "dv_005", "name": "t", "expression_name": "t", "type": "continuous", "bounds": {"min": 0.0, "max": 1.0}}]}"#
        ]],
    );
    let none = r#"{"model": {"introspection": {"expressions": [{"name": "t", "value": -2.5, "is_candidate": true$0}]}}}"#;
    take(
        none,
        None,
        "Add a variable for `t`",
        &expect![[
            r#"{"model": {"introspection": {"expressions": [{"name": "t", "value": -2.5, "is_candidate": true}]}}, "design_variables": [{"id": "dv_001", "name": "t", "expression_name": "t", "type": "continuous", "bounds": {"min": -3.75, "max": -1.25}, "baseline": -2.5}]}"#
        ]],
    );
}

#[test]
fn a_client_that_knows_commands_only_gets_those() {
    let traits = Traits {
        action_literals: false,
        ..MODERN
    };
    let snapshot = snapshot_for(r#"{"objectives": [{"direction": "sideways"}]}"#, traits);
    let all = snapshot.range(0..snapshot.text().len());
    let given = code_actions(&snapshot, &params(all, None), &|_| Vec::new());
    assert!(!given.is_empty());
    for action in given {
        assert!(
            matches!(action, CodeActionOrCommand::Command(command) if command.command == "atomizer.openChat")
        );
    }
}

#[test]
fn nothing_is_offered_for_a_clean_spec_in_order() {
    check_titles(
        &BRACKET.replacen("\"meta\"", "\"me$0ta\"", 1),
        Some(vec![
            CodeActionKind::QUICKFIX,
            CodeActionKind::SOURCE_FIX_ALL,
        ]),
        &expect![""],
    );
}

proptest! {
    #[test]
    fn after_fix_all_nothing_is_left_that_is_safe_to_fix(example in 0..EXAMPLES.len(), cuts in prop::collection::vec((any::<prop::sample::Index>(), "[a-z\"0-9]{0,2}"), 1..4)) {
        let mut text = EXAMPLES[example].to_owned();
        for (at, insert) in cuts {
            let mut start = at.index(text.len());
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            let len = text[start..].chars().next().map_or(0, char::len_utf8);
            text = apply(&text, &[Edit { range: start..start + len, insert }]);
        }
        let before = snapshot(&text);
        let all = before.range(0..text.len());
        let offered = actions_in(&before, all, Some(vec![FIX_ALL]));
        let after = offered.first().map_or(text.clone(), |action| applied(&before, &edits(&before, action)));
        let left = check(&snapshot(&after).parsed, &Context::default());
        let safe = left.iter().find(|finding| finding.fixes.iter().any(|fix| fix.safe));
        prop_assert!(safe.is_none(), "{safe:?}");
    }

    #[test]
    fn sorting_keeps_the_value(example in 0..EXAMPLES.len(), seed in any::<u64>()) {
        let value: serde_json::Value = serde_json::from_str(EXAMPLES[example]).expect("JSON");
        let shuffled = shuffle(&value, &mut { seed }).to_string();
        let before = snapshot(&shuffled);
        let all = before.range(0..0);
        let offered = actions_in(&before, all, Some(vec![SORT_ALL]));
        let after = offered.first().map_or(shuffled.clone(), |action| applied(&before, &edits(&before, action)));
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&after).expect("JSON"), value);
        let again = snapshot(&after);
        prop_assert!(actions_in(&again, again.range(0..0), Some(vec![SORT_ALL])).is_empty());
    }
}

/// The same value with the members of its objects in another order.
fn shuffle(value: &serde_json::Value, seed: &mut u64) -> serde_json::Value {
    match value {
        serde_json::Value::Object(object) => {
            let mut members: Vec<_> = object
                .iter()
                .map(|(key, value)| (key.clone(), shuffle(value, seed)))
                .collect();
            for index in (1..members.len()).rev() {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                members.swap(index, (*seed >> 33) as usize % (index + 1));
            }
            serde_json::Value::Object(members.into_iter().collect())
        }
        serde_json::Value::Array(list) => list.iter().map(|value| shuffle(value, seed)).collect(),
        scalar => scalar.clone(),
    }
}
