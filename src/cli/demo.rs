//! `demo`: the whole road, once. Starts the real server as a child over stdio and is its editor: opens a study with
//! two mistakes, shows what the checks say, asks Claude for a change, streams the answer, shows what became of the
//! buffer.

mod editor;
mod example;

use std::{
    error::Error,
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use clap::Args;
use lsp_types::{Diagnostic, DiagnosticSeverity, NumberOrString};
use tempfile::TempDir;

use self::editor::Editor;
use super::{
    check::{Problem, render},
    complain,
    paint::{self, ERROR, GOOD, HEADING, NAME, QUIET, WARNING},
};
use crate::{
    spec::checks::Severity,
    study::{Inspector, Root},
    text::{Encoding, Text},
};

/// What a newcomer runs first.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Run on this Atomizer root instead of an example; asks before it touches anything.
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// What Claude is asked.
    #[arg(short, long)]
    message: Option<String>,
    /// The `claude` program; else the one on PATH, if it is logged in.
    #[arg(long, value_name = "PROGRAM", conflicts_with = "rehearse")]
    claude: Option<String>,
    /// Let the built-in rehearsal play Claude's part even where Claude is installed.
    #[arg(long, conflicts_with = "workspace")]
    rehearse: bool,
}

/// Who answers.
enum Actor {
    /// The program.
    Claude(String),
    /// Ourselves, from a script; why not Claude.
    Rehearsal(&'static str),
}

/// Where it plays.
struct Stage {
    root: PathBuf,
    spec: PathBuf,
    /// Removed at the end; `None` where the user's own root is the stage.
    _temporary: Option<TempDir>,
}

const MESSAGE: &str = "Fix the problems in this study and tell me what you changed.";
/// How long a program may take to say whether it is logged in.
const PATIENCE: Duration = Duration::from_secs(10);

/// Plays it.
pub fn run(arguments: &DemoArguments) -> ExitCode {
    match play(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn play(arguments: &DemoArguments) -> Result<ExitCode, Box<dyn Error>> {
    let actor = actor(arguments);
    say(&introduce(&actor))?;
    if matches!(actor, Actor::Rehearsal(_)) && arguments.workspace.is_some() {
        return Err("the rehearsal knows its lines for the example only; \
                    install Claude (`npm install -g @anthropic-ai/claude-code`) and log in, or leave out --workspace"
            .into());
    }
    let stage = match &arguments.workspace {
        None => example_stage()?,
        Some(folder) => match own_stage(folder)? {
            Some(stage) => stage,
            None => return Ok(ExitCode::SUCCESS),
        },
    };
    let command = match actor {
        Actor::Claude(program) => vec![program],
        Actor::Rehearsal(_) => example::rehearsal(&stage.root, &stage.spec)?,
    };
    let name = stage.spec.strip_prefix(&stage.root)?.display().to_string();
    let message = arguments.message.as_deref().unwrap_or(MESSAGE);
    let mut editor = Editor::start(&stage.root, &command)?;

    heading(&format!("An editor opens {name}"))?;
    editor.open(&stage.spec)?;
    show(&name, &editor)?;
    let before = editor.text().clone();

    heading("You ask")?;
    say(&format!("{HEADING}>{HEADING:#} {message}\n"))?;
    heading("Claude answers")?;
    let finished = editor.chat(message)?;

    heading("What became of the buffer")?;
    let diff = paint::diff(&name, &before.to_string(), &editor.text().to_string());
    match diff.as_str() {
        "" => say("nothing has changed\n")?,
        diff => say(diff)?,
    }
    heading("What the checks say now")?;
    editor.wait_for_diagnostics()?;
    show(&name, &editor)?;
    editor.quit()?;
    Ok(if finished {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn actor(arguments: &DemoArguments) -> Actor {
    if let Some(program) = &arguments.claude {
        return Actor::Claude(program.clone());
    }
    if arguments.rehearse {
        return Actor::Rehearsal("as you wished");
    }
    match which::which("claude") {
        Err(_) => Actor::Rehearsal("`claude` is not installed here"),
        Ok(program) if is_logged_in(&program) => Actor::Claude(program.display().to_string()),
        Ok(_) => Actor::Rehearsal("`claude` is installed but not logged in"),
    }
}

/// Asks the program itself.
fn is_logged_in(program: &Path) -> bool {
    let mut asked = Command::new(program);
    asked
        .args(["auth", "status"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Ok(mut child) = asked.spawn() else {
        return false;
    };
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

fn introduce(actor: &Actor) -> String {
    match actor {
        Actor::Claude(program) => format!("{GOOD}Claude{GOOD:#} is {program}.\n"),
        Actor::Rehearsal(why) => format!(
            "{WARNING}Rehearsal{WARNING:#}: {why}, so a built-in understudy plays Claude's part. \
             Server, edits and checks are the real ones.\n"
        ),
    }
}

fn example_stage() -> io::Result<Stage> {
    let folder = tempfile::Builder::new()
        .prefix("atomizer-demo-")
        .tempdir()?;
    let root = folder.path().canonicalize()?;
    let spec = example::lay_out(&root)?;
    Ok(Stage {
        root,
        spec,
        _temporary: Some(folder),
    })
}

/// The user's own root, if he agrees.
fn own_stage(folder: &Path) -> Result<Option<Stage>, Box<dyn Error>> {
    let root = Root::find(folder)?;
    let studies = root.studies()?;
    let inspector = Inspector::default();
    let has_problems = |spec: &Path| {
        let inspection = inspector.inspect(spec, &Default::default());
        inspection.is_ok_and(|inspection| !inspection.findings.is_empty())
    };
    let spec = studies
        .iter()
        .find(|study| has_problems(&study.spec))
        .or(studies.first())
        .map(|study| study.spec.clone())
        .ok_or_else(|| format!("no study in {}", root.studies_folder().display()))?;
    say(&format!(
        "Claude may read everything below {}, and change {} and other specs there.\n\
         Conversations are kept in {}.\nGo on? [y/N] ",
        root.path().display(),
        spec.display(),
        root.atomizer_folder().display(),
    ))?;
    if !io::stdin().is_terminal() {
        return Err("nobody can be asked: standard input is no terminal".into());
    }
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    let agreed = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    Ok(agreed.then(|| Stage {
        root: root.path().to_owned(),
        spec,
        _temporary: None,
    }))
}

/// Shows the diagnostics that the editor has for its document.
fn show(name: &str, editor: &Editor) -> io::Result<()> {
    let text = editor.text();
    let problems: Vec<_> = editor
        .diagnostics()
        .iter()
        .map(|diagnostic| problem(text, diagnostic))
        .collect();
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    let shown = render(name, text, problems);
    let (style, verdict) = match (errors, shown.is_empty()) {
        (0, true) => (GOOD, "no problem".to_owned()),
        (0, false) => (GOOD, "no error".to_owned()),
        (1, _) => (ERROR, "1 error".to_owned()),
        _ => (ERROR, format!("{errors} errors")),
    };
    say(&format!("{shown}{style}{verdict}{style:#}\n"))
}

fn problem(text: &Text, diagnostic: &Diagnostic) -> Problem {
    let bytes = |range| text.offsets(range, Encoding::Utf8);
    let code = match &diagnostic.code {
        Some(NumberOrString::String(code)) => code.clone(),
        _ => String::new(),
    };
    let related = diagnostic.related_information.iter().flatten();
    Problem {
        code,
        severity: match diagnostic.severity {
            Some(DiagnosticSeverity::WARNING) => Severity::Warning,
            Some(DiagnosticSeverity::INFORMATION) => Severity::Information,
            Some(DiagnosticSeverity::HINT) => Severity::Hint,
            _ => Severity::Error,
        },
        message: diagnostic.message.clone(),
        range: bytes(diagnostic.range),
        related: related
            .map(|related| (bytes(related.location.range), related.message.clone()))
            .collect(),
    }
}

fn heading(text: &str) -> io::Result<()> {
    say(&format!(
        "\n{NAME}──{NAME:#} {HEADING}{text}{HEADING:#} {QUIET}{}{QUIET:#}\n\n",
        "─".repeat(70_usize.saturating_sub(text.chars().count()))
    ))
}

fn say(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    write!(out, "{text}")?;
    out.flush()
}
