//! What puts a lost bracket back. The tree shows what its bracket does not close, and the indentation of the lines what
//! belongs to what. That is a guess, so each is tried: it counts only if it leaves fewer mistakes and makes no new one.

use std::{collections::HashMap, ops::Range};

use crate::{
    spec::{
        format::{Shape, ValueKind},
        rewrite::{LONG_LINE, indentation, line_end},
        syntax::{Kind, Node, Parsed, Place, Step, SyntaxError, Trouble},
    },
    text::Edit,
};

/// Nothing is tried in a text that is longer: each letter typed in it would wait.
const MOST_BYTES: usize = 256 << 10;
/// Nor in one with more mistakes: it is no spec that lost a bracket.
const MOST_ERRORS: usize = 32;
/// So many mistakes are tried.
const MOST_TRIED: usize = 4;
/// So many brackets may be lost at once.
const MOST_LEVELS: usize = 32;
/// For an opening bracket so many of the values before it are tried, and of those that are missing.
const MOST_VALUES: usize = 4;

/// A broken text, in which brackets may be lost.
pub(super) struct Broken<'p> {
    parsed: &'p Parsed,
    errors: &'p [SyntaxError],
    text: String,
    tried: usize,
}

/// What puts a bracket back.
pub(super) struct Back {
    pub edit: Edit,
    /// Rather this than what mends the mistake in another way.
    pub is_better: bool,
}

impl<'p> Broken<'p> {
    pub fn new(parsed: &'p Parsed, errors: &'p [SyntaxError]) -> Self {
        let concerned = errors.iter().any(|error| is_bracket(error.trouble));
        let small = parsed.text().len() <= MOST_BYTES && errors.len() <= MOST_ERRORS;
        let text = match concerned && small {
            true => parsed.text().whole().into_owned(),
            false => String::new(),
        };
        Broken {
            parsed,
            errors,
            text,
            tried: 0,
        }
    }

    /// What puts the bracket back whose loss is the `nth` mistake, if that is one. `otherwise` mends the mistake in
    /// another way.
    pub fn put_back(&mut self, nth: usize, otherwise: Option<&Edit>) -> Option<Back> {
        let error = &self.errors[nth];
        if self.text.is_empty() || self.tried == MOST_TRIED || !self.may_be_lost(error) {
            return None;
        }
        self.tried += 1;
        let most = match error.trouble {
            // What the bracket's loss has caused, too, has to be gone.
            Trouble::MissingValue => self.errors.len().checked_sub(2)?,
            _ => self.errors.len() - 1,
        };
        let otherwise = otherwise.and_then(|edit| self.left_after(edit, nth));
        let tries = self.tries(error).into_iter().filter_map(|edit| {
            let left = self.left_after(&edit, nth)?;
            (left <= most && self.is_of_format(&edit) != Some(false)).then_some((left, edit))
        });
        let (left, edit) = tries.min_by_key(|(left, _)| *left)?;
        let is_better = match otherwise {
            Some(otherwise) if left == otherwise => self.is_of_format(&edit) == Some(true),
            Some(otherwise) if left > otherwise => return None,
            _ => true,
        };
        Some(Back { edit, is_better })
    }

    /// What lacks its closing bracket before `error`, from the outside in.
    pub fn opened(&self, error: &SyntaxError) -> Vec<Range<usize>> {
        if self.text.is_empty() || error.trouble != Trouble::MissingCloser {
            return Vec::new();
        }
        let (end, _) = self.end_before(error.range.start);
        let opened = self.unclosed(end, error.range.start);
        let brackets = opened.iter().map(|node| node.range().start);
        brackets
            .filter(|at| matches!(self.text.as_bytes().get(*at), Some(b'{' | b'[')))
            .map(|at| at..at + 1)
            .collect()
    }

    fn may_be_lost(&self, error: &SyntaxError) -> bool {
        let closer = || self.lacks(Trouble::MissingCloser, error.range.start);
        is_bracket(error.trouble) || error.trouble == Trouble::MissingComma && closer()
    }

    fn lacks(&self, trouble: Trouble, at: usize) -> bool {
        let is_there = |error: &SyntaxError| error.trouble == trouble && error.range.start == at;
        self.errors.iter().any(is_there)
    }

