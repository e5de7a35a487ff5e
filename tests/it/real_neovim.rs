//! The real Neovim, headless, with the few lines of Lua that a user's configuration has. `tests/run` fetches it.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use super::support::{
    Workspace,
    process::{Mark, VARIABLE},
    programs::{claude_standin, neovim},
};

/// Runs a script of `tests/it/neovim` and gives the JSON that it prints. Nothing that it started may be left.
fn run(workspace: &Workspace, script: &str, scenario: &Value, arguments: &[&str]) -> Value {
    let mark = Mark::new();
    let home = tempfile::tempdir().expect("a temporary folder");
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/neovim");
    let output = Command::new(neovim())
        .args(["--headless", "--clean", "-n", "-l"])
        .arg(scripts.join(script))
        .arg(env!("CARGO_BIN_EXE_atomizer-lsp"))
        .args(arguments)
        .current_dir(workspace.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .env(VARIABLE, mark.value())
        .env("CLAUDE_STANDIN", scenario.to_string())
        .envs(std::env::var_os("ATOMIZER_TEST_RUN").map(|run| ("ATOMIZER_TEST_RUN", run)))
        .output()
        .expect("Neovim runs");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}\n{err}");
    if let Err(left) = mark.wait_until_gone(|_| false) {
        mark.kill();
        panic!("processes are left: {left:#?}");
    }
    let line = out
        .lines()
        .chain(err.lines())
        .find(|line| line.starts_with('{'));
    serde_json::from_str(line.unwrap_or_else(|| panic!("no JSON in\n{out}\n{err}"))).expect("JSON")
}

#[test]
#[ignore = "needs the real Neovim: tests/run"]
fn real_neovim_shows_diagnostics_and_takes_claudes_edit() {
    let workspace = Workspace::examples();
    let spec = workspace.spec("bracket_mass");
    let text = std::fs::read_to_string(&spec).expect("a spec").replacen(
        "\"baseline\": 8.0",
        "\"baseline\": 14.0",
        1,
    );
    std::fs::write(
        &spec,
        text.replacen("\"status\": \"ready\"", "\"status\": \"configured\"", 1),
    )
    .expect("written");
    let edit =
        json!({"edit": {"path": spec, "old": "\"baseline\": 14.0", "new": "\"baseline\": 8.0"}});
    let scenario = json!({"turns": [[edit, {"text": "Done."}]]});
    let settings = json!({"claude": {"command": [claude_standin()]}}).to_string();
    let seen = run(
        &workspace,
        "session.lua",
        &scenario,
        &[&settings, spec.to_str().expect("a path")],
    );
    assert!(
        seen["version"]
            .as_str()
            .expect("a version")
            .starts_with("0.11"),
        "{seen}"
    );
    assert_eq!(seen["before"], json!(["baseline-out-of-bounds"]));
    assert_eq!(
        (&seen["status"], &seen["text"]),
        (&json!("completed"), &json!("Done.")),
        "{seen}"
    );
    assert_eq!(seen["applied"], json!(["edit"]), "{seen}");
    assert_eq!(seen["same_as_disk"], true, "{seen}");
    assert_eq!(seen["baseline"], "      \"baseline\": 8.0,");
    assert_eq!(
        seen["undone"], "      \"baseline\": 14.0,",
        "one undo brings the former text back"
    );
    let types = seen["types"].as_array().expect("events");
    assert_eq!(
        (types.first(), types.last()),
        (Some(&json!("started")), Some(&json!("done"))),
        "{seen}"
    );
}
