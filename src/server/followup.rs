//! When a turn brought errors into a spec: Claude is offered to mend them, or asked to at once
//! (`chat.fixIntroducedErrors`).

use std::sync::Arc;

use lsp_types::{
    MessageActionItem, MessageType, ShowMessageRequestParams, request::Request,
    request::ShowMessageRequest,
};
use tokio_util::sync::CancellationToken;

use super::{
    operations::Context, outbox::Outbox, progress::Progress, spec_sync::blocking,
    stream::TurnStream,
};
use crate::{
    session::{
        SessionManager, TurnSpec,
        config::Offer,
        introduced::{introduced, request_to_fix},
        types::{ChatRequest, Introduced, TurnResult},
    },
    study::read_spec,
};

/// How often Claude is asked without the user being asked.
const ROUNDS: usize = 2;

/// Follows up on a turn that has just ended; nobody waits for it.
pub fn follow_up(context: Context, manager: Arc<SessionManager>, result: &TurnResult) {
    let offer = context.settings.session.fix_introduced_errors;
    // A client with a chat panel makes the offer there.
    let offered_there = offer == Offer::Ask && context.client.offers_fixes;
    if result.introduced.is_empty() || offer == Offer::Off || offered_there {
        return;
    }
    let (session, turn) = (result.session_id.clone(), result.turn_id.clone());
    let introduced = result.introduced.clone();
    tokio::spawn(async move {
        let errors = match introduced.len() {
            1 => "1 error".to_owned(),
            count => format!("{count} errors"),
        };
        let question = format!("Claude's change brought {errors} into the spec.");
        let action = format!("Let Claude fix {errors} it introduced");
        if offer == Offer::Ask && !agreed(&context.outbox, question, &action).await {
            return;
        }
        let rounds = if offer == Offer::Auto { ROUNDS } else { 1 };
        mend(&context, &manager, &session, &turn, introduced, rounds).await;
    });
}

/// Has Claude mend what turn `turn` brought, until nothing of it is left or the rounds are used up.
async fn mend(
    context: &Context,
    manager: &Arc<SessionManager>,
    session: &str,
    turn: &str,
    mut introduced: Vec<Introduced>,
    rounds: usize,
) {
    let before = manager.turn_specs(turn).await.unwrap_or_default();
    for _ in 0..rounds {
        if introduced.is_empty() {
            return;
        }
        let request = ChatRequest {
            session_id: Some(session.to_owned()),
            message: request_to_fix(&introduced),
            queue_when_busy: true,
            ..ChatRequest::default()
        };
        let outbox = context.outbox.clone();
        let progress = context
            .client
            .work_done_progress
            .then(|| Progress::create(outbox.clone()));
        let never = CancellationToken::new();
        let stream = Arc::new(TurnStream::new(outbox, None, progress, never.clone()));
        let ended = manager.chat(request, stream.clone(), never).await;
        stream.finish(ended.as_ref().ok());
        if ended.is_err() {
            return;
        }
        introduced = left(context, before.clone()).await;
    }
}

/// The errors that the files have now and did not have before the turn.
async fn left(context: &Context, before: Vec<TurnSpec>) -> Vec<Introduced> {
    let (inspector, settings) = (context.inspector.clone(), context.settings.clone());
    blocking(move || {
        let files = before
            .iter()
            .filter(|spec| spec.before_kept)
            .filter_map(|spec| Some((spec, read_spec(&spec.path).ok()?)));
        let errors = files.flat_map(|(spec, now)| {
            let before = spec.before.as_deref();
            introduced(
                &inspector,
                &settings.severities,
                &spec.path,
                before,
                &now.text,
            )
        });
        errors.collect()
    })
    .await
}

/// Asks a question of one action; a closed dialog is a no.
pub async fn agreed(outbox: &Outbox, message: String, action: &str) -> bool {
    let actions = vec![MessageActionItem {
        title: action.into(),
        properties: Default::default(),
    }];
    let params = ShowMessageRequestParams {
        typ: MessageType::INFO,
        message,
        actions: Some(actions),
    };
    let answer = outbox
        .request(ShowMessageRequest::METHOD, params)
        .answer
        .await;
    matches!(answer, Ok(Ok(answer)) if answer["title"] == action)
}
