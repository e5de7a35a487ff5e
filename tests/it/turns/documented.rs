//! `docs/reliability.md` promises nothing that is not tested.

use std::{fs, path::Path};

/// All Rust sources below a folder.
fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&fs::read_to_string(path).expect("a source"));
        }
    }
}

#[test]
fn every_row_of_the_reliability_table_names_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    sources(&root.join("tests/it"), &mut code);
    sources(&root.join("src"), &mut code);
    let table = fs::read_to_string(root.join("docs/reliability.md")).expect("the table");
    let rows: Vec<&str> = table.lines().filter(|line| line.ends_with("` |")).collect();
    assert!(rows.len() > 40, "{} rows", rows.len());
    for row in rows {
        let name = row
            .trim_end_matches("` |")
            .rsplit('`')
            .next()
            .unwrap_or_default();
        assert!(
            code.contains(&format!("fn {name}()")),
            "no test `{name}` for: {row}"
        );
    }
}
