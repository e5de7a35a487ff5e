use serde_json::json;

use super::*;
use crate::session::types::{ToolCall, TurnError, Usage};

#[test]
fn a_conversation_comes_back_as_it_was_stored() {
    let (dir, store) = store();
    let session = store
        .create_session(None, Mode::Power, Some("bracket"))
        .expect("made");
    assert_eq!(session.id.len(), 8);
    assert_eq!(session.message_count, 0);
    let turn = store
        .begin_turn(&session.id, "Why so heavy?")
        .expect("begun");
    let call = ToolCall {
        id: "toolu_1".into(),
        name: "Read".into(),
        input: json!({"file_path": "/r/x"}),
        is_error: Some(false),
        summary: Some("120 lines".into()),
    };
    let end = TurnEnd {
        status: Status::Failed,
        text: "Because".into(),
        tool_calls: vec![call.clone()],
        claude_session: Some("c-1".into()),
        usage: Some(Usage {
            input_tokens: 3,
            output_tokens: 5,
            cost_usd: Some(0.25),
            duration_ms: 7,
            context_tokens: Some(3),
            context_window: Some(200_000),
        }),
        error: Some(TurnError {
            kind: "claudeFailed".into(),
            message: "no".into(),
        }),
    };
    store.finish_turn(&turn, &end).expect("finished");
    drop(store);

    let store = open(&dir);
    let back = store.session(&session.id).expect("read").expect("there");
    assert_eq!(
        (back.mode, back.study_id.as_deref()),
        (Mode::Power, Some("bracket"))
    );
    assert_eq!(back.title, "Why so heavy?");
    assert_eq!(back.claude_session.as_deref(), Some("c-1"));
    assert_eq!((back.message_count, back.running), (2, false));
    let history = store.history(&session.id, None, None).expect("read");
    let said: Vec<_> = history
        .iter()
        .map(|m| (m.role, m.content.as_str(), m.status))
        .collect();
    assert_eq!(
        said,
        [
            (Role::User, "Why so heavy?", Status::Failed),
            (Role::Assistant, "Because", Status::Failed)
        ]
    );
    assert_eq!(history[1].tool_calls, [call]);
    let stored = store.turn(&turn).expect("read").expect("there");
    assert_eq!((stored.usage, stored.error), (end.usage, end.error));
    assert!(stored.ended_at.is_some());
}

#[test]
fn an_answer_grows_and_stays_one_message() {
    let (_dir, store) = store();
    let session = store
        .create_session(None, Mode::User, None)
        .expect("made")
        .id;
    let turn = store.begin_turn(&session, "hello").expect("begun");
    let answer = || {
        let history = store.history(&session, None, None).expect("read");
        history.get(1).map(|m| (m.content.clone(), m.status))
    };
    assert_eq!(answer(), None);
    store.append_answer(&turn, "one ").expect("stored");
    store.append_answer(&turn, "two").expect("stored");
    assert_eq!(answer(), Some(("one two".into(), Status::Running)));
    store.set_answer(&turn, "one", &[]).expect("stored");
    assert_eq!(answer(), Some(("one".into(), Status::Running)));
    store
        .finish_turn(&turn, &completed("one three"))
        .expect("finished");
    assert_eq!(answer(), Some(("one three".into(), Status::Completed)));
    assert!(matches!(
        store.append_answer("no-such", "x"),
        Err(StoreError::NoTurn(_))
    ));
    assert!(matches!(
        store.finish_turn("no-such", &completed("x")),
        Err(StoreError::NoTurn(_))
    ));
}

#[test]
fn a_turn_without_an_answer_leaves_the_engineers_message_alone() {
    let (_dir, store) = store();
    let session = store
        .create_session(None, Mode::User, None)
        .expect("made")
        .id;
    let turn = store.begin_turn(&session, "hello").expect("begun");
    store
        .append_answer(&turn, "taken back later")
        .expect("stored");
    store.finish_turn(&turn, &completed("")).expect("finished");
    let roles: Vec<Role> = store
        .history(&session, None, None)
        .expect("read")
        .iter()
        .map(|m| m.role)
        .collect();
    assert_eq!(roles, [Role::User]);
}

