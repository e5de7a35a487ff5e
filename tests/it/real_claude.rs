//! The real claude program, pinned, against a stand-in for its API. `tests/run` fetches it.

use serde_json::{Value, json};

use super::support::{
    Client, Workspace,
    api::{Gate, MessagesApi, Reply},
    client::types,
    programs::RealClaude,
};

/// A client whose server runs the real claude on these answers of the model.
fn start(workspace: &Workspace, replies: impl IntoIterator<Item = Reply>) -> (Client, RealClaude) {
    let claude = RealClaude::new(MessagesApi::start(replies));
    let client = claude.install(Client::builder(workspace)).start();
    (client, claude)
}

fn edit(path: &std::path::Path, old: &str, new: &str) -> Value {
    json!({"file_path": path, "old_string": old, "new_string": new, "replace_all": false})
}

#[test]
#[ignore = "needs the real claude: tests/run"]
fn real_claude_streams_its_answer() {
    let workspace = Workspace::examples();
    let (client, claude) = start(
        &workspace,
        [Reply::text("The web of the bracket is 8 mm thick.").then_thinking("so")],
    );
    let turn = client.chat(json!({"message": "How thick is the web?", "studyId": "bracket_mass"}));
    let (events, result) = turn.finish();
    assert_eq!(result["status"], "completed", "{result}");
    assert_eq!(result["text"], "The web of the bracket is 8 mm thick.");
    assert_eq!(types(&events)[0], "started");
    assert_eq!(types(&events).last(), Some(&"done"));
    let text: String = events
        .iter()
        .filter_map(|event| event["delta"].as_str().filter(|_| event["type"] == "text"))
        .collect();
    assert_eq!(text, "The web of the bracket is 8 mm thick.");
    assert!(
        result["usage"]["outputTokens"].as_u64() > Some(0),
        "{result}"
    );
    let asked = claude.api.requests(1)[0]["messages"].to_string();
    assert!(
        asked.contains("How thick is the web?") && asked.contains("bracket_mass"),
        "{asked}"
    );
}

#[test]
#[ignore = "needs the real claude: tests/run"]
fn real_claude_in_power_mode_edits_the_spec_of_an_open_document() {
    let workspace = Workspace::examples();
    let spec = workspace.spec("bracket_mass");
    let (client, _claude) = start(
        &workspace,
        [
            Reply::tool("Read", json!({"file_path": spec})),
            Reply::text("Thinner.").then_tool(
                "Edit",
                edit(&spec, "\"baseline\": 8.0", "\"baseline\": 7.5"),
            ),
            Reply::text("The web begins at 7.5 mm now."),
        ],
    );
    let document = client.open(&spec);
    let before = client.text(&document);
    let turn = client.chat(
        json!({"message": "Start thinner.", "mode": "power", "textDocument": {"uri": document}}),
    );
    let (events, result) = turn.finish();
    assert_eq!(result["status"], "completed", "{result}");
    let after = before.replacen("\"baseline\": 8.0", "\"baseline\": 7.5", 1);
    assert_eq!(
        client.text(&document),
        after,
        "the buffer shows it, and nothing else has changed"
    );
    assert_eq!(std::fs::read_to_string(&spec).expect("a spec"), after);
    assert_eq!(client.document(&document).version, 2, "one edit");
    let update = events
        .iter()
        .find(|event| event["type"] == "specUpdated")
        .expect("the change is told");
    assert_eq!(
        (&update["applied"], &update["valid"]),
        (&json!("edit"), &json!(true))
    );
    let names: Vec<_> = result["toolCalls"]
        .as_array()
        .expect("tools")
        .iter()
        .map(|call| &call["name"])
        .collect();
    assert_eq!(names, ["Read", "Edit"]);
}

