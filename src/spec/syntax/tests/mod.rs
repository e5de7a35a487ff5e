//! serde_json is the judge of what is valid; the trees are checked against themselves.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;

mod ahead;
mod examples;
mod fuzzed;
mod places;
mod skimmed;

fn parse(text: &str) -> Parsed {
    Parsed::new(Text::from(text))
}

fn judge(text: &str) -> Result<Json, serde_json::Error> {
    serde_json::from_str(text)
}

/// So many cases, unless the environment says how many.
fn cases(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_some() {
        config
    } else {
        ProptestConfig { cases, ..config }
    }
}

/// Texts near JSON: made of its tokens, whole or broken.
fn soup() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        10 => prop::sample::select(vec!["{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "1", " ", "\n", "\n  "]),
        3 => prop::sample::select(vec!["\"", "'", "\\", "true", "null", "nul", "-", "01", "1e9", "1e999", ".5", "é", "😀", "\r\n", "\t"]),
        2 => prop::sample::select(vec!["//", "/*", "*/", "#", "\"\\u12\"", "\"\\ud800\"", "\"\\ud83d\\ude00\"", "\"\\x\"", "\u{1}", "\u{0}", ";", "=", "\u{feff}", "\u{a0}", "\u{200b}\u{3000}", "'x'", "\"x: ", "\"a\": 1, ", "{\"id\": 2}"]),
        2 => prop::sample::select(vec!["\"x, ", "\"\"x\"", "\"x\"\"", "\"x\"y\"", "\"x\\\"", "\"x\n\"", "\"x\ny\"", "“x”", ".", "\n\"a\": ", "\n  \"b\": {\n"]),
    ];
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

/// JSON values of all kinds, a few levels deep.
fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,6}".prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
            prop::collection::vec((".{0,4}", inner), 0..8)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

fn written() -> impl Strategy<Value = String> {
    (json(), any::<bool>()).prop_map(|(value, pretty)| {
        if pretty {
            format!("{value:#}")
        } else {
            value.to_string()
        }
    })
}

fn check_against_judge(text: &str) {
    let parsed = parse(text);
    let errors = parsed.errors();
    for error in &errors {
        assert!(
            error.range.end <= text.len()
                && text.is_char_boundary(error.range.start)
                && text.is_char_boundary(error.range.end),
            "{text:?}: {error:?}"
        );
    }
    match judge(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        Ok(value) => {
            assert_eq!(errors, [], "{text:?}");
            assert_eq!(
                parsed.root().expect("a value").to_value(),
                value,
                "{text:?}"
            );
        }
        Err(_) => assert!(!errors.is_empty(), "no error in {text:?}"),
    }
    assert_eq!(parsed.is_valid(), errors.is_empty());
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn serde_json_and_we_accept_the_same_near_json(text in soup()) {
        check_against_judge(&text);
    }

    #[test]
    fn any_text_is_read(text in any::<String>()) {
        check_against_judge(&text);
    }
}

proptest! {
    #[test]
    fn values_are_those_of_serde_json(text in written()) {
        check_against_judge(&text);
    }
}

#[track_caller]
fn one_error(text: &str, at: &str, message: &str) {
    let parsed = parse(text);
    let errors = parsed.errors();
    let shown: Vec<_> = errors
        .iter()
        .map(|error| (&text[error.range.clone()], error.message.as_str()))
        .collect();
    assert_eq!(shown, [(at, message)], "{text}");
}

#[test]
fn one_mistake_is_one_error() {
    one_error(
        "",
        "",
        "the file is empty; a JSON value is expected, for a spec an object `{ … }`",
    );
    one_error(
        " \n",
        "",
        "the file is empty; a JSON value is expected, for a spec an object `{ … }`",
    );
    one_error("{\"a\": 1 \"b\": 2}", "\"", "`,` is missing before `\"`");
    one_error(
        "{\"a\":\u{a0}1}",
        "\u{a0}",
        "the invisible character U+00A0 has no meaning outside of strings; remove it",
    );
}

