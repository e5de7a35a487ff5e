//! Slash commands that need no Claude: answered at once, beside whatever turn of the session runs.

use std::sync::Arc;

use super::{
    super::{
        error::SessionError,
        live::Live,
        manager::SessionManager,
        slash,
        store::{TurnEnd, new_turn_id},
        types::{ChatRequest, Status, TurnError, TurnEvent, TurnResult},
    },
    ending::{Announced, outlet_end},
};

/// Answers a message of [`slash::is_local`] as a turn that is over when it is stored: it takes neither the chair nor
/// the lease, so that a turn that runs, here or in another server, goes on undisturbed.
pub(in crate::session) async fn answer_aside(
    manager: &Arc<SessionManager>,
    request: ChatRequest,
    announced: &Announced,
) -> Result<TurnResult, SessionError> {
    let study = manager.check_study(request.study_id.as_deref())?;
    let (live, new) = match &request.session_id {
        Some(id) => (manager.find(id).await?, false),
        None => {
            let mode = request.mode.unwrap_or_default();
            (manager.make(None, mode, study.as_deref()).await?, true)
        }
    };
    let answered = answer(manager, &live, request, study, announced).await;
    if new && answered.is_err() {
        manager.forget(&live.id).await;
    }
    answered
}

async fn answer(
    manager: &Arc<SessionManager>,
    live: &Arc<Live>,
    request: ChatRequest,
    study: Option<String>,
    announced: &Announced,
) -> Result<TurnResult, SessionError> {
    let session = manager.settle(live, request.mode, study.map(Some)).await?;
    let (message, open) = (request.message, request.open_spec);
    let (status, text, error) = match slash::answer(manager, live, &session, &message, open).await {
        Ok(text) => (Status::Completed, text, None),
        Err(error) => {
            let error = TurnError {
                kind: error.kind().into(),
                message: error.to_string(),
            };
            (Status::Failed, String::new(), Some(error))
        }
    };
    let turn_id = new_turn_id();
    let end = TurnEnd {
        status,
        text: text.clone(),
        tool_calls: Vec::new(),
        claude_session: None,
        usage: None,
        error: error.clone(),
    };
    let (id, turn) = (live.id.clone(), turn_id.clone());
    manager
        .store(move |store| store.add_answered(&turn, &id, &message, &end))
        .await?;
    announced.start(&live.id, &turn_id);
    if !text.is_empty() {
        announced.outlet.send(TurnEvent::Text {
            delta: text.clone(),
        });
    }
    manager.announce(&live.id).await;
    let result = TurnResult {
        session_id: live.id.clone(),
        turn_id,
        status,
        text,
        tool_calls: Vec::new(),
        canvas_modifications: Vec::new(),
        canvas_applied: None,
        spec_updates: Vec::new(),
        introduced: Vec::new(),
        usage: None,
        error: error.clone(),
    };
    outlet_end(&announced.outlet, None, error, &result);
    Ok(result)
}
