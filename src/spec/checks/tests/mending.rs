//! What mends a syntax error.

use expect_test::{Expect, expect};

use super::support::*;
use crate::{spec::checks::Code, text::apply};

/// The fixes of the syntax errors of a text: what each is called, and what it leaves.
fn mends(text: &str, expected: &Expect) {
    let mut told = String::new();
    for finding in findings(text) {
        for fix in &finding.fixes {
            if finding.code == Code::SyntaxError {
                let safe = if fix.safe { " (safe)" } else { "" };
                let fixed = apply(text, &fix.edits);
                told += &format!("{}{safe}: {fixed}\n", fix.title);
            }
        }
    }
    expected.assert_eq(told.trim_end());
}

#[test]
fn signs_between_tokens() {
    mends(
        r#"{"a": 1 "b": 2}"#,
        &expect![[r#"Insert `,`: {"a": 1, "b": 2}"#]],
    );
    mends(
        "{\"a\": 1\n \"b\": 2}",
        &expect![[r#"
        Insert `,`: {"a": 1,
         "b": 2}"#]],
    );
    mends(
        "{\"a\": 1 // one\n \"b\": 2}",
        &expect![[r#"
            Remove the comment: {"a": 1 
             "b": 2}
            Insert `,`: {"a": 1 // one
             , "b": 2}"#]],
    );
    mends(
        r#"{"a": "http://x" "b": 2}"#,
        &expect![[r#"Insert `,`: {"a": "http://x", "b": 2}"#]],
    );
    mends(
        r#"{"a": 1; "b": 2}"#,
        &expect![[r#"Change to `,`: {"a": 1, "b": 2}"#]],
    );
    mends(r#"{"a" 1}"#, &expect![[r#"Insert `:`: {"a": 1}"#]]);
    mends(r#"{"a"1}"#, &expect![[r#"Insert `:`: {"a": 1}"#]]);
    mends(r#"{"a" = 1}"#, &expect![[r#"Change to `:`: {"a" : 1}"#]]);
    mends(
        r#"{"a": [1, 2, ],}"#,
        &expect![[r#"
        Remove the last comma (safe): {"a": [1, 2 ],}
        Remove the last comma (safe): {"a": [1, 2, ]}"#]],
    );
    mends(
        r#"{"a": [1,, 2]}"#,
        &expect![[r#"Remove `,`: {"a": [1, 2]}"#]],
    );
}

#[test]
fn quotes_and_what_is_in_them() {
    mends(
        r#"{a: 1}"#,
        &expect![[r#"Put `a` into double quotes (safe): {"a": 1}"#]],
    );
    mends(
        r#"{"a": mm}"#,
        &expect![[r#"Put `mm` into double quotes: {"a": "mm"}"#]],
    );
    mends(
        r#"{'a': 'it\'s "so"\n'}"#,
        &expect![[r#"
        Change to `"a"` (safe): {"a": 'it\'s "so"\n'}
        Change to `"it's \"so\"\n"` (safe): {'a': "it's \"so\"\n"}"#]],
    );
    mends(
        "{\"a\": \"x,\n \"b\": 2}",
        &expect![[r#"
        Insert `"`: {"a": "x",
         "b": 2}"#]],
    );
    mends(
        "{\"a: \"x\", \"b\": 2}",
        &expect![[r#"Insert `"`: {"a": "x", "b": 2}"#]],
    );
    mends(
        "{\"a\": x\", \"b\": 2}",
        &expect![[r#"Insert `"`: {"a": "x", "b": 2}"#]],
    );
    mends(
        r#"{"a": "C:\models"}"#,
        &expect![[r#"Change to `\\m`: {"a": "C:\\models"}"#]],
    );
    mends(
        "{\"a\": \"one\ttwo\"}",
        &expect![[r#"Change to `\t` (safe): {"a": "one\ttwo"}"#]],
    );
}

#[test]
fn words_numbers_and_comments() {
    mends(
        r#"[True, None, yes]"#,
        &expect![[r#"
        Change to `true` (safe): [true, None, yes]
        Change to `null` (safe): [True, null, yes]"#]],
    );
    mends(
        r#"[+1, .5, 1., 007, 1_000, 0x1F, 1e, -.5E3]"#,
        &expect![[r#"
            Change to `1`: [1, .5, 1., 007, 1_000, 0x1F, 1e, -.5E3]
            Change to `0.5`: [+1, 0.5, 1., 007, 1_000, 0x1F, 1e, -.5E3]
            Change to `1.0`: [+1, .5, 1.0, 007, 1_000, 0x1F, 1e, -.5E3]
            Change to `7`: [+1, .5, 1., 7, 1_000, 0x1F, 1e, -.5E3]
            Change to `1000`: [+1, .5, 1., 007, 1000, 0x1F, 1e, -.5E3]
            Change to `-0.5E3`: [+1, .5, 1., 007, 1_000, 0x1F, 1e, -0.5E3]"#]],
    );
    mends(
        "[1, // one\n 2 /* two */]",
        &expect![[r#"
        Remove the comment: [1, 
         2 /* two */]
        Remove the comment: [1, // one
         2 ]"#]],
    );
    mends(
        "{\"a\":\u{a0}1}",
        &expect![[r#"Remove the invisible character (safe): {"a":1}"#]],
    );
}

#[test]
fn brackets_where_one_sign_is_wrong() {
    mends(
        r#"{"a": [1, 2}}"#,
        &expect![[r#"Change to `]`: {"a": [1, 2]}"#]],
    );
    mends(r#"{"a": 1}}"#, &expect![[r#"Remove `}`: {"a": 1}"#]]);
}

#[test]
fn what_was_meant_is_not_guessed() {
    for text in [
        "",
        "{\"a\": }",
        "{\"a\"}",
        "{\"a\": NaN}",
        "{\"a\": \"\\u12\"}",
        "{} {}",
    ] {
        mends(text, &expect![[""]]);
    }
}
