//! A model of editor, disk and Claude at random, against the delivery of changes: nobody may lose a character.
//!
//! One seed is one story: the user types, saves, reloads, reverts; Claude writes; the client is slow, refuses, drops edits and
//! says it applied them, or never answers. Time is tokio's paused clock, so a story of minutes takes milliseconds and
//! is the same every time. A failing seed prints its story.

mod editor;
mod story;

use std::{
    collections::VecDeque,
    sync::{Arc, mpsc},
    time::Duration,
};

use lsp_types::{DidChangeTextDocumentParams, Url, VersionedTextDocumentIdentifier};
use serde_json::Value;
use tower_lsp::jsonrpc::{Id, Response};

use self::{
    editor::{Dice, Editor, Manner},
    story::Story,
};
use super::{
    client::Client,
    delivery::{Delivered, Delivery},
    main_loop::{self, Events},
    notifications::{did_change::did_change, did_open::did_open},
    outbox::Outbox,
    roots::Managers,
    state::State,
};
use crate::session::types::Applied;

/// Stories that are told where `ATOMIZER_MODEL_SEEDS` says nothing else.
const SEEDS: u64 = 2000;
const STEPS: usize = 25;
const START: &str = r#"{
  "meta": { "version": "2.0", "study_name": "model" },
  "design_variables": [
    { "id": "dv_001", "name": "a", "bounds": { "min": 1, "max": 9 }, "baseline": 2 },
    { "id": "dv_002", "name": "b", "bounds": { "min": 2.50, "max": 8e0 }, "baseline": 3 }
  ],
  "canvas": { "edges": [] }
}
"#;

fn uri() -> Url {
    Url::parse("file:///studies/model/atomizer_spec.json").expect("a uri")
}

/// A change on its way: the file before and after, and what becomes of it.
struct Sent {
    base: String,
    theirs: String,
    delivered: tokio::task::JoinHandle<Delivered>,
}

/// A change that has arrived, or not.
struct Arrived {
    base: String,
    theirs: String,
    delivered: Delivered,
}

impl Arrived {
    /// The user has been told of `mark`: it waits in a conflict, or the editor would not take the change that brought it.
    fn accounts_for(&self, mark: &str) -> bool {
        let conflicts = self.delivered.conflicts.iter();
        let mut theirs = conflicts.map(|conflict| format!("{:?}", conflict.theirs));
        let refused = self.delivered.applied == Applied::Rejected;
        theirs.any(|theirs| theirs.contains(mark))
            || refused && self.theirs.contains(mark) && !self.base.contains(mark)
    }
}

struct World {
    story: Story,
    events: Events,
    outbox: Outbox,
    frames: mpsc::Receiver<Vec<u8>>,
    deliveries: Vec<Sent>,
    last: Option<tokio::sync::oneshot::Receiver<()>>,
}

impl World {
    fn new(seed: u64) -> World {
        let (outbox, frames) = Outbox::unwritten();
        let (events, inbox) = Events::new();
        let managers = Managers::new(events.clone(), outbox.clone());
        let mut state = State::new(events.clone(), outbox.clone(), managers);
        state.client = Arc::new(Client {
            apply_edit: true,
            versioned_edits: true,
            pull_diagnostics: true,
            ..Client::default()
        });
        tokio::spawn(main_loop::run(state, inbox));
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let manner = [Manner::Honest, Manner::Drops, Manner::Lies, Manner::Mute][dice.roll(4)];
        let editor = Editor {
            manner,
            buffer: START.into(),
            version: 1,
            clean: START.into(),
            wire: VecDeque::new(),
            requests: 0,
        };
        let item = lsp_types::TextDocumentItem::new(uri(), "json".into(), 1, START.into());
        events.send(move |state| {
            did_open(
                state,
                lsp_types::DidOpenTextDocumentParams {
                    text_document: item,
                },
            )
        });
        let story = Story {
            dice,
            editor,
            disk: START.into(),
            typed: Vec::new(),
            written: Vec::new(),
            half: None,
            showed_half: false,
            changes: Vec::new(),
            log: vec![format!("{manner:?}")],
            marks: 0,
        };
        World {
            story,
            events,
            outbox,
            frames,
            deliveries: Vec::new(),
            last: None,
        }
    }

    /// Hands over what the server has sent, and `most` of the messages that are under way to it.
    fn exchange(&mut self, most: usize) {
        while let Ok(frame) = self.frames.try_recv() {
            let body = frame
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
                .expect("a header")
                + 4;
            let message: Value = serde_json::from_slice(&frame[body..]).expect("a message");
            if message["method"] == "workspace/applyEdit" {
                self.story.log.push(format!(
                    "edit for {}",
                    message["params"]["edit"]["documentChanges"][0]["textDocument"]["version"]
                ));
                self.story.editor.asked(&message);
            }
        }
        for _ in 0..most {
            let Some(message) = self.story.editor.wire.pop_front() else {
                return;
            };
            if let Some(id) = message.get("id") {
                let id = Id::Number(id.as_i64().expect("a number"));
                self.outbox
                    .answered(Response::from_ok(id, message["answer"].clone()));
            } else {
                let version = message["version"].as_i64().expect("a version") as i32;
                let change = serde_json::from_value(message["change"].clone()).expect("a change");
                let text_document = VersionedTextDocumentIdentifier {
                    uri: uri(),
                    version,
                };
                let params = DidChangeTextDocumentParams {
                    text_document,
                    content_changes: vec![change],
                };
                self.events.send(move |state| did_change(state, params));
            }
        }
    }

