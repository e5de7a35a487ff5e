//! Text for people: Markdown, or plain where the client shows none.

use std::borrow::Cow;

use lsp_types::{Documentation, MarkupContent, MarkupKind};

/// Text of a spec so that Markdown shows it as it is: nothing in it becomes a link, an image, HTML or emphasis. What has no
/// meaning inside a word (`max_stress`, `20-40`) is left as it is.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut last = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let c = if c.is_whitespace() { ' ' } else { c };
        if c.is_control() {
            continue;
        }
        let special = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '&' | '~' | '!' | '$' => true,
            '_' => !(last.is_alphanumeric() && next.is_alphanumeric()),
            // A bare address would become a link.
            ':' | '@' => next == '/' || c == '@',
            '.' => last == 'w' || escaped.chars().all(|c| c.is_ascii_digit()),
            '#' | '+' | '-' | '=' => last == ' ',
            ')' => escaped.chars().all(|c| c.is_ascii_digit()),
            _ => false,
        };
        if special {
            escaped.push('\\');
        }
        escaped.push(c);
        last = c;
    }
    escaped
}

/// Text of a spec as code.
pub fn code(text: &str) -> String {
    let text: Cow<'_, str> = if text.contains(|c: char| c.is_control()) {
        text.replace(|c: char| c.is_control(), " ").into()
    } else {
        text.into()
    };
    if text.is_empty() {
        return "\"\"".into();
    }
    // A fence longer than any inside, CommonMark "Code spans".
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Our Markdown without its marks.
pub fn plain(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    for line in markdown.lines() {
        if line.starts_with("|--") || line.starts_with("| --") {
            continue;
        }
        plain_line(&mut text, line);
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

fn plain_line(text: &mut String, line: &str) {
    let mut chars = line.chars().peekable();
    let mut in_code = false;
    while let Some(c) = chars.next() {
        match c {
            '`' => in_code = !in_code,
            '\\' if !in_code && chars.peek().is_some_and(char::is_ascii_punctuation) => {
                text.extend(chars.next());
            }
            '*' if !in_code && chars.peek() == Some(&'*') => {
                chars.next();
            }
            c => text.push(c),
        }
    }
}

/// As the client shows it.
pub fn markup(markdown: String, shown: bool) -> MarkupContent {
    if shown {
        MarkupContent {
            kind: MarkupKind::Markdown,
            value: markdown,
        }
    } else {
        MarkupContent {
            kind: MarkupKind::PlainText,
            value: plain(&markdown),
        }
    }
}

/// The same for completion items.
pub fn documentation(markdown: String, shown: bool) -> Documentation {
    Documentation::MarkupContent(markup(markdown, shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_spec_cannot_become_markup() {
        for (text, escaped) in [
            ("<img src=x>", r"\<img src=x\>"),
            ("[a](http://b)", r"\[a\](http\://b)"),
            ("**c**\n# d", r"\*\*c\*\* \# d"),
            ("_x_", r"\_x\_"),
            ("1. one", r"1\. one"),
            ("www.example.org", r"www\.example.org"),
            ("max_stress, 20-40 (1.5)", "max_stress, 20-40 (1.5)"),
        ] {
            assert_eq!(super::escape(text), escaped);
        }
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
    }

    #[test]
    fn plain_text_has_no_marks_left_and_gets_escaped_text_back() {
        let title = "<b>*x*</b> a\\b";
        assert_eq!(plain(&escape(title)), title);
        assert_eq!(
            plain("**web** `dv_001`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"),
            "web dv_001\n\n| a | b |\n| 1 | 2 |"
        );
    }
}
