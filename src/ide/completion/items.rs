//! Items as LSP has them: which text they replace, with which quotes, colons and commas.
//!
//! Some clients (Neovim's own completion) insert an item at the cursor and delete nothing behind it. So inside a string an
//! edit ends at the closing quote that is there and does not bring one; where a whole member is to be written, those
//! clients get the rest behind the quote as an additional edit.

use std::{cell::RefCell, ops::Range};

use lsp_types::{CompletionItem, CompletionTextEdit, InsertTextFormat, TextEdit};

use super::{
    Candidate, Data, Write,
    site::{Site, Word},
    skeleton::escape,
};
use crate::ide::Snapshot;

/// Writes candidates into a site.
pub struct Writer<'a> {
    snapshot: &'a Snapshot,
    site: &'a Site,
    last: RefCell<(Range<usize>, lsp_types::Range)>,
}

/// The main edit of an item, and what goes in behind the word.
struct Main {
    range: Range<usize>,
    text: String,
    snippet: bool,
    filter: String,
    behind: Option<(usize, String)>,
}

impl<'a> Writer<'a> {
    pub fn new(snapshot: &'a Snapshot, site: &'a Site) -> Self {
        let start = lsp_types::Range::default();
        Writer {
            snapshot,
            site,
            last: RefCell::new((0..0, start)),
        }
    }

    /// A range for the client. Nearly all items replace the same one.
    fn range(&self, range: Range<usize>) -> lsp_types::Range {
        let mut last = self.last.borrow_mut();
        if last.0 != range {
            *last = (range.clone(), self.snapshot.range(range));
        }
        last.1
    }

    /// Between quotes only a string can be written, unless they can be replaced.
    pub fn fits(&self, candidate: &Candidate) -> bool {
        match (&self.site.word, &candidate.write) {
            (Word::Bare { .. }, _) => true,
            (Word::Open { .. }, Write::Literal(_)) => true,
            (Word::Closed { .. }, Write::Literal(_)) => self.snapshot.traits.replaces,
            (_, write) => matches!(write, Write::Word(_) | Write::Key(..)),
        }
    }

    /// The item; `index` keeps the order.
    pub fn item(&self, index: usize, candidate: Candidate) -> CompletionItem {
        let mut main = match &candidate.write {
            Write::Key(key, skeleton) => self.key(key, skeleton),
            Write::Word(word) => self.word(word),
            Write::Literal(literal) => self.bare(literal.clone(), false, &candidate.label),
            Write::Skeleton(skeleton) => {
                let snippets = self.snapshot.traits.snippets;
                let text = if snippets {
                    skeleton.snippet()
                } else {
                    skeleton.plain()
                };
                self.bare(text, snippets, &candidate.label)
            }
        };
        let insertion = |at: usize, new_text: String| TextEdit {
            range: self.snapshot.range(at..at),
            new_text,
        };
        let mut additional: Vec<TextEdit> = Vec::new();
        match self.site.sign_before {
            // Two edits at one place have no order.
            Some((at, sign)) if at == main.range.start => {
                main.text.insert_str(0, &format!("{sign} "));
            }
            Some((at, sign)) => additional.push(insertion(at, sign.into())),
            None => {}
        }
        additional.extend(main.behind.map(|(at, text)| insertion(at, text)));
        let data = candidate
            .about
            .map(|about| Data(self.snapshot.uri.clone(), about));
        CompletionItem {
            label: candidate.label,
            kind: Some(candidate.kind),
            detail: candidate.detail.filter(|detail| !detail.is_empty()),
            sort_text: Some(format!("{index:04}")),
            filter_text: Some(main.filter),
            insert_text_format: Some(if main.snippet {
                InsertTextFormat::SNIPPET
            } else {
                InsertTextFormat::PLAIN_TEXT
            }),
            text_edit: Some(CompletionTextEdit::Edit(TextEdit {
                range: self.range(main.range),
                new_text: main.text,
            })),
            additional_text_edits: (!additional.is_empty()).then_some(additional),
            data: data.and_then(|data| serde_json::to_value(data).ok()),
            ..CompletionItem::default()
        }
    }

    fn comma(&self) -> &'static str {
        if self.site.comma_after { "," } else { "" }
    }

    fn key(&self, key: &str, skeleton: &super::skeleton::Skeleton) -> Main {
        let snippets = self.snapshot.traits.snippets;
        let value = if snippets {
            skeleton.snippet()
        } else {
            skeleton.plain()
        };
        let comma = self.comma();
        let name = if snippets {
            escape(key)
        } else {
            key.to_owned()
        };
        let main = |range, text, filter| Main {
            range,
            text,
            snippet: snippets,
            filter,
            behind: None,
        };
        match &self.site.word {
            Word::Closed { inner, colon: true } => Main {
                snippet: false,
                ..main(inner.clone(), key.to_owned(), key.to_owned())
            },
            Word::Closed { .. } if self.snapshot.traits.replaces => main(
                self.site.word.outer(),
                format!("\"{name}\": {value}{comma}"),
                format!("\"{key}\""),
            ),
            Word::Closed { inner, .. } => Main {
                snippet: false,
                behind: Some((inner.end + 1, format!(": {}{comma}", skeleton.plain()))),
                ..main(inner.clone(), key.to_owned(), key.to_owned())
            },
            Word::Open { inner, colon: true } => Main {
                snippet: false,
                ..main(inner.clone(), format!("{key}\""), key.to_owned())
            },
            Word::Open { inner, .. } => main(
                inner.clone(),
                format!("{name}\": {value}{comma}"),
                key.to_owned(),
            ),
            Word::Bare { range, colon: true } => Main {
                snippet: false,
                ..main(range.clone(), format!("\"{key}\""), key.to_owned())
            },
            Word::Bare { range, .. } => main(
                range.clone(),
                format!("\"{name}\": {value}{comma}"),
                key.to_owned(),
            ),
        }
    }

    fn word(&self, word: &str) -> Main {
        let quoted = serde_json::Value::from(word).to_string();
        let content = &quoted[1..quoted.len() - 1];
        let comma = self.comma();
        let main = |range, text| Main {
            range,
            text,
            snippet: false,
            filter: word.to_owned(),
            behind: None,
        };
        match &self.site.word {
            Word::Closed { inner, .. } => Main {
                behind: (!comma.is_empty()).then(|| (inner.end + 1, comma.to_owned())),
                ..main(inner.clone(), content.to_owned())
            },
            Word::Open { inner, .. } => main(inner.clone(), format!("{content}\"{comma}")),
            Word::Bare { .. } => self.bare(quoted, false, word),
        }
    }

    /// A value that is not written between quotes that are there; it replaces them.
    fn bare(&self, text: String, snippet: bool, filter: &str) -> Main {
        let blank = if self.site.blank { " " } else { "" };
        // Compared with all that is replaced.
        let filter = match &self.site.word {
            Word::Closed { .. } => format!("\"{filter}\""),
            Word::Open { .. } => format!("\"{filter}"),
            Word::Bare { .. } => filter.to_owned(),
        };
        Main {
            range: self.site.word.outer(),
            text: format!("{blank}{text}{}", self.comma()),
            snippet,
            filter,
            behind: None,
        }
    }
}
