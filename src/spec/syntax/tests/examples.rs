//! The example studies with one mistake each: every token in turn is taken away, doubled, or given something it should not
//! have. How many errors one mistake may give is a rule of the format.

use serde_json::Value as Json;

use super::parse;

/// The example studies, as people write them.
const EXAMPLES: [&str; 4] = [
    include_str!("../../../../examples/studies/_inbox/draft_drone_frame/atomizer_spec.json"),
    include_str!("../../../../examples/studies/bracket_mass/1_setup/atomizer_spec.json"),
    include_str!("../../../../examples/studies/gimbal_arm/1_setup/atomizer_spec.json"),
    include_str!("../../../../examples/studies/optics/m1_mirror/atomizer_spec.json"),
];

/// The tokens of a valid text.
fn tokens(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let len = match rest.as_bytes()[0] {
            b'"' => {
                let mut end = 1;
                while rest.as_bytes()[end] != b'"' {
                    end += if rest.as_bytes()[end] == b'\\' { 2 } else { 1 };
                }
                end + 1
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            byte if byte.is_ascii_whitespace() => 0,
            _ => rest.find([',', '}', ']', '\n', ' ']).unwrap_or(rest.len()),
        };
        if len > 0 {
            tokens.push(at..at + len);
        }
        at += len.max(1);
    }
    tokens
}

/// Each of these texts, which have one mistake, gives `allowed` errors at most (and one at least, unless it is valid).
fn check_errors(mistakes: impl Iterator<Item = String>, allowed: usize) {
    let mut count = 0;
    for text in mistakes {
        if serde_json::from_str::<Json>(&text).is_err() {
            let errors = parse(&text).errors();
            assert!((1..=allowed).contains(&errors.len()), "{errors:#?}\n{text}");
            count += 1;
        }
    }
    assert!(count > 0);
}

/// The examples with one token taken away, if it is one of these.
fn without<'t>(starts: &'t [char]) -> impl Iterator<Item = String> + 't {
    EXAMPLES.into_iter().flat_map(move |text| {
        tokens(text)
            .into_iter()
            .filter(|token| text[token.clone()].starts_with(starts))
            .map(|token| format!("{}{}", &text[..token.start], &text[token.end..]))
            .collect::<Vec<_>>()
    })
}

/// The examples with a text put before each token that begins so.
fn with<'t>(insert: &'t str, starts: &'t [char]) -> impl Iterator<Item = String> + 't {
    EXAMPLES.into_iter().flat_map(move |text| {
        tokens(text)
            .into_iter()
            .filter(|token| text[token.clone()].starts_with(starts))
            .map(|token| format!("{}{insert}{}", &text[..token.start], &text[token.start..]))
            .collect::<Vec<_>>()
    })
}

const ANY: [char; 9] = ['"', '{', '[', ']', '}', ',', ':', '1', 't'];

#[test]
fn a_lost_token_of_an_example_is_one_error() {
    check_errors(
        without(&[
            ',', ':', '"', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-', 't', 'f', 'n',
        ]),
        1,
    );
}

#[test]
fn a_comment_in_an_example_is_one_error() {
    check_errors(with("/* { */", &ANY), 1);
    check_errors(with("// {\n", &ANY), 1);
}

#[test]
fn an_invisible_character_in_an_example_is_one_error() {
    for invisible in ["\u{a0}", "\u{200b}", "\u{2028}", "\u{3000}"] {
        check_errors(with(invisible, &ANY), 1);
    }
}

#[test]
fn a_token_too_many_in_an_example_is_few_errors() {
    check_errors(with("@", &ANY), 2);
    check_errors(with(":", &ANY), 2);
    check_errors(with(",", &ANY), 2);
    check_errors(with(" x ", &ANY), 2);
}

#[test]
fn a_lost_closing_quote_of_an_example_is_one_error() {
    let texts = EXAMPLES.into_iter().flat_map(|text| {
        let strings = tokens(text)
            .into_iter()
            .filter(|token| text[token.clone()].starts_with('"'));
        strings
            .map(|token| format!("{}{}", &text[..token.end - 1], &text[token.end..]))
            .collect::<Vec<_>>()
    });
    check_errors(texts, 1);
}

#[test]
fn a_lost_bracket_of_an_example_is_two_errors_at_most() {
    check_errors(without(&['{']), 2);
    check_errors(without(&['}']), 2);
    check_errors(without(&['[']), 2);
    check_errors(without(&[']']), 1);
}

#[test]
fn a_lost_opening_quote_of_an_example_is_one_error() {
    let texts = EXAMPLES.into_iter().flat_map(|text| {
        let strings = tokens(text)
            .into_iter()
            .filter(|token| text[token.clone()].starts_with('"'));
        strings
            .map(|token| format!("{}{}", &text[..token.start], &text[token.start + 1..]))
            .collect::<Vec<_>>()
    });
    check_errors(texts, 1);
}

#[test]
fn a_doubled_bracket_of_an_example_is_one_error() {
    for (bracket, starts) in [("}", '}'), ("]", ']'), ("{", '{'), ("[", '[')] {
        check_errors(with(bracket, &[starts]), 1);
    }
}

#[test]
fn a_bracket_too_many_in_an_example_does_not_flood() {
    for bracket in ["{", "}", "[", "]"] {
        check_errors(with(bracket, &['"', '{', '[', ']', '}', ',']), 5);
    }
}
