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

#[test]
fn a_lost_closing_bracket_is_put_back_where_its_lines_end() {
    mends(
        "{\n  \"a\": [\n    {\"b\": 1},\n    {\"b\": 2\n  ],\n  \"c\": []\n}",
        &expect![[r#"
            Insert `}`: {
              "a": [
                {"b": 1},
                {"b": 2}
              ],
              "c": []
            }"#]],
    );
    // Its comma went with it.
    mends(
        "{\n  \"a\": {\n    \"b\": 1\n  \"c\": 2\n}",
        &expect![[r#"
            Insert `},`: {
              "a": {
                "b": 1
              },
              "c": 2
            }
            Insert `},`: {
              "a": {
                "b": 1
              },
              "c": 2
            }"#]],
    );
    // The comma still stands where it was.
    mends(
        "{\n  \"a\": [\n    1\n  ,\n  \"c\": 2\n}",
        &expect![[r#"
            Insert `]`: {
              "a": [
                1
              ],
              "c": 2
            }"#]],
    );
    // The next bracket seems to be the lost one.
    mends(
        "[\n  {\"a\": {\"min\": 1, \"max\": 2,\n   \"b\": 3},\n  {\"a\": 4}\n]",
        &expect![[r#"
            Insert `}`: [
              {"a": {"min": 1, "max": 2},
               "b": 3},
              {"a": 4}
            ]"#]],
    );
    mends(
        "{\n  \"a\": {,\n  \"b\": 1\n}",
        &expect![[r#"
        Insert `}`: {
          "a": {,
          "b": 1
        }
        }
        Insert `}`: {
          "a": {},
          "b": 1
        }
        Remove `,`: {
          "a": {
          "b": 1
        }"#]],
    );
    mends(
        "{\n  \"a\": {\n    \"b\": [\n      1,\n",
        &expect![[r#"
        Insert `]}}`: {
          "a": {
            "b": [
              1
            ]
          }
        }"#]],
    );
}

#[test]
fn a_lost_opening_bracket_is_put_back_before_what_it_opens() {
    mends(
        "{\n  \"a\":\n    {\"b\": 1},\n    {\"b\": 2}\n  ]\n}",
        &expect![[r#"
            Insert `[`: {
              "a": [
                {"b": 1},
                {"b": 2}
              ]
            }"#]],
    );
    mends(
        "{\n  \"a\":\n    \"b\": 1,\n    \"c\": 2\n  },\n  \"d\": 3\n}",
        &expect![[r#"
            Insert `{`: {
              "a": {
                "b": 1,
                "c": 2
              },
              "d": 3
            }
            Insert `{`: {
              "a": {
                "b": 1,
                "c": 2
              },
              "d": 3
            }
            Remove `}`: {
              "a":
                "b": 1,
                "c": 2
              ,
              "d": 3
            }"#]],
    );
    mends(
        r#"{"a": "b", "c"], "d": 1}"#,
        &expect![[r#"
        Insert `[`: {"a": ["b", "c"], "d": 1}
        Insert `[`: {"a": ["b", "c"], "d": 1}
        Remove `]`: {"a": "b", "c", "d": 1}"#]],
    );
    mends(
        r#"{"a": 1, 2, 3], "d": 1}"#,
        &expect![[r#"Insert `[`: {"a": [1, 2, 3], "d": 1}"#]],
    );
    mends(
        r#"["a": 1}, {"a": 2}]"#,
        &expect![[r#"
            Insert `{`: [{"a": 1}, {"a": 2}]
            Change to `{`: {"a": 1}, {"a": 2}]"#]],
    );
    mends(
        "\"a\": 1,\n\"b\": 2}",
        &expect![[r#"
        Insert `{`: {"a": 1,
        "b": 2}"#]],
    );
}

#[test]
fn of_a_bracket_too_many_and_one_too_few_the_format_says_which_it_is() {
    mends(
        r#"{"workflow": {"stages": {"id": "explore"}]}}"#,
        &expect![[r#"
            Insert `[`: {"workflow": {"stages": [{"id": "explore"}]}}
            Change to `}`: {"workflow": {"stages": {"id": "explore"}}}}
            Remove `}`: {"workflow": {"stages": {"id": "explore"}]}"#]],
    );
    mends(
        r#"{"meta": {"description": "x"]}}"#,
        &expect![[r#"
            Remove `]`: {"meta": {"description": "x"}}
            Change to `}`: {"meta": {"description": "x"}}}
            Remove `}`: {"meta": {"description": "x"]}"#]],
    );
}

#[test]
fn where_nobody_can_say_which_bracket_is_lost_none_is_put_in() {
    mends(r#"{"a": "b", "c"}"#, &expect![[r#""#]]);
    mends(r#"{"a": 1, "b": }"#, &expect![[r#""#]]);
    mends(&"[".repeat(10_000), &expect![[r#""#]]);
}
