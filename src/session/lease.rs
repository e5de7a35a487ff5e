//! Whose a conversation is: of the servers on one root only the one with its lease runs its program or removes it. A
//! server that wants it leaves a mark, and one where it is idle gives it up.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{error::SessionError, live::Chair, manager::SessionManager};

/// How long another server may take to give up a conversation whose program is idle there.
const HAND_OVER: Duration = Duration::from_secs(4);

/// How often it is asked meanwhile.
const HAND_OVER_CHECK: Duration = Duration::from_millis(50);

/// Takes the lease for whoever holds this chair. `waits`: also while a turn runs elsewhere, which may end in time.
///
/// # Errors
/// [`SessionError::SessionBusy`] when another server does not give it up; [`SessionError::Cancelled`].
pub(super) async fn take(
    manager: &SessionManager,
    session_id: &str,
    chair: &mut Chair,
    waits: bool,
    cancel: &CancellationToken,
) -> Result<(), SessionError> {
    if chair.leased {
        return Ok(());
    }
    let id = session_id.to_owned();
    let taken = manager.store(move |store| {
        let taken = store.take_lease(&id)?;
        Ok((taken, !taken && is_running(store, &id)?))
    });
    let (taken, runs_elsewhere) = taken.await?;
    chair.leased = taken;
    if !taken && (waits || !runs_elsewhere) {
        chair.leased = ask_for(manager, session_id, cancel).await?;
    }
    if chair.leased {
        return Ok(());
    }
    Err(match cancel.is_cancelled() {
        true => SessionError::Cancelled,
        false => SessionError::SessionBusy(session_id.to_owned()),
    })
}

fn is_running(store: &super::store::Store, id: &str) -> Result<bool, super::store::StoreError> {
    Ok(store.session(id)?.is_some_and(|session| session.running))
}

/// Leaves the mark and waits; was it given up?
async fn ask_for(
    manager: &SessionManager,
    session_id: &str,
    cancel: &CancellationToken,
) -> Result<bool, SessionError> {
    let mark = mark(manager.database(), session_id);
    let written = mark.parent().map_or(Ok(()), fs::create_dir_all);
    if written.and_then(|()| fs::write(&mark, "")).is_err() {
        return Ok(false);
    }
    let deadline = Instant::now() + HAND_OVER;
    let mut taken = Ok(false);
    while matches!(taken, Ok(false)) && Instant::now() < deadline && !cancel.is_cancelled() {
        tokio::time::sleep(HAND_OVER_CHECK).await;
        let id = session_id.to_owned();
        taken = manager.store(move |store| store.take_lease(&id)).await;
    }
    let _ = fs::remove_file(&mark);
    taken
}

/// Another server asks for this conversation. A mark older than anyone waits was left by a killed server, and is
/// removed.
pub(super) fn is_asked_for(database: &Path, session_id: &str) -> bool {
    let mark = mark(database, session_id);
    let Ok(written) = fs::metadata(&mark).and_then(|mark| mark.modified()) else {
        return false;
    };
    // A clock that was set back makes a mark of the future, which is as good as one of now.
    let stale = written.elapsed().is_ok_and(|age| age > HAND_OVER);
    if stale {
        let _ = fs::remove_file(&mark);
    }
    !stale
}

/// `<database>.wanted/<session>`
fn mark(database: &Path, session_id: &str) -> PathBuf {
    database.with_extension("wanted").join(session_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_heeded_for_as_long_as_its_server_waits() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let database = dir.path().join("atomizer.db");
        assert!(!is_asked_for(&database, "s"));
        let mark = mark(&database, "s");
        fs::create_dir_all(mark.parent().expect("a folder")).expect("made");
        let file = fs::File::create(&mark).expect("made");
        assert!(is_asked_for(&database, "s"));
        let long_ago = std::time::SystemTime::now() - 2 * HAND_OVER;
        file.set_modified(long_ago).expect("set");
        assert!(!is_asked_for(&database, "s"));
        assert!(!mark.exists());
    }
}
