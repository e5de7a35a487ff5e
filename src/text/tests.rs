//! Positions against a reading of the specification that is slow and plain; edits against what they must give.

use lsp_types::Position;
use proptest::prelude::*;

use super::*;

const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

fn width(c: char, encoding: Encoding) -> u32 {
    match encoding {
        Encoding::Utf8 => c.len_utf8() as u32,
        Encoding::Utf16 => c.len_utf16() as u32,
        Encoding::Utf32 => 1,
    }
}

/// The content of every line: where it begins, and its text without the line break.
fn plain_lines(text: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(n) = text[at..].find(['\n', '\r']) {
        lines.push((start, &text[start..at + n]));
        at += n + if text[at + n..].starts_with("\r\n") {
            2
        } else {
            1
        };
        start = at;
    }
    lines.push((start, &text[start..]));
    lines
}

/// The offset of a position by walking there.
fn plain_offset(text: &str, position: Position, encoding: Encoding) -> usize {
    let lines = plain_lines(text);
    let Some((start, line)) = lines.get(position.line as usize) else {
        return text.len();
    };
    let mut character = 0;
    for (at, c) in line.char_indices() {
        character += width(c, encoding);
        if character > position.character {
            return start + at;
        }
    }
    start + line.len()
}

/// A text in both its forms: in one piece, and as a rope.
fn both(text: &str) -> [Text; 2] {
    [Text::from(text), Text::from(Rope::from_str(text))]
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "bc",
        "é",
        "😀",
        "\u{2028}",
        "\n",
        "\r\n",
        "\r",
        "\u{b}",
        "\u{85}",
        "  ",
        "\"x\": 1,",
        "{",
        "}",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn positions_are_found_as_by_walking(text in texts(), line in 0..12u32, character in 0..20u32) {
        for form in both(&text) {
            prop_assert_eq!(form.line_count(), plain_lines(&text).len());
            for encoding in ENCODINGS {
                let position = Position { line, character };
                prop_assert_eq!(form.offset(position, encoding), plain_offset(&text, position, encoding), "{:?}", encoding);
            }
        }
    }

    #[test]
    fn every_place_outside_line_breaks_has_its_own_position(text in texts()) {
        for form in both(&text) {
            for (start, line) in plain_lines(&text) {
                for at in line.char_indices().map(|(at, _)| at).chain([line.len()]) {
                    for encoding in ENCODINGS {
                        prop_assert_eq!(form.offset(form.position(start + at, encoding), encoding), start + at);
                    }
                }
            }
        }
    }

    #[test]
    fn any_offset_has_a_position_at_or_before_it(text in texts(), offset in 0..200usize) {
        let [flat, rope] = both(&text);
        for encoding in ENCODINGS {
            prop_assert_eq!(flat.position(offset, encoding), rope.position(offset, encoding));
            let back = rope.offset(rope.position(offset, encoding), encoding);
            prop_assert!(back <= offset.min(text.len()));
            prop_assert!(offset.min(text.len()) - back < 4);
        }
    }

    #[test]
    fn the_smallest_edits_lead_to_the_new_text(old in texts(), new in texts()) {
        check_minimal(&old, &new);
    }

    #[test]
    fn a_small_change_is_a_small_edit(old in texts(), at in 0.0..=1.0f64, insert in texts()) {
        let rope = Text::from(old.as_str());
        let at = rope.floor_char((old.len() as f64 * at) as usize);
        let new = format!("{}{insert}{}", &old[..at], &old[at..]);
        let edits = check_minimal(&old, &new);
        let size: usize = edits.iter().map(|edit| edit.range.len() + edit.insert.len()).sum();
        // A line break that is torn or made is replaced whole.
        prop_assert!(size <= insert.len() + 8, "{:?}", edits);
    }

    #[test]
    fn slices_are_those_of_the_string(text in "\\PC{0,3000}", from in 0.0..=1.0f64, to in 0.0..=1.0f64) {
        for form in both(&text) {
            let place = |fraction: f64| form.floor_char((text.len() as f64 * fraction) as usize);
            let (from, to) = (place(from.min(to)), place(from.max(to)));
            let slice = form.slice(from..to);
            prop_assert_eq!(slice.as_ref(), &text[from..to]);
        }
    }

    #[test]
    fn edits_give_the_same_in_one_piece_and_in_a_rope(
        text in texts(), from in 0..90usize, length in 0..9usize, then in 0..40usize, inserts in [texts(), texts()]
    ) {
        let [first, second] = inserts;
        let start = from + length + then;
        let edits = [
            Edit { range: from..from + length, insert: first },
            Edit { range: start..start + length, insert: second },
        ];
        let [flat, rope] = both(&text);
        let (flat, rope) = (flat.with_edits(&edits), rope.with_edits(&edits));
        prop_assert_eq!(flat.to_string(), rope.to_string());
        prop_assert!(flat == rope);
    }
}

fn check_minimal(old: &str, new: &str) -> Vec<Edit> {
    let edits = minimal(old, new);
    assert_eq!(apply(old, &edits), new);
    for form in both(old) {
        assert_eq!(form.with_edits(&edits).to_string(), new);
    }
    for pair in edits.windows(2) {
        assert!(pair[0].range.end < pair[1].range.start, "{edits:?}");
    }
    for edit in &edits {
        for at in [edit.range.start, edit.range.end] {
            assert!(old.is_char_boundary(at));
            assert!(
                !(old[..at].ends_with('\r') && old[at..].starts_with('\n')),
                "{edits:?}"
            );
        }
    }
    edits
}

#[test]
fn two_changes_far_apart_are_two_edits() {
    let old = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n";
    let new = "{\n  \"a\": 10,\n  \"b\": 2,\n  \"c\": 4\n}\n";
    let edits = check_minimal(old, new);
    assert_eq!(
        edits,
        [
            Edit {
                range: 10..10,
                insert: "0".into()
            },
            Edit {
                range: 29..30,
                insert: "4".into()
            }
        ]
    );
}

#[test]
fn a_position_inside_a_character_is_its_start() {
    let text = Text::from("a😀b");
    assert_eq!(
        text.offset(
            Position {
                line: 0,
                character: 2
            },
            Encoding::Utf16
        ),
        1
    );
    assert_eq!(
        text.offset(
            Position {
                line: 0,
                character: 3
            },
            Encoding::Utf8
        ),
        1
    );
    assert_eq!(
        text.position(3, Encoding::Utf16),
        Position {
            line: 0,
            character: 1
        }
    );
}

#[test]
fn a_range_whose_end_comes_first_is_empty() {
    let text = Text::from("abc\ndef");
    let range = lsp_types::Range {
        start: Position {
            line: 1,
            character: 1,
        },
        end: Position {
            line: 0,
            character: 0,
        },
    };
    assert_eq!(text.offsets(range, Encoding::Utf16), 5..5);
}
