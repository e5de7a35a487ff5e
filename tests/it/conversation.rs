//! A turn as the client sees it: events, permission, progress, cancel, and what is offered afterwards.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::support::{
    Answer, Client, Workspace, client::Builder, client::types, programs::claude_standin,
};

fn builder(workspace: &Workspace, turns: &Value) -> Builder {
    let scenario = json!({"turns": turns}).to_string();
    Client::builder(workspace)
        .claude(&[claude_standin()])
        .env("CLAUDE_STANDIN", &scenario)
}

#[test]
fn started_comes_first_text_as_it_streams_and_done_last() {
    let workspace = Workspace::examples();
    let client = builder(
        &workspace,
        &json!([[{"thinking": "hm"}, {"text": "Hello there."}]]),
    )
    .start();
    let (events, result) = client.chat(json!({"message": "hi"})).finish();
    let types = types(&events);
    assert_eq!(
        (types.first(), types.last()),
        (Some(&"started"), Some(&"done"))
    );
    assert!(types.contains(&"thinking"));
    let text: String = events
        .iter()
        .filter(|it| it["type"] == "text")
        .filter_map(|it| it["delta"].as_str())
        .collect();
    assert_eq!(text, "Hello there.");
    assert_eq!(result["text"], "Hello there.");
    assert!(
        events.iter().all(|event| event.get("kind").is_none()),
        "clients take `kind` for work-done progress"
    );
    let mut done = events.last().expect("done").clone();
    done.as_object_mut().expect("an object").remove("type");
    assert_eq!(done, result);
    let command = json!({"command": "atomizer.chat", "arguments": [{"message": "again", "sessionId": result["sessionId"]}]});
    let again = client.request("workspace/executeCommand", command);
    assert_eq!(again["status"], "completed");
}

#[test]
fn a_cancelled_request_gets_its_error_and_no_event_after_it() {
    let workspace = Workspace::examples();
    let client = builder(&workspace, &json!([[{"text": "begun"}, {"hang": true}]])).start();
    let turn = client.chat(json!({"message": "hi"}));
    let session = turn.until("started")["sessionId"].clone();
    turn.until("text");
    client.cancel_request(turn.request);
    let error = turn.error();
    assert_eq!(error.code, -32800);
    let session = json!({"sessionId": session});
    // The session is usable at once; by the time this is answered, anything late would have come.
    let (_, next) = client
        .chat(json!({"message": "next", "sessionId": session["sessionId"]}))
        .finish();
    assert_eq!(next["status"], "completed");
    let late = client.take_all(|message| {
        message["method"] == "$/progress" && message["params"]["token"] == "chat-2"
    });
    assert_eq!(late, Vec::<Value>::new());
    let history = client.request("atomizer/session/history", session);
    assert_eq!(
        (&history[1]["status"], &history[1]["content"]),
        (&json!("cancelled"), &json!("begun"))
    );
}

#[test]
fn a_spec_that_is_not_open_is_read_from_disk_for_its_summary_and_the_selection() {
    let workspace = Workspace::with_study("beam", BEAM);
    let client = builder(&workspace, &json!([[{"text": "$PROMPT"}]])).start();
    let uri = super::support::workspace::uri(workspace.spec("beam"));
    let selection =
        json!({"start": {"line": 2, "character": 2}, "end": {"line": 2, "character": 9}});
    let (_, result) = client
        .chat(json!({"message": "hi", "textDocument": {"uri": uri}, "selection": selection}))
        .finish();
    let prompt = result["text"].as_str().expect("a prompt");
    assert!(prompt.contains("\"model\""), "the selection: {prompt}");
    assert!(prompt.contains("mass"), "the summary: {prompt}");
    assert!(!prompt.contains("saved"), "there is no buffer: {prompt}");
}

#[test]
fn cancel_works_while_nobody_reads_our_output() {
    let workspace = Workspace::examples();
    let steps =
        json!([[{"spawn": "sleep 600"}, {"text": "begun"}, {"flood": 200_000}, {"hang": true}]]);
    let client = builder(&workspace, &steps).start();
    let turn = client.chat(json!({"message": "hi"}));
    let session = turn.until("started")["sessionId"].clone();
    turn.until("text");
    client.pause_reading(true);
    let stop = client.send_request("atomizer/cancel", json!({"sessionId": session}));
    let gone = client
        .mark()
        .wait_until_gone(|process| !process.command.contains("sleep 600"));
    client.pause_reading(false);
    gone.expect("what the turn started is gone");
    assert_eq!(
        client.response(stop).expect("an answer"),
        json!({"cancelled": true})
    );
    let (_, result) = turn.finish();
    assert_eq!(result["status"], "cancelled");
}

