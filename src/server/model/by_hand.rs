//! Stories of whole turns that are told by hand, without dice: one for each fault that the model has found.

use std::{fs, path::PathBuf, pin::pin, time::Duration};

use lsp_types::Url;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    START,
    editor::{Editor, Manner},
    line::Line,
};
use crate::{
    server::operations,
    session::{
        hand_worked::{HandTurn, HandWorked},
        types::Applied,
    },
    study::{Root, SPEC_FILE},
    text::Edit,
};

/// An honest editor that shows the spec, and a turn that has begun.
struct Desk {
    _folder: TempDir,
    file: PathBuf,
    editor: Editor,
    line: Line,
    talk: HandWorked,
    turn: Option<HandTurn>,
}

/// A turn that has ended.
struct After {
    desk: Desk,
    applied: Vec<Applied>,
    turn_id: String,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("its real path");
        let file = root.join("studies/model").join(SPEC_FILE);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(&file, START).expect("written");
        let line = Line::open(Url::from_file_path(&file).expect("a uri"), START);
        let root = Root::at(&root).expect("a root");
        let manager = line.managers.of_root(root).await.expect("opened");
        let talk = HandWorked::new(manager).await;
        let turn = talk.begin(&file).await;
        Self {
            _folder: folder,
            file,
            editor: Editor::new(Manner::Honest, START),
            line,
            talk,
            turn: Some(turn),
        }
    }

    /// What is under way between editor and server arrives, and is heeded; no time passes.
    async fn arrives(&mut self) {
        self.line
            .exchange(&mut self.editor, &mut Vec::new(), usize::MAX);
        self.line.servers_text().await;
    }

    fn types(&mut self, old: &str, new: &str) {
        let at = self.editor.buffer.find(old).expect("is shown");
        self.editor.type_edit(&Edit {
            range: at..at + old.len(),
            insert: new.into(),
        });
    }

    /// The word of it is under way then.
    fn saves(&mut self) {
        fs::write(&self.file, &self.editor.buffer).expect("saved");
        self.editor.wire.push_back(json!({ "saved": true }));
    }

    /// Something of his own, which the server knows before he saves it.
    async fn user_saves(&mut self) {
        self.types(BASELINE, USERS);
        self.arrives().await;
        self.saves();
    }

    async fn claude_writes(&mut self) {
        self.write(NAME, CLAUDES);
        self.is_seen().await;
    }

    /// Something else than the editor writes.
    fn write(&self, old: &str, new: &str) {
        let text = self.disk();
        assert!(text.contains(old), "{old} is not in {text}");
        fs::write(&self.file, text.replacen(old, new, 1)).expect("written");
    }

    fn turn(&self) -> &HandTurn {
        self.turn.as_ref().expect("a turn")
    }

    fn disk(&self) -> String {
        fs::read_to_string(&self.file).expect("read")
    }

    /// The system tells, and all that comes of it comes.
    async fn is_seen(&mut self) {
        self.turn().changed();
        for _ in 0..100 {
            self.arrives().await;
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn shell_begins(&self) {
        self.turn().begins("shell", None).await;
    }

    async fn edit_begins(&self, tool: &str) {
        self.turn().begins(tool, Some(self.file.clone())).await;
    }

    async fn ends(mut self) -> After {
        let turn = self.turn.take().expect("a turn");
        let (talk, turn_id) = (self.talk.clone(), turn.id.clone());
        let updates = self.meanwhile(talk.finish(turn)).await;
        After {
            desk: self,
            applied: updates.iter().map(|it| it.applied).collect(),
            turn_id,
        }
    }

    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            self.arrives().await;
            if let Ok(done) = timeout(Duration::from_millis(10), &mut work).await {
                self.arrives().await;
                return done;
            }
        }
    }
}

