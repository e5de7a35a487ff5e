//! Where checks put what they find.

use std::ops::Range;

use super::{Code, Finding, Fix, Related, Tag, insert::Insert};
use crate::text::Edit;

/// A finding in the making.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub finding: Finding,
    /// What is missing, for a fix that depends on the rest of the spec.
    pub insert: Option<Insert>,
    /// It is about the key of its entry, which stands before the entry.
    pub at_key: bool,
    /// It is about the entry as such, not about something in it.
    pub top: bool,
}

/// Where checks put what they find.
pub(super) struct Out {
    code: Code,
    /// What is found now is about the entry as such.
    pub top: bool,
    pub found: Vec<Raw>,
}

impl Out {
    pub fn new() -> Self {
        Self {
            code: Code::SyntaxError,
            top: false,
            found: Vec::new(),
        }
    }

    /// From here on, findings are of this check.
    pub fn begin(&mut self, code: Code) {
        self.code = code;
    }

    pub fn report(
        &mut self,
        range: Range<usize>,
        pointer: String,
        message: impl Into<String>,
    ) -> &mut Raw {
        let (related, fixes, tags) = (Vec::new(), Vec::new(), Vec::new());
        let severity = self.code.row().severity;
        let finding = Finding {
            code: self.code,
            severity,
            message: message.into(),
            range,
            related,
            fixes,
            tags,
            pointer,
        };
        let top = self.top || finding.pointer.is_empty();
        self.found.push(Raw {
            finding,
            insert: None,
            at_key: false,
            top,
        });
        // Just pushed.
        let last = self.found.len() - 1;
        &mut self.found[last]
    }
}

impl Raw {
    pub fn related(&mut self, range: Range<usize>, message: impl Into<String>) -> &mut Self {
        self.finding.related.push(Related {
            range,
            message: message.into(),
        });
        self
    }

    pub fn fix(&mut self, title: impl Into<String>, edits: Vec<Edit>, safe: bool) -> &mut Self {
        let title = title.into();
        self.finding.fixes.push(Fix { title, edits, safe });
        self
    }

    /// Replaces the value at the finding's place.
    pub fn change_to(&mut self, text: String, safe: bool) -> &mut Self {
        let edits = vec![Edit {
            range: self.finding.range.clone(),
            insert: text.clone(),
        }];
        self.fix(format!("Change to {text}"), edits, safe)
    }

    pub fn unnecessary(&mut self) -> &mut Self {
        self.finding.tags.push(Tag::Unnecessary);
        self
    }

    /// All its places in the text.
    pub fn places(&mut self) -> impl Iterator<Item = &mut Range<usize>> {
        let finding = &mut self.finding;
        let related = finding.related.iter_mut().map(|related| &mut related.range);
        let edits = finding
            .fixes
            .iter_mut()
            .flat_map(|fix| &mut fix.edits)
            .map(|edit| &mut edit.range);
        [&mut finding.range].into_iter().chain(related).chain(edits)
    }

    /// Moves all places by `from` → `to`.
    pub fn shift(&mut self, from: usize, to: usize) {
        for range in self.places() {
            *range = range.start - from + to..range.end - from + to;
        }
    }
}
