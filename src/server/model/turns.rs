//! The same editor and user against whole turns: a real file, the real keeper that notices its changes and says whose
//! they are, the store, and `turn/revert`. Claude works through tools, named ones and shells; somebody else writes, too.
//!
//! What is left to the dice, too, is whether the system tells of a change at all. Time stands still as in the other
//! model, so a failing seed is the same story again, but for the order in which threads read the file.

mod claude;
mod end;

use std::{fs, path::PathBuf, time::Duration};

use lsp_types::Url;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{START, line::Line, story::Story};
use crate::{
    session::hand_worked::{HandTurn, HandWorked},
    study::{Root, SPEC_FILE},
};

/// Stories that are told where `ATOMIZER_MODEL_SEEDS` says nothing else; each makes a folder and a database.
const SEEDS: u64 = 100;
const STEPS: usize = 60;

/// How long somebody else's write may be taken for that of a tool that has just ended: the keeper may be waiting for
/// the editor's word about a save.
const UNSURE: Duration = Duration::from_secs(1);
/// As long as the keeper takes at most to read what the system tells.
const A_LOOK: Duration = Duration::from_millis(10);
/// The longest that an editor takes to say that it saved.
const SAYS_SAVED: u64 = 200;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Author {
    /// Of the turn of this number.
    Claude(usize),
    /// `surely`: no tool can have written it.
    Others { surely: bool },
}

struct Turn {
    hand: HandTurn,
    /// At work.
    tool: Option<String>,
    tools: usize,
    /// One has run: whatever happens to the file from then on can be its doing.
    shell: bool,
    last_tool: Instant,
}

struct World {
    _folder: TempDir,
    file: PathBuf,
    /// Its `disk` is the file as it was last looked at; empty where there is none.
    story: Story,
    line: Line,
    talk: HandWorked,
    turn: Option<Turn>,
    /// Ids of all turns.
    turns: Vec<String>,
    authors: Vec<(String, Author)>,
    /// The file's last text before Claude removed it.
    removed: Option<String>,
    /// Claude's or somebody else's change could not be shown, and the user was told.
    troubled: bool,
    /// Marks of which his editor told the user, when he wanted to save, that the file has them and it has not.
    warned: Vec<String>,
    /// When somebody else wrote last.
    others_at: Instant,
}

impl World {
    async fn new(seed: u64) -> World {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("its real path");
        let file = root.join("studies/model").join(SPEC_FILE);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(&file, START).expect("written");
        let uri = Url::from_file_path(&file).expect("a uri");
        let line = Line::open(uri, START);
        let root = Root::at(&root).expect("a root");
        let manager = line.managers.of_root(root).await.expect("opened");
        World {
            _folder: folder,
            file,
            story: Story::new(seed, START),
            line,
            talk: HandWorked::new(manager).await,
            turn: None,
            turns: Vec::new(),
            authors: Vec::new(),
            removed: None,
            troubled: false,
            warned: Vec::new(),
            others_at: Instant::now(),
        }
    }

    /// The story so far, for a person.
    fn told(&self) -> String {
        let Story {
            log, editor, disk, ..
        } = &self.story;
        format!(
            "{}\nbuffer:\n{}\ndisk:\n{disk}",
            log.join("\n"),
            editor.buffer
        )
    }

    fn log(&mut self, what: impl Into<String>) {
        self.story.log.push(what.into());
    }

    fn look_at_disk(&mut self) {
        self.story.disk = fs::read_to_string(&self.file).unwrap_or_default();
    }

    /// Where it is in nobody's text any more, since whoever removed it knew it.
    fn forget_overwritten(&mut self) {
        let Story { written, .. } = &self.story;
        self.authors.retain(|(mark, _)| written.contains(mark));
    }

    fn exchange(&mut self, most: usize) {
        let Story { editor, log, .. } = &mut self.story;
        self.line.exchange(editor, log, most);
    }

    /// Time passes; what is under way may arrive meanwhile. The word of a save does so soon.
    async fn pause(&mut self, most: usize, millis: u64) {
        self.exchange(most);
        let saves = self.story.editor.wire.iter().any(|it| it["saved"] == true);
        let soon = if saves {
            millis.min(SAYS_SAVED)
        } else {
            millis
        };
        sleep(Duration::from_millis(soon)).await;
        if saves {
            self.exchange(usize::MAX);
            sleep(Duration::from_millis(millis - soon)).await;
        }
        self.log(format!("{millis} ms"));
    }

