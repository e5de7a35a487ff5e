//! What the user and Claude do in one story, and what they may then expect to find.

use super::{
    super::merging::plan,
    editor::{Dice, Editor, Manner, applied, parsed, with_mark, with_number},
};
use crate::text::Edit;

pub(super) struct Story {
    pub dice: Dice,
    pub editor: Editor,
    pub disk: String,
    /// What the user typed and did not himself remove.
    pub typed: Vec<String>,
    /// What Claude wrote, by its own mark.
    pub written: Vec<String>,
    /// A write of Claude's that is half done, or whose old file is gone and the new one not there yet: the file before
    /// and after.
    pub half: Option<(String, String)>,
    /// The editor once showed half a file; what its user saves then cuts the file, and only the store has the rest.
    pub showed_half: bool,
    /// Each change by Claude: its mark, the file before and after.
    pub changes: Vec<(String, String, String)>,
    pub log: Vec<String>,
    pub marks: usize,
}

impl Story {
    /// The beginning: the editor shows the file's text.
    pub(super) fn new(seed: u64, text: &str) -> Story {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let manner = [Manner::Honest, Manner::Drops, Manner::Lies, Manner::Mute][dice.roll(4)];
        Story {
            dice,
            editor: Editor::new(manner, text),
            disk: text.into(),
            typed: Vec::new(),
            written: Vec::new(),
            half: None,
            showed_half: false,
            changes: Vec::new(),
            log: vec![format!("{manner:?}")],
            marks: 0,
        }
    }

    pub(super) fn mark(&mut self, who: char) -> String {
        self.marks += 1;
        match who {
            // As a number, it is told from the text's own by its size.
            'n' => format!("{}", 100_000 + self.marks),
            _ => format!("{who}{:04}", self.marks),
        }
    }

    pub(super) fn user_types(&mut self) {
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
            .push(format!("user puts {mark} at {:?} for {gone:?}", edit.range));
        self.editor.type_edit(&edit);
        self.typed.push(mark);
    }

    /// A line that is no JSON yet, and its end a moment later.
    pub(super) fn user_begins_a_line(&mut self) {
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

    pub(super) fn user_ends_a_line(&mut self) {
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
    pub(super) fn claude_begins_to_write(&mut self) {
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

    pub(super) fn claude_ends_writing(&mut self) -> Option<(String, String)> {
        let (before, after) = self.half.take()?;
        self.log.push("and all of it".into());
        self.disk.clone_from(&after);
        Some((before, after))
    }

    pub(super) fn claude_writes(&mut self) -> Option<(String, String)> {
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
        let at = edit.range;
        self.log
            .push(format!("claude puts {mark} at {at:?} for {gone:?}"));
        self.changes
            .push((mark.clone(), base.clone(), self.disk.clone()));
        self.written.push(mark);
        Some((base, self.disk.clone()))
    }

    /// `turn/revert`: the file and the editor get the turn's former text, merged with what came later.
    pub(super) fn revert(&mut self) -> Option<(String, String)> {
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
    pub(super) fn save(&mut self) {
        if self.half.is_some() {
            return;
        }
        self.log.push("user saves".into());
        self.disk.clone_from(&self.editor.buffer);
        self.editor.clean.clone_from(&self.editor.buffer);
    }

    /// As editors do by themselves with a buffer that was not changed.
    pub(super) fn reload(&mut self) {
        if self.editor.buffer == self.editor.clean && self.editor.buffer != self.disk {
            self.log.push("editor reloads".into());
            self.showed_half |= self.half.is_some();
            let disk = self.disk.clone();
            self.editor.clean.clone_from(&disk);
            self.editor.change(None, disk.clone(), disk);
        }
    }
}
