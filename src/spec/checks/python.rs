//! Python in `function.source_code`, by ruff's parser.

use std::ops::Range;

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
    // The first error, as Python itself tells: those after it mostly follow from it.
    let Err(error) = parse_module(&source) else {
        return;
    };
    let (escapes, inner) = (node.escapes(), node.range().start + 1..node.range().end - 1);
    let at = |offset: usize| {
        escapes
            .to_document(offset.min(source.len()))
            .clamp(inner.start, inner.end)
    };
    let place = character(
        &source,
        error.location.start().to_usize(),
        error.location.end().to_usize(),
    );
    let range = at(place.start)..at(place.end).max(at(place.start));
    let message = format!("the source code is not valid Python: {}", error.error);
    out.report(range, "/function/source_code".into(), message);
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