impl After {
    /// `turn/revert`: what it says of the spec.
    async fn is_reverted(&mut self) -> String {
        let params = json!({ "turnId": self.turn_id });
        let operation = operations::by_command("atomizer.turn.revert").expect("an operation");
        let reverted = self.desk.line.events.ask(move |state, reply| {
            operations::begin(state, operation, params, CancellationToken::new(), reply);
        });
        let reverted: Value = self.desk.meanwhile(reverted).await.expect("reverted");
        let applied = &reverted["changes"][0]["applied"];
        applied.as_str().unwrap_or_default().to_owned()
    }

    fn shows(&self, text: &str) {
        assert_eq!(self.desk.editor.buffer, text, "in the editor");
    }

    /// Editor and file have this.
    fn both_have(&self, text: &str) {
        self.shows(text);
        assert_eq!(self.desk.disk(), text, "on disk");
    }
}

const BASELINE: &str = "\"baseline\": 2";
const USERS: &str = "\"baseline\": 200";
const NAME: &str = "\"name\": \"b\"";
const CLAUDES: &str = "\"name\": \"claude\"";

fn with_users() -> String {
    START.replacen(BASELINE, USERS, 1)
}

#[tokio::test(start_paused = true)]
async fn what_the_user_saved_stays_where_claude_writes_over_it_before_anybody_looks() {
    let mut desk = Desk::new().await;
    desk.edit_begins("edit").await;
    desk.types(BASELINE, USERS);
    desk.saves();
    desk.arrives().await;
    desk.write(NAME, CLAUDES);
    desk.turn().ended("edit");
    let mut after = desk.ends().await;
    assert_eq!(after.applied, [Applied::Edit]);
    assert_eq!(after.is_reverted().await, "edit");
    after.both_have(&with_users());
}

#[tokio::test(start_paused = true)]
async fn a_save_is_the_users_also_where_he_saves_again_at_once() {
    let mut desk = Desk::new().await;
    desk.shell_begins().await;
    desk.user_saves().await;
    desk.turn().changed();
    // The keeper has read it, and waits for the word of a save.
    sleep(Duration::from_millis(30)).await;
    desk.types(NAME, "\"name\": \"mine\"");
    desk.saves();
    desk.is_seen().await;
    let after = desk.ends().await;
    assert_eq!(after.applied, []);
}

#[tokio::test(start_paused = true)]
async fn what_the_user_saved_in_place_of_a_file_that_claude_had_removed_is_his() {
    let mut desk = Desk::new().await;
    desk.shell_begins().await;
    desk.edit_begins("first").await;
    fs::remove_file(&desk.file).expect("removed");
    desk.is_seen().await;
    desk.turn().ended("first");
    desk.is_seen().await;
    desk.user_saves().await;
    desk.is_seen().await;
    desk.edit_begins("second").await;
    desk.write(NAME, CLAUDES);
    desk.turn().ended("second");
    let mut after = desk.ends().await;
    assert_eq!(after.is_reverted().await, "edit");
    after.both_have(&with_users());
}

#[tokio::test(start_paused = true)]
async fn what_claude_makes_of_a_text_that_was_saved_broken_is_no_more_than_that() {
    let mut desk = Desk::new().await;
    desk.shell_begins().await;
    let broken = START.replacen('{', "{ \"mine\"", 1);
    desk.types("{", "{ \"mine\"");
    desk.arrives().await;
    desk.saves();
    desk.is_seen().await;
    desk.claude_writes().await;
    let mut after = desk.ends().await;
    assert_eq!(after.applied, [Applied::Invalid]);
    after.is_reverted().await;
    after.both_have(&broken);
}

#[tokio::test(start_paused = true)]
async fn what_others_wrote_before_a_tool_began_is_theirs_though_it_is_no_json() {
    let mut desk = Desk::new().await;
    desk.write("{", "{ \"others\"");
    desk.is_seen().await;
    desk.edit_begins("edit").await;
    desk.turn().ended("edit");
    desk.is_seen().await;
    let after = desk.ends().await;
    assert_eq!(after.applied, []);
}

