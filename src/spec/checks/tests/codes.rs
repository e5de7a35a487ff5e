//! Every code: what it finds, with places, related places and fixes, and what it leaves alone.

use expect_test::expect;

use super::support::*;
use crate::spec::checks::{Code, Context, Severity, check, gates, needed_files};

#[test]
fn the_examples_are_clean() {
    [BRACKET, GIMBAL, MIRROR].into_iter().for_each(nothing);
}

#[test]
fn a_draft_is_told_what_it_still_lacks_as_hints() {
    says(
        DRONE,
        expect![[r#"
        hint missing-property at ""
          `design_variables` is still missing; a study needs it before it can run
            {
            ^
          + Insert `design_variables`
        hint missing-property at ""
          `extractors` is still missing; a study needs it before it can run
            {
            ^
          + Insert `extractors`
        hint missing-property at ""
          `objectives` is still missing; a study needs it before it can run
            {
            ^
          + Insert `objectives`
        hint missing-property at ""
          `optimization` is still missing; a study needs it before it can run
            {
            ^
          + Insert `optimization`
    "#]],
    );
}

#[test]
fn syntax_errors_are_told_and_the_rest_is_checked() {
    says(
        &with(
            BRACKET,
            &[(
                r#""units": "mm",
      "enabled": true,
      "step": 0.1"#,
                r#""units": "mm"
      "enabled": true,
      "step": 20"#,
            )],
        ),
        expect![[r#"
            error syntax-error at ""
              `,` is missing before `"`
                "enabled": true,
                ^
              + Insert `,`
            warning step-too-large at "/design_variables/0/step"
              the step 20 is larger than the range of the variable, 9
                "step": 20,
                        ^^
              ~ its lower bound
                "min": 3.0,
                       ^^^
              ~ its upper bound
                "max": 12.0
                       ^^^^
        "#]],
    );
}

#[test]
fn no_default_stands_for_a_type_that_a_syntax_error_has_taken() {
    for new in [
        r#""type": ,"#,
        r#""type: "categorical","#,
        r#""\xtype": "categorical","#,
    ] {
        only_syntax_errors(&with(GIMBAL, &[(r#""type": "categorical","#, new)]));
    }
}

#[test]
fn a_number_that_the_end_of_the_file_cuts_may_be_another() {
    let end = BRACKET.find(r#""max": 12.0"#).expect("it is there") + r#""max": 1"#.len();
    only_syntax_errors(&BRACKET[..end]);
}

fn only_syntax_errors(text: &str) {
    let found = findings(text);
    assert!(
        found
            .iter()
            .any(|finding| finding.code == Code::SyntaxError)
    );
    for finding in found {
        let expected = matches!(finding.code, Code::SyntaxError | Code::StatusIncomplete);
        assert!(expected, "{}: {}", finding.code, finding.message);
    }
}

#[test]
fn an_empty_file_is_one_syntax_error() {
    says(
        &with("", &[]),
        expect![[r#"
        error syntax-error at ""
          the file is empty; a JSON value is expected, for a spec an object `{ … }`
            (an empty line)
"#]],
    );
}

#[test]
fn duplicate_key() {
    says(
        &with(
            BRACKET,
            &[(
                r#""weight": 1.0,"#,
                r#""weight": 1.0,
      "weight": 2.0,"#,
            )],
        ),
        expect![[r#"
            error duplicate-key at "/objectives/0/weight"
              `weight` stands twice in this object; only the last one counts
                "weight": 2.0,
                ^^^^^^^^
              ~ `weight` stands here first
                "weight": 1.0,
                ^^^^^^^^
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[(
                r#""n_startup_trials": 15"#,
                r#""n_startup_trials": 15,
        "custom": {"a": [{"b": 1, "b": 2}]}"#,
            )],
        ),
        expect![[r#"
            error duplicate-key at "/optimization/algorithm/config/custom/a/0/b"
              `b` stands twice in this object; only the last one counts
                "custom": {"a": [{"b": 1, "b": 2}]}
                                          ^^^
              ~ `b` stands here first
                "custom": {"a": [{"b": 1, "b": 2}]}
                                  ^^^
        "#]],
    );
}

#[test]
fn wrong_type() {
    says(
        &with(
            BRACKET,
            &[(r#""threshold": 235.0"#, r#""threshold": "235.0""#)],
        ),
        expect![[r#"
            error wrong-type at "/constraints/0/threshold"
              a number belongs here, not "235.0"
                "threshold": "235.0",
                             ^^^^^^^
              + Change to 235.0 (safe)
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[
                (r#""max_trials": 120"#, r#""max_trials": 120.5"#),
                (r#""enabled": true"#, r#""enabled": "true""#),
                (r#""version": "2.0""#, r#""version": 2.0"#),
                (
                    r#""tags": [
      "bracket","#,
                    r#""tags": [
      7,"#,
                ),
            ],
        ),
        expect![[r#"
            error wrong-type at "/meta/version"
              a string belongs here, not 2.0
                "version": 2.0,
                           ^^^
              + Change to "2.0" (safe)
            error wrong-type at "/meta/tags/0"
              a string belongs here, not 7
                7,
                ^
              + Change to "7" (safe)
            error wrong-type at "/design_variables/0/enabled"
              true or false belongs here, not "true"
                "enabled": "true",
                           ^^^^^^
              + Change to true (safe)
            error wrong-type at "/optimization/budget/max_trials"
              120.5 is not a whole number
                "max_trials": 120.5,
                              ^^^^^
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[
                (r#""baseline": 8.0"#, r#""baseline": "thick""#),
                (r#""name": "yield""#, r#""name": null"#),
            ],
        ),
        expect![[r#"
            error wrong-type at "/design_variables/0/baseline"
              a number belongs here, not "thick"
                "baseline": "thick",
                            ^^^^^^^
            error wrong-type at "/constraints/0/name"
              a string belongs here, not null
                "name": null,
                        ^^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[
            (r#""max_trials": 120"#, r#""max_trials": 120.0"#),
            (r#""id": 1,"#, r#""id": 1.0,"#),
        ],
    ));
}

#[test]
fn missing_property() {
    says(
        &with(
            BRACKET,
            &[(
                r#"      "threshold": 235.0,
"#,
                "",
            )],
        ),
        expect![[r#"
            error missing-property at "/constraints/0"
              `threshold` is missing
                {
                ^
              + Insert `threshold`
        "#]],
    );
    says(
        &with(BRACKET, &[(r#""min": 3.0,"#, "")]),
        expect![[r#"
        error missing-property at "/design_variables/0/bounds"
          `min` is missing
            "bounds": {
            ^^^^^^^^
          + Insert `min`
    "#]],
    );
    says(
        &with(
            BRACKET,
            &[(
                r#""id": "ext_002",
      "#,
                "",
            )],
        ),
        expect![[r#"
            error missing-property at "/extractors/1"
              `id` is missing
                {
                ^
              + Insert `id`
            error unknown-extractor at "/constraints/0/source/extractor_id"
              no extractor has the id `ext_002`
                "extractor_id": "ext_002",
                                ^^^^^^^^^
            warning unknown-canvas-node at "/canvas/edges/6/target"
              `ext_002` is no node of the canvas: neither an id of the spec nor `model`, `solver`, `optimization`, `surrogate`
                "target": "ext_002"
                          ^^^^^^^^^
              + Remove the edge
            warning unknown-canvas-node at "/canvas/edges/9/source"
              `ext_002` is no node of the canvas: neither an id of the spec nor `model`, `solver`, `optimization`, `surrogate`
                "source": "ext_002",
                          ^^^^^^^^^
              + Remove the edge
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[(
                r#""max_trials": 120,
      "#,
                "",
            )],
        ),
        expect![[r#"
            error missing-property at "/optimization/budget"
              `max_trials` is missing
                "budget": {
                ^^^^^^^^
              + Insert `max_trials`
        "#]],
    );
    says(
        &with(
            GIMBAL,
            &[(
                r#""choices": [
        "quasi-iso",
        "unidirectional",
        "biax"
      ],
      "#,
                "",
            )],
        ),
        expect![[r#"
            error missing-property at "/design_variables/3"
              `choices` is missing
                {
                ^
              + Insert `choices`
        "#]],
    );
    nothing(&with(
        GIMBAL,
        &[(
            r#""type": "custom_function""#,
            r#""type": "custom_function""#,
        )],
    ));
}

#[test]
fn a_bound_is_not_inserted_where_the_baseline_is_beyond_the_other_one() {
    let text = r#"{"design_variables": [
        {"id": "dv_001", "name": "a", "expression_name": "a", "bounds": {"max": 1}, "baseline": BASELINE}]}"#;
    for (baseline, offered) in [("5", 0), ("0.5", 1)] {
        let parsed = parsed(&text.replace("BASELINE", baseline));
        let found = check(&parsed, &Context::default());
        let min = found.iter().find(|it| it.message == "`min` is missing");
        assert_eq!(min.expect("found").fixes.len(), offered, "{baseline}");
    }
}

#[test]
fn unknown_property() {
    says(
        &with(BRACKET, &[(r#""threshold": 235.0"#, r#""limit": 235.0"#)]),
        expect![[r#"
            warning unknown-property at "/constraints/0/limit"
              the format has no key `limit` here; it is called `threshold` now
                "limit": 235.0,
                ^^^^^^^
              + Rename to `threshold` (safe)
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[
                (r#""direction": "minimize""#, r#""goal": "minimize""#),
                (r#""expression_name": "web_t""#, r#""parameter": "web_t""#),
                (r#""baseline": 8.0"#, r#""initial": 8.0"#),
            ],
        ),
        expect![[r#"
            warning unknown-property at "/design_variables/0/parameter"
              the format has no key `parameter` here; it is called `expression_name` now
                "parameter": "web_t",
                ^^^^^^^^^^^
              + Rename to `expression_name` (safe)
            warning unknown-property at "/design_variables/0/initial"
              the format has no key `initial` here; it is called `baseline` now
                "initial": 8.0,
                ^^^^^^^^^
              + Rename to `baseline` (safe)
            warning unknown-property at "/objectives/0/goal"
              the format has no key `goal` here; it is called `direction` now
                "goal": "minimize",
                ^^^^^^
              + Rename to `direction` (safe)
        "#]],
    );
    // Two that would become one, and one whose value would not do.
    says(
        &with(
            BRACKET,
            &[
                (
                    r#""baseline": 8.0"#,
                    r#""initial": 8.0, "initial_value": 9.0"#,
                ),
                (r#""threshold": 235.0"#, r#""limit": "high""#),
            ],
        ),
        expect![[r#"
            warning unknown-property at "/design_variables/0/initial"
              the format has no key `initial` here; it is called `baseline` now
                "initial": 8.0, "initial_value": 9.0,
                ^^^^^^^^^
              + Rename to `baseline` (safe)
            warning unknown-property at "/design_variables/0/initial_value"
              the format has no key `initial_value` here; it is called `baseline` now
                "initial": 8.0, "initial_value": 9.0,
                                ^^^^^^^^^^^^^^^
            warning unknown-property at "/constraints/0/limit"
              the format has no key `limit` here; it is called `threshold` now
                "limit": "high",
                ^^^^^^^
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[
                (r#""weight": 1.0"#, r#""wieght": 1.0"#),
                (r#""auto_report""#, r#""frobnicate""#),
            ],
        ),
        expect![[r#"
            warning unknown-property at "/objectives/0/wieght"
              the format has no key `wieght` here; did you mean `weight`?
                "wieght": 1.0,
                ^^^^^^^^
              + Rename to `weight` (safe)
            warning unknown-property at "/reporting/frobnicate"
              the format has no key `frobnicate` here
                "frobnicate": true,
                ^^^^^^^^^^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(
            r#""seed": 42"#,
            r#""seed": 42,
        "anything": {"goes": true}"#,
        )],
    ));
}

#[test]
fn invalid_enum() {
    says(
        &with(
            BRACKET,
            &[(r#""direction": "minimize""#, r#""direction": "minimise""#)],
        ),
        expect![[r#"
            error invalid-enum at "/objectives/0/direction"
              "minimise" is not allowed here; `minimize` or `maximize` is. Did you mean `minimize`?
                "direction": "minimise",
                             ^^^^^^^^^^
              + Change to "minimize" (safe)
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[
                (r#""operator": "<=""#, r#""operator": "=<""#),
                (r#""element_type": "CTETRA""#, r#""element_type": "CTET""#),
            ],
        ),
        expect![[r#"
            error invalid-enum at "/extractors/1/config/element_type"
              "CTET" is not allowed here; `CTETRA`, `CHEXA`, `CPENTA`, `CQUAD4`, `CTRIA3`, `CBAR` or `CBEAM` is. Did you mean `CTETRA`?
                "element_type": "CTET",
                                ^^^^^^
              + Change to "CTETRA"
            error invalid-enum at "/constraints/0/operator"
              "=<" is not allowed here; `<=`, `>=`, `<`, `>` or `==` is. Did you mean `<=`?
                "operator": "=<",
                            ^^^^
              + Change to "<=" (safe)
        "#]],
    );
    says(
        &with(
            MIRROR,
            &[(r#""algorithm": "RandomSearch""#, r#""algorithm": "Grid""#)],
        ),
        expect![[r#"
            error invalid-enum at "/workflow/stages/0/algorithm"
              "Grid" is not allowed here; `TPE`, `CMA-ES`, `NSGA-II`, `RandomSearch`, `GP-BO` or `SAT_v3` is.
                "algorithm": "Grid",
                             ^^^^^^
        "#]],
    );
}

#[test]
fn invalid_pattern() {
    says(
        &with(
            BRACKET,
            &[
                (
                    r#""created": "2026-01-12T09:00:00Z""#,
                    r#""created": "12.1.2026""#,
                ),
                (
                    r#""study_name": "bracket_mass""#,
                    r#""study_name": "bracket mass""#,
                ),
            ],
        ),
        expect![[r#"
            error invalid-pattern at "/meta/study_name"
              "bracket mass" is not of the right form: letters, digits and `_`, beginning with a letter
                "study_name": "bracket mass",
                              ^^^^^^^^^^^^^^
            error invalid-pattern at "/meta/created"
              "12.1.2026" is not of the right form: RFC 3339, e.g. `2026-01-12T09:00:00Z`
                "created": "12.1.2026",
                           ^^^^^^^^^^^
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[
                (r#""id": "con_002""#, r#""id": "con_2""#),
                (r#""target": "con_002""#, r#""target": "con_2""#),
                (r#""source": "con_002""#, r#""source": "con_2""#),
                (r#""version": "2.0""#, r#""version": "two""#),
            ],
        ),
        expect![[r#"
            error invalid-pattern at "/meta/version"
              "two" is not of the right form: `2.` and a number, e.g. `2.0`
                "version": "two",
                           ^^^^^
            error invalid-pattern at "/constraints/1/id"
              "con_2" is not of the right form: `con_` and at least three digits, e.g. `con_001`
                "id": "con_2",
                      ^^^^^^^
        "#]],
    );
}

#[test]
fn dates_are_as_rfc_3339_has_them() {
    let dated = |date: &str| with(BRACKET, &[("2026-01-12T09:00:00Z", date)]);
    for right in [
        "2026-01-12T09:00:00.123456789012Z",
        "9999-12-31T23:59:59Z",
        "2016-12-31T23:59:60z",
        "2024-02-29t00:00:00+23:59",
    ] {
        nothing(&dated(right));
    }
    for wrong in [
        "2026-01-12T09:00:00+24:30",
        "2026-02-29T09:00:00Z",
        "2026-01-12T24:00:00Z",
        "2026-01-12T09:00:00",
        "2026-01-12T09:00:00.Z",
    ] {
        let found = findings(&dated(wrong));
        assert!(
            found
                .iter()
                .any(|finding| finding.code == Code::InvalidPattern),
            "{wrong}"
        );
    }
}

#[test]
fn an_empty_key_is_unknown() {
    let found = findings(&with(BRACKET, &[(r#""meta": {"#, r#""meta": {"": 1,"#)]));
    assert_eq!(found[0].code, Code::UnknownProperty);
    assert!(found[0].fixes.is_empty());
}

#[test]
fn unsupported_version() {
    says(
        &with(BRACKET, &[(r#""version": "2.0""#, r#""version": "3.1""#)]),
        expect![[r#"
            error unsupported-version at "/meta/version"
              version 3.1 of the format is not supported; 2.x is
                "version": "3.1",
                           ^^^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(r#""version": "2.0""#, r#""version": "2.13""#)],
    ));
}

#[test]
fn out_of_range() {
    says(
        &with(
            BRACKET,
            &[
                (r#""max_trials": 120"#, r#""max_trials": 20000"#),
                (
                    r#""simulation_timeout_s": 900"#,
                    r#""simulation_timeout_s": 0.5"#,
                ),
                (r#""step": 0.1"#, r#""step": 0"#),
            ],
        ),
        expect![[r#"
            error out-of-range at "/model/nx_settings/simulation_timeout_s"
              0.5 is out of range; allowed is 1 to 36000
                "simulation_timeout_s": 0.5,
                                        ^^^
            error out-of-range at "/design_variables/0/step"
              0 is out of range; allowed is more than 0
                "step": 0,
                        ^
            error out-of-range at "/optimization/budget/max_trials"
              20000 is out of range; allowed is 1 to 10000
                "max_trials": 20000,
                              ^^^^^
        "#]],
    );
    says(
        &with(
            MIRROR,
            &[
                (r#""filter_orders": 4"#, r#""filter_orders": 16"#),
                (r#""n_modes": 50"#, r#""n_modes": 0"#),
            ],
        ),
        expect![[r#"
            error out-of-range at "/extractors/0/config/n_modes"
              0 is out of range; allowed is 1 to 100
                "n_modes": 0,
                           ^
            error out-of-range at "/extractors/0/config/filter_orders"
              16 is out of range; allowed is 0 to 15
                "filter_orders": 16,
                                 ^^
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[(
                r#""outputs": [
        {
          "name": "mass",
          "metric": "value",
          "units": "kg"
        }
      ]"#,
                r#""outputs": []"#,
            )],
        ),
        expect![[r#"
            error out-of-range at "/extractors/0/outputs"
              0 entries; at least 1 must be there
                "outputs": [],
                ^^^^^^^^^
            error unknown-output at "/objectives/0/source/output_name"
              `mass` is no output of ext_001; it gives none
                "output_name": "mass"
                               ^^^^^^
              ~ the extractor
                "id": "ext_001",
                      ^^^^^^^^^
        "#]],
    );
}

#[test]
fn duplicate_id() {
    says(
        &with(
            BRACKET,
            &[
                (r#""id": "dv_002""#, r#""id": "dv_001""#),
                (r#""source": "dv_002""#, r#""source": "dv_001""#),
            ],
        ),
        expect![[r#"
            error duplicate-id at "/design_variables/1/id"
              the id `dv_001` already stands for the variable “web thickness”
                "id": "dv_001",
                      ^^^^^^^^
              ~ the first one
                "id": "dv_001",
                      ^^^^^^^^
              + Change to "dv_005"
        "#]],
    );
    says(
        &with(
            MIRROR,
            &[
                (r#""id": "refine""#, r#""id": "explore""#),
                (r#""to": "refine""#, r#""to": "explore""#),
            ],
        ),
        expect![[r#"
            error duplicate-id at "/workflow/stages/1/id"
              the id `explore` already stands for the stage “Explore”
                "id": "explore",
                      ^^^^^^^^^
              ~ the first one
                "id": "explore",
                      ^^^^^^^^^
              + Change to "explore_2"
        "#]],
    );
    says(
        &with(
            MIRROR,
            &[
                (r#""id": 2,"#, r#""id": 1,"#),
                (r#""reference_subcase": 2"#, r#""reference_subcase": 1"#),
                (r#""reference_subcase": 2"#, r#""reference_subcase": 1"#),
            ],
        ),
        expect![[r#"
            error duplicate-id at "/model/sim/subcases/1/id"
              the id `1` already stands for the subcase “90 deg”
                "id": 1,
                      ^
              ~ the first one
                "id": 1,
                      ^
              + Change to 5
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(
            r#""id": 1,
          "name": "lug 12 kN""#,
            r#""id": 1,
          "name": "dv_001""#,
        )],
    ));
}

#[test]
fn an_id_that_an_extractor_shares_is_changed_where_the_extractor_is_meant() {
    says(
        &with(
            BRACKET,
            &[
                (r#""id": "dv_004""#, r#""id": "ext_002""#),
                (r#""source": "dv_004""#, r#""source": "ext_002""#),
            ],
        ),
        expect![[r#"
            error invalid-pattern at "/design_variables/3/id"
              "ext_002" is not of the right form: `dv_` and at least three digits, e.g. `dv_001`
                "id": "ext_002",
                      ^^^^^^^^^
            error duplicate-id at "/extractors/1/id"
              the id `ext_002` already stands for the variable “rib count”
                "id": "ext_002",
                      ^^^^^^^^^
              ~ the first one
                "id": "ext_002",
                      ^^^^^^^^^
              + Change to "ext_004"
        "#]],
    );
}

#[test]
fn an_id_that_is_meant_by_others_goes_to_the_only_entry_without_one_and_to_no_other() {
    let lost = with(BRACKET, &[(r#""id": "ext_002","#, "")]);
    let fixes = |text: &str| -> Vec<String> {
        let found = findings(text).into_iter().flat_map(|finding| finding.fixes);
        found
            .flat_map(|fix| fix.edits)
            .map(|edit| edit.insert)
            .collect()
    };
    assert!(lost.contains(r#""extractor_id": "ext_002""#));
    let inserted = fixes(&lost);
    assert!(
        inserted
            .iter()
            .any(|text| text.trim() == r#""id": "ext_002","#),
        "{inserted:?}"
    );
    let twice = with(BRACKET, &[(r#""id": "ext_003","#, r#""id": "ext_001","#)]);
    let changed = fixes(&twice);
    assert!(changed.contains(&r#""ext_004""#.to_owned()), "{changed:?}");
}

#[test]
fn duplicate_name() {
    says(
        &with(
            BRACKET,
            &[(
                r#""expression_name": "flange_t""#,
                r#""expression_name": "web_t""#,
            )],
        ),
        expect![[r#"
            warning duplicate-name at "/design_variables/1/expression_name"
              `web_t` is driven by the variable “web thickness” already; one of the two has no effect
                "expression_name": "web_t",
                                   ^^^^^^^
              ~ the first one
                "expression_name": "web_t",
                                   ^^^^^^^
        "#]],
    );
    says(
        &with(
            MIRROR,
            &[(r#""name": "global_rms""#, r#""name": "filtered_rms""#)],
        ),
        expect![[r#"
            warning duplicate-name at "/extractors/0/outputs/1/name"
              another output of this extractor is called `filtered_rms`; nobody can tell them apart
                "name": "filtered_rms",
                        ^^^^^^^^^^^^^^
              ~ the first one
                "name": "filtered_rms",
                        ^^^^^^^^^^^^^^
        "#]],
    );
    says(
        &with(
            GIMBAL,
            &[
                (r#""name": "arm_t""#, r#""name": "arm_w""#),
                (
                    r#""expression_name": "arm_t""#,
                    r#""expression_name": "layup_2""#,
                ),
            ],
        ),
        expect![[r#"
            warning duplicate-name at "/model/introspection/expressions/1/name"
              the expression `arm_w` is listed twice
                "name": "arm_w",
                        ^^^^^^^
              ~ the first one
                "name": "arm_w",
                        ^^^^^^^
            warning unknown-expression at "/design_variables/1/expression_name"
              intake found no NX expression `layup_2`
                "expression_name": "layup_2",
                                   ^^^^^^^^^
        "#]],
    );
}

#[test]
fn unknown_extractor() {
    says(
        &with(
            BRACKET,
            &[(
                r#""extractor_id": "ext_003""#,
                r#""extractor_id": "ext_03""#,
            )],
        ),
        expect![[r#"
            hint unused-extractor at "/extractors/2/id"
              no objective or constraint uses the extractor `ext_003`
                "id": "ext_003",
                      ^^^^^^^^^
            error unknown-extractor at "/constraints/1/source/extractor_id"
              no extractor has the id `ext_03`; did you mean `ext_003`?
                "extractor_id": "ext_03",
                                ^^^^^^^^
              + Change to "ext_003"
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[(
                r#""extractor_id": "ext_002""#,
                r#""extractor_id": "stresses""#,
            )],
        ),
        expect![[r#"
            hint unused-extractor at "/extractors/1/id"
              no objective or constraint uses the extractor `ext_002`
                "id": "ext_002",
                      ^^^^^^^^^
            error unknown-extractor at "/constraints/0/source/extractor_id"
              no extractor has the id `stresses`; did you mean `ext_002`?
                "extractor_id": "stresses",
                                ^^^^^^^^^^
              + Change to "ext_002"
        "#]],
    );
}

#[test]
fn an_extractor_that_lacks_the_output_is_not_the_one_that_was_meant() {
    // `mass` is an output of `ext_001` alone, though `ext_003` is nearer.
    let text = with(
        BRACKET,
        &[(
            r#""extractor_id": "ext_001""#,
            r#""extractor_id": "ext_0033""#,
        )],
    );
    let found = findings(&text);
    let unknown = found
        .iter()
        .find(|finding| finding.code == Code::UnknownExtractor)
        .expect("it is found");
    assert_eq!(unknown.fixes[0].title, "Change to \"ext_001\"");
}

#[test]
fn unknown_output() {
    says(
        &with(
            BRACKET,
            &[(
                r#""output_name": "max_stress""#,
                r#""output_name": "max_stres""#,
            )],
        ),
        expect![[r#"
            error unknown-output at "/constraints/0/source/output_name"
              `max_stres` is no output of ext_002; it gives `max_stress`
                "output_name": "max_stres"
                               ^^^^^^^^^^^
              ~ the extractor
                "id": "ext_002",
                      ^^^^^^^^^
              + Change to "max_stress"
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[(
                r#""output_name": "max_disp""#,
                r#""output_name": "rotation""#,
            )],
        ),
        expect![[r#"
            error unknown-output at "/constraints/1/source/output_name"
              `rotation` is no output of ext_003; it gives `max_disp`
                "output_name": "rotation"
                               ^^^^^^^^^^
              ~ the extractor
                "id": "ext_003",
                      ^^^^^^^^^
              + Change to "max_disp"
        "#]],
    );
}

#[test]
fn unknown_canvas_node() {
    says(
        &with(
            BRACKET,
            &[(r#""target": "ext_003""#, r#""target": "ext_007""#)],
        ),
        expect![[r#"
            warning unknown-canvas-node at "/canvas/edges/7/target"
              `ext_007` is no node of the canvas: neither an id of the spec nor `model`, `solver`, `optimization`, `surrogate`
                "target": "ext_007"
                          ^^^^^^^^^
              + Remove the edge
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[(
                r#""groups": []"#,
                r#""groups": [{"id": "g", "node_ids": ["dv_001", "gone", "model"]}]"#,
            )],
        ),
        expect![[r#"
            warning unknown-canvas-node at "/canvas/groups/0/node_ids/1"
              `gone` is no node of the canvas: neither an id of the spec nor `model`, `solver`, `optimization`, `surrogate`
                "groups": [{"id": "g", "node_ids": ["dv_001", "gone", "model"]}]
                                                              ^^^^^^
              + Remove `gone` from the group
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(
            r#""groups": []"#,
            r#""groups": [{"id": "g", "node_ids": ["dv_001", "surrogate", "g"]}]"#,
        )],
    ));
}

#[test]
fn unknown_stage() {
    says(
        &with(MIRROR, &[(r#""to": "refine""#, r#""to": "refined""#)]),
        expect![[r#"
            error unknown-stage at "/workflow/transitions/0/to"
              no stage has the id `refined`; did you mean `refine`?
                "to": "refined",
                      ^^^^^^^^^
              + Change to "refine"
        "#]],
    );
}

#[test]
fn unknown_subcase() {
    says(
        &with(
            MIRROR,
            &[
                (r#""reference_subcase": 2"#, r#""reference_subcase": 9"#),
                (
                    r#""subcase": 4,
          "units""#,
                    r#""subcase": 5,
          "units""#,
                ),
            ],
        ),
        expect![[r#"
            warning unknown-subcase at "/extractors/0/config/reference_subcase"
              the simulation lists no subcase 9; it lists 1, 2, 3, 4
                "reference_subcase": 9,
                                     ^
              ~ the subcases
                "subcases": [
                ^^^^^^^^^^
            warning unknown-subcase at "/extractors/1/outputs/0/subcase"
              the simulation lists no subcase 5; it lists 1, 2, 3, 4
                "subcase": 5,
                           ^
              ~ the subcases
                "subcases": [
                ^^^^^^^^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(
            r#""subcases": [
        {
          "id": 1,
          "name": "lug 12 kN",
          "type": "static"
        }
      ]"#,
            r#""subcases": []"#,
        )],
    ));
}

#[test]
fn unknown_expression() {
    says(
        &with(
            GIMBAL,
            &[(
                r#""expression_name": "fillet_r""#,
                r#""expression_name": "filet_r""#,
            )],
        ),
        expect![[r#"
            warning unknown-expression at "/design_variables/2/expression_name"
              intake found no NX expression `filet_r`; did you mean `fillet_r`?
                "expression_name": "filet_r",
                                   ^^^^^^^^^
              + Change to "fillet_r"
        "#]],
    );
    says(
        &with(
            GIMBAL,
            &[(
                r#""type": "mass",
      "builtin": true,
      "config": {}"#,
                r#""type": "mass_expression",
      "config": {"expression_name": "p173"}"#,
            )],
        ),
        expect![[r#"
            warning unknown-expression at "/extractors/0/config/expression_name"
              intake found no NX expression `p173`
                "config": {"expression_name": "p173"},
                                              ^^^^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(
            r#""expression_name": "web_t""#,
            r#""expression_name": "anything""#,
        )],
    ));
}

#[test]
fn an_expression_that_another_variable_drives_is_not_the_one_that_was_meant() {
    let text = with(
        GIMBAL,
        &[
            (
                r#""name": "fillet_r","#,
                r#""name": "fillet_r2", "value": 1}, {"name": "fillet_r","#,
            ),
            (
                r#""design_variables": ["#,
                r#""design_variables": [
    {"id": "dv_100", "name": "x", "expression_name": "fillet_r1", "bounds": {"min": 0, "max": 1}},"#,
            ),
        ],
    );
    let found = findings(&text);
    let unknown = found
        .iter()
        .find(|finding| finding.code == Code::UnknownExpression)
        .expect("it is found");
    assert_eq!(unknown.fixes[0].title, "Change to \"fillet_r2\"");
}

#[test]
fn bounds_inverted() {
    says(
        &with(
            BRACKET,
            &[
                (r#""min": 3.0"#, r#""min": 12.0"#),
                (
                    r#""max": 12.0
"#,
                    r#""max": 3.0
"#,
                ),
            ],
        ),
        expect![[r#"
            error bounds-inverted at "/design_variables/0/bounds/min"
              `min` 12.0 is greater than `max` 3.0; it must be less
                "min": 12.0,
                       ^^^^
              ~ `max` is 3.0
                "max": 3.0
                       ^^^
              + Swap `min` and `max` (safe)
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[
                (r#""min": 3.0"#, r#""min": 8.0"#),
                (r#""max": 12.0"#, r#""max": 8.0"#),
                (r#""step": 0.1"#, r#""description": "fixed""#),
            ],
        ),
        expect![[r#"
            error bounds-inverted at "/design_variables/0/bounds/min"
              `min` 8.0 is equal to `max` 8.0; it must be less
                "min": 8.0,
                       ^^^
              ~ `max` is 8.0
                "max": 8.0
                       ^^^
        "#]],
    );
}

#[test]
fn baseline_out_of_bounds() {
    says(
        &with(BRACKET, &[(r#""baseline": 8.0"#, r#""baseline": 20"#)]),
        expect![[r#"
            error baseline-out-of-bounds at "/design_variables/0/baseline"
              the baseline 20 is outside the bounds 3.0 to 12.0
                "baseline": 20,
                            ^^
              ~ the bound that it is beyond
                "max": 12.0
                       ^^^^
              + Change to 12.0
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[
                (
                    r#""max": 4
"#,
                    r#""max": 3.5
"#,
                ),
                (r#""baseline": 2,"#, r#""baseline": 9,"#),
            ],
        ),
        expect![[r#"
            error not-an-integer at "/design_variables/3/bounds/max"
              `max` of an integer variable must be a whole number, not 3.5
                "max": 3.5
                       ^^^
            error baseline-out-of-bounds at "/design_variables/3/baseline"
              the baseline 9 is outside the bounds 0 to 3.5
                "baseline": 9,
                            ^
              ~ the bound that it is beyond
                "max": 3.5
                       ^^^
              + Change to 3
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(r#""baseline": 8.0"#, r#""baseline": 12"#)],
    ));
}

#[test]
fn baseline_not_in_choices() {
    says(
        &with(
            GIMBAL,
            &[(r#""baseline": "quasi-iso""#, r#""baseline": "quasiiso""#)],
        ),
        expect![[r#"
            error baseline-not-in-choices at "/design_variables/3/baseline"
              the baseline "quasiiso" is none of the choices "quasi-iso", "unidirectional", "biax"
                "baseline": "quasiiso",
                            ^^^^^^^^^^
              ~ the choices
                "choices": [
                ^^^^^^^^^
              + Change to "quasi-iso"
        "#]],
    );
    nothing(&with(
        GIMBAL,
        &[
            (
                r#""quasi-iso",
        "unidirectional""#,
                r#""quasi-iso",
        2,
        true"#,
            ),
            (r#""baseline": "quasi-iso""#, r#""baseline": 2.0"#),
        ],
    ));
}

#[test]
fn step_too_large() {
    says(
        &with(BRACKET, &[(r#""step": 0.1"#, r#""step": 9.5"#)]),
        expect![[r#"
            warning step-too-large at "/design_variables/0/step"
              the step 9.5 is larger than the range of the variable, 9
                "step": 9.5,
                        ^^^
              ~ its lower bound
                "min": 3.0,
                       ^^^
              ~ its upper bound
                "max": 12.0
                       ^^^^
        "#]],
    );
    nothing(&with(BRACKET, &[(r#""step": 0.1"#, r#""step": 9"#)]));
    nothing(&with(
        BRACKET,
        &[
            (r#""min": 3.0"#, r#""min": 0.1"#),
            (r#""max": 12.0"#, r#""max": 0.3"#),
            (r#""baseline": 8.0"#, r#""baseline": 0.2"#),
            (r#""step": 0.1"#, r#""step": 0.2"#),
        ],
    ));
}

#[test]
fn of_equal_bounds_only_that_is_said() {
    let text = with(
        BRACKET,
        &[
            (r#""min": 3.0"#, r#""min": 8.0"#),
            (r#""max": 12.0"#, r#""max": 8.0"#),
            (r#""status": "ready""#, r#""status": "configured""#),
        ],
    );
    let codes: Vec<Code> = findings(&text).iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::BoundsInverted]);
}

#[test]
fn not_an_integer() {
    says(
        &with(
            BRACKET,
            &[
                (r#""min": 0,"#, r#""min": 0.5,"#),
                (
                    r#""max": 4
"#,
                    r#""max": 4.5
"#,
                ),
                (
                    r#""baseline": 2,"#,
                    r#""baseline": 2.5,
      "step": 0.5,"#,
                ),
            ],
        ),
        expect![[r#"
            error not-an-integer at "/design_variables/3/bounds/min"
              `min` of an integer variable must be a whole number, not 0.5
                "min": 0.5,
                       ^^^
            error not-an-integer at "/design_variables/3/bounds/max"
              `max` of an integer variable must be a whole number, not 4.5
                "max": 4.5
                       ^^^
            error not-an-integer at "/design_variables/3/baseline"
              `baseline` of an integer variable must be a whole number, not 2.5
                "baseline": 2.5,
                            ^^^
            error not-an-integer at "/design_variables/3/step"
              `step` of an integer variable must be a whole number, not 0.5
                "step": 0.5,
                        ^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(
            r#""max": 4
"#,
            r#""max": 4.0
"#,
        )],
    ));
}

#[test]
fn missing_config() {
    says(
        &with(
            BRACKET,
            &[(
                r#""element_type": "CTETRA",
        "#,
                "",
            )],
        ),
        expect![[r#"
            error missing-config at "/extractors/1/config"
              a `stress` extractor needs `element_type` in its `config`
                "config": {
                ^^^^^^^^
              + Insert `element_type`
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[(
                r#""config": {
        "subcase": 1,
        "node_set": "LUG",
        "component": "z"
      },
      "#,
                "",
            )],
        ),
        expect![[r#"
            error missing-config at "/extractors/2"
              a `displacement` extractor needs `subcase` in its `config`, which is missing
                {
                ^
              + Insert `config`
        "#]],
    );
    says(
        &with(
            MIRROR,
            &[(
                r#""config": {
        "expression_name": "p173"
      }"#,
                r#""config": {}"#,
            )],
        ),
        expect![[r#"
            error missing-config at "/extractors/2/config"
              a `mass_expression` extractor needs `expression_name` in its `config`
                "config": {},
                ^^^^^^^^
              + Insert `expression_name`
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(
            r#""config": {},
      "#,
            "",
        )],
    ));
}

#[test]
fn missing_function() {
    says(
        &with(
            GIMBAL,
            &[(
                r#""name": "extract",
        "#,
                "",
            )],
        ),
        expect![[r#"
            error missing-function at "/extractors/2/function"
              the function of a `custom_function` extractor needs a `name`
                "function": {
                ^^^^^^^^^^
              + Insert `name`
        "#]],
    );
    says(
        &with(GIMBAL, &[(r#""source_code""#, r#""signature""#)]),
        expect![[r#"
            error missing-function at "/extractors/2/function"
              the function of a `custom_function` extractor needs a `module` or `source_code`
                "function": {
                ^^^^^^^^^^
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[(
                r#""type": "mass",
      "builtin": true"#,
                r#""type": "custom_function",
      "builtin": false"#,
            )],
        ),
        expect![[r#"
            error missing-function at "/extractors/0"
              a `custom_function` extractor needs a `function` with a `name`, and a `module` or `source_code`
                {
                ^
        "#]],
    );
    nothing(&with(
        GIMBAL,
        &[(
            r#""source_code""#,
            r#""module": "m",
        "source_code""#,
        )],
    ));
}

#[test]
fn python_syntax() {
    says(
        &with(
            GIMBAL,
            &[("def extract(op2_path", "def extract(op2_path = ")],
        ),
        expect![[r#"
            error python-syntax at "/extractors/2/function/source_code"
              the source code is not valid Python: Expected an expression
                "source_code": "def extract(op2_path = , bdf_path, config):\n    \"\"\"First mode above the rotor band, and its margin.\"\"\"\n    freqs = read_modes(op2_path)\n    low, high = config[\"band_hz\"]\n    clear = [f for f in freqs if f < low or f > high]\n    return {\"margin_hz\": min(abs(f - low) for f in clear)}\n"
                                                       ^
        "#]],
    );
    says(
        &with(GIMBAL, &[("freqs = read_modes", "freqs = “read_modes")]),
        expect![[r#"
            error python-syntax at "/extractors/2/function/source_code"
              the source code is not valid Python: Got unexpected token “
                "source_code": "def extract(op2_path, bdf_path, config):\n    \"\"\"First mode above the rotor band, and its margin.\"\"\"\n    freqs = “read_modes(op2_path)\n    low, high = config[\"band_hz\"]\n    clear = [f for f in freqs if f < low or f > high]\n    return {\"margin_hz\": min(abs(f - low) for f in clear)}\n"
                                                                                                                                                        ^
        "#]],
    );
    says(
        &with(GIMBAL, &[(r#"for f in clear)}\n"#, "for f in clear)")]),
        expect![[r#"
            error python-syntax at "/extractors/2/function/source_code"
              the source code is not valid Python: unexpected EOF while parsing
                "source_code": "def extract(op2_path, bdf_path, config):\n    \"\"\"First mode above the rotor band, and its margin.\"\"\"\n    freqs = read_modes(op2_path)\n    low, high = config[\"band_hz\"]\n    clear = [f for f in freqs if f < low or f > high]\n    return {\"margin_hz\": min(abs(f - low) for f in clear)"
                                                                                                                                                                                                                                                                                                                                    ^
        "#]],
    );
    nothing(&with(
        GIMBAL,
        &[(
            "freqs = read_modes(op2_path)",
            r#"freqs = (m := read_modes(op2_path))\n    match freqs:\n        case []: return {}"#,
        )],
    ));
}

#[test]
fn unused_extractor() {
    says(
        &with(
            BRACKET,
            &[
                (
                    r#""extractor_id": "ext_003",
        "output_name": "max_disp""#,
                    r#""extractor_id": "ext_002",
        "output_name": "max_stress""#,
                ),
                (
                    r#""units": "mm",
      "canvas_position": {
        "x": 1020,
        "y": 640"#,
                    r#""units": "MPa",
      "canvas_position": {
        "x": 1020,
        "y": 640"#,
                ),
            ],
        ),
        expect![[r#"
            hint unused-extractor at "/extractors/2/id"
              no objective or constraint uses the extractor `ext_003`
                "id": "ext_003",
                      ^^^^^^^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(
            r#""operator": "<=",
      "threshold": 1.5"#,
            r#""enabled": false,
      "operator": "<=",
      "threshold": 1.5"#,
        )],
    ));
}

#[test]
fn nothing_enabled() {
    says(
        &with(
            BRACKET,
            &[
                (r#""enabled": true"#, r#""enabled": false"#),
                (r#""enabled": true"#, r#""enabled": false"#),
                (r#""enabled": true"#, r#""enabled": false"#),
                (r#""enabled": true"#, r#""enabled": false"#),
                (
                    r#""direction""#,
                    r#""enabled": false,
      "direction""#,
                ),
            ],
        ),
        expect![[r#"
            error no-enabled-variable at "/design_variables"
              no design variable is enabled: there is nothing to vary
                "design_variables": [
                ^^^^^^^^^^^^^^^^^^
            error no-enabled-objective at "/objectives"
              no objective is enabled: there is nothing to want
                "objectives": [
                ^^^^^^^^^^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[
            (r#""enabled": true"#, r#""enabled": false"#),
            (r#""enabled": true"#, r#""enabled": false"#),
            (r#""enabled": true"#, r#""enabled": false"#),
        ],
    ));
}

#[test]
fn zero_weight() {
    says(
        &with(BRACKET, &[(r#""weight": 1.0"#, r#""weight": 0"#)]),
        expect![[r#"
            warning zero-weight at "/objectives/0/weight"
              an objective of weight 0 counts nothing; give it a weight, or disable it
                "weight": 0,
                          ^
        "#]],
    );
    nothing(&with(
        GIMBAL,
        &[(
            r#""weight": 1.0"#,
            r#""enabled": false,
      "weight": 0.0"#,
        )],
    ));
}

#[test]
fn algorithm_objective_mismatch() {
    says(
        &with(GIMBAL, &[(r#""type": "NSGA-II""#, r#""type": "TPE""#)]),
        expect![[r#"
            warning algorithm-objective-mismatch at "/optimization/algorithm/type"
              TPE minimises one objective, but 2 are enabled; NSGA-II and RandomSearch take several
                "type": "TPE",
                        ^^^^^
              ~ the second objective
                "id": "obj_002",
                      ^^^^^^^^^
              + Change to "NSGA-II"
        "#]],
    );
    nothing(&with(
        GIMBAL,
        &[
            (r#""type": "NSGA-II""#, r#""type": "TPE""#),
            (
                r#""weight": 1.0"#,
                r#""enabled": false,
      "weight": 1.0"#,
            ),
        ],
    ));
    nothing(&with(
        GIMBAL,
        &[(r#""type": "NSGA-II""#, r#""type": "RandomSearch""#)],
    ));
}

#[test]
fn algorithm_variable_mismatch() {
    says(
        &with(
            GIMBAL,
            &[
                (r#""type": "NSGA-II""#, r#""type": "CMA-ES""#),
                (
                    r#""weight": 1.0"#,
                    r#""enabled": false,
      "weight": 1.0"#,
                ),
            ],
        ),
        expect![[r#"
            error algorithm-variable-mismatch at "/optimization/algorithm/type"
              CMA-ES cannot search over categorical variables, but “layup” is one
                "type": "CMA-ES",
                        ^^^^^^^^
              ~ the categorical variable
                "type": "categorical",
                        ^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn low_budget() {
    says(
        &with(BRACKET, &[(r#""max_trials": 120"#, r#""max_trials": 39"#)]),
        expect![[r#"
            information low-budget at "/optimization/budget/max_trials"
              39 trials are few for 4 enabled variables; 10 for each, 40 in all, is a rule of thumb
                "max_trials": 39,
                              ^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(r#""max_trials": 120"#, r#""max_trials": 40"#)],
    ));
}

#[test]
fn startup_exceeds_budget() {
    says(
        &with(
            BRACKET,
            &[(r#""n_startup_trials": 15"#, r#""n_startup_trials": 120"#)],
        ),
        expect![[r#"
            warning startup-exceeds-budget at "/optimization/algorithm/config/n_startup_trials"
              `n_startup_trials` 120 is not below `max_trials` 120: the algorithm never begins to learn
                "n_startup_trials": 120
                                    ^^^
              ~ `max_trials`
                "max_trials": 120,
                              ^^^
        "#]],
    );
    says(
        &with(
            GIMBAL,
            &[(r#""population_size": 24"#, r#""population_size": 500"#)],
        ),
        expect![[r#"
            warning startup-exceeds-budget at "/optimization/algorithm/config/population_size"
              `population_size` 500 is not below `max_trials` 240: there is no second generation
                "population_size": 500,
                                   ^^^
              ~ `max_trials`
                "max_trials": 240
                              ^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(r#""n_startup_trials": 15"#, r#""n_startup_trials": 119"#)],
    ));
}

#[test]
fn contradictory_constraints() {
    says(
        &with(
            BRACKET,
            &[
                (
                    r#""operator": "<=",
      "threshold": 1.5,
      "source": {
        "extractor_id": "ext_003",
        "output_name": "max_disp""#,
                    r#""operator": ">",
      "threshold": 235,
      "source": {
        "extractor_id": "ext_002",
        "output_name": "max_stress""#,
                ),
                (
                    r#""units": "mm",
      "canvas_position": {
        "x": 1020"#,
                    r#""units": "MPa",
      "canvas_position": {
        "x": 1020"#,
                ),
            ],
        ),
        expect![[r#"
            hint unused-extractor at "/extractors/2/id"
              no objective or constraint uses the extractor `ext_003`
                "id": "ext_003",
                      ^^^^^^^^^
            error contradictory-constraints at "/constraints/1/threshold"
              no value of `max_stress` is > 235 MPa and, as con_001 demands, <= 235 MPa
                "threshold": 235,
                             ^^^
              ~ con_001 demands <= 235 MPa
                "threshold": 235.0,
                             ^^^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(
            r#""operator": "<=",
      "threshold": 1.5,
      "source": {
        "extractor_id": "ext_003",
        "output_name": "max_disp""#,
            r#""enabled": false,
      "operator": ">",
      "threshold": 1.5,
      "source": {
        "extractor_id": "ext_003",
        "output_name": "max_disp""#,
        )],
    ));
}

#[test]
fn unit_mismatch() {
    says(
        &with(
            BRACKET,
            &[(
                r#""units": "MPa",
      "penalty"#,
                r#""units": "mm",
      "penalty"#,
            )],
        ),
        expect![[r#"
            warning unit-mismatch at "/constraints/0/units"
              `mm` is a length, but the output is in `MPa`, a pressure
                "units": "mm",
                         ^^^^
              ~ the output's units
                "units": "MPa"
                         ^^^^^
        "#]],
    );
    says(
        &with(
            BRACKET,
            &[(
                r#""units": "MPa",
      "penalty"#,
                r#""units": "kPa",
      "penalty"#,
            )],
        ),
        expect![[r#"
            warning unit-mismatch at "/constraints/0/units"
              `kPa` here, but the output is in `MPa`: 1 kPa is 0.001 MPa
                "units": "kPa",
                         ^^^^^
              ~ the output's units
                "units": "MPa"
                         ^^^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(
            r#""units": "MPa",
      "penalty"#,
            r#""units": "N/mm²",
      "penalty"#,
        )],
    ));
    nothing(&with(
        BRACKET,
        &[(
            r#""units": "MPa",
      "penalty"#,
            r#""units": "furlong",
      "penalty"#,
        )],
    ));
}

#[test]
fn dimension_mismatch() {
    says(
        &with(
            BRACKET,
            &[
                (
                    r#""units": "mm"
        }"#,
                    r#""units": "kg"
        }"#,
                ),
                (
                    r#""units": "mm",
      "canvas_position": {
        "x": 1020"#,
                    r#""units": "kg",
      "canvas_position": {
        "x": 1020"#,
                ),
            ],
        ),
        expect![[r#"
            warning dimension-mismatch at "/extractors/2/outputs/0/units"
              `kg` is a mass, but a `displacement` extractor gives a length, e.g. in `mm`
                "units": "kg"
                         ^^^^
        "#]],
    );
    nothing(&with(
        BRACKET,
        &[(
            r#""units": "mm"
        }"#,
            r#""units": "bananas"
        }"#,
        )],
    ));
}

#[test]
fn files_that_are_not_there_and_a_part_that_has_changed() {
    let text = with(
        BRACKET,
        &[(
            r#""path": "model/bracket.prt""#,
            r#""path": "model/bracket.prt", "hash": "A12270818A1F1D96856EE9F8371D526D""#,
        )],
    );
    let parsed = parsed(&text);
    let needs = needed_files(&parsed);
    expect![[r#"
        [
            FileNeed {
                path: "model/bracket.prt",
                md5: true,
            },
            FileNeed {
                path: "model/bracket_fem1.fem",
                md5: false,
            },
            FileNeed {
                path: "model/bracket_sim1.sim",
                md5: false,
            },
        ]
    "#]]
    .assert_debug_eq(&needs);
    let mut context = Context::default();
    context.files.insert(
        "model/bracket.prt".into(),
        true,
        Some("a12270818a1f1d96856ee9f8371d526d".into()),
    );
    assert_eq!(
        report(&text, &check(&parsed, &context)),
        "",
        "nothing is said of files that nobody looked at, and case is no matter"
    );
    context.files.insert(
        "model/bracket.prt".into(),
        true,
        Some("00000000000000000000000000000000".into()),
    );
    context
        .files
        .insert("model/bracket_sim1.sim".into(), false, None);
    expect![[r#"
        warning status-incomplete at "/meta/status"
          the study is said to be ready, but 1 model file is missing
            "status": "ready",
                      ^^^^^^^
        warning hash-mismatch at "/model/nx_part/hash"
          `model/bracket.prt` has the MD5 00000000000000000000000000000000, not A12270818A1F1D96856EE9F8371D526D: the part has changed since the study was set up
            "path": "model/bracket.prt", "hash": "A12270818A1F1D96856EE9F8371D526D"
                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          + Change to "00000000000000000000000000000000"
        warning missing-model-file at "/model/sim/path"
          there is no file `model/bracket_sim1.sim` in the folder of the spec, nor in that of the study
            "path": "model/bracket_sim1.sim",
                    ^^^^^^^^^^^^^^^^^^^^^^^^
    "#]].assert_eq(&report(&text, &check(&parsed, &context)));
}

#[test]
fn a_study_is_called_what_its_folder_is_called() {
    let parsed = parsed(BRACKET);
    let context = |name: &str| Context {
        study_folder_name: Some(name.into()),
        ..Context::default()
    };
    assert_eq!(
        report(BRACKET, &check(&parsed, &context("bracket_mass"))),
        ""
    );
    expect![[r#"
        information study-name-mismatch at "/meta/study_name"
          the study is called `bracket_mass`, but its folder `bracket_v2`
            "study_name": "bracket_mass",
                          ^^^^^^^^^^^^^^
          + Change to "bracket_v2"
    "#]]
    .assert_eq(&report(BRACKET, &check(&parsed, &context("bracket_v2"))));
    assert!(
        check(&parsed, &context("no name"))[0].fixes.is_empty(),
        "a fix must bring no new error"
    );
}

#[test]
fn a_status_promises_that_no_error_remains_after_the_settings() {
    let text = with(
        BRACKET,
        &[
            (r#""min": 3.0"#, r#""min": 13.0"#),
            (r#""baseline": 8.0"#, r#""baseline": 12.5"#),
        ],
    );
    expect![[r#"
        warning status-incomplete at "/meta/status"
          the study is said to be ready, but 1 error remains
            "status": "ready",
                      ^^^^^^^
        error bounds-inverted at "/design_variables/0/bounds/min"
          `min` 13.0 is greater than `max` 12.0; it must be less
            "min": 13.0,
                   ^^^^
          ~ `max` is 12.0
            "max": 12.0
                   ^^^^
          + Swap `min` and `max` (safe)
    "#]]
    .assert_eq(&report(&text, &findings(&text)));
    let parsed = parsed(&text);
    let mut context = with_files(&parsed);
    context
        .severities
        .insert(Code::BoundsInverted, Some(Severity::Hint));
    let found = check(&parsed, &context);
    assert_eq!(
        found
            .iter()
            .map(|finding| (finding.code, finding.severity))
            .collect::<Vec<_>>(),
        [(Code::BoundsInverted, Severity::Hint)]
    );
    context.severities.insert(Code::BoundsInverted, None);
    assert_eq!(check(&parsed, &context), []);
}

#[test]
fn a_draft_is_checked_in_full_where_there_is_something() {
    let text = with(
        DRONE,
        &[(
            r#""model": {"#,
            r#""objectives": [],
  "extractors": [{"id": "ext_001", "name": "mass", "type": "mass", "outputs": []}],
  "design_variables": [{"id": "dv_001", "name": "h", "expression_name": "beam_h", "enabled": false}],
  "model": {"#,
        )],
    );
    says(
        &text,
        expect![[r#"
            hint missing-property at ""
              `optimization` is still missing; a study needs it before it can run
                {
                ^
              + Insert `optimization`
            hint out-of-range at "/objectives"
              0 entries; 1 to 5 are allowed
                "objectives": [],
                ^^^^^^^^^^^^
            hint no-enabled-objective at "/objectives"
              no objective is enabled: there is nothing to want
                "objectives": [],
                ^^^^^^^^^^^^
            hint unused-extractor at "/extractors/0/id"
              no objective or constraint uses the extractor `ext_001`
                "extractors": [{"id": "ext_001", "name": "mass", "type": "mass", "outputs": []}],
                                      ^^^^^^^^^
            error out-of-range at "/extractors/0/outputs"
              0 entries; at least 1 must be there
                "extractors": [{"id": "ext_001", "name": "mass", "type": "mass", "outputs": []}],
                                                                                 ^^^^^^^^^
            hint no-enabled-variable at "/design_variables"
              no design variable is enabled: there is nothing to vary
                "design_variables": [{"id": "dv_001", "name": "h", "expression_name": "beam_h", "enabled": false}],
                ^^^^^^^^^^^^^^^^^^
            error missing-property at "/design_variables/0"
              `bounds` is missing
                "design_variables": [{"id": "dv_001", "name": "h", "expression_name": "beam_h", "enabled": false}],
                                     ^
              + Insert `bounds`
        "#]],
    );
}

#[test]
fn gates_open_for_a_good_study_and_say_what_keeps_them_shut() {
    let shut = |text: &str| {
        let parsed = parsed(text);
        let gates = gates(&parsed, &check(&parsed, &with_files(&parsed)));
        gates
            .into_iter()
            .filter(|gate| !gate.passed)
            .map(|gate| format!("{}: {}", gate.name, gate.reasons.join("; ")))
            .collect::<Vec<_>>()
    };
    assert_eq!(shut(BRACKET), Vec::<String>::new());
    expect![[r#"
        [
            "search: `design_variables` is still missing; a study needs it before it can run; `extractors` is still missing; a study needs it before it can run; `objectives` is still missing; a study needs it before it can run; `optimization` is still missing; a study needs it before it can run",
            "ready: the gate `search` is closed",
        ]
    "#]].assert_debug_eq(&shut(DRONE));
    expect![[r#"
        [
            "format: /constraints/1/threshold: a number belongs here, not a list",
            "references: /objectives/0/source/extractor_id: no extractor has the id `ext_009`; did you mean `ext_001`?",
            "ready: the gate `format` is closed; the gate `references` is closed",
        ]
    "#]].assert_debug_eq(&shut(&with(
        BRACKET,
        &[
            (
                r#""extractor_id": "ext_001""#,
                r#""extractor_id": "ext_009""#,
            ),
            (r#""threshold": 1.5"#, r#""threshold": [1.5]"#),
        ],
    )));
}
