//! A model of editor, disk and Claude at random, against the delivery of changes: nobody may lose a character.
//!
//! One seed is one story: the user types, saves, reloads, reverts; Claude writes; the client is slow, refuses, drops edits and
//! says it applied them, or never answers. Time is tokio's paused clock, so a story of minutes takes milliseconds and
//! is the same every time. A failing seed prints its story.

mod by_hand;
mod editor;
mod line;
mod story;
mod turns;

use std::time::{Duration, SystemTime};

use lsp_types::Url;

use self::{line::Line, story::Story};
use super::{
    delivery::{Delivered, Delivery},
    merging::Change,
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
    line: Line,
    deliveries: Vec<Sent>,
    last: Option<tokio::sync::oneshot::Receiver<()>>,
}

impl World {
    fn new(seed: u64) -> World {
        World {
            story: Story::new(seed, START),
            line: Line::open(uri(), START),
            deliveries: Vec::new(),
            last: None,
        }
    }

    fn exchange(&mut self, most: usize) {
        let Story { editor, log, .. } = &mut self.story;
        self.line.exchange(editor, log, most);
    }

    /// Changes of one file are delivered one after the other, as the turn engine does.
    fn deliver(&mut self, base: String, theirs: String) {
        let delivery = Delivery {
            events: self.line.events.clone(),
            label: "Claude: model".into(),
            path: uri().to_file_path().expect("a path"),
            changes: vec![Change {
                base: Some(base.as_str().into()),
                theirs: theirs.as_str().into(),
            }],
            read_at: Some(SystemTime::now()),
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
    let server = world.line.servers_text().await;
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
    all_hold(SEEDS, tell);
}

/// Tells the stories 1 to `stories`, or those that `ATOMIZER_MODEL_SEEDS` names: so many, or `from..to`. Fails with the
/// first that have a fault.
fn all_hold<S: Future<Output = Result<(), String>>>(stories: u64, tell: impl Fn(u64) -> S) {
    let number = |text: &str| text.parse::<u64>().expect("a number of stories");
    let seeds = match std::env::var("ATOMIZER_MODEL_SEEDS") {
        Ok(seeds) => match seeds.split_once("..") {
            Some((from, to)) => number(from)..number(to),
            None => 1..number(&seeds) + 1,
        },
        Err(_) => 1..stories + 1,
    };
    let told = |seed| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build();
        runtime.expect("a runtime").block_on(tell(seed))
    };
    let faults: Vec<String> = seeds.filter_map(|seed| told(seed).err()).take(3).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
