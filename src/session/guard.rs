//! What Claude last saw of each file: he must not write over a change made since.
//!
//! Claude itself refuses to write over a file that changed since he read it, but not over one that changed since his
//! own last edit. So every file that he reads or writes is remembered as he saw it, and compared before the next edit.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::study::md5_hex;

/// A larger file is not compared.
const LARGEST: u64 = 128 << 20;

/// Files as Claude last saw them; lives as long as the program, whose own memory it mirrors.
#[derive(Debug, Default)]
pub(super) struct Seen {
    files: HashMap<PathBuf, Option<String>>,
    /// What a tool in progress will have shown or written when it has ended well, by its id.
    expected: HashMap<String, (PathBuf, Option<String>)>,
}

impl Seen {
    /// Why this tool must not run now: its file has changed since Claude last saw it.
    pub(super) fn objection(&self, file: &Path) -> Option<String> {
        let seen = self.files.get(file)?;
        (hash(file) != *seen).then(|| {
            format!(
                "{} was changed by somebody else after you last saw it. Read it again, then make your change to what is there now.",
                file.display()
            )
        })
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
            "Edit" => edited(&file, input).map(|text| md5_hex(text.as_bytes())),
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

/// The file's text after an `Edit`, where that can be told.
fn edited(file: &Path, input: &Value) -> Option<String> {
    let old = input
        .get("old_string")?
        .as_str()
        .filter(|old| !old.is_empty())?;
    let new = input.get("new_string")?.as_str()?;
    let text = std::fs::read_to_string(file)
        .ok()
        .filter(|text| text.contains(old))?;
    let all = input
        .get("replace_all")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    Some(if all {
        text.replace(old, new)
    } else {
        text.replacen(old, new, 1)
    })
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
}
