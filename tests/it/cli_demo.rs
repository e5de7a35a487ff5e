//! `demo`, by its rehearsal.

use super::support::{
    Workspace,
    cli::{run, run_with},
};

#[test]
fn the_rehearsal_says_so_first_and_plays_the_whole_road() {
    let workspace = Workspace::empty();
    let run = run(&workspace.path(), &["demo", "--rehearse"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.out.starts_with("Rehearsal: "), "{}", run.out);
    let in_order = [
        "An editor opens studies/bracket_mass/1_setup/atomizer_spec.json",
        "baseline-out-of-bounds",
        "unknown-output",
        "2 errors",
        "Claude answers",
        "Two things are wrong.",
        "one baseline and one output name.",
        "-      \"baseline\": 14.0,\n+      \"baseline\": 8.0,",
        "-        \"output_name\": \"max_stres\"\n+        \"output_name\": \"max_stress\"",
        "What the checks say now",
        "no problem",
    ];
    let mut rest = run.out.as_str();
    for expected in in_order {
        let at = rest
            .find(expected)
            .unwrap_or_else(|| panic!("{expected:?} is missing in\n{}", run.out));
        rest = &rest[at + expected.len()..];
    }
    assert_eq!(
        std::fs::read_dir(workspace.path())
            .expect("a folder")
            .count(),
        0,
        "it leaves nothing where it ran"
    );
}

#[test]
fn where_claude_is_not_installed_it_is_rehearsed_and_says_why() {
    let workspace = Workspace::empty();
    let path = workspace.path().display().to_string();
    let run = run_with(&workspace.path(), &["demo"], &[("PATH", &path)], "");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.out
            .starts_with("Rehearsal: `claude` is not installed here"),
        "{}",
        run.out
    );
}

#[test]
fn a_users_own_root_is_not_touched_without_his_word() {
    let workspace = Workspace::examples();
    let run = run(
        &workspace.path(),
        &["demo", "--workspace", ".", "--claude", "claude"],
    );
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.out.contains("Go on? [y/N]"), "{}", run.out);
    assert!(!workspace.path().join(".atomizer").exists());
}

/// Draws `docs/demo.svg`, the picture in the README: `cargo test --test it draw_ -- --ignored`.
#[test]
#[ignore = "writes docs/demo.svg"]
fn draw_the_picture_of_the_demo() {
    let workspace = Workspace::empty();
    let run = run_with(
        &workspace.path(),
        &["demo", "--rehearse"],
        &[("CLICOLOR_FORCE", "1")],
        "",
    );
    let picture = anstyle_svg::Term::new().render_svg(&run.out);
    std::fs::write(
        concat!(env!("CARGO_MANIFEST_DIR"), "/docs/demo.svg"),
        picture,
    )
    .expect("written");
}
