//! A model of editor, disk and Claude at random, against the delivery of changes: nobody may lose a character.
//!
//! One seed is one story: the user types, saves, reloads, reverts; Claude writes; the client is slow, refuses, drops edits and
//! says it applied them, or never answers. Time is tokio's paused clock, so a story of minutes takes milliseconds and
//! is the same every time. A failing seed prints its story.

use std::{
    collections::VecDeque,
    sync::{Arc, mpsc},
    time::Duration,
};

use lsp_types::{
    DidChangeTextDocumentParams, Range, TextDocumentContentChangeEvent, Url,
    VersionedTextDocumentIdentifier,
};
use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Id, Response};

use super::{
    client::Client,
    delivery::{Delivered, Delivery},
    main_loop::{self, Events},
    merging::plan,
    notifications::{did_change::did_change, did_open::did_open},
    outbox::Outbox,
    roots::Managers,
    state::State,
};
use crate::{
    session::types::Applied,
    spec::syntax::{Kind, Parsed},
    text::{Edit, Encoding, Text},
};

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

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// How a client treats an edit for a text that it does not have any more, and how honest it is otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    /// Refuses stale edits and says so.
    Honest,
    /// Drops stale edits and says that it applied them, as Neovim does.
    Drops,
    /// As honest, but drops every third edit and says that it applied it.
    Lies,
    /// As honest, but gives no answer to every third request.
    Mute,
}

struct Editor {
    manner: Manner,
    buffer: String,
    version: i32,
    /// The buffer when it was last loaded or saved.
    clean: String,
    /// Messages to the server that are still under way, in order.
    wire: VecDeque<Value>,
    requests: usize,
}

struct Story {
    dice: Dice,
    editor: Editor,
    disk: String,
    /// What the user typed and did not himself remove.
    typed: Vec<String>,
    /// What Claude wrote, by its own mark.
    written: Vec<String>,
    /// A write of Claude's that is half done, or whose old file is gone and the new one not there yet: the file before
    /// and after.
    half: Option<(String, String)>,
    /// The editor once showed half a file; what its user saves then cuts the file, and only the store has the rest.
    showed_half: bool,
    /// Each change by Claude: its mark, the file before and after.
    changes: Vec<(String, String, String)>,
    log: Vec<String>,
    marks: usize,
}

fn uri() -> Url {
    Url::parse("file:///studies/model/atomizer_spec.json").expect("a uri")
}

fn parsed(text: &str) -> Parsed {
    Parsed::new(Text::from(text))
}

