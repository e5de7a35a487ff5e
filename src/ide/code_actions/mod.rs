//! `textDocument/codeAction` and `codeAction/resolve`: fixes of findings, and changes that no finding asks for.

mod fixes;
mod refactor;
#[cfg(test)]
mod tests;

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse, Command,
    Diagnostic,
};

pub use fixes::{document_of, resolve};

use super::Snapshot;
use crate::spec::checks::Finding;

/// All safe fixes of the document.
pub const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.atomizer");
/// The keys of the whole document in the format's order.
pub const SORT_ALL: CodeActionKind = CodeActionKind::new("source.sortKeys.atomizer");
/// The keys of one object in the format's order.
pub const SORT: CodeActionKind = CodeActionKind::new("refactor.rewrite.sortKeys");
/// A variable for an expression.
pub const ADD_VARIABLE: CodeActionKind = CodeActionKind::new("refactor.rewrite.addVariable");

/// The kinds that are offered.
pub fn kinds() -> Vec<CodeActionKind> {
    vec![
        CodeActionKind::QUICKFIX,
        SORT,
        ADD_VARIABLE,
        FIX_ALL,
        SORT_ALL,
    ]
}

/// A finding as the client knows it.
pub type AsDiagnostics<'a> = &'a dyn Fn(&Finding) -> Vec<Diagnostic>;

/// What can be done in the range, of the kinds that are wanted. Findings are those of the snapshot.
pub fn code_actions(
    snapshot: &Snapshot,
    params: &CodeActionParams,
    diagnostics: AsDiagnostics<'_>,
) -> CodeActionResponse {
    let wanted = Wanted(params.context.only.as_deref());
    let range = snapshot
        .text()
        .offsets(params.range, snapshot.traits.encoding);
    let mut actions = Vec::new();
    if wanted.has(&CodeActionKind::QUICKFIX) {
        actions.extend(fixes::quick_fixes(snapshot, &range, diagnostics));
    }
    if wanted.has(&SORT) {
        actions.extend(refactor::sort_object(snapshot, range.start));
    }
    if wanted.has(&ADD_VARIABLE) {
        actions.extend(refactor::add_variables(snapshot, &range));
    }
    if wanted.has(&FIX_ALL) {
        actions.extend(fixes::fix_all(snapshot, wanted.asked(&FIX_ALL)));
    }
    // Rarely meant by who asks for everything.
    if wanted.asked(&SORT_ALL) {
        actions.extend(refactor::sort_all(snapshot));
    }
    if snapshot.traits.action_literals {
        return actions
            .into_iter()
            .map(CodeActionOrCommand::CodeAction)
            .collect();
    }
    // A client that knows commands only cannot be given an edit.
    let commands = actions.into_iter().filter_map(|action| action.command);
    commands.map(CodeActionOrCommand::Command).collect()
}

/// `context.only`: kinds, each with all that are more special.
struct Wanted<'a>(Option<&'a [CodeActionKind]>);

impl Wanted<'_> {
    fn has(&self, kind: &CodeActionKind) -> bool {
        self.0.is_none() || self.asked(kind)
    }

    fn asked(&self, kind: &CodeActionKind) -> bool {
        let holds = |only: &CodeActionKind| {
            let (only, kind) = (only.as_str(), kind.as_str());
            only.is_empty()
                || kind
                    .strip_prefix(only)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.0.is_some_and(|only| only.iter().any(holds))
    }
}

/// An action that changes the text.
fn change(
    snapshot: &Snapshot,
    title: String,
    kind: CodeActionKind,
    edits: &[crate::text::Edit],
) -> CodeAction {
    CodeAction {
        title,
        kind: Some(kind),
        edit: Some(super::edits::workspace_edit(snapshot, edits)),
        ..CodeAction::default()
    }
}

/// An action that asks the client to do something.
fn ask(title: String, kind: CodeActionKind, command: Command) -> CodeAction {
    CodeAction {
        title,
        kind: Some(kind),
        command: Some(command),
        ..CodeAction::default()
    }
}
