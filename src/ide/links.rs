//! `textDocument/documentLink`: the files that a spec names.

use std::path::PathBuf;

use lsp_types::{DocumentLink, Url};

use super::{Snapshot, within_quotes};
use crate::spec::{
    format::{Refers, Shape},
    syntax::Node,
};

/// A link for each file that the spec names and that `find` finds; `find` may look at the disk.
pub fn document_links(
    snapshot: &Snapshot,
    find: impl Fn(&str) -> Option<PathBuf>,
) -> Vec<DocumentLink> {
    file_names(snapshot)
        .into_iter()
        .filter_map(|node| {
            let name = node.as_str()?;
            let target = Url::from_file_path(find(&name)?).ok()?;
            Some(DocumentLink {
                range: snapshot.range(within_quotes(snapshot.text(), node.range())),
                target: Some(target),
                tooltip: Some(format!("Open {name}")),
                data: None,
            })
        })
        .collect()
}

/// The strings that name files: those of `model`, and each extractor's `config`.
fn file_names(snapshot: &Snapshot) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    let Some(root) = snapshot.parsed.root() else {
        return found;
    };
    if let (Some(model), Some(shape)) = (root.get("model"), Shape::spec().key("model")) {
        collect(model, shape, &mut found);
    }
    let extractors = root.get("extractors");
    for extractor in extractors.into_iter().flat_map(|list| list.elements()) {
        let kind = super::place::extractor_type(extractor);
        if let (Some(config), Some(kind)) = (extractor.get("config"), kind) {
            collect(config, Shape::config(kind), &mut found);
        }
    }
    found.retain(|node| !node.raw().is_empty());
    found
}

/// The format nests a few levels only, whatever the text does.
fn collect<'a>(node: Node<'a>, shape: &Shape, found: &mut Vec<Node<'a>>) {
    for member in node.members() {
        let (Some(value), Some(shape)) = (member.value(), shape.key(&member.name())) else {
            continue;
        };
        if shape.refers == Some(Refers::File) {
            found.push(value);
        } else {
            collect(value, shape, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::ide::testing::{BRACKET, marked, snapshot};

    #[test]
    fn files_that_are_there_are_links() {
        let snapshot = snapshot(BRACKET);
        let there = |name: &str| (!name.ends_with(".fem")).then(|| PathBuf::from("/s").join(name));
        let links = document_links(&snapshot, there);
        let targets: Vec<_> = links
            .iter()
            .filter_map(|link| link.target.as_ref().map(Url::as_str))
            .collect();
        assert_eq!(
            targets,
            [
                "file:///s/model/bracket.prt",
                "file:///s/model/bracket_sim1.sim"
            ]
        );
        let ranges: Vec<_> = links.iter().map(|link| link.range).collect();
        expect![[r#"
                  "path": "model/bracket.prt"
                           ^^^^^^^^^^^^^^^^^
                  "path": "model/bracket_sim1.sim",
                           ^^^^^^^^^^^^^^^^^^^^^^
        "#]]
        .assert_eq(&marked(&snapshot, &ranges));
    }

    #[test]
    fn a_surface_of_an_extractor_is_a_link_and_other_settings_are_not() {
        let text = r#"{"extractors": [{"type": "zernike_csv", "config": {"csv_path": "s.csv"}}, {"type": "mass", "config": {"csv_path": "t.csv"}}, {"type": "zernike_csv", "config": {"csv_path": 3"#;
        let links = document_links(&snapshot(text), |name| Some(PathBuf::from("/s").join(name)));
        assert_eq!(links.len(), 1);
    }
}
