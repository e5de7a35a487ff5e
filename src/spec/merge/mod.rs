//! Three versions of a spec made into one: *base*, from which both came, *mine* (the editor's) and *theirs* (Claude's).
//!
//! What only theirs changed is taken, as text edits of mine; what only mine changed stays; what both changed differently is
//! a conflict, and mine stays. Objects are merged by key, arrays whose elements all have an `id` by that, other arrays by
//! position (as a list of lines would be). The laws that hold are the property tests of this module.

mod layout;
mod list;
mod three_way;

#[cfg(test)]
mod tests;

use serde_json::Value;
use similar::{MergeResolution, TextMerge};

use super::{place::Place, syntax::Parsed};
use crate::text::{Edit, minimal};

/// What comes of a merge.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Merge {
    /// Of mine: sorted, not overlapping.
    pub edits: Vec<Edit>,
    /// Where mine stayed although theirs changed it too, in another way.
    pub conflicts: Vec<MergeConflict>,
}

/// A value that both changed, differently.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeConflict {
    /// JSON pointer (RFC 6901) in mine as it was before the merge. Where mine has removed the value: where it would be,
    /// for an element of an array `…/-`. Empty where the whole text is meant.
    pub pointer: String,
    /// The same place, so that it is found again after the merge and after other changes.
    pub place: Place,
    /// The value both came from, if there was one.
    pub base: Option<Value>,
    /// Mine, which stays; none if mine removed it.
    pub mine: Option<Value>,
    /// Theirs; none if they removed it.
    pub theirs: Option<Value>,
}

/// Merges what theirs changed since base into mine.
///
/// Texts that are not all valid JSON are merged line by line; where that conflicts nothing is changed, and the one conflict
/// has the pointer of the whole text.
#[must_use]
pub fn merge(base: &Parsed, mine: &Parsed, theirs: &Parsed) -> Merge {
    if theirs.text() == base.text() || theirs.text() == mine.text() {
        return Merge::default();
    }
    if mine.text() == base.text() {
        let edits = minimal(&mine.text().to_string(), &theirs.text().to_string());
        return Merge {
            edits,
            conflicts: Vec::new(),
        };
    }
    if let (Some(b), Some(m), Some(t), true) = (
        base.root(),
        mine.root(),
        theirs.root(),
        [base, mine, theirs].iter().all(|parsed| parsed.is_valid()),
    ) {
        return three_way::merge(mine, theirs, b, m, t);
    }
    let text = mine.text().to_string();
    match merge_lines(&base.text().to_string(), &text, &theirs.text().to_string()) {
        Some(merged) => Merge {
            edits: minimal(&text, &merged),
            conflicts: Vec::new(),
        },
        None => {
            let value = |parsed: &Parsed| {
                if parsed.is_valid() {
                    parsed.root().map(|root| root.to_value())
                } else {
                    None
                }
            };
            let conflict = MergeConflict {
                pointer: String::new(),
                place: Place::default(),
                base: value(base),
                mine: value(mine),
                theirs: value(theirs),
            };
            Merge {
                edits: Vec::new(),
                conflicts: vec![conflict],
            }
        }
    }
}

/// Merges line by line, for texts that are not JSON; none where both changed the same lines differently.
#[must_use]
pub fn merge_lines(base: &str, mine: &str, theirs: &str) -> Option<String> {
    let merge = TextMerge::from_lines(base, mine, theirs);
    let mut merged = String::new();
    for region in merge.regions() {
        let line = |lines: std::ops::Range<usize>, get: &dyn Fn(usize) -> Option<String>| {
            lines.filter_map(get).collect::<String>()
        };
        merged += &match region.resolution() {
            MergeResolution::Unchanged | MergeResolution::Ours | MergeResolution::Both => {
                line(region.ours_range(), &|n| {
                    merge.ours_line(n).map(str::to_owned)
                })
            }
            MergeResolution::Theirs => line(region.theirs_range(), &|n| {
                merge.theirs_line(n).map(str::to_owned)
            }),
            _ => return None,
        };
    }
    Some(merged)
}
