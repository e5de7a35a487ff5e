//! `check`: the diagnostics that an editor shows, for files and whole folders.

mod human;
mod json;
mod sarif;

pub use human::{Problem, render};

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::{USAGE, complain, paint};
use crate::{
    spec::{
        checks::{Code, Finding, Fix, Severity, fix_all, nearest},
        syntax::Parsed,
    },
    study::{Inspector, SPEC_FILE, Severities, write_atomic},
    text::Text,
};

/// Say of files and folders what the editor would show.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// How the findings are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Fail on these, too.
    #[arg(long, value_enum)]
    deny: Option<Deny>,
    /// Severity of a check: `off`, `hint`, `information`, `warning` or `error`; repeatable.
    #[arg(long, value_name = "CODE=LEVEL", value_parser = severity)]
    severity: Vec<(Code, Option<Severity>)>,
    /// Apply the fixes that can only be what was meant; what is left is reported.
    #[arg(long)]
    fix: bool,
    /// Show what `--fix` would change, and change nothing.
    #[arg(long)]
    diff: bool,
    /// Specs, and folders that are searched for `atomizer_spec.json`.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: with excerpts of the source.
    #[default]
    Human,
    /// For programs.
    Json,
    /// SARIF 2.1.0, as code hosts take it.
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings count as errors do.
    Warnings,
}

/// One spec and what is found in it.
pub struct Report {
    /// As the user named it, or below the folder that the user named.
    path: PathBuf,
    text: Text,
    findings: Vec<Finding>,
    /// What the fixes change, coloured; empty unless that is to be shown.
    diff: String,
}

/// How many findings there are of the two severities that count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Totals {
    errors: usize,
    warnings: usize,
}

/// Checks, prints, and says by the exit code what came of it: 1 errors, 2 unreadable paths.
pub fn run(arguments: &CheckArguments) -> ExitCode {
    let (specs, mut unreadable) = find(&arguments.paths);
    let severities: Severities = arguments.severity.iter().copied().collect();
    let inspector = Inspector::default();
    let results: Vec<Result<(Report, Option<String>), String>> = specs
        .into_par_iter()
        .progress_with(progress())
        .map(|path| {
            let mut report = check(&inspector, path, &severities)?;
            let unwritten = if arguments.fix || arguments.diff {
                fix(&mut report, &inspector, &severities, arguments.diff).err()
            } else {
                None
            };
            Ok((report, unwritten))
        })
        .collect();
    let mut reports = Vec::new();
    for result in results {
        match result {
            Ok((report, unwritten)) => {
                reports.push(report);
                unreadable.extend(unwritten);
            }
            Err(why) => unreadable.push(why),
        }
    }
    let totals = Totals::of(&reports);
    for report in &reports {
        // A document for programs stays whole: the differences go beside it.
        let _ = match arguments.format {
            Format::Human => write!(anstream::stdout(), "{}", report.diff),
            Format::Json | Format::Sarif => write!(anstream::stderr(), "{}", report.diff),
        };
    }
    let printed = match arguments.format {
        Format::Human => human::print(&reports, totals),
        Format::Json => print(&json::document(&reports, totals)),
        Format::Sarif => print(&sarif::document(&reports)),
    };
    if let Err(error) = printed
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        unreadable.push(error.to_string());
    }
    unreadable.iter().for_each(|why| complain(why));
    let denied = arguments.deny == Some(Deny::Warnings) && totals.warnings > 0;
    match () {
        () if !unreadable.is_empty() => ExitCode::from(USAGE),
        () if totals.errors > 0 || denied => ExitCode::FAILURE,
        () => ExitCode::SUCCESS,
    }
}

fn check(inspector: &Inspector, path: PathBuf, severities: &Severities) -> Result<Report, String> {
    let inspection = inspector
        .inspect(&path, severities)
        .map_err(|error| error.to_string())?;
    Ok(Report {
        path,
        text: inspection.parsed.text().clone(),
        findings: inspection.findings,
        diff: String::new(),
    })
}

