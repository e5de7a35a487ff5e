//! `conflict/*`

use serde_json::Value;

use super::{Context, OperationError};
use crate::{
    server::{
        conflict::{self, ConflictError},
        document::{path_of, uri_of},
        ext::{AppliedChange, ConflictListParams, ConflictResolveParams, Take},
        spec_sync::blocking,
    },
    session::{SessionError, store},
};

/// `conflict/list`, over all roots.
pub async fn list(
    context: Context,
    params: ConflictListParams,
) -> Result<Vec<Value>, OperationError> {
    let path = params.uri.as_deref().map(|uri| {
        let uri = lsp_types::Url::parse(uri).ok();
        let path = uri.as_ref().and_then(path_of);
        path.ok_or_else(|| {
            OperationError::InvalidParams(format!(
                "uri: {} is no file",
                params.uri.clone().unwrap_or_default()
            ))
        })
    });
    let path = path.transpose()?;
    let path = path.map(|path| path.canonicalize().unwrap_or(path));
    let mut found = Vec::new();
    for manager in context.managers.all().await? {
        let (store, path, session) = (
            manager.store_handle().clone(),
            path.clone(),
            params.session_id.clone(),
        );
        let conflicts =
            blocking(move || store.conflicts(path.as_deref(), session.as_deref())).await;
        found.extend(
            conflicts
                .map_err(SessionError::from)?
                .iter()
                .map(conflict::on_wire),
        );
    }
    Ok(found)
}

/// `conflict/resolve`
pub async fn resolve(
    context: Context,
    params: ConflictResolveParams,
) -> Result<AppliedChange, OperationError> {
    let take = match params.take {
        Take::Mine => store::Take::Mine,
        Take::Theirs => store::Take::Theirs,
    };
    let id = params.conflict_id;
    let manager = context.managers.of_conflict(&id).await?;
    let (events, outbox) = (&context.events, &context.outbox);
    match conflict::resolve(events, outbox, &manager, &id, take).await {
        Ok((conflict, applied)) => {
            let uri = uri_of(&conflict.path).map(String::from).unwrap_or_default();
            Ok(AppliedChange { uri, applied })
        }
        Err(ConflictError::Store(error)) => Err(SessionError::from(error).into()),
        Err(ConflictError::Study(error)) => Err(error.into()),
    }
}
