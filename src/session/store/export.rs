//! A conversation as Markdown, to read or to hand on.

use std::fmt::Write;

use super::StoredSession;
use crate::session::types::{Message, Mode, Role, Status, ToolCall};

/// The whole conversation as Markdown.
pub fn markdown(session: &StoredSession, messages: &[Message]) -> String {
    let title = match session.title.as_str() {
        "" => "Conversation",
        title => title,
    };
    let mode = match session.mode {
        Mode::User => "user",
        Mode::Power => "power",
    };
    let mut out = format!("# {title}\n\n- Session: `{}`\n- Mode: {mode}\n", session.id);
    if let Some(study) = &session.study_id {
        let _ = writeln!(out, "- Study: `{study}`");
    }
    let _ = writeln!(out, "- Begun: {}", session.created_at);
    for message in messages {
        let who = match message.role {
            Role::User => "You",
            Role::Assistant => "Claude",
        };
        let _ = write!(
            out,
            "\n## {who}, {}\n\n{}\n",
            message.created_at,
            message.content.trim_end()
        );
        if !message.tool_calls.is_empty() {
            out.push('\n');
            message
                .tool_calls
                .iter()
                .for_each(|call| tool(&mut out, call));
        }
        if let (Role::Assistant, Some(note)) = (message.role, note(message.status)) {
            let _ = write!(out, "\n*{note}*\n");
        }
    }
    out
}

fn tool(out: &mut String, call: &ToolCall) {
    let subject = ["file_path", "command", "pattern", "path"]
        .iter()
        .find_map(|key| call.input.get(key)?.as_str())
        .and_then(|subject| subject.lines().next())
        .map(|subject| format!(" `{}`", subject.replace('`', "'")))
        .unwrap_or_default();
    let failed = if call.is_error == Some(true) {
        " (failed)"
    } else {
        ""
    };
    let _ = writeln!(out, "- {}{subject}{failed}", call.name);
}

fn note(status: Status) -> Option<&'static str> {
    Some(match status {
        Status::Completed => return None,
        Status::Running => "still running",
        Status::Cancelled => "cancelled",
        Status::TimedOut => "timed out",
        Status::Failed => "failed",
        Status::Interrupted => "interrupted",
    })
}