/// Applies the safe fixes to the file, or with `only_show` to the report alone. A link stays one: the file that it leads to
/// is written. Where that cannot be done the report stays as it is.
fn fix(
    report: &mut Report,
    inspector: &Inspector,
    severities: &Severities,
    only_show: bool,
) -> Result<(), String> {
    let parsed = Parsed::new(report.text.clone());
    let context = inspector.context(&parsed, Some(&report.path), severities);
    let (fixed, applied) = fix_all(&parsed, &context, safe);
    if applied == 0 {
        return Ok(());
    }
    let text = fixed.text().to_string();
    if only_show {
        let name = report.path.display().to_string();
        report.diff = paint::diff(&name, &report.text.to_string(), &text);
    } else {
        let file = report.path.canonicalize();
        let file = file.unwrap_or_else(|_| report.path.clone());
        write_atomic(&file, text.as_bytes()).map_err(|error| error.to_string())?;
    }
    report.findings = inspector.check(&fixed, Some(&report.path), severities);
    report.text = fixed.text().clone();
    Ok(())
}

fn safe(finding: &Finding) -> Option<&Fix> {
    finding.fixes.iter().find(|fix| fix.safe)
}

impl Totals {
    fn of(reports: &[Report]) -> Self {
        let count = |severity| {
            let findings = reports.iter().flat_map(|report| &report.findings);
            findings
                .filter(|finding| finding.severity == severity)
                .count()
        };
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
        }
    }
}

/// The specs that the paths mean, each once and in order, and why some paths mean none.
fn find(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut specs, mut unreadable) = (Vec::new(), Vec::new());
    for path in paths {
        if !path.is_dir() {
            specs.push(path.clone());
            continue;
        }
        let before = specs.len();
        for entry in walkdir::WalkDir::new(path)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(is_visible)
        {
            match entry {
                Ok(entry) if entry.file_name() == SPEC_FILE => specs.push(entry.into_path()),
                Ok(_) => {}
                Err(error) => unreadable.push(error.to_string()),
            }
        }
        if specs.len() == before {
            unreadable.push(format!("no {SPEC_FILE} in `{}`", path.display()));
        }
    }
    let mut seen = std::collections::HashSet::new();
    specs.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    (specs, unreadable)
}

/// Not `.git` and the like; what the user named himself is looked into, whatever its name.
fn is_visible(entry: &walkdir::DirEntry) -> bool {
    entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
}

/// A bar on standard error, shown only where that is a terminal.
fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("checking {bar:30} {pos}/{len} specs");
    ProgressBar::no_length()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_finish(indicatif::ProgressFinish::AndClear)
}

fn print(document: &serde_json::Value) -> io::Result<()> {
    // Standard output by itself is written to at each line, of which there may be millions.
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, document)?;
    writeln!(out)?;
    out.flush()
}

/// Reads `CODE=LEVEL`.
fn severity(given: &str) -> Result<(Code, Option<Severity>), String> {
    let (code, level) = given
        .split_once('=')
        .ok_or("right would be CODE=LEVEL, such as `low-budget=off`")?;
    let known = Code::from_name(code).ok_or_else(|| {
        let near = nearest(code, Code::all().map(Code::name));
        let hint = near.map(|near| format!("; did you mean `{near}`?"));
        format!("there is no check `{code}`{}", hint.unwrap_or_default())
    })?;
    let level = match level {
        "off" => None,
        "hint" => Some(Severity::Hint),
        "information" => Some(Severity::Information),
        "warning" => Some(Severity::Warning),
        "error" => Some(Severity::Error),
        other => {
            return Err(format!(
                "`{other}` is none of off, hint, information, warning, error"
            ));
        }
    };
    Ok((known, level))
}

/// A path with `/` on every platform, as documents that travel want it.
fn portable(path: &Path) -> String {
    path.components()
        .map(|component| component.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
        .replacen("//", "/", 1)
}
