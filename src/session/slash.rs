//! Slash commands that need no Claude: answered here, at once. Unknown ones are for Claude.

use std::{fmt::Write, path::PathBuf, sync::Arc};

use super::{
    error::SessionError,
    live::Live,
    manager::SessionManager,
    store::StoredSession,
    summary::Summary,
    types::{Mode, OpenSpec, Role, Usage},
};

/// Messages that `/history` shows.
const SHOWN: usize = 20;

const HELP: &str = "\
Answered here, without Claude:

| command | does |
|---|---|
| `/help` | this list |
| `/validate` | the problems of the study's spec |
| `/summary` | variables, objectives, constraints and problems, as a table |
| `/mode [user\\|power]` | shows or changes what Claude may do unasked |
| `/study [ID]` | shows or changes the study talked about |
| `/history` | the last messages |
| `/usage` | tokens, cost and time of this conversation |
| `/export` | the whole conversation as Markdown |

Any other command goes to Claude.
";

/// The command of a message, when it is answered here.
fn command(message: &str) -> Option<(&str, &str)> {
    let message = message.trim();
    let (name, rest) = message
        .split_once(char::is_whitespace)
        .unwrap_or((message, ""));
    let known = [
        "/help",
        "/validate",
        "/summary",
        "/mode",
        "/study",
        "/history",
        "/usage",
        "/export",
    ];
    known.contains(&name).then_some((name, rest.trim()))
}

/// The message is answered here.
pub(super) fn is_local(message: &str) -> bool {
    command(message).is_some()
}

/// The answer, as Markdown.
pub(super) async fn answer(
    manager: &Arc<SessionManager>,
    live: &Arc<Live>,
    session: &StoredSession,
    message: &str,
    open: Option<OpenSpec>,
) -> Result<String, SessionError> {
    let Some((name, argument)) = command(message) else {
        return Ok(String::new());
    };
    match name {
        "/validate" => Ok(problems(manager, session, open).await),
        "/summary" => Ok(summary(manager, session, open).await),
        "/mode" => mode(manager, live, session, argument).await,
        "/study" => study(manager, live, session, argument).await,
        "/history" => history(manager, session).await,
        "/usage" => usage(manager, session).await,
        "/export" => manager.export(&session.id).await,
        _ => Ok(HELP.to_owned()),
    }
}

async fn mode(
    manager: &Arc<SessionManager>,
    live: &Arc<Live>,
    session: &StoredSession,
    argument: &str,
) -> Result<String, SessionError> {
    let mode = match argument {
        "" => session.mode,
        "user" => Mode::User,
        "power" => Mode::Power,
        other => {
            return Ok(format!(
                "`{other}` is no mode: there are `user` and `power`.\n"
            ));
        }
    };
    if !argument.is_empty() {
        manager.settle(live, Some(mode), None).await?;
    }
    Ok(match mode {
        Mode::User => {
            "Mode: user. Claude reads inside the root unasked and asks for everything else.\n"
                .into()
        }
        Mode::Power => "Mode: power. Claude reads and edits inside the root unasked.\n".into(),
    })
}

async fn study(
    manager: &Arc<SessionManager>,
    live: &Arc<Live>,
    session: &StoredSession,
    argument: &str,
) -> Result<String, SessionError> {
    if argument.is_empty() {
        return Ok(match &session.study_id {
            Some(study) => format!("Study: `{study}`\n"),
            None => "No study is set: `/study ID` sets one.\n".into(),
        });
    }
    let study = manager.check_study(Some(argument))?;
    let session = manager.settle(live, None, study.map(Some)).await?;
    Ok(format!(
        "Study: `{}`\n",
        session.study_id.unwrap_or_default()
    ))
}

/// The spec that is open, else the study's.
async fn spec(
    manager: &SessionManager,
    session: &StoredSession,
    open: Option<OpenSpec>,
) -> Option<Summary> {
    let path: PathBuf = match &open {
        Some(open) => open.path.clone(),
        None => manager.spec_of(session.study_id.as_deref()?)?,
    };
    let summarise = move || {
        let text = open
            .and_then(|open| open.text)
            .or_else(|| std::fs::read_to_string(&path).ok())?;
        Some(Summary::of(&text, Some(&path)))
    };
    tokio::task::spawn_blocking(summarise).await.ok().flatten()
}

const NO_SPEC: &str = "There is no spec to look at: open one, or set the study with `/study ID`.\n";

async fn problems(
    manager: &SessionManager,
    session: &StoredSession,
    open: Option<OpenSpec>,
) -> String {
    spec(manager, session, open)
        .await
        .map_or_else(|| NO_SPEC.to_owned(), |summary| list(&summary.problems))
}

async fn summary(
    manager: &SessionManager,
    session: &StoredSession,
    open: Option<OpenSpec>,
) -> String {
    let shown = |summary: Summary| format!("{}\n{}", summary.table, list(&summary.problems));
    spec(manager, session, open)
        .await
        .map_or_else(|| NO_SPEC.to_owned(), shown)
}

fn list(problems: &[String]) -> String {
    if problems.is_empty() {
        return "No problems.\n".into();
    }
    problems.iter().fold(String::new(), |mut list, problem| {
        let _ = writeln!(list, "- {problem}");
        list
    })
}

async fn history(
    manager: &SessionManager,
    session: &StoredSession,
) -> Result<String, SessionError> {
    let id = session.id.clone();
    let messages = manager
        .store(move |store| store.history(&id, Some(SHOWN), None))
        .await?;
    Ok(messages.iter().fold(String::new(), |mut shown, message| {
        let who = if message.role == Role::User {
            "You"
        } else {
            "Claude"
        };
        let first: String = message
            .content
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect();
        let _ = writeln!(shown, "- {} **{who}**: {first}", message.created_at);
        shown
    }))
}

async fn usage(manager: &SessionManager, session: &StoredSession) -> Result<String, SessionError> {
    let id = session.id.clone();
    let turns = manager.store(move |store| store.turns(&id)).await?;
    let used: Vec<Usage> = turns.into_iter().filter_map(|turn| turn.usage).collect();
    let total = used
        .iter()
        .fold(Usage::default(), |total, usage| total + *usage);
    let cost = total
        .cost_usd
        .map_or_else(|| "unknown".to_owned(), |cost| format!("{cost:.4} USD"));
    Ok(format!(
        "| turns | tokens sent | tokens received | cost | time |\n|---|---|---|---|---|\n| {} | {} | {} | {cost} | {:.1} s |\n",
        used.len(),
        total.input_tokens,
        total.output_tokens,
        total.duration_ms as f64 / 1000.0,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_commands_are_answered_here() {
        for local in [
            "/help",
            " /mode power ",
            "/study optics/m1_mirror",
            "/usage\n",
        ] {
            assert!(is_local(local), "{local}");
        }
        for claudes in [
            "/compact",
            "/helpful",
            "help",
            "/",
            "look at /help",
            "/etc/hosts is what?",
        ] {
            assert!(!is_local(claudes), "{claudes}");
        }
    }
}
