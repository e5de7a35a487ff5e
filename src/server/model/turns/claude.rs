//! What Claude does in a turn: tools that begin, write in many ways, and end.

use std::fs;

use tokio::time::Instant;

use super::{Author, Turn, UNSURE, World};

impl World {
    pub(super) async fn claude_acts(&mut self) -> Result<(), String> {
        let Some(turn) = &self.turn else {
            self.begin().await;
            return Ok(());
        };
        let (idle, shell) = (turn.tool.is_none(), turn.shell);
        match self.story.dice.roll(8) {
            0 if idle => return self.finish().await,
            1 if idle => self.begin_tool(true).await,
            2 | 3 if idle && shell => self.claude_writes(),
            _ if idle => self.begin_tool(false).await,
            0..=2 => self.end_tool(),
            _ => self.claude_writes(),
        }
        Ok(())
    }

    async fn begin(&mut self) {
        let hand = self.talk.begin(&self.file).await;
        self.log(format!("turn {} begins", self.turns.len()));
        self.turns.push(hand.id.clone());
        self.turn = Some(Turn {
            hand,
            tool: None,
            tools: 0,
            shell: false,
            last_tool: Instant::now() - UNSURE,
        });
    }

    /// One that the user was asked about, or one that may have begun already: but a shell takes a while to start.
    async fn begin_tool(&mut self, shell: bool) {
        let asked = self.story.dice.roll(2) == 0;
        if !asked && !shell && self.story.dice.roll(2) == 0 {
            self.claude_writes();
            let late = [0, 1, 50][self.story.dice.roll(3)];
            self.pause(0, late).await;
        }
        let Some(turn) = &mut self.turn else { return };
        turn.tools += 1;
        let tool = format!("tool {}", turn.tools);
        let file = (!shell).then(|| self.file.clone());
        match asked {
            true => turn.hand.begins(&tool, file).await,
            false => turn.hand.began(&tool, file),
        }
        turn.shell |= shell;
        if !asked && self.others_at.elapsed() < UNSURE {
            // It may have begun before.
            for (_, author) in &mut self.authors {
                if let Author::Others { surely } = author {
                    *surely = false;
                }
            }
        }
        let words = format!("{tool} begins, shell: {shell}, asked: {asked}");
        turn.tool = Some(tool);
        self.log(words);
    }

    pub(super) fn end_tool(&mut self) {
        self.end_half();
        if let Some(turn) = &mut self.turn
            && let Some(tool) = turn.tool.take()
        {
            turn.hand.ended(&tool);
            turn.last_tool = Instant::now();
            self.log(format!("{tool} ends"));
        }
    }

    /// The other half of what is half written.
    fn end_half(&mut self) {
        if let Some((_, text)) = self.story.claude_ends_writing() {
            self.write(&text);
        }
    }

    fn claude_writes(&mut self) {
        if self.story.half.is_some() {
            return self.end_half();
        }
        if !self.file.exists() {
            return self.claude_makes_it_anew();
        }
        let by_shell = self.turn.as_ref().is_some_and(|turn| turn.shell);
        match self.story.dice.roll(12) {
            0 | 1 if by_shell => self.claude_removes(),
            2..=4 => self.claude_writes_half(),
            _ => {
                if let Some((_, text)) = self.story.claude_writes() {
                    self.sign_as_claude();
                    self.write(&text);
                }
            }
        }
    }

    fn claude_writes_half(&mut self) {
        self.story.claude_begins_to_write();
        if self.story.half.is_some() {
            self.sign_as_claude();
            fs::write(&self.file, &self.story.disk).expect("written");
            self.system_tells();
        }
    }

    /// As it was, with something new.
    fn claude_makes_it_anew(&mut self) {
        let Some(text) = self.removed.take() else {
            return;
        };
        self.log("claude makes the file anew");
        self.story.disk = text;
        if self.story.claude_writes().is_some() {
            self.sign_as_claude();
        }
        let text = self.story.disk.clone();
        self.write(&text);
    }

    fn sign_as_claude(&mut self) {
        self.sign(Author::Claude(self.turns.len() - 1));
    }

    fn claude_removes(&mut self) {
        self.log("claude removes the file");
        let buffer = &self.story.editor.buffer;
        let text = fs::read_to_string(&self.file).expect("read");
        // What only the file had he has removed himself.
        let stays = |mark: &String| buffer.contains(mark.as_str()) || !text.contains(mark.as_str());
        self.story.written.retain(stays);
        fs::remove_file(&self.file).expect("removed");
        self.removed = Some(text);
        self.system_tells();
    }
}
