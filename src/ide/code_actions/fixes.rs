//! Quick fixes of findings, all of one kind, and all that are safe.

use std::ops::Range;

use lsp_types::{CodeAction, CodeActionKind};

use super::{AsDiagnostics, FIX_ALL, ask, change};
use crate::{
    ide::{Snapshot, code_lens::open_chat},
    spec::checks::{Code, Finding, Fix, fix_all as mend},
    text::{Edit, minimal},
};

/// Characters of a finding's message that are handed to Claude.
const LONGEST: usize = 500;

/// Bytes of a document whose safe fixes are offered without being asked for.
const UNASKED: usize = 1 << 20;

/// The fixes of the findings that the range touches, all of one kind with each, and the offer to ask Claude.
pub fn quick_fixes(
    snapshot: &Snapshot,
    range: &Range<usize>,
    diagnostics: AsDiagnostics<'_>,
) -> Vec<CodeAction> {
    let touched =
        |finding: &&Finding| finding.range.start <= range.end && range.start <= finding.range.end;
    let here: Vec<&Finding> = snapshot.findings.iter().filter(touched).collect();
    let mut actions = Vec::new();
    for finding in &here {
        for (index, fix) in finding.fixes.iter().enumerate() {
            actions.push(CodeAction {
                diagnostics: Some(diagnostics(finding)),
                is_preferred: Some(index == 0),
                ..change(
                    snapshot,
                    fix.title.clone(),
                    CodeActionKind::QUICKFIX,
                    &fix.edits,
                )
            });
        }
    }
    let mut codes: Vec<Code> = here.iter().map(|finding| finding.code).collect();
    codes.dedup();
    actions.extend(codes.iter().filter_map(|code| all_of(snapshot, *code)));
    actions.extend(here.iter().map(|finding| CodeAction {
        diagnostics: Some(diagnostics(finding)),
        ..ask_claude(snapshot, finding)
    }));
    actions
}

/// Every finding of that kind that can be fixed, at once.
fn all_of(snapshot: &Snapshot, code: Code) -> Option<CodeAction> {
    let of_kind = |finding: &&Finding| finding.code == code && !finding.fixes.is_empty();
    let count = snapshot.findings.iter().filter(of_kind).count();
    if count < 2 {
        return None;
    }
    let edits = mended(snapshot, |finding| {
        finding.fixes.first().filter(|_| finding.code == code)
    })?;
    let title = format!("Fix all {count} `{}`", code.name());
    Some(change(snapshot, title, CodeActionKind::QUICKFIX, &edits))
}

/// Every safe fix of the document. It checks the document anew, so that a large one has to be asked for it.
pub fn fix_all(snapshot: &Snapshot, asked: bool) -> Option<CodeAction> {
    if !asked && snapshot.text().len() > UNASKED {
        return None;
    }
    let safe = |finding: &Finding| finding.fixes.iter().any(|fix| fix.safe);
    if !snapshot.findings.iter().any(safe) {
        return None;
    }
    let edits = mended(snapshot, |finding| {
        finding.fixes.iter().find(|fix| fix.safe)
    })?;
    let title = "Fix all that is safe to fix".to_owned();
    Some(change(snapshot, title, FIX_ALL, &edits))
}

/// The edits that the fixes come to, applied until none is left.
fn mended(snapshot: &Snapshot, choose: impl Fn(&Finding) -> Option<&Fix>) -> Option<Vec<Edit>> {
    let (after, applied) = mend(&snapshot.parsed, &snapshot.context, choose);
    let texts = || (snapshot.text().to_string(), after.text().to_string());
    (applied > 0)
        .then(texts)
        .map(|(old, new)| minimal(&old, &new))
}

/// Opens the chat with the finding in its input.
fn ask_claude(snapshot: &Snapshot, finding: &Finding) -> CodeAction {
    let message: String = finding.message.chars().take(LONGEST).collect();
    let message = format!(
        "Fix this in the spec (`{}`): {message}",
        finding.code.name()
    );
    let selection = snapshot.range(finding.range.clone());
    let title = "Ask Claude to fix this".to_owned();
    let command = open_chat(snapshot, title.clone(), Some(selection), Some(message));
    ask(title, CodeActionKind::QUICKFIX, command)
}
