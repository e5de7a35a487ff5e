//! What the numbers of a Zernike fit mean, in the terms of optics: Noll's order, which the format counts in
//! (R. J. Noll, "Zernike polynomials and atmospheric turbulence", 1976).

use crate::{
    ide::{markdown::code, place::number},
    spec::syntax::Node,
};

/// The aberrations that `filter_orders` can take off: the first and the last of their terms, and their name.
const ABERRATIONS: [(u32, u32, &str); 9] = [
    (1, 1, "piston"),
    (2, 3, "tip and tilt"),
    (4, 4, "defocus"),
    (5, 6, "primary astigmatism"),
    (7, 8, "primary coma"),
    (9, 10, "trefoil"),
    (11, 11, "primary spherical aberration"),
    (12, 13, "secondary astigmatism"),
    (14, 15, "tetrafoil"),
];

/// Terms that are fitted where `n_modes` is absent.
const MODES: u32 = 50;

/// What an output of a Zernike extractor is, with what the extractor's own settings take off; none for an output whose
/// name the format does not know.
pub fn output(extractor: Node<'_>, name: &str) -> Option<String> {
    if name.starts_with("global_rms") {
        return Some(
            "RMS of the whole wavefront over the pupil, only its mean (piston) taken off: tip, tilt and defocus count in \
             full, and `filter_orders` changes nothing."
                .into(),
        );
    }
    if !name.starts_with("filtered_rms") {
        return None;
    }
    let config = extractor.get("config");
    let given = config.and_then(|config| config.get("filter_orders"));
    let Some(orders) = given.and_then(orders) else {
        let why = match given {
            Some(value) => format!(
                "What it has, {}, is no whole number from 0 to 15.",
                code(&value.raw())
            ),
            None => "That is not set here, and the format has no default for it.".to_owned(),
        };
        return Some(format!(
            "RMS of the wavefront over the pupil after the terms up to `filter_orders` are taken off. {why}"
        ));
    };
    let modes = modes(config);
    let mut text = format!(
        "RMS of the wavefront over the pupil; `filter_orders` {orders} takes off {}",
        taken_off_of(orders, modes)
    );
    let first = orders + 1;
    if first < modes {
        text.push_str(&format!(
            " The fitted part of the rest is √(Σ aⱼ²), j = {first} … {modes}, where the nodes cover the whole disc evenly."
        ));
    }
    Some(text)
}

/// What a value of `filter_orders` takes off of the terms that are fitted by these settings; none for a value out of its
/// range.
pub fn filter_orders(value: Node<'_>, config: Option<Node<'_>>) -> Option<String> {
    let orders = orders(value)?;
    Some(format!(
        "{} takes off {}",
        code(&orders.to_string()),
        taken_off_of(orders, modes(config))
    ))
}

/// How many terms are fitted.
fn modes(config: Option<Node<'_>>) -> u32 {
    config
        .and_then(|config| number(config, "n_modes"))
        .map_or(MODES, |modes| modes as u32)
}

/// The same as [`taken_off`], of no more terms than are fitted.
fn taken_off_of(orders: u32, modes: u32) -> String {
    if orders < modes {
        taken_off(orders)
    } else {
        format!("all {modes} terms that are fitted: only what the fit leaves over stays.")
    }
}

/// 0 to 15.
fn orders(value: Node<'_>) -> Option<u32> {
    let number = value.as_f64()?;
    (number.fract() == 0.0 && (0.0..=15.0).contains(&number)).then_some(number as u32)
}

/// The aberrations of the first `orders` terms, and what stays: to go on after "takes off".
fn taken_off(orders: u32) -> String {
    if orders == 0 {
        return "nothing, not even piston (Z1).".into();
    }
    let terms = |first: u32, last: u32| match last - first {
        0 => format!("Z{first}"),
        _ => format!("Z{first}, Z{last}"),
    };
    let off = ABERRATIONS.iter().filter(|(first, ..)| *first <= orders);
    let off: Vec<String> = off
        .map(|(first, last, name)| format!("{name} ({})", terms(*first, (*last).min(orders))))
        .collect();
    let which = match orders {
        1 => "Noll's first term".to_owned(),
        _ => format!("Noll's terms 1 to {orders}"),
    };
    // The first whose last term stays.
    let stays = match ABERRATIONS.iter().find(|(_, last, _)| *last > orders) {
        None => String::new(),
        Some((first, last, name)) if *first <= orders => format!(
            " The other half of {name}, Z{last}, stays: what is left depends on how the axes lie."
        ),
        Some((first, last, name)) => {
            format!(" What stays begins with {name} ({}).", terms(*first, *last))
        }
    };
    format!("{which}: {}.{stays}", off.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_terms_is_named_by_its_aberrations() {
        let expected = [
            (0, "nothing, not even piston (Z1)."),
            (
                1,
                "Noll's first term: piston (Z1). What stays begins with tip and tilt (Z2, Z3).",
            ),
            (
                4,
                "Noll's terms 1 to 4: piston (Z1), tip and tilt (Z2, Z3), defocus (Z4). What stays begins with primary \
                 astigmatism (Z5, Z6).",
            ),
            (
                5,
                "Noll's terms 1 to 5: piston (Z1), tip and tilt (Z2, Z3), defocus (Z4), primary astigmatism (Z5). The other \
                 half of primary astigmatism, Z6, stays: what is left depends on how the axes lie.",
            ),
        ];
        for (orders, words) in expected {
            assert_eq!(taken_off(orders), words);
        }
        assert!(taken_off(15).ends_with("secondary astigmatism (Z12, Z13), tetrafoil (Z14, Z15)."));
    }

    #[test]
    fn the_aberrations_follow_each_other_without_a_gap() {
        let mut next = 1;
        for (first, last, _) in ABERRATIONS {
            assert_eq!(first, next);
            next = last + 1;
        }
        assert_eq!(next, 16, "`filter_orders` ends at 15");
    }
}
