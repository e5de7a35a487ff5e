//! Conflicts: what the user and Claude changed differently. Mine stays in the buffer, theirs in the store; the user
//! chooses, now or later.

use std::{path::Path, sync::Arc};

use lsp_types::{
    MessageActionItem, MessageType, ShowMessageParams, ShowMessageRequestParams, notification,
    request::Request, request::ShowMessageRequest,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    document::uri_of,
    main_loop::Events,
    merging::{Change, set_at},
    outbox::Outbox,
    spec_sync::{apply_change, blocking},
};
use crate::{
    session::{
        SessionManager,
        store::{NewConflict, Store, StoreError, StoredConflict, Take, TextRole},
        types::Applied,
    },
    spec::{place::Gone, syntax::Parsed},
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
    /// Claude's value cannot be put where it belongs; says why.
    #[error("the conflict stays open, Claude's value with it: {0}")]
    NoPlace(String),
}

/// What a client answers to `atomizer/conflict`; null leaves the conflict open.
#[derive(Deserialize)]
struct Answer {
    take: Option<Take>,
}

/// A conflict as it goes over the wire; `now` is the document as the user has it.
pub fn on_wire(conflict: &StoredConflict, now: Option<&Value>) -> Value {
    let NewConflict {
        pointer,
        place,
        mine,
        ..
    } = &conflict.conflict;
    let found = now.filter(|_| !place.0.is_empty()).and_then(|now| {
        let pointer = place.find(now, mine.as_ref()).ok()?;
        let value = now.pointer(&pointer).cloned();
        Some((pointer, value))
    });
    let (pointer, mine) = found.unwrap_or_else(|| (pointer.clone(), mine.clone()));
    json!({
        "conflictId": conflict.id,
        "turnId": conflict.turn_id,
        "sessionId": conflict.session_id,
        "uri": uri_of(&conflict.path),
        "pointer": pointer,
        "base": conflict.conflict.base,
        "mine": mine,
        "theirs": conflict.conflict.theirs,
    })
}

/// The text of a spec as the user has it: of the editor, else of the file.
async fn text_now(events: &Events, path: &Path) -> Result<Text, StudyError> {
    let asked = path.to_owned();
    let open = events
        .read(move |state| state.document_at(&asked).map(|document| document.text()))
        .await
        .flatten();
    let path = path.to_owned();
    match open {
        Some(text) => Ok(text),
        None => blocking(move || Ok(Text::from(&*read_spec(&path)?.text))).await,
    }
}

/// The document of a spec as the user has it, where it is JSON.
pub async fn document_now(events: &Events, path: &Path) -> Option<Value> {
    let text = text_now(events, path).await.ok()?;
    blocking(move || {
        let parsed = Parsed::new(text);
        let root = parsed.root().filter(|_| parsed.is_valid());
        root.map(|root| root.to_value())
    })
    .await
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
            let message = match resolve(&events, &outbox, &manager, &id, take).await {
                Ok((_, Applied::Rejected | Applied::Conflict)) => {
                    "The editor did not take Claude's value; the conflict stays open.".to_owned()
                }
                // Resolved meanwhile, or a later change of the same place has taken its place.
                Ok(_) | Err(ConflictError::Store(StoreError::NoConflict(_))) => continue,
                Err(error) => error.to_string(),
            };
            outbox.notify_lsp::<notification::ShowMessage>(ShowMessageParams {
                typ: MessageType::WARNING,
                message,
            });
        }
    });
}

async fn ask(events: &Events, outbox: &Outbox, conflict: &StoredConflict) -> Option<Take> {
    let client = events.read(|state| state.client.clone()).await?;
    let now = document_now(events, &conflict.path).await;
    if client.asks_conflict {
        let answer = outbox
            .request("atomizer/conflict", on_wire(conflict, now.as_ref()))
            .answer
            .await
            .ok()?
            .ok()?;
        return serde_json::from_value::<Answer>(answer).ok()?.take;
    }
    let told = on_wire(conflict, now.as_ref());
    let place = match told["pointer"].as_str() {
        Some(pointer) if !pointer.is_empty() => pointer.to_owned(),
        _ => conflict.path.display().to_string(),
    };
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

/// Resolves a conflict: mine stays, or theirs is brought in as any other change. It stays open when theirs is not there
/// afterwards ([`Applied::Rejected`], [`Applied::Conflict`]).
pub async fn resolve(
    events: &Events,
    outbox: &Outbox,
    manager: &Arc<SessionManager>,
    id: &str,
    take: Take,
) -> Result<(StoredConflict, Applied), ConflictError> {
    let (store, asked) = (manager.store_handle(), id.to_owned());
    let conflict = blocking(move || store.conflict(&asked)).await?;
    let applied = match take {
        Take::Mine => Applied::InSync,
        Take::Theirs => take_theirs(events, outbox, manager, &conflict).await?,
    };
    if matches!(applied, Applied::InSync | Applied::Edit | Applied::Disk) {
        let (store, resolved) = (manager.store_handle(), id.to_owned());
        blocking(move || store.resolve_conflict(&resolved, take)).await?;
    }
    Ok((conflict, applied))
}

async fn take_theirs(
    events: &Events,
    outbox: &Outbox,
    manager: &Arc<SessionManager>,
    conflict: &StoredConflict,
) -> Result<Applied, ConflictError> {
    let mine = text_now(events, &conflict.path).await?;
    let (store, found, text) = (manager.store_handle(), conflict.clone(), mine.clone());
    let wanted = blocking(move || with_theirs(&store, &found, text)).await?;
    let change = Change {
        base: Some(mine.to_string().into()),
        theirs: wanted.into(),
    };
    let label = "Claude: conflict resolved";
    Ok(apply_change(events, outbox, manager, &conflict.path, change, label).await?)
}

/// Mine with Claude's value of the conflict in it.
fn with_theirs(
    store: &Store,
    conflict: &StoredConflict,
    mine: Text,
) -> Result<String, ConflictError> {
    let NewConflict {
        place,
        mine: known,
        theirs,
        ..
    } = &conflict.conflict;
    if place.0.is_empty() {
        // The two could not be taken apart: Claude's text, as it was written.
        let texts = store.texts(&conflict.turn_id)?;
        let written = texts.into_iter().rev().find_map(|stored| {
            let claudes = stored.role == TextRole::Theirs && stored.path == conflict.path;
            stored.text.filter(|_| claudes)
        });
        return written.map(|text| text.to_string()).ok_or_else(|| {
            ConflictError::NoPlace("its text is older than what the store keeps".into())
        });
    }
    let parsed = Parsed::new(mine);
    let root = parsed.root().filter(|_| parsed.is_valid());
    let root = root.ok_or_else(|| {
        ConflictError::NoPlace("the spec is no JSON at the moment; mend that first".into())
    })?;
    let pointer = place.find(&root.to_value(), known.as_ref());
    let pointer = pointer.map_err(|Gone(why)| ConflictError::NoPlace(why))?;
    let edits = set_at(&parsed, &pointer, theirs.as_ref());
    Ok(parsed.text().with_edits(&edits).to_string())
}
