//! Syntax errors: what can be wrong, and how it is said.

use std::ops::Range;

/// A mistake in the text, with a message that names what is there and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Bytes of the document.
    pub range: Range<usize>,
    /// For a person.
    pub message: String,
    /// What kind of mistake, for whoever offers a fix.
    pub trouble: Trouble,
}

/// A mistake as the tree keeps it: where, from the start of what it belongs to, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub at: u32,
    pub len: u32,
    pub trouble: Trouble,
}

impl Fault {
    /// It leaves open which members a container has; a mistake inside one value or key does not.
    pub fn cuts(&self) -> bool {
        use Trouble as T;
        !matches!(
            self.trouble,
            T::UnquotedKey
                | T::SingleQuotes
                | T::UnquotedValue
                | T::NotFinite
                | T::WrongLiteral
                | T::BadNumber
                | T::NumberTooLarge
                | T::BadEscape
                | T::LoneSurrogate
                | T::ControlCharacter
                | T::Comment
                | T::Invisible
        )
    }

    /// It lies in a key of this length at the start of its item, whose name nobody knows then.
    pub fn is_in_key(&self, key_len: u32) -> bool {
        let about_the_item = matches!(self.trouble, Trouble::MissingOpener | Trouble::ColonInArray);
        self.at < key_len && !about_the_item
    }
}

/// The kinds of syntax errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// Nothing in the file but blanks.
    Empty,
    /// More after the value that makes the document.
    AfterValue,
    /// A document that begins with a key: its `{` is lost. Or a list whose `[` is.
    MissingOpener,
    /// A bracket that nothing closes.
    Unclosed,
    /// A bracket that should have been closed before here.
    MissingCloser,
    /// `{` where `[` belongs, or the other way round.
    WrongOpener,
    /// `]` where `}` belongs, or the other way round.
    WrongCloser,
    /// A closing bracket too many.
    StrayCloser,
    /// Two entries without a comma between them.
    MissingComma,
    /// A semicolon, a full stop or a colon where a comma belongs.
    WrongComma,
    /// A comma after the last entry.
    TrailingComma,
    /// A comma where an entry should be.
    ExtraComma,
    /// A key and a value without a colon.
    MissingColon,
    /// `=` or a comma where a colon belongs.
    WrongColon,
    /// A member of an object inside an array.
    ColonInArray,
    /// A value, or a colon, without a key.
    MissingKey,
    /// A key with neither colon nor value.
    KeyAlone,
    /// A colon without a value.
    MissingValue,
    /// A key without quotes.
    UnquotedKey,
    /// `'…'`
    SingleQuotes,
    /// A string of which the first quote is lost.
    NoOpeningQuote,
    /// A string that its line ends, or a key that its colon ends.
    NoClosingQuote,
    /// A string with a quote too many, or one inside that is not escaped.
    StrayQuote,
    /// Text without quotes.
    UnquotedValue,
    /// `NaN`, `Infinity`
    NotFinite,
    /// `True`, `None` and the like.
    WrongLiteral,
    /// Not a number as JSON writes it.
    BadNumber,
    /// Beyond what a double holds.
    NumberTooLarge,
    /// A backslash before what JSON does not escape.
    BadEscape,
    /// Half of a surrogate pair.
    LoneSurrogate,
    /// A character below U+0020 in a string.
    ControlCharacter,
    /// JSON has no comments.
    Comment,
    /// A blank that JSON does not know, or a character that nobody sees.
    Invisible,
    /// `/*` without `*/`.
    UnclosedComment,
    /// Something that has no meaning here.
    Junk,
    /// Over 4 GiB.
    TooLong,
}

/// As much of the text as a message may quote.
const QUOTED: usize = 40;

