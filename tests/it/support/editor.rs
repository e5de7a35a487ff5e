//! What an editor knows of its documents: text and version, kept in step with what the server is told.

use std::collections::HashMap;

use lsp_types::{Position, Range, Url};
use serde_json::{Value, json};

/// The unit of `Position::character`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// 16-bit code units, the default of LSP.
    Utf16,
    /// Code points.
    Utf32,
}

impl Encoding {
    /// By the name that LSP gives it.
    pub fn named(name: &str) -> Self {
        match name {
            "utf-8" => Self::Utf8,
            "utf-16" => Self::Utf16,
            "utf-32" => Self::Utf32,
            other => panic!("the server chose a position encoding that does not exist: {other}"),
        }
    }

    fn width(self, c: char) -> u32 {
        let width = match self {
            Self::Utf8 => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
            Self::Utf32 => 1,
        };
        u32::try_from(width).expect("at most four")
    }

    /// Byte offset of a position, clamped to its line's end as LSP says.
    pub fn offset(self, text: &str, position: Position) -> usize {
        let mut start = 0;
        for _ in 0..position.line {
            match line_end(text, start) {
                Some((_, next)) => start = next,
                None => return text.len(),
            }
        }
        let end = line_end(text, start).map_or(text.len(), |(end, _)| end);
        let mut units = 0;
        for (at, c) in text[start..end].char_indices() {
            if units >= position.character {
                return start + at;
            }
            units += self.width(c);
        }
        end
    }

    /// Position of a byte offset.
    pub fn position(self, text: &str, offset: usize) -> Position {
        let (mut line, mut start) = (0, 0);
        while let Some((_, next)) = line_end(text, start).filter(|(_, next)| *next <= offset) {
            line += 1;
            start = next;
        }
        let character = text[start..offset].chars().map(|c| self.width(c)).sum();
        Position { line, character }
    }
}

/// Where the line that begins at `start` ends, and where the next begins.
fn line_end(text: &str, start: usize) -> Option<(usize, usize)> {
    let end = start + text[start..].find(['\n', '\r'])?;
    let next = if text[end..].starts_with("\r\n") {
        end + 2
    } else {
        end + 1
    };
    Some((end, next))
}

/// One open document.
#[derive(Debug, Clone)]
pub struct Document {
    /// As the server was told last.
    pub version: i32,
    /// As the user sees it.
    pub text: String,
}

/// The open documents of a client.
#[derive(Debug)]
pub struct Editor {
    /// By URI.
    pub documents: HashMap<Url, Document>,
    /// As negotiated.
    pub encoding: Encoding,
    /// Workspace edits that were applied, newest last.
    pub applied: Vec<Value>,
}

impl Default for Editor {
    fn default() -> Self {
        Self {
            documents: HashMap::new(),
            encoding: Encoding::Utf16,
            applied: Vec::new(),
        }
    }
}

impl Editor {
    /// Applies a `WorkspaceEdit` as a client does that minds versions. Gives the `didChange` notifications to send.
    pub fn apply(&mut self, edit: &Value) -> Result<Vec<Value>, String> {
        let mut plan = Vec::new();
        for (uri, version, edits) in edits_by_document(edit)? {
            let document = self
                .documents
                .get(&uri)
                .ok_or_else(|| format!("{uri} is not open"))?;
            if let Some(version) = version.filter(|version| *version != i64::from(document.version))
            {
                return Err(format!(
                    "edit for version {version}, the buffer is at {}",
                    document.version
                ));
            }
            plan.push((uri, edits));
        }
        self.applied.push(edit.clone());
        Ok(plan
            .into_iter()
            .map(|(uri, edits)| self.change(&uri, edits))
            .collect())
    }

    /// Applies edits against one text, and gives the incremental `didChange` for them.
    pub fn change(&mut self, uri: &Url, mut edits: Vec<(Range, String)>) -> Value {
        let encoding = self.encoding;
        let document = self
            .documents
            .get_mut(uri)
            .unwrap_or_else(|| panic!("{uri} is not open"));
        // From the end to the front, so that each is still right after those before it.
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut changes = Vec::new();
        for (range, insert) in edits.into_iter().rev() {
            let bytes = encoding.offset(&document.text, range.start)
                ..encoding.offset(&document.text, range.end);
            document.text.replace_range(bytes, &insert);
            changes.push(json!({"range": range, "text": insert}));
        }
        document.version += 1;
        json!({
            "textDocument": {"uri": uri, "version": document.version},
            "contentChanges": changes,
        })
    }
}

type DocumentEdits = (Url, Option<i64>, Vec<(Range, String)>);

fn edits_by_document(edit: &Value) -> Result<Vec<DocumentEdits>, String> {
    let url = |value: &Value| {
        serde_json::from_value::<Url>(value.clone()).map_err(|error| error.to_string())
    };
    if let Some(changes) = edit["documentChanges"].as_array() {
        return changes
            .iter()
            .map(|change| match change.get("kind") {
                Some(kind) => Err(format!("resource operation {kind} is not taken here")),
                None => Ok((
                    url(&change["textDocument"]["uri"])?,
                    change["textDocument"]["version"].as_i64(),
                    text_edits(&change["edits"]),
                )),
            })
            .collect();
    }
    let changes = edit["changes"]
        .as_object()
        .ok_or("neither documentChanges nor changes")?;
    changes
        .iter()
        .map(|(uri, edits)| Ok((url(&json!(uri))?, None, text_edits(edits))))
        .collect()
}

/// Text edits as ranges and new text.
pub fn text_edits(edits: &Value) -> Vec<(Range, String)> {
    let read = |edit: &Value| {
        let range = serde_json::from_value(edit["range"].clone()).expect("a range");
        (range, edit["newText"].as_str().expect("newText").to_owned())
    };
    edits
        .as_array()
        .expect("a list of edits")
        .iter()
        .map(read)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_and_its_offset_are_inverse_in_every_encoding() {
        let text = "a\r\nµ😀b\rc\n";
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            for (offset, _) in text
                .char_indices()
                .filter(|(at, _)| !text[..*at].ends_with('\r'))
            {
                assert_eq!(
                    encoding.offset(text, encoding.position(text, offset)),
                    offset,
                    "{encoding:?} {offset}"
                );
            }
        }
        assert_eq!(
            Encoding::Utf16.position(text, text.find('b').expect("b")),
            Position::new(1, 3)
        );
    }
}
