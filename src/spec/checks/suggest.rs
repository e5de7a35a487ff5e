//! Did you mean …?

/// Shortest word of which a beginning counts as the word: `min` for `minimize`.
const BEGINNING: usize = 3;

/// The candidate that `word` most probably stands for: the same but for capitals and separators, one that begins with it, or one
/// that a few typing mistakes make of it. None if all are too far.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = simplify(word);
    let scored = candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
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
                // Far too different in length to be worth comparing.
                let limit = (plain.chars().count().max(other.chars().count()) / 3).max(1);
                if other.len().abs_diff(plain.len()) > limit * 4 {
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

fn simplify(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
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
