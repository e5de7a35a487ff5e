//! Where a cursor stands, by examples: `$0` is the cursor.

use crate::spec::syntax::*;

/// What [`Parsed::path_at`] says of the cursor: the pointer, what is there, and the index in the container.
fn place(fixture: &str) -> String {
    let offset = fixture.find("$0").expect("a cursor");
    let parsed = Parsed::new(Text::from(fixture.replacen("$0", "", 1).as_str()));
    let path = parsed.path_at(offset);
    let place = match path.place {
        Place::Key(member) => format!("key {}", member.name()),
        Place::BeforeColon(member) => format!("before the colon of {}", member.name()),
        Place::Value(Some(node)) => format!("value {}", node.raw()),
        Place::Value(None) => "no value".to_owned(),
        Place::Between => "between".to_owned(),
    };
    format!("{:?} {place} #{}", path.pointer(), path.index)
}

#[test]
fn a_cursor_stands_in_a_key_a_value_or_between() {
    for (fixture, expected) in [
        ("$0", "\"\" between #0"),
        ("$0{}", "\"\" value {} #0"),
        ("{$0}", "\"\" between #0"),
        ("{}$0", "\"\" between #0"),
        ("$0 12", "\"\" between #0"),
        ("1$02", "\"\" value 12 #0"),
        ("{$0\"a\": 1}", "\"\" key a #0"),
        ("{\"a$0\": 1}", "\"\" key a #0"),
        ("{\"a\"$0: 1}", "\"\" key a #0"),
        ("{\"a\":$0 1}", "\"/a\" value 1 #0"),
        ("{\"a\": 1$0}", "\"/a\" value 1 #0"),
        ("{\"a\": 1 $0}", "\"\" between #1"),
        ("{\"a\": 1, $0}", "\"\" between #1"),
        ("{\"a\": 1, $0 \"b\": 2}", "\"\" between #1"),
        ("{\"a\": $0}", "\"/a\" no value #0"),
        ("{\"a\": $0\n \"b\": 2}", "\"/a\" no value #0"),
        ("{\"a\" $0}", "\"\" before the colon of a #0"),
        ("{\"a\" $0 1}", "\"\" before the colon of a #0"),
        ("[$0]", "\"\" between #0"),
        ("[1,$0 2]", "\"\" between #1"),
        ("[1, 2$0]", "\"/1\" value 2 #1"),
        ("[1, 2, $0", "\"\" between #2"),
        (
            "[[1], [2, {\"a/b\": \"x$0\"}]]",
            "\"/1/1/a~1b\" value \"x\" #0",
        ),
        ("{\"a\": {\"b\": [1]$0}}", "\"/a\" between #1"),
        ("{\"a\": {\"b\": \"x$0", "\"/a/b\" value \"x #0"),
    ] {
        assert_eq!(place(fixture), expected, "{fixture}");
    }
}

/// The mark in the raw text at which [`Escapes`] puts each byte of the string's text.
fn mapped(raw: &str) -> Vec<usize> {
    let text = format!("[ {raw}]");
    let parsed = Parsed::new(Text::from(text.as_str()));
    let node = parsed.node_at_pointer("/0").expect("a string");
    let escapes = node.escapes();
    let value = node.as_str().expect("a string");
    (0..=value.len())
        .map(|offset| escapes.to_document(offset) - node.range().start)
        .collect()
}

#[test]
fn places_in_a_string_are_found_in_its_raw_text() {
    assert_eq!(mapped(r#""""#), [1]);
    assert_eq!(mapped(r#""ab""#), [1, 2, 3]);
    assert_eq!(mapped(r#""a\nb""#), [1, 2, 4, 5]);
    assert_eq!(mapped(r#""\t\"x""#), [1, 3, 5, 6]);
    assert_eq!(mapped(r#""\u0041b""#), [1, 7, 8]);
    assert_eq!(mapped(r#""\\u0041""#), [1, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_place_inside_an_escaped_character_is_a_place_of_its_escape() {
    for raw in [r#""a\u00e9b""#, r#""a\ud83d\ude00b""#, r#""a\ud800b""#] {
        let places = mapped(raw);
        let end = raw.len() - 2;
        let (inner, last) = (&places[1..places.len() - 2], &places[places.len() - 2..]);
        assert_eq!(inner[0], 2, "{raw}");
        assert!(
            inner.iter().all(|place| (2..end).contains(place)),
            "{raw}: {places:?}"
        );
        assert_eq!(last, [end, end + 1], "{raw}");
    }
}
