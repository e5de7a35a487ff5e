//! `session/*` and `cancel`.

use super::{Context, OperationError};
use crate::{
    server::{
        document::path_of,
        ext::{
            Cancelled, CreateParams, HistoryParams, ListParams, SessionParams, SetModeParams,
            SetStudyParams,
        },
    },
    session::{
        CreateRequest,
        types::{Message, SessionInfo},
    },
};

type Answer<T> = Result<T, OperationError>;

/// `cancel`
pub async fn cancel(context: Context, params: SessionParams) -> Answer<Cancelled> {
    let manager = context.managers.of_session(&params.session_id).await?;
    Ok(Cancelled {
        cancelled: manager.cancel(&params.session_id).await?,
    })
}

/// `session/create`
pub async fn create(context: Context, params: CreateParams) -> Answer<SessionInfo> {
    let path = params
        .text_document
        .as_ref()
        .and_then(|document| path_of(&document.uri));
    let stored = match &params.resume_session_id {
        Some(id) => context.managers.of_session(id).await.ok(),
        None => None,
    };
    let manager = match stored {
        Some(manager) => manager,
        None => {
            context
                .managers
                .for_new(path.as_deref(), params.study_id.as_deref())
                .await?
        }
    };
    let study = path
        .as_deref()
        .and_then(|path| manager.root().study_of(path))
        .map(|study| study.to_string());
    let request = CreateRequest {
        mode: params.mode,
        study_id: params.study_id.or(study),
        resume_session_id: params.resume_session_id,
        warm: params.warm.unwrap_or(false),
    };
    Ok(manager.create(request).await?)
}

/// `session/list`, over all roots.
pub async fn list(context: Context, params: ListParams) -> Answer<Vec<SessionInfo>> {
    let mut sessions = Vec::new();
    for manager in context.managers.all().await? {
        sessions.extend(manager.list(params.study_id.clone(), params.limit).await?);
    }
    // RFC 3339 in UTC sorts as text.
    sessions.sort_by(|a, b| b.last_active.cmp(&a.last_active));
    sessions.truncate(params.limit.unwrap_or(usize::MAX));
    Ok(sessions)
}

/// `session/info`
pub async fn info(context: Context, params: SessionParams) -> Answer<SessionInfo> {
    let manager = context.managers.of_session(&params.session_id).await?;
    Ok(manager.info(&params.session_id).await?)
}

/// `session/history`
pub async fn history(context: Context, params: HistoryParams) -> Answer<Vec<Message>> {
    let manager = context.managers.of_session(&params.session_id).await?;
    Ok(manager
        .history(&params.session_id, params.limit, params.before)
        .await?)
}

/// `session/setMode`
pub async fn set_mode(context: Context, params: SetModeParams) -> Answer<SessionInfo> {
    let manager = context.managers.of_session(&params.session_id).await?;
    Ok(manager.set_mode(&params.session_id, params.mode).await?)
}

/// `session/setStudy`
pub async fn set_study(context: Context, params: SetStudyParams) -> Answer<SessionInfo> {
    let manager = context.managers.of_session(&params.session_id).await?;
    Ok(manager
        .set_study(&params.session_id, params.study_id)
        .await?)
}

/// `session/close`
pub async fn close(context: Context, params: SessionParams) -> Answer<()> {
    let manager = context.managers.of_session(&params.session_id).await?;
    Ok(manager.close(&params.session_id).await?)
}

/// `session/delete`
pub async fn delete(context: Context, params: SessionParams) -> Answer<()> {
    let manager = context.managers.of_session(&params.session_id).await?;
    Ok(manager.delete(&params.session_id).await?)
}
