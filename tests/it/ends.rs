//! How a server ends (contract, "Binary"): its exit code, in time, and with everything that it started.

use serde_json::{Value, json};

use super::support::{Client, Workspace, programs::claude_standin};

/// A client whose Claude hangs in a turn, with a child in a session of its own.
fn busy(workspace: &Workspace) -> Client {
    let scenario = json!({"turns": [[{"spawn": "sleep 600"}, {"text": "begun"}, {"hang": true}]]});
    let client = Client::builder(workspace)
        .claude(&[claude_standin()])
        .env("CLAUDE_STANDIN", &scenario.to_string())
        .start();
    client.tolerate_leftovers();
    client.send_request(
        "atomizer/chat",
        json!({"message": "go on for ever", "partialResultToken": "t"}),
    );
    client.notification("$/progress", |params| params["value"]["type"] == "text");
    client
}

#[test]
fn shutdown_then_exit_is_a_success_even_with_a_turn_running_and_stdin_open() {
    let workspace = Workspace::examples();
    let mut client = busy(&workspace);
    assert_eq!(client.shut_down().code(), Some(0));
}

#[test]
fn exit_alone_is_a_failure_and_takes_the_turn_with_it() {
    let workspace = Workspace::examples();
    let mut client = busy(&workspace);
    client.notify("exit", Value::Null);
    assert_eq!(client.wait().code(), Some(1));
}

#[test]
fn the_end_of_stdin_ends_the_server_and_the_turn() {
    let workspace = Workspace::examples();
    let mut client = busy(&workspace);
    client.close_stdin();
    assert_eq!(client.wait().code(), Some(1));
}

#[test]
fn the_death_of_the_clients_process_ends_the_server_and_the_turn() {
    let workspace = Workspace::examples();
    let mut parent = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("cat");
    let mut client = Client::builder(&workspace)
        .params(json!({"processId": parent.id()}))
        .start();
    drop(parent.stdin.take());
    parent.wait().expect("it ended");
    assert_eq!(client.wait().code(), Some(1));
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_that_was_killed_and_not_waited_for_is_dead() {
    let workspace = Workspace::examples();
    let mut parent = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("cat");
    let mut client = Client::builder(&workspace)
        .params(json!({"processId": parent.id()}))
        .start();
    parent.kill().expect("killed");
    assert_eq!(client.wait().code(), Some(1));
    parent.wait().expect("it was a zombie");
}

#[test]
fn a_turn_that_the_end_of_the_server_ends_is_interrupted_not_cancelled() {
    let workspace = Workspace::examples();
    let ends: [fn(&mut Client); 3] = [
        |client| {
            client.shut_down();
        },
        |client| client.close_stdin(),
        |client| client.notify("exit", Value::Null),
    ];
    for end in ends {
        let mut client = busy(&workspace);
        end(&mut client);
        client.wait();
        drop(client);
        let client = Client::start(&workspace);
        let newest = client.request("atomizer/session/list", json!({}))[0]["sessionId"].clone();
        let history = client.request("atomizer/session/history", json!({"sessionId": newest}));
        assert_eq!(history[1]["status"], "interrupted", "{history}");
        assert_eq!(history[1]["content"], "begun");
    }
}

#[test]
fn a_killed_server_takes_its_claude_and_all_its_children_along() {
    let workspace = Workspace::examples();
    let mut client = busy(&workspace);
    client.kill();
    // Dropping the client waits for every process of this test to be gone.
}

#[test]
fn what_was_said_before_a_kill_is_there_afterwards_as_interrupted() {
    let workspace = Workspace::examples();
    let mut client = busy(&workspace);
    let sessions = client.request("atomizer/session/list", json!({}));
    let session = sessions[0]["sessionId"].clone();
    let seen = || {
        let history = client.request("atomizer/session/history", json!({"sessionId": session}));
        history[1]["content"]
            .as_str()
            .is_some_and(|content| content.contains("begun"))
    };
    // The text of a running turn is stored at least every half second.
    while !seen() {}
    client.kill();
    drop(client);
    let client = Client::start(&workspace);
    let history = client.request("atomizer/session/history", json!({"sessionId": session}));
    let messages = history.as_array().expect("messages");
    assert_eq!(messages.len(), 2, "{history}");
    assert_eq!(messages[0]["content"], "go on for ever");
    assert_eq!(messages[1]["status"], "interrupted");
    assert!(
        messages[1]["content"]
            .as_str()
            .is_some_and(|content| content.contains("begun"))
    );
}

#[test]
fn requests_before_initialize_and_after_shutdown_are_refused() {
    let workspace = Workspace::examples();
    let client = Client::builder(&workspace).spawn();
    let completion = json!({
        "textDocument": {"uri": "file:///a/atomizer_spec.json"},
        "position": {"line": 0, "character": 0},
    });
    let requests = [
        ("atomizer/study/list", json!({})),
        ("textDocument/completion", completion),
    ];
    for (method, params) in &requests {
        let early = client.try_request(method, params.clone());
        assert_eq!(early.expect_err("not initialized").code, -32002, "{method}");
    }
    let mut client = Client::start(&workspace);
    client.request("shutdown", Value::Null);
    for (method, params) in requests {
        let late = client.try_request(method, params);
        assert_eq!(late.expect_err("shut down").code, -32600, "{method}");
    }
    client.notify("exit", Value::Null);
    assert_eq!(client.wait().code(), Some(0));
}

#[test]
fn garbage_on_stdin_is_answered_and_survived() {
    let workspace = Workspace::examples();
    let client = Client::start(&workspace);
    client.tolerate_leftovers();
    client.send_bytes(b"Content-Length: 5\r\n\r\n{\"a\":".to_vec());
    client.take("a parse error", |message| {
        message["error"]["code"] == -32700
    });
    assert!(client.request("atomizer/study/list", json!({})).is_array());
}
