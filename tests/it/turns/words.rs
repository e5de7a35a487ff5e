//! What is said, and how it is told and stored.

use atomizer_lsp::session::{
    SessionError,
    types::{Mode, Role, Status, TurnEvent},
};
use serde_json::json;

use super::rig::{Rig, heard, kinds, say, say_in};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_streams_is_stored_and_is_the_result() {
    let rig =
        Rig::new(json!({"turns": [[{"thinking": "let me see"}, {"text": "Hello, engineer."}]]}))
            .await;
    let (result, events) = rig.chat("Hi").await;
    assert_eq!(
        kinds(&events),
        ["started", "thinking", "text", "usage", "done"]
    );
    assert_eq!(heard(&events), "Hello, engineer.");
    assert_eq!(
        (result.status, result.text.as_str()),
        (Status::Completed, "Hello, engineer.")
    );
    let usage = result.usage.expect("usage");
    assert_eq!((usage.input_tokens, usage.output_tokens), (10, 5));

    let history = rig
        .manager
        .history(&result.session_id, None, None)
        .await
        .expect("history");
    let said: Vec<_> = history
        .iter()
        .map(|message| (message.role, message.content.as_str()))
        .collect();
    assert_eq!(
        said,
        [(Role::User, "Hi"), (Role::Assistant, "Hello, engineer.")]
    );
    let info = rig.manager.info(&result.session_id).await.expect("info");
    assert!(!info.busy && info.live);
    assert_eq!((info.title.as_str(), info.message_count), ("Hi", 2));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_turn_goes_to_the_same_program_and_costs_its_own() {
    let rig = Rig::new(json!({"turns": [[{"text": "one"}], [{"text": "two"}]]})).await;
    let (first, _) = rig.chat("a").await;
    let program = rig.mark.processes();
    let (second, _) = rig.chat_in(&first.session_id, "b").await;
    assert_eq!(second.text, "two");
    assert_eq!(rig.mark.processes(), program, "no new process");
    let cost = |result: &atomizer_lsp::session::types::TurnResult| {
        result.usage.and_then(|usage| usage.cost_usd)
    };
    assert!(
        cost(&second).is_some_and(|cost| (cost - 0.001).abs() < 1e-9),
        "{:?}",
        second.usage
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_program_a_turn_where_that_is_wanted() {
    let scenario = json!({"turns": [[{"text": "one"}]]});
    let per_turn = |config: &mut atomizer_lsp::session::SessionConfig| {
        config.claude.process = atomizer_lsp::session::config::ProcessMode::PerTurn;
    };
    let rig = Rig::with(scenario, per_turn).await;
    let (first, _) = rig.chat("a").await;
    assert_eq!(
        rig.mark.processes(),
        [],
        "the program has ended with the turn"
    );
    let (second, _) = rig.chat_in(&first.session_id, "b").await;
    assert_eq!((first.text.as_str(), second.text.as_str()), ("one", "one"));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_declared_void_is_taken_back() {
    let scenario =
        json!({"turns": [[{"text": "half of"}, {"abandon": true}, {"text": "whole of it"}]]});
    let rig = Rig::new(scenario).await;
    let (result, events) = rig.chat("a").await;
    assert_eq!(result.text, "whole of it");
    assert_eq!(heard(&events), "whole of it");
    assert!(events.contains(&TurnEvent::TextReset {
        text: String::new()
    }));
    let history = rig
        .manager
        .history(&result.session_id, None, None)
        .await
        .expect("history");
    assert_eq!(history[1].content, "whole of it");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_in_trouble_is_told() {
    let retry = json!({"retry": {"attempt": 1, "max": 10, "delay_ms": 509, "status": 529}});
    let rig = Rig::new(json!({"turns": [[retry, {"text": "at last"}]]})).await;
    let (_, events) = rig.chat("a").await;
    let message = "server_error (HTTP 529)".to_owned();
    assert!(events.contains(&TurnEvent::Retrying {
        attempt: 1,
        max_attempts: 10,
        delay_ms: 509,
        message
    }));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canvas_modification_is_told_once_however_often_it_is_repeated() {
    let modification = json!({"action": "remove_node", "nodeId": "dv_001"});
    let fenced = format!("```json\n{}\n```", json!({"modification": modification}));
    let rig = Rig::new(json!({"turns": [[{"text": fenced}, {"text": fenced}]]})).await;
    let (result, events) = rig.chat("a").await;
    assert_eq!(
        result.canvas_modifications,
        std::slice::from_ref(&modification)
    );
    let told = events
        .iter()
        .filter(|event| matches!(event, TurnEvent::CanvasModification { .. }))
        .count();
    assert_eq!(told, 1);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_deltas_come_whole_and_in_order() {
    let rig = Rig::new(json!({"turns": [[{"flood": 100_000}]]})).await;
    let (result, events) = rig.chat("a").await;
    let expected: String = (0..100_000).map(|number| format!("{number} ")).collect();
    assert!(result.text == expected, "the text differs");
    assert!(heard(&events) == expected, "the deltas differ");
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn claude_is_told_the_study_and_only_once_what_was_said() {
    let rig = Rig::new(json!({"turns": [{"again": true, "steps": [{"text": "$PROMPT"}]}]})).await;
    let mut request = say("How stiff is it?");
    request.study_id = Some("beam".into());
    let (first, _) = rig.start(request).finish().await;
    assert!(
        first.text.contains("How stiff is it?") && first.text.contains("beam"),
        "{}",
        first.text
    );
    assert!(
        first.text.contains(rig.spec().to_str().expect("UTF-8")),
        "{}",
        first.text
    );
    let (second, _) = rig.chat_in(&first.session_id, "And now?").await;
    assert!(
        !second.text.contains("How stiff is it?"),
        "the program knows it: {}",
        second.text
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slash_commands_are_answered_without_claude() {
    let rig = Rig::with(json!({}), |config| {
        config.claude.command = vec!["/nonexistent/claude".into()]
    })
    .await;
    let (help, events) = rig.chat("/help").await;
    assert_eq!(kinds(&events), ["started", "text", "done"]);
    assert!(help.text.contains("/validate"), "{}", help.text);
    let id = help.session_id;
    for (command, part) in [
        ("/mode power", "Mode: power"),
        ("/study beam", "Study: `beam`"),
        ("/summary", "| | id | name |"),
        ("/validate", "`design_variables` is missing"),
        ("/history", "**You**: /help"),
        ("/usage", "tokens sent"),
        ("/export", "- Study: `beam`"),
    ] {
        let (result, _) = rig.chat_in(&id, command).await;
        assert_eq!(
            result.status,
            Status::Completed,
            "{command}: {:?}",
            result.error
        );
        assert!(
            result.text.to_lowercase().contains(&part.to_lowercase()),
            "{command}: {}",
            result.text
        );
    }
    let info = rig.manager.info(&id).await.expect("info");
    assert_eq!(
        (info.mode, info.study_id.as_deref()),
        (Mode::Power, Some("beam"))
    );
    let (wrong, _) = rig.chat_in(&id, "/study ../x").await;
    assert_eq!(
        wrong.error.map(|error| error.kind).as_deref(),
        Some("invalidStudyId")
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_before_anything_is_stored() {
    let rig = Rig::new(json!({})).await;
    let mut requests = vec![
        (say("  \n"), -32602),
        (say(&"x".repeat((1 << 20) + 1)), -32602),
        (say_in("../x", "a"), -32602),
        (say_in("unknown", "a"), -32001),
    ];
    for (study, code) in [("../x", -32007), ("nonesuch", -32005)] {
        let mut request = say("a");
        request.study_id = Some(study.into());
        requests.push((request, code));
    }
    for (request, code) in requests {
        let error = rig.start(request).outcome().await.expect_err("refused");
        assert_eq!(error.code(), code, "{error}");
    }
    assert_eq!(rig.manager.list(None, None).await.expect("a list"), []);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_one_mebibyte_is_taken() {
    let rig = Rig::new(json!({"turns": [[{"text": "long"}]]})).await;
    let (result, _) = rig.chat(&"x".repeat(1 << 20)).await;
    assert_eq!(result.status, Status::Completed);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_program_is_told_before_the_message_is_stored() {
    let rig = Rig::with(json!({}), |config| {
        config.claude.command = vec!["no-such-claude".into()]
    })
    .await;
    let error = rig.start(say("a")).outcome().await.expect_err("refused");
    assert_eq!(error.kind(), "claudeNotFound");
    let message = error.to_string();
    assert!(
        message.contains("npm install") && message.contains("claude.command"),
        "{message}"
    );
    assert!(matches!(error, SessionError::ClaudeNotFound(_)));
    assert_eq!(
        rig.manager.list(None, None).await.expect("a list"),
        [],
        "no empty session is left"
    );
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_tells_how_full_the_context_is_and_is_told_of_a_cancelled_turn_too() {
    let rig = Rig::new(json!({"turns": [
        [{"window": 200_000}, {"text": "one"}],
        [{"text": "two"}, {"hang": true}],
    ]}))
    .await;
    let (first, _) = rig.chat("a").await;
    let usage = first.usage.expect("usage");
    assert_eq!(
        (usage.context_tokens, usage.context_window),
        (Some(10), Some(200_000))
    );
    let mut running = rig.start(say_in(&first.session_id, "b"));
    running
        .until(|event| matches!(event, TurnEvent::Text { .. }))
        .await;
    rig.manager.cancel(&first.session_id).await.expect("known");
    let (second, events) = running.finish().await;
    assert_eq!(second.status, Status::Cancelled);
    assert_eq!(second.usage.map(|usage| usage.output_tokens), Some(5));
    let told = |event: &TurnEvent| matches!(event, TurnEvent::Usage(_));
    assert!(events.iter().any(told), "{events:#?}");
    let stored = rig.manager.store_handle().turn(&second.turn_id);
    assert_eq!(
        stored.expect("readable").and_then(|turn| turn.usage),
        second.usage
    );
    rig.end().await;
}
