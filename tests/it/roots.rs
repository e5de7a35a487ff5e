//! Several Atomizer roots in one workspace: each with its own conversations, none in another's way.

use serde_json::{Value, json};

use super::support::{Client, Workspace, client::Builder, programs::claude_standin};

fn over(workspaces: &[&Workspace]) -> Builder {
    let folders: Vec<Value> = workspaces
        .iter()
        .map(|it| json!({"uri": it.uri(), "name": "a folder"}))
        .collect();
    Client::builder(workspaces[0])
        .params(json!({ "workspaceFolders": folders }))
        .claude(&[claude_standin()])
}

fn with_study(study: &str) -> Workspace {
    Workspace::with_study(study, "{}")
}

fn sessions(client: &Client) -> Vec<String> {
    let list = client.request("atomizer/session/list", json!({}));
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|it| it["studyId"].as_str().expect("a study").to_owned())
        .collect()
}

fn create(client: &Client, study: &str) -> Value {
    client.request("atomizer/session/create", json!({ "studyId": study }))["sessionId"].clone()
}

#[test]
fn a_damaged_store_of_one_root_hides_no_other() {
    let (damaged, sound) = (with_study("arm"), with_study("beam"));
    damaged.write(".atomizer/atomizer.db", &"somebody's notes. ".repeat(300));
    let client = over(&[&damaged, &sound]).start();
    let session = create(&client, "beam");
    for _ in 0..2 {
        assert_eq!(sessions(&client), ["beam"]);
    }
    client.notification("window/showMessage", |params| {
        let message = params["message"].as_str().unwrap_or_default();
        params["type"] == 2 && message.contains(".atomizer/atomizer.db")
    });
    let again = client.take_all(|message| message["method"] == "window/showMessage");
    assert_eq!(again, Vec::<Value>::new(), "told once");
    let params = json!({ "sessionId": session });
    assert_eq!(
        client.request("atomizer/session/info", params)["studyId"],
        "beam"
    );
    let unknown = client
        .try_request("atomizer/session/info", json!({"sessionId": "unknown"}))
        .expect_err("it may be in the damaged one");
    assert_eq!(unknown.data["kind"], "storeFailed");
    let (_, result) = client
        .chat(json!({"message": "hi", "sessionId": session}))
        .finish();
    assert_eq!(result["status"], "completed");
}

#[test]
fn roots_that_share_a_database_keep_their_conversations_apart() {
    let (one, two, elsewhere) = (with_study("arm"), with_study("beam"), Workspace::empty());
    let storage = elsewhere.path().join("shared.db");
    let client = over(&[&one, &two])
        .settings(json!({"storage": {"path": storage}}))
        .start();
    let (arm, beam) = (create(&client, "arm"), create(&client, "beam"));
    let mut listed = sessions(&client);
    listed.sort();
    assert_eq!(listed, ["arm", "beam"], "each once");
    for (session, study) in [(&arm, "arm"), (&beam, "beam")] {
        // Found in the root that has the study.
        let params = json!({"sessionId": session, "studyId": study});
        assert_eq!(
            client.request("atomizer/session/setStudy", params)["studyId"],
            study
        );
    }
    assert!(storage.exists());
    assert!(!one.path().join(".atomizer/atomizer.db").exists());
}

#[test]
fn a_relative_storage_path_is_below_each_root() {
    let (one, two) = (with_study("arm"), with_study("beam"));
    let client = over(&[&one, &two])
        .settings(json!({"storage": {"path": "kept/chats.db"}}))
        .start();
    create(&client, "arm");
    create(&client, "beam");
    assert!(one.path().join("kept/chats.db").exists());
    assert!(two.path().join("kept/chats.db").exists());
}

#[test]
fn a_folder_that_is_removed_takes_its_sessions_off_the_list() {
    let (one, two) = (with_study("arm"), with_study("beam"));
    let client = over(&[&one, &two]).start();
    client.open(two.spec("beam"));
    create(&client, "arm");
    let beam = create(&client, "beam");
    let removed = json!({"uri": two.uri(), "name": "a folder"});
    client.notify(
        "workspace/didChangeWorkspaceFolders",
        json!({"event": {"added": [], "removed": [removed]}}),
    );
    assert_eq!(sessions(&client), ["arm"]);
    let closed = client.request("atomizer/session/close", json!({ "sessionId": beam }));
    assert_eq!(closed, Value::Null, "it can still be ended");
}

#[test]
fn turns_of_all_roots_wait_in_one_line() {
    let (one, two) = (with_study("arm"), with_study("beam"));
    let client = over(&[&one, &two])
        .settings(json!({"claude": {"maxConcurrentTurns": 1}}))
        .env(
            "CLAUDE_STANDIN",
            &json!({"turns": [[{"text": "x"}, {"hang": true}]]}).to_string(),
        )
        .start();
    let first = client.chat(json!({"message": "hi", "studyId": "arm"}));
    let session = first.until("started")["sessionId"].clone();
    first.until("text");
    let second = client.chat(json!({"message": "hi", "studyId": "beam"}));
    assert_eq!(second.until("queued")["position"], 1);
    client.request("atomizer/cancel", json!({ "sessionId": session }));
    second.until("text");
    client.cancel_request(second.request);
    second.error();
    first.finish();
}

#[test]
fn a_wrong_root_is_told_with_the_reason_and_another_is_used() {
    let workspace = with_study("beam");
    workspace.write("other/file", "");
    let client = Client::builder(&workspace)
        .settings(json!({"root": "other"}))
        .start();
    let told = |words: &str| {
        client.notification("window/showMessage", |params| {
            let message = params["message"].as_str().unwrap_or_default();
            message.starts_with("atomizer.root: ") && message.contains(words)
        })
    };
    told("it holds no folder `studies`");
    client.configure(json!({"root": "nowhere"}));
    told("there is no such folder");
    let studies = client.request("atomizer/study/list", json!({}));
    assert_eq!(studies[0]["studyId"], "beam");
}
