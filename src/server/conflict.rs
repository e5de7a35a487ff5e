//! Conflicts: what the user and Claude changed differently. Mine stays in the buffer, theirs in the store; the user
//! chooses, now or later.

use std::sync::Arc;

use lsp_types::{
    MessageActionItem, MessageType, ShowMessageParams, ShowMessageRequestParams, notification,
    request::Request, request::ShowMessageRequest,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    document::uri_of,
    main_loop::Events,
    merging::set_at,
    outbox::Outbox,
    spec_sync::{apply_change, blocking},
};
use crate::{
    session::{
        SessionManager,
        store::{StoreError, StoredConflict, Take},
        types::Applied,
    },
    spec::syntax::Parsed,
    study::{StudyError, read_spec},
    text::Text,
};

const KEEP_MINE: &str = "Keep mine";
const TAKE_THEIRS: &str = "Take Claude's";
const SHOW_BOTH: &str = "Show both";

/// Why a conflict could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ConflictError {
    /// Unknown, or resolved before.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file of a spec that is not open.
    #[error(transparent)]
    Study(#[from] StudyError),
}

/// What a client answers to `atomizer/conflict`; null leaves the conflict open.
#[derive(Deserialize)]
struct Answer {
    take: Option<Take>,
}

/// A conflict as it goes over the wire.
pub fn on_wire(conflict: &StoredConflict) -> Value {
    json!({
        "conflictId": conflict.id,
        "turnId": conflict.turn_id,
        "sessionId": conflict.session_id,
        "uri": uri_of(&conflict.path),
        "pointer": conflict.conflict.pointer,
        "base": conflict.conflict.base,
        "mine": conflict.conflict.mine,
        "theirs": conflict.conflict.theirs,
    })
}

/// Asks the user about conflicts, one after the other; the turn does not wait for that.
pub fn ask_about(events: Events, outbox: Outbox, manager: Arc<SessionManager>, ids: Vec<String>) {
    tokio::spawn(async move {
        for id in ids {
            let store = manager.store_handle().clone();
            let asked = id.clone();
            // Resolved meanwhile by `conflict/resolve`: nothing to ask.
            let Ok(conflict) = blocking(move || store.conflict(&asked)).await else {
                continue;
            };
            let Some(take) = ask(&events, &outbox, &conflict).await else {
                continue;
            };
            if let Err(error) = resolve(&events, &outbox, &manager, &id, take).await {
                let message = error.to_string();
                outbox.notify_lsp::<notification::ShowMessage>(ShowMessageParams {
                    typ: MessageType::WARNING,
                    message,
                });
            }
        }
    });
}

async fn ask(events: &Events, outbox: &Outbox, conflict: &StoredConflict) -> Option<Take> {
    let client = events.read(|state| state.client.clone()).await?;
    if client.asks_conflict {
        let answer = outbox
            .request("atomizer/conflict", on_wire(conflict))
            .answer
            .await
            .ok()?
            .ok()?;
        return serde_json::from_value::<Answer>(answer).ok()?.take;
    }
    let place = &conflict.conflict.pointer;
    let mut message = format!("You and Claude changed {place} differently. Yours stays for now.");
    loop {
        match choose(outbox, message).await.as_deref() {
            Some(KEEP_MINE) => return Some(Take::Mine),
            Some(TAKE_THEIRS) => return Some(Take::Theirs),
            Some(SHOW_BOTH) => {
                let (mine, theirs) = (
                    shown(&conflict.conflict.mine),
                    shown(&conflict.conflict.theirs),
                );
                message = format!("{place}\nyours: {mine}\nClaude's: {theirs}");
            }
            _ => return None,
        }
    }
}

async fn choose(outbox: &Outbox, message: String) -> Option<String> {
    let action = |title: &str| MessageActionItem {
        title: title.into(),
        properties: Default::default(),
    };
    let params = ShowMessageRequestParams {
        typ: MessageType::WARNING,
        message,
        actions: Some(vec![
            action(KEEP_MINE),
            action(TAKE_THEIRS),
            action(SHOW_BOTH),
        ]),
    };
    let answer = outbox
        .request(ShowMessageRequest::METHOD, params)
        .answer
        .await
        .ok()?
        .ok()?;
    answer.get("title")?.as_str().map(str::to_owned)
}

fn shown(value: &Option<Value>) -> String {
    const MOST: usize = 300;
    let Some(value) = value else {
        return "removed".into();
    };
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}

/// Resolves a conflict: mine stays, or theirs is brought in as any other change.
pub async fn resolve(
    events: &Events,
    outbox: &Outbox,
    manager: &Arc<SessionManager>,
    id: &str,
    take: Take,
) -> Result<(StoredConflict, Applied), ConflictError> {
    let (store, asked) = (manager.store_handle().clone(), id.to_owned());
    let conflict = blocking(move || store.conflict(&asked)).await?;
    let applied = match take {
        Take::Mine => Applied::InSync,
        Take::Theirs => take_theirs(events, outbox, manager, &conflict).await?,
    };
    let (store, resolved) = (manager.store_handle().clone(), id.to_owned());
    blocking(move || store.resolve_conflict(&resolved, take)).await?;
    Ok((conflict, applied))
}

async fn take_theirs(
    events: &Events,
    outbox: &Outbox,
    manager: &Arc<SessionManager>,
    conflict: &StoredConflict,
) -> Result<Applied, StudyError> {
    let asked = conflict.path.clone();
    let open = events
        .read(move |state| state.document_at(&asked).map(|document| document.text()))
        .await
        .flatten();
    let path = conflict.path.clone();
    let (pointer, theirs) = (
        conflict.conflict.pointer.clone(),
        conflict.conflict.theirs.clone(),
    );
    let (mine, wanted) = blocking(move || {
        let mine = match open {
            Some(text) => text,
            None => Text::from(&*read_spec(&path)?.text),
        };
        let parsed = Parsed::new(mine.clone());
        let wanted = match (&theirs, pointer.is_empty()) {
            // The whole text, where the two could not be taken apart.
            (Some(Value::String(text)), true) => text.clone(),
            _ => mine
                .with_edits(&set_at(&parsed, &pointer, theirs.as_ref()))
                .to_string(),
        };
        Ok::<_, StudyError>((mine.to_string(), wanted))
    })
    .await?;
    apply_change(
        events,
        outbox,
        manager,
        &conflict.path,
        &mine,
        &wanted,
        "Claude: conflict resolved",
    )
    .await
}
