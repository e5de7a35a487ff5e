//! What Claude last saw of each file: he must not write over a change made since.
//!
//! Claude itself refuses to write over a file that changed since he read it, but not over one that changed since his
//! own last edit. So every file that he reads or writes is remembered as he saw it, and compared before the next edit.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde_json::Value;

use super::specs::is_spec;
use crate::study::md5_hex;

/// A larger file is not compared.
const LARGEST: u64 = 128 << 20;

/// How far the clock of a file system may be behind the system's.
const CLOCK_TICK: Duration = Duration::from_millis(100);

/// Files as Claude last saw them; lives as long as his conversation does here, whose memory it mirrors.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The conversation began at that time, and not all that Claude saw in it is known here.
    begun_before: Option<SystemTime>,
    files: HashMap<PathBuf, Option<String>>,
    /// What a tool in progress will have shown or written when it has ended well, by its id.
    expected: HashMap<String, (PathBuf, Option<String>)>,
}

impl Seen {
    /// Of a conversation that began at `begun` and is taken up again, by another server maybe: what Claude read in it
    /// is not known, only what he wrote (MD5 by path).
    pub(super) fn of_resumed(
        begun: SystemTime,
        written: impl IntoIterator<Item = (PathBuf, String)>,
    ) -> Self {
        let written = written.into_iter().map(|(path, md5)| (path, Some(md5)));
        Self {
            begun_before: Some(begun),
            files: written.collect(),
            expected: HashMap::new(),
        }
    }

    /// Why this tool must not run now: its file has changed since Claude last saw it, or, a spec in a conversation that
    /// was taken up again, may have.
    pub(super) fn objection(&self, file: &Path) -> Option<String> {
        let what = match self.files.get(file) {
            Some(seen) if hash(file) == *seen => return None,
            Some(_) => "was changed by somebody else after you last saw it",
            None => {
                let changed = changed_at(file).filter(|_| is_spec(file))?;
                let long_before = |begun| changed + CLOCK_TICK < begun;
                if self.begun_before.is_none_or(long_before) {
                    return None;
                }
                "may have been changed by somebody else after you last saw it"
            }
        };
        Some(format!(
            "{} {what}. Read it again, then make your change to what is there now.",
            file.display()
        ))
    }

    /// A tool is about to run: notes what Claude will know when it has ended well.
    pub(super) fn begins(&mut self, id: &str, tool: &str, input: &Value, root: &Path) {
        let Some(file) = input
            .get("file_path")
            .and_then(Value::as_str)
            .map(|path| root.join(path))
        else {
            return;
        };
        let expected = match tool {
            "Read" => hash(&file),
            "Write" => input
                .get("content")
                .and_then(Value::as_str)
                .map(|text| md5_hex(text.as_bytes())),
            "Edit" => edited(&file, std::slice::from_ref(input)),
            "MultiEdit" => input
                .get("edits")
                .and_then(Value::as_array)
                .and_then(|edits| edited(&file, edits)),
            _ => return,
        };
        self.expected.insert(id.to_owned(), (file, expected));
    }

    /// It has ended. An edit whose outcome could not be foreseen is taken as it lies there.
    pub(super) fn ends(&mut self, id: &str, is_error: bool) {
        let Some((file, expected)) = self.expected.remove(id) else {
            return;
        };
        if !is_error {
            let seen = expected.or_else(|| hash(&file));
            self.files.insert(file, seen);
        }
    }
}

fn hash(file: &Path) -> Option<String> {
    let metadata = std::fs::metadata(file).ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return None;
    }
    std::fs::read(file).ok().map(|bytes| md5_hex(&bytes))
}

/// When the file last changed, whatever its own time of change was set to; `None`: no file.
fn changed_at(file: &Path) -> Option<SystemTime> {
    let metadata = std::fs::metadata(file).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let seconds = u64::try_from(metadata.ctime()).ok()?;
        let nanos = u32::try_from(metadata.ctime_nsec()).ok()?;
        Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos))
    }
    #[cfg(not(unix))]
    metadata.modified().ok()
}

