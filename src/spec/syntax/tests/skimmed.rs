//! What is skimmed is what the parser reads.

use std::sync::Arc;

use super::*;
use crate::spec::syntax::plain::{Piece, Stack, Unread};

fn skim(text: &str, at: usize) -> Option<Unread> {
    let text = Text::from(text);
    let piece = Piece(text.shared().expect("in one piece").clone());
    Unread::skim(&Arc::new(piece), at, &mut Ids::default())
}

/// JSON, nearly, with everything that skimming looks at.
fn near_json() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\": ",
        "\"\\n\\\\\"",
        "\"\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "\"\\x\"",
        "\"é😀\"",
        "\"\t\"",
        "\"open",
        "1",
        "-0",
        "01",
        "1.",
        "1.5e3",
        "1e999",
        "1e-400",
        "-",
        "true",
        "false",
        "nul",
        "null",
        "None",
        " ",
        "\n",
        "          ",
        "\r\n",
        "\t",
        "// c\n",
        "{\"a\": [1, {\"b\": \"c\"}]}",
        "[{}, []]",
        "\"k\": {\"a\": 1},",
    ]);
    prop::collection::vec(token, 0..12).prop_map(|tokens| format!("{{{}}}", tokens.concat()))
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn what_is_skimmed_is_the_tree_that_the_parser_reads(before in soup(), text in near_json(), after in soup()) {
        let at = before.len();
        if let Some(unread) = skim(&format!("{before}{text}{after}"), at) {
            let len = unread.len as usize;
            let whole = format!("{text}{after}");
            let parsed = parse(&whole[..len]);
            prop_assert_eq!(parsed.errors(), vec![]);
            let (_, item) = parsed.document.items().next().expect("a value");
            let read = item.value.container().expect("a container");
            let tree = container_shown(read);
            prop_assert_eq!(&container_shown(&unread.read(&mut Stack::default())), &tree);
            prop_assert_eq!(&container_shown(unread.container()), &tree);
            prop_assert_eq!((unread.height, unread.shape(), read.far), (read.height, read.shape, false));
        }
    }
}

#[test]
fn what_is_plainly_json_is_skimmed_and_the_rest_is_left_to_the_parser() {
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let long = |items: usize| format!("[{}0]", "0, ".repeat(items - 1));
    for plain in [
        "{}",
        "[]",
        "{\"id\": \"dv_001\", \"bounds\": {\"min\": -1.5e-05, \"max\": 2E3}, \"on\": true, \"x\": null}",
        "[ 1 , \"\\u00e9\\\\\\\"\" , false ]",
        "{\"a\": 1, \"a\": 2}",
        &deep(16),
        &long(128),
    ] {
        let unread = skim(plain, 0).unwrap_or_else(|| panic!("{plain} is plain"));
        assert_eq!(unread.len as usize, plain.len());
    }
    for doubtful in [
        "{\"a\": 1,}",
        "{\"a\" 1}",
        "{'a': 1}",
        "{a: 1}",
        "[1 2]",
        "[1",
        "{\"a\": \"\\ud800\"}",
        "[01]",
        "[1.]",
        "[-]",
        "[1e999]",
        "[nulls]",
        "[True]",
        "[\"\u{1}\"]",
        "[\"\\x\"]",
        "[/* */]",
        "\"text\"",
        "",
        &deep(17),
        &long(129),
    ] {
        assert!(skim(doubtful, 0).is_none(), "{doubtful}");
    }
    let longest = format!("[\"{}\"]", "x".repeat(64 * 1024));
    assert!(skim(&longest, 0).is_none(), "longer than is read at a time");
}

#[test]
fn what_was_skimmed_keeps_its_identity_when_it_is_read() {
    let parsed = parse(&entries(20_000));
    let unread = ids(&parsed);
    let list = parsed.node_at_pointer("/list").expect("a list");
    assert!(list.elements().all(|entry| entry.get("id").is_some()));
    assert_eq!(ids(&parsed), unread);
}