#[test]
fn one_mistake_is_one_error_wherever_it_is() {
    for text in [
        "",
        "\u{feff}",
        "{\"a\": 1 \"b\": 2}",
        "{\"a\": 1,}",
        "[1,]",
        "[1 2]",
        "[,1]",
        "[1,,2]",
        "[,]",
        "{,}",
        "{\"a\" 1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":, \"b\": 1}",
        "{\"a\": \"b\": 1}",
        "{\"a\"\n \"b\": 1}",
        "{\"a\":\n \"b\": 1}",
        "{'a': 1}",
        "{\"a\": 'b'}",
        "{a: 1}",
        "{a b: 1}",
        "{\"a\": b}",
        "{\"a\": b c}",
        "[1 // x\n]",
        "[/* x */1]",
        "# x\n1",
        "[NaN]",
        "[-Infinity]",
        "[True]",
        "[None]",
        "[01]",
        "[.5]",
        "[1.]",
        "[+1]",
        "[0x1F]",
        "[1_000]",
        "[5mm]",
        "[1e999]",
        "{\"a\": \"b\n}",
        "{\"a\": \"b,\n\"c\": 1}",
        "{\"a\": {\"b\": \"c},\n\"d\": 1}",
        "[\"a\\x\"]",
        "[\"\\u12\"]",
        "[\"\\ud800\"]",
        "[\"\t\"]",
        "{} x",
        "{}{}",
        "1 2",
        "{\"a\": 1}}",
        "{\"a\": {\"b\": 1}}, \"c\": 1}",
        "[1]]",
        "{\"a\" = 1}",
        "{\"a\": 1; \"b\": 2}",
        "{: 1}",
        "{\"a\": 1, {\"b\": 1}}",
        "{\"a\": \"x, \"b\": 1}",
        "{\"a\":\"x,\"b\":1}",
        "[{\"a\":\"x},{\"a\":1}]",
        "{\"a\": [\"x], \"b\": 1}",
        "[\"x, \"y\"]",
        "{\"a: 1, \"b\": 2}",
        "{\"a\": \"\"x\", \"b\": 1}",
        "{\"a\": \"x\"\", \"b\": 1}",
        "{\"a\": \"x \"y\" z\", \"b\": 1}",
        "{\"\"a\": 1}",
        "{\"a\"\": 1}",
        "{\"a\"b\": 1}",
        "{\"a\": \"x\\\", \"b\": 1}",
        "{\"a\\\": 1}",
        "{\"a\": \"x\n\", \"b\": 1}",
        "{\"a\": \"x\ny z\",\n\"b\": 1}",
        "{\"a\n\": 1}",
        "{“a (b)”: 1, \"b\": 1}",
        "{\"a\": “x, (y)”, \"b\": 1}",
        "{\"a\", 1, \"b\": 2}",
        "{\"a\", {\"b\": 2}}",
        "{\"a\": true.\"b\": 2}",
        "{\"a\": {}. \"b\": 2}",
        "{\"a\": \"x\": \"b\": 2}",
        "{\"a\": 1: \"b\": 2}",
        "[1: 2]",
        "{\"a\": { {\"b\": 1}, {\"b\": 2} ]}",
        "{\"a\": {\"x\", \"y\", \"z\"], \"b\": 1}",
        "[\n\"a\": 1\n}",
        "{\"a\": {]}",
        "{\n  \"a\": {\n    \"b\": 1\n  ,\n  \"c\": 2\n}",
        "{\"a: 1}",
        "{\"a: \"b\"}",
        "{a\": 1}",
        "{\"a\": b\"}",
        "{\"a\": [1, 2}",
        "{\"a\": [1, 2}, \"b\": 3}",
        "{\"a\": 1",
        "[1",
        "{\"a\": {\"b\": 1}",
        "[{\"a\": 1, {\"a\": 2}]",
        "{\"a\": [1, \"b\": 2}",
        "{\"a\": [\n  \"b\": 1, \"c\": 2 }]}",
        "\"a\": 1}",
        "{\"a\": [{\"b\": 1]}",
        "{\"a\": [1]], \"b\": 1}",
        "{\"a\": [{\"b\": 1}}, {\"b\": 1}]}",
        "[1, @ 2]",
        "{\"a\": 1 2}",
        "]",
        "nul",
        "",
    ] {
        let errors = parse(text).errors();
        assert_eq!(errors.len(), 1, "{text:?}: {errors:#?}");
    }
}

