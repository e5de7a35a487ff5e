//! The example that is compiled in: a study with two mistakes, and what the understudy says and does about them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::json;

const SPEC: &str =
    include_str!("../../../examples/studies/bracket_mass/1_setup/atomizer_spec.json");
const FOLDER: &str = "studies/bracket_mass/1_setup";
/// Files that the study names.
const MODEL: [&str; 3] = ["bracket.prt", "bracket_fem1.fem", "bracket_sim1.sim"];

/// What is made of the sound example: a status that promises less, and the two mistakes. Before, after.
const STATUS: (&str, &str) = (r#""status": "ready""#, r#""status": "configured""#);
const BASELINE: (&str, &str) = (r#""baseline": 8.0"#, r#""baseline": 14.0"#);
const OUTPUT: (&str, &str) = (
    r#""output_name": "max_stress""#,
    r#""output_name": "max_stres""#,
);

/// The example's text.
fn spec() -> String {
    [STATUS, BASELINE, OUTPUT]
        .iter()
        .fold(SPEC.to_owned(), |text, (right, wrong)| {
            text.replacen(right, wrong, 1)
        })
}

/// Lays the example below `root`; gives the path of its spec.
pub fn lay_out(root: &Path) -> io::Result<PathBuf> {
    let folder = root.join(FOLDER);
    let model = folder.join("model");
    fs::create_dir_all(&model)?;
    for file in MODEL {
        fs::write(model.join(file), "placeholder for a binary NX file\n")?;
    }
    let path = folder.join("atomizer_spec.json");
    fs::write(&path, spec())?;
    Ok(path)
}

/// The command that plays Claude's part on the example below `root`.
pub fn rehearsal(root: &Path, spec: &Path) -> io::Result<Vec<String>> {
    let edit =
        |(right, wrong): (&str, &str)| json!({"edit": {"path": spec, "old": wrong, "new": right}});
    let script = json!([
        {"text": "I'll look at the study first."},
        {"read": spec},
        {"text": "Two things are wrong. The baseline of the web thickness, 14 mm, lies above its upper bound of 12 mm; \
                  I'll put it back to 8 mm, where the part was drawn."},
        edit(BASELINE),
        {"text": "And the stress constraint reads an output `max_stres` that the extractor does not have; it is called `max_stress`."},
        edit(OUTPUT),
        {"text": "Done: one baseline and one output name. Bounds, objectives and the budget are as they were."},
    ]);
    let path = root.join("rehearsal.json");
    fs::write(&path, script.to_string())?;
    let program = std::env::current_exe()?;
    Ok(vec![
        program.display().to_string(),
        "rehearse".to_owned(),
        path.display().to_string(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_holds_exactly_the_mistakes_that_are_planted() {
        let text = spec();
        for (right, wrong) in [STATUS, BASELINE, OUTPUT] {
            assert_eq!(text.matches(wrong).count(), 1, "{wrong}");
            assert!(SPEC.contains(right), "{right}");
        }
    }
}
