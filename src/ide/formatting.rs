//! Formatting: the blanks between tokens, and nothing else.
//!
//! Every entry of an object or list stands on its own line, empty ones stay `{}` and `[]`. Only gaps that hold nothing
//! but blanks are changed, so that numbers, strings and keys stay as they are spelled. A text with a syntax error is left
//! alone: where a token is missing or too many, nobody knows which blanks are between which.

use std::ops::Range;

use lsp_types::{FormattingOptions, TextEdit};

use super::{Snapshot, edits::text_edits};
use crate::text::Edit;

/// Nesting beyond which nothing is formatted: the indentation alone would be larger than the text.
const DEEPEST: usize = 512;

/// Formats the whole document; none where it has syntax errors.
pub fn format(snapshot: &Snapshot, options: &FormattingOptions) -> Option<Vec<TextEdit>> {
    let all = 0..snapshot.text().len();
    format_in(snapshot, all, options)
}

/// Formats the lines that `range` touches.
pub fn format_range(
    snapshot: &Snapshot,
    range: lsp_types::Range,
    options: &FormattingOptions,
) -> Option<Vec<TextEdit>> {
    let mut range = range;
    range.start.character = 0;
    // A selection of whole lines ends where the next line begins, which is not meant.
    if range.end.character > 0 || range.end == range.start {
        range.end.character = u32::MAX;
    }
    let range = snapshot.text().offsets(range, snapshot.traits.encoding);
    format_in(snapshot, range, options)
}

fn format_in(
    snapshot: &Snapshot,
    range: Range<usize>,
    options: &FormattingOptions,
) -> Option<Vec<TextEdit>> {
    if !snapshot.parsed.is_valid() {
        return None;
    }
    let text = snapshot.text().to_string();
    let edits = layout(&text, &Style::new(&text, options))?;
    // Blanks belong to the token that they stand before: those before a line's first begin at the end of the line before.
    let touched = |edit: &Edit| {
        range.start <= edit.range.end && (edit.range.end < range.end || range.end == text.len())
    };
    let edits: Vec<Edit> = edits.into_iter().filter(touched).collect();
    Some(text_edits(snapshot, &edits))
}

/// How lines look.
pub struct Style {
    indent: String,
    newline: &'static str,
    final_newline: bool,
    trim_final: bool,
}

impl Style {
    /// As the client wants it; line ends as the text has them.
    pub fn new(text: &str, options: &FormattingOptions) -> Style {
        let indent = if options.insert_spaces {
            " ".repeat(options.tab_size.clamp(1, 16) as usize)
        } else {
            "\t".to_owned()
        };
        Style {
            indent,
            newline: newline_of(text),
            final_newline: options.insert_final_newline.unwrap_or(false),
            trim_final: options.trim_final_newlines.unwrap_or(false),
        }
    }

    fn line(&self, depth: usize) -> String {
        format!("{}{}", self.newline, self.indent.repeat(depth))
    }

    /// What stands behind the last token.
    fn tail(&self, gap: &str) -> String {
        let lines = gap.matches('\n').count().max(gap.matches('\r').count());
        let lines = if self.trim_final { lines.min(1) } else { lines };
        let least = usize::from(self.final_newline);
        self.newline.repeat(lines.max(least))
    }
}

/// The first line end of the text; `\n` where it has none.
pub fn newline_of(text: &str) -> &'static str {
    match text.find(['\r', '\n']) {
        Some(at) if text[at..].starts_with("\r\n") => "\r\n",
        Some(at) if text[at..].starts_with('\r') => "\r",
        _ => "\n",
    }
}

/// The edits that lay out a valid JSON text; none where it nests too deeply.
pub fn layout(text: &str, style: &Style) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut depth = 0;
    let mut last: Option<u8> = None;
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    loop {
        let gap = gap_at(text, at);
        let Some(&next) = text.as_bytes().get(gap.end) else {
            let wanted = if last.is_some() {
                style.tail(&text[gap.clone()])
            } else {
                text[gap.clone()].to_owned()
            };
            replace(&mut edits, text, gap, wanted);
            return Some(edits);
        };
        if matches!(next, b'}' | b']') {
            depth -= 1;
        }
        let wanted = match (last, next) {
            (None, _) | (_, b',' | b':') | (Some(b'{'), b'}') | (Some(b'['), b']') => String::new(),
            (Some(b':'), _) => " ".to_owned(),
            _ => style.line(depth),
        };
        replace(&mut edits, text, gap.clone(), wanted);
        if matches!(next, b'{' | b'[') {
            depth += 1;
            if depth > DEEPEST {
                return None;
            }
        }
        last = Some(next);
        at = token_end(text, gap.end);
    }
}

fn gap_at(text: &str, at: usize) -> Range<usize> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let len = text.as_bytes()[at..]
        .iter()
        .take_while(|byte| blank(byte))
        .count();
    at..at + len
}

fn replace(edits: &mut Vec<Edit>, text: &str, range: Range<usize>, insert: String) {
    if text[range.clone()] != insert {
        edits.push(Edit { range, insert });
    }
}

