//! `turn/*`

use std::sync::Arc;

use super::{Context, OperationError};
use crate::{
    server::{
        document::uri_of,
        ext::{AppliedChange, Reverted, TurnDiff, TurnParams},
        spec_sync::{apply_change, blocking, write_merged},
    },
    session::{SessionManager, TurnSpec, types::Applied},
    study::StudyError,
};

/// `turn/diff`: every spec that a turn changed.
pub async fn diff(context: Context, params: TurnParams) -> Result<Vec<TurnDiff>, OperationError> {
    let manager = context.managers.of_turn(&params.turn_id).await?;
    let specs = manager.turn_specs(&params.turn_id).await?;
    let diffs = specs.into_iter().filter_map(|spec| {
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
        let applied = revert_one(&context, &manager, &spec).await?;
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
    spec: &TurnSpec,
) -> Result<Applied, StudyError> {
    let root = manager.root().clone();
    let path = spec.path.clone();
    match (&spec.before, &spec.after) {
        (None, _) => {
            // Its text is in the store, as the turn's `after`.
            blocking(move || {
                if path.exists() {
                    root.remove(&path)
                } else {
                    Ok(())
                }
            })
            .await?;
            Ok(Applied::Disk)
        }
        (Some(before), None) => {
            let text = before.clone();
            blocking(move || {
                if path.exists() {
                    Ok(())
                } else {
                    root.write(&path, text.as_bytes())
                }
            })
            .await?;
            apply_change(
                &context.events,
                &context.outbox,
                manager,
                &spec.path,
                before,
                before,
                "Revert Claude's turn",
            )
            .await
        }
        (Some(before), Some(after)) => {
            let conflicts = if spec.path.exists() {
                write_merged(manager, path, after.clone(), before.clone()).await?
            } else {
                let text = before.clone();
                blocking(move || root.write(&path, text.as_bytes())).await?;
                Vec::new()
            };
            let label = "Revert Claude's turn";
            let (events, outbox) = (&context.events, &context.outbox);
            let applied =
                apply_change(events, outbox, manager, &spec.path, after, before, label).await?;
            Ok(if applied == Applied::Disk && !conflicts.is_empty() {
                Applied::Conflict
            } else {
                applied
            })
        }
    }
}
