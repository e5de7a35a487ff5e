//! Fixtures: a text with its cursor at `$0`, and places shown under the text as `^^^`.

use std::sync::{Arc, OnceLock};

use lsp_types::{TextEdit, Url};

use super::{Snapshot, Traits};
use crate::{
    spec::{
        checks::{Context, check},
        syntax::Parsed,
    },
    text::{Edit, Encoding, Text, apply},
};

/// The bracket of the examples.
pub const BRACKET: &str =
    include_str!("../../examples/studies/bracket_mass/1_setup/atomizer_spec.json");
/// The mirror of the examples.
pub const MIRROR: &str = include_str!("../../examples/studies/optics/m1_mirror/atomizer_spec.json");
/// All examples.
pub const EXAMPLES: [&str; 4] = [
    BRACKET,
    MIRROR,
    include_str!("../../examples/studies/gimbal_arm/1_setup/atomizer_spec.json"),
    include_str!("../../examples/studies/_inbox/draft_drone_frame/atomizer_spec.json"),
];

/// A client that can do everything.
pub const MODERN: Traits = Traits {
    encoding: Encoding::Utf8,
    snippets: true,
    replaces: true,
    markdown: true,
    markdown_docs: true,
    nested_symbols: true,
    definition_links: true,
    action_literals: true,
    resolves_edits: true,
    versioned_edits: true,
    prepares_rename: true,
    folds_lines: false,
};

/// The text without its `$0`, and where that was.
pub fn cursor(fixture: &str) -> (String, usize) {
    let at = fixture.find("$0").expect("the fixture has a cursor");
    (fixture.replacen("$0", "", 1), at)
}

/// A document of that text, with its findings.
pub fn snapshot_for(text: &str, traits: Traits) -> Snapshot {
    let parsed = Parsed::new(Text::from(text));
    let findings = Arc::new(check(&parsed, &Context::default()));
    Snapshot {
        uri: Url::parse("file:///studies/s/atomizer_spec.json").expect("a uri"),
        path: None,
        version: 7,
        parsed,
        findings,
        context: Arc::default(),
        traits,
        model: OnceLock::new(),
    }
}

/// The same for a client that can do everything.
pub fn snapshot(text: &str) -> Snapshot {
    snapshot_for(text, MODERN)
}

/// The document and the cursor of a fixture.
pub fn at_cursor(fixture: &str) -> (Snapshot, lsp_types::Position) {
    let (text, at) = cursor(fixture);
    let snapshot = snapshot(&text);
    let position = snapshot.position(at);
    (snapshot, position)
}

/// The lines that hold the ranges, without their indentation, each with `^` under what is meant.
pub fn marked(snapshot: &Snapshot, ranges: &[lsp_types::Range]) -> String {
    let text = snapshot.text().to_string();
    let lines: Vec<&str> = text.lines().collect();
    let mut shown = String::new();
    for range in ranges {
        let line = lines
            .get(range.start.line as usize)
            .copied()
            .unwrap_or_default();
        let until = if range.end.line == range.start.line {
            range.end.character as usize
        } else {
            line.len()
        };
        let indent = line.len() - line.trim_start().len();
        let from = range.start.character as usize;
        shown.push_str(&format!(
            "{}\n{}{}\n",
            line.trim_start(),
            " ".repeat(from.saturating_sub(indent)),
            "^".repeat(until.saturating_sub(from).max(1))
        ));
    }
    shown
}

/// The text after the edits.
pub fn applied(snapshot: &Snapshot, edits: &[TextEdit]) -> String {
    let mut edits: Vec<Edit> = edits
        .iter()
        .map(|edit| Edit {
            range: snapshot
                .text()
                .offsets(edit.range, snapshot.traits.encoding),
            insert: edit.new_text.clone(),
        })
        .collect();
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    apply(&snapshot.text().to_string(), &edits)
}
