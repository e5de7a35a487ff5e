//! Claude's questions for permission, on the user's screen (contract, "Permission").

use lsp_types::{
    MessageActionItem, MessageType, ShowMessageRequestParams, request::Request,
    request::ShowMessageRequest,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    main_loop::Events,
    outbox::{Outbox, Pending},
};
use crate::session::host::{PermissionAnswer, PermissionQuestion};

const ALLOW: &str = "Allow";
const ALLOW_FOR_SESSION: &str = "Allow for this session";
const DENY: &str = "Deny";

/// How much of a tool's input a message box shows.
const SHOWN_CHARS: usize = 400;

/// A client's answer to `atomizer/permission`.
#[derive(Deserialize)]
struct Answer {
    behavior: Behavior,
    /// Absent or null: once.
    scope: Option<Scope>,
    message: Option<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Behavior {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Scope {
    Once,
    Session,
}

/// Takes the question off the screen when it is dropped unanswered.
struct Withdrawal {
    outbox: Outbox,
    id: i64,
    /// Session and question, for clients that announce permissions.
    named: Option<(String, String)>,
    answered: bool,
}

impl Drop for Withdrawal {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        if let Some((session, request)) = &self.named {
            let params = json!({ "sessionId": session, "requestId": request });
            self.outbox.notify("atomizer/permissionWithdrawn", params);
        }
        self.outbox.withdraw(self.id);
    }
}

/// Asks the user. Dropping the future withdraws the question.
pub async fn ask(events: Events, outbox: Outbox, question: PermissionQuestion) -> PermissionAnswer {
    let Some(client) = events.read(|state| state.client.clone()).await else {
        return PermissionAnswer::Deny("the editor is gone".into());
    };
    if client.asks_permission {
        ask_by_contract(outbox, question).await
    } else {
        ask_by_message(outbox, question).await
    }
}

async fn ask_by_contract(outbox: Outbox, question: PermissionQuestion) -> PermissionAnswer {
    let params = json!({
        "sessionId": question.session_id,
        "turnId": question.turn_id,
        "requestId": question.request_id,
        "toolName": question.tool_name,
        "input": question.input,
        "description": question.description,
    });
    let named = Some((question.session_id, question.request_id));
    let pending = outbox.request("atomizer/permission", params);
    let answer = wait(outbox, pending, named).await;
    match answer.map(serde_json::from_value::<Answer>) {
        Some(Ok(Answer {
            behavior: Behavior::Allow,
            scope: Some(Scope::Session),
            ..
        })) => PermissionAnswer::AllowForSession,
        Some(Ok(Answer {
            behavior: Behavior::Allow,
            ..
        })) => PermissionAnswer::AllowOnce,
        Some(Ok(Answer { message, .. })) => {
            PermissionAnswer::Deny(message.unwrap_or_else(|| "the user said no".into()))
        }
        Some(Err(_)) => {
            PermissionAnswer::Deny("the editor gave no answer that could be understood".into())
        }
        None => PermissionAnswer::Deny("the editor could not ask its user".into()),
    }
}

async fn ask_by_message(outbox: Outbox, question: PermissionQuestion) -> PermissionAnswer {
    let input = match &question.input {
        Value::Object(input) => ["command", "file_path", "url", "pattern"]
            .iter()
            .find_map(|key| input.get(*key)?.as_str().map(str::to_owned))
            .unwrap_or_else(|| question.input.to_string()),
        other => other.to_string(),
    };
    let shown: String = input.chars().take(SHOWN_CHARS).collect();
    let cut = if shown.len() < input.len() {
        " …"
    } else {
        ""
    };
    let action = |title: &str| MessageActionItem {
        title: title.into(),
        properties: Default::default(),
    };
    let params = ShowMessageRequestParams {
        typ: MessageType::INFO,
        message: format!("Claude wants to use {}: {shown}{cut}", question.tool_name),
        actions: Some(vec![action(ALLOW), action(ALLOW_FOR_SESSION), action(DENY)]),
    };
    let pending = outbox.request(ShowMessageRequest::METHOD, params);
    let answer = wait(outbox, pending, None).await;
    match answer
        .as_ref()
        .and_then(|answer| answer.get("title")?.as_str())
    {
        Some(ALLOW) => PermissionAnswer::AllowOnce,
        Some(ALLOW_FOR_SESSION) => PermissionAnswer::AllowForSession,
        Some(_) => PermissionAnswer::Deny("the user said no".into()),
        None => PermissionAnswer::Deny("the user closed the question without an answer".into()),
    }
}

/// `None`: the client answered with an error, or is gone.
async fn wait(outbox: Outbox, pending: Pending, named: Option<(String, String)>) -> Option<Value> {
    let mut withdrawal = Withdrawal {
        outbox,
        id: pending.id,
        named,
        answered: false,
    };
    let answer = pending.answer.await;
    withdrawal.answered = true;
    answer.ok()?.ok()
}