    /// What may put the bracket back. Of those that leave equally few mistakes the first is taken.
    fn tries(&self, error: &SyntaxError) -> Vec<Edit> {
        let Range { start, end } = error.range;
        let found = &self.text[error.range.clone()];
        match error.trouble {
            Trouble::MissingCloser => [self.closers(start), self.openers(found, start)].concat(),
            Trouble::MissingComma => self.closers(start),
            Trouble::Unclosed => self.closers(self.text.len()),
            // A value that is missing before it may have been cut off from its bracket.
            Trouble::StrayCloser => {
                let is_one = |other: &&SyntaxError| other.trouble == Trouble::MissingValue;
                let missing = self.errors.iter().filter(is_one).take(MOST_VALUES);
                let before = missing.flat_map(|other| self.tries(other));
                before.chain(self.openers(found, start)).collect()
            }
            Trouble::WrongCloser => {
                let remove = replace(error.range.clone(), "");
                [self.openers(found, start), vec![remove]].concat()
            }
            Trouble::WrongOpener if found == "[" => vec![insert(end, "{")],
            Trouble::KeyAlone | Trouble::MissingKey | Trouble::Junk => self.openers("]", start),
            Trouble::MissingOpener if found == "{" => vec![self.opener("[", start)],
            Trouble::MissingOpener | Trouble::ColonInArray => vec![insert(start, "{")],
            Trouble::MissingValue => {
                let next = end + blanks(&self.text[end..]);
                vec![self.opener("{", next), self.opener("[", next)]
            }
            Trouble::ExtraComma => self.closer_of_nothing(start).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// For a comma that follows an opening bracket.
    fn closer_of_nothing(&self, comma: usize) -> Option<Edit> {
        let before = self.text[..comma].trim_end();
        let closer = match before.chars().next_back()? {
            '{' => "}",
            '[' => "]",
            _ => return None,
        };
        Some(insert(before.len(), closer))
    }

    /// Whether the format has such a value where `edit` puts an opening bracket before one; none where it does not say.
    fn is_of_format(&self, edit: &Edit) -> Option<bool> {
        let kind = match edit.insert.trim() {
            "[" => ValueKind::Array,
            "{" => ValueKind::Object,
            _ => return None,
        };
        let path = self.parsed.path_at(edit.range.start);
        if !matches!(path.place, Place::Value(_)) {
            return None;
        }
        let names: Vec<String> = path.steps.iter().map(Step::token).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let kinds = &Shape::spec().path(&names)?.kinds;
        match kinds.as_slice() {
            [only] => Some(*only == kind),
            kinds if kinds.is_empty() || kinds.contains(&kind) => None,
            _ => Some(false),
        }
    }

    /// Closing brackets for what lacks them before `at`: where the lines say, or at the end of it.
    fn closers(&self, at: usize) -> Vec<Edit> {
        let (end, comma) = self.end_before(at);
        let opened = self.unclosed(end, at);
        if opened.is_empty() || opened.len() > MOST_LEVELS {
            return Vec::new();
        }
        let slipped = opened.iter().rev();
        let slipped = slipped.filter_map(|node| self.slipped(*node, None, MOST_LEVELS));
        let slipped = slipped.map(|(node, end)| insert(end, &self.closer(node)));
        let mut brackets = self.closing(&opened);
        if self.lacks(Trouble::MissingComma, at) {
            brackets.push(',');
        }
        let usual = match comma {
            Some(comma) if self.stands_as(comma, &opened) => insert(comma, brackets.trim_start()),
            // A comma that nothing follows.
            Some(comma) if at == self.text.len() => replace(end..comma + 1, &brackets),
            _ => insert(end, &brackets),
        };
        slipped.take(1).chain([usual]).collect()
    }

    /// The brackets that close `opened`, the last of them first.
    fn closing(&self, opened: &[Node<'_>]) -> String {
        let mut brackets = String::new();
        let mut line = None;
        for node in opened.iter().rev() {
            let own = self.line_start(node.range().start);
            let closer = self.closer(*node);
            // What was opened on one line is closed on one.
            let is_on_it = line.replace(own) == Some(own);
            brackets.push_str(if is_on_it {
                closer.trim_start()
            } else {
                &closer
            });
        }
        brackets
    }

    /// The comma is alone on its line, where the bracket of the one container that lacks it would stand.
    fn stands_as(&self, comma: usize, opened: &[Node<'_>]) -> bool {
        let [node] = opened else { return false };
        let start = node.range().start;
        let has_lines = self.closer(*node).len() > 1;
        has_lines && self.text[self.line_start(comma)..comma] == self.indent(start)
    }

    /// The bracket that closes `node`: on a line of its own if what is in it is on such.
    fn closer(&self, node: Node<'_>) -> String {
        let bracket = if node.kind() == Kind::Object {
            "}"
        } else {
            "]"
        };
        match line_end(self.parsed.text(), node.range().start + 1) {
            Some(eol) => format!("{eol}{}{bracket}", self.indent(node.range().start)),
            None => bracket.into(),
        }
    }

    /// `bracket` before what begins at `at`, or at the end of the line before.
    fn opener(&self, bracket: &str, at: usize) -> Edit {
        let end = self.text[..at].trim_end().len();
        if self.text[end..at].contains(['\n', '\r']) {
            return insert(end, &format!(" {bracket}"));
        }
        insert(at, bracket)
    }

    /// The opening bracket that `closer` lacks, before each of the values that stand before `at`.
    fn openers(&self, closer: &str, at: usize) -> Vec<Edit> {
        let bracket = match closer {
            "]" => "[",
            "}" => "{",
            _ => return Vec::new(),
        };
        let path = self.parsed.path_at(at);
        let Some(container) = path.container.or_else(|| self.parsed.root()) else {
            return Vec::new();
        };
        let starts = children(container).map(|node| node.range().start);
        let starts: Vec<usize> = starts.take_while(|start| *start < at).collect();
        let last = starts.into_iter().rev().take(MOST_VALUES);
        last.map(|start| self.opener(bracket, start)).collect()
    }

    /// The containers around `end`, from the outside in, that lack their closing brackets and end before `at`.
    fn unclosed(&self, end: usize, at: usize) -> Vec<Node<'p>> {
        let mut opened = Vec::new();
        let mut around = self.parsed.root();
        while let Some(node) = around.filter(|node| is_container(*node)) {
            if !node.is_closed() && node.range().end <= at {
                opened.push(node);
            }
            let inner = children(node).take_while(|inner| inner.range().start < end);
            around = inner
                .last()
                .filter(|inner| end < inner.range().end || !inner.is_closed());
        }
        opened
    }

    /// The container, `node` or the last one in it and so on, that has entries which begin lines indented no deeper than
    /// the one on which it is opened, or as far as the entry that it is in, which stands at `column`: it has taken the
    /// bracket of another. And where the last entry ends that is its own.
    fn slipped(
        &self,
        node: Node<'p>,
        column: Option<usize>,
        levels: usize,
    ) -> Option<(Node<'p>, usize)> {
        let indent = self.indent(node.range().start).len();
        let mut last: Option<(Node<'p>, usize)> = None;
        for (inner, start) in children(node).zip(starts(node)) {
            if let (Some((before, _)), Some(own)) = (last, self.indent_if_first(start))
                && (own <= indent || Some(own) == column)
            {
                return Some((node, before.range().end));
            }
            last = Some((inner, start));
        }
        let (inner, start) = last.filter(|(inner, _)| levels > 1 && is_container(*inner))?;
        let column = start - self.line_start(start);
        self.slipped(inner, Some(column), levels - 1)
    }

    /// Where what stands before `at` ends, without the comma behind it, and where that is.
    fn end_before(&self, at: usize) -> (usize, Option<usize>) {
        let before = self.text[..at].trim_end();
        match before.strip_suffix(',') {
            Some(entry) => (entry.trim_end().len(), Some(entry.len())),
            None => (before.len(), None),
        }
    }

    /// Where the line of `at` begins; of a very long one, some place before.
    fn line_start(&self, at: usize) -> usize {
        let from = self.text.floor_char_boundary(at.saturating_sub(LONG_LINE));
        let end = self.text[from..at].rfind(['\n', '\r']);
        end.map_or(from, |end| from + end + 1)
    }

    /// How far the line is indented that begins with what stands at `at`, in bytes.
    fn indent_if_first(&self, at: usize) -> Option<usize> {
        let before = self.text[..at].trim_end_matches([' ', '\t']);
        let is_first = before.is_empty() || before.ends_with(['\n', '\r']);
        is_first.then(|| at - before.len())
    }

    /// The blanks that the line of `at` begins with.
    fn indent(&self, at: usize) -> String {
        indentation(self.parsed.text(), at)
    }

    /// How many mistakes `edit` leaves; none if it makes a new one or leaves the `nth`.
    fn left_after(&self, edit: &Edit, nth: usize) -> Option<usize> {
        let after = self.parsed.edit(std::slice::from_ref(edit)).errors();
        let mut had: HashMap<(usize, Trouble), usize> = HashMap::new();
        for (_, error) in self
            .errors
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != nth)
        {
            *had.entry((moved(error.range.start, edit), error.trouble))
                .or_default() += 1;
        }
        for error in &after {
            let left = had.get_mut(&(error.range.start, error.trouble))?;
            *left = left.checked_sub(1)?;
        }
        Some(after.len())
    }
}

/// A mistake that a lost bracket may be behind.
fn is_bracket(trouble: Trouble) -> bool {
    matches!(
        trouble,
        Trouble::MissingCloser
            | Trouble::Unclosed
            | Trouble::MissingOpener
            | Trouble::ColonInArray
            | Trouble::MissingValue
            | Trouble::MissingKey
            | Trouble::KeyAlone
            | Trouble::Junk
            | Trouble::ExtraComma
            | Trouble::WrongOpener
            | Trouble::WrongCloser
            | Trouble::StrayCloser
    )
}

fn is_container(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::Object | Kind::Array)
}

/// The values in a container.
fn children<'a>(node: Node<'a>) -> impl Iterator<Item = Node<'a>> + use<'a> {
    let values = node.members().filter_map(|member| member.value());
    values.chain(node.elements())
}

/// Where the entries begin that [`children`] gives the values of.
fn starts<'a>(node: Node<'a>) -> impl Iterator<Item = usize> + use<'a> {
    let members = node.members().filter(|member| member.value().is_some());
    let members = members.map(|member| member.range().start);
    members.chain(node.elements().map(|element| element.range().start))
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

fn moved(at: usize, edit: &Edit) -> usize {
    if at < edit.range.end {
        at
    } else {
        at - edit.range.len() + edit.insert.len()
    }
}

fn insert(at: usize, text: &str) -> Edit {
    replace(at..at, text)
}

fn replace(range: Range<usize>, text: &str) -> Edit {
    Edit {
        range,
        insert: text.into(),
    }
}
