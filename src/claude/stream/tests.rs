//! Lines as version 2.1.330 prints them.

use serde_json::json;

use super::*;

fn parse(value: Value) -> Event {
    Event::parse(value.to_string().as_bytes())
}

#[test]
fn text_deltas_carry_their_block() {
    let event = parse(json!({
        "type": "stream_event", "parent_tool_use_id": null, "session_id": "s",
        "event": {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "Hello"}},
    }));
    assert_eq!(
        event,
        Event::Delta {
            index: 2,
            delta: Delta::Text("Hello".into())
        }
    );
}

#[test]
fn words_of_a_subagent_are_not_the_answer() {
    let event = parse(json!({
        "type": "stream_event", "parent_tool_use_id": "toolu_1",
        "event": {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "psst"}},
    }));
    assert_eq!(event, Event::Other);
}

#[test]
fn a_message_cut_short_says_from_which_block_on_it_is_void() {
    let event = parse(json!({
        "type": "stream_event", "event": {"type": "message_stop"},
        "abandoned_blocks": {"api_message_id": "msg_1", "from_block_index": 1},
    }));
    assert_eq!(
        event,
        Event::MessageStop {
            abandoned_from: Some(1)
        }
    );
    let whole = parse(json!({"type": "stream_event", "event": {"type": "message_stop"}}));
    assert_eq!(
        whole,
        Event::MessageStop {
            abandoned_from: None
        }
    );
}

#[test]
fn a_question_brings_its_input_and_the_rules_that_would_spare_it() {
    let event = parse(json!({
        "type": "control_request", "request_id": "r", "request": {
            "subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "ls -l"}, "description": "list",
            "tool_use_id": "toolu_1", "permission_suggestions": [
                {"type": "setMode", "mode": "acceptEdits", "destination": "session"},
                {"type": "addRules", "behavior": "allow", "destination": "localSettings",
                 "rules": [{"toolName": "Bash", "ruleContent": "ls:*"}]},
            ],
        },
    }));
    let Event::CanUseTool(question) = event else {
        panic!("{event:?}")
    };
    assert_eq!(question.input, json!({"command": "ls -l"}));
    assert_eq!(question.suggested_rules, ["Bash(ls:*)"]);
}

#[test]
fn an_api_error_is_the_programs_word_and_not_claudes() {
    let event = parse(json!({
        "type": "assistant", "message": {"id": "m", "model": "<synthetic>", "content": [
            {"type": "text", "text": "API Error: 500 boom."}]},
    }));
    assert!(
        matches!(
            event,
            Event::Assistant {
                synthetic: true,
                ..
            }
        ),
        "{event:?}"
    );
}

#[test]
fn a_failed_result_is_told_by_is_error_alone() {
    let event = parse(json!({
        "type": "result", "subtype": "success", "is_error": true, "errors": ["No conversation found"],
        "usage": {"input_tokens": 1, "cache_read_input_tokens": 2, "output_tokens": 3, "new_tokens": {}},
    }));
    let Event::Result(outcome) = event else {
        panic!("{event:?}")
    };
    assert!(outcome.is_error);
    assert_eq!(outcome.text, "No conversation found");
    assert_eq!(outcome.usage.map(Tokens::sent), Some(3));
}

#[test]
fn what_is_unknown_or_broken_is_told_apart_and_harmless() {
    for line in [
        &b"{\"type\":\"event_of_2031\",\"x\":[1]}"[..],
        b"{}",
        b"{\"type\":7}",
        b"{\"type\":\"assistant\"}",
    ] {
        assert_eq!(
            Event::parse(line),
            Event::Other,
            "{}",
            String::from_utf8_lossy(line)
        );
    }
    for line in [
        &b""[..],
        b"Warning: no stdin",
        b"[1]",
        b"{\"type\":\"resu",
        b"\xff\xfe",
        b"null",
    ] {
        assert_eq!(
            Event::parse(line),
            Event::Garbage,
            "{}",
            String::from_utf8_lossy(line)
        );
    }
}

#[test]
fn invalid_utf8_within_a_line_loses_only_itself() {
    let line = b"{\"type\":\"result\",\"result\":\"a\xffb\"}";
    let Event::Result(outcome) = Event::parse(line) else {
        panic!("a result")
    };
    assert_eq!(outcome.text, "a\u{fffd}b");
}

#[test]
fn every_field_may_be_of_a_wrong_type() {
    for kind in [
        "stream_event",
        "assistant",
        "user",
        "system",
        "control_request",
        "control_response",
        "result",
    ] {
        for value in [json!(null), json!(1), json!("x"), json!([]), json!({})] {
            let line = json!({
                "type": kind, "event": value, "message": value, "subtype": value, "request": value, "response": value,
                "usage": value, "errors": value, "result": value, "parent_tool_use_id": null,
            });
            parse(line);
        }
    }
}
