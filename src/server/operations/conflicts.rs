//! `conflict/*`

use std::{
    collections::{HashMap, hash_map::Entry},
    path::PathBuf,
};

use serde_json::Value;

use super::{Context, OperationError};
use crate::{
    server::{
        conflict::{ConflictError, document_now, on_wire, resolve as resolve_one},
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
    let mut now: HashMap<PathBuf, Option<Value>> = HashMap::new();
    for manager in context.managers.all().await? {
        let (store, path, session) = (
            manager.store_handle().clone(),
            path.clone(),
            params.session_id.clone(),
        );
        let conflicts =
            blocking(move || store.conflicts(path.as_deref(), session.as_deref())).await;
        for conflict in conflicts.map_err(SessionError::from)? {
            let now = match now.entry(conflict.path.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    unknown.insert(document_now(&context.events, &conflict.path).await)
                }
            };
            found.push(on_wire(&conflict, now.as_ref()));
        }
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
    match resolve_one(events, outbox, &manager, &id, take).await {
        Ok((conflict, applied)) => {
            let uri = uri_of(&conflict.path).map(String::from).unwrap_or_default();
            Ok(AppliedChange { uri, applied })
        }
        Err(ConflictError::Store(error)) => Err(SessionError::from(error).into()),
        Err(ConflictError::Study(error)) => Err(error.into()),
        Err(error @ ConflictError::NoPlace(_)) => {
            Err(OperationError::InvalidParams(error.to_string()))
        }
    }
}
