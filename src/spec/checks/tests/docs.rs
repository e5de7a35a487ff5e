//! `docs/checks.md` and the table say the same.

use crate::spec::checks::{Severity, TABLE};

const DOCUMENT: &str = include_str!("../../../../docs/checks.md");

#[test]
fn every_check_has_its_section_in_the_order_of_the_table() {
    let sections: Vec<&str> = DOCUMENT.split("\n## ").skip(1).collect();
    let names: Vec<&str> = sections
        .iter()
        .filter_map(|section| section.lines().next())
        .collect();
    assert_eq!(
        names,
        TABLE
            .iter()
            .map(|check| check.code.name())
            .collect::<Vec<_>>()
    );
    for (section, check) in sections.iter().zip(TABLE) {
        let severity = match check.severity {
            Severity::Error => "**Error",
            Severity::Warning => "**Warning",
            Severity::Information => "**Information",
            Severity::Hint => "**Hint",
        };
        for part in [severity, "**Why:**", "**Example:**", "**Fix:**"] {
            assert!(
                section.contains(part),
                "the section {} lacks {part}",
                check.code
            );
        }
    }
}