    async fn step(&mut self) -> Result<(), String> {
        self.look_at_disk();
        match self.story.dice.roll(16) {
            0..=2 => self.story.user_types(),
            3 => self.story.user_begins_a_line(),
            4 => self.story.user_ends_a_line(),
            5 | 6 => self.save().await,
            7 => self.reload(),
            8 => self.somebody_else_writes().await,
            9 => self.system_tells(),
            _ => self.claude_acts().await?,
        }
        self.forget_overwritten();
        let under_way = self.story.dice.roll(4);
        let millis = [0, 1, 30, 120, 300, 1500][self.story.dice.roll(6)];
        self.pause(under_way, millis).await;
        Ok(())
    }

    // ---- The user

    /// As editors do, not over a file that holds something else than they know; but the user may insist, when the
    /// server has seen that.
    async fn save(&mut self) {
        if self.story.half.is_some() {
            return;
        }
        let stored = self.talk.stored(self.turns.clone()).await;
        let unseen = self.authors.iter().filter(|(mark, author)| {
            let known = self.story.editor.buffer.contains(mark.as_str())
                || matches!(author, Author::Claude(_)) && stored.contains(mark.as_str());
            self.story.disk.contains(mark.as_str()) && !known
        });
        let unseen: Vec<String> = unseen.map(|(mark, _)| mark.clone()).collect();
        if !unseen.is_empty() {
            self.warned.extend(unseen);
            return self.log("a save over a newer file is refused");
        }
        let first = self.story.dice.roll(2) == 0;
        if first {
            // As most editors: what was typed is told long before.
            self.exchange(usize::MAX);
            sleep(A_LOOK).await;
        }
        self.story.save();
        self.removed = None;
        let text = self.story.disk.clone();
        self.write(&text);
        self.story.editor.wire.push_back(json!({ "saved": true }));
        if !first {
            // As Neovim: what was typed just now is told after the file is written, and the save with it.
            self.exchange(usize::MAX);
        }
        self.is_noticed().await;
    }

    fn reload(&mut self) {
        if self.file.exists() {
            let is_json = serde_json::from_str::<serde_json::Value>(&self.story.disk).is_ok();
            self.story.showed_half |= !is_json;
            self.story.reload();
        }
    }

    // ---- The disk

    /// As most programs write, or by another file that takes its place.
    fn write(&mut self, text: &str) {
        if self.story.dice.roll(2) == 0 {
            fs::write(&self.file, text).expect("written");
        } else {
            self.log("(renamed over)");
            crate::study::write_atomic(&self.file, text.as_bytes()).expect("written");
        }
        if self.story.dice.roll(3) > 0 {
            self.system_tells();
        }
    }

    /// Nobody writes until the keeper has had a look: of two changes between two looks nobody can tell whose each is.
    async fn is_noticed(&mut self) {
        self.system_tells();
        sleep(A_LOOK).await;
    }

    fn system_tells(&mut self) {
        if let Some(turn) = &self.turn {
            turn.hand.changed();
            self.log("the system tells");
        }
    }

    /// The mark that was written last is this one's.
    fn sign(&mut self, author: Author) {
        if let Some(mark) = self.story.written.last().cloned() {
            self.log(format!("{mark} is of {author:?}"));
            self.authors.push((mark, author));
        }
    }

    async fn somebody_else_writes(&mut self) {
        let Some(turn) = &self.turn else { return };
        let surely = turn.tool.is_none() && !turn.shell && turn.last_tool.elapsed() >= UNSURE;
        if let Some((_, text)) = self.story.claude_writes() {
            self.sign(Author::Others { surely });
            self.others_at = Instant::now();
            self.write(&text);
            self.is_noticed().await;
        }
    }
}

async fn tell(seed: u64) -> Result<(), String> {
    let mut world = World::new(seed).await;
    let told = async {
        for _ in 0..STEPS {
            world.step().await?;
        }
        world.end().await
    };
    let Err(fault) = told.await else {
        return Ok(());
    };
    let mut stored = String::new();
    for (number, turn) in world.turns.iter().enumerate() {
        stored += &format!(
            "stored of turn {number}:\n{}",
            world.talk.told(turn.clone()).await
        );
    }
    Err(format!("seed {seed}: {fault}\n{}{stored}", world.told()))
}

#[test]
fn whole_turns_lose_nothing_and_a_revert_takes_back_only_claudes() {
    super::all_hold(SEEDS, tell);
}
