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

/// One line for each finding: severity, code, what is underlined, what it is related to, and the fixes.
pub fn report(text: &str, findings: &[Finding]) -> String {
    let mut lines = String::new();
    for finding in findings {
        let at = |range: &std::ops::Range<usize>| text[range.clone()].replace('\n', "⏎");
        lines += &format!(
            "{} {} {} `{}`",
            finding.severity,
            finding.code,
            finding.pointer,
            at(&finding.range)
        );
        for related in &finding.related {
            lines += &format!(" ~ `{}`", at(&related.range));
        }
        for fix in &finding.fixes {
            lines += &format!(" [{}]", fix.title);
        }
        lines.push('\n');
    }
    lines
}
