//! What is said of a spec that lost a bracket.

use super::support::*;
use crate::spec::checks::{Code, Severity};

/// The missing and unknown keys that a text is charged with.
fn charges(text: &str) -> Vec<String> {
    let about_keys = |code| matches!(code, Code::MissingProperty | Code::UnknownProperty);
    findings(text)
        .into_iter()
        .filter(|finding| about_keys(finding.code) && finding.severity <= Severity::Warning)
        .map(|finding| format!("{} {}", finding.pointer, finding.message))
        .collect()
}

#[test]
fn a_lost_closing_bracket_makes_no_key_missing_or_unknown() {
    for text in [BRACKET, GIMBAL, MIRROR, DRONE] {
        let known = charges(text);
        for (at, bracket) in text.match_indices(['}', ']']) {
            let broken = format!("{}{}", &text[..at], &text[at + 1..]);
            if parsed(&broken).is_valid() {
                continue;
            }
            let mut charges = charges(&broken);
            charges.retain(|charge| !known.contains(charge));
            assert_eq!(charges, [""; 0], "without `{bracket}` at {at}:\n{broken}");
        }
    }
}
