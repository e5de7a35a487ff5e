//! Quick fixes of findings, all of one kind, and all that are safe.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    ops::Range,
};

use lsp_types::{CodeAction, CodeActionKind, Url};

use super::{AsDiagnostics, FIX_ALL, ask, change};
use crate::{
    ide::{Snapshot, code_lens::open_chat, edits::workspace_edit},
    spec::checks::{Code, Finding, Fix, fix_all as mend},
    text::{Edit, minimal},
};

/// Characters of a finding's message that are handed to Claude.
const LONGEST: usize = 500;

/// Characters of the messages of several.
const LONGEST_OF_ALL: usize = 2000;

/// Bytes of a document whose fixes of many findings are offered, edits included, without being asked for.
const UNASKED: usize = 1 << 20;

/// Findings of a range whose own fixes are offered; a menu with more is read by nobody.
const FIXED: usize = 100;

/// Findings of a range that Claude is asked about one by one; more are one question.
const ASKED: usize = 5;

/// The findings that an action mends together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Many {
    /// All of one kind, each by its best fix.
    Of(Code),
    /// All that have a safe fix.
    Safe,
}

impl Many {
    fn choose(self, finding: &Finding) -> Option<&Fix> {
        match self {
            Many::Of(code) => finding.fixes.first().filter(|_| finding.code == code),
            Many::Safe => finding.fixes.iter().find(|fix| fix.safe),
        }
    }

    /// The edits that the fixes come to, applied until none is left. Checks the whole document several times.
    fn edits(self, snapshot: &Snapshot) -> Option<Vec<Edit>> {
        let (after, applied) = mend(&snapshot.parsed, &snapshot.context, |finding| {
            self.choose(finding)
        });
        let texts = || (snapshot.text().to_string(), after.text().to_string());
        (applied > 0)
            .then(texts)
            .map(|(old, new)| minimal(&old, &new))
    }
}

/// What an action without its edit is about, for [`resolve`]; kept in its `data`.
#[derive(serde::Serialize, serde::Deserialize)]
struct Data {
    uri: Url,
    /// A check's code; none: all that is safe.
    code: Option<String>,
}