impl Trouble {
    /// The message; `found` is the text at the error's range.
    pub(super) fn message(self, found: &str) -> String {
        let what = quote(found);
        match self {
            Trouble::Empty => {
                "the file is empty; a JSON value is expected, for a spec an object `{ … }`".into()
            }
            Trouble::AfterValue => {
                format!("{what} after the end of the document; nothing may follow its value")
            }
            Trouble::MissingOpener if found == "{" => {
                "`[` is missing before `{`, which is an element of a list".into()
            }
            Trouble::MissingOpener => {
                format!("{what} stands outside any object; `{{` is missing before it")
            }
            Trouble::Unclosed => format!("{what} is never closed; `{}` is missing", closer(found)),
            Trouble::MissingCloser => format!("a closing bracket is missing before {what}"),
            Trouble::WrongOpener => format!(
                "{what} does not fit what it holds; `{}` would",
                other_bracket(found)
            ),
            Trouble::WrongCloser => format!(
                "{what} does not match the opening bracket; `{}` would",
                other_bracket(found)
            ),
            Trouble::StrayCloser => format!("{what} closes nothing; remove it"),
            Trouble::MissingComma => format!("`,` is missing before {what}"),
            Trouble::WrongComma => format!("{what} where `,` belongs"),
            Trouble::TrailingComma => {
                "`,` after the last entry; remove it, JSON allows none".into()
            }
            Trouble::ExtraComma => {
                "`,` where an entry should be; remove it or put a value before it".into()
            }
            Trouble::MissingColon => format!("`:` is missing between key and value, before {what}"),
            Trouble::WrongColon => format!("{what} where `:` belongs between key and value"),
            Trouble::ColonInArray => format!(
                "{what} is a key, but an array holds values only; `{{` is missing before it"
            ),
            Trouble::MissingKey => format!("a key in double quotes is missing before {what}"),
            Trouble::KeyAlone => {
                format!("the key {what} has no value; `: value` is missing after it")
            }
            Trouble::MissingValue => "a value is missing after `:`".into(),
            Trouble::UnquotedKey => format!("the key {what} needs double quotes"),
            Trouble::SingleQuotes => {
                format!("{what} is in single quotes; JSON strings need double quotes")
            }
            Trouble::NoOpeningQuote => format!("the opening `\"` of {what} is missing"),
            Trouble::NoClosingQuote => format!("the closing `\"` of {what} is missing"),
            Trouble::StrayQuote => {
                format!("{what} has a `\"` too many; inside a string it is written `\\\"`")
            }
            Trouble::UnquotedValue => {
                format!("{what} is not a JSON value; text needs double quotes")
            }
            Trouble::NotFinite => {
                format!("{what} is not a JSON number; leave the key out or write `null`")
            }
            Trouble::WrongLiteral => format!("{what} is not JSON; write `{}`", literal(found)),
            Trouble::BadNumber => format!("{what} is not a JSON number: {}", number_advice(found)),
            Trouble::NumberTooLarge => format!("{what} is too large; numbers end at about 1.8e308"),
            Trouble::BadEscape if found.starts_with("\\u") => {
                format!("{what} is cut short; `\\u` needs four hexadecimal digits")
            }
            Trouble::BadEscape => format!(
                "{what} is no escape; write `\\\\` for a backslash (JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX)"
            ),
            Trouble::LoneSurrogate => {
                format!("{what} is half of a surrogate pair; the other half is missing")
            }
            Trouble::ControlCharacter => format!(
                "the character U+{:04X} must be escaped in a string, as `{}`",
                found.chars().next().map_or(0, u32::from),
                escape(found)
            ),
            Trouble::Comment => {
                "JSON has no comments; remove it or put the text into a `description`".into()
            }
            Trouble::Invisible => format!(
                "the invisible character U+{:04X} has no meaning outside of strings; remove it",
                found.chars().next().map_or(0, u32::from)
            ),
            Trouble::UnclosedComment => "JSON has no comments, and `*/` is missing".into(),
            Trouble::Junk => format!("{what} has no meaning here; remove it"),
            Trouble::TooLong => "the file is longer than 4 GiB and is not read".into(),
        }
    }
}

/// The text as a message shows it: on one line, not too long, invisible characters by number.
fn quote(found: &str) -> String {
    let mut shown = String::from("`");
    for (count, c) in found.chars().enumerate() {
        if count == QUOTED || c == '\n' || c == '\r' {
            shown.push('…');
            break;
        }
        match c {
            '\u{feff}'
            | '\u{a0}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{2060}'..='\u{206f}' => {
                shown.push_str(&format!("U+{:04X}", u32::from(c)));
            }
            c if c.is_control() => shown.push_str(&format!("U+{:04X}", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown.push('`');
    shown
}

fn closer(found: &str) -> char {
    if found.starts_with('[') { ']' } else { '}' }
}

/// The bracket of the other kind.
pub(in crate::spec) fn other_bracket(found: &str) -> &'static str {
    match found {
        "[" => "{",
        "{" => "[",
        "]" => "}",
        _ => "]",
    }
}

/// What a word of another language is in JSON.
pub(in crate::spec) fn literal(found: &str) -> &'static str {
    match found.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => "true",
        "false" | "no" | "off" => "false",
        _ => "null",
    }
}

fn number_advice(found: &str) -> &'static str {
    let digits = found.trim_start_matches(['-', '+']);
    if found.starts_with('+') {
        "it may not begin with `+`"
    } else if digits.starts_with("0x") || digits.starts_with("0X") {
        "write it in decimal"
    } else if digits.starts_with('.') {
        "write a `0` before the point"
    } else if digits.contains(['_', ' ']) {
        "digits are not grouped"
    } else if digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit() {
        "it may not begin with `0`"
    } else if digits.ends_with('.') || digits.contains(".e") || digits.contains(".E") {
        "a digit is missing after the point"
    } else if digits.ends_with(['e', 'E', '+', '-']) {
        "a digit is missing at its end"
    } else {
        "write it as 12, -0.5 or 1.5e-3; a unit belongs in `units`"
    }
}

/// A character below U+0020 as JSON escapes it.
pub(in crate::spec) fn escape(found: &str) -> String {
    let quoted = serde_json::Value::from(found).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
