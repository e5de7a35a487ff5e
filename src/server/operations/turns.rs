//! `turn/*`

use super::{Context, OperationError};
use crate::server::{
    document::uri_of,
    ext::{TurnDiff, TurnParams},
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
        let text = |text: Option<std::sync::Arc<str>>| text.map(|text| text.to_string());
        Some(TurnDiff {
            uri: uri.into(),
            diff,
            before: text(spec.before),
            after: text(spec.after),
        })
    });
    Ok(diffs.collect())
}
