//! A person at a terminal as the host of a conversation: sees its events, is asked for permission.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::BoxFuture;
use tokio::sync::{Mutex, mpsc};

use super::{
    paint::{self, ERROR, GOOD, NAME, QUIET, WARNING},
    plain::plain,
    question::{first_line, input_in_short, permission_answer, permission_question},
};
use crate::{
    session::{
        host::{EventSink, Host, PermissionAnswer, PermissionQuestion, SpecChange},
        introduced::introduced,
        types::{Applied, Decision, Introduced, SessionInfo, SpecUpdate, TurnEvent},
    },
    study::{Inspector, Root, Severities},
};

/// What is printed, in order, by one task.
pub enum Line {
    /// An event of the turn.
    Event(Box<TurnEvent>),
    /// Anything else.
    Text(String),
    /// Nothing comes after this.
    End,
}

/// The terminal.
pub struct Terminal {
    root: Root,
    lines: mpsc::UnboundedSender<Line>,
    /// Nobody can be asked where the input is no terminal; `None` then.
    keyboard: Option<Keyboard>,
    json: bool,
}

impl Terminal {
    /// A terminal that prints to `lines`. With `json` it prints events only.
    pub fn new(root: Root, lines: mpsc::UnboundedSender<Line>, json: bool) -> Self {
        let interactive = !json && io::stdin().is_terminal() && io::stderr().is_terminal();
        Self {
            root,
            lines,
            keyboard: interactive.then(Keyboard::new),
            json,
        }
    }

    fn print(&self, text: String) {
        if !self.json {
            // The printing task ends last.
            let _ = self.lines.send(Line::Text(text));
        }
    }
}

impl Host for Terminal {
    fn session_changed(&self, _session: SessionInfo) {}

    fn deliver(&self, change: SpecChange) -> BoxFuture<'static, Applied> {
        let name = change
            .path
            .strip_prefix(self.root.path())
            .unwrap_or(&change.path);
        let (before, after) = (change.base.as_deref(), change.theirs.as_deref());
        self.print(paint::diff(
            &name.display().to_string(),
            before.unwrap_or_default(),
            after.unwrap_or_default(),
        ));
        Box::pin(std::future::ready(Applied::Disk))
    }

    fn introduced(
        &self,
        path: PathBuf,
        before: Option<Arc<str>>,
        after: Arc<str>,
    ) -> BoxFuture<'static, Vec<Introduced>> {
        Box::pin(async move {
            let look = move || {
                let inspector = Inspector::default();
                introduced(
                    &inspector,
                    &Severities::new(),
                    &path,
                    before.as_deref(),
                    &after,
                )
            };
            tokio::task::spawn_blocking(look).await.unwrap_or_default()
        })
    }

    fn spec_updated(&self, _update: &SpecUpdate) {}

    fn ask(&self, question: PermissionQuestion) -> BoxFuture<'static, PermissionAnswer> {
        let Some(keyboard) = self.keyboard.clone() else {
            let why =
                "nobody is there to be asked: the command runs without a terminal to answer at";
            return Box::pin(std::future::ready(PermissionAnswer::Deny(why.into())));
        };
        let lines = self.lines.clone();
        Box::pin(async move {
            let _turn = keyboard.busy.lock().await;
            let _ = lines.send(Line::Text(permission_question(
                &question.tool_name,
                &question.description,
                &question.input,
            )));
            permission_answer(keyboard.line().await.as_deref())
        })
    }

    fn warn(&self, message: String) {
        self.print(format!("{WARNING}{}{WARNING:#}\n", plain(&message)));
    }
}

/// Lines typed by the user. A thread reads them, because reading cannot be given up.
#[derive(Clone)]
pub struct Keyboard {
    /// One question at a time.
    busy: Arc<Mutex<()>>,
    typed: Arc<Mutex<mpsc::UnboundedReceiver<String>>>,
    wanted: std::sync::mpsc::Sender<()>,
}

impl Keyboard {
    /// Reads nothing until somebody wants a line.
    pub fn new() -> Self {
        let (wanted, requests) = std::sync::mpsc::channel();
        let (sender, typed) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for () in requests {
                let mut line = String::new();
                match io::stdin().lock().read_line(&mut line) {
                    Ok(1..) if sender.send(line).is_ok() => {}
                    _ => break,
                }
            }
        });
        Self {
            busy: Arc::default(),
            typed: Arc::new(Mutex::new(typed)),
            wanted,
        }
    }

    /// The next line; `None` at the end of the input.
    pub async fn line(&self) -> Option<String> {
        let mut typed = self.typed.lock().await;
        self.wanted.send(()).ok()?;
        typed.recv().await
    }
}

