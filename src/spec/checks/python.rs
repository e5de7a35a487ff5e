//! Python in `function.source_code`, by ruff's parser.

use std::ops::Range;

use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::parse_module;

use super::walk::{EntryView, Out};
use crate::spec::model::EntryKind;

pub(super) fn python_syntax(view: &EntryView<'_>, out: &mut Out) {
    if view.kind != EntryKind::Extractor {
        return;
    }
    let Some(node) = view
        .get("function")
        .and_then(|function| function.get("source_code"))
    else {
        return;
    };
    let Some(source) = node.as_str().filter(|_| node.is_intact()) else {
        return;
    };
    let Some((place, message)) = first_error(&source) else {
        return;
    };
    let (escapes, inner) = (node.escapes(), node.range().start + 1..node.range().end - 1);
    let at = |offset: usize| {
        escapes
            .to_document(offset.min(source.len()))
            .clamp(inner.start, inner.end)
    };
    let place = character(&source, place.start, place.end);
    let range = at(place.start)..at(place.end).max(at(place.start));
    let message = format!("the source code is not valid Python: {message}");
    out.report(range, "/function/source_code".into(), message);
}

/// The first error, as Python itself tells: those after it mostly follow from it.
fn first_error(source: &str) -> Option<(Range<usize>, String)> {
    match parse_module(source) {
        Err(error) => {
            let (start, end) = (error.location.start(), error.location.end());
            let place = start.to_usize()..end.to_usize();
            Some((place, error.error.to_string()))
        }
        Ok(module) => {
            let tokens = module.tokens().iter().map(Token::as_tuple);
            let tokens = tokens.map(|(kind, range)| (kind, range.start().to_usize()));
            let place = inconsistent_indentation(source, tokens)?;
            let message = "inconsistent use of tabs and spaces in indentation";
            Some((place, message.to_owned()))
        }
    }
}

/// The first indentation that is deeper or not depending on how wide a tab is, which the parser does not mind: Python
/// takes 8 and 1 for it, and wants the same from both (its reference, "Indentation").
fn inconsistent_indentation(
    source: &str,
    tokens: impl Iterator<Item = (TokenKind, usize)>,
) -> Option<Range<usize>> {
    let (mut levels, mut begins) = (vec![(0, 0)], true);
    for (kind, at) in tokens {
        match kind {
            TokenKind::Newline => begins = true,
            TokenKind::NonLogicalNewline
            | TokenKind::Comment
            | TokenKind::Indent
            | TokenKind::Dedent => {}
            _ if std::mem::take(&mut begins) => {
                let start = source[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
                let level = widths(&source[start..at]);
                while levels.last().is_some_and(|last| last.0 > level.0) {
                    levels.pop();
                }
                let above = levels.last().copied().unwrap_or_default();
                if level.0.cmp(&above.0) != level.1.cmp(&above.1) {
                    return Some(start..at);
                }
                if level != above {
                    levels.push(level);
                }
            }
            _ => {}
        }
    }
    None
}

/// How wide an indentation is where a tab goes to the next multiple of 8, and where it is one blank.
fn widths(indentation: &str) -> (usize, usize) {
    indentation
        .chars()
        .fold((0, 0), |(wide, narrow), c| match c {
            '\t' => ((wide / 8 + 1) * 8, narrow + 1),
            '\u{c}' => (0, 0),
            _ => (wide + 1, narrow + 1),
        })
}

/// The place, or where it is empty the character there (at the end of the text the last one): nobody sees an empty range.
fn character(source: &str, start: usize, end: usize) -> Range<usize> {
    if start < end {
        return start..end;
    }
    let ahead = source.get(start..).and_then(|rest| rest.chars().next());
    match (ahead, source.chars().next_back()) {
        (Some(next), _) => start..start + next.len_utf8(),
        (None, Some(last)) => source.len() - last.len_utf8()..source.len(),
        (None, None) => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::first_error;

    #[test]
    fn tabs_and_blanks_may_not_be_mixed_so_that_the_depth_depends_on_the_tab() {
        let faulty = [
            "if a:\n\tif b:\n    x=1\n\ty=2\n",
            "def f(x):\n\tif x:\n        return 1\n",
            "if a:\n        x=1\n\ty=2\n",
        ];
        for source in faulty {
            assert!(first_error(source).is_some(), "{source:?}");
        }
        let sound = [
            "if a:\n\tif b:\n\t    x=1\n\ty=2\n",
            "if a:\n    x = (1,\n\t2)\n    y = \"\"\"\n\t\"\"\"\n",
            "if a:\n    x=1\n\t# a remark\n\n    y=2\nelse:\n\tz=3\n",
            "x = 1 + \\\n\t2\ny = 3\n",
        ];
        for source in sound {
            assert_eq!(first_error(source), None, "{source:?}");
        }
    }
}
