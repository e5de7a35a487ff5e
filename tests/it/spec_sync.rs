//! How a change by Claude reaches the editor: each case of the contract, over stdio, with the scripted stand-in.

mod attribution;
mod conflicts;
mod context;
mod proposals;
mod revert;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use lsp_types::Url;
use serde_json::{Value, json};

use super::support::{Answer, Client, Workspace, client::Builder, programs::claude_standin};

const SPEC: &str = r#"{
  "meta": {"version": "2.0", "study_name": "beam", "status": "draft"},
  "model": {"sim": {"path": "beam.sim"}},
  "design_variables": [
    {"id": "dv_001", "name": "web", "expression_name": "web_t", "bounds": {"min": 1.50, "max": 9}, "baseline": 2.0},
    {"id": "dv_002", "name": "rib", "expression_name": "rib_t", "bounds": {"min": 1, "max": 1e1}, "baseline": 5}
  ]
}
"#;

fn workspace() -> Workspace {
    Workspace::with_study("beam", SPEC)
}

/// A client in power mode's surroundings, whose Claude does `steps` at its first message.
fn builder(workspace: &Workspace, steps: &Value) -> Builder {
    let scenario = json!({"turns": [steps]}).to_string();
    Client::builder(workspace)
        .claude(&[claude_standin()])
        .env("CLAUDE_STANDIN", &scenario)
}

fn edit(workspace: &Workspace, old: &str, new: &str) -> Value {
    json!({"edit": {"path": workspace.spec("beam"), "old": old, "new": new}})
}

fn ask(client: &Client) -> (Vec<Value>, Value) {
    let (events, result) = client
        .chat(json!({"message": "make the web thicker", "mode": "power", "studyId": "beam"}))
        .finish();
    assert_eq!(result["status"], "completed", "{result}");
    (events, result)
}

fn updates(events: &[Value]) -> Vec<&Value> {
    events
        .iter()
        .filter(|event| event["type"] == "specUpdated")
        .collect()
}

fn applied(result: &Value) -> Vec<&str> {
    let updates = result["specUpdates"].as_array().expect("specUpdates");
    updates
        .iter()
        .map(|update| update["applied"].as_str().expect("applied"))
        .collect()
}

fn md5(text: &str) -> String {
    atomizer_lsp::study::md5_hex(text.as_bytes())
}

fn edits_sent(client: &Client) -> usize {
    let applied = Arc::new(AtomicUsize::new(0));
    let count = applied.clone();
    client.wait_for_editor("the editor is asked", move |editor| {
        count.store(editor.applied.len(), Ordering::Relaxed);
        true
    });
    applied.load(Ordering::Relaxed)
}

fn warned(client: &Client, words: &str) {
    client.notification("window/showMessage", |params| {
        params["message"]
            .as_str()
            .is_some_and(|message| message.contains(words))
    });
}

#[test]
fn an_unmodified_document_gets_the_smallest_versioned_edit_with_a_label() {
    let workspace = workspace();
    let seen = Arc::new(std::sync::Mutex::new(Value::Null));
    let copy = seen.clone();
    let client = builder(
        &workspace,
        &json!([edit(&workspace, "\"baseline\": 2.0", "\"baseline\": 2.5")]),
    )
    .on("workspace/applyEdit", move |_, params| {
        *copy.lock().expect("lock") = params.clone();
        Answer::Default
    })
    .start();
    let uri = client.open(workspace.spec("beam"));
    let (events, result) = ask(&client);
    let after = SPEC.replace("2.0}", "2.5}");
    assert_eq!(client.text(&uri), after);
    let sent = seen.lock().expect("lock").clone();
    assert_eq!(sent["label"], "Claude: make the web thicker");
    let change = &sent["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"], json!({"uri": uri, "version": 1}));
    assert_eq!(change["edits"].as_array().map(Vec::len), Some(1));
    assert_eq!(change["edits"][0]["newText"], "5", "the smallest edit");
    let updates = updates(&events);
    assert_eq!(updates.len(), 1, "{events:?}");
    assert_eq!(updates[0]["applied"], "edit");
    assert_eq!(updates[0]["hashBefore"], md5(SPEC));
    assert_eq!(updates[0]["hashAfter"], md5(&after));
    assert_eq!(updates[0]["valid"], true);
    assert_eq!(updates[0]["studyId"], "beam");
    assert_eq!(updates[0]["spec"]["design_variables"][0]["baseline"], 2.5);
    assert_eq!(applied(&result), ["edit"]);
    assert!(result["specUpdates"][0].get("spec").is_none());
    let told = client.notification("atomizer/specUpdated", |_| true);
    assert_eq!(told["applied"], "edit");
}

