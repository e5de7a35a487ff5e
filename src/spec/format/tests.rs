use expect_test::expect;
use serde_json::{Value, json};

use super::*;

const EXAMPLES: [&str; 4] = [
    include_str!("../../../examples/studies/bracket_mass/1_setup/atomizer_spec.json"),
    include_str!("../../../examples/studies/gimbal_arm/1_setup/atomizer_spec.json"),
    include_str!("../../../examples/studies/optics/m1_mirror/atomizer_spec.json"),
    include_str!("../../../examples/studies/_inbox/draft_drone_frame/atomizer_spec.json"),
];

fn validator() -> jsonschema::Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema())
        .expect("the schema is a schema")
}

#[test]
fn a_validator_that_ignores_formats_knows_a_date() {
    let validator = jsonschema::options()
        .should_validate_formats(false)
        .build(&schema())
        .expect("the schema is a schema");
    let with_date = |date: &str| {
        json!({
            "meta": {"version": "2.0", "study_name": "a", "status": "draft", "created": date},
            "model": {"sim": {"path": "a.sim"}, "introspection": {"timestamp": date}},
        })
    };
    assert!(validator.is_valid(&with_date("2026-01-12T09:00:00Z")));
    assert_eq!(validator.iter_errors(&with_date("12 January")).count(), 2);
}

#[test]
fn the_examples_are_of_the_schema_and_of_the_types() {
    let validator = validator();
    for text in EXAMPLES {
        let value: Value = serde_json::from_str(text).expect("an example is JSON");
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(
            errors.is_empty(),
            "{}: {errors:?}",
            value["meta"]["study_name"]
        );
        if value["meta"]["status"] != "introspected" {
            serde_json::from_value::<Spec>(value).expect("an example fits the types");
        }
    }
}

#[test]
fn every_key_and_word_is_explained_and_nothing_may_be_null() {
    fn walk(shape: &Shape, path: &str) {
        assert!(!shape.description.is_empty(), "{path} says nothing");
        assert!(!shape.kinds.is_empty(), "{path} has no kind");
        for value in &shape.values {
            assert!(
                !value.description.is_empty(),
                "{path} = {} says nothing",
                value.name
            );
        }
        for property in &shape.properties {
            walk(&property.shape, &format!("{path}/{}", property.name));
        }
    }
    for property in &Shape::spec().properties {
        walk(&property.shape, &property.name);
    }
    for kind in ExtractorType::ALL {
        for property in &Shape::config(kind).properties {
            walk(
                &property.shape,
                &format!("{}/{}", kind.name(), property.name),
            );
        }
    }
    assert!(!schema().to_string().contains("null"));
}

#[test]
fn extractor_types_are_those_of_the_schema() {
    let shape = Shape::spec()
        .path(&["extractors", "0", "type"])
        .expect("extractors have a type");
    let names: Vec<&str> = shape
        .values
        .iter()
        .map(|value| value.name.as_str())
        .collect();
    assert_eq!(names, ExtractorType::ALL.map(ExtractorType::name));
}

#[test]
fn shapes_hold_ranges_patterns_references_and_defaults() {
    let shape = |path: &[&str]| {
        Shape::spec()
            .path(path)
            .unwrap_or_else(|| panic!("{path:?}"))
    };
    let budget = shape(&["optimization", "budget", "max_trials"]);
    assert_eq!(
        (budget.minimum, budget.maximum, budget.kinds.as_slice()),
        (Some(1.0), Some(10000.0), [ValueKind::Integer].as_slice())
    );
    assert_eq!(shape(&["design_variables", "0", "step"]).above, Some(0.0));
    assert_eq!(shape(&["design_variables"]).max_items, Some(50));
    assert_eq!(
        shape(&["objectives", "0", "source", "extractor_id"]).refers,
        Some(Refers::Extractor)
    );
    assert_eq!(
        shape(&["canvas", "groups", "0", "node_ids", "0"]).refers,
        Some(Refers::Node)
    );
    assert_eq!(
        shape(&["constraints", "0"]).renamed("limit"),
        Some("threshold")
    );
    assert_eq!(
        shape(&["design_variables", "0"]).renamed("initial_value"),
        Some("baseline")
    );
    assert!(shape(&["design_variables", "0", "units"]).units);
    assert!(shape(&["optimization", "algorithm", "config"]).open && !shape(&["meta"]).open);
    assert_eq!(
        shape(&["objectives", "0", "weight"]).default,
        Some(json!(1))
    );
    assert_eq!(
        Shape::config(ExtractorType::ZernikeOpd).required,
        ["subcase", "reference_subcase"]
    );
    let created = shape(&["meta", "created"])
        .pattern
        .as_ref()
        .expect("dates have a form");
    for good in [
        "2026-01-12T09:00:00Z",
        "2026-01-12T09:00:00.25+02:00",
        "2024-02-29t00:00:00z",
    ] {
        assert!(created.matches(good), "{good}");
    }
    for bad in [
        "2026-01-12",
        "2026-01-12T09:00:00",
        "2026-02-30T00:00:00Z",
        "2026-01-12 09:00:00Z",
        "yesterday",
        "",
    ] {
        assert!(!created.matches(bad), "{bad}");
    }
}

#[test]
fn the_schema_knows_what_depends_on_neighbours() {
    let validator = validator();
    let bracket: Value = serde_json::from_str(EXAMPLES[0]).expect("an example is JSON");
    let with = |pointer: &str, value: Value| {
        let mut spec = bracket.clone();
        *spec
            .pointer_mut(pointer)
            .unwrap_or_else(|| panic!("{pointer}")) = value;
        validator.is_valid(&spec)
    };
    assert!(
        with("/design_variables/3/bounds/max", json!(5.0)),
        "8.0 is a whole number"
    );
    assert!(
        !with("/design_variables/3/bounds/max", json!(4.5)),
        "bounds of an integer variable"
    );
    assert!(
        !with("/design_variables/0/type", json!("categorical")),
        "a categorical variable needs choices"
    );
    assert!(
        !with("/extractors/1/config", json!({"subcase": 1})),
        "a stress extractor needs more"
    );
    assert!(with("/extractors/1/config/element_type", json!("CHEXA")));
    assert!(!with("/extractors/1/config/element_type", json!("CHEX")));
    assert!(
        !with("/extractors/0/type", json!("custom_function")),
        "a custom function needs a function"
    );
    assert!(!with("/objectives", json!([])));
    assert!(!with("/meta/version", json!("3.0")));
    assert!(!with("/meta/created", json!("yesterday")));
    assert!(!with("/constraints/0/threshold", Value::Null));
    let mut draft = bracket.clone();
    draft["meta"]["status"] = json!("draft");
    draft["objectives"] = json!([]);
    draft
        .as_object_mut()
        .expect("an object")
        .remove("optimization");
    assert!(
        validator.is_valid(&draft),
        "a draft may lack what is to come"
    );
}

#[test]
fn a_skeleton_has_the_required_keys_in_order() {
    let objective = Shape::spec()
        .path(&["objectives", "0"])
        .expect("objectives have a shape");
    expect![[r#"
        {
        	"id": "$1",
        	"name": "$2",
        	"direction": "${3:minimize}",
        	"source": {
        		"extractor_id": "$4",
        		"output_name": "$5"
        	}
        }"#]]
    .assert_eq(&objective.snippet());
}