#[test]
#[ignore = "needs the real claude: tests/run"]
fn real_claude_asks_before_it_edits_in_user_mode() {
    let workspace = Workspace::examples();
    let spec = workspace.spec("bracket_mass");
    let claude = RealClaude::new(MessagesApi::start([
        Reply::tool("Read", json!({"file_path": spec})),
        Reply::tool(
            "Edit",
            edit(&spec, "\"baseline\": 8.0", "\"baseline\": 7.5"),
        ),
        Reply::text("As you wish."),
    ]));
    let client = claude
        .install(Client::builder(&workspace))
        .permission(|question| {
            assert_eq!(question["toolName"], "Edit");
            json!({"behavior": "deny", "message": "not today"})
        })
        .start();
    let (events, result) = client
        .chat(json!({"message": "Start thinner.", "studyId": "bracket_mass"}))
        .finish();
    assert_eq!(result["status"], "completed", "{result}");
    assert!(
        events.iter().any(|event| event["decision"] == "denied"),
        "{events:#?}"
    );
    assert!(
        std::fs::read_to_string(&spec)
            .expect("a spec")
            .contains("\"baseline\": 8.0")
    );
    let told = claude.api.requests(3)[2]["messages"].to_string();
    assert!(told.contains("not today"), "{told}");
}

#[test]
#[ignore = "needs the real claude: tests/run"]
fn real_claude_remembers_the_first_turn_in_the_second_and_after_a_restart() {
    let workspace = Workspace::examples();
    let claude = RealClaude::new(MessagesApi::start(["one", "two", "three"].map(Reply::text)));
    let ask = |client: &Client, message: &str, session: &Value| {
        let mut params = json!({"message": message});
        if !session.is_null() {
            params["sessionId"] = session.clone();
        }
        client.chat(params).finish().1
    };
    let session = {
        let client = claude.install(Client::builder(&workspace)).start();
        let first = ask(&client, "the first question", &Value::Null);
        let second = ask(&client, "the second question", &first["sessionId"]);
        assert_eq!(second["text"], "two");
        first["sessionId"].clone()
    };
    let client = claude.install(Client::builder(&workspace)).start();
    assert_eq!(
        ask(&client, "the third question", &session)["text"],
        "three"
    );
    let requests = claude.api.requests(3);
    for (request, earlier) in [
        (1, vec!["the first question", "one"]),
        (2, vec!["the first question", "one", "two"]),
    ] {
        let roles = requests[request]["messages"].as_array().expect("messages");
        assert!(
            roles.iter().any(|message| message["role"] == "assistant"),
            "its own context, not a retelling"
        );
        let sent = requests[request]["messages"].to_string();
        assert!(earlier.iter().all(|text| sent.contains(text)), "{sent}");
    }
}

#[test]
#[ignore = "needs the real claude: tests/run"]
fn real_claude_is_cancelled_with_its_shell_commands_and_can_go_on() {
    let workspace = Workspace::examples();
    let claude = RealClaude::new(MessagesApi::start([
        Reply::text("I'll wait.").then_tool(
            "Bash",
            json!({"command": "touch begun; python3 -c 'import time; time.sleep(600)' & wait"}),
        ),
        Reply::text("Still here."),
    ]));
    let client = claude
        .install(Client::builder(&workspace))
        .permission(|_| json!({"behavior": "allow", "scope": "once"}))
        .start();
    let turn = client.chat(json!({"message": "Wait a while."}));
    let session = turn.until("started")["sessionId"].clone();
    turn.until("toolCall");
    let sleeper = |command: &str| command.starts_with("python3 -c");
    wait_for_file(&workspace.path().join("begun"));
    assert_eq!(
        client.request("atomizer/cancel", json!({"sessionId": session})),
        json!({"cancelled": true})
    );
    let (_, result) = turn.finish();
    assert_eq!(result["status"], "cancelled", "{result}");
    assert_eq!(result["text"], "I'll wait.");
    client
        .mark()
        .wait_until_gone(|process| !sleeper(&process.command))
        .expect("its command is gone");
    let (_, result) = client
        .chat(json!({"message": "Are you there?", "sessionId": session}))
        .finish();
    assert_eq!(
        (&result["status"], &result["text"]),
        (&json!("completed"), &json!("Still here."))
    );
}

