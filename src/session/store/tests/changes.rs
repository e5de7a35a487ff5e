//! Texts of specs and conflicts.

use serde_json::json;

use super::{
    TextRole::{Base, Theirs},
    *,
};
use crate::spec::place::Place;

/// A store with one session and one turn.
fn with_turn() -> (TempDir, Store, String) {
    let (dir, store) = store();
    store
        .create_session(Some("s"), Mode::User, None)
        .expect("made");
    let turn = turn(&store, "s", "q", "a");
    (dir, store, turn)
}

fn texts_stored(store: &Store) -> i64 {
    store
        .read(|tx| Ok(tx.query_row("SELECT count(*) FROM texts", [], |row| row.get(0))?))
        .expect("counted")
}

#[test]
fn the_file_before_and_after_a_turn_is_its_first_base_and_last_theirs() {
    let (_dir, store, turn) = with_turn();
    let keep = |path: &str, role, text| {
        store
            .keep_text(&turn, Path::new(path), role, text)
            .expect("kept");
    };
    keep("/b", TextRole::Base, Some("old"));
    keep("/b", TextRole::Theirs, Some("new"));
    keep("/b", TextRole::Mine, Some("mine"));
    keep("/b", TextRole::Base, Some("new"));
    keep("/b", TextRole::Theirs, Some("newest"));
    keep("/unchanged", TextRole::Base, Some("same"));
    keep("/back", TextRole::Base, Some("same"));
    keep("/back", TextRole::Theirs, Some("other"));
    keep("/back", TextRole::Theirs, Some("same"));
    keep("/a-made", TextRole::Base, None);
    keep("/a-made", TextRole::Theirs, Some(""));
    keep("/c-gone", TextRole::Base, Some("x"));
    keep("/c-gone", TextRole::Theirs, None);
    let changed: Vec<_> = store
        .turn_texts(&turn)
        .expect("read")
        .into_iter()
        .map(|t| {
            (
                t.path,
                t.before.as_deref().map(str::to_owned),
                t.after.as_deref().map(str::to_owned),
            )
        })
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        changed,
        [
            ("/a-made".into(), None, some("")),
            ("/b".into(), some("old"), some("newest")),
            ("/c-gone".into(), some("x"), None),
        ]
    );
    let all = store.texts(&turn).expect("read");
    assert!(
        all.iter()
            .any(|t| t.role == TextRole::Mine && t.text.as_deref() == Some("mine"))
    );
    assert!(matches!(
        store.keep_text("no-such", Path::new("/b"), TextRole::Mine, None),
        Err(StoreError::NoTurn(_))
    ));
    assert!(matches!(
        store.turn_texts("no-such"),
        Err(StoreError::NoTurn(_))
    ));
}

#[test]
fn the_same_text_is_stored_once_and_repeats_are_dropped() {
    let (_dir, store, first) = with_turn();
    let second = turn(&store, "s", "q", "a");
    let big = "{\"name\": \"größer\"}\n".repeat(100_000);
    for turn in [&first, &second] {
        for _ in 0..2 {
            store
                .keep_text(turn, Path::new("/p"), TextRole::Base, Some(&big))
                .expect("kept");
        }
        let texts = store.texts(turn).expect("read");
        assert_eq!(texts.len(), 1);
        assert_eq!(texts[0].text.as_deref(), Some(&*big));
    }
    assert_eq!(texts_stored(&store), 1);
}