/// The fixes of the findings that the range touches, all of one kind with each, and the offer to ask Claude.
pub fn quick_fixes(
    snapshot: &Snapshot,
    range: &Range<usize>,
    diagnostics: AsDiagnostics<'_>,
) -> Vec<CodeAction> {
    let touched =
        |finding: &&Finding| finding.range.start <= range.end && range.start <= finding.range.end;
    let here: Vec<&Finding> = snapshot.findings.iter().filter(touched).collect();
    let mut actions: Vec<CodeAction> = Vec::new();
    let mut offered = HashMap::new();
    for finding in here.iter().take(FIXED) {
        for (index, fix) in finding.fixes.iter().enumerate() {
            let edits = fix.edits.iter().map(|edit| (&edit.range, &edit.insert));
            let edits: Vec<_> = edits.collect();
            match offered.entry((&fix.title, edits)) {
                // One change may mend several findings of one place.
                Entry::Occupied(known) => {
                    let action: &mut CodeAction = &mut actions[*known.get()];
                    let mended = action.diagnostics.get_or_insert_default();
                    mended.extend(diagnostics(finding));
                }
                Entry::Vacant(new) => {
                    new.insert(actions.len());
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
        }
    }
    actions.extend(all_of_each(snapshot, &here));
    if here.len() > ASKED {
        actions.push(ask_about_all(snapshot, &here));
    } else {
        actions.extend(here.iter().map(|finding| CodeAction {
            diagnostics: Some(diagnostics(finding)),
            ..ask_about(snapshot, finding)
        }));
    }
    actions
}

/// For each kind among the findings: every one of the document that can be fixed, at once.
fn all_of_each(snapshot: &Snapshot, here: &[&Finding]) -> Vec<CodeAction> {
    let mut fixable: BTreeMap<Code, usize> = BTreeMap::new();
    for finding in snapshot.findings.iter().filter(|it| !it.fixes.is_empty()) {
        *fixable.entry(finding.code).or_default() += 1;
    }
    let mut actions = Vec::new();
    for finding in here {
        // Taken out, so that each kind is offered once.
        let count = fixable.remove(&finding.code).unwrap_or_default();
        if count >= 2 {
            let title = format!("Fix all {count} `{}`", finding.code.name());
            let many = Many::Of(finding.code);
            actions.extend(mending(
                snapshot,
                title,
                CodeActionKind::QUICKFIX,
                many,
                false,
            ));
        }
    }
    actions
}

/// Every safe fix of the document.
pub fn fix_all(snapshot: &Snapshot, asked: bool) -> Option<CodeAction> {
    let many = Many::Safe;
    if !snapshot.findings.iter().any(|it| many.choose(it).is_some()) {
        return None;
    }
    let title = "Fix all that is safe to fix".to_owned();
    mending(snapshot, title, FIX_ALL, many, asked)
}

/// An action for many findings. Its edit costs checks of the whole document: it comes later where the client can wait
/// for it, and for a large document only to those who ask for just this kind.
fn mending(
    snapshot: &Snapshot,
    title: String,
    kind: CodeActionKind,
    many: Many,
    asked: bool,
) -> Option<CodeAction> {
    if !asked && snapshot.traits.resolves_edits {
        let data = Data {
            uri: snapshot.uri.clone(),
            code: match many {
                Many::Of(code) => Some(code.name().to_owned()),
                Many::Safe => None,
            },
        };
        return Some(CodeAction {
            title,
            kind: Some(kind),
            data: serde_json::to_value(data).ok(),
            ..CodeAction::default()
        });
    }
    if !asked && snapshot.text().len() > UNASKED {
        return None;
    }
    Some(change(snapshot, title, kind, &many.edits(snapshot)?))
}

/// The document that an action without its edit is for.
pub fn document_of(action: &CodeAction) -> Option<Url> {
    data_of(action).map(|data| data.uri)
}

fn data_of(action: &CodeAction) -> Option<Data> {
    serde_json::from_value(action.data.clone()?).ok()
}

/// The action with its edit, of the present text; without one where there is nothing left to mend.
pub fn resolve(snapshot: &Snapshot, mut action: CodeAction) -> CodeAction {
    let many = data_of(&action).and_then(|data| match data.code {
        Some(name) => Code::from_name(&name).map(Many::Of),
        None => Some(Many::Safe),
    });
    action.edit = many
        .and_then(|many| many.edits(snapshot))
        .map(|edits| workspace_edit(snapshot, &edits));
    action
}

/// Opens the chat with the finding in its input.
fn ask_about(snapshot: &Snapshot, finding: &Finding) -> CodeAction {
    let message: String = finding.message.chars().take(LONGEST).collect();
    let message = format!(
        "Fix this in the spec (`{}`): {message}",
        finding.code.name()
    );
    let title = "Ask Claude to fix this".to_owned();
    chat(snapshot, title, finding.range.clone(), message)
}

/// Opens the chat with as many of the findings in its input as are read.
fn ask_about_all(snapshot: &Snapshot, findings: &[&Finding]) -> CodeAction {
    let count = findings.len();
    let start = findings.iter().map(|it| it.range.start).min();
    let end = findings.iter().map(|it| it.range.end).max();
    let mut left = LONGEST_OF_ALL;
    let told: Vec<String> = findings
        .iter()
        .map(|finding| format!("\n- `{}`: {}", finding.code.name(), finding.message))
        .take_while(|line| {
            let fits = line.chars().count() <= left;
            left = left.saturating_sub(line.chars().count());
            fits
        })
        .collect();
    let more = match count - told.len() {
        0 => String::new(),
        more => format!("\n- and {more} more"),
    };
    let message = format!(
        "Fix these {count} findings in the spec:{}{more}",
        told.concat()
    );
    chat(
        snapshot,
        format!("Ask Claude to fix these {count}"),
        start.unwrap_or_default()..end.unwrap_or_default(),
        message,
    )
}

fn chat(snapshot: &Snapshot, title: String, about: Range<usize>, message: String) -> CodeAction {
    let selection = snapshot.range(about);
    let command = open_chat(snapshot, title.clone(), Some(selection), Some(message));
    ask(title, CodeActionKind::QUICKFIX, command)
}
