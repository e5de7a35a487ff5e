//! A change of a spec on its way to whoever has it open (contract, last section; `docs/sync.md`): Claude's, as the
//! turn engine notices it, and those that operations make (`turn/revert`, `conflict/resolve`, `canvas/apply`).
//!
//! Invariant: base, theirs and mine of every change by Claude are in the store before the editor is told, and what
//! could not be merged is there as a conflict; nothing is lost, whatever becomes of the edit.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use lsp_types::{MessageType, ShowMessageParams, notification};
use tokio::time::{Instant, sleep};

use super::{
    conflict,
    delivery::{Delivery, Keep},
    main_loop::Events,
    merging::{Change, plan_all},
    outbox::Outbox,
};
use crate::{
    session::{
        SessionManager,
        host::{Author, SpecChange},
        store::NewConflict,
        types::Applied,
    },
    spec::{merge::MergeConflict, syntax::Parsed},
    study::{StudyError, read_spec},
    text::{Text, apply},
};

/// How long an editor that shows what the file has may take to say that it saved it.
const SAYS_SAVED: Duration = Duration::from_millis(300);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// Whether `text`, which the file got at `written`, is what the user saved.
///
/// An editor that shows it has either saved it or loaded it; which, tells a `didSave` after the file was written.
pub async fn is_saved(events: Events, path: PathBuf, text: Arc<str>, written: SystemTime) -> bool {
    let wanted = Text::from(text.strip_prefix('\u{feff}').unwrap_or(&text));
    let deadline = Instant::now() + SAYS_SAVED;
    loop {
        let (asked, wanted) = (path.clone(), wanted.clone());
        let seen = events.read(move |state| {
            let document = state.document_at(&asked)?;
            let mut saves = document.saves();
            let saved = saves.any(|(text, at)| *text == wanted && *at >= written);
            Some((saved, document.text() == wanted))
        });
        match seen.await.flatten() {
            Some((true, _)) => return true,
            Some((false, true)) if Instant::now() < deadline => sleep(LOOK).await,
            _ => return false,
        }
    }
}

/// Brings one change of a spec to the editor. `manager` runs the turn; `None`: it is gone, and its store with it.
pub async fn deliver(
    events: Events,
    outbox: Outbox,
    manager: Option<Arc<SessionManager>>,
    change: SpecChange,
) -> Applied {
    if change.author == Author::Others {
        return deliver_others(&events, &outbox, change).await;
    }
    let Some(theirs) = change.theirs.clone() else {
        return deleted(&events, &outbox, &change.path).await;
    };
    let keep = manager.as_ref().map(|manager| Keep {
        store: manager.store_handle(),
        turn_id: change.turn_id.clone(),
    });
    let delivery = Delivery {
        events: events.clone(),
        label: format!("Claude: {}", change.label),
        path: change.path.clone(),
        changes: vec![Change {
            base: change.base.clone(),
            theirs,
        }],
        read_at: Some(change.read_at),
        keep,
    };
    let delivered = delivery.run().await;
    if let Some(manager) = manager.filter(|_| !delivered.conflicts.is_empty()) {
        let ids = keep_conflicts(&manager, &change, delivered.conflicts).await;
        conflict::ask_about(events, outbox.clone(), manager, ids);
    }
    if delivered.applied == Applied::Rejected {
        tell(
            &outbox,
            &change.path,
            "Claude changed it on disk, and the editor does not show it. Reload the file.",
        );
    }
    delivered.applied
}

/// What somebody else changed goes into a text with unsaved changes; any other the editor reloads by itself.
async fn deliver_others(events: &Events, outbox: &Outbox, change: SpecChange) -> Applied {
    let asked = change.path.clone();
    let modified = events
        .read(move |state| state.document_at(&asked).is_some_and(|it| !it.is_clean()))
        .await
        .unwrap_or(false);
    let Some(theirs) = change.theirs.filter(|_| modified) else {
        return Applied::Disk;
    };
    let delivery = Delivery {
        events: events.clone(),
        label: "Changed on disk".into(),
        path: change.path,
        changes: vec![Change {
            base: change.base,
            theirs,
        }],
        read_at: Some(change.read_at),
        keep: None,
    };
    let delivered = delivery.run().await;
    tell_conflicts(outbox, &delivery.path, &delivered.conflicts);
    delivered.applied
}

