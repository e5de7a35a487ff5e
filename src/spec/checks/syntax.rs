//! JSON syntax, and what mends its mistakes where a few characters do.

use std::ops::Range;

use serde_json::Number;

use super::{
    brackets::{Back, Broken},
    edits::string,
    walk::Out,
};
use crate::{
    spec::syntax::{Parsed, SyntaxError, Trouble, escape, literal, other_bracket},
    text::{Edit, Text},
};

/// So many mistakes are mended; a text with more is no JSON.
const MENDED: usize = 1000;
/// As much of the text as a title quotes.
const QUOTED: usize = 40;

pub(super) fn syntax_error(parsed: &Parsed, out: &mut Out) {
    let mut comment = None;
    let errors = parsed.errors();
    let mut broken = Broken::new(parsed, &errors);
    for (nth, error) in errors.iter().take(MENDED).enumerate() {
        let raw = out.report(error.range.clone(), String::new(), error.message.clone());
        for bracket in broken.opened(error) {
            raw.related(bracket, "opened here");
        }
        let mending = mending(parsed.text(), error, comment);
        let otherwise = mending.as_ref().map(|mending| &mending.edit);
        let mut fixes: Vec<Mending> = mending.iter().cloned().collect();
        if let Some(Back { edit, is_better }) = broken.put_back(nth, otherwise) {
            // A comma comes with the bracket before it; alone it would stand where the bracket belongs.
            fixes.retain(|_| error.trouble != Trouble::MissingComma);
            let at = if is_better { 0 } else { fixes.len() };
            fixes.insert(
                at,
                put_back(edit, &parsed.text().slice(error.range.clone())),
            );
        }
        for Mending { title, edit, safe } in fixes {
            raw.fix(title, vec![edit], safe);
        }
        if error.trouble == Trouble::Comment {
            comment = Some(error.range.end);
        }
    }
    for error in errors.into_iter().skip(MENDED) {
        out.report(error.range, String::new(), error.message);
    }
}

fn put_back(edit: Edit, found: &str) -> Mending {
    let signs: String = edit.insert.split_whitespace().collect();
    let title = match signs.as_str() {
        "" => format!("Remove {}", shown(found)),
        signs => format!("Insert {}", shown(signs)),
    };
    Mending {
        title,
        edit,
        safe: false,
    }
}

/// What mends a mistake.
#[derive(Clone)]
struct Mending {
    title: String,
    edit: Edit,
    /// Nothing else can have been meant, and nothing that was written is lost.
    safe: bool,
}

/// What mends a mistake, where that is known without guessing what was meant. `comment` is where the last comment before it
/// ends.
fn mending(text: &Text, error: &SyntaxError, comment: Option<usize>) -> Option<Mending> {
    use Trouble as T;
    let found = text.slice(error.range.clone());
    let instead = |insert: String, safe: bool| Mending {
        title: format!("Change to {}", shown(&insert)),
        edit: replace(error.range.clone(), insert),
        safe,
    };
    let remove = |what: &str, safe: bool| Mending {
        title: format!("Remove {what}"),
        edit: replace(error.range.clone(), String::new()),
        safe,
    };
    let quoted = || Mending {
        title: format!("Put {} into double quotes", shown(&found)),
        edit: replace(error.range.clone(), string(&found)),
        safe: error.trouble == T::UnquotedKey,
    };
    let quote_at = |at: usize| Mending {
        title: "Insert `\"`".into(),
        edit: replace(at..at, "\"".into()),
        safe: false,
    };
    Some(match error.trouble {
        T::MissingComma => insert(text, error.range.start, ",", comment),
        T::MissingColon => insert(text, error.range.start, ":", comment),
        T::WrongComma => instead(",".into(), false),
        T::WrongColon => instead(":".into(), false),
        T::TrailingComma => remove("the last comma", true),
        T::ExtraComma | T::StrayCloser => remove(&shown(&found), false),
        T::WrongCloser | T::WrongOpener => instead(other_bracket(&found).into(), false),
        T::UnquotedKey | T::UnquotedValue => quoted(),
        T::NoOpeningQuote => quote_at(error.range.start),
        T::NoClosingQuote => quote_at(error.range.end),
        T::SingleQuotes => instead(double_quoted(&found)?, true),
        T::WrongLiteral if is_pythons(&found) => instead(literal(&found).into(), true),
        T::BadNumber => instead(number(&found)?, false),
        T::BadEscape if !found.starts_with("\\u") => instead(format!("\\{found}"), false),
        T::ControlCharacter => instead(escape(&found), &found == "\t"),
        T::Invisible => remove("the invisible character", true),
        T::Comment => remove("the comment", false),
        _ => return None,
    })
}

fn replace(range: Range<usize>, insert: String) -> Edit {
    Edit { range, insert }
}

/// A sign that is missing between what stands before `at` and what begins there; it belongs to the former, but not into a
/// comment behind that.
fn insert(text: &Text, at: usize, sign: &str, comment: Option<usize>) -> Mending {
    let blank = |at: &usize| matches!(text.byte(*at), Some(b' ' | b'\t' | b'\r' | b'\n'));
    let end = (0..at).rev().take_while(blank).last().unwrap_or(at);
    let place = if comment == Some(end) { at } else { end };
    let gap = if place == at { " " } else { "" };
    Mending {
        title: format!("Insert `{sign}`"),
        edit: replace(place..place, format!("{sign}{gap}")),
        safe: false,
    }
}

/// `'it\'s'` as JSON has it; none where the text has no end.
fn double_quoted(found: &str) -> Option<String> {
    let inner = found.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut text = String::from("\"");
    let mut escaped = false;
    for character in inner.chars() {
        match (escaped, character) {
            (false, '\\') => {}
            (true, '\'') => text.push('\''),
            (true, other) => text.extend(['\\', other]),
            (false, '"') => text.push_str("\\\""),
            (false, other) => text.push(other),
        }
        escaped = character == '\\' && !escaped;
    }
    text.push('"');
    serde_json::from_str::<String>(&text)
        .is_ok()
        .then_some(text)
}

/// A word that Python, or JSON by another spelling, has: `yes` may be text that lacks its quotes.
fn is_pythons(found: &str) -> bool {
    ["true", "false", "none", "null", "nil"]
        .iter()
        .any(|word| found.eq_ignore_ascii_case(word))
}

/// The number as JSON writes it, where it is one.
fn number(found: &str) -> Option<String> {
    let plain = found.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let (whole, rest) = digits.split_at(digits.find(['.', 'e', 'E']).unwrap_or(digits.len()));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let rest = match rest.strip_prefix('.') {
        Some(rest) if !rest.starts_with(|digit: char| digit.is_ascii_digit()) => {
            format!(".0{rest}")
        }
        _ => rest.to_owned(),
    };
    let number = format!("{sign}{whole}{rest}");
    let has_digits = digits.contains(|digit: char| digit.is_ascii_digit());
    (has_digits && serde_json::from_str::<Number>(&number).is_ok()).then_some(number)
}

fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let end = line.floor_char_boundary(QUOTED);
    let cut = if end < text.len() { "…" } else { "" };
    format!("`{}{cut}`", &line[..end])
}
