//! `sessions`: the stored conversations.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Subcommand};

use super::{
    complain,
    paint::{HEADING, NAME, QUIET, WARNING},
    plain::plain,
    terminal::Terminal,
};
use crate::session::{
    SessionConfig, SessionError, SessionManager,
    types::{Message, Mode, Role, SessionInfo, Status},
};

/// The stored conversations.
#[derive(Debug, Args)]
pub struct SessionsArguments {
    /// The Atomizer root; else the nearest above the working folder.
    #[arg(long, value_name = "DIR", global = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All conversations, last active first.
    List,
    /// What was said.
    Show { id: String },
    /// The whole conversation as Markdown.
    Export { id: String },
    /// Remove a conversation for good.
    Delete { id: String },
}

/// Does it.
pub fn run(arguments: SessionsArguments) -> ExitCode {
    let outcome = tokio::runtime::Runtime::new()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(act(arguments)));
    let printed = outcome.and_then(|text| match write!(anstream::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            complain(&why);
            ExitCode::FAILURE
        }
    }
}

async fn act(arguments: SessionsArguments) -> Result<String, String> {
    let root = super::root(arguments.root.as_ref()).map_err(|error| error.to_string())?;
    // Nothing here has a turn, so nothing is ever printed by the host.
    let (lines, _) = tokio::sync::mpsc::unbounded_channel();
    let host = Arc::new(Terminal::new(root.clone(), lines, true));
    let manager = SessionManager::open(SessionConfig::default(), root, host)
        .await
        .map_err(|error| error.to_string())?;
    let done = on(&manager, arguments.action).await;
    manager.shutdown().await;
    done.map_err(|error| error.to_string())
}

async fn on(manager: &Arc<SessionManager>, action: Action) -> Result<String, SessionError> {
    Ok(match action {
        Action::List => list(&manager.list(None, None).await?),
        Action::Show { id } => show(&manager.info(&id).await?, &messages(manager, &id).await?),
        Action::Export { id } => plain(&manager.export(&id).await?).into_owned(),
        Action::Delete { id } => {
            manager.delete(&id).await?;
            format!("{id} is deleted\n")
        }
    })
}

/// The whole conversation, page by page.
async fn messages(manager: &SessionManager, id: &str) -> Result<Vec<Message>, SessionError> {
    let mut all: Vec<Message> = Vec::new();
    loop {
        let before = all.first().map(|message| message.id);
        let mut page = manager.history(id, None, before).await?;
        if page.is_empty() {
            return Ok(all);
        }
        page.append(&mut all);
        all = page;
    }
}

fn list(sessions: &[SessionInfo]) -> String {
    if sessions.is_empty() {
        return "no conversations yet\n".into();
    }
    let line = |session: &SessionInfo| {
        format!(
            "{NAME}{}{NAME:#}  {}  {:>4} messages  {}{}{}\n",
            session.session_id,
            session.last_active,
            session.message_count,
            mode(session.mode),
            session
                .study_id
                .as_ref()
                .map(|study| format!("  {}", plain(study)))
                .unwrap_or_default(),
            if session.title.is_empty() {
                String::new()
            } else {
                format!("  {HEADING}{}{HEADING:#}", plain(&session.title))
            },
        )
    };
    sessions.iter().map(line).collect()
}

fn show(session: &SessionInfo, messages: &[Message]) -> String {
    let head = list(std::slice::from_ref(session));
    let said = messages.iter().map(|message| {
        let who = speaker(message.role);
        let state = match message.status {
            Status::Completed => String::new(),
            status => format!(" {WARNING}({}){WARNING:#}", state(status)),
        };
        let tools: String = message
            .tool_calls
            .iter()
            .map(|call| {
                let (name, input) = (plain(&call.name), call.input.to_string());
                format!("{NAME}● {name}{NAME:#} {}\n", plain(&input))
            })
            .collect();
        format!(
            "\n{HEADING}{who}{HEADING:#} {QUIET}{}{QUIET:#}{state}\n{tools}{}\n",
            message.created_at,
            plain(message.content.trim_end())
        )
    });
    head + &said.collect::<String>()
}

fn speaker(role: Role) -> &'static str {
    match role {
        Role::User => "You",
        Role::Assistant => "Claude",
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::User => "user",
        Mode::Power => "power",
    }
}

fn state(status: Status) -> &'static str {
    match status {
        Status::Running => "running",
        Status::Completed => "completed",
        Status::Cancelled => "cancelled",
        Status::TimedOut => "timed out",
        Status::Failed => "failed",
        Status::Interrupted => "interrupted",
    }
}
