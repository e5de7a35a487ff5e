//! A second reading where brackets do not match: one that takes account of how lines are indented.
//!
//! A text with a bracket lost is valid up to its end, so that only then it shows; and how lines are indented means nothing
//! where brackets match. What the first reading gave of containers that seem to have their own brackets is taken over, so
//! that both readings together are a function of the text alone.

use std::sync::Arc;

use super::{
    green::Container,
    incremental::OldTree,
    parse::{self, Reuse},
    scan::Source,
};

/// Reads a whole document.
pub(super) fn document<R: Reuse>(src: Source<'_>, reuse: R) -> Arc<Container> {
    let plain = parse::document(src.clone(), reuse);
    if plain.balanced {
        return plain;
    }
    let by_indent = parse::document_by_indent(src, OldTree::unchanged(&plain));
    match by_indent {
        Some(by_indent) if by_indent.error_count <= plain.error_count => by_indent,
        _ => plain,
    }
}
