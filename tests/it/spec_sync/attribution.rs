//! Whose change it is, and what becomes of those that are not Claude's.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{
    super::support::{Answer, Client, Workspace, client::Turn, programs::claude_standin},
    SPEC, applied, ask, builder, edit, warned, workspace,
};

/// A turn that has begun and waits for a gate before it does `last`.
struct Held {
    gate: PathBuf,
}

impl Held {
    fn new(workspace: &Workspace) -> Self {
        Self {
            gate: workspace.path().join("gate"),
        }
    }

    fn steps(&self, first: &[Value], last: &Value) -> Value {
        let mut steps = first.to_vec();
        steps.extend([
            json!({"text": "At the gate."}),
            json!({"wait": self.gate}),
            last.clone(),
        ]);
        json!(steps)
    }

    /// Waits until the turn is at its gate, which it tells.
    fn reached(&self, turn: &Turn<'_>) {
        turn.until("text");
    }

    fn open(&self) {
        std::fs::write(&self.gate, "").expect("a gate");
    }
}

fn chat() -> Value {
    json!({"message": "thicker", "mode": "power", "studyId": "beam"})
}

#[test]
fn what_another_program_writes_comes_into_unsaved_text_and_is_not_told_as_claudes() {
    let workspace = workspace();
    let held = Held::new(&workspace);
    let read = json!({"read": {"path": workspace.spec("beam")}});
    let labels = Arc::new(Mutex::new(Vec::new()));
    let seen = labels.clone();
    let client = builder(&workspace, &held.steps(&[], &read))
        .on("workspace/applyEdit", move |_, params| {
            seen.lock().expect("labels").push(params["label"].clone());
            Answer::Default
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6");
    let turn = client.chat(chat());
    held.reached(&turn);
    workspace.write(
        "studies/beam/atomizer_spec.json",
        &SPEC.replace("2.0}", "2.5}"),
    );
    let known = uri.clone();
    client.wait_for_editor("the other's change is merged", move |editor| {
        let text = &editor.documents[&known].text;
        text.contains("2.5}") && text.contains("\"baseline\": 6")
    });
    held.open();
    let (_, result) = turn.finish();
    assert_eq!(applied(&result), Vec::<&str>::new());
    assert_eq!(*labels.lock().expect("labels"), [json!("Changed on disk")]);
}

#[test]
fn a_change_of_claudes_brings_that_of_another_program_with_it_and_only_his_is_his() {
    let workspace = workspace();
    let held = Held::new(&workspace);
    let last = edit(&workspace, "\"baseline\": 5", "\"baseline\": 7");
    let client = builder(&workspace, &held.steps(&[], &last)).start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "1.50", "1.25");
    let turn = client.chat(chat());
    held.reached(&turn);
    let others = SPEC.replace("2.0}", "2.5}");
    workspace.write("studies/beam/atomizer_spec.json", &others);
    held.open();
    let (_, result) = turn.finish();
    let both = others.replace("\"baseline\": 5", "\"baseline\": 7");
    let known = uri.clone();
    let wanted = both.replace("1.50", "1.25");
    client.wait_for_editor("all three are there", move |editor| {
        editor.documents[&known].text == wanted
    });
    let diff = client.request("atomizer/turn/diff", json!({"turnId": result["turnId"]}));
    assert_eq!(
        (&diff[0]["before"], &diff[0]["after"]),
        (&json!(others), &json!(both))
    );
}

#[test]
fn a_text_saved_over_claudes_change_is_the_users_and_the_change_stays_in_the_buffer() {
    let workspace = workspace();
    let file = workspace.spec("beam");
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")]))
        .on("workspace/applyEdit", move |editor, _| {
            // Saved a moment before the edit arrives.
            let text = editor.documents.values().next().expect("open").text.clone();
            std::fs::write(&file, text).expect("saved");
            Answer::Default
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6");
    let (_, result) = ask(&client);
    client.notify(
        "textDocument/didSave",
        json!({"textDocument": {"uri": uri}}),
    );
    assert_eq!(applied(&result), ["edit"]);
    let users = SPEC.replace("\"baseline\": 5", "\"baseline\": 6");
    assert_eq!(client.text(&uri), users.replace("2.0}", "2.5}"));
    let diff = client.request("atomizer/turn/diff", json!({"turnId": result["turnId"]}));
    assert_eq!(diff[0]["after"], SPEC.replace("2.0}", "2.5}"));
}

#[test]
fn after_a_shell_what_the_user_saves_is_still_the_users() {
    let workspace = workspace();
    let held = Held::new(&workspace);
    let bash = json!({"bash": {"command": "true"}});
    let read = json!({"read": {"path": workspace.spec("beam")}});
    let client = builder(&workspace, &held.steps(&[bash], &read))
        .permission(|_| json!({"behavior": "allow"}))
        .start();
    let uri = client.open(workspace.spec("beam"));
    let turn = client.chat(chat());
    held.reached(&turn);
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6");
    client.save(&uri);
    held.open();
    let (_, result) = turn.finish();
    assert_eq!(applied(&result), Vec::<&str>::new());
}

#[test]
fn of_two_turns_on_one_spec_each_has_its_own_change() {
    let workspace = workspace();
    let held = Held::new(&workspace);
    let first = held.steps(
        &[edit(&workspace, "2.0}", "2.5}")],
        &json!({"text": "done"}),
    );
    let second = json!([edit(&workspace, "\"baseline\": 5", "\"baseline\": 7")]);
    let scenario = json!({"turns": [
        {"when": "AAA", "steps": first},
        {"when": "BBB", "steps": second},
    ]});
    let client = Client::builder(&workspace)
        .claude(&[claude_standin()])
        .env("CLAUDE_STANDIN", &scenario.to_string())
        .start();
    let uri = client.open(workspace.spec("beam"));
    let about = |message: &str| json!({"message": message, "mode": "power", "studyId": "beam"});
    let slow = client.chat(about("AAA"));
    slow.until("specUpdated");
    let (_, quick) = client.chat(about("BBB")).finish();
    assert_eq!(applied(&quick), ["edit"]);
    held.open();
    let (_, slow) = slow.finish();
    assert_eq!(applied(&slow), ["edit"]);
    client.request("atomizer/turn/revert", json!({"turnId": slow["turnId"]}));
    let wanted = SPEC.replace("\"baseline\": 5", "\"baseline\": 7");
    assert_eq!(client.text(&uri), wanted);
    assert_eq!(workspace.read("studies/beam/atomizer_spec.json"), wanted);
}

#[test]
fn an_open_spec_outside_of_studies_is_followed_too() {
    let workspace = workspace();
    let other = workspace.write("other/atomizer_spec.json", SPEC);
    let command = format!("sed -i 's/2.0}}/2.5}}/' '{}'", other.display());
    let client = builder(&workspace, &json!([{"bash": {"command": command}}]))
        .permission(|_| json!({"behavior": "allow"}))
        .start();
    let uri = client.open(&other);
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["edit"]);
    assert_eq!(client.text(&uri), SPEC.replace("2.0}", "2.5}"));
}

#[test]
fn a_change_that_the_editor_refused_comes_with_the_next() {
    let workspace = workspace();
    let held = Held::new(&workspace);
    let first = edit(&workspace, "2.0}", "2.5}");
    let last = edit(&workspace, "\"baseline\": 5", "\"baseline\": 7");
    let mut asked = 0;
    let client = builder(&workspace, &held.steps(&[first], &last))
        .on("workspace/applyEdit", move |_, _| {
            asked += 1;
            match asked {
                1..=5 => Answer::Result(json!({"applied": false})),
                _ => Answer::Default,
            }
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    let turn = client.chat(chat());
    assert_eq!(turn.until("specUpdated")["applied"], "rejected");
    warned(&client, "Reload the file");
    held.open();
    let (_, result) = turn.finish();
    assert_eq!(applied(&result), ["rejected", "edit"]);
    assert_eq!(
        client.text(&uri),
        workspace.read("studies/beam/atomizer_spec.json")
    );
}