#[test]
fn permission_is_asked_of_a_client_that_announces_it() {
    let workspace = Workspace::examples();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let questions = asked.clone();
    let steps = json!([[{"bash": {"command": "touch made"}}, {"text": "done"}]]);
    let client = builder(&workspace, &steps)
        .permission(move |question| {
            questions.lock().expect("lock").push(question.clone());
            json!({"behavior": "allow", "scope": null, "message": null})
        })
        .start();
    let (events, result) = client.chat(json!({"message": "hi"})).finish();
    assert_eq!(result["status"], "completed");
    let question = asked.lock().expect("lock")[0].clone();
    assert_eq!(
        (&question["toolName"], &question["sessionId"]),
        (&json!("Bash"), &result["sessionId"])
    );
    assert_eq!(question["input"]["command"], "touch made");
    let decisions: Vec<&Value> = events
        .iter()
        .filter(|it| it["type"] == "permission")
        .map(|it| &it["decision"])
        .collect();
    assert_eq!(decisions, ["asked", "allowed"]);
}

#[test]
fn permission_is_asked_by_message_of_others_and_a_closed_dialog_is_a_no() {
    let workspace = Workspace::examples();
    let steps = json!([[{"bash": {"command": "touch made"}}, {"text": "done"}]]);
    let client = builder(&workspace, &steps)
        .on("window/showMessageRequest", |_, params| {
            let titles: Vec<_> = params["actions"]
                .as_array()
                .expect("actions")
                .iter()
                .map(|it| it["title"].clone())
                .collect();
            assert_eq!(titles, ["Allow", "Allow for this session", "Deny"]);
            assert!(
                params["message"]
                    .as_str()
                    .is_some_and(|it| it.contains("touch made"))
            );
            Answer::Result(Value::Null)
        })
        .start();
    let (events, _) = client.chat(json!({"message": "hi"})).finish();
    let denied = events
        .iter()
        .find(|it| it["decision"] == "denied")
        .expect("denied");
    assert!(
        denied["reason"]
            .as_str()
            .is_some_and(|reason| !reason.is_empty()),
        "{denied}"
    );
    assert!(!workspace.path().join("made").exists());
}

#[test]
fn an_open_question_is_withdrawn_when_its_turn_is_cancelled() {
    let workspace = Workspace::examples();
    let client = builder(&workspace, &json!([[{"bash": {"command": "touch made"}}]]))
        .capabilities(json!({"experimental": {"atomizer": {"permission": true}}}))
        .on("atomizer/permission", |_, _| Answer::Never)
        .start();
    let turn = client.chat(json!({"message": "hi"}));
    let asked = turn.until("permission");
    client.request(
        "atomizer/cancel",
        json!({"sessionId": client.request("atomizer/session/list", json!({}))[0]["sessionId"]}),
    );
    let withdrawn = client.notification("atomizer/permissionWithdrawn", |_| true);
    assert_eq!(withdrawn["requestId"], asked["requestId"]);
    client.notification("$/cancelRequest", |_| true);
    let (_, result) = turn.finish();
    assert_eq!(result["status"], "cancelled");
    assert!(!workspace.path().join("made").exists());
}

#[test]
fn work_done_progress_shows_the_tool_and_cancels() {
    let workspace = Workspace::examples();
    let steps = json!([[{"tool": {"name": "Read", "input": {"file_path": "studies"}, "result": "x"}}, {"text": "begun"}, {"hang": true}]]);
    let client = builder(&workspace, &steps)
        .capabilities(json!({"window": {"workDoneProgress": true}}))
        .start();
    let turn = client.chat(json!({"message": "hi"}));
    let progress = client.notification("$/progress", |params| params["value"]["kind"] == "begin");
    assert_eq!(progress["value"]["cancellable"], true);
    let token = progress["token"].clone();
    client.notification("$/progress", |params| {
        params["token"] == token && params["value"]["message"] == "answering"
    });
    client.notify("window/workDoneProgress/cancel", json!({"token": token}));
    let (_, result) = turn.finish();
    assert_eq!(result["status"], "cancelled");
    client.notification("$/progress", |params| {
        params["token"] == token && params["value"]["kind"] == "end"
    });
    client.take_all(|message| message["params"]["token"] == token);
}

#[test]
fn work_done_progress_no_longer_waits_for_permission_once_it_is_given() {
    let workspace = Workspace::examples();
    let gate = workspace.path().join("gate");
    let command = format!("until [ -e '{}' ]; do sleep 0.05; done", gate.display());
    let client = builder(&workspace, &json!([[{"bash": {"command": command}}]]))
        .capabilities(json!({"window": {"workDoneProgress": true}}))
        .permission(|_| json!({"behavior": "allow"}))
        .start();
    let turn = client.chat(json!({"message": "hi"}));
    for message in ["Bash", "Bash: waiting for your permission", "Bash"] {
        client.notification("$/progress", |params| params["value"]["message"] == message);
    }
    std::fs::write(gate, "").expect("opened");
    let (_, result) = turn.finish();
    assert_eq!(result["status"], "completed");
    client.take_all(|message| message["params"]["value"]["kind"].is_string());
}

