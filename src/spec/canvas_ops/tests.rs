use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::text::{Text, apply as applied_to};

const SPEC: &str = r#"{
  "meta": {"version": "2.0"},
  "model": {"sim": {"path": "a.sim", "solution_type": "SOL101"}},
  "design_variables": [
    {
      "id": "dv_001",
      "name": "web",
      "bounds": {"min": 1.50, "max": 2e1},
      "canvas_position": {"x": 50, "y": -8.5}
    }
  ],
  "extractors": [
    {"id": "ext_002", "name": "stress", "type": "stress"},
    {"id": "ext_007"}
  ],
  "objectives": [
    {"id": "obj_001", "name": "mass", "source": {"extractor_id": "ext_007", "output_name": "mass"}, "weight": 1}
  ],
  "optimization": {
    "algorithm": {"type": "TPE"}
  },
  "canvas": {
    "edges": [
      {"source": "dv_001", "target": "model"},
      {"source": "solver", "target": "ext_007"},
      {"source": "ext_007", "target": "obj_001"}
    ],
    "groups": [{"id": "g", "node_ids": ["ext_007", "dv_001"]}]
  }
}
"#;

fn parsed(text: &str) -> Parsed {
    Parsed::new(Text::from(text))
}

/// The text after modifications, none of which was skipped.
fn after(text: &str, modifications: Value) -> String {
    let modifications = modifications.as_array().expect("a list");
    let outcome = apply(&parsed(text), modifications);
    assert_eq!(outcome.skipped, []);
    assert_eq!(outcome.applied, modifications.len());
    applied_to(text, &outcome.edits)
}

/// What changed, as a diff without the lines around it.
fn check(text: &str, modifications: Value, expected: Expect) {
    let new = after(text, modifications);
    serde_json::from_str::<Value>(&new).expect("still JSON");
    let diff = similar::TextDiff::from_lines(text, new.as_str());
    let diff = diff.unified_diff().context_radius(0).to_string();
    let changed: Vec<&str> = diff
        .lines()
        .filter(|line| !line.starts_with("@@"))
        .collect();
    expected.assert_eq(&changed.join("\n"));
}

fn refusal(modification: Value) -> String {
    let mut outcome = apply(&parsed(SPEC), &[modification]);
    assert_eq!(
        (outcome.edits.len(), outcome.applied, outcome.skipped.len()),
        (0, 0, 1)
    );
    outcome.skipped.remove(0).reason
}

#[test]
fn the_graph_has_the_entries_the_fixed_nodes_and_the_drawn_edges() {
    let graph = get(&parsed(SPEC));
    let nodes: Vec<String> = graph
        .nodes
        .iter()
        .map(|n| format!("{} {} {}", n.id, n.kind, n.label))
        .collect();
    assert_eq!(
        nodes,
        [
            "dv_001 designVar web",
            "ext_002 extractor stress",
            "ext_007 extractor ext_007",
            "obj_001 objective mass",
            "model model model",
            "solver solver SOL101",
            "optimization optimization TPE",
            "surrogate surrogate surrogate",
        ]
    );
    assert_eq!(graph.nodes[0].position, Some(Position { x: 50.0, y: -8.5 }));
    assert_eq!(graph.nodes[1].position, None);
    assert_eq!(graph.edges.len(), 3);
    assert_eq!(
        serde_json::to_value(&graph.edges[0]).expect("JSON"),
        json!({"source": "dv_001", "target": "model"})
    );
    assert!(get(&parsed("")).nodes.is_empty());
    assert_eq!(get(&parsed("[1]")).nodes.len(), FIXED.len());
}

