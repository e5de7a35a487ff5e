//! Canvas modifications in an answer: applied without asking before the turn is over, offered, or left to the client.

use serde_json::{Value, json};

use super::{
    super::support::{Answer, client::Builder},
    SPEC, builder, edit, workspace,
};
use crate::support::Workspace;

fn proposal(modification: Value) -> Value {
    json!({"text": format!("So: {}", json!({"modification": modification}))})
}

fn new_variable() -> Value {
    proposal(
        json!({"action": "add_node", "nodeType": "designVar", "data": {"name": "skin", "expression_name": "skin_t", "bounds": {"min": 1, "max": 2}}}),
    )
}

fn unasked(workspace: &Workspace, steps: &Value) -> Builder {
    builder(workspace, steps).settings(json!({"canvas": {"applyModifications": "auto"}}))
}

#[test]
fn what_the_user_wants_applied_without_asking_is_applied_when_the_turn_is_told_to_be_over() {
    let workspace = workspace();
    let client = unasked(&workspace, &json!([new_variable()])).start();
    let uri = client.open(workspace.spec("beam"));
    let (events, result) = client
        .chat(json!({"message": "add", "studyId": "beam"}))
        .finish();
    assert!(
        client.text(&uri).contains("skin_t"),
        "{}",
        client.text(&uri)
    );
    let all = json!({"applied": 1, "skipped": []});
    assert_eq!(result["canvasApplied"], all);
    let proposals = events
        .iter()
        .filter(|it| it["type"] == "canvasModification");
    assert_eq!(proposals.count(), 1);
    let done = events.last().expect("done");
    assert_eq!(
        (&done["type"], &done["canvasApplied"]),
        (&json!("done"), &all)
    );
}

#[test]
fn the_result_says_what_could_not_be_applied_and_the_user_is_told() {
    let workspace = workspace();
    let unknown = proposal(json!({"action": "remove_node", "nodeId": "dv_099"}));
    let client = unasked(&workspace, &json!([unknown])).start();
    let (_, result) = client
        .chat(json!({"message": "remove", "studyId": "beam"}))
        .finish();
    let applied = &result["canvasApplied"];
    assert_eq!(
        (&applied["applied"], &applied["skipped"][0]["index"]),
        (&json!(0), &json!(0))
    );
    let reason = applied["skipped"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("dv_099"), "{reason}");
    let warning = client.notification("window/showMessage", |_| true);
    let message = warning["message"].as_str().expect("a message");
    assert!(message.contains(reason), "{message}");
    assert_eq!(workspace.read("studies/beam/atomizer_spec.json"), SPEC);
}

#[test]
fn they_change_the_text_that_the_turn_left_and_not_the_one_it_began_with() {
    let workspace = workspace();
    let last = "\"baseline\": 5}";
    let third = "{\"id\": \"dv_003\", \"name\": \"flange\", \"expression_name\": \"flange_t\", \"bounds\": {\"min\": 1, \"max\": 3}, \"baseline\": 2}";
    let added = edit(&workspace, last, &format!("{last},\n    {third}"));
    let client = unasked(&workspace, &json!([added, new_variable()])).start();
    let uri = client.open(workspace.spec("beam"));
    let (_, result) = client
        .chat(json!({"message": "add two", "studyId": "beam", "mode": "power", "textDocument": {"uri": uri}}))
        .finish();
    assert_eq!(result["canvasApplied"]["applied"], 1);
    let text = client.text(&uri);
    let spec: Value = serde_json::from_str(&text).expect("JSON");
    let variables = spec["design_variables"].as_array().expect("a list");
    let ids: Vec<&str> = variables
        .iter()
        .filter_map(|it| it["id"].as_str())
        .collect();
    assert_eq!(ids, ["dv_001", "dv_002", "dv_003", "dv_004"], "{text}");
}

#[test]
fn those_of_a_turn_that_the_user_ended_are_not_applied_without_asking() {
    let workspace = workspace();
    let client = unasked(&workspace, &json!([new_variable(), {"hang": true}])).start();
    let uri = client.open(workspace.spec("beam"));
    let turn = client.chat(json!({"message": "add", "studyId": "beam"}));
    let session = turn.until("started")["sessionId"].clone();
    turn.until("text");
    client.request("atomizer/cancel", json!({"sessionId": session}));
    let (_, result) = turn.finish();
    assert_eq!(result["status"], "cancelled");
    assert_eq!(result["canvasModifications"][0]["nodeType"], "designVar");
    assert_eq!(result.get("canvasApplied"), None);
    assert_eq!(client.text(&uri), SPEC);
}

#[test]
fn they_go_to_the_document_that_was_asked_about() {
    let workspace = workspace();
    let other = workspace.write("other/atomizer_spec.json", SPEC);
    let more =
        proposal(json!({"action": "update_node", "nodeId": "dv_002", "data": {"baseline": 8}}));
    let client = unasked(&workspace, &json!([more])).start();
    let uri = client.open(&other);
    let params = json!({"message": "more ribs", "textDocument": {"uri": uri}});
    client.chat(params).finish();
    let text = client.text(&uri);
    assert!(text.contains("\"baseline\": 8"), "{text}");
}

#[test]
fn a_client_without_a_chat_panel_is_asked_and_what_was_typed_meanwhile_is_kept() {
    let workspace = workspace();
    let client = builder(&workspace, &json!([new_variable()]))
        .on("window/showMessageRequest", |_, _| Answer::ByTest)
        .start();
    let uri = client.open(workspace.spec("beam"));
    let (_, result) = client
        .chat(json!({"message": "add", "studyId": "beam"}))
        .finish();
    assert_eq!(result.get("canvasApplied"), None);
    let question = client.take("the question", |it| {
        it["method"] == "window/showMessageRequest"
    });
    assert_eq!(
        question["params"]["message"],
        "Claude proposes a change of the canvas."
    );
    client.replace(&uri, "\"dv_002\"", "\"dv_003\"");
    client.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"title": "Apply"}}));
    client.wait_for_editor("the variable is there", |editor| {
        let text = &editor.documents[&uri].text;
        text.contains("skin_t") && text.contains("\"dv_004\"") && text.contains("\"dv_003\"")
    });
}