    /// Changes of one file are delivered one after the other, as the turn engine does.
    fn deliver(&mut self, base: String, theirs: String) {
        let delivery = Delivery {
            events: self.events.clone(),
            label: "Claude: model".into(),
            path: uri().to_file_path().expect("a path"),
            base: Some(base.as_str().into()),
            theirs: theirs.as_str().into(),
            of_file: true,
            keep: None,
        };
        let before = self.last.take();
        let (done, after) = tokio::sync::oneshot::channel();
        self.last = Some(after);
        let delivered = tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            let delivered = delivery.run().await;
            let _ = done.send(());
            delivered
        });
        self.deliveries.push(Sent {
            base,
            theirs,
            delivered,
        });
    }

    async fn step(&mut self) {
        if self.story.dice.roll(2) == 0 {
            self.claude_ends_writing();
        }
        match self.story.dice.roll(11) {
            0..=2 => self.story.user_types(),
            3 => self.story.user_begins_a_line(),
            4 => self.story.user_ends_a_line(),
            5 => self.story.save(),
            6 => self.story.reload(),
            7 => self.story.claude_begins_to_write(),
            8 => {
                if let Some((base, theirs)) = self.story.revert() {
                    self.deliver(base, theirs);
                }
            }
            _ => {
                if let Some((base, theirs)) = self.story.claude_writes() {
                    self.deliver(base, theirs);
                }
            }
        }
        let under_way = self.story.dice.roll(3);
        self.exchange(under_way);
        let pause = [0, 1, 30, 300, 1500][self.story.dice.roll(5)];
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    fn claude_ends_writing(&mut self) {
        if let Some((base, theirs)) = self.story.claude_ends_writing() {
            self.deliver(base, theirs);
        }
    }

    /// Everything arrives; every delivery ends; the user saves what he sees.
    async fn end(&mut self) -> Vec<Arrived> {
        self.claude_ends_writing();
        let mut arrived = Vec::new();
        for mut sent in std::mem::take(&mut self.deliveries) {
            loop {
                self.exchange(usize::MAX);
                let wait = Duration::from_millis(10);
                if let Ok(done) = tokio::time::timeout(wait, &mut sent.delivered).await {
                    arrived.push(Arrived {
                        base: sent.base,
                        theirs: sent.theirs,
                        delivered: done.expect("no panic"),
                    });
                    break;
                }
            }
        }
        self.exchange(usize::MAX);
        self.story.save();
        arrived
    }
}

async fn tell(seed: u64) -> Result<(), String> {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step().await;
    }
    let arrived = world.end().await;
    let Story {
        editor,
        disk,
        typed,
        written,
        log,
        ..
    } = &world.story;
    let stored = |mark: &String| {
        let texts = world.story.changes.iter().any(|(_, before, after)| {
            before.contains(mark.as_str()) || after.contains(mark.as_str())
        });
        world.story.showed_half && texts
    };
    let kept = |mark: &String| {
        editor.buffer.contains(mark.as_str())
            || stored(mark)
            || arrived.iter().any(|it| it.accounts_for(mark))
    };
    let fault = typed
        .iter()
        .find(|mark| !editor.buffer.contains(mark.as_str()) && !stored(mark))
        .map(|mark| format!("the user's {mark} is gone"))
        .or_else(|| {
            written
                .iter()
                .find(|mark| !kept(mark))
                .map(|mark| format!("Claude's {mark} is gone"))
        });
    let server = world
        .events
        .read(|state| state.documents[&uri()].text().to_string())
        .await;
    let apart = (server.as_deref() != Some(editor.buffer.as_str()))
        .then(|| "server and editor differ".to_owned());
    let unsaved =
        (*disk != editor.buffer).then(|| "buffer and file differ after a save".to_owned());
    match fault.or(apart).or(unsaved) {
        None => Ok(()),
        Some(fault) => Err(format!(
            "seed {seed}: {fault}\n{}\nbuffer:\n{}\ndisk:\n{disk}",
            log.join("\n"),
            editor.buffer
        )),
    }
}

#[test]
fn whatever_happens_nobody_loses_a_character() {
    let seeds = std::env::var("ATOMIZER_MODEL_SEEDS").ok();
    let seeds = seeds.map_or(SEEDS, |seeds| seeds.parse().expect("a number of stories"));
    let faults: Vec<String> = (1..=seeds)
        .filter_map(|seed| story(seed).err())
        .take(3)
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

fn story(seed: u64) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(tell(seed))
}
