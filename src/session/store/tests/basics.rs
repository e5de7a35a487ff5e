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
