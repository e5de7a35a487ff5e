//! The editor of the model: its buffer, its manners, and the wire from it to the server.

use std::collections::VecDeque;

use lsp_types::{Range, TextDocumentContentChangeEvent};
use serde_json::{Value, json};

use crate::{
    spec::syntax::{Kind, Parsed},
    text::{Edit, Encoding, Text},
};

pub(super) struct Dice(pub u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// How a client treats an edit for a text that it does not have any more, and how honest it is otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Manner {
    /// Refuses stale edits and says so.
    Honest,
    /// Drops stale edits and says that it applied them, as Neovim does.
    Drops,
    /// As honest, but drops every third edit and says that it applied it.
    Lies,
    /// As honest, but gives no answer to every third request.
    Mute,
}

pub(super) struct Editor {
    pub manner: Manner,
    pub buffer: String,
    pub version: i32,
    /// The buffer when it was last loaded or saved.
    pub clean: String,
    /// Messages to the server that are still under way, in order.
    pub wire: VecDeque<Value>,
    pub requests: usize,
}

pub(super) fn parsed(text: &str) -> Parsed {
    Parsed::new(Text::from(text))
}

/// A key with a value of its own put into one of the text's objects, which one by `choice`.
pub(super) fn with_mark(text: &str, mark: &str, choice: usize) -> Option<Edit> {
    let tree = parsed(text);
    if !tree.errors().is_empty() {
        return None;
    }
    let mut objects = Vec::new();
    let mut open: Vec<_> = tree.root().into_iter().collect();
    while let Some(node) = open.pop() {
        if node.kind() == Kind::Object {
            objects.push(node);
            open.extend(node.members().filter_map(|member| member.value()));
        }
        open.extend(node.elements());
    }
    let object = objects.get(choice % objects.len().max(1))?;
    let at = object.range().start + 1;
    let comma = if object.members().next().is_some() {
        ","
    } else {
        ""
    };
    Some(Edit {
        range: at..at,
        insert: format!(" \"{mark}\": 1{comma}"),
    })
}

/// A number of the text replaced by `mark`.
pub(super) fn with_number(text: &str, mark: &str, choice: usize) -> Option<Edit> {
    let tree = parsed(text);
    let mut numbers = Vec::new();
    let mut open: Vec<_> = tree.root().into_iter().collect();
    while let Some(node) = open.pop() {
        if node.kind() == Kind::Number {
            numbers.push(node.range());
        }
        open.extend(node.members().filter_map(|member| member.value()));
        open.extend(node.elements());
    }
    let range = numbers.get(choice % numbers.len().max(1))?.clone();
    Some(Edit {
        range,
        insert: mark.to_owned(),
    })
}

pub(super) fn applied(text: &str, edit: &Edit) -> String {
    let mut text = text.to_owned();
    text.replace_range(edit.range.clone(), &edit.insert);
    text
}

impl Editor {
    pub(super) fn new(manner: Manner, text: &str) -> Editor {
        Editor {
            manner,
            buffer: text.into(),
            version: 1,
            clean: text.into(),
            wire: VecDeque::new(),
            requests: 0,
        }
    }

    pub(super) fn change(&mut self, range: Option<Range>, insert: String, text: String) {
        self.version += 1;
        self.buffer = text;
        let change = TextDocumentContentChangeEvent {
            range,
            range_length: None,
            text: insert,
        };
        self.wire
            .push_back(json!({ "version": self.version, "change": change }));
    }

    pub(super) fn type_edit(&mut self, edit: &Edit) {
        let range = Text::from(self.buffer.as_str()).range(edit.range.clone(), Encoding::Utf16);
        let text = applied(&self.buffer, edit);
        self.change(Some(range), edit.insert.clone(), text);
    }

    /// `workspace/applyEdit` arrives.
    pub(super) fn asked(&mut self, request: &Value) {
        self.requests += 1;
        let id = request["id"].clone();
        let edit = &request["params"]["edit"]["documentChanges"][0];
        let stale = edit["textDocument"]["version"] != self.version;
        let misbehaves = self.requests.is_multiple_of(3);
        let (applies, answers) = match self.manner {
            Manner::Honest | Manner::Drops => (!stale, true),
            Manner::Lies => (!stale && !misbehaves, true),
            Manner::Mute => (!stale && !misbehaves, !misbehaves),
        };
        if applies {
            let text = Text::from(self.buffer.as_str());
            let edits: Vec<Edit> = edit["edits"]
                .as_array()
                .expect("edits")
                .iter()
                .map(|edit| {
                    let range: Range =
                        serde_json::from_value(edit["range"].clone()).expect("a range");
                    let insert = edit["newText"].as_str().expect("newText").to_owned();
                    Edit {
                        range: text.offsets(range, Encoding::Utf16),
                        insert,
                    }
                })
                .collect();
            let new = text.with_edits(&edits).to_string();
            self.change(None, new.clone(), new);
        }
        let says = applies || matches!(self.manner, Manner::Drops | Manner::Lies);
        if answers {
            self.wire
                .push_back(json!({ "id": id, "answer": { "applied": says } }));
        }
    }
}
