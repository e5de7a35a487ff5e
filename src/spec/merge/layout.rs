//! How mine is laid out, and how text from theirs is made to fit in.

use std::ops::Range;

use crate::spec::{
    compare::DEPTH,
    syntax::{Kind, Node, Parsed},
};

/// The habits of mine and theirs.
pub(super) struct Layout {
    mine: Lines,
    theirs: Lines,
    newline: &'static str,
    unit: String,
    their_unit: String,
    /// Mine is on one line.
    flat: bool,
    /// Mine has no blank after `:` and `,`.
    tight: bool,
}

impl Layout {
    pub fn new(mine: &Parsed, theirs: &Parsed) -> Self {
        let (mine_text, theirs_text) = (mine.text().to_string(), theirs.text().to_string());
        let inside = |parsed: &Parsed, text: &str| {
            parsed
                .root()
                .map_or(String::new(), |root| text[root.range()].to_owned())
        };
        let body = inside(mine, &mine_text);
        let newline = match body.find(['\n', '\r']) {
            Some(at) if body[at..].starts_with("\r\n") => "\r\n",
            Some(at) if body[at..].starts_with('\r') => "\r",
            _ => "\n",
        };
        let flat = !body.contains(['\n', '\r']);
        let tight = flat && !body.contains("\": ") && !body.contains(", ");
        let unit = unit(&body).unwrap_or_else(|| "  ".to_owned());
        let their_unit = self::unit(&inside(theirs, &theirs_text)).unwrap_or_else(|| unit.clone());
        Layout {
            mine: Lines::new(mine_text),
            theirs: Lines::new(theirs_text),
            newline,
            unit,
            their_unit,
            flat,
            tight,
        }
    }

    /// Text of mine.
    pub fn mine(&self, range: Range<usize>) -> &str {
        &self.mine.text[range]
    }

    /// What separates two entries on one line, besides the comma.
    pub fn space(&self) -> &'static str {
        if self.tight { "" } else { " " }
    }

    /// The blanks that the line of mine begins with which holds `at`.
    pub fn indent_at(&self, at: usize) -> String {
        self.mine.indent(at).to_owned()
    }

    /// The indentation that a line break and blanks lead to.
    pub fn indent_of<'l>(&self, lead: &'l str) -> &'l str {
        lead.rfind(['\n', '\r']).map_or("", |at| &lead[at + 1..])
    }

    /// What stands before an entry of a list that had none and begins at `start`.
    pub fn lead_inside(&self, start: usize) -> String {
        if self.flat {
            self.space().to_owned()
        } else {
            format!("{}{}{}", self.newline, self.indent_at(start), self.unit)
        }
    }

    /// What stands before the closing bracket of such a list.
    pub fn closing(&self, start: usize, lead: &str) -> String {
        if lead.contains(['\n', '\r']) {
            format!("{}{}", self.newline, self.indent_at(start))
        } else {
            String::new()
        }
    }

    /// The text of theirs at `range`, which ends in `value`, as it may stand in mine on a line indented so. Only blanks
    /// between tokens change.
    pub fn adapt(&self, value: Node<'_>, range: Range<usize>, to: &str) -> String {
        let text = &self.theirs.text[range.clone()];
        if !text.contains(['\n', '\r']) {
            let their_file_is_flat = self.theirs.is_one();
            let spread = !self.flat && their_file_is_flat && value.range().len() > 2;
            if !spread || !matches!(value.kind(), Kind::Object | Kind::Array) {
                return text.to_owned();
            }
        } else if !self.flat {
            return self.shift(text, self.theirs.indent(range.start), to);
        }
        // One of the two files is on one line, the other is not.
        let mut out = text[..value.range().start - range.start]
            .trim_end()
            .to_owned();
        if !out.is_empty() {
            out.push_str(if self.tight { "" } else { " " });
        }
        self.print(&mut out, value, to, DEPTH);
        out
    }

    /// Moves lines that belong to an indentation of theirs to one of mine.
    fn shift(&self, text: &str, from: &str, to: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        for (number, line) in text.split('\n').enumerate() {
            if number == 0 {
                out.push_str(line);
                continue;
            }
            let content = line.trim_start_matches([' ', '\t']);
            let blanks = &line[..line.len() - content.len()];
            let further = blanks.strip_prefix(from).unwrap_or("");
            out.push_str(self.newline);
            if content.is_empty() {
                continue;
            }
            out.push_str(to);
            let levels = further.len() / self.their_unit.len();
            if self.unit != self.their_unit && further == self.their_unit.repeat(levels) {
                out.push_str(&self.unit.repeat(levels));
            } else {
                out.push_str(further);
            }
            out.push_str(content);
        }
        out
    }

    /// Writes a value in mine's manner, scalars as they are spelled.
    fn print(&self, out: &mut String, value: Node<'_>, indent: &str, depth: usize) {
        let (open, close) = match value.kind() {
            Kind::Object => ('{', '}'),
            Kind::Array => ('[', ']'),
            _ => return out.push_str(&value.raw()),
        };
        if depth == 0 {
            return out.push_str(&value.raw());
        }
        let inner = format!("{indent}{}", self.unit);
        let plain = self.flat
            || value
                .elements()
                .next()
                .is_some_and(|first| first.kind() == Kind::Number);
        out.push(open);
        let mut any = false;
        let begin = |out: &mut String, any: &mut bool| {
            if std::mem::replace(any, true) {
                out.push(',');
                out.push_str(if plain { self.space() } else { "" });
            }
            if !plain {
                out.push_str(self.newline);
                out.push_str(&inner);
            }
        };
        for member in value.members() {
            begin(out, &mut any);
            out.push_str(&member.key().raw());
            out.push_str(if self.tight { ":" } else { ": " });
            if let Some(value) = member.value() {
                self.print(out, value, &inner, depth - 1);
            }
        }
        for element in value.elements() {
            begin(out, &mut any);
            self.print(out, element, &inner, depth - 1);
        }
        if any && !plain {
            out.push_str(self.newline);
            out.push_str(indent);
        }
        out.push(close);
    }
}

/// A text and where its lines begin.
struct Lines {
    text: String,
    starts: Vec<usize>,
}

impl Lines {
    fn new(text: String) -> Self {
        let ends = text.match_indices(['\n', '\r']).map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(ends).collect();
        Self { text, starts }
    }

    /// All that is not blank stands on one line.
    fn is_one(&self) -> bool {
        let from = self.text.len() - self.text.trim_start().len();
        let to = self.text.trim_end().len();
        !self
            .starts
            .iter()
            .any(|start| (from + 1..=to).contains(start))
    }

    /// The blanks at the start of the line that holds `at`.
    fn indent(&self, at: usize) -> &str {
        let line = self.starts.partition_point(|start| *start <= at);
        let line = &self.text[self.starts[line.saturating_sub(1)]..at];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }
}

/// One level of indentation: the first there is.
fn unit(text: &str) -> Option<String> {
    text.split(['\n', '\r'])
        .skip(1)
        .map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()])
        .find(|blanks| !blanks.is_empty())
        .map(str::to_owned)
}