/// Where the token ends that begins at `at`.
fn token_end(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at..];
    let len = match rest[0] {
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        b'"' => {
            let mut len = 1;
            while let Some(byte) = rest.get(len) {
                len += match byte {
                    b'"' => break,
                    b'\\' => 2,
                    _ => 1,
                };
            }
            (len + 1).min(rest.len())
        }
        _ => rest
            .iter()
            .take_while(|byte| {
                !matches!(
                    byte,
                    b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'}' | b']'
                )
            })
            .count(),
    };
    at + len.max(1)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        ide::testing::{EXAMPLES, applied, snapshot},
        text::apply,
    };

    fn two_spaces() -> FormattingOptions {
        FormattingOptions {
            tab_size: 2,
            insert_spaces: true,
            ..FormattingOptions::default()
        }
    }

    fn formatted(text: &str, options: &FormattingOptions) -> String {
        let snapshot = snapshot(text);
        let edits = format(&snapshot, options).expect("valid JSON is formatted");
        applied(&snapshot, &edits)
    }

    #[test]
    fn every_entry_gets_its_own_line_and_numbers_keep_their_spelling() {
        let text = r#"  {"a":1.50e+03,"b":[1,2 ,{} ],
"c" : {"d":"x:  ,{" , "e":[ ]},  "f":-0.0}"#;
        expect![[r#"
            {
              "a": 1.50e+03,
              "b": [
                1,
                2,
                {}
              ],
              "c": {
                "d": "x:  ,{",
                "e": []
              },
              "f": -0.0
            }"#]]
        .assert_eq(&formatted(text, &two_spaces()));
    }

    #[test]
    fn the_examples_are_formatted_already() {
        for text in EXAMPLES {
            assert_eq!(format(&snapshot(text), &two_spaces()), Some(Vec::new()));
        }
    }

    #[test]
    fn options_are_honoured() {
        let mut options = FormattingOptions {
            insert_spaces: false,
            tab_size: 8,
            insert_final_newline: Some(true),
            trim_final_newlines: Some(true),
            ..FormattingOptions::default()
        };
        assert_eq!(formatted("{\"a\":1}", &options), "{\n\t\"a\": 1\n}\n");
        assert_eq!(formatted("[]\n\n\n", &options), "[]\n");
        options.trim_final_newlines = None;
        assert_eq!(formatted("[]\n\n", &options), "[]\n\n");
        options.insert_spaces = true;
        options.tab_size = 3;
        assert_eq!(formatted("[1]", &options), "[\n   1\n]\n");
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_stay() {
        assert_eq!(
            formatted("\u{feff}{\"a\":1,\r\n\"b\":2}\r\n", &two_spaces()),
            "\u{feff}{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}\r\n"
        );
    }

    #[test]
    fn a_range_leaves_the_line_after_it_alone() {
        for newline in ["\n", "\r\n"] {
            let text = ["{", "\"a\": 1, ", "      \"b\": 2,", "\"c\":3}"].join(newline);
            let wanted = ["{", "  \"a\": 1, ", "      \"b\": 2,", "\"c\":3}"].join(newline);
            let snapshot = snapshot(&text);
            let position = |line, character| lsp_types::Position { line, character };
            for end in [position(2, 0), position(1, 7), position(1, 8)] {
                let range = lsp_types::Range {
                    start: position(1, 0),
                    end,
                };
                let edits = format_range(&snapshot, range, &two_spaces()).expect("valid JSON");
                assert_eq!(applied(&snapshot, &edits), wanted, "{end:?}");
            }
        }
    }

    #[test]
    fn a_range_changes_only_its_lines() {
        let text = "{\"a\":1,\n\"b\":2,\n\"c\":3}";
        let snapshot = snapshot(text);
        let range = snapshot.range(9..12);
        let edits = format_range(&snapshot, range, &two_spaces()).expect("valid JSON");
        assert_eq!(
            applied(&snapshot, &edits),
            "{\"a\":1,\n  \"b\": 2,\n\"c\":3}"
        );
    }

    #[test]
    fn a_text_with_syntax_errors_is_left_alone() {
        for text in ["{\"a\": 1", "{\"a\" 1}", "[1,]", "", "// x\n{}"] {
            assert_eq!(format(&snapshot(text), &two_spaces()), None, "{text}");
        }
    }

    #[test]
    fn what_nests_too_deeply_is_left_alone() {
        let text = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(format(&snapshot(&text), &two_spaces()), None);
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            "[ ,:{}\\[\\]\"\\\\a-cé\n]{0,6}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
                prop::collection::vec(("[a-c\"]{0,3}", inner), 0..5)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_value_stays_and_formatting_again_changes_nothing(
            value in json(), pretty in any::<bool>(), size in 1_u32..9, spaces in any::<bool>(), crlf in any::<bool>()
        ) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            let text = if crlf { text.replace('\n', "\r\n") } else { text };
            let options = FormattingOptions { tab_size: size, insert_spaces: spaces, ..FormattingOptions::default() };
            let once = apply(&text, &layout(&text, &Style::new(&text, &options)).expect("not deep"));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&once).expect("still JSON"), value);
            let again = layout(&once, &Style::new(&once, &options)).expect("not deep");
            prop_assert_eq!(again, Vec::new());
        }
    }
}
