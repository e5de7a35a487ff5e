//! Specs to check, and findings in a form to read.

use crate::{
    spec::{
        checks::{Context, Finding, check, needed_files},
        syntax::Parsed,
    },
    text::Text,
};

pub const BRACKET: &str =
    include_str!("../../../../examples/studies/bracket_mass/1_setup/atomizer_spec.json");
pub const GIMBAL: &str =
    include_str!("../../../../examples/studies/gimbal_arm/1_setup/atomizer_spec.json");
pub const MIRROR: &str =
    include_str!("../../../../examples/studies/optics/m1_mirror/atomizer_spec.json");
pub const DRONE: &str =
    include_str!("../../../../examples/studies/_inbox/draft_drone_frame/atomizer_spec.json");

pub fn parsed(text: &str) -> Parsed {
    Parsed::new(Text::from(text))
}

/// All files that the spec names are there.
pub fn with_files(parsed: &Parsed) -> Context {
    let mut context = Context::default();
    for need in needed_files(parsed) {
        context.files.insert(
            need.path,
            true,
            Some("0123456789abcdef0123456789abcdef".into()),
        );
    }
    context
}

pub fn findings(text: &str) -> Vec<Finding> {
    let parsed = parsed(text);
    check(&parsed, &with_files(&parsed))
}

/// Each finding with its place marked in the text, the other places that it is about, and its fixes.
pub fn report(text: &str, findings: &[Finding]) -> String {
    let mut lines = String::new();
    for finding in findings {
        lines += &format!(
            "{} {} at {:?}\n  {}\n",
            finding.severity, finding.code, finding.pointer, finding.message
        );
        lines += &marked(text, &finding.range);
        for related in &finding.related {
            lines += &format!("  ~ {}\n{}", related.message, marked(text, &related.range));
        }
        for fix in &finding.fixes {
            lines += &format!(
                "  + {}{}\n",
                fix.title,
                if fix.safe { " (safe)" } else { "" }
            );
        }
    }
    lines
}

/// The line of a place, the place marked with `^` below it.
fn marked(text: &str, range: &std::ops::Range<usize>) -> String {
    let start = text[..range.start].rfind('\n').map_or(0, |end| end + 1);
    let end = text[range.start..]
        .find('\n')
        .map_or(text.len(), |length| range.start + length);
    let line = &text[start..end];
    if line.is_empty() {
        return "    (an empty line)\n".to_owned();
    }
    let indent = line.len() - line.trim_start().len();
    let before = text[start..range.start]
        .chars()
        .count()
        .saturating_sub(indent);
    let marks = text[range.start..range.end.min(end)].chars().count();
    format!(
        "    {}\n    {}{}\n",
        line.trim_start(),
        " ".repeat(before),
        "^".repeat(marks)
    )
}

/// `text` with each first `old` replaced, which must be there.
pub fn with(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old} is not in the text");
        text.replacen(old, new, 1)
    })
}

/// The findings of these codes in `text` are as expected; the status is made one that promises nothing.
pub fn says(text: &str, expected: expect_test::Expect) {
    let text = text
        .replace("\"status\": \"ready\"", "\"status\": \"configured\"")
        .replace("\"status\": \"running\"", "\"status\": \"configured\"");
    expected.assert_eq(&report(&text, &findings(&text)));
}

/// Nothing is found in `text`.
pub fn nothing(text: &str) {
    assert_eq!(report(text, &findings(text)), "");
}
