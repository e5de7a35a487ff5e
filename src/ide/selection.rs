//! `textDocument/selectionRange`: from the word under the cursor outwards.

use std::ops::Range;

use lsp_types::{Position, SelectionRange};

use super::{Snapshot, within_quotes};
use crate::spec::syntax::{Kind, Node};

/// Levels at most, counted from the inside: the answer nests as the text does, and readers recurse.
const LEVELS: usize = 200;

/// For each position what to select next, and next: the content of a string, the string, its member, all members, the object …
pub fn selection_ranges(snapshot: &Snapshot, positions: &[Position]) -> Vec<SelectionRange> {
    positions
        .iter()
        .map(|position| selection_range(snapshot, snapshot.offset(*position)))
        .collect()
}

fn selection_range(snapshot: &Snapshot, offset: usize) -> SelectionRange {
    let whole = 0..snapshot.text().len();
    let mut ranges = vec![whole];
    let mut push = |range: Range<usize>| {
        let outer = ranges.last().cloned().unwrap_or_default();
        let inside = outer.start <= range.start && range.end <= outer.end && range != outer;
        if inside && range.start <= offset && offset <= range.end {
            ranges.push(range);
        }
    };
    let mut next = snapshot.parsed.root();
    while let Some(node) = next.take() {
        let range = node.range();
        push(range.clone());
        match node.kind() {
            Kind::Object | Kind::Array => {
                push(content(snapshot, node));
                next = entry_at(node, offset, &mut push);
            }
            Kind::String => push(within_quotes(snapshot.text(), range)),
            _ => {}
        }
        if let Some((Kind::String, key)) = key_at(node, offset) {
            push(key.clone());
            push(within_quotes(snapshot.text(), key));
        }
    }
    let innermost = ranges.len().saturating_sub(LEVELS);
    let outermost = ranges.first().cloned().into_iter();
    let chain = outermost.chain(ranges.iter().skip(innermost.max(1)).cloned());
    let mut selection: Option<SelectionRange> = None;
    for range in chain {
        selection = Some(SelectionRange {
            range: snapshot.range(range),
            parent: selection.map(Box::new),
        });
    }
    selection.unwrap_or_else(|| SelectionRange {
        range: snapshot.range(offset..offset),
        parent: None,
    })
}

/// What is between the brackets, without the blanks at its ends.
fn content(snapshot: &Snapshot, node: Node<'_>) -> Range<usize> {
    let mut ranges = node
        .members()
        .map(|member| member.range())
        .chain(node.elements().map(|node| node.range()));
    match ranges.next() {
        Some(first) => first.start..ranges.last().unwrap_or(first).end,
        None => {
            let range = node.range();
            range.start..range.end.min(snapshot.text().len())
        }
    }
}

/// The member or element at the offset: tells its range, gives its value.
fn entry_at<'a>(
    node: Node<'a>,
    offset: usize,
    push: &mut impl FnMut(Range<usize>),
) -> Option<Node<'a>> {
    let holds = |range: &Range<usize>| range.start <= offset && offset <= range.end;
    if let Some(member) = node.members().find(|member| holds(&member.range())) {
        push(member.range());
        return member.value().filter(|value| holds(&value.range()));
    }
    node.elements().find(|element| holds(&element.range()))
}

/// The key at the offset.
fn key_at(node: Node<'_>, offset: usize) -> Option<(Kind, Range<usize>)> {
    let member = node.members().find(|member| {
        let range = member.key().range();
        range.start <= offset && offset <= range.end
    })?;
    Some((member.key().kind(), member.key().range()))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::ide::testing::{at_cursor, snapshot};

    fn chain(fixture: &str) -> String {
        let (snapshot, position) = at_cursor(fixture);
        let mut shown = String::new();
        let mut next = selection_ranges(&snapshot, &[position]).pop();
        while let Some(selection) = next {
            let range = snapshot
                .text()
                .offsets(selection.range, snapshot.traits.encoding);
            shown.push_str(&snapshot.text().slice(range));
            shown.push('\n');
            next = selection.parent.map(|parent| *parent);
        }
        shown
    }

    #[test]
    fn a_selection_grows_by_what_belongs_together() {
        expect![[r#"
            web
            "web"
            "name": "web"
            "id": 1, "name": "web"
            {"id": 1, "name": "web"}
            [{"id": 1, "name": "web"}]
            "a": [{"id": 1, "name": "web"}]
            "a": [{"id": 1, "name": "web"}], "b": 2
            {"a": [{"id": 1, "name": "web"}], "b": 2}
        "#]]
        .assert_eq(&chain(r#"{"a": [{"id": 1, "name": "w$0eb"}], "b": 2}"#));
    }

    #[test]
    fn a_key_grows_to_its_member() {
        expect![[r#"
            name
            "name"
            "name": 1
            {"name": 1}
        "#]]
        .assert_eq(&chain(r#"{"na$0me": 1}"#));
    }

    #[test]
    fn a_broken_text_still_has_an_answer() {
        expect![[r#"
            1
            "a": 1
            {"a": 1
        "#]]
        .assert_eq(&chain(r#"{"a": 1$0"#));
        assert_eq!(chain("$0"), "\n");
    }

    #[test]
    fn deep_nesting_is_cut_short() {
        let text = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let snapshot = snapshot(&text);
        let mut levels = 0;
        let mut next = selection_ranges(&snapshot, &[snapshot.position(10_000)]).pop();
        while let Some(selection) = next {
            levels += 1;
            next = selection.parent.map(|parent| *parent);
        }
        assert_eq!(levels, LEVELS + 1);
    }
}
