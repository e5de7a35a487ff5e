//! "Did you mean …?"

/// The candidate that `given` was probably meant to be: the one fewest edits away (insertions, deletions,
/// substitutions, swaps of neighbours; letter case counts half), if that is at most a third of its length.
pub fn closest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = given.to_lowercase();
    let scored = candidates
        .into_iter()
        .filter(|candidate| *candidate != given)
        .filter_map(|candidate| {
            let distance = strsim::damerau_levenshtein(&folded, &candidate.to_lowercase());
            let most = (given.chars().count().max(candidate.chars().count()) / 3).max(1);
            (distance <= most).then_some((distance, candidate))
        });
    scored
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_another_word_is_not() {
        let names = ["minimize", "maximize"];
        assert_eq!(closest("minimise", names), Some("minimize"));
        assert_eq!(closest("Minimize", names), Some("minimize"));
        assert_eq!(closest("sideways", names), None);
    }
}
