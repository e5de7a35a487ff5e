//! `turn/*`

use std::{io::ErrorKind, path::PathBuf, sync::Arc};

use super::{Context, OperationError};
use crate::{
    server::{
        document::uri_of,
        ext::{AppliedChange, Reverted, TurnDiff, TurnParams},
        merging::{Change, plan_all},
        spec_sync::{blocking, show_changes, tell, tell_conflicts, write_merged},
    },
    session::{SessionManager, TurnSpec, store::TextChange, types::Applied},
    spec::{merge::MergeConflict, syntax::Parsed},
    study::{StudyError, read_spec},
    text::{Text, apply},
};

/// In the editor's undo menu.
const LABEL: &str = "Revert Claude's turn";

/// `turn/diff`: every spec that a turn changed.
pub async fn diff(context: Context, params: TurnParams) -> Result<Vec<TurnDiff>, OperationError> {
    let manager = context.managers.of_turn(&params.turn_id).await?;
    let specs = manager.turn_specs(&params.turn_id).await?;
    // What is not kept cannot be compared; and of texts that are no JSON the sum may be nothing.
    let kept = specs.into_iter();
    let kept = kept.filter(|spec| spec.before_kept && spec.before != spec.after);
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
    if !spec.before_kept {
        let why = "its text before the turn was not kept (too many or too large specs, or no UTF-8), so it is left as it is";
        tell(&context.outbox, &spec.path, why);
        return Ok(Applied::Rejected);
    }
    match (&spec.before, &spec.rest) {
        (Some(_), Some(rest)) => {
            let rest = rest.clone();
            undo(context, manager, spec, rest).await
        }
        _ => remove(context, manager, spec.path, spec.after).await,
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

/// What the turn changed is taken back change by change, the last one first, so that what others made of the spec in
/// between stays. `rest`: the last text that there was of it.
async fn undo(
    context: &Context,
    manager: &Arc<SessionManager>,
    spec: TurnSpec,
    rest: Arc<str>,
) -> Result<Applied, StudyError> {
    let back = |change: TextChange| Change {
        base: Some(change.after),
        theirs: change.before,
    };
    let changes: Vec<Change> = spec.changes.into_iter().rev().map(back).collect();
    let (path, gone) = (spec.path, spec.after.is_none());
    let conflicts = match write_merged(manager, path.clone(), changes.clone()).await {
        Err(error) if is_no_text(&error, gone) => {
            write_again(manager, path.clone(), changes.clone(), rest).await?
        }
        written => written?,
    };
    let (events, outbox) = (&context.events, &context.outbox);
    match show_changes(events, outbox, &path, changes, LABEL).await {
        Some(applied @ (Applied::Conflict | Applied::Rejected)) => Ok(applied),
        applied if conflicts.is_empty() => Ok(applied.unwrap_or(Applied::Disk)),
        // The editor's text could be brought back where the file could not.
        _ => {
            tell_conflicts(outbox, &path, &conflicts);
            Ok(Applied::Conflict)
        }
    }
}

/// No file, or, where the turn left it so, one that is no text.
fn is_no_text(error: &StudyError, gone: bool) -> bool {
    match error {
        StudyError::NotUtf8 { .. } => gone,
        StudyError::Io { source, .. } => source.kind() == ErrorKind::NotFound,
        _ => false,
    }
}

/// Writes a file that is gone as it was last, without what the turn had changed in it.
async fn write_again(
    manager: &Arc<SessionManager>,
    path: PathBuf,
    changes: Vec<Change>,
    rest: Arc<str>,
) -> Result<Vec<MergeConflict>, StudyError> {
    let root = manager.root().clone();
    blocking(move || {
        let plan = plan_all(&changes, &Parsed::new(Text::from(&*rest)), false);
        root.write(&path, apply(&rest, &plan.edits).as_bytes())?;
        Ok(plan.conflicts)
    })
    .await
}
