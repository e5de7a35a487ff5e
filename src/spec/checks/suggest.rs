//! Did you mean …?

/// Shortest word of which a beginning counts as the word: `min` for `minimize`.
const BEGINNING: usize = 3;

/// Shortest word in which a typing mistake is recognised: of one or two characters nearly every other would be near.
const TYPED: usize = 3;

/// What a word probably stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near<'a> {
    /// The candidate.
    pub word: &'a str,
    /// It can only be that one: the same but for capitals and separators, or for a slip of the finger that leaves every
    /// digit as it is.
    pub certain: bool,
}

/// Signs as people write them, and as they are meant.
const SIGNS: [(&str, &str); 7] = [
    ("≤", "<="),
    ("⩽", "<="),
    ("=<", "<="),
    ("≥", ">="),
    ("⩾", ">="),
    ("=>", ">="),
    ("=", "=="),
];

/// The candidate that `word` most probably stands for, see [`near`].
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    near(word, candidates).map(|near| near.word)
}

/// The candidate that `word` most probably stands for: the same but for capitals and separators, one that begins with it, or one
/// that a few typing mistakes make of it. None if all are too far, or if two are equally near.
#[must_use]
pub fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Near<'a>> {
    let plain = simplify(word);
    if plain.is_empty() {
        return None;
    }
    let count = plain.chars().count();
    let sign = SIGNS.iter().find(|(sign, _)| *sign == word);
    let mut best: Option<(usize, Near<'a>)> = None;
    let mut tied = false;
    for candidate in candidates {
        let meant = sign.is_some_and(|(_, meant)| *meant == candidate);
        if candidate == word || !(meant || may_be(&plain, count, candidate)) {
            continue;
        }
        let Some((score, certain)) = (if meant {
            Some((0, true))
        } else {
            score(&plain, count, &simplify(candidate))
        }) else {
            continue;
        };
        match &best {
            Some((least, known)) if score == *least => tied |= known.word != candidate,
            Some((least, _)) if score > *least => {}
            _ => {
                let near = Near {
                    word: candidate,
                    certain,
                };
                (best, tied) = (Some((score, near)), false);
            }
        }
    }
    best.filter(|_| !tied).map(|(_, near)| near)
}

/// How far a word of `count` characters is from another, the nearest first, and whether it can only be that one.
fn score(plain: &str, count: usize, other: &str) -> Option<(usize, bool)> {
    if other == plain {
        return Some((0, true));
    }
    let begins = plain.len() >= BEGINNING
        && (other.starts_with(plain) || plain.starts_with(other) && other.len() >= BEGINNING);
    if begins {
        return Some((1, false));
    }
    let others = other.chars().count();
    let limit = match count.min(others) {
        ..TYPED => return None,
        _ => (count.max(others) / 3).max(1),
    };
    // No fewer mistakes than the difference in length: not worth comparing, as most are not.
    if others.abs_diff(count) > limit {
        return None;
    }
    let distance = strsim::damerau_levenshtein(plain, other);
    let slips = if count < 8 { 1 } else { 2 };
    let digits = |word: &str| {
        word.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    (distance <= limit).then(|| {
        let certain = distance <= slips && count > TYPED && digits(plain) == digits(other);
        (distance + 1, certain)
    })
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
    use super::{near, nearest};

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

    #[test]
    fn signs_are_understood_and_never_turned_round() {
        let signs = ["<=", ">=", "<", ">", "=="];
        for (word, meant) in [
            ("≤", "<="),
            ("=<", "<="),
            ("≥", ">="),
            ("=>", ">="),
            ("=", "=="),
        ] {
            let found = near(word, signs).expect("is near");
            assert_eq!((found.word, found.certain), (meant, true), "{word}");
        }
        for word in ["!=", "<>", "≠", "x", "~", "<<"] {
            assert_eq!(near(word, signs), None, "{word}");
        }
    }

    #[test]
    fn where_two_are_equally_near_none_is_meant() {
        assert_eq!(nearest("SOL106", ["SOL101", "SOL103", "SOL105"]), None);
        assert_eq!(nearest("zernike", ["zernike_opd", "zernike_csv"]), None);
        assert_eq!(nearest("max", ["max_trials", "max_time_hours"]), None);
        assert_eq!(nearest("z", ["x", "y"]), None);
    }

    #[test]
    fn only_a_slip_of_the_finger_is_certain() {
        let certain = |word, candidates: &[&'static str]| {
            near(word, candidates.iter().copied()).map(|near| near.certain)
        };
        assert_eq!(certain("minimise", &["minimize", "maximize"]), Some(true));
        assert_eq!(certain("vonMises", &["von_mises"]), Some(true));
        for (word, candidate) in [
            ("CQUAD8", "CQUAD4"),
            ("NSGA-III", "NSGA-II"),
            ("NSGA2", "NSGA-II"),
            ("minmax", "min"),
            ("principal", "max_principal"),
            ("min", "minimize"),
        ] {
            assert_eq!(certain(word, &[candidate]), Some(false), "{word}");
        }
    }
}
