//! What is wrong with a database is told, and the file left as it is.

use std::fs;

use super::*;

/// Opening fails, and every byte stays.
fn refused(path: &Path) -> StoreError {
    let before = fs::read(path).expect("read");
    let error = Store::open(path).expect_err("refused");
    assert_eq!(fs::read(path).expect("read"), before, "{error}");
    let said = error.to_string();
    assert!(said.contains(path.to_str().expect("UTF-8")), "{said}");
    error
}

fn sql(path: &Path, sql: &str) {
    let connection = Connection::open(path).expect("opened");
    connection.execute_batch(sql).expect("executed");
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("atomizer.db");
    fs::write(
        &path,
        "this is no database, but somebody's notes. ".repeat(100),
    )
    .expect("written");
    assert_eq!(refused(&path).fault(), Some(Fault::Damaged));
}

#[test]
fn a_damaged_database_is_left_as_it_is() {
    let (dir, store) = store();
    store
        .create_session(Some("s"), Mode::User, None)
        .expect("made");
    for _ in 0..50 {
        turn(
            &store,
            "s",
            &"question ".repeat(100),
            &"answer ".repeat(100),
        );
    }
    drop(store);
    let path = path(&dir);
    let mut bytes = fs::read(&path).expect("read");
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 3 * 4096].fill(0xA5);
    fs::write(&path, bytes).expect("written");
    assert_eq!(refused(&path).fault(), Some(Fault::Damaged));
}

#[test]
fn a_newer_database_is_left_as_it_is() {
    let (dir, store) = store();
    drop(store);
    let path = path(&dir);
    sql(&path, "PRAGMA user_version = 99");
    let error = refused(&path);
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 99,
                known: 3,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_database_of_the_first_version_keeps_its_conversations() {
    let (dir, store) = store();
    store
        .create_session(Some("s"), Mode::User, None)
        .expect("made");
    turn(&store, "s", "q", "a");
    drop(store);
    let path = path(&dir);
    sql(
        &path,
        "ALTER TABLE sessions DROP COLUMN root; ALTER TABLE conflicts DROP COLUMN place; PRAGMA user_version = 1;",
    );
    for root in [None, Some("/a".into())] {
        let store = Store::open_for(&path, root).expect("opened");
        let all = store.sessions(None, None).expect("listed");
        assert_eq!((all.len(), all[0].message_count), (1, 2));
    }
}

#[test]
fn another_programs_database_is_left_as_it_is() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("study.db");
    sql(&path, "CREATE TABLE trials (id INTEGER)");
    let error = refused(&path);
    assert!(matches!(error, StoreError::Foreign(_)), "{error}");
}

#[test]
fn a_database_without_space_says_so_and_stays_whole() {
    let (_dir, store) = store();
    store
        .create_session(Some("s"), Mode::User, None)
        .expect("made");
    store
        .read(|tx| Ok(tx.pragma_update(None, "max_page_count", 40)?))
        .expect("set");
    let turn = store.begin_turn("s", "q").expect("begun");
    let error = store
        .append_answer(&turn, &"x".repeat(1 << 20))
        .expect_err("full");
    assert_eq!(error.fault(), Some(Fault::Full), "{error}");
    store.append_answer(&turn, "short").expect("still usable");
    let history = store.history("s", None, None).expect("read");
    assert_eq!(history[1].content, "short");
}

#[test]
fn a_database_that_is_kept_locked_says_so() {
    let (dir, store) = store();
    let other = Connection::open(path(&dir)).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    store
        .read(|connection| Ok(connection.busy_timeout(Duration::from_millis(10))?))
        .expect("set");
    let error = store
        .create_session(Some("s"), Mode::User, None)
        .expect_err("locked");
    assert_eq!(error.fault(), Some(Fault::Locked), "{error}");
    assert!(
        store
            .sessions(None, None)
            .expect("readers do not wait")
            .is_empty()
    );
    other.execute_batch("ROLLBACK").expect("unlocked");
    store
        .create_session(Some("s"), Mode::User, None)
        .expect("free again");
}

#[test]
fn a_database_that_may_not_be_written_says_so() {
    let (_dir, store) = store();
    store
        .read(|connection| Ok(connection.pragma_update(None, "query_only", true)?))
        .expect("set");
    let error = store
        .create_session(Some("s"), Mode::User, None)
        .expect_err("read-only");
    assert_eq!(error.fault(), Some(Fault::ReadOnly), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::write(dir.path().join("file"), "").expect("written");
    let error = Store::open(&dir.path().join("file/atomizer.db")).expect_err("refused");
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(error.to_string().contains("cannot make"), "{error}");
}

#[cfg(unix)]
#[test]
fn conversations_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, store) = store();
    store.create_session(None, Mode::User, None).expect("made");
    let folder = dir.path().join(".atomizer");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut pending = vec![folder.clone()];
    let mut files = 0;
    while let Some(path) = pending.pop() {
        for entry in fs::read_dir(path).expect("listed").flatten() {
            if entry.path().is_dir() {
                assert_eq!(mode(&entry.path()), 0o700);
                pending.push(entry.path());
            } else {
                assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
                files += 1;
            }
        }
    }
    assert!(files >= 4, "database, wal, shm, .gitignore, marks");
    assert_eq!(
        fs::read_to_string(folder.join(".gitignore")).expect("read"),
        "*\n"
    );
}

#[cfg(unix)]
#[test]
fn a_folder_of_the_users_own_is_not_changed() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("set");
    let _store = Store::open(&dir.path().join("chats.db")).expect("opened");
    assert_eq!(
        fs::metadata(dir.path())
            .expect("there")
            .permissions()
            .mode()
            & 0o777,
        0o755
    );
    assert!(!dir.path().join(".gitignore").exists());
}
