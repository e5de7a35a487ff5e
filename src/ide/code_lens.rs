//! `textDocument/codeLens`: what uses an entry, and what one can do with the study.
//!
//! Two commands are the client's own: `atomizer.showReferences` with `[uri, position, locations]`, and
//! `atomizer.openChat` with one object (see [`open_chat`]).

use std::collections::HashMap;

use lsp_types::{CodeLens, Command, Location};
use serde_json::{Value, json};

use super::Snapshot;
use crate::spec::{
    format::Refers,
    model::{EntryKind, Model, Word},
};

/// The client's command that shows locations.
pub const SHOW_REFERENCES: &str = "atomizer.showReferences";
/// The client's command that opens the chat.
pub const OPEN_CHAT: &str = "atomizer.openChat";
/// The server's command that validates a study.
pub const VALIDATE: &str = "atomizer.study.validate";

/// The lenses of a spec.
pub fn code_lenses(snapshot: &Snapshot) -> Vec<CodeLens> {
    let mut lenses = of_study(snapshot);
    lenses.extend(used_by(snapshot));
    lenses
}

/// `atomizer.openChat` with `{textDocument, selection?, message?}`: opens the chat about the document, with `message` in
/// its input, not yet sent.
pub fn open_chat(
    snapshot: &Snapshot,
    title: String,
    selection: Option<lsp_types::Range>,
    message: Option<String>,
) -> Command {
    let mut argument = json!({ "textDocument": { "uri": snapshot.uri } });
    if let Some(selection) = selection {
        argument["selection"] = json!(selection);
    }
    if let Some(message) = message {
        argument["message"] = Value::from(message);
    }
    Command {
        title,
        command: OPEN_CHAT.into(),
        arguments: Some(vec![argument]),
    }
}

fn of_study(snapshot: &Snapshot) -> Vec<CodeLens> {
    let Some(root) = snapshot.parsed.root() else {
        return Vec::new();
    };
    let range = snapshot.range(root.range().start..root.range().start);
    let lens = |command| CodeLens {
        range,
        command: Some(command),
        data: None,
    };
    let validate = Command {
        title: "Validate study".into(),
        command: VALIDATE.into(),
        arguments: Some(vec![json!({ "textDocument": { "uri": snapshot.uri } })]),
    };
    vec![
        lens(validate),
        lens(open_chat(snapshot, "Ask Claude".into(), None, None)),
    ]
}

/// The references to each thing, canvas apart: that an entry is drawn somewhere uses nothing.
fn uses(snapshot: &Snapshot, model: &Model) -> HashMap<(EntryKind, Box<str>), Vec<Location>> {
    let mut uses: HashMap<_, Vec<Location>> = HashMap::new();
    for entry in model.entries() {
        for (refers, word) in entry.facts.refs() {
            let kind = match refers {
                Refers::Extractor => EntryKind::Extractor,
                Refers::Stage => EntryKind::Stage,
                Refers::Subcase => EntryKind::Subcase,
                Refers::Expression => EntryKind::Expression,
                Refers::Output | Refers::Node | Refers::File => continue,
            };
            uses.entry((kind, word.text.clone()))
                .or_default()
                .push(snapshot.location(entry.place(&word.at)));
        }
    }
    uses
}

fn used_by(snapshot: &Snapshot) -> Vec<CodeLens> {
    let model = snapshot.model();
    let uses = uses(snapshot, model);
    let mut lenses = Vec::new();
    for kind in [
        EntryKind::Extractor,
        EntryKind::Stage,
        EntryKind::Subcase,
        EntryKind::Expression,
    ] {
        for entry in model.list(kind) {
            let named: &Option<Word> = match kind {
                EntryKind::Expression => &entry.facts.name,
                _ => &entry.facts.id,
            };
            let Some(word) = named else { continue };
            let places = uses
                .get(&(kind, word.text.clone()))
                .map_or(&[][..], Vec::as_slice);
            // An expression that nothing drives is the usual case.
            if places.is_empty() && kind == EntryKind::Expression {
                continue;
            }
            let range = snapshot.range(entry.place(&word.at));
            lenses.push(CodeLens {
                range,
                command: Some(Command {
                    title: title(places.len()),
                    command: SHOW_REFERENCES.into(),
                    arguments: Some(vec![json!(snapshot.uri), json!(range.start), json!(places)]),
                }),
                data: None,
            });
        }
    }
    lenses
}

fn title(uses: usize) -> String {
    match uses {
        0 => "not used".into(),
        n => format!("used by {n}"),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::ide::testing::{MIRROR, snapshot};

    fn shown(text: &str) -> String {
        let snapshot = snapshot(text);
        let lenses = code_lenses(&snapshot);
        lenses
            .iter()
            .filter_map(|lens| {
                let command = lens.command.as_ref()?;
                let range = snapshot
                    .text()
                    .offsets(lens.range, snapshot.traits.encoding);
                let at = snapshot.text().slice(range);
                Some(format!("{at} {}: {}\n", command.title, command.command))
            })
            .collect()
    }

    #[test]
    fn the_study_can_be_validated_and_entries_say_what_uses_them() {
        expect![[r#"
             Validate study: atomizer.study.validate
             Ask Claude: atomizer.openChat
            "ext_001" used by 1: atomizer.showReferences
            "ext_002" used by 1: atomizer.showReferences
            "ext_003" used by 1: atomizer.showReferences
            "explore" used by 1: atomizer.showReferences
            "refine" used by 1: atomizer.showReferences
            1 not used: atomizer.showReferences
            2 used by 2: atomizer.showReferences
            3 used by 3: atomizer.showReferences
            4 used by 3: atomizer.showReferences
        "#]]
        .assert_eq(&shown(MIRROR));
    }

    #[test]
    fn an_empty_text_has_no_lens() {
        assert_eq!(shown(""), "");
    }

    #[test]
    fn the_chat_is_opened_with_what_it_is_about() {
        let snapshot = snapshot("{}");
        let command = open_chat(
            &snapshot,
            "Ask".into(),
            Some(snapshot.range(0..2)),
            Some("why?".into()),
        );
        expect![[r#"[{"textDocument":{"uri":"file:///studies/s/atomizer_spec.json"},"selection":{"start":{"line":0,"character":0},"end":{"line":0,"character":2}},"message":"why?"}]"#]]
            .assert_eq(&json!(command.arguments).to_string());
    }
}
