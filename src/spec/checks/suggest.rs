//! Did you mean …?

/// Shortest word of which a beginning counts as the word: `min` for `minimize`.
const BEGINNING: usize = 3;

/// The candidate that `word` most probably stands for: the same but for capitals and separators, one that begins with it, or one
/// that a few typing mistakes make of it. None if all are too far.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = simplify(word);
    if plain.is_empty() {
        return None;
    }
    let count = plain.chars().count();
    let scored = candidates
        .into_iter()
        .filter(|candidate| *candidate != word && may_be(&plain, count, candidate))
        .filter_map(|candidate| {
            let other = simplify(candidate);
            let begins = plain.len() >= BEGINNING
                && (other.starts_with(&plain)
                    || plain.starts_with(&other) && other.len() >= BEGINNING);
            let score = if other == plain {
                0
            } else if begins {
                1
            } else {
                // No fewer mistakes than the difference in length: not worth comparing, as most are not.
                let others = other.chars().count();
                let limit = (count.max(others) / 3).max(1);
                if others.abs_diff(count) > limit {
                    return None;
                }
                let distance = strsim::damerau_levenshtein(&plain, &other);
                if distance > limit {
                    return None;
                }
                distance + 1
            };
            Some((score, candidate))
        });
    scored
        .min_by_key(|(score, _)| *score)
        .map(|(_, candidate)| candidate)
}

/// Rules out, without a copy, what is too short to be meant and does not begin alike: of ten thousand names, nearly all.
fn may_be(plain: &str, count: usize, candidate: &str) -> bool {
    let long_enough = candidate.len() + (count / 3).max(1) >= count;
    let first = |word: &str| {
        word.chars()
            .flat_map(char::to_lowercase)
            .find(|c| !is_separator(*c))
    };
    long_enough || first(plain) == first(candidate)
}

fn is_separator(c: char) -> bool {
    matches!(c, '_' | '-' | ' ')
}

fn simplify(word: &str) -> String {
    word.chars()
        .filter(|c| !is_separator(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typing_mistakes_capitals_and_beginnings_are_understood() {
        let words = [
            "minimize",
            "maximize",
            "CMA-ES",
            "NSGA-II",
            "von_mises",
            "ext_001",
            "ext_002",
        ];
        for (word, meant) in [
            ("minimise", "minimize"),
            ("MAXIMIZE", "maximize"),
            ("min", "minimize"),
            ("cma_es", "CMA-ES"),
            ("NSGA2", "NSGA-II"),
            ("vonMises", "von_mises"),
            ("ext_01", "ext_001"),
            ("ext002", "ext_002"),
        ] {
            assert_eq!(nearest(word, words), Some(meant), "{word}");
        }
        for word in ["", "thickness", "x"] {
            assert_eq!(nearest(word, words), None, "{word}");
        }
    }
}
