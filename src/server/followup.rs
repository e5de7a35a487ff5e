//! When a turn brought errors into a spec: Claude is offered to mend them, or asked to at once
//! (`chat.fixIntroducedErrors`).

use std::sync::Arc;

use lsp_types::{
    MessageActionItem, MessageType, ShowMessageRequestParams, request::Request,
    request::ShowMessageRequest,
};
use tokio_util::sync::CancellationToken;

use super::{client::Client, outbox::Outbox, progress::Progress, stream::TurnStream};
use crate::session::{
    SessionManager,
    config::Offer,
    introduced::request_to_fix,
    types::{ChatRequest, Introduced, TurnResult},
};

/// How often Claude is asked without the user being asked.
const ROUNDS: usize = 2;

/// Follows up on a turn that has just ended; nobody waits for it.
pub fn follow_up(
    manager: Arc<SessionManager>,
    outbox: Outbox,
    client: Arc<Client>,
    offer: Offer,
    result: &TurnResult,
) {
    if result.introduced.is_empty() || offer == Offer::Off {
        return;
    }
    // A client with a chat panel makes the offer there.
    if offer == Offer::Ask && client.offers_fixes {
        return;
    }
    let (session, introduced) = (result.session_id.clone(), result.introduced.clone());
    tokio::spawn(async move {
        let count = introduced.len();
        let errors = if count == 1 {
            "1 error".to_owned()
        } else {
            format!("{count} errors")
        };
        let question = format!("Claude's change brought {errors} into the spec.");
        let action = format!("Let Claude fix {errors} it introduced");
        if offer == Offer::Ask && !agreed(&outbox, question, &action).await {
            return;
        }
        let rounds = if offer == Offer::Auto { ROUNDS } else { 1 };
        mend(&manager, &outbox, &client, session, introduced, rounds).await;
    });
}

async fn mend(
    manager: &Arc<SessionManager>,
    outbox: &Outbox,
    client: &Client,
    session: String,
    mut introduced: Vec<Introduced>,
    rounds: usize,
) {
    for _ in 0..rounds {
        if introduced.is_empty() {
            return;
        }
        let request = ChatRequest {
            session_id: Some(session.clone()),
            message: request_to_fix(&introduced),
            queue_when_busy: true,
            ..ChatRequest::default()
        };
        let progress = client
            .work_done_progress
            .then(|| Progress::create(outbox.clone()));
        let never = CancellationToken::new();
        let stream = Arc::new(TurnStream::new(
            outbox.clone(),
            None,
            progress,
            never.clone(),
        ));
        let Ok(result) = manager.chat(request, stream.clone(), never).await else {
            return;
        };
        stream.finish();
        introduced = result.introduced;
    }
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