/// The file is gone. An open text stays, as the editor's own.
async fn deleted(events: &Events, outbox: &Outbox, path: &Path) -> Applied {
    let asked = path.to_owned();
    let open = events
        .read(move |state| state.document_at(&asked).is_some())
        .await
        .unwrap_or(false);
    if !open {
        return Applied::Disk;
    }
    tell(
        outbox,
        path,
        "Claude removed the file. Its text stays in the editor; save it to have the file back.",
    );
    Applied::Conflict
}

/// Brings a change to the editor where the spec is open, else to the file.
pub async fn apply_change(
    events: &Events,
    outbox: &Outbox,
    manager: &Arc<SessionManager>,
    path: &Path,
    change: Change,
    label: &str,
) -> Result<Applied, StudyError> {
    let changes = vec![change];
    if let Some(applied) = show_changes(events, outbox, path, changes.clone(), label).await {
        return Ok(applied);
    }
    let conflicts = write_merged(manager, path.to_owned(), changes).await?;
    tell_conflicts(outbox, path, &conflicts);
    Ok(if conflicts.is_empty() {
        Applied::Disk
    } else {
        Applied::Conflict
    })
}

/// Brings changes that operations make to the editor, as one; `None`: the spec is not open.
pub async fn show_changes(
    events: &Events,
    outbox: &Outbox,
    path: &Path,
    changes: Vec<Change>,
    label: &str,
) -> Option<Applied> {
    let asked = path.to_owned();
    let open = events.read(move |state| state.document_at(&asked).is_some());
    if !open.await.unwrap_or(false) {
        return None;
    }
    let delivery = Delivery {
        events: events.clone(),
        label: label.into(),
        path: path.to_owned(),
        changes,
        read_at: None,
        keep: None,
    };
    let delivered = delivery.run().await;
    tell_conflicts(outbox, path, &delivered.conflicts);
    Some(delivered.applied)
}

/// Merges changes into the file at `path` and writes it, whole or not at all.
pub async fn write_merged(
    manager: &Arc<SessionManager>,
    path: PathBuf,
    changes: Vec<Change>,
) -> Result<Vec<MergeConflict>, StudyError> {
    let root = manager.root().clone();
    blocking(move || {
        let disk = read_spec(&path)?;
        let parsed = Parsed::new(Text::from(&*disk.text));
        let plan = plan_all(&changes, &parsed, false);
        if !plan.edits.is_empty() {
            root.write(&path, apply(&disk.text, &plan.edits).as_bytes())?;
        }
        Ok(plan.conflicts)
    })
    .await
}

async fn keep_conflicts(
    manager: &Arc<SessionManager>,
    change: &SpecChange,
    conflicts: Vec<MergeConflict>,
) -> Vec<String> {
    let new: Vec<NewConflict> = conflicts
        .into_iter()
        .map(|it| NewConflict {
            pointer: it.pointer,
            place: it.place,
            base: it.base,
            mine: it.mine,
            theirs: it.theirs,
        })
        .collect();
    let (store, turn, path) = (
        manager.store_handle().clone(),
        change.turn_id.clone(),
        change.path.clone(),
    );
    blocking(move || store.add_conflicts(&turn, &path, &new))
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "conflicts could not be kept");
            Vec::new()
        })
}

/// Names the places that were left as they are.
pub fn tell_conflicts(outbox: &Outbox, path: &Path, conflicts: &[MergeConflict]) {
    if conflicts.is_empty() {
        return;
    }
    let places: Vec<&str> = conflicts
        .iter()
        .map(|conflict| conflict.pointer.as_str())
        .collect();
    tell(
        outbox,
        path,
        &format!("changed since, so left as it is: {}", places.join(", ")),
    );
}

/// Warns the user about a spec.
pub fn tell(outbox: &Outbox, path: &Path, what: &str) {
    let message = format!("{}: {what}", path.display());
    outbox.notify_lsp::<notification::ShowMessage>(ShowMessageParams {
        typ: MessageType::WARNING,
        message,
    });
}

/// Runs what reads or writes files off the loop.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
