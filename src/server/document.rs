//! One open document: its text as the client has it, and the tree parsed from it.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    time::SystemTime,
};

use lsp_types::{TextDocumentContentChangeEvent, Url};

use crate::{
    spec::syntax::Parsed,
    text::{Edit, Encoding, Text},
};

/// Texts up to this size are parsed in the main loop when they come whole; it takes less than a millisecond.
const PARSED_AT_ONCE: usize = 128 * 1024;

/// Saves that are remembered: a text that somebody finds in the file may have been saved before the last one, where the
/// user saves again at once.
const SAVES: usize = 4;

/// A job that needs the tree of the present text.
pub type Waiter = Box<dyn FnOnce(&Parsed, i32) + Send>;

/// An open document.
pub struct Document {
    /// As the client spells it.
    pub uri: Url,
    /// Of the last `didOpen` or `didChange`.
    pub version: i32,
    /// Rises with every open of whatever document: tells a reopened document from the former one, whose versions
    /// may be the same.
    pub generation: u64,
    /// It is an `atomizer_spec.json`.
    pub is_spec: bool,
    /// Its file without symbolic links, once that is found out.
    pub canonical: Option<PathBuf>,
    /// The last text of it that the file was seen to have too, and when: opened, reloaded, saved or brought in.
    pub loaded: Option<(Text, SystemTime)>,
    /// Its texts at the last `didSave`s, and when those came; the latest last.
    saves: VecDeque<(Text, SystemTime)>,
    tree: Tree,
}

enum Tree {
    Ready(Parsed),
    /// Being parsed elsewhere, from an older text perhaps.
    Pending {
        text: Text,
        waiters: Vec<Waiter>,
    },
}

/// A text to be parsed off the loop; the result goes to [`Document::parsed`].
pub struct ParseJob {
    /// The text.
    pub text: Text,
    /// Which state of which document it is.
    pub stamp: Stamp,
}

/// Tells the text of a [`ParseJob`] from every other: versions begin anew when a document is opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    generation: u64,
    version: i32,
}

impl Document {
    /// A document as `didOpen` brings it.
    pub fn open(
        uri: Url,
        language: &str,
        version: i32,
        generation: u64,
        text: String,
    ) -> (Document, Option<ParseJob>) {
        let name = uri
            .path_segments()
            .and_then(|mut segments| segments.next_back().map(str::to_owned));
        let is_spec =
            language == "atomizer-spec" || name.is_some_and(|name| name == crate::study::SPEC_FILE);
        let tree = Tree::Pending {
            text: Text::from(""),
            waiters: Vec::new(),
        };
        let mut document = Document {
            uri,
            version,
            generation,
            is_spec,
            canonical: None,
            loaded: None,
            saves: VecDeque::new(),
            tree,
        };
        let job = document.replace(Text::from(text));
        (document, job)
    }

    /// The file behind it, where it has one.
    pub fn path(&self) -> Option<PathBuf> {
        path_of(&self.uri)
    }

    /// Its file is `path`, as it is spelled or without symbolic links.
    pub fn is_file(&self, path: &Path) -> bool {
        self.canonical.as_deref() == Some(path) || self.path().as_deref() == Some(path)
    }

    /// The file had the present text when it was last seen: an editor reloads it by itself when the file changes.
    pub fn is_clean(&self) -> bool {
        let text = self.text();
        self.known().any(|(known, _)| *known == text)
    }

    /// Texts of it that the file was seen to have too, and when.
    pub fn known(&self) -> impl Iterator<Item = &(Text, SystemTime)> {
        self.loaded.iter().chain(&self.saves)
    }

    /// What the user saved last, the latest last, and when that was told.
    pub fn saves(&self) -> impl DoubleEndedIterator<Item = &(Text, SystemTime)> {
        self.saves.iter()
    }

    /// The user saved the present text.
    pub fn save(&mut self) {
        if self.saves.len() == SAVES {
            self.saves.pop_front();
        }
        let text = self.text();
        self.saves.push_back((text, SystemTime::now()));
    }

    /// The present text; cheap.
    pub fn text(&self) -> Text {
        match &self.tree {
            Tree::Ready(parsed) => parsed.text().clone(),
            Tree::Pending { text, .. } => text.clone(),
        }
    }

    /// The tree of the present text, where it is there already.
    pub fn ready(&self) -> Option<&Parsed> {
        match &self.tree {
            Tree::Ready(parsed) => Some(parsed),
            Tree::Pending { .. } => None,
        }
    }

    /// Applies the changes of one `didChange`, each to the text that the former one left (LSP
    /// `DidChangeTextDocumentParams`).
    pub fn change(
        &mut self,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Option<ParseJob> {
        self.version = version;
        let mut job = None;
        for change in changes {
            match change.range {
                Some(range) => job = self.edit(range, change.text, encoding).or(job),
                None => job = self.replace(Text::from(change.text)),
            }
        }
        // Each change made the job of the former one stale.
        job.map(|_| ParseJob {
            text: self.text(),
            stamp: self.stamp(),
        })
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            generation: self.generation,
            version: self.version,
        }
    }

