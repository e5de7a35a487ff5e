//! Applying fixes.

use std::collections::BTreeMap;

use super::{Checker, Context, Finding, Fix};
use crate::{spec::syntax::Parsed, text::Edit};

/// Rounds at most: a fix may uncover what the old text hid, but not for ever.
const ROUNDS: usize = 16;

/// Applies the fixes that `choose` picks, again and again until none is left; gives the new text and how many were applied.
///
/// In one round fixes that overlap, or insert at one place, are not applied together: the next round looks anew.
#[must_use]
pub fn fix_all(
    parsed: &Parsed,
    context: &Context,
    choose: impl Fn(&Finding) -> Option<&Fix>,
) -> (Parsed, usize) {
    let (mut parsed, mut checker, mut applied) = (parsed.clone(), Checker::new(), 0);
    for _ in 0..ROUNDS {
        let findings = checker.check(&parsed, context);
        // By start, end and order. None reaches into another, so that of those that begin before a place the last ends last.
        let mut edits: BTreeMap<(usize, usize, usize), Edit> = BTreeMap::new();
        let mut count = 0;
        for fix in findings.iter().filter_map(&choose) {
            let apart = |edit: &Edit| {
                let before = edits
                    .range(..=(edit.range.end, usize::MAX, usize::MAX))
                    .next_back();
                before.is_none_or(|((_, end, _), _)| *end < edit.range.start)
            };
            if fix.edits.iter().all(apart) {
                let own = fix.edits.iter().cloned().enumerate();
                edits
                    .extend(own.map(|(nth, edit)| ((edit.range.start, edit.range.end, nth), edit)));
                count += 1;
            }
        }
        if count == 0 {
            break;
        }
        parsed = parsed.edit(&edits.into_values().collect::<Vec<_>>());
        applied += count;
    }
    (parsed, applied)
}