/// The tree in words, without identities.
fn shown(parsed: &Parsed) -> String {
    container_shown(&parsed.document)
}

fn container_shown(container: &green::Container) -> String {
    fn items(out: &mut String, container: &green::Container, depth: usize) {
        use std::fmt::Write;
        let green::Container {
            shape,
            len,
            head,
            tail,
            faults,
            balanced,
            error_count,
            cut,
            height,
            count,
            ..
        } = container;
        let _ = writeln!(
            out,
            "{:depth$}{shape:?} {len} {head} {tail} {faults:?} {balanced} {error_count} {cut} {height} {count}",
            ""
        );
        for (at, item) in container.items() {
            let _ = write!(
                out,
                "{:depth$}@{at} {} {} {} {} {} {:?} ",
                "", item.key_len, item.value_at, item.len, item.comma, item.colon, item.faults
            );
            match item.value.container() {
                Some(inner) => items(out, inner, depth + 1),
                None => drop(writeln!(out, "{:?}", item.value)),
            }
        }
    }
    let mut out = String::new();
    items(&mut out, container, 0);
    out
}

/// Edits as fractions of a text's length.
fn edits() -> impl Strategy<Value = Vec<(f64, f64, String)>> {
    let insert =
        prop_oneof![3 => soup(), 1 => Just(String::new()), 3 => "[\\[\\]{}\",:a1 \n/]{1,2}"];
    let reach = prop_oneof![2 => Just(0.0), 3 => 0.0..0.1f64, 1 => 0.0..1.0f64];
    prop::collection::vec((0.0..=1.0f64, reach, insert), 1..12)
}

fn check_edits(text: String, edits: Vec<(f64, f64, String)>) {
    // Long texts are ropes once they are edited, short ones are not.
    let rope = Text::from(ropey::Rope::from_str(&text));
    check_edits_of(Text::from(text), edits.clone());
    check_edits_of(rope, edits);
}

