//! serde_json is the judge of what is valid; the trees are checked against themselves.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;

fn parse(text: &str) -> Parsed {
    Parsed::new(Text::from(text))
}

fn judge(text: &str) -> Result<Json, serde_json::Error> {
    serde_json::from_str(text)
}

/// Texts near JSON: made of its tokens, whole or broken.
fn soup() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        10 => prop::sample::select(vec!["{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "1", " ", "\n", "\n  "]),
        3 => prop::sample::select(vec!["\"", "'", "\\", "true", "null", "nul", "-", "01", "1e9", "1e999", ".5", "é", "😀", "\r\n", "\t"]),
        2 => prop::sample::select(vec!["//", "/*", "*/", "#", "\"\\u12\"", "\"\\ud800\"", "\"\\ud83d\\ude00\"", "\"\\x\"", "\u{1}", "\u{0}", ";", "=", "\u{feff}", "'x'", "\"x: ", "\"a\": 1, ", "{\"id\": 2}"]),
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
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

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