#[test]
fn old_texts_are_pruned_and_a_deleted_session_takes_its_own_along() {
    let (_dir, store, turn) = with_turn();
    store
        .keep_text(&turn, Path::new("/p"), TextRole::Base, Some("a"))
        .expect("kept");
    store
        .keep_text(&turn, Path::new("/p"), TextRole::Theirs, Some("b"))
        .expect("kept");
    let running = store.begin_turn("s", "q").expect("begun");
    store
        .keep_text(&running, Path::new("/p"), TextRole::Base, Some("b"))
        .expect("kept");
    assert_eq!(
        store
            .prune_texts(Duration::from_secs(3600))
            .expect("pruned"),
        0
    );
    assert_eq!(store.prune_texts(Duration::ZERO).expect("pruned"), 1);
    assert!(store.texts(&turn).expect("read").is_empty());
    assert_eq!(store.texts(&running).expect("read").len(), 1);
    store
        .add_conflicts(&running, Path::new("/p"), &[conflict("/a")])
        .expect("kept");
    assert!(store.take_lease("s").expect("asked"));

    assert!(store.delete_session("s").expect("deleted"));
    assert!(!store.delete_session("s").expect("gone already"));
    assert_eq!(texts_stored(&store), 0);
    for table in ["turns", "messages", "turn_texts", "conflicts", "leases"] {
        let left: i64 = store
            .read(|tx| {
                Ok(
                    tx.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                        row.get(0)
                    })?,
                )
            })
            .expect("counted");
        assert_eq!(left, 0, "{table}");
    }
}

#[test]
fn pruning_gives_the_space_back() {
    let (_dir, store, turn) = with_turn();
    let pages = || {
        store
            .read(|tx| Ok(tx.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0))?))
            .expect("counted")
    };
    let before = pages();
    // Digits of an irrational number, say: nothing that zstd could make small.
    let text: String = (1..40_000)
        .map(|n| f64::from(n).sqrt().to_string())
        .collect();
    store
        .keep_text(&turn, Path::new("/p"), TextRole::Base, Some(&text))
        .expect("kept");
    assert!(pages() > before + 20);
    assert_eq!(store.prune_texts(Duration::ZERO).expect("pruned"), 1);
    assert!(pages() <= before + 2, "{} pages, {before} before", pages());
}

fn conflict(pointer: &str) -> NewConflict {
    NewConflict {
        pointer: pointer.into(),
        place: Place::of_pointer(pointer),
        base: None,
        mine: Some(json!(null)),
        theirs: Some(json!({"max": 12.50, "min": 1})),
    }
}

#[test]
fn conflicts_wait_until_they_are_resolved() {
    let (_dir, store, turn_id) = with_turn();
    store
        .create_session(Some("other"), Mode::User, None)
        .expect("made");
    let other = turn(&store, "other", "q", "a");
    let ids = store
        .add_conflicts(
            &turn_id,
            Path::new("/p"),
            &[conflict("/a"), conflict("/b/0")],
        )
        .expect("kept");
    store
        .add_conflicts(&other, Path::new("/p"), &[conflict("/c")])
        .expect("kept");
    store
        .add_conflicts(&other, Path::new("/q"), &[conflict("/d")])
        .expect("kept");

    let pointers = |path: Option<&str>, session| {
        let list = store
            .conflicts(path.map(Path::new), session)
            .expect("listed");
        list.iter()
            .map(|c| c.conflict.pointer.clone())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(pointers(None, None), "/a /b/0 /c /d");
    assert_eq!(pointers(Some("/p"), None), "/a /b/0 /c");
    assert_eq!(pointers(None, Some("other")), "/c /d");
    assert_eq!(pointers(Some("/q"), Some("s")), "");

    let stored = store.conflict(&ids[1]).expect("there");
    assert_eq!(stored.conflict, conflict("/b/0"));
    assert_eq!(
        (stored.turn_id.as_str(), stored.session_id.as_str()),
        (turn_id.as_str(), "s")
    );
    store
        .resolve_conflict(&ids[1], Take::Theirs)
        .expect("resolved");
    assert_eq!(pointers(None, None), "/a /c /d");
    assert!(matches!(
        store.conflict(&ids[1]),
        Err(StoreError::NoConflict(_))
    ));
    assert!(matches!(
        store.resolve_conflict(&ids[1], Take::Mine),
        Err(StoreError::NoConflict(_))
    ));
}

#[test]
fn a_new_conflict_of_a_place_takes_the_place_of_the_former_one() {
    let (_dir, store, turn_id) = with_turn();
    let values = |base: i64, theirs: i64| NewConflict {
        base: Some(json!(base)),
        theirs: Some(json!(theirs)),
        ..conflict("/list/0")
    };
    let path = Path::new("/p");
    let add = |conflict| {
        store
            .add_conflicts(&turn_id, path, &[conflict])
            .expect("kept")
    };
    let first = add(values(1, 2));
    let second = add(values(2, 3));
    let open = store.conflicts(None, None).expect("listed");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].id, second[0]);
    assert_eq!(
        open[0].conflict,
        values(1, 3),
        "from the first base to the last value"
    );
    assert!(matches!(
        store.conflict(&first[0]),
        Err(StoreError::NoConflict(_))
    ));
    store
        .add_conflicts(&turn_id, Path::new("/q"), &[values(1, 2)])
        .expect("kept");
    assert_eq!(store.conflicts(None, None).expect("listed").len(), 2);
}

