//! `textDocument/foldingRange`: objects and lists that span lines.

use lsp_types::{FoldingRange, FoldingRangeKind};

use super::Snapshot;
use crate::spec::syntax::{Kind, Node};

/// The place between the brackets of each object and list that spans lines. What is folded is shown by its `name` or `id`.
pub fn folding_ranges(snapshot: &Snapshot) -> Vec<FoldingRange> {
    let mut found = Vec::new();
    // A stack of our own: the text may nest deeper than a thread's.
    let mut todo: Vec<Node<'_>> = snapshot.parsed.root().into_iter().collect();
    while let Some(node) = todo.pop() {
        if !matches!(node.kind(), Kind::Object | Kind::Array) {
            continue;
        }
        found.extend(fold(snapshot, node));
        todo.extend(node.members().filter_map(|member| member.value()));
        todo.extend(node.elements());
    }
    found.sort_by_key(|fold| (fold.start_line, fold.start_character));
    if snapshot.traits.folds_lines {
        // One fold begins on a line: the outermost.
        found.dedup_by_key(|fold| fold.start_line);
    }
    found
}

fn fold(snapshot: &Snapshot, node: Node<'_>) -> Option<FoldingRange> {
    let range = node.range();
    let closed = matches!(
        snapshot.text().byte(range.end.saturating_sub(1)),
        Some(b'}' | b']')
    );
    let start = snapshot.position(range.start + 1);
    let end = snapshot.position(range.end - usize::from(closed && range.len() > 1));
    // Where only lines fold, the line of the closing bracket stays in sight.
    let last = if closed && snapshot.traits.folds_lines {
        end.line.saturating_sub(1)
    } else {
        end.line
    };
    (last > start.line).then(|| FoldingRange {
        start_line: start.line,
        start_character: Some(start.character),
        end_line: last,
        end_character: (!snapshot.traits.folds_lines).then_some(end.character),
        kind: Some(FoldingRangeKind::Region),
        collapsed_text: collapsed(node),
    })
}

/// `"web thickness" …`, for an entry that has a name or an id.
fn collapsed(node: Node<'_>) -> Option<String> {
    if node.kind() != Kind::Object {
        return None;
    }
    let name = ["name", "study_name", "id"]
        .iter()
        .find_map(|key| node.get(key)?.as_str())?;
    Some(format!("{name} …"))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::ide::testing::{MODERN, snapshot, snapshot_for};

    const TEXT: &str =
        "{\n  \"a\": [\n    {\n      \"name\": \"web\"\n    }\n  ],\n  \"b\": {}\n}\n";

    fn shown(folds: &[FoldingRange]) -> String {
        folds
            .iter()
            .map(|fold| {
                let text = fold.collapsed_text.as_deref().unwrap_or("-");
                format!(
                    "{}:{:?} to {}:{:?} {text}\n",
                    fold.start_line, fold.start_character, fold.end_line, fold.end_character
                )
            })
            .collect()
    }

    #[test]
    fn what_spans_lines_folds_between_its_brackets() {
        expect![[r#"
            0:Some(1) to 7:Some(0) -
            1:Some(8) to 5:Some(2) -
            2:Some(5) to 4:Some(4) web …
        "#]]
        .assert_eq(&shown(&folding_ranges(&snapshot(TEXT))));
    }

    #[test]
    fn where_lines_fold_the_closing_bracket_stays_in_sight() {
        let traits = crate::ide::Traits {
            folds_lines: true,
            ..MODERN
        };
        expect![[r#"
            0:Some(1) to 6:None -
            1:Some(8) to 4:None -
            2:Some(5) to 3:None web …
        "#]]
        .assert_eq(&shown(&folding_ranges(&snapshot_for(TEXT, traits))));
    }

    #[test]
    fn a_lost_bracket_folds_to_the_end_and_an_empty_text_not_at_all() {
        expect![[r#"
            0:Some(1) to 2:Some(8) -
        "#]]
        .assert_eq(&shown(&folding_ranges(&snapshot(
            "{\n  \"a\": 1,\n  \"b\": 2",
        ))));
        assert!(folding_ranges(&snapshot("")).is_empty());
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let text = format!("{}{}", "[\n".repeat(10_000), "]".repeat(10_000));
        assert_eq!(folding_ranges(&snapshot(&text)).len(), 9_999 + 1);
    }
}
