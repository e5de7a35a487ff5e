//! How turns end, what a revert may take, and what has to be there when all is over.

use std::{fs, time::Duration};

use serde_json::json;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{super::story::Story, Author, World};
use crate::{server::operations, session::types::Applied};

impl World {
    /// Runs something of the server while what is under way arrives, and the user may type.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        for _ in 0..3 {
            if let Ok(done) = timeout(Duration::from_millis(30), &mut work).await {
                return done;
            }
            self.exchange(1);
        }
        loop {
            self.exchange(usize::MAX);
            if let Ok(done) = timeout(Duration::from_millis(10), &mut work).await {
                return done;
            }
        }
    }

    pub(super) async fn finish(&mut self) -> Result<(), String> {
        self.end_tool();
        let Some(turn) = self.turn.take() else {
            return Ok(());
        };
        let (number, id) = (self.turns.len() - 1, turn.hand.id.clone());
        self.log("the turn ends");
        let talk = self.talk.clone();
        let updates = self.meanwhile(talk.finish(turn.hand)).await;
        let applied: Vec<Applied> = updates.iter().map(|update| update.applied).collect();
        self.log(format!("it says {applied:?}"));
        let shown = |it: &Applied| matches!(it, Applied::Edit | Applied::InSync);
        self.troubled |= !applied.iter().all(shown);
        if self.story.dice.roll(2) == 0 {
            self.revert(number, id).await?;
        }
        Ok(())
    }

    /// `turn/revert`: Claude's marks of that turn go, all others stay; or the user is told.
    async fn revert(&mut self, number: usize, id: String) -> Result<(), String> {
        self.exchange(usize::MAX);
        sleep(Duration::from_millis(1)).await;
        self.look_at_disk();
        let (buffer, disk) = (self.story.editor.buffer.clone(), self.story.disk.clone());
        let told = self.line.told.len();
        self.log(format!("turn {number} is reverted"));
        let operation = operations::by_command("atomizer.turn.revert").expect("an operation");
        let reverted = self.line.events.ask(move |state, reply| {
            let params = json!({ "turnId": id });
            operations::begin(state, operation, params, CancellationToken::new(), reply);
        });
        let reverted = self.meanwhile(reverted).await;
        let reverted = reverted.map_err(|error| format!("the revert fails: {error}"))?;
        self.exchange(usize::MAX);
        self.look_at_disk();
        self.log(format!("it says {reverted}"));
        let is_of_turn = |author: Author| author == Author::Claude(number);
        let of_turn = self
            .authors
            .iter()
            .filter(|(_, author)| is_of_turn(*author));
        let gone: Vec<String> = of_turn.map(|(mark, _)| mark.clone()).collect();
        let smooth = self.line.told.len() == told
            && reverted["changes"].as_array().is_some_and(|changes| {
                let shown = |it: &str| matches!(it, "edit" | "inSync");
                changes
                    .iter()
                    .all(|it| it["applied"].as_str().is_some_and(shown))
            });
        if !smooth {
            self.troubled = true;
            return Ok(());
        }
        let (buffer_now, disk_now) = (&self.story.editor.buffer, &self.story.disk);
        let left = gone
            .iter()
            .find(|mark| is_left(buffer_now, mark) || is_left(disk_now, mark));
        // What is no JSON is not told before the turn's end; loaded and saved before that, it is the user's.
        if let Some(mark) = left.filter(|_| !self.story.showed_half) {
            return Err(format!("{mark} is still there after the revert"));
        }
        let others = self.authors.iter().filter(|(_, author)| match author {
            Author::Claude(turn) => *turn != number,
            Author::Others { surely } => *surely,
        });
        let mut kept = self.story.typed.iter().chain(others.map(|(mark, _)| mark));
        let taken = kept.find(|mark| {
            let lost = |before: &str, now: &str| {
                before.contains(mark.as_str()) && !now.contains(mark.as_str())
            };
            lost(&buffer, buffer_now) || lost(&disk, disk_now)
        });
        if let Some(mark) = taken {
            return Err(format!(
                "the revert has taken {mark}, which is not that turn's"
            ));
        }
        // What may be of a tool has gone with the turn, where it is gone.
        let unsure = |mark: &String| {
            let author = self.authors.iter().find(|(it, _)| it == mark);
            let unsure = matches!(author, Some((_, Author::Others { surely: false })));
            unsure && !buffer_now.contains(mark.as_str()) && !disk_now.contains(mark.as_str())
        };
        let stays = |mark: &String| !gone.contains(mark) && !unsure(mark);
        self.story.written.retain(stays);
        self.forget_overwritten();
        Ok(())
    }

    /// The last turn ends, everything arrives, and the user saves what he sees.
    pub(super) async fn end(&mut self) -> Result<(), String> {
        self.finish().await?;
        self.rest().await;
        self.look_at_disk();
        self.reload();
        self.rest().await;
        self.all_is_there().await?;
        self.story.save();
        fs::write(&self.file, &self.story.editor.buffer).expect("saved");
        self.story.editor.wire.push_back(json!({ "saved": true }));
        let edits = self.line.edits.len();
        self.rest().await;
        self.look_at_disk();
        if self.line.edits.len() > edits {
            return Err("something is delivered after the last save".into());
        }
        if self.story.disk != self.story.editor.buffer {
            return Err("buffer and file differ after a save".into());
        }
        if self.line.servers_text().await.as_ref() != Some(&self.story.editor.buffer) {
            return Err("server and editor differ".into());
        }
        Ok(())
    }

    async fn rest(&mut self) {
        for _ in 0..20 {
            self.exchange(usize::MAX);
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn all_is_there(&self) -> Result<(), String> {
        let stored = self.talk.stored(self.turns.clone()).await;
        let Story {
            editor,
            disk,
            typed,
            showed_half,
            ..
        } = &self.story;
        let shown = |mark: &str| editor.buffer.contains(mark);
        if let Some(mark) = typed
            .iter()
            .find(|mark| !(shown(mark) || *showed_half && stored.contains(mark.as_str())))
        {
            return Err(format!("the user's {mark} is gone"));
        }
        let told = self.troubled || !self.line.told.is_empty() || *showed_half;
        for (mark, author) in &self.authors {
            let of_claude = matches!(author, Author::Claude(_));
            let told = told || !of_claude && self.warned.contains(mark);
            let kept = shown(mark)
                || disk.contains(mark.as_str())
                || of_claude && stored.contains(mark.as_str());
            if !(kept || told && !of_claude) {
                return Err(format!("{mark} of {author:?} is gone"));
            }
            if !shown(mark) && !told {
                return Err(format!(
                    "{mark} of {author:?} is not shown, and nobody was told"
                ));
            }
        }
        Ok(())
    }
}

/// Is there; but for a number that Claude has put into what somebody else added during the turn: before the turn that
/// had no place, so the revert leaves it.
fn is_left(text: &str, mark: &str) -> bool {
    let Some(at) = text.find(mark) else {
        return false;
    };
    let key = text[..at].rsplit('"').nth(1).unwrap_or_default();
    !(text[..at].ends_with("\": ") && key[1..].parse::<u32>().is_ok())
}
