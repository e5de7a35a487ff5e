//! Applying fixes.

use super::{Checker, Context, Finding, Fix};
use crate::spec::syntax::Parsed;

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
        let mut edits: Vec<crate::text::Edit> = Vec::new();
        let mut count = 0;
        for fix in findings.iter().filter_map(&choose) {
            let apart = |a: &crate::text::Edit, b: &crate::text::Edit| {
                a.range.end < b.range.start || b.range.end < a.range.start
            };
            if fix
                .edits
                .iter()
                .all(|edit| edits.iter().all(|other| apart(edit, other)))
            {
                edits.extend(fix.edits.iter().cloned());
                count += 1;
            }
        }
        if count == 0 {
            break;
        }
        edits.sort_by_key(|edit| edit.range.start);
        parsed = parsed.edit(&edits);
        applied += count;
    }
    (parsed, applied)
}
