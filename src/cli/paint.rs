//! The terminal's colours, in one place, and texts side by side as a coloured diff.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use super::plain::plain;

const fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(anstyle::Color::Ansi(colour)))
}

/// Something is wrong.
pub const ERROR: Style = colour(AnsiColor::Red).bold();
/// Something may be wrong.
pub const WARNING: Style = colour(AnsiColor::Yellow).bold();
/// Something is right.
pub const GOOD: Style = colour(AnsiColor::Green);
/// What was removed.
pub const REMOVED: Style = colour(AnsiColor::Red);
/// Names and places.
pub const NAME: Style = colour(AnsiColor::Cyan);
/// Headings.
pub const HEADING: Style = Style::new().bold();
/// What may be passed over.
pub const QUIET: Style = Style::new().dimmed();

/// The lines that differ, each with two lines around it, as `git diff` shows them. Empty when nothing differs.
pub fn diff(name: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut shown = String::new();
    for hunk in diff.unified_diff().context_radius(2).iter_hunks() {
        if shown.is_empty() {
            let name = plain(name);
            let _ = writeln!(shown, "{HEADING}--- {name}\n+++ {name}{HEADING:#}");
        }
        let _ = writeln!(shown, "{NAME}{}{NAME:#}", hunk.header());
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', REMOVED),
                ChangeTag::Insert => ('+', GOOD),
                ChangeTag::Equal => (' ', Style::new()),
            };
            let line = plain(change.value().trim_end_matches(['\r', '\n']));
            let _ = writeln!(shown, "{style}{sign}{line}{style:#}");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_diff_shows_what_changed_and_a_little_around_it() {
        let shown = diff("spec", "1\n2\n3\n4\n5\n6\n", "1\n2\n3\nfour\n5\n6\n");
        expect![[r"
            --- spec
            +++ spec
            @@ -2,5 +2,5 @@
             2
             3
            -4
            +four
             5
             6
        "]]
        .assert_eq(&anstream::adapter::strip_str(&shown).to_string());
        assert_eq!(diff("spec", "same", "same"), "");
    }
}
