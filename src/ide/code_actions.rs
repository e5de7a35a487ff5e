//! `textDocument/codeAction`

use lsp_types::{CodeActionKind, CodeActionParams, CodeActionResponse, Diagnostic};

use super::Snapshot;
use crate::spec::checks::Finding;

/// The kinds that are offered.
pub fn kinds() -> Vec<CodeActionKind> {
    Vec::new()
}

/// What can be done in the range.
pub fn code_actions(
    _: &Snapshot,
    _: &CodeActionParams,
    _: &dyn Fn(&Finding) -> Vec<Diagnostic>,
) -> CodeActionResponse {
    Vec::new()
}