const BEAM: &str = r#"{
  "meta": {"version": "2.0", "study_name": "beam", "status": "draft"},
  "model": {"sim": {"path": "beam.sim"}},
  "extractors": [{"id": "ext_001", "name": "mass", "type": "mass", "outputs": [{"name": "mass"}]}]
}
"#;

#[test]
fn errors_that_claude_introduced_are_told_and_mended_when_the_user_agrees() {
    let workspace = Workspace::with_study("beam", BEAM);
    let spec = workspace.spec("beam");
    let turns = json!([
        [{"edit": {"path": spec, "old": "\"mass\", \"outputs\"", "new": "\"mas\", \"outputs\""}}],
        {"when": "invalid-enum", "steps": [{"edit": {"path": spec, "old": "\"mas\", \"outputs\"", "new": "\"mass\", \"outputs\""}}, {"text": "mended"}]}
    ]);
    let client = builder(&workspace, &turns)
        .on("window/showMessageRequest", |_, params| {
            assert_eq!(
                params["actions"][0]["title"],
                "Let Claude fix 1 error it introduced"
            );
            Answer::Result(json!({"title": "Let Claude fix 1 error it introduced"}))
        })
        .start();
    let (_, result) = client
        .chat(json!({"message": "break it", "mode": "power", "studyId": "beam"}))
        .finish();
    assert_eq!(result["introduced"][0]["code"], "invalid-enum", "{result}");
    assert_eq!(result["introduced"][0]["pointer"], "/extractors/0/type");
    let session = result["sessionId"].clone();
    client.notification("atomizer/sessionChanged", |params| {
        params["session"]["sessionId"] == session
            && params["session"]["messageCount"] == 4
            && params["session"]["busy"] == false
    });
    assert_eq!(workspace.read("studies/beam/atomizer_spec.json"), BEAM);
}

#[test]
fn errors_are_mended_unasked_in_at_most_two_rounds_where_the_user_set_it_so() {
    let workspace = Workspace::with_study("beam", BEAM);
    let spec = workspace.spec("beam");
    let change = |old: &str, new: &str| json!({"edit": {"path": spec, "old": old, "new": new}});
    let turns = json!([
        [change("\"mass\", \"outputs\"", "\"massa\", \"outputs\"")],
        {"when": "massa", "steps": [change("\"massa\", \"outputs\"", "\"massb\", \"outputs\"")]},
        {"when": "massb", "steps": [change("\"massb\", \"outputs\"", "\"massc\", \"outputs\"")]},
        {"when": "massc", "steps": [change("\"massc\", \"outputs\"", "\"mass\", \"outputs\"")]}
    ]);
    let client = builder(&workspace, &turns)
        .settings(json!({"chat": {"fixIntroducedErrors": "auto"}}))
        .start();
    let (_, result) = client
        .chat(json!({"message": "break it", "mode": "power", "studyId": "beam"}))
        .finish();
    let session = result["sessionId"].clone();
    client.notification("atomizer/sessionChanged", |params| {
        params["session"]["sessionId"] == session
            && params["session"]["messageCount"] == 6
            && params["session"]["busy"] == false
    });
    let left = workspace.read("studies/beam/atomizer_spec.json");
    assert!(left.contains("\"massc\""), "two rounds, not three: {left}");
}

#[test]
fn a_command_of_the_server_is_answered_while_claude_speaks_and_both_are_kept() {
    let workspace = Workspace::examples();
    let gate = workspace.path().join("go");
    let turns = json!([[{"text": "one "}, {"wait": gate}, {"text": "two"}]]);
    let client = builder(&workspace, &turns).start();
    let running = client.chat(json!({"message": "hi"}));
    let session = running.until("started")["sessionId"].clone();
    running.until("text");
    let (events, usage) = client
        .chat(json!({"message": "/usage", "sessionId": session}))
        .finish();
    assert_eq!(types(&events), ["started", "text", "done"]);
    assert_eq!(usage["status"], "completed");
    std::fs::write(&gate, "").expect("written");
    let (_, result) = running.finish();
    assert_eq!(result["text"], "one \n\ntwo", "two pieces of an answer");
    assert_ne!(result["turnId"], usage["turnId"]);
    let history = client.request("atomizer/session/history", json!({"sessionId": session}));
    let said: Vec<_> = history
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| (message["role"].as_str(), message["turnId"].clone()))
        .collect();
    for turn in [&result["turnId"], &usage["turnId"]] {
        for role in ["user", "assistant"] {
            assert!(said.contains(&(Some(role), turn.clone())), "{said:?}");
        }
    }
}