#[test]
fn a_document_that_is_not_open_is_reported_as_disk() {
    let workspace = workspace();
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")])).start();
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["disk"]);
    assert_eq!(edits_sent(&client), 0);
}

#[test]
fn unsaved_changes_elsewhere_are_merged_with_claudes() {
    let workspace = workspace();
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")])).start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6");
    client.replace(
        &uri,
        "\"name\": \"rib\"",
        "\"name\": \"rib\", \"description\": \"mine\"",
    );
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["edit"]);
    let expected = SPEC
        .replace("2.0}", "2.5}")
        .replace("\"baseline\": 5", "\"baseline\": 6")
        .replace(
            "\"name\": \"rib\"",
            "\"name\": \"rib\", \"description\": \"mine\"",
        );
    assert_eq!(client.text(&uri), expected);
}

#[test]
fn an_edit_that_the_client_drops_but_calls_applied_is_sent_again() {
    let workspace = workspace();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")]))
        .on("workspace/applyEdit", move |_, _| {
            match count.fetch_add(1, Ordering::Relaxed) {
                0 => Answer::Result(json!({"applied": true})),
                _ => Answer::Default,
            }
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["edit"]);
    assert_eq!(client.text(&uri), SPEC.replace("2.0}", "2.5}"));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[test]
fn a_client_that_refuses_is_asked_five_times_and_the_user_is_told() {
    let workspace = workspace();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")]))
        .on("workspace/applyEdit", move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
            Answer::Result(json!({"applied": false}))
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["rejected"]);
    assert_eq!(asked.load(Ordering::Relaxed), 5);
    assert_eq!(client.text(&uri), SPEC);
    warned(&client, "Reload the file");
}

#[test]
fn a_client_that_cannot_apply_edits_is_told_and_the_file_stays_claudes() {
    let workspace = workspace();
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")]))
        .capabilities(json!({"workspace": {"applyEdit": false}}))
        .start();
    client.open(workspace.spec("beam"));
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["rejected"]);
    warned(&client, "Reload the file");
    assert_eq!(
        workspace.read("studies/beam/atomizer_spec.json"),
        SPEC.replace("2.0}", "2.5}")
    );
}

#[test]
fn a_document_that_shows_the_change_already_is_in_sync() {
    let workspace = workspace();
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")])).start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "2.0}", "2.5}");
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["inSync"]);
    assert_eq!(edits_sent(&client), 0);
}

