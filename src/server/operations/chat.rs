//! `chat`: one turn, streamed.

use std::{path::PathBuf, sync::Arc};

use super::{Context, OpenDocument, OperationError, proposals};
use crate::{
    server::{
        document::path_of,
        ext::{ChatParams, WhenBusy},
        followup::follow_up,
        progress::Progress,
        spec_sync::blocking,
        stream::TurnStream,
    },
    session::{
        SessionManager,
        types::{ChatRequest, OpenSpec, TurnResult},
    },
    study::{SPEC_FILE, StudyId, read_spec},
    text::Text,
};

/// Runs the turn to its end. The turn lives in a task of the session room; this waits for it.
pub async fn chat(context: Context, params: ChatParams) -> Result<TurnResult, OperationError> {
    check_canvas(&params)?;
    let manager = manager(&context, &params).await?;
    let request = request(&context, &manager, &params).await?;
    let document = params.text_document.clone();
    let progress = match params.work_done_token {
        Some(token) => Some(Progress::with_token(context.outbox.clone(), token)),
        None if context.client.work_done_progress => Some(Progress::create(context.outbox.clone())),
        None => None,
    };
    let stop = context.cancelled.child_token();
    let shown = progress
        .as_ref()
        .map(|progress| progress.token().to_string());
    if let Some(token) = shown.clone() {
        let stop = stop.clone();
        context
            .events
            .send(move |state| drop(state.shown_turns.insert(token, stop)));
    }
    let stream = Arc::new(TurnStream::new(
        context.outbox.clone(),
        params.partial_result_token,
        progress,
        context.cancelled.clone(),
    ));
    let mut result = manager.chat(request, stream.clone(), stop).await;
    let context = context.renewed().await;
    if let Ok(result) = &mut result {
        proposals::apply_unasked(&context, &manager, document.as_ref(), result).await;
    }
    stream.finish(result.as_ref().ok());
    if let Some(token) = shown {
        context
            .events
            .send(move |state| drop(state.shown_turns.remove(&token)));
    }
    let result = result?;
    proposals::offer(&context, manager.clone(), document, &result);
    follow_up(context, manager, &result);
    Ok(result)
}

async fn manager(
    context: &Context,
    params: &ChatParams,
) -> Result<Arc<SessionManager>, OperationError> {
    if let Some(id) = &params.session_id {
        return context.managers.of_session(id).await;
    }
    let path = params
        .text_document
        .as_ref()
        .and_then(|document| path_of(&document.uri));
    context
        .managers
        .for_new(path.as_deref(), params.study_id.as_deref())
        .await
}

fn check_canvas(params: &ChatParams) -> Result<(), OperationError> {
    let Some(canvas) = &params.canvas_state else {
        return Ok(());
    };
    let arrays = ["nodes", "edges"]
        .iter()
        .all(|key| canvas.get(key).is_none_or(serde_json::Value::is_array));
    if canvas.is_object() && arrays {
        return Ok(());
    }
    Err(OperationError::InvalidParams(
        "canvasState must be an object with the arrays `nodes` and `edges`".into(),
    ))
}

/// The open document of the study that the chat is about.
async fn open_by_study<'c>(
    context: &'c Context,
    manager: &SessionManager,
    params: &ChatParams,
) -> Option<&'c OpenDocument> {
    let named = params.study_id.clone();
    let study = match (named, &params.session_id) {
        (None, Some(session)) => manager.info(session).await.ok()?.study_id,
        (named, _) => named,
    };
    let path = manager
        .root()
        .spec_path(&StudyId::parse(&study?).ok()?)
        .ok()?;
    context.open.iter().find(|open| open.is_file(&path))
}

async fn request(
    context: &Context,
    manager: &SessionManager,
    params: &ChatParams,
) -> Result<ChatRequest, OperationError> {
    let document = params.text_document.as_ref();
    let path = document.and_then(|document| path_of(&document.uri));
    let open = document.and_then(|document| context.document(&document.uri));
    let study = path
        .as_deref()
        .and_then(|path| manager.root().study_of(path))
        .map(|study| study.to_string());
    let shown = match document {
        Some(_) => open,
        None => open_by_study(context, manager, params).await,
    };
    let selection = match params.selection {
        Some(range) => {
            let text = match (open, &path) {
                (Some(open), _) => open.text.clone(),
                (None, Some(path)) => on_disk(path.clone()).await?,
                (None, None) => {
                    let message = "selection needs the textDocument that it is in: one that is open, or a file";
                    return Err(OperationError::InvalidParams(message.into()));
                }
            };
            let range = text.offsets(range, context.client.encoding);
            (!range.is_empty()).then(|| text.slice(range).into_owned())
        }
        None => None,
    };
    let open_spec = match shown {
        Some(open) => open.path.clone().map(|path| OpenSpec {
            path,
            text: Some(open.text.to_string()),
        }),
        None => path
            .filter(|path| path.file_name().is_some_and(|name| name == SPEC_FILE))
            .map(|path| OpenSpec { path, text: None }),
    };
    Ok(ChatRequest {
        session_id: params.session_id.clone(),
        message: params.message.clone(),
        mode: params.mode,
        study_id: params.study_id.clone().or(study),
        open_spec,
        selection,
        canvas_state: params.canvas_state.clone(),
        queue_when_busy: params.when_busy == Some(WhenBusy::Queue),
    })
}

/// The text of a file that the editor has not open.
async fn on_disk(path: PathBuf) -> Result<Text, OperationError> {
    let file = blocking(move || read_spec(&path)).await?;
    Ok(Text::from(&*file.text))
}