#[test]
fn what_others_changed_in_between_is_not_the_turns() {
    let (_dir, store, turn) = with_turn();
    let keep = |role, text| {
        let kept = store.keep_text(&turn, Path::new("/p"), role, text);
        kept.expect("kept");
    };
    keep(TextRole::Base, Some("{\"a\": 1, \"b\": 1, \"c\": 1}"));
    keep(TextRole::Theirs, Some("{\"a\": 2, \"b\": 1, \"c\": 1}"));
    keep(TextRole::Base, Some("{\"a\": 2, \"b\": 1, \"c\": 1}"));
    keep(TextRole::Mine, Some("{}"));
    assert_eq!(store.texts(&turn).expect("texts").len(), 3, "no new base");
    keep(TextRole::Base, Some("{\"a\": 2, \"b\": 9, \"c\": 1}"));
    keep(TextRole::Theirs, Some("{\"a\": 2, \"b\": 9, \"c\": 2}"));
    let texts = store.turn_texts(&turn).expect("texts");
    assert_eq!(texts.len(), 1);
    assert_eq!(
        (texts[0].before.as_deref(), texts[0].after.as_deref()),
        (
            Some("{\"a\": 1, \"b\": 1, \"c\": 1}"),
            Some("{\"a\": 2, \"b\": 1, \"c\": 2}")
        )
    );
}

/// What a turn with these texts, from the first base on, has made of a spec.
fn sum(texts: &[(TextRole, Option<&str>)]) -> Option<String> {
    let (_dir, store, turn) = with_turn();
    for (role, text) in texts {
        let kept = store.keep_text(&turn, Path::new("/p"), *role, *text);
        kept.expect("kept");
    }
    let specs = store.turn_texts(&turn).expect("texts");
    specs[0].after.as_deref().map(str::to_owned)
}

#[test]
fn of_one_place_that_a_turn_changed_twice_the_sum_has_what_it_wrote_last() {
    let texts = [
        (Base, Some("{\"a\": 1}")),
        (Theirs, Some("{\"a\": 2}")),
        (Base, Some("{\"a\": 2, \"others\": 1}")),
        (Theirs, Some("{\"a\": 3, \"others\": 1}")),
    ];
    assert_eq!(sum(&texts).as_deref(), Some("{\"a\": 3}"));
}

#[test]
fn what_a_turn_removed_and_made_anew_goes_on_from_what_was_there() {
    let texts = [
        (Base, Some("{\"a\": 1}")),
        (Theirs, Some("{\"a\": 2}")),
        (Base, Some("{\"a\": 2, \"others\": 1}")),
        (Theirs, None),
        (Theirs, Some("{\"a\": 3, \"others\": 1}")),
    ];
    assert_eq!(sum(&texts).as_deref(), Some("{\"a\": 3}"));
}

#[test]
fn of_texts_that_are_no_json_the_sum_is_made_by_lines() {
    let texts = [
        (Base, Some("{\n1\n2\n3\n4\n")),
        (Theirs, Some("{\n1\n2\n3\nfour\n")),
        (Base, Some("{\nothers\n2\n3\nfour\n")),
        (Theirs, Some("{\nothers\n2\n3\nfive\n")),
    ];
    assert_eq!(sum(&texts).as_deref(), Some("{\n1\n2\n3\nfive\n"));
}