fn check_edits_of(text: Text, edits: Vec<(f64, f64, String)>) {
    let mut parsed = Parsed::new(text);
    for (from, reach, insert) in edits {
        let place = |fraction: f64| (parsed.text().len() as f64 * fraction.min(1.0)) as usize;
        let range =
            parsed.text().floor_char(place(from))..parsed.text().floor_char(place(from + reach));
        let before = parsed.text().to_string();
        let edited = parsed.edit(&[Edit {
            range: range.clone(),
            insert: insert.clone(),
        }]);
        let fresh = Parsed::new(edited.text().clone());
        assert_eq!(
            shown(&edited),
            shown(&fresh),
            "{before:?} with {range:?} replaced by {insert:?}"
        );
        assert_eq!(edited.errors(), fresh.errors());
        assert_eq!(edited.document.len as usize, edited.text().len());
        parsed = edited;
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn editing_gives_what_reading_gives(text in written(), edits in edits()) {
        check_edits(text, edits);
    }

    #[test]
    fn editing_broken_text_gives_what_reading_gives(text in soup(), edits in edits()) {
        check_edits(text, edits);
    }
}

/// A list of `count` small objects.
fn entries(count: usize) -> String {
    let entries: Vec<String> = (0..count)
        .map(|n| format!("{{\"id\": \"e_{n}\", \"at\": [{n}, 2]}}"))
        .collect();
    format!(
        "{{\"list\": [{}\n], \"more\": {{\"x\": 1}}}}",
        entries.join(",\n ")
    )
}

fn ids(parsed: &Parsed) -> Vec<usize> {
    let list = parsed.node_at_pointer("/list").expect("a list");
    list.elements().map(|node| node.green_id()).collect()
}

#[test]
fn an_edit_leaves_the_identity_of_what_it_does_not_touch() {
    let before = parse(&entries(1000));
    for (at, insert) in [
        ("e_500", "x"),
        ("\"at\": [500", "\"y\": {}, "),
        ("{\"id\": \"e_500", "{}, "),
        ("e_999", "\""),
    ] {
        let offset = before.text().to_string().find(at).expect("the mark");
        let after = before.edit(&[Edit {
            range: offset..offset,
            insert: insert.into(),
        }]);
        let (old, new) = (ids(&before), ids(&after));
        let kept = new.iter().filter(|id| old.contains(id)).count();
        assert!(kept >= 999, "{at}: {kept}");
        let more = |parsed: &Parsed| parsed.node_at_pointer("/more").map(|node| node.green_id());
        assert_eq!(more(&before), more(&after));
        assert_ne!(
            before.root().map(|node| node.green_id()),
            after.root().map(|node| node.green_id())
        );
    }
}

#[test]
fn a_lost_bracket_leaves_the_identity_of_whole_entries() {
    let before = parse(&entries(1000));
    let offset = before
        .text()
        .to_string()
        .find("], \"more\"")
        .expect("the list's end");
    let broken = before.edit(&[Edit {
        range: offset..offset + 1,
        insert: String::new(),
    }]);
    assert_eq!(broken.errors().len(), 1, "{:?}", broken.errors());
    assert_eq!(ids(&before), ids(&broken));
    let mended = broken.edit(&[Edit {
        range: offset..offset,
        insert: "]".into(),
    }]);
    assert_eq!(ids(&before), ids(&mended));
    assert_eq!(shown(&before), shown(&mended));
}

#[test]
fn many_edits_of_one_list_leave_its_chunks_full() {
    let mut parsed = parse(&entries(1000));
    for n in 0..3000 {
        let offset = parsed
            .text()
            .to_string()
            .find("{\"id\": \"e_7")
            .expect("an entry");
        parsed = if n % 3 == 2 {
            parsed.edit(&[Edit {
                range: offset - 4..offset,
                insert: String::new(),
            }])
        } else {
            parsed.edit(&[Edit {
                range: offset..offset,
                insert: "{},\n".into(),
            }])
        };
    }
    assert!(parsed.is_valid());
    assert_eq!(shown(&parsed), shown(&Parsed::new(parsed.text().clone())));
    let list = &parsed.document.items().next().expect("a root").1.value;
    let list = list
        .container()
        .expect("an object")
        .items()
        .next()
        .expect("a list")
        .1
        .value
        .container();
    let list = list.expect("an array");
    assert!(
        list.chunks.len() < list.count / 16,
        "{} chunks for {}",
        list.chunks.len(),
        list.count
    );
}
#[test]
fn depth_is_no_danger() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = 1_000_000;
        assert!(parse(&format!("{}1{}", open.repeat(deep), close.repeat(deep))).is_valid());
        let depth = 20_000;
        let whole = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        for text in [whole, open.repeat(depth), close.repeat(depth)] {
            let parsed = parse(&text);
            assert!(parsed.errors().len() <= 2);
            let middle = text.len() / 2;
            for insert in ["1", "[", "}", "\""] {
                let edited = parsed.edit(&[Edit {
                    range: middle..middle,
                    insert: insert.into(),
                }]);
                assert_eq!(
                    edited.is_valid(),
                    Parsed::new(edited.text().clone()).is_valid()
                );
            }
            if let Some(root) = parsed.root() {
                let _ = root.to_value();
                let _ = parsed.path_at(middle);
            }
        }
    }
}

#[test]
fn long_lines_and_odd_bytes_are_read() {
    let long = format!("[\"{}\"]", "x".repeat(1 << 20));
    assert!(parse(&long).is_valid());
    let unclosed = format!("[\"{}", "x\": \\".repeat(1 << 15));
    assert!(!parse(&unclosed).is_valid());
    assert!(!parse(&"\"a:\\".repeat(1 << 15)).is_valid());
    assert!(!parse(&"{\"a\":".repeat(1 << 15)).is_valid());
    assert!(!parse(&"[\"a\":1,".repeat(1 << 15)).is_valid());
    assert!(!parse(&"}]".repeat(1 << 15)).is_valid());
    assert!(!parse(&"[{]}".repeat(1 << 15)).is_valid());
    assert!(!parse(&"{]".repeat(1 << 15)).is_valid());
    assert!(!parse("[\0]").is_valid());
    assert!(!parse("[\"\0\"]").is_valid());
    assert!(parse("[\r\n1,\r2\r\n]\r").is_valid());
    assert!(parse("\u{feff}[]").is_valid());
    assert!(!parse("[\u{feff}]").is_valid());
}

