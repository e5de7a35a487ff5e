//! Findings for people: each with an excerpt of its source. Also what `demo` shows of its editor's diagnostics.

use std::{
    fmt,
    io::{self, Write},
    ops::Range,
};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};

use super::{Report, Totals};
use crate::{
    cli::{
        paint::{ERROR, GOOD, NAME, QUIET, WARNING},
        plain::{plain, plain_in_place},
    },
    spec::checks::Severity,
    text::{Encoding, Text},
};

/// Lines longer than this are named but not shown.
const LONGEST_LINE: usize = 400;
/// Columns of the report; messages are wrapped to it.
const WIDTH: usize = 100;

/// One finding, whoever found it. Ranges are bytes of the text.
pub struct Problem {
    /// The check's code.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// In words.
    pub message: String,
    /// Where.
    pub range: Range<usize>,
    /// Other places, with what is there.
    pub related: Vec<(Range<usize>, String)>,
}

/// Prints all reports and a line that sums them up.
pub fn print(reports: &[Report], totals: Totals) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    for report in reports {
        let problems = report.findings.iter().map(|finding| Problem {
            code: finding.code.name().to_owned(),
            severity: finding.severity,
            message: finding.message.clone(),
            range: finding.range.clone(),
            related: finding
                .related
                .iter()
                .map(|related| (related.range.clone(), related.message.clone()))
                .collect(),
        });
        let name = report.path.display().to_string();
        write!(out, "{}", render(&name, &report.text, problems))?;
    }
    writeln!(out, "{}", summary(reports.len(), totals))
}

fn summary(files: usize, totals: Totals) -> String {
    let count = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    };
    let style = match totals {
        Totals { errors: 1.., .. } => ERROR,
        Totals { warnings: 1.., .. } => WARNING,
        _ => GOOD,
    };
    format!(
        "{style}{}, {}{style:#} in {}",
        count(totals.errors, "error"),
        count(totals.warnings, "warning"),
        count(files, "spec"),
    )
}

/// The problems of one text with their excerpts, coloured.
pub fn render(name: &str, text: &Text, problems: impl IntoIterator<Item = Problem>) -> String {
    let theme = GraphicalTheme::unicode();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(WIDTH)
        .with_context_lines(1);
    let whole = text.to_string();
    let whole = plain_in_place(&whole);
    let mut shown = String::new();
    for mut problem in problems {
        problem.message = plain(&problem.message).into_owned();
        let start = text.position(problem.range.start, Encoding::Utf32);
        let report = Excerpt {
            source: Source {
                name,
                text,
                whole: &whole,
            },
            problem: &problem,
        };
        let too_long = line_range(text, start.line).len() > LONGEST_LINE;
        if too_long || handler.render_report(&mut shown, &report).is_err() {
            let (line, column) = (start.line + 1, start.character + 1);
            shown.push_str(&format!(
                "{NAME}{name}:{line}:{column}{NAME:#} {} {QUIET}{}{QUIET:#}\n",
                problem.message, problem.code
            ));
        }
        shown.push('\n');
    }
    shown
}

/// Bytes of a line with its end.
fn line_range(text: &Text, line: u32) -> Range<usize> {
    let start = |line| text.offset(lsp_types::Position { line, character: 0 }, Encoding::Utf8);
    let end = if (line as usize) + 1 < text.line_count() {
        start(line + 1)
    } else {
        text.len()
    };
    start(line)..end
}

/// A problem as miette takes it.
struct Excerpt<'a> {
    source: Source<'a>,
    problem: &'a Problem,
}

/// The text by its lines: miette by itself would count them anew for every excerpt.
struct Source<'a> {
    name: &'a str,
    text: &'a Text,
    whole: &'a str,
}

impl SourceCode for Source<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let range = self
            .text
            .range(span.offset()..span.offset() + span.len(), Encoding::Utf32);
        let context = |lines: usize| u32::try_from(lines).unwrap_or(u32::MAX);
        let first = range.start.line.saturating_sub(context(before));
        let count = u32::try_from(self.text.line_count()).unwrap_or(u32::MAX);
        let last = range
            .end
            .line
            .saturating_add(context(after))
            .min(count.saturating_sub(1));
        // Without context it is the place itself that is asked for.
        let (start, column) = match before {
            0 => (span.offset(), range.start.character as usize),
            _ => (line_range(self.text, first).start, 0),
        };
        let end = line_range(self.text, last).end;
        let data = self
            .whole
            .as_bytes()
            .get(start..end)
            .ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_owned(),
            data,
            (start, data.len()).into(),
            first as usize,
            column,
            (last - first) as usize + 1,
        )))
    }
}

impl fmt::Debug for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Excerpt<'_> {}

impl Diagnostic for Excerpt<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.problem.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.problem.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Information | Severity::Hint => miette::Severity::Advice,
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = |range: &Range<usize>| (range.start, range.len());
        let own = LabeledSpan::new_primary_with_span(None, span(&self.problem.range));
        let related = self.problem.related.iter().map(move |(range, message)| {
            LabeledSpan::new_with_span(Some(message.clone()), span(range))
        });
        Some(Box::new(std::iter::once(own).chain(related)))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn problem(range: Range<usize>) -> Problem {
        Problem {
            code: "some-code".into(),
            severity: Severity::Error,
            message: "this is wrong".into(),
            range,
            related: Vec::new(),
        }
    }

    fn shown(text: &str, range: Range<usize>) -> String {
        let shown = render("a.json", &Text::from(text), [problem(range)]);
        anstream::adapter::strip_str(&shown).to_string()
    }

    #[test]
    fn an_excerpt_marks_the_place_and_names_it_by_line_and_column() {
        expect![[r#"
            some-code

              × this is wrong
               ╭─[a.json:3:8]
             2 │   "µ": 1,
             3 │   "b": 2
               ·        ─
             4 │ }
               ╰────

        "#]]
        .assert_eq(&shown("{\n  \"µ\": 1,\n  \"b\": 2\n}", 20..21));
    }

    #[test]
    fn a_line_too_long_to_be_looked_at_is_named_only() {
        let text = format!("[{}]", "1,".repeat(LONGEST_LINE));
        assert_eq!(shown(&text, 3..4), "a.json:1:4 this is wrong some-code\n\n");
    }

    #[test]
    fn a_spec_cannot_command_the_terminal() {
        let excerpt = shown("{\"\u{1b}[2Ja\": 1}", 1..2);
        assert!(excerpt.contains("{\"?[2Ja\": 1}"), "{excerpt}");
    }

    #[test]
    fn a_mistake_at_the_end_of_the_text_is_shown() {
        assert!(shown("", 0..0).contains("this is wrong"));
        assert!(shown("[1", 2..2).contains("[1"));
    }
}
