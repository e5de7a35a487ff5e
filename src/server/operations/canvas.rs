//! `canvas/*`

use std::sync::Arc;

use serde_json::Value;

use super::{Context, OperationError, studies::spec};
use crate::{
    server::{
        ext::{CanvasApplyParams, SpecParams, TextDocument},
        merging::Change,
        spec_sync::{apply_change, blocking},
    },
    session::types::{Applied, CanvasApplied},
    spec::{
        canvas_ops::{self, Graph},
        syntax::Parsed,
    },
    study::read_spec,
    text::Text,
};

/// `canvas/get`
pub async fn get(context: Context, params: SpecParams) -> Result<Graph, OperationError> {
    let (_, text) = current(
        &context,
        params.study_id.as_deref(),
        params.text_document.as_ref(),
    )
    .await?;
    Ok(blocking(move || canvas_ops::get(&Parsed::new(text))).await)
}

/// `canvas/apply`: one workspace edit, or one atomic write where the spec is not open.
pub async fn apply(
    context: Context,
    params: CanvasApplyParams,
) -> Result<CanvasApplied, OperationError> {
    let document = params.text_document.as_ref();
    let (path, text) = current(&context, params.study_id.as_deref(), document).await?;
    modify(&context, &path, text, params.modifications).await
}

/// Makes modifications of a spec whose text is known.
pub async fn modify(
    context: &Context,
    path: &std::path::Path,
    text: Text,
    modifications: Vec<Value>,
) -> Result<CanvasApplied, OperationError> {
    let before: Arc<str> = text.to_string().into();
    let count = modifications.len();
    let (outcome, after) = blocking(move || {
        let outcome = canvas_ops::apply(&Parsed::new(text.clone()), &modifications);
        let after = text.with_edits(&outcome.edits).to_string();
        (outcome, after)
    })
    .await;
    let done = CanvasApplied {
        applied: outcome.applied,
        skipped: outcome.skipped,
    };
    if outcome.edits.is_empty() {
        return Ok(done);
    }
    let manager = context.managers.for_new(Some(path), None).await?;
    let (events, outbox) = (&context.events, &context.outbox);
    let change = Change {
        base: Some(before),
        theirs: after.into(),
    };
    let applied = apply_change(events, outbox, &manager, path, change, "Canvas").await?;
    if applied == Applied::Rejected {
        return Ok(CanvasApplied::none(
            count,
            "the editor did not take the edit",
        ));
    }
    Ok(done)
}

async fn current(
    context: &Context,
    study: Option<&str>,
    document: Option<&TextDocument>,
) -> Result<(std::path::PathBuf, Text), OperationError> {
    let (path, text) = spec(context, study, document)?;
    let text = match text {
        Some(text) => text,
        None => {
            let read = path.clone();
            Text::from(&*blocking(move || read_spec(&read)).await?.text)
        }
    };
    Ok((path, text))
}