#[test]
fn a_node_is_added_as_its_neighbours_are_written() {
    check(
        SPEC,
        json!([{"action": "add_node", "nodeType": "designVar", "data": {
            "label": "rib", "expressionName": "rib_t", "min": 1, "max": 2.5, "position": {"x": 1, "y": 2}}}]),
        expect![[r#"
            +    },
            +    {
            +      "id": "dv_002",
            +      "name": "rib",
            +      "expression_name": "rib_t",
            +      "bounds": {
            +        "min": 1,
            +        "max": 2.5
            +      },
            +      "canvas_position": {
            +        "x": 1,
            +        "y": 2
            +      }"#]],
    );
}

#[test]
fn a_list_that_is_missing_comes_behind_those_before_it() {
    check(
        SPEC,
        json!([{"action": "add_node", "nodeType": "constraint", "data": {"id": "con_010", "operator": "<="}},
               {"action": "add_node", "nodeType": "constraint", "data": {}}]),
        expect![[r#"
            +  "constraints": [
            +    {
            +      "id": "con_010",
            +      "name": "con_010",
            +      "operator": "<="
            +    },
            +    {
            +      "id": "con_011",
            +      "name": "con_011"
            +    }
            +  ],"#]],
    );
}

#[test]
fn an_update_touches_only_the_values_that_differ() {
    check(
        SPEC,
        json!([{"action": "update_node", "nodeId": "dv_001", "data": {
            "id": "dv_001", "name": "web", "bounds": {"min": 1.5, "max": 30}, "canvas_position": null, "units": "mm"}}]),
        expect![[r#"
            -      "bounds": {"min": 1.50, "max": 2e1},
            -      "canvas_position": {"x": 50, "y": -8.5}
            +      "bounds": {"min": 1.50, "max": 30},
            +      "units": "mm""#]],
    );
}

#[test]
fn fixed_nodes_can_be_updated() {
    check(
        SPEC,
        json!([{"action": "update_node", "nodeId": "solver", "data": {"solution_type": "SOL103"}},
               {"action": "update_node", "nodeId": "optimization", "data": {"budget": {"max_trials": 50}}}]),
        expect![[r#"
            -  "model": {"sim": {"path": "a.sim", "solution_type": "SOL101"}},
            +  "model": {"sim": {"path": "a.sim", "solution_type": "SOL103"}},
            -    "algorithm": {"type": "TPE"}
            +    "algorithm": {"type": "TPE"},
            +    "budget": {
            +      "max_trials": 50
            +    }"#]],
    );
}

#[test]
fn a_removed_node_takes_its_references_along() {
    check(
        SPEC,
        json!([{"action": "remove_node", "nodeId": "ext_007"}]),
        expect![[r#"
            -    {"id": "ext_002", "name": "stress", "type": "stress"},
            -    {"id": "ext_007"}
            +    {"id": "ext_002", "name": "stress", "type": "stress"}
            -    {"id": "obj_001", "name": "mass", "source": {"extractor_id": "ext_007", "output_name": "mass"}, "weight": 1}
            +    {"id": "obj_001", "name": "mass", "weight": 1}
            -      {"source": "dv_001", "target": "model"},
            -      {"source": "solver", "target": "ext_007"},
            -      {"source": "ext_007", "target": "obj_001"}
            +      {"source": "dv_001", "target": "model"}
            -    "groups": [{"id": "g", "node_ids": ["ext_007", "dv_001"]}]
            +    "groups": [{"id": "g", "node_ids": ["dv_001"]}]"#]],
    );
}

#[test]
fn edges_come_and_go() {
    check(
        SPEC,
        json!([{"action": "add_edge", "source": "solver", "target": "ext_002"},
               {"action": "add_edge", "source": "dv_001", "target": "model"},
               {"action": "remove_edge", "source": "dv_001", "target": "model"}]),
        expect![[r#"
            -      {"source": "dv_001", "target": "model"},
            -      {"source": "ext_007", "target": "obj_001"}
            +      {"source": "ext_007", "target": "obj_001"},
            +      {
            +        "source": "solver",
            +        "target": "ext_002"
            +      }"#]],
    );
}

#[test]
fn a_file_of_one_line_stays_one_and_keeps_its_spacing() {
    let add = json!([{"action": "add_edge", "source": "model", "target": "solver"}]);
    assert_eq!(
        after(r#"{"meta":{},"canvas":{}}"#, add.clone()),
        r#"{"meta":{},"canvas":{"edges":[{"source":"model","target":"solver"}]}}"#
    );
    assert_eq!(
        after(r#"{"meta": {}}"#, add),
        r#"{"meta": {}, "canvas": {"edges": [{"source": "model", "target": "solver"}]}}"#
    );
}

#[test]
fn tabs_and_crlf_are_kept() {
    let text = "{\r\n\t\"extractors\": []\r\n}\r\n";
    let new = after(
        text,
        json!([{"action": "add_node", "nodeType": "extractor", "data": {"config": {"a": [1]}}}]),
    );
    assert_eq!(
        new,
        "{\r\n\t\"extractors\": [\r\n\t\t{\r\n\t\t\t\"id\": \"ext_001\",\r\n\t\t\t\"name\": \"ext_001\",\r\n\
         \t\t\t\"config\": {\r\n\t\t\t\t\"a\": [\r\n\t\t\t\t\t1\r\n\t\t\t\t]\r\n\t\t\t}\r\n\t\t}\r\n\t]\r\n}\r\n"
    );
}

#[test]
fn what_cannot_be_done_is_skipped_with_a_reason() {
    for (modification, reason) in [
        (json!({}), "`action` is missing"),
        (json!("x"), "`action` is missing"),
        (
            json!({"action": "explode"}),
            "unknown action `explode`; known are",
        ),
        (
            json!({"action": "add_node", "nodeType": "spring", "data": {}}),
            "unknown nodeType `spring`; known are",
        ),
        (
            json!({"action": "add_node", "nodeType": "designVar"}),
            "`data` is missing",
        ),
        (
            json!({"action": "add_node", "nodeType": "designVar", "data": 1}),
            "`data` is not an object",
        ),
        (
            json!({"action": "add_node", "nodeType": "designVar", "data": {"id": "dv_001"}}),
            "the id `dv_001` is taken",
        ),
        (
            json!({"action": "add_node", "nodeType": "designVar", "data": {"id": "x"}}),
            "the id `x` is not `dv_`",
        ),
        (
            json!({"action": "update_node", "nodeId": "dv_009", "data": {}}),
            "there is no node `dv_009`",
        ),
        (
            json!({"action": "update_node", "nodeId": "surrogate", "data": {}}),
            "the spec has no `optimization.surrogate`",
        ),
        (
            json!({"action": "update_node", "nodeId": "dv_001", "data": {"id": "dv_002"}}),
            "an id is not changed here",
        ),
        (
            json!({"action": "remove_node", "nodeId": "model"}),
            "`model` is part of every study",
        ),
        (
            json!({"action": "remove_node", "nodeId": 7}),
            "`nodeId` is a string, not 7",
        ),
        (
            json!({"action": "add_edge", "source": "dv_001", "target": "nowhere"}),
            "there is no node `nowhere`",
        ),
        (
            json!({"action": "remove_edge", "source": "model", "target": "dv_001"}),
            "there is no edge from `model`",
        ),
    ] {
        let told = refusal(modification.clone());
        assert!(told.starts_with(reason), "{modification}: {told}");
    }
}

#[test]
fn one_that_is_skipped_leaves_the_others_standing() {
    let outcome = apply(
        &parsed(SPEC),
        &[
            json!({"action": "remove_node", "nodeId": "nowhere"}),
            json!({"modification": {"action": "remove_edge", "source": "dv_001", "target": "model"}}),
        ],
    );
    assert_eq!((outcome.applied, outcome.skipped[0].index), (1, 0));
    assert!(!applied_to(SPEC, &outcome.edits).contains("\"target\": \"model\""));
}

#[test]
fn a_spec_that_is_not_valid_json_is_not_touched() {
    for text in ["", "{", "{\"canvas\": }", "[]"] {
        let outcome = apply(
            &parsed(text),
            &[json!({"action": "add_node", "nodeType": "designVar", "data": {}})],
        );
        assert_eq!((outcome.edits.len(), outcome.applied), (0, 0), "{text}");
    }
}

/// Specs of all kinds of shape, well formed or strange.
fn spec() -> impl Strategy<Value = Value> {
    let entry = |prefix: &'static str| {
        let source = prop_oneof![
            Just(json!({})),
            Just(json!({"source": {"extractor_id": "ext_001", "output_name": "x"}})),
            Just(json!({"name": "größer \"\\", "bounds": {"min": 1.50}})),
            Just(json!({"source": null, "config": [[], {}]})),
        ];
        (1..4u32, source).prop_map(move |(n, mut entry)| {
            if prefix != "obj_" {
                // Only objectives and constraints read extractors.
                entry.as_object_mut().expect("an object").remove("source");
            }
            entry["id"] = json!(format!("{prefix}{n:03}"));
            entry
        })
    };
    let list = move |prefix| {
        prop_oneof![
            4 => prop::collection::vec(entry(prefix), 0..4).prop_map(Value::Array),
            1 => Just(json!({"not": "a list"})),
        ]
    };
    let canvas = prop_oneof![
        Just(json!({})),
        Just(json!({"edges": []})),
        Just(json!({"edges": 7})),
        Just(
            json!({"edges": [{"source": "dv_001", "target": "model"}, {"target": "dv_001"}, {"source": "ext_001", "target": "dv_001"}],
                    "groups": [{"id": "g", "node_ids": ["dv_001", "ext_001", "dv_001"]}, {}]})
        ),
    ];
    (
        prop::option::of(list("dv_")),
        prop::option::of(list("ext_")),
        prop::option::of(list("obj_")),
        prop::option::of(canvas),
    )
        .prop_map(|(variables, extractors, objectives, canvas)| {
            let mut spec = json!({"meta": {"version": "2.0"}});
            for (key, value) in [
                ("design_variables", variables),
                ("extractors", extractors),
                ("objectives", objectives),
                ("canvas", canvas),
            ] {
                if let Some(value) = value {
                    spec[key] = value;
                }
            }
            spec
        })
}

fn modification() -> impl Strategy<Value = Value> {
    let id = || {
        prop::sample::select(vec![
            "dv_001", "dv_002", "ext_001", "obj_001", "model", "solver", "nowhere",
        ])
    };
    let kind = prop::sample::select(vec!["designVar", "extractor", "objective", "constraint"]);
    let data = || {
        prop::sample::select(vec![
            json!({}),
            json!({"name": "a\nb", "bounds": {"min": 3, "max": {"deep": []}}}),
            json!({"name": null, "source": null, "config": {}}),
            json!({"label": "ü", "min": 1, "extractorId": "ext_001", "list": [1, [2], {"x": null}]}),
        ])
    };
    prop_oneof![
        (kind, data()).prop_map(|(t, d)| json!({"action": "add_node", "nodeType": t, "data": d})),
        (id(), data()).prop_map(|(n, d)| json!({"action": "update_node", "nodeId": n, "data": d})),
        id().prop_map(|n| json!({"action": "remove_node", "nodeId": n})),
        (id(), id()).prop_map(|(s, t)| json!({"action": "add_edge", "source": s, "target": t})),
        (id(), id()).prop_map(|(s, t)| json!({"action": "remove_edge", "source": s, "target": t})),
    ]
}

fn written(spec: &Value, style: u8) -> String {
    match style {
        0 => spec.to_string(),
        1 => format!("{spec:#}\n"),
        2 => format!("{spec:#}")
            .replace('\n', "\r\n")
            .replace("  ", "\t"),
        _ => spec
            .to_string()
            .replace("],", "],\n    ")
            .replace(':', " : "),
    }
}

proptest! {
    #[test]
    fn valid_json_stays_valid_and_nothing_else_changes(
        spec in spec(),
        modifications in prop::collection::vec(modification(), 1..6),
        style in 0..4u8,
    ) {
        let text = written(&spec, style);
        let outcome = apply(&parsed(&text), &modifications);
        let new = applied_to(&text, &outcome.edits);
        let value: Value = serde_json::from_str(&new).map_err(|e| TestCaseError::fail(format!("{e}: {new}")))?;
        prop_assert_eq!(outcome.applied + outcome.skipped.len(), modifications.len());
        // The way the file is written makes no difference to what it says.
        let plain = spec.to_string();
        let same = applied_to(&plain, &apply(&parsed(&plain), &modifications).edits);
        prop_assert_eq!(&value, &serde_json::from_str::<Value>(&same).expect("JSON"));
        if style == 2 {
            prop_assert!(!new.replace("\r\n", "").contains('\n'), "line ends are kept: {:?}", new);
        }
        if style == 0 {
            prop_assert_eq!(new, value.to_string(), "spacing is kept");
        }
    }

    #[test]
    fn adding_an_edge_and_removing_it_gives_the_same_text(spec in spec(), style in 0..4u8) {
        let mut spec = spec;
        spec["canvas"] = json!({"edges": [{"source": "dv_001", "target": "model"}]});
        let text = written(&spec, style);
        let ends = |action: &str| json!({"action": action, "source": "solver", "target": "optimization"});
        let outcome = apply(&parsed(&text), &[ends("add_edge"), ends("remove_edge")]);
        prop_assert_eq!(outcome.applied, 2);
        prop_assert_eq!(applied_to(&text, &outcome.edits), text);
    }

    #[test]
    fn no_reference_to_a_removed_node_is_left(spec in spec(), style in 0..4u8) {
        let text = written(&spec, style);
        for id in ["dv_001", "ext_001"] {
            let times = text.matches(&format!("{id}\"")).count();
            let outcome = apply(&parsed(&text), &[json!({"action": "remove_node", "nodeId": id})]);
            let new = applied_to(&text, &outcome.edits);
            let id_twice = spec.to_string().matches(&format!("\"id\":\"{id}\"")).count() > 1;
            if outcome.applied == 1 && !id_twice {
                prop_assert!(!new.contains(&format!("{id}\"")), "{times} before: {new}");
            }
        }
    }
}
