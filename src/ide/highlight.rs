//! `textDocument/documentHighlight`: the other places of what is at the cursor.

use lsp_types::{DocumentHighlight, DocumentHighlightKind, Position};

use super::{Snapshot, within_quotes};
use crate::spec::model::Role;

/// Definitions as writes, references as reads; `None` where nothing has a name, so that the editor may do it by words.
pub fn highlights(snapshot: &Snapshot, position: Position) -> Option<Vec<DocumentHighlight>> {
    let model = snapshot.model();
    let found = model.symbol_at(snapshot.offset(position))?;
    let highlights = model
        .occurrences(&found.symbol)
        .into_iter()
        .map(|place| DocumentHighlight {
            range: snapshot.range(within_quotes(snapshot.text(), place.range)),
            kind: Some(match place.role {
                Role::Definition => DocumentHighlightKind::WRITE,
                Role::Reference => DocumentHighlightKind::READ,
            }),
        });
    Some(highlights.collect())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::ide::testing::{at_cursor, marked};

    #[test]
    fn definition_and_references_are_told_apart() {
        let (snapshot, position) = at_cursor(
            r#"{"workflow": {"stages": [{"id": "coarse"}], "transitions": [{"from": "coar$0se", "to": "fine"}]}}"#,
        );
        let found = highlights(&snapshot, position).expect("a stage's id");
        let kinds: Vec<_> = found.iter().map(|it| it.kind).collect();
        assert_eq!(
            kinds,
            [
                Some(DocumentHighlightKind::WRITE),
                Some(DocumentHighlightKind::READ)
            ]
        );
        let ranges: Vec<_> = found.iter().map(|it| it.range).collect();
        expect![[r#"
            {"workflow": {"stages": [{"id": "coarse"}], "transitions": [{"from": "coarse", "to": "fine"}]}}
                                             ^^^^^^
            {"workflow": {"stages": [{"id": "coarse"}], "transitions": [{"from": "coarse", "to": "fine"}]}}
                                                                                  ^^^^^^
        "#]]
        .assert_eq(&marked(&snapshot, &ranges));
    }

    #[test]
    fn an_ordinary_value_is_left_to_the_editor() {
        let (snapshot, position) = at_cursor(r#"{"meta": {"tags": ["a$0"]}}"#);
        assert_eq!(highlights(&snapshot, position), None);
    }
}