#[test]
fn history_pages_backwards_oldest_first() {
    let (_dir, store) = store();
    let session = store
        .create_session(None, Mode::User, None)
        .expect("made")
        .id;
    for n in 0..3 {
        turn(&store, &session, &format!("q{n}"), &format!("a{n}"));
    }
    let page = |limit, before| {
        let page = store.history(&session, limit, before).expect("read");
        let said = page
            .iter()
            .map(|m| m.content.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        (said, page.first().map(|m| m.id))
    };
    let (newest, first) = page(Some(3), None);
    assert_eq!(newest, "a1 q2 a2");
    let (older, first) = page(Some(3), first);
    assert_eq!(older, "q0 a0 q1");
    assert_eq!(page(Some(3), first), (String::new(), None));
    assert_eq!(page(None, None).0, "q0 a0 q1 a1 q2 a2");
    assert!(matches!(
        store.history("unknown", None, None),
        Err(StoreError::NoSession(_))
    ));
}

#[test]
fn sessions_are_listed_last_active_first() {
    let (_dir, store) = store();
    for (id, study) in [("a", Some("x")), ("b", Some("y")), ("c", Some("x"))] {
        store
            .create_session(Some(id), Mode::User, study)
            .expect("made");
    }
    turn(&store, "a", "hi", "ho");
    let ids = |study, limit| {
        let list = store.sessions(study, limit).expect("listed");
        list.into_iter().map(|s| s.id).collect::<String>()
    };
    assert_eq!(ids(None, None), "acb");
    store.touch("b").expect("touched");
    assert_eq!(ids(None, None), "bac");
    assert_eq!(ids(None, Some(2)), "ba");
    assert_eq!(ids(Some("x"), None), "ac");
    assert_eq!(ids(Some("z"), None), "");
}

#[test]
fn mode_study_and_claudes_id_can_change() {
    let (_dir, store) = store();
    let id = store
        .create_session(None, Mode::User, Some("x"))
        .expect("made")
        .id;
    assert_eq!(
        store.set_mode(&id, Mode::Power).expect("set").mode,
        Mode::Power
    );
    assert_eq!(
        store
            .set_study(&id, Some("t/y"))
            .expect("set")
            .study_id
            .as_deref(),
        Some("t/y")
    );
    assert_eq!(store.set_study(&id, None).expect("set").study_id, None);
    let first = store.begin_turn(&id, "q").expect("begun");
    let end = TurnEnd {
        claude_session: Some("c".into()),
        ..completed("a")
    };
    store.finish_turn(&first, &end).expect("finished");
    turn(&store, &id, "q", "a"); // tells no id of Claude's: the known one stays
    let session = store.session(&id).expect("read").expect("there");
    assert_eq!(session.claude_session.as_deref(), Some("c"));
    assert!(matches!(
        store.set_mode("unknown", Mode::User),
        Err(StoreError::NoSession(_))
    ));
    assert!(matches!(
        store.create_session(Some(&id), Mode::User, None),
        Err(StoreError::SessionExists(_))
    ));
}

#[test]
fn an_answer_of_the_servers_own_is_whole_beside_a_running_turn_and_goes_before_none() {
    let (_dir, store) = store();
    let id = store
        .create_session(None, Mode::User, None)
        .expect("made")
        .id;
    let first = turn(&store, &id, "q", "a");
    let running = store.begin_turn(&id, "q").expect("begun");
    let aside = new_turn_id();
    store
        .add_answered(&aside, &id, "/help", &completed("help"))
        .expect("stored");
    let said = store.history(&id, None, None).expect("read");
    let aside: Vec<_> = said
        .iter()
        .filter(|it| it.turn_id.as_ref() == Some(&aside))
        .collect();
    let contents: Vec<_> = aside.iter().map(|it| (it.role, &*it.content)).collect();
    assert_eq!(contents, [(Role::User, "/help"), (Role::Assistant, "help")]);
    assert_eq!(aside[1].status, Status::Completed);
    assert_eq!(store.turn_before(&running).expect("read"), Some(first));
    store
        .finish_turn(&running, &completed("a"))
        .expect("its turn is still its own");
    let last = store.begin_turn(&id, "q").expect("begun");
    assert_eq!(store.turn_before(&last).expect("read"), Some(running));
    assert!(matches!(
        store.add_answered(&new_turn_id(), "unknown", "/help", &completed("help")),
        Err(StoreError::NoSession(_))
    ));
}

#[test]
fn the_title_is_the_first_messages_first_line_in_short() {
    let (_dir, store) = store();
    let title = |message: &str| {
        let id = store
            .create_session(None, Mode::User, None)
            .expect("made")
            .id;
        turn(&store, &id, message, "a");
        turn(&store, &id, "second", "b");
        store.session(&id).expect("read").expect("there").title
    };
    assert_eq!(title("\n  Make\tit   lighter \nplease"), "Make it lighter");
    let long = title(&"größer ".repeat(40));
    assert_eq!(long.chars().count(), 80);
    assert!(long.ends_with("größer…") || long.ends_with('…'), "{long}");
}

#[test]
fn an_empty_session_goes_after_its_time_unless_it_is_used() {
    let (_dir, store) = store();
    for id in ["empty", "kept", "leased", "spoken"] {
        store
            .create_session(Some(id), Mode::User, None)
            .expect("made");
    }
    turn(&store, "spoken", "q", "a");
    assert!(store.take_lease("leased").expect("asked"));
    let day = Duration::from_secs(24 * 3600);
    assert!(store.remove_empty(day, &[]).expect("cleaned").is_empty());
    let gone = store
        .remove_empty(Duration::ZERO, &["kept".into()])
        .expect("cleaned");
    assert_eq!(gone, ["empty"]);
    assert_eq!(store.sessions(None, None).expect("listed").len(), 3);
}

#[test]
fn times_are_rfc_3339_in_utc() {
    assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(rfc3339(1_769_533_350_123_456), "2026-01-27T17:02:30.123Z");
}

#[test]
fn a_conversation_is_exported_as_markdown() {
    let (_dir, store) = store();
    let id = store
        .create_session(Some("s1"), Mode::Power, Some("bracket"))
        .expect("made")
        .id;
    let turn = store.begin_turn(&id, "Make it lighter").expect("begun");
    let call = ToolCall {
        id: "t".into(),
        name: "Edit".into(),
        input: json!({"file_path": "/r/a`b.json"}),
        is_error: Some(true),
        summary: None,
    };
    let end = TurnEnd {
        status: Status::Cancelled,
        tool_calls: vec![call],
        ..completed("I *try*.")
    };
    store.finish_turn(&turn, &end).expect("finished");
    let session = store.session(&id).expect("read").expect("there");
    let mut messages = store.history(&id, None, None).expect("read");
    for message in &mut messages {
        message.created_at = "TIME".into();
    }
    let text = markdown(&session, &messages).replace(&session.created_at, "TIME");
    expect_test::expect![[r#"
        # Make it lighter

        - Session: `s1`
        - Mode: power
        - Study: `bracket`
        - Begun: TIME

        ## You, TIME

        Make it lighter

        ## Claude, TIME

        I *try*.

        - Edit `/r/a'b.json` (failed)

        *cancelled*
    "#]]
    .assert_eq(&text);
}

#[test]
fn roots_that_share_a_database_see_their_own_conversations_and_those_from_before() {
    let (dir, store) = store();
    store
        .create_session(Some("from-before"), Mode::User, None)
        .expect("made");
    drop(store);
    let of = |root: &str| Store::open_for(&path(&dir), Some(root.into())).expect("opened");
    let (one, two) = (of("/one"), of("/two"));
    for (store, id) in [(&one, "of-one"), (&two, "of-two")] {
        store
            .create_session(Some(id), Mode::User, None)
            .expect("made");
    }
    let turn = turn(&one, "of-one", "q", "a");
    let ids = |store: &Store| {
        let all = store.sessions(None, None).expect("listed");
        all.into_iter()
            .map(|it| it.id)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(ids(&one), "of-one from-before");
    assert_eq!(ids(&two), "of-two from-before");
    assert_eq!(ids(&open(&dir)), "of-one of-two from-before");
    assert_eq!(two.session("of-one").expect("read"), None);
    assert!(matches!(two.turn_texts(&turn), Err(StoreError::NoTurn(_))));
    assert!(matches!(
        two.create_session(Some("of-one"), Mode::User, None),
        Err(StoreError::SessionExists(_))
    ));
    let empty = two.remove_empty(Duration::ZERO, &[]).expect("cleaned");
    assert!(!empty.contains(&"of-one".to_owned()));
}