/// MD5 of the file's text after these edits, where that can be told.
fn edited(file: &Path, edits: &[Value]) -> Option<String> {
    let mut text = std::fs::read_to_string(file).ok()?;
    for edit in edits {
        let old = edit.get("old_string")?.as_str()?;
        let new = edit.get("new_string")?.as_str()?;
        if old.is_empty() || !text.contains(old) {
            return None;
        }
        let all = edit.get("replace_all").and_then(Value::as_bool);
        text = if all.unwrap_or(false) {
            text.replace(old, new)
        } else {
            text.replacen(old, new, 1)
        };
    }
    Some(md5_hex(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Case {
        folder: tempfile::TempDir,
        seen: Seen,
    }

    impl Case {
        fn new(text: &str) -> Self {
            let case = Self {
                folder: tempfile::tempdir().expect("a folder"),
                seen: Seen::default(),
            };
            case.write(text);
            case
        }

        fn file(&self) -> PathBuf {
            self.folder.path().join("spec.json")
        }

        fn write(&self, text: &str) {
            std::fs::write(self.file(), text).expect("written");
        }

        fn tool(
            &mut self,
            tool: &str,
            mut input: Value,
            effect: impl FnOnce(&Self),
            is_error: bool,
        ) {
            input["file_path"] = "spec.json".into();
            let root = self.folder.path().to_owned();
            self.seen.begins("t", tool, &input, &root);
            effect(self);
            self.seen.ends("t", is_error);
        }

        fn objects(&self) -> bool {
            self.seen.objection(&self.file()).is_some()
        }
    }

    #[test]
    fn a_file_never_seen_is_left_to_claude() {
        assert!(!Case::new("a").objects());
    }

    #[test]
    fn a_change_after_claude_read_is_noticed_until_he_reads_again() {
        let mut case = Case::new("a");
        case.tool("Read", json!({}), |_| {}, false);
        assert!(!case.objects());
        case.write("b");
        assert!(case.objects());
        case.tool("Read", json!({}), |_| {}, true);
        assert!(case.objects(), "a read that failed showed nothing");
        case.tool("Read", json!({}), |_| {}, false);
        assert!(!case.objects());
    }

    #[test]
    fn a_change_after_claudes_own_edit_is_noticed() {
        let mut case = Case::new("one two");
        let edit = json!({"old_string": "two", "new_string": "three"});
        case.tool("Edit", edit.clone(), |case| case.write("one three"), false);
        assert!(!case.objects());
        case.write("one three, by hand");
        assert!(case.objects());
    }

    #[test]
    fn a_change_between_claudes_write_and_its_report_is_noticed() {
        let mut case = Case::new("a");
        case.tool(
            "Write",
            json!({"content": "b"}),
            |case| case.write("b, and by hand"),
            false,
        );
        assert!(case.objects());
    }

    #[test]
    fn a_removed_file_is_a_changed_one() {
        let mut case = Case::new("a");
        case.tool("Read", json!({}), |_| {}, false);
        std::fs::remove_file(case.file()).expect("removed");
        assert!(case.objects());
    }

    #[test]
    fn several_edits_at_once_are_foreseen() {
        let mut case = Case::new("one two");
        let edits = json!({"edits": [
            {"old_string": "two", "new_string": "three"},
            {"old_string": "one three", "new_string": "four"},
        ]});
        case.tool(
            "MultiEdit",
            edits,
            |case| case.write("four, and by hand"),
            false,
        );
        assert!(case.objects(), "the hand came before the report");
    }

    #[test]
    fn a_spec_that_may_have_changed_in_a_resumed_conversation_is_read_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("atomizer_spec.json");
        std::fs::write(&file, "{}").expect("written");
        let (long_ago, later) = (
            SystemTime::UNIX_EPOCH,
            SystemTime::now() + Duration::from_secs(3600),
        );
        let none = || std::iter::empty::<(PathBuf, String)>();
        let mut seen = Seen::of_resumed(long_ago, none());
        assert!(seen.objection(&file).is_some());
        assert!(
            seen.objection(&folder.path().join("new/atomizer_spec.json"))
                .is_none()
        );
        seen.begins("t", "Read", &json!({"file_path": file}), folder.path());
        seen.ends("t", false);
        assert!(seen.objection(&file).is_none(), "he has read it now");

        let seen = Seen::of_resumed(later, none());
        assert!(
            seen.objection(&file).is_none(),
            "unchanged since the conversation began"
        );
        let written = [(file.clone(), md5_hex(b"{}"))];
        let seen = Seen::of_resumed(long_ago, written);
        assert!(seen.objection(&file).is_none(), "as he wrote it himself");
        std::fs::write(&file, "[]").expect("written");
        assert!(seen.objection(&file).is_some());
    }
}