#[test]
fn text_typed_while_the_edit_is_under_way_is_kept() {
    let workspace = workspace();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let steps = json!([edit(&workspace, "2.0}", "2.5}")]);
    let gate = workspace.path().join("typed");
    let client = builder(&workspace, &steps)
        .on("workspace/applyEdit", move |_, _| {
            match count.fetch_add(1, Ordering::Relaxed) {
                // As Neovim does with an edit for a text that has moved on.
                0 => {
                    std::fs::write(&gate, "").expect("a gate");
                    Answer::Result(json!({"applied": true}))
                }
                _ => Answer::Default,
            }
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    let turn = client.chat(json!({"message": "thicker", "mode": "power", "studyId": "beam"}));
    let typed = workspace.path().join("typed");
    client.wait_for_editor("the first edit was dropped", move |_| typed.exists());
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6");
    let (_, result) = turn.finish();
    assert_eq!(applied(&result), ["edit"]);
    assert_eq!(
        client.text(&uri),
        SPEC.replace("2.0}", "2.5}")
            .replace("\"baseline\": 5", "\"baseline\": 6")
    );
}

#[test]
fn each_change_of_a_turn_is_an_edit_of_its_own_and_their_hashes_chain() {
    let workspace = workspace();
    let shown = workspace.path().join("shown");
    let steps = json!([
        edit(&workspace, "2.0}", "2.5}"),
        {"wait": shown},
        edit(&workspace, "\"baseline\": 5", "\"baseline\": 7")
    ]);
    let client = builder(&workspace, &steps)
        .on("workspace/applyEdit", move |_, _| {
            std::fs::write(&shown, "").expect("a gate");
            Answer::Default
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    let (events, result) = ask(&client);
    assert_eq!(applied(&result), ["edit", "edit"]);
    let updates = updates(&events);
    assert_eq!(updates[0]["hashAfter"], updates[1]["hashBefore"]);
    assert_eq!(edits_sent(&client), 2);
    assert_eq!(
        client.text(&uri),
        SPEC.replace("2.0}", "2.5}")
            .replace("\"baseline\": 5", "\"baseline\": 7")
    );
}

#[test]
fn what_is_no_json_at_the_end_is_reported_and_never_merged() {
    let workspace = workspace();
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5")])).start();
    let uri = client.open(workspace.spec("beam"));
    let (events, result) = ask(&client);
    assert_eq!(applied(&result), ["invalid"]);
    let update = updates(&events)[0];
    assert_eq!(
        (&update["valid"], update.get("spec")),
        (&json!(false), None)
    );
    assert_eq!(client.text(&uri), SPEC);
}

#[test]
fn carriage_returns_and_number_spelling_outside_the_change_stay() {
    let spec = SPEC.replace('\n', "\r\n");
    let workspace = Workspace::with_study("beam", &spec);
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")])).start();
    let uri: Url = client.open(workspace.spec("beam"));
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6");
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["edit"]);
    assert_eq!(
        client.text(&uri),
        spec.replace("2.0}", "2.5}")
            .replace("\"baseline\": 5", "\"baseline\": 6")
    );
}

#[test]
fn a_client_with_line_ends_of_its_own_has_the_change_when_it_shows_the_rest() {
    let spec = SPEC.replace('\n', "\r\n");
    let workspace = Workspace::with_study("beam", &spec);
    let steps = json!([{"write": {"path": workspace.spec("beam"), "text": SPEC}}]);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let client = builder(&workspace, &steps)
        .on("workspace/applyEdit", move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
            // Its line ends are not a text's affair: nothing changes.
            Answer::Result(json!({"applied": true}))
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["edit"]);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(client.text(&uri), spec);
}

#[test]
fn a_buffer_that_was_emptied_stays_empty_until_the_user_takes_claudes() {
    let workspace = workspace();
    let steps = json!([edit(&workspace, "  ]\n}", "  ],\n  \"x\": 1\n}")]);
    let client = builder(&workspace, &steps).start();
    let uri = client.open(workspace.spec("beam"));
    client.set_text(&uri, "");
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["conflict"]);
    assert_eq!(client.text(&uri), "");
}

#[test]
fn a_file_that_was_broken_and_is_mended_comes_into_an_untouched_buffer() {
    let workspace = workspace();
    let scenario = json!({"turns": [
        [edit(&workspace, "2.0},", "2.5}")],
        [edit(&workspace, "2.5}", "2.75},")],
    ]});
    let client = Client::builder(&workspace)
        .claude(&[claude_standin()])
        .env("CLAUDE_STANDIN", &scenario.to_string())
        .start();
    let uri = client.open(workspace.spec("beam"));
    let (_, first) = ask(&client);
    assert_eq!(applied(&first), ["invalid"]);
    let params = json!({"message": "mend it", "sessionId": first["sessionId"]});
    let (_, second) = client.chat(params).finish();
    assert_eq!(applied(&second), ["edit"]);
    assert_eq!(client.text(&uri), SPEC.replace("2.0}", "2.75}"));
}