/// A key with a value of its own put into one of the text's objects, which one by `choice`.
fn with_mark(text: &str, mark: &str, choice: usize) -> Option<Edit> {
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
fn with_number(text: &str, mark: &str, choice: usize) -> Option<Edit> {
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

fn applied(text: &str, edit: &Edit) -> String {
    let mut text = text.to_owned();
    text.replace_range(edit.range.clone(), &edit.insert);
    text
}

impl Editor {
    fn change(&mut self, range: Option<Range>, insert: String, text: String) {
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

    fn type_edit(&mut self, edit: &Edit) {
        let range = Text::from(self.buffer.as_str()).range(edit.range.clone(), Encoding::Utf16);
        let text = applied(&self.buffer, edit);
        self.change(Some(range), edit.insert.clone(), text);
    }

    /// `workspace/applyEdit` arrives.
    fn asked(&mut self, request: &Value) {
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

impl Story {
    fn mark(&mut self, who: char) -> String {
        self.marks += 1;
        match who {
            // As a number, it is told from the text's own by its size.
            'n' => format!("{}", 100_000 + self.marks),
            _ => format!("{who}{:04}", self.marks),
        }
    }

    fn user_types(&mut self) {
        let (mark, edit) = if self.dice.roll(2) == 0 {
            let mark = self.mark('u');
            let choice = self.dice.roll(50);
            let edit = with_mark(&self.editor.buffer, &mark, choice);
            (mark, edit)
        } else {
            let mark = self.mark('n');
            let choice = self.dice.roll(50);
            let edit = with_number(&self.editor.buffer, &mark, choice);
            (mark, edit)
        };
        let Some(edit) = edit else { return };
        let gone = self.editor.buffer[edit.range.clone()].to_owned();
        self.typed.retain(|typed| *typed != gone);
        self.written.retain(|written| *written != gone);
        self.log
            .push(format!("user puts {mark} at {:?}", edit.range));
        self.editor.type_edit(&edit);
        self.typed.push(mark);
    }

    /// A line that is no JSON yet, and its end a moment later.
    fn user_begins_a_line(&mut self) {
        let mark = self.mark('u');
        let Some(edit) = with_mark(&self.editor.buffer, &mark, 0) else {
            return;
        };
        let half = edit.insert.find(':').expect("a colon");
        self.log.push(format!("user begins {mark}"));
        self.editor.type_edit(&Edit {
            range: edit.range,
            insert: edit.insert[..half].to_owned(),
        });
        self.typed.push(mark);
    }

    fn user_ends_a_line(&mut self) {
        let Some(mark) = self
            .typed
            .iter()
            .rfind(|mark| mark.starts_with('u'))
            .cloned()
        else {
            return;
        };
        let unfinished = format!("\"{mark}\"");
        let Some(at) = self.editor.buffer.find(&unfinished) else {
            return;
        };
        let end = at + unfinished.len();
        if self.editor.buffer[end..].starts_with(':') {
            return;
        }
        self.log.push(format!("user ends {mark}"));
        self.editor.type_edit(&Edit {
            range: end..end,
            insert: ": 1,".into(),
        });
    }

    /// Claude's write of a file in two steps, as a program does that does not replace it.
    fn claude_begins_to_write(&mut self) {
        let Some((before, after)) = self.claude_writes() else {
            return;
        };
        let at = self.dice.roll(after.len());
        let at = (0..=at)
            .rev()
            .find(|at| after.is_char_boundary(*at))
            .unwrap_or(0);
        self.log.push(format!("of it only {at} bytes for now"));
        after[..at].clone_into(&mut self.disk);
        self.half = Some((before, after));
    }

    fn claude_ends_writing(&mut self) -> Option<(String, String)> {
        let (before, after) = self.half.take()?;
        self.log.push("and all of it".into());
        self.disk.clone_from(&after);
        Some((before, after))
    }

    fn claude_writes(&mut self) -> Option<(String, String)> {
        if self.half.is_some() {
            return None;
        }
        let (mark, edit) = if self.dice.roll(2) == 0 {
            let mark = self.mark('c');
            let choice = self.dice.roll(50);
            let edit = with_mark(&self.disk, &mark, choice);
            (mark, edit)
        } else {
            let mark = self.mark('n');
            let choice = self.dice.roll(50);
            let edit = with_number(&self.disk, &mark, choice);
            (mark, edit)
        };
        let edit = edit?;
        // Over what it replaces, on disk and knowingly, Claude is the author of the change.
        let gone = self.disk[edit.range.clone()].to_owned();
        self.typed.retain(|typed| *typed != gone);
        self.written.retain(|written| *written != gone);
        let theirs = applied(&self.disk, &edit);
        let base = std::mem::replace(&mut self.disk, theirs);
        self.log.push(format!("claude puts {mark}"));
        self.changes
            .push((mark.clone(), base.clone(), self.disk.clone()));
        self.written.push(mark);
        Some((base, self.disk.clone()))
    }

    /// `turn/revert`: the file and the editor get the turn's former text, merged with what came later.
    fn revert(&mut self) -> Option<(String, String)> {
        if self.half.is_some() {
            return None;
        }
        let choice = self.dice.roll(self.changes.len().max(1));
        let (mark, before, after) = self.changes.get(choice)?.clone();
        self.log.push(format!("revert of {mark}"));
        self.written.retain(|written| *written != mark);
        let disk = parsed(&self.disk);
        let plan = plan(Some(&after), &disk, &before, false);
        self.disk = disk.text().with_edits(&plan.edits).to_string();
        Some((after, before))
    }

    /// Not over a file that is changing at that moment: editors refuse that.
    fn save(&mut self) {
        if self.half.is_some() {
            return;
        }
        self.log.push("user saves".into());
        self.disk.clone_from(&self.editor.buffer);
        self.editor.clean.clone_from(&self.editor.buffer);
    }

    /// As editors do by themselves with a buffer that was not changed.
    fn reload(&mut self) {
        if self.editor.buffer == self.editor.clean && self.editor.buffer != self.disk {
            self.log.push("editor reloads".into());
            self.showed_half |= self.half.is_some();
            let disk = self.disk.clone();
            self.editor.clean.clone_from(&disk);
            self.editor.change(None, disk.clone(), disk);
        }
    }
}

struct World {
    story: Story,
    events: Events,
    outbox: Outbox,
    frames: mpsc::Receiver<Vec<u8>>,
    deliveries: Vec<tokio::task::JoinHandle<Delivered>>,
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
            base: Some(base.into()),
            theirs: theirs.into(),
            of_file: true,
            keep: None,
        };
        let before = self.last.take();
        let (done, after) = tokio::sync::oneshot::channel();
        self.last = Some(after);
        self.deliveries.push(tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            let delivered = delivery.run().await;
            let _ = done.send(());
            delivered
        }));
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

    /// Everything arrives; every delivery ends.
    async fn end(&mut self) -> Vec<Delivered> {
        self.claude_ends_writing();
        let mut delivered = Vec::new();
        for mut delivery in std::mem::take(&mut self.deliveries) {
            loop {
                self.exchange(usize::MAX);
                if let Ok(done) =
                    tokio::time::timeout(Duration::from_millis(10), &mut delivery).await
                {
                    delivered.push(done.expect("no panic"));
                    break;
                }
            }
        }
        self.exchange(usize::MAX);
        delivered
    }
}

async fn tell(seed: u64) -> Result<(), String> {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step().await;
    }
    let delivered = world.end().await;
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
        let conflict = |delivered: &Delivered| {
            delivered
                .conflicts
                .iter()
                .any(|conflict| format!("{:?}", conflict.theirs).contains(mark.as_str()))
        };
        editor.buffer.contains(mark.as_str())
            || disk.contains(mark.as_str())
            || stored(mark)
            || delivered
                .iter()
                .any(|it| conflict(it) || it.applied == Applied::Rejected)
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
    match fault.or(apart) {
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
    let faults: Vec<String> = (1..=SEEDS)
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