    fn edit(
        &mut self,
        range: lsp_types::Range,
        insert: String,
        encoding: Encoding,
    ) -> Option<ParseJob> {
        let stamp = self.stamp();
        match &mut self.tree {
            Tree::Ready(parsed) => {
                let range = parsed.text().offsets(range, encoding);
                *parsed = parsed.edit(&[Edit { range, insert }]);
                None
            }
            Tree::Pending { text, .. } => {
                let range = text.offsets(range, encoding);
                *text = text.with_edits(&[Edit { range, insert }]);
                Some(ParseJob {
                    text: text.clone(),
                    stamp,
                })
            }
        }
    }

    fn replace(&mut self, text: Text) -> Option<ParseJob> {
        let waiters = match &mut self.tree {
            Tree::Pending { waiters, .. } => std::mem::take(waiters),
            Tree::Ready(_) => Vec::new(),
        };
        if text.len() <= PARSED_AT_ONCE {
            self.become_ready(Parsed::new(text), waiters);
            return None;
        }
        self.tree = Tree::Pending {
            text: text.clone(),
            waiters,
        };
        Some(ParseJob {
            text,
            stamp: self.stamp(),
        })
    }

    /// Takes what a [`ParseJob`] gave; stale ones are dropped.
    pub fn parsed(&mut self, stamp: Stamp, parsed: Parsed) {
        if stamp != self.stamp() {
            return;
        }
        if let Tree::Pending { waiters, .. } = &mut self.tree {
            let waiters = std::mem::take(waiters);
            self.become_ready(parsed, waiters);
        }
    }

    fn become_ready(&mut self, parsed: Parsed, waiters: Vec<Waiter>) {
        for waiter in waiters {
            waiter(&parsed, self.version);
        }
        self.tree = Tree::Ready(parsed);
    }

    /// Hands the tree of the present text, or of a later one, to `waiter`: now or as soon as it is parsed.
    pub fn when_ready(&mut self, waiter: Waiter) {
        match &mut self.tree {
            Tree::Ready(parsed) => waiter(parsed, self.version),
            Tree::Pending { waiters, .. } => waiters.push(waiter),
        }
    }
}

/// The path of a `file:` URI.
pub fn path_of(uri: &Url) -> Option<PathBuf> {
    (uri.scheme() == "file")
        .then(|| uri.to_file_path().ok())
        .flatten()
}

/// The `file:` URI of an absolute path.
pub fn uri_of(path: &Path) -> Option<Url> {
    Url::from_file_path(path).ok()
}

#[cfg(test)]
mod tests {
    use lsp_types::{Position, Range};

    use super::*;

    fn document(text: &str) -> Document {
        let uri = Url::parse("file:///studies/a/atomizer_spec.json").expect("a uri");
        Document::open(uri, "json", 1, 1, text.into()).0
    }

    fn change(
        range: Option<((u32, u32), (u32, u32))>,
        text: &str,
    ) -> TextDocumentContentChangeEvent {
        let position = |(line, character)| Position { line, character };
        let range = range.map(|(start, end)| Range {
            start: position(start),
            end: position(end),
        });
        TextDocumentContentChangeEvent {
            range,
            range_length: None,
            text: text.into(),
        }
    }

    #[test]
    fn changes_of_one_message_apply_one_after_the_other() {
        let mut document = document("{}");
        document.change(
            2,
            vec![
                change(Some(((0, 1), (0, 1))), "\"é\": 1"),
                change(Some(((0, 6), (0, 7))), "[2]"),
            ],
            Encoding::Utf16,
        );
        assert_eq!(document.text().to_string(), "{\"é\": [2]}");
        assert_eq!(document.version, 2);
    }

    #[test]
    fn a_large_text_is_parsed_elsewhere_and_edits_meanwhile_are_kept() {
        let uri = Url::parse("file:///studies/a/atomizer_spec.json").expect("a uri");
        let large = format!("[{}0]", "0, ".repeat(PARSED_AT_ONCE));
        let (mut document, job) = Document::open(uri, "json", 1, 1, large.clone());
        let old = job.expect("a job");
        assert!(document.ready().is_none());
        let new = document
            .change(
                2,
                vec![change(Some(((0, 1), (0, 2))), "7")],
                Encoding::Utf16,
            )
            .expect("a new job");
        document.parsed(old.stamp, Parsed::new(old.text));
        assert!(document.ready().is_none(), "the old text's tree is stale");
        document.parsed(new.stamp, Parsed::new(new.text));
        let parsed = document.ready().expect("parsed");
        assert_eq!(parsed.text().to_string(), large.replacen('0', "7", 1));
    }

    #[test]
    fn a_tree_of_the_document_as_it_was_open_before_is_stale() {
        let uri = Url::parse("file:///studies/a/atomizer_spec.json").expect("a uri");
        let (old, new) = (
            format!("[{}0]", "0, ".repeat(PARSED_AT_ONCE)),
            format!("[{}1]", "1, ".repeat(PARSED_AT_ONCE)),
        );
        let (_, closed) = Document::open(uri.clone(), "json", 1, 1, old);
        let (mut reopened, job) = Document::open(uri, "json", 1, 2, new.clone());
        let (closed, job) = (closed.expect("a job"), job.expect("a job"));
        reopened.parsed(closed.stamp, Parsed::new(closed.text));
        assert!(reopened.ready().is_none());
        reopened.parsed(job.stamp, Parsed::new(job.text));
        assert_eq!(
            reopened.ready().expect("parsed").text().to_string(),
            new,
            "what the client has opened last"
        );
    }
}