/// Sends a turn's events to the printing task.
pub struct Printer(pub mpsc::UnboundedSender<Line>);

impl EventSink for Printer {
    fn send(&self, event: TurnEvent) {
        let _ = self.0.send(Line::Event(Box::new(event)));
    }
}

/// Prints what comes up to [`Line::End`]: events as JSON, one a line, or for people.
pub async fn print_all(
    mut lines: mpsc::UnboundedReceiver<Line>,
    root: PathBuf,
    json: bool,
) -> io::Result<()> {
    let mut transcript = Transcript::new(&root);
    while let Some(line) = lines.recv().await {
        let mut out = anstream::stdout().lock();
        match line {
            Line::Event(event) if json => {
                serde_json::to_writer(&mut out, &event)?;
                writeln!(out)?;
            }
            Line::Event(event) => write!(out, "{}", transcript.event(&event))?,
            Line::Text(text) => write!(out, "{}{text}", transcript.new_line())?,
            Line::End => break,
        }
        out.flush()?;
    }
    write!(anstream::stdout(), "{}", transcript.new_line())
}

/// Turns events into text for people; knows whether a line is open.
#[derive(Debug)]
pub struct Transcript {
    /// Cut off from paths, with its separator.
    root: String,
    in_line: bool,
    /// Changes of specs that arrived in the midst of a line of the answer: told when it ends.
    held: String,
}

impl Transcript {
    /// A transcript that names files as they are called below `root`.
    pub fn new(root: &Path) -> Self {
        let root = format!("{}{}", root.display(), std::path::MAIN_SEPARATOR);
        Self {
            root,
            in_line: false,
            held: String::new(),
        }
    }

    /// The text for one event; ends its lines but for streamed text.
    pub fn event(&mut self, event: &TurnEvent) -> String {
        let line = match event {
            TurnEvent::Text { delta } => {
                let text = plain(self.streamed(delta)).into_owned();
                return text + &self.held_back();
            }
            TurnEvent::Thinking { delta } => {
                let text = format!("{QUIET}{}{QUIET:#}", plain(self.streamed(delta)));
                return text + &self.held_back();
            }
            TurnEvent::Started { session_id, .. } => {
                format!("{QUIET}session {session_id}{QUIET:#}")
            }
            TurnEvent::Queued { position } => {
                format!("{QUIET}waiting, {position} in the queue{QUIET:#}")
            }
            TurnEvent::ToolCall { name, input, .. } => {
                let what = input_in_short(input).unwrap_or_default();
                let what = what.replace(&self.root, "");
                format!("{NAME}● {}{NAME:#} {what}", plain(name))
            }
            TurnEvent::ToolResult {
                is_error: true,
                summary,
                ..
            } => format!("  {ERROR}{}{ERROR:#}", plain(first_line(summary))),
            // What a tool gave is Claude's to tell.
            TurnEvent::ToolResult { .. } => return String::new(),
            TurnEvent::Permission {
                tool_name,
                decision,
                reason,
                ..
            } => {
                let tool = plain(tool_name);
                match decision {
                    Decision::Asked => return String::new(),
                    Decision::Allowed => format!("  {GOOD}{tool} allowed{GOOD:#}"),
                    Decision::Denied => {
                        let why = plain(reason.as_deref().unwrap_or("no reason was given"));
                        format!("  {WARNING}{tool} denied{WARNING:#}: {why}")
                    }
                }
            }
            TurnEvent::Retrying {
                attempt,
                max_attempts,
                delay_ms,
                message,
            } => {
                let seconds = std::time::Duration::from_millis(*delay_ms).as_secs_f64();
                format!(
                    "{WARNING}the API is in trouble{WARNING:#}: {}; \
                     again in {seconds:.1} s ({attempt} of {max_attempts})",
                    plain(message)
                )
            }
            TurnEvent::CanvasModification { modification } => {
                format!(
                    "{NAME}◆ canvas{NAME:#} {}",
                    plain(&modification.to_string())
                )
            }
            TurnEvent::SpecUpdated(update) => {
                let study = plain(update.study_id.as_deref().unwrap_or(&update.uri));
                let state = match (update.valid, &update.hash_after) {
                    (_, None) => "removed",
                    (true, _) => "changed",
                    (false, _) => "changed, and no valid JSON now",
                };
                let line = format!("{GOOD}✔ spec of {study} {state}{GOOD:#}");
                if self.in_line {
                    self.held.push_str(&line);
                    self.held.push('\n');
                    return String::new();
                }
                line
            }
            TurnEvent::Usage(usage) if usage.input_tokens + usage.output_tokens == 0 => {
                return String::new();
            }
            TurnEvent::Usage(usage) => {
                let cost = usage.cost_usd.map(|cost| format!(", ${cost:.4}"));
                format!(
                    "{QUIET}{} tokens in, {} out{}{QUIET:#}",
                    usage.input_tokens,
                    usage.output_tokens,
                    cost.unwrap_or_default()
                )
            }
            TurnEvent::TextReset { text } => {
                format!(
                    "{QUIET}(taken back; what stands:){QUIET:#}\n{}",
                    plain(text)
                )
            }
            TurnEvent::Error { error } => format!("{ERROR}{}{ERROR:#}", plain(&error.message)),
            TurnEvent::Done(_) => return self.new_line(),
        };
        format!("{}{line}\n", self.new_line())
    }

