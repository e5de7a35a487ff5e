//! Text from outside (Claude, the store, specs) made safe for a terminal: whoever writes it must not be able to move
//! the cursor, clear a line, change colours or hide and reorder characters, least of all in a question for permission.

use std::borrow::Cow;

/// The text with every control character but line feed and tab made visible: those of ASCII as their control
/// pictures (`␛`), all others, and those that reorder text (Unicode's bidirectional controls), as `�`.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match c {
        _ if !is_unsafe(c) => c,
        '\u{7f}' => '␡',
        '\0'..' ' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::REPLACEMENT_CHARACTER,
    };
    Cow::Owned(text.chars().map(shown).collect())
}

/// As [`plain`], in as many bytes as before, so that places in the text stay where they are.
pub fn plain_in_place(text: &str) -> Cow<'_, str> {
    let is_unsafe = |c: char| c != '\r' && is_unsafe(c);
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            shown.extend(std::iter::repeat_n('?', c.len_utf8()));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn is_unsafe(c: char) -> bool {
    let reorders = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    reorders || c.is_control() && !matches!(c, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(plain("ls\n\tü"), "ls\n\tü");
        assert_eq!(
            plain("rm\r\u{1b}[2Kls\u{7f}\u{9b}1m\u{202e}x"),
            "rm␍␛[2Kls␡�1m�x"
        );
    }

    #[test]
    fn in_place_no_byte_moves() {
        let text = "a\r\n\u{1b}b\u{9b}c\u{202e}d";
        assert_eq!(plain_in_place(text), "a\r\n?b??c???d");
        assert_eq!(plain_in_place(text).len(), text.len());
    }
}