#[test]
#[ignore = "needs the real claude: tests/run"]
fn real_claude_is_withdrawn_in_the_midst_of_its_answer() {
    let workspace = Workspace::examples();
    let gate = Gate::default();
    let (client, _claude) = start(
        &workspace,
        [
            Reply::text("Once upon a time")
                .then_wait(&gate)
                .then_text(" there was"),
            Reply::text("Hello."),
        ],
    );
    let turn = client.chat(json!({"message": "Tell me a story."}));
    let session = turn.until("started")["sessionId"].clone();
    turn.until("text");
    let changed = |message: &Value| message["method"] == "atomizer/sessionChanged";
    client.take_all(changed);
    client.cancel_request(turn.request);
    assert_eq!(turn.error().code, -32800);
    gate.open();
    client.notification("atomizer/sessionChanged", |params| {
        params["session"]["busy"] == false
    });
    let history = client.request("atomizer/session/history", json!({"sessionId": session}));
    let answer = &history.as_array().expect("messages")[1];
    assert_eq!(answer["status"], "cancelled");
    assert!(
        "Once upon a time".starts_with(answer["content"].as_str().expect("text")),
        "{answer}"
    );
    let (_, result) = client
        .chat(json!({"message": "Hello?", "sessionId": session}))
        .finish();
    assert_eq!(result["text"], "Hello.", "{result}");
}

#[test]
#[ignore = "needs the real claude: tests/run"]
fn real_claude_in_trouble_with_its_api_fails_the_turn_plainly() {
    let workspace = Workspace::examples();
    let (client, _claude) = start(
        &workspace,
        [
            Reply::error(529),
            Reply::error(529),
            Reply::text("Better now."),
        ],
    );
    let turn = client.chat(json!({"message": "Hello?"}));
    let (events, result) = turn.finish();
    assert_eq!(result["status"], "failed", "{result}");
    assert_eq!(result["error"]["kind"], "claudeFailed");
    assert!(
        result["error"]["message"]
            .as_str()
            .expect("a message")
            .contains("529"),
        "{result}"
    );
    assert_eq!(result["text"], "", "an error is no answer");
    let retry = events
        .iter()
        .find(|event| event["type"] == "retrying")
        .expect("the retry is told");
    assert_eq!(
        (&retry["attempt"], &retry["maxAttempts"]),
        (&json!(1), &json!(1))
    );
    assert!(
        types(&events).ends_with(&["error", "done"]),
        "{:?}",
        types(&events)
    );
    let (_, result) = client
        .chat(json!({"message": "And now?", "sessionId": result["sessionId"]}))
        .finish();
    assert_eq!(result["text"], "Better now.", "{result}");
}

#[test]
#[ignore = "needs the real claude: tests/run"]
fn real_claude_whose_stream_broke_is_heard_once() {
    let workspace = Workspace::examples();
    let (client, _claude) = start(
        &workspace,
        [
            Reply::text("This is lost.").broken(),
            Reply::text("This stands."),
        ],
    );
    let (_, result) = client.chat(json!({"message": "Hello?"})).finish();
    assert_eq!(
        (&result["status"], &result["text"]),
        (&json!("completed"), &json!("This stands.")),
        "{result}"
    );
    let history = client.request(
        "atomizer/session/history",
        json!({"sessionId": result["sessionId"]}),
    );
    assert_eq!(history[1]["content"], "This stands.");
}

/// Waits until a file is there, by the folder's own notifications.
fn wait_for_file(path: &std::path::Path) {
    use notify::Watcher;
    let (sender, events) = std::sync::mpsc::channel();
    let mut watcher = notify::recommended_watcher(sender).expect("a watcher");
    watcher
        .watch(
            path.parent().expect("a folder"),
            notify::RecursiveMode::NonRecursive,
        )
        .expect("it watches");
    while !path.exists() {
        events
            .recv_timeout(super::support::DEADLINE)
            .expect("the file comes")
            .expect("an event");
    }
}
