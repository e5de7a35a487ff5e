//! The wire between the model's editor and a real main loop.

use std::sync::{Arc, mpsc};

use lsp_types::{
    DidChangeTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    TextDocumentIdentifier, TextDocumentItem, Url, VersionedTextDocumentIdentifier,
};
use serde_json::Value;
use tower_lsp::jsonrpc::{Id, Response};

use super::{
    super::{
        client::Client,
        main_loop::{self, Events},
        notifications::{did_change::did_change, did_open::did_open, did_save::did_save},
        outbox::Outbox,
        roots::Managers,
        state::State,
    },
    editor::Editor,
};

pub(super) struct Line {
    pub events: Events,
    pub managers: Managers,
    outbox: Outbox,
    frames: mpsc::Receiver<Vec<u8>>,
    uri: Url,
    /// Versions that the server sent edits for.
    pub edits: Vec<Value>,
    /// What the user was told.
    pub told: Vec<String>,
}

impl Line {
    /// To a server that has opened `uri` with `text`.
    pub(super) fn open(uri: Url, text: &str) -> Line {
        let (outbox, frames) = Outbox::unwritten();
        let (events, inbox) = Events::new();
        let managers = Managers::new(events.clone(), outbox.clone());
        let mut state = State::new(events.clone(), outbox.clone(), managers.clone());
        state.client = Arc::new(Client {
            apply_edit: true,
            versioned_edits: true,
            pull_diagnostics: true,
            ..Client::default()
        });
        tokio::spawn(main_loop::run(state, inbox));
        let text_document = TextDocumentItem::new(uri.clone(), "json".into(), 1, text.into());
        events.send(move |state| did_open(state, DidOpenTextDocumentParams { text_document }));
        Line {
            events,
            managers,
            outbox,
            frames,
            uri,
            edits: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Hands over what the server has sent, and `most` of the messages that are under way to it.
    pub(super) fn exchange(&mut self, editor: &mut Editor, log: &mut Vec<String>, most: usize) {
        while let Ok(frame) = self.frames.try_recv() {
            let body = frame
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
                .expect("a header")
                + 4;
            let message: Value = serde_json::from_slice(&frame[body..]).expect("a message");
            let params = &message["params"];
            if message["method"] == "workspace/applyEdit" {
                let version = &params["edit"]["documentChanges"][0]["textDocument"]["version"];
                log.push(format!("edit for {version}"));
                self.edits.push(version.clone());
                editor.asked(&message);
            } else if message["method"] == "window/showMessage" {
                let told = params["message"].as_str().expect("a text");
                log.push(format!("told: {told}"));
                self.told.push(told.to_owned());
            }
        }
        for _ in 0..most {
            match editor.wire.pop_front() {
                Some(message) => self.arrives(message),
                None => return,
            }
        }
    }

    fn arrives(&self, message: Value) {
        let uri = self.uri.clone();
        if let Some(id) = message.get("id") {
            let id = Id::Number(id.as_i64().expect("a number"));
            self.outbox
                .answered(Response::from_ok(id, message["answer"].clone()));
        } else if let Some(version) = message["version"].as_i64() {
            let change = serde_json::from_value(message["change"].clone()).expect("a change");
            let params = DidChangeTextDocumentParams {
                text_document: VersionedTextDocumentIdentifier {
                    uri,
                    version: version as i32,
                },
                content_changes: vec![change],
            };
            self.events.send(move |state| did_change(state, params));
        } else {
            let params = DidSaveTextDocumentParams {
                text_document: TextDocumentIdentifier { uri },
                text: None,
            };
            self.events.send(move |state| did_save(state, params));
        }
    }

    /// The document as the server has it.
    pub(super) async fn servers_text(&self) -> Option<String> {
        let uri = self.uri.clone();
        let text = self.events.read(move |state| {
            let document = state.documents.get(&uri)?;
            Some(document.text().to_string())
        });
        text.await.flatten()
    }
}