    /// Streamed text; empty lines that part it from nothing are left out.
    fn streamed<'a>(&mut self, delta: &'a str) -> &'a str {
        let shown = match self.in_line {
            true => delta,
            false => delta.trim_start_matches('\n'),
        };
        if !shown.is_empty() {
            self.in_line = !shown.ends_with('\n');
        }
        shown
    }

    /// What waited for the end of the line, once it is there.
    fn held_back(&mut self) -> String {
        match self.in_line {
            true => String::new(),
            false => std::mem::take(&mut self.held),
        }
    }

    /// Ends an open line, and says what waited for that.
    pub fn new_line(&mut self) -> String {
        let end = if std::mem::take(&mut self.in_line) {
            "\n"
        } else {
            ""
        };
        end.to_owned() + &self.held_back()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_of_a_spec_does_not_cut_a_sentence() {
        let mut transcript = Transcript::new(Path::new("/root"));
        let text = |delta: &str| TurnEvent::Text {
            delta: delta.into(),
        };
        let update = SpecUpdate {
            uri: "file:///root/studies/a/atomizer_spec.json".into(),
            study_id: Some("a".into()),
            hash_before: None,
            hash_after: Some("0".into()),
            valid: true,
            spec: None,
            applied: Applied::Disk,
        };
        let mut said = String::new();
        for event in [
            text("One and "),
            TurnEvent::SpecUpdated(update),
            text("two.\n"),
            text("Three."),
        ] {
            said += &transcript.event(&event);
        }
        let said = anstream::adapter::strip_str(&said).to_string();
        assert_eq!(said, "One and two.\n✔ spec of a changed\nThree.");
    }

    #[test]
    fn streamed_text_is_ended_before_anything_else_is_said() {
        let mut transcript = Transcript::new(Path::new("/root"));
        let events = [
            TurnEvent::Text {
                delta: "Let me".into(),
            },
            TurnEvent::Text {
                delta: " look.".into(),
            },
            TurnEvent::ToolCall {
                id: "t".into(),
                name: "Read".into(),
                input: json!({"file_path": "/root/a.json"}),
            },
            TurnEvent::Text {
                delta: "\n\nDone.\n".into(),
            },
            TurnEvent::ToolResult {
                id: "t".into(),
                is_error: true,
                summary: "no\nsuch file".into(),
            },
        ];
        let shown: String = events.iter().map(|event| transcript.event(event)).collect();
        let shown = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(shown, "Let me look.\n● Read a.json\nDone.\n  no\n");
    }

    #[test]
    fn nothing_that_claude_says_commands_the_terminal() {
        let evil = "rm -rf x\r\u{1b}[2K\u{1b}[1Als";
        let asked =
            permission_question("Bash", "", &json!({ "command": evil, "description": evil }));
        let mut transcript = Transcript::new(Path::new("/root"));
        let events = [
            TurnEvent::Text { delta: evil.into() },
            TurnEvent::Thinking { delta: evil.into() },
            TurnEvent::ToolCall {
                id: "t".into(),
                name: evil.into(),
                input: json!({ "command": evil }),
            },
            TurnEvent::ToolResult {
                id: "t".into(),
                is_error: true,
                summary: evil.into(),
            },
            TurnEvent::TextReset { text: evil.into() },
        ];
        let told: String = events.iter().map(|event| transcript.event(event)).collect();
        for shown in [asked, told] {
            assert!(!shown.contains('\r'), "{shown:?}");
            assert!(!shown.contains("\u{1b}[2K") && !shown.contains("\u{1b}[1A"));
            assert!(shown.contains("rm -rf x␍␛[2K␛[1Als"), "{shown}");
        }
    }
}
