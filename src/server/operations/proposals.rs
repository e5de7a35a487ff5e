//! Canvas modifications in an answer of Claude: applied without asking, or offered (`canvas.applyModifications`).

use std::sync::Arc;

use lsp_types::{MessageType, ShowMessageParams, notification::ShowMessage};

use super::{Context, canvas};
use crate::{
    server::{
        ext::{CanvasApplyParams, TextDocument},
        followup::agreed,
    },
    session::{
        SessionManager,
        config::Offer,
        types::{CanvasApplied, Status, TurnResult},
    },
};

/// Applies them where the user wants them applied without asking, before the turn is told to be over: the result says
/// what came of them. Those of a turn that the user ended are left for the user to apply.
pub async fn apply_unasked(
    context: &Context,
    manager: &SessionManager,
    document: Option<&TextDocument>,
    result: &mut TurnResult,
) {
    let unasked = context.settings.session.apply_modifications == Offer::Auto;
    let ended_by_user = result.status == Status::Cancelled || context.cancelled.is_cancelled();
    if !unasked || ended_by_user || result.canvas_modifications.is_empty() {
        return;
    }
    let applied = apply(context, manager, document, result).await;
    // A client with a chat panel shows it there.
    if !context.client.offers_canvas {
        warn_of_skipped(context, &applied);
    }
    result.canvas_applied = Some(applied);
}

/// Asks whether to apply them; nobody waits for the answer. A client that offers them itself is not asked.
pub fn offer(
    context: &Context,
    manager: Arc<SessionManager>,
    document: Option<TextDocument>,
    result: &TurnResult,
) {
    let ask = context.settings.session.apply_modifications == Offer::Ask;
    if !ask || context.client.offers_canvas || result.canvas_modifications.is_empty() {
        return;
    }
    let (context, result) = (context.clone(), result.clone());
    tokio::spawn(async move {
        let question = match result.canvas_modifications.len() {
            1 => "Claude proposes a change of the canvas.".to_owned(),
            count => format!("Claude proposes {count} changes of the canvas."),
        };
        if agreed(&context.outbox, question, "Apply").await {
            let context = context.renewed().await;
            let applied = apply(&context, &manager, document.as_ref(), &result).await;
            warn_of_skipped(&context, &applied);
        }
    });
}

/// To the document that was asked about, else to the study of the conversation.
async fn apply(
    context: &Context,
    manager: &SessionManager,
    document: Option<&TextDocument>,
    result: &TurnResult,
) -> CanvasApplied {
    let session = manager.info(&result.session_id).await;
    let params = CanvasApplyParams {
        study_id: session.ok().and_then(|info| info.study_id),
        text_document: document.cloned(),
        modifications: result.canvas_modifications.clone(),
    };
    let applied = canvas::apply(context.clone(), params).await;
    applied.unwrap_or_else(|error| {
        CanvasApplied::none(result.canvas_modifications.len(), &error.to_string())
    })
}

fn warn_of_skipped(context: &Context, applied: &CanvasApplied) {
    let mut reasons: Vec<&str> = applied
        .skipped
        .iter()
        .map(|it| it.reason.as_str())
        .collect();
    reasons.dedup();
    if reasons.is_empty() {
        return;
    }
    let count = applied.applied + applied.skipped.len();
    let message = format!(
        "{} of {count} canvas changes made; not made: {}",
        applied.applied,
        reasons.join("; ")
    );
    context.outbox.notify_lsp::<ShowMessage>(ShowMessageParams {
        typ: MessageType::WARNING,
        message,
    });
}
