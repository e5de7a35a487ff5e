//! Changes of a text, and the smallest ones that lead from one text to another.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use similar::{Algorithm, capture_diff_slices_deadline};

/// Replaces `range` (bytes of the original text) by `insert`. A list of edits always refers to one original text, is
/// sorted, and does not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What goes away; empty for an insertion.
    pub range: Range<usize>,
    /// What comes instead; empty for a deletion.
    pub insert: String,
}

/// How long lines are compared at most before a coarser answer is taken; only texts with hundreds of thousands of
/// different lines get there.
const PATIENCE: Duration = Duration::from_millis(300);
/// Changed places longer than this many words are replaced whole rather than word by word.
const FINE: usize = 2_000;

/// `text` with `edits` applied; what lies outside the text or ends inside a character is moved inwards.
#[must_use]
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut result =
        String::with_capacity(text.len() + edits.iter().map(|e| e.insert.len()).sum::<usize>());
    let mut done = 0;
    for edit in edits {
        let start = text.floor_char_boundary(edit.range.start).max(done);
        result.push_str(&text[done..start]);
        result.push_str(&edit.insert);
        done = text.floor_char_boundary(edit.range.end).max(start);
    }
    result.push_str(&text[done..]);
    result
}

/// The smallest edits that turn `old` into `new`: first line by line, then word by word, then cut to what differs.
/// Never inside a character, never between `\r` and `\n`.
#[must_use]
pub fn minimal(old: &str, new: &str) -> Vec<Edit> {
    let Some((old_part, new_part)) = trim(old, new, 0..old.len(), 0..new.len()) else {
        return Vec::new();
    };
    let mut edits = Vec::new();
    for (old_lines, new_lines) in hunks(old, new, &old_part, &new_part, lines, usize::MAX) {
        for (old_words, new_words) in hunks(old, new, &old_lines, &new_lines, words, FINE) {
            if let Some((range, insert)) = trim(old, new, old_words, new_words) {
                push(&mut edits, range, &new[insert]);
            }
        }
    }
    edits
}

fn push(edits: &mut Vec<Edit>, range: Range<usize>, insert: &str) {
    match edits.last_mut() {
        Some(last) if last.range.end == range.start => {
            last.range.end = range.end;
            last.insert.push_str(insert);
        }
        _ => edits.push(Edit {
            range,
            insert: insert.to_owned(),
        }),
    }
}

/// The differing ranges of two parts, compared piece by piece; the parts themselves where they have over `limit` pieces.
fn hunks(
    old: &str,
    new: &str,
    old_part: &Range<usize>,
    new_part: &Range<usize>,
    split: fn(&str) -> Vec<&str>,
    limit: usize,
) -> Vec<(Range<usize>, Range<usize>)> {
    let (old_pieces, new_pieces) = (split(&old[old_part.clone()]), split(&new[new_part.clone()]));
    if old_pieces.is_empty() || new_pieces.is_empty() || old_pieces.len() + new_pieces.len() > limit
    {
        return vec![(old_part.clone(), new_part.clone())];
    }
    let (old_at, new_at) = (
        offsets(&old_pieces, old_part.start),
        offsets(&new_pieces, new_part.start),
    );
    let deadline = Instant::now() + PATIENCE;
    capture_diff_slices_deadline(Algorithm::Myers, &old_pieces, &new_pieces, Some(deadline))
        .into_iter()
        .filter(|op| op.tag() != similar::DiffTag::Equal)
        .map(|op| {
            let (o, n) = (op.old_range(), op.new_range());
            (
                old_at[o.start]..old_at[o.end],
                new_at[n.start]..new_at[n.end],
            )
        })
        .collect()
}

fn offsets(pieces: &[&str], start: usize) -> Vec<usize> {
    let mut at = start;
    std::iter::once(start)
        .chain(pieces.iter().map(|piece| {
            at += piece.len();
            at
        }))
        .collect()
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Words, runs of blanks, line ends, and every other character by itself.
fn words(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 1,
        ' ' | '\t' => 2,
        _ => 0,
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        let joins = match last {
            Some('\r') => c == '\n',
            Some(l) => class(l) != 0 && class(l) == class(c),
            None => true,
        };
        if !joins {
            pieces.push(&text[start..at]);
            start = at;
        }
        last = Some(c);
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// Cuts what two parts have in common at their ends; none if nothing is left of either.
fn trim(
    old: &str,
    new: &str,
    mut old_part: Range<usize>,
    mut new_part: Range<usize>,
) -> Option<(Range<usize>, Range<usize>)> {
    let (a, b) = (
        &old.as_bytes()[old_part.clone()],
        &new.as_bytes()[new_part.clone()],
    );
    let mut prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    while !(boundary(old, old_part.start + prefix) && boundary(new, new_part.start + prefix)) {
        prefix -= 1;
    }
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let mut suffix = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    while !(boundary(old, old_part.end - suffix) && boundary(new, new_part.end - suffix)) {
        suffix -= 1;
    }
    old_part = old_part.start + prefix..old_part.end - suffix;
    new_part = new_part.start + prefix..new_part.end - suffix;
    (!old_part.is_empty() || !new_part.is_empty()).then_some((old_part, new_part))
}

/// An edit may begin or end here.
fn boundary(text: &str, at: usize) -> bool {
    text.is_char_boundary(at)
        && !(at > 0 && text.as_bytes()[at - 1] == b'\r' && text.as_bytes().get(at) == Some(&b'\n'))
}
