//! `check` and `schema` at the terminal.

use serde_json::{Value, json};

use super::support::{Workspace, cli::run};

/// A root whose `bracket_mass` has a baseline out of bounds and a misspelt output.
fn with_mistakes() -> Workspace {
    let workspace = Workspace::examples();
    let spec = "studies/bracket_mass/1_setup/atomizer_spec.json";
    let text = workspace.read(spec);
    let text = text.replacen(r#""baseline": 8.0"#, r#""baseline": 14.0"#, 1);
    let text = text.replacen(
        r#""output_name": "max_stress""#,
        r#""output_name": "max_stres""#,
        1,
    );
    workspace.write(
        spec,
        &text.replacen(r#""status": "ready""#, r#""status": "configured""#, 1),
    );
    workspace
}

#[test]
fn a_sound_study_passes() {
    let workspace = Workspace::examples();
    let run = run(&workspace.path(), &["check", "studies"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.out.contains("0 errors, 0 warnings"), "{run:#?}");
    assert_eq!(run.err, "", "no progress bar where there is no terminal");
}

#[test]
fn mistakes_are_shown_with_their_source_and_fail() {
    let workspace = with_mistakes();
    let run = run(&workspace.path(), &["check", "studies"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out
            .contains("bracket_mass/1_setup/atomizer_spec.json:53:19"),
        "{}",
        run.out
    );
    assert!(run.out.contains(r#""baseline": 14.0"#), "{}", run.out);
    assert!(
        run.out.contains("2 errors, 0 warnings in 4 specs"),
        "{}",
        run.out
    );
    assert!(
        !run.out.contains('\u{1b}'),
        "no colours where there is no terminal"
    );
}

#[test]
fn json_has_the_shape_that_the_protocol_promises() {
    let workspace = with_mistakes();
    let run = run(
        &workspace.path(),
        &[
            "check",
            "--format",
            "json",
            "studies/bracket_mass/1_setup/atomizer_spec.json",
        ],
    );
    assert_eq!(run.code, Some(1));
    let document = run.json();
    assert_eq!(document["errors"], 2);
    assert_eq!(document["warnings"], 0);
    let file = &document["files"][0];
    assert_eq!(
        file["path"],
        "studies/bracket_mass/1_setup/atomizer_spec.json"
    );
    let of = |code: &str| {
        let all = file["diagnostics"].as_array().expect("a list");
        all.iter()
            .find(|diagnostic| diagnostic["code"] == code)
            .expect("that code")
            .clone()
    };
    let baseline = of("baseline-out-of-bounds");
    assert_eq!(baseline["severity"], "error");
    assert_eq!(baseline["pointer"], "/design_variables/0/baseline");
    assert_eq!(baseline["fixable"], true);
    assert_eq!(
        baseline["range"],
        json!({"start": {"line": 52, "character": 18}, "end": {"line": 52, "character": 22}})
    );
    assert!(baseline["related"][0]["range"].is_object());
    let keys: Vec<_> = of("unknown-output")
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    assert_eq!(
        keys,
        [
            "code", "severity", "message", "range", "pointer", "related", "fixable"
        ]
    );
}

#[test]
fn sarif_is_valid_by_its_own_schema() {
    let workspace = with_mistakes();
    let run = run(
        &workspace.path(),
        &["check", "--format", "sarif", "studies"],
    );
    let document = run.json();
    let schema: Value =
        serde_json::from_str(include_str!("../fixtures/sarif-schema-2.1.0.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<_> = validator
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let results = document["runs"][0]["results"].as_array().expect("results");
    assert!(
        results
            .iter()
            .any(|result| result["ruleId"] == "unknown-output" && result["level"] == "error")
    );
}

#[test]
fn warnings_fail_only_where_they_are_denied() {
    let workspace = Workspace::examples();
    let spec = workspace.spec("bracket_mass");
    let text = std::fs::read_to_string(&spec).expect("a spec").replacen(
        r#""meta": {"#,
        r#""meta": {"colour": "red","#,
        1,
    );
    std::fs::write(&spec, text).expect("written");
    assert_eq!(run(&workspace.path(), &["check", "studies"]).code, Some(0));
    assert_eq!(
        run(
            &workspace.path(),
            &["check", "--deny", "warnings", "studies"]
        )
        .code,
        Some(1)
    );
}

#[test]
fn a_severity_given_at_the_terminal_counts() {
    let workspace = with_mistakes();
    let quiet = [
        "--severity",
        "baseline-out-of-bounds=off",
        "--severity",
        "unknown-output=warning",
    ];
    let run_quiet = run(
        &workspace.path(),
        &[&["check"], &quiet[..], &["studies"]].concat(),
    );
    assert_eq!(run_quiet.code, Some(0), "{run_quiet:#?}");
    assert!(
        run_quiet.out.contains("0 errors, 1 warning"),
        "{run_quiet:#?}"
    );
    let wrong = run(
        &workspace.path(),
        &["check", "--severity", "unknown-outptu=off", "studies"],
    );
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.err.contains("did you mean `unknown-output`?"),
        "{}",
        wrong.err
    );
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_checked() {
    let workspace = with_mistakes();
    let bad = workspace.path().join("studies/latin1/atomizer_spec.json");
    std::fs::create_dir_all(bad.parent().expect("a parent")).expect("made");
    std::fs::write(&bad, b"{\"meta\": \"\xe9\"}").expect("written");
    let run = run(&workspace.path(), &["check", "nowhere", "studies"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("nowhere"), "{}", run.err);
    assert!(run.err.contains("latin1/atomizer_spec.json"), "{}", run.err);
    assert!(run.out.contains("baseline-out-of-bounds"), "{}", run.out);
}

#[test]
fn a_path_typed_from_inside_the_study_means_what_the_editor_means() {
    let workspace = Workspace::examples();
    let spec = workspace.spec("bracket_mass");
    let folder = spec.parent().expect("a parent");
    for typed in ["atomizer_spec.json", "../1_setup/atomizer_spec.json", "."] {
        let run = run(folder, &["check", typed]);
        assert!(
            run.out.contains("0 errors, 0 warnings in 1 spec"),
            "{run:#?}"
        );
        assert!(!run.out.contains("study-name-mismatch"), "{run:#?}");
    }
}

#[test]
fn a_spec_named_twice_counts_once() {
    let workspace = with_mistakes();
    let absolute = workspace.spec("bracket_mass");
    let absolute = absolute.to_str().expect("a path in UTF-8");
    let relative = "studies/bracket_mass/1_setup/atomizer_spec.json";
    let run = run(
        &workspace.path(),
        &["check", relative, absolute, "./studies/bracket_mass"],
    );
    assert!(
        run.out.contains("2 errors, 0 warnings in 1 spec"),
        "{run:#?}"
    );
    assert!(
        !run.out.contains(absolute),
        "as it was named first: {run:#?}"
    );
}

#[test]
fn what_cannot_be_written_is_named_and_shown_as_it_is() {
    let workspace = Workspace::examples();
    let spec = workspace.spec("bracket_mass");
    let sound = std::fs::read_to_string(&spec).expect("a spec");
    let broken = sound.replacen(r#""max": 12.0"#, r#""max": "12.0""#, 1);
    std::fs::write(&spec, &broken).expect("written");
    let former = std::fs::metadata(&spec).expect("it is there").permissions();
    let mut locked = former.clone();
    locked.set_readonly(true);
    std::fs::set_permissions(&spec, locked).expect("set");

    let run = run(&workspace.path(), &["check", "--fix", "studies"]);
    std::fs::set_permissions(&spec, former).expect("set back");
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.err.contains("atomizer_spec.json"), "{run:#?}");
    assert!(run.out.contains("wrong-type"), "{run:#?}");
    assert_eq!(std::fs::read_to_string(&spec).expect("a spec"), broken);
}

#[cfg(unix)]
#[test]
fn fix_writes_the_file_that_a_link_leads_to() {
    let workspace = Workspace::examples();
    let spec = workspace.spec("bracket_mass");
    let sound = std::fs::read_to_string(&spec).expect("a spec");
    let real = workspace.path().join("real.json");
    let broken = sound.replacen(r#""max": 12.0"#, r#""max": "12.0""#, 1);
    std::fs::write(&real, broken).expect("written");
    std::fs::remove_file(&spec).expect("removed");
    std::os::unix::fs::symlink(&real, &spec).expect("linked");

    let run = run(&workspace.path(), &["check", "--fix", "studies"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(spec.is_symlink());
    assert_eq!(std::fs::read_to_string(&real).expect("a spec"), sound);
}

#[test]
fn a_folder_without_specs_is_an_error_not_a_pass() {
    let workspace = Workspace::root();
    let run = run(&workspace.path(), &["check", "."]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.err.contains("no atomizer_spec.json in `.`"),
        "{}",
        run.err
    );
}

#[test]
fn diff_shows_safe_fixes_and_fix_writes_them() {
    let workspace = Workspace::examples();
    let spec = workspace.spec("bracket_mass");
    let sound = std::fs::read_to_string(&spec).expect("a spec");
    let broken = sound.replacen(r#""max": 12.0"#, r#""max": "12.0""#, 1);
    std::fs::write(&spec, &broken).expect("written");

    let shown = run(&workspace.path(), &["check", "--fix", "--diff", "studies"]);
    assert!(
        shown.out.contains(r#"-        "max": "12.0""#),
        "{}",
        shown.out
    );
    assert!(
        shown.out.contains(r#"+        "max": 12.0"#),
        "{}",
        shown.out
    );
    assert_eq!(
        std::fs::read_to_string(&spec).expect("a spec"),
        broken,
        "only shown"
    );

    let fixed = run(&workspace.path(), &["check", "--fix", "studies"]);
    assert_eq!(fixed.code, Some(0), "{fixed:#?}");
    assert_eq!(std::fs::read_to_string(&spec).expect("a spec"), sound);
}

#[test]
fn schema_is_a_schema_that_takes_the_examples_and_refuses_what_is_no_spec() {
    let workspace = Workspace::examples();
    let schema = run(&workspace.path(), &["schema"]).json();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for study in ["bracket_mass", "gimbal_arm", "optics/m1_mirror"] {
        let text = std::fs::read_to_string(workspace.spec(study)).expect("a spec");
        let spec = serde_json::from_str(&text).expect("JSON");
        let errors: Vec<_> = validator
            .iter_errors(&spec)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{study}: {errors:#?}");
    }
    assert!(!validator.is_valid(&json!({"meta": {"version": "2.0", "study_name": 7}})));
}