#[tokio::test(start_paused = true)]
async fn what_claude_wrote_is_kept_though_it_never_became_json_and_is_gone() {
    let mut desk = Desk::new().await;
    desk.shell_begins().await;
    desk.write("{", "{ \"half of claude's\"");
    desk.is_seen().await;
    fs::remove_file(&desk.file).expect("removed");
    desk.is_seen().await;
    let after = desk.ends().await;
    let stored = after.desk.talk.stored(vec![after.turn_id]).await;
    assert!(stored.contains("half of claude's"), "{stored}");
}

#[tokio::test(start_paused = true)]
async fn a_revert_takes_claudes_part_out_of_the_buffer_where_he_removed_the_file_in_the_end() {
    let mut desk = Desk::new().await;
    desk.shell_begins().await;
    desk.claude_writes().await;
    fs::remove_file(&desk.file).expect("removed");
    desk.is_seen().await;
    let mut after = desk.ends().await;
    assert_eq!(after.applied, [Applied::Edit, Applied::Conflict]);
    after.shows(&START.replacen(NAME, CLAUDES, 1));
    assert_eq!(after.is_reverted().await, "edit");
    after.both_have(START);
}

#[tokio::test(start_paused = true)]
async fn a_revert_writes_a_removed_file_with_what_others_had_made_of_it() {
    let mut desk = Desk::new().await;
    desk.shell_begins().await;
    desk.claude_writes().await;
    desk.user_saves().await;
    desk.is_seen().await;
    fs::remove_file(&desk.file).expect("removed");
    desk.is_seen().await;
    let mut after = desk.ends().await;
    after.is_reverted().await;
    after.both_have(&with_users());
}

#[tokio::test(start_paused = true)]
async fn a_revert_gives_back_what_the_user_had_where_claude_wrote_last() {
    let mut desk = Desk::new().await;
    desk.shell_begins().await;
    desk.claude_writes().await;
    desk.user_saves().await;
    desk.is_seen().await;
    desk.write(USERS, "\"baseline\": 33333");
    desk.is_seen().await;
    let mut after = desk.ends().await;
    assert_eq!(after.is_reverted().await, "edit");
    after.both_have(&with_users());
}

#[tokio::test(start_paused = true)]
async fn a_revert_whose_file_keeps_something_of_claudes_says_so() {
    let mut desk = Desk::new().await;
    desk.edit_begins("edit").await;
    desk.write(NAME, CLAUDES);
    desk.turn().ended("edit");
    desk.is_seen().await;
    let mut after = desk.ends().await;
    after.desk.write(CLAUDES, "\"name\": \"of the engine\"");
    assert_eq!(after.is_reverted().await, "conflict");
    after.shows(START);
    let told = after.desk.line.told.concat();
    assert!(told.contains("/design_variables/1/name"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn what_claude_wrote_stays_where_another_program_writes_after_a_save_that_was_not_told_yet() {
    let mut desk = Desk::new().await;
    desk.edit_begins("edit").await;
    desk.write(NAME, CLAUDES);
    desk.turn().ended("edit");
    sleep(Duration::from_millis(30)).await;
    // Claude's change is on its way, for a text that is older than what the user saves over it.
    desk.types(BASELINE, USERS);
    desk.saves();
    desk.turn().changed();
    // Noticed, and not known to be a save.
    sleep(Duration::from_millis(30)).await;
    for _ in 0..10 {
        desk.arrives().await;
        sleep(Duration::from_millis(10)).await;
    }
    let both = with_users().replacen(NAME, CLAUDES, 1);
    assert_eq!(desk.editor.buffer, both);
    let (canvas, others) = ("\"canvas\": {", "\"canvas\": { \"others\": 1,");
    desk.write(canvas, others);
    desk.is_seen().await;
    let after = desk.ends().await;
    after.shows(&both.replacen(canvas, others, 1));
}
