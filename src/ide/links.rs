//! `textDocument/documentLink`: the files that a spec names, and the extractors that its goals read.

use std::path::PathBuf;

use lsp_types::{DocumentLink, Url};

use super::{Snapshot, within_quotes};
use crate::spec::{
    format::{Refers, Shape},
    syntax::Node,
};

/// A link for each file that the spec names and that `find` finds, and for each reference to an extractor that is there;
/// `find` may look at the disk.
pub fn document_links(
    snapshot: &Snapshot,
    find: impl Fn(&str) -> Option<PathBuf>,
) -> Vec<DocumentLink> {
    let mut links = files(snapshot, find);
    links.extend(extractors(snapshot));
    links
}

fn extractors(snapshot: &Snapshot) -> Vec<DocumentLink> {
    let model = snapshot.model();
    let mut links = Vec::new();
    for entry in model.entries() {
        for word in entry.facts.references(Refers::Extractor) {
            let Some(extractor) = model.extractor(word) else {
                continue;
            };
            let Some(id) = &extractor.facts.id else {
                continue;
            };
            let range = within_quotes(snapshot.text(), entry.place(&word.at));
            let name = extractor.name().unwrap_or(&id.text);
            links.push(DocumentLink {
                range: snapshot.range(range),
                target: Some(place(snapshot, extractor.place(&id.at).start)),
                tooltip: Some(format!("Go to the extractor {name}")),
                data: None,
            });
        }
    }
    links
}

/// A place of this document as a link: `#L<line>,<column>`, both from 1, is what editors of the VS Code family follow.
fn place(snapshot: &Snapshot, offset: usize) -> Url {
    let position = snapshot.position(offset);
    let mut target = snapshot.uri.clone();
    target.set_fragment(Some(&format!(
        "L{},{}",
        position.line + 1,
        position.character + 1
    )));
    target
}

fn files(snapshot: &Snapshot, find: impl Fn(&str) -> Option<PathBuf>) -> Vec<DocumentLink> {
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
        let links = files(&snapshot, there);
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

    #[test]
    fn a_reference_to_an_extractor_leads_to_its_id() {
        let text = "{\"extractors\": [\n  {\"name\": \"mass\", \"id\": \"ext_001\"}],\n\"objectives\": [{\"source\": {\"extractor_id\": \"ext_001\"}}, {\"source\": {\"extractor_id\": \"ext_009\"}}]}";
        let snapshot = snapshot(text);
        let links = document_links(&snapshot, |_| None);
        let [link] = &links[..] else {
            panic!("one of the two extractors is there: {links:?}");
        };
        let target = link.target.as_ref().map(Url::as_str);
        assert_eq!(target, Some("file:///studies/s/atomizer_spec.json#L2,26"));
        assert_eq!(link.tooltip.as_deref(), Some("Go to the extractor mass"));
        assert_eq!(
            snapshot.text().slice(
                snapshot
                    .text()
                    .offsets(link.range, snapshot.traits.encoding)
            ),
            "ext_001"
        );
    }
}
