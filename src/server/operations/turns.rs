//! `turn/*`

use std::{io::ErrorKind, path::PathBuf, sync::Arc};

use super::{Context, OperationError};
use crate::{
    server::{
        document::uri_of,
        ext::{AppliedChange, Reverted, TurnDiff, TurnParams},
        spec_sync::{apply_change, blocking, tell, tell_conflicts, write_merged},
    },
    session::{SessionManager, TurnSpec, types::Applied},
    study::{StudyError, read_spec},
};

/// In the editor's undo menu.
const LABEL: &str = "Revert Claude's turn";

/// `turn/diff`: every spec that a turn changed.
pub async fn diff(context: Context, params: TurnParams) -> Result<Vec<TurnDiff>, OperationError> {
    let manager = context.managers.of_turn(&params.turn_id).await?;
    let specs = manager.turn_specs(&params.turn_id).await?;
    // What is not kept cannot be compared.
    let kept = specs.into_iter().filter(|spec| spec.before_kept);
    let diffs = kept.filter_map(|spec| {
        let uri = uri_of(&spec.path)?;
        let (before, after) = (
            spec.before.as_deref().unwrap_or_default(),
            spec.after.as_deref().unwrap_or_default(),
        );
        let name = spec.path.display().to_string();
        let diff = similar::TextDiff::from_lines(before, after);
        let diff = diff.unified_diff().header(&name, &name).to_string();
        let text = |text: Option<Arc<str>>| text.map(|text| text.to_string());
        Some(TurnDiff {
            uri: uri.into(),
            diff,
            before: text(spec.before),
            after: text(spec.after),
        })
    });
    Ok(diffs.collect())
}

/// `turn/revert`: every spec as it was before the turn, merged with what came later.
pub async fn revert(context: Context, params: TurnParams) -> Result<Reverted, OperationError> {
    let manager = context.managers.of_turn(&params.turn_id).await?;
    let mut changes = Vec::new();
    for spec in manager.turn_specs(&params.turn_id).await? {
        let Some(uri) = uri_of(&spec.path) else {
            continue;
        };
        let applied = revert_one(&context, &manager, spec).await?;
        changes.push(AppliedChange {
            uri: uri.into(),
            applied,
        });
    }
    Ok(Reverted { changes })
}

/// File and editor both, so that they agree as they did before.
async fn revert_one(
    context: &Context,
    manager: &Arc<SessionManager>,
    spec: TurnSpec,
) -> Result<Applied, StudyError> {
    let path = spec.path;
    if !spec.before_kept {
        let why = "its text before the turn was not kept (too many or too large specs, or no UTF-8), so it is left as it is";
        tell(&context.outbox, &path, why);
        return Ok(Applied::Rejected);
    }
    match (spec.before, spec.after) {
        (None, after) => remove(context, manager, path, after).await,
        (Some(before), None) => {
            let last = spec.last.unwrap_or_else(|| before.clone());
            bring_back(context, manager, path, before, &last).await
        }
        (Some(before), Some(after)) => undo(context, manager, path, before, after).await,
    }
}

/// The turn made the file: it goes, unless somebody has written to it since, or into its text in the editor. Its text is in the store, as the turn's
/// `after`.
async fn remove(
    context: &Context,
    manager: &Arc<SessionManager>,
    path: PathBuf,
    after: Option<Arc<str>>,
) -> Result<Applied, StudyError> {
    let (root, place) = (manager.root().clone(), path.clone());
    let asked = path.clone();
    let shown = context.events.read(move |state| {
        let document = state.document_at(&asked)?;
        Some(document.text().to_string())
    });
    let shown = shown.await.flatten();
    let shows_other = shown.is_some_and(|shown| after.as_deref() != Some(shown.as_str()));
    let removed = blocking(move || match read_spec(&place) {
        Ok(_) if shows_other => Ok(false),
        Ok(now) if after.as_ref().is_none_or(|after| *after != now.text) => Ok(false),
        Err(StudyError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(true),
        Ok(_) => root.remove(&place).map(|()| true),
        Err(error) => Err(error),
    })
    .await?;
    if removed {
        return Ok(Applied::Disk);
    }
    let why = "Claude made it in that turn, but it was changed since, so it is not removed";
    tell(&context.outbox, &path, why);
    Ok(Applied::Conflict)
}

/// The turn removed the file, or left one that is no text. The editor may still show what it had left before that, `last`.
async fn bring_back(
    context: &Context,
    manager: &Arc<SessionManager>,
    path: PathBuf,
    before: Arc<str>,
    last: &str,
) -> Result<Applied, StudyError> {
    let (root, place, text) = (manager.root().clone(), path.clone(), before.clone());
    let made_since = blocking(move || match read_spec(&place) {
        Ok(now) => Ok(now.text != text),
        Err(error) if is_no_text(&error) => root.write(&place, text.as_bytes()).map(|()| false),
        Err(error) => Err(error),
    })
    .await?;
    if made_since {
        let why =
            "Claude removed it in that turn, but somebody has made it anew, so it is left as it is";
        tell(&context.outbox, &path, why);
        return Ok(Applied::Conflict);
    }
    let (events, outbox) = (&context.events, &context.outbox);
    apply_change(events, outbox, manager, &path, last, &before, LABEL).await
}

/// No file, or one that is no text.
fn is_no_text(error: &StudyError) -> bool {
    match error {
        StudyError::NotUtf8 { .. } => true,
        StudyError::Io { source, .. } => source.kind() == ErrorKind::NotFound,
        _ => false,
    }
}

async fn undo(
    context: &Context,
    manager: &Arc<SessionManager>,
    path: PathBuf,
    before: Arc<str>,
    after: Arc<str>,
) -> Result<Applied, StudyError> {
    let conflicts = if path.exists() {
        write_merged(manager, path.clone(), after.clone(), before.clone()).await?
    } else {
        let (root, place, text) = (manager.root().clone(), path.clone(), before.clone());
        blocking(move || root.write(&place, text.as_bytes())).await?;
        Vec::new()
    };
    let (events, outbox) = (&context.events, &context.outbox);
    let applied = apply_change(events, outbox, manager, &path, &after, &before, LABEL).await?;
    if conflicts.is_empty() || matches!(applied, Applied::Conflict | Applied::Rejected) {
        return Ok(applied);
    }
    if applied != Applied::Disk {
        // The editor's text could be brought back where the file could not.
        tell_conflicts(outbox, &path, &conflicts);
    }
    Ok(Applied::Conflict)
}