#[test]
fn after_a_lost_brace_the_lines_tell_whose_the_entries_are() {
    let text = r#"{
  "a": {
    "b": {
      "c": 1
    ,
    "d": 2
  },
  "e": {
    "f": 3
  }
}"#;
    let parsed = parse(text);
    assert_eq!(parsed.errors().len(), 1);
    for (pointer, value) in [("/a/b/c", 1.0), ("/a/d", 2.0), ("/e/f", 3.0)] {
        let node = parsed.node_at_pointer(pointer).expect("an entry");
        assert_eq!(node.as_f64(), Some(value), "{pointer}");
    }
}

#[test]
fn a_list_of_objects_that_lost_its_bracket_is_a_list_all_the_same() {
    let two = "{\n  \"l\":\n    {\"x\": 1},\n    {\"x\": 2}\n  ],\n  \"b\": 2\n}";
    let one = "[{\n  \"l\":\n    {\"x\": 1}\n  ],\n  \"b\": 2\n}]";
    let on_one_line = "{\"l\": {\"x\": 1}, {\"x\": 2}], \"b\": 2}";
    for (text, count) in [(two, 2), (one, 1), (on_one_line, 2)] {
        let parsed = parse(text);
        let errors = parsed.errors();
        assert_eq!(errors.len(), 1, "{errors:#?}\n{text}");
        assert_eq!(
            errors[0].message,
            "`[` is missing before `{`, which is an element of a list"
        );
        let root = parsed.root().expect("a value");
        let object = root.element(0).filter(|_| root.kind() == Kind::Array);
        let object = object.unwrap_or(root);
        let list = object.get("l").expect("the list");
        assert_eq!((list.kind(), list.len()), (Kind::Array, count), "{text}");
        assert!(list.elements().all(|it| it.get("x").is_some()), "{text}");
        assert!(object.get("b").is_some(), "{text}");
    }
    // It is the brace of `a` that is lost.
    let other = parse("[\n  {\n    \"a\": {\"x\": 1},\n  {\n    \"x\": 2\n  }\n]");
    let root = other.root().expect("a value");
    assert_eq!((root.kind(), root.len()), (Kind::Array, 2));
}

#[test]
fn words_before_the_object_are_one_error_and_it_is_read() {
    for words in ["```json\n", "Here is the spec: ", "x", "```\n\n"] {
        let parsed = parse(&format!("{words}{{\"a\": [1]}}"));
        let errors = parsed.errors();
        assert_eq!(errors.len(), 1, "{errors:#?}");
        assert_eq!(errors[0].range, 0..words.trim_end().len());
        assert!(parsed.root().and_then(|root| root.get("a")).is_some());
    }
    assert_eq!(parse("@ @ @\n@ @").errors().len(), 1);
    let literal = parse("true");
    assert_eq!(literal.root().map(|root| root.kind()), Some(Kind::True));
    let list = parse("x [{}]").errors();
    assert_eq!(list.len(), 2, "as it was: {list:#?}");
}

#[test]
fn lines_indented_out_of_order_mean_nothing_where_brackets_match() {
    let parsed = parse("{\n  \"a\": {\n    \"b\": 1,\n  \"c\": 2}}");
    assert!(parsed.is_valid());
    assert!(parsed.node_at_pointer("/a/c").is_some());
}

#[test]
fn after_a_lost_brace_no_object_with_entries_of_another_is_intact() {
    let text = r#"{
  "a": {
    "b": {
      "c": {
        "d": 1,
      "later in b": 2
    },
    "later in a": 3
  },
  "whole": {
    "x": 1
  }
}"#;
    let parsed = parse(text);
    assert!(!parsed.is_valid());
    for pointer in ["", "/a", "/a/b", "/a/b/c"] {
        let node = parsed.node_at_pointer(pointer).expect("an object");
        assert!(!node.is_intact(), "{pointer}");
    }
    let node = parsed.node_at_pointer("/whole").expect("an object");
    assert!(node.is_intact() && node.is_valid());
}
