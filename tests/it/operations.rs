//! The operations of the contract, each as request and as command.

use serde_json::{Value, json};

use super::support::{Client, Workspace};

fn command(client: &Client, name: &str, params: Value) -> Value {
    client.request(
        "workspace/executeCommand",
        json!({"command": name, "arguments": [params]}),
    )
}

#[test]
fn every_operation_is_announced_as_request_and_as_command() {
    let workspace = Workspace::examples();
    let client = Client::start(&workspace);
    let capabilities = &client.server()["capabilities"];
    let requests = capabilities["experimental"]["atomizer"]["requests"]
        .as_array()
        .expect("requests");
    let commands = capabilities["executeCommandProvider"]["commands"]
        .as_array()
        .expect("commands");
    assert_eq!(
        capabilities["experimental"]["atomizer"]["protocolVersion"],
        1
    );
    for name in [
        "chat",
        "cancel",
        "session/create",
        "session/list",
        "session/info",
        "session/history",
        "session/setMode",
        "session/setStudy",
        "session/close",
        "session/delete",
        "study/list",
        "study/validate",
        "canvas/get",
        "canvas/apply",
        "turn/diff",
        "turn/revert",
        "conflict/list",
        "conflict/resolve",
    ] {
        assert!(
            requests.contains(&json!(format!("atomizer/{name}"))),
            "{name}"
        );
        assert!(
            commands.contains(&json!(format!("atomizer.{}", name.replace('/', ".")))),
            "{name}"
        );
    }
}

#[test]
fn a_session_is_made_changed_closed_and_deleted() {
    let workspace = Workspace::examples();
    let client = Client::start(&workspace);
    let made = client.request(
        "atomizer/session/create",
        json!({"studyId": "bracket_mass"}),
    );
    let id = made["sessionId"].as_str().expect("an id").to_owned();
    assert!(
        id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
    assert_eq!(
        (
            &made["mode"],
            &made["messageCount"],
            &made["busy"],
            &made["live"]
        ),
        (&json!("user"), &json!(0), &json!(false), &json!(true))
    );
    let told = client.notification("atomizer/sessionChanged", |params| {
        params["session"]["sessionId"] == id.as_str()
    });
    assert_eq!(told["session"]["studyId"], "bracket_mass");
    let params = json!({"sessionId": id});
    let powered = command(
        &client,
        "atomizer.session.setMode",
        json!({"sessionId": id, "mode": "power"}),
    );
    assert_eq!(powered["mode"], "power");
    let cleared = client.request(
        "atomizer/session/setStudy",
        json!({"sessionId": id, "studyId": null}),
    );
    assert_eq!(cleared["studyId"], Value::Null);
    let unknown = client.try_request(
        "atomizer/session/setStudy",
        json!({"sessionId": id, "studyId": "nothing"}),
    );
    assert_eq!(
        unknown.expect_err("no such study").data["kind"],
        "studyNotFound"
    );
    assert_eq!(
        client.request("atomizer/cancel", params.clone()),
        json!({"cancelled": false})
    );
    assert_eq!(
        client.request("atomizer/session/close", params.clone()),
        Value::Null
    );
    assert_eq!(
        client.request("atomizer/session/info", params.clone())["live"],
        false
    );
    let back = client.request("atomizer/session/create", json!({"resumeSessionId": id}));
    assert_eq!(
        (&back["sessionId"], &back["mode"], &back["live"]),
        (&json!(id), &json!("power"), &json!(true))
    );
    assert_eq!(
        client.request("atomizer/session/delete", params.clone()),
        Value::Null
    );
    let gone = client
        .try_request("atomizer/session/info", params)
        .expect_err("deleted");
    assert_eq!(
        (gone.code, &gone.data["kind"]),
        (-32001, &json!("sessionNotFound"))
    );
}

#[test]
fn wrong_parameters_are_told_by_the_fields_name() {
    let workspace = Workspace::examples();
    let client = Client::start(&workspace);
    for (method, params, words) in [
        ("chat", json!({}), "message"),
        ("chat", json!({"message": " \n"}), "message"),
        (
            "chat",
            json!({"message": "x".repeat((1 << 20) + 1)}),
            "message",
        ),
        ("chat", json!({"message": "hi", "mode": "godlike"}), "mode"),
        (
            "chat",
            json!({"message": "hi", "sessionId": "../etc"}),
            "sessionId",
        ),
        (
            "chat",
            json!({"message": "hi", "canvasState": []}),
            "canvasState",
        ),
        (
            "session/create",
            json!({"resumeSessionId": "a b"}),
            "resumeSessionId",
        ),
        ("session/history", json!({"sessionId": 5}), "sessionId"),
        ("session/setStudy", json!({"sessionId": "x"}), "studyId"),
        (
            "chat",
            json!({"message": "hi", "selection": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}}),
            "selection",
        ),
        ("study/validate", json!({}), "studyId or textDocument"),
    ] {
        let error = client
            .try_request(&format!("atomizer/{method}"), params.clone())
            .expect_err("refused");
        assert_eq!(error.code, -32602, "{method} {params}: {error:?}");
        assert!(error.message.contains(words), "{method}: {}", error.message);
    }
    for id in ["../bracket_mass", "/etc", "C:\\x", "a\u{0}b"] {
        let error = client
            .try_request("atomizer/study/validate", json!({"studyId": id}))
            .expect_err("refused");
        assert_eq!(
            (error.code, &error.data["kind"]),
            (-32007, &json!("invalidStudyId")),
            "{id:?}"
        );
    }
}

#[test]
fn studies_are_listed_and_validated_by_their_gates() {
    let workspace = Workspace::examples();
    let client = Client::start(&workspace);
    let studies = client.request("atomizer/study/list", Value::Null);
    let ids: Vec<&str> = studies
        .as_array()
        .expect("studies")
        .iter()
        .map(|it| it["studyId"].as_str().expect("an id"))
        .collect();
    assert_eq!(
        ids,
        [
            "bracket_mass",
            "draft_drone_frame",
            "gimbal_arm",
            "optics/m1_mirror"
        ]
    );
    assert_eq!(studies[0]["errors"], 0);
    assert_eq!(
        (&studies[1]["draft"], &studies[0]["draft"]),
        (&json!(true), &json!(false))
    );
    let sound = client.request(
        "atomizer/study/validate",
        json!({"studyId": "bracket_mass"}),
    );
    let gates: Vec<&str> = sound["gates"]
        .as_array()
        .expect("gates")
        .iter()
        .map(|it| it["gate"].as_str().expect("a name"))
        .collect();
    assert_eq!(gates, ["format", "references", "model", "search", "ready"]);
    assert_eq!(sound["errors"], 0);
    let uri = client.open(workspace.spec("bracket_mass"));
    let text = client.text(&uri);
    let id = text
        .split("\"extractor_id\": \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a reference");
    client.replace(
        &uri,
        &format!("\"extractor_id\": \"{id}\""),
        "\"extractor_id\": \"ext_999\"",
    );
    let broken = client.request(
        "atomizer/study/validate",
        json!({"studyId": "bracket_mass"}),
    );
    assert_eq!(broken["uri"], uri.as_str(), "as the editor has it");
    assert_eq!(broken["gates"][1]["passed"], false, "{broken}");
    assert_eq!(broken["gates"][4]["passed"], false);
    let by_document = command(
        &client,
        "atomizer.study.validate",
        json!({"textDocument": {"uri": uri}}),
    );
    assert_eq!(by_document, broken);
    let unknown = client
        .try_request("atomizer/study/validate", json!({"studyId": "bracket"}))
        .expect_err("unknown");
    assert_eq!(unknown.code, -32005);
    assert!(
        unknown.message.contains("bracket_mass"),
        "{}",
        unknown.message
    );
}

#[test]
fn a_spec_that_is_no_text_fails_its_format_and_has_no_canvas() {
    let workspace = Workspace::with_study("beam", "{}");
    std::fs::write(workspace.spec("beam"), b"{\"a\": \"\xff\"}").expect("written");
    let client = Client::start(&workspace);
    let study = json!({"studyId": "beam"});
    let found = client.request("atomizer/study/validate", study.clone());
    assert_eq!(
        (&found["errors"], &found["warnings"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(found["diagnostics"].as_array().map(Vec::len), Some(1));
    let message = found["diagnostics"][0]["message"].as_str();
    assert!(message.is_some_and(|it| it.contains("UTF-8")), "{found}");
    assert_eq!(found["gates"][0]["passed"], false, "{found}");
    assert_eq!(found["gates"][4]["passed"], false, "{found}");
    let refused = client
        .try_request("atomizer/canvas/get", study)
        .expect_err("no text");
    assert_eq!(
        (refused.code, &refused.data["kind"]),
        (-32006, &json!("storeFailed"))
    );
    let missing = json!({"textDocument": {"uri": "file:///nowhere/atomizer_spec.json"}});
    let missing = client.try_request("atomizer/study/validate", missing);
    assert_eq!(missing.expect_err("no file").data["kind"], "studyNotFound");
}

#[test]
fn without_a_root_operations_say_where_they_looked() {
    let workspace = Workspace::empty();
    let client = Client::start(&workspace);
    let error = client
        .try_request("atomizer/chat", json!({"message": "hi"}))
        .expect_err("no root");
    assert_eq!(
        (error.code, &error.data["kind"]),
        (-32008, &json!("noRoot"))
    );
    assert!(
        error.message.contains(&*workspace.path().to_string_lossy()),
        "{}",
        error.message
    );
}

#[test]
fn each_folder_has_its_own_root_and_sessions_are_found_in_theirs() {
    let (one, two) = (Workspace::examples(), Workspace::root());
    two.write("studies/beam/atomizer_spec.json", "{}");
    let folders = json!([{"uri": one.uri(), "name": "one"}, {"uri": two.uri(), "name": "two"}]);
    let client = Client::builder(&one)
        .params(json!({"workspaceFolders": folders}))
        .start();
    let here = client.request(
        "atomizer/session/create",
        json!({"studyId": "bracket_mass"}),
    );
    let there = client.request("atomizer/session/create", json!({"studyId": "beam"}));
    assert!(two.path().join(".atomizer/atomizer.db").exists());
    for session in [&here, &there] {
        let info = client.request(
            "atomizer/session/info",
            json!({"sessionId": session["sessionId"]}),
        );
        assert_eq!(info["studyId"], session["studyId"]);
    }
    let all = client.request("atomizer/session/list", json!({}));
    assert_eq!(all.as_array().map(Vec::len), Some(2));
}

#[test]
fn the_canvas_is_read_and_changed_open_or_closed() {
    let workspace = Workspace::examples();
    let client = Client::start(&workspace);
    let study = json!({"studyId": "bracket_mass"});
    let graph = client.request("atomizer/canvas/get", study.clone());
    let nodes = |graph: &Value| graph["nodes"].as_array().map_or(0, Vec::len);
    assert!(
        graph["nodes"]
            .as_array()
            .expect("nodes")
            .iter()
            .any(|node| node["id"] == "dv_001"),
        "{graph}"
    );
    let add = json!({"action": "add_node", "nodeType": "designVar", "data": {"name": "fillet", "expression_name": "fillet_r", "bounds": {"min": 1, "max": 4}}});
    let wrong = json!({"action": "remove_node", "nodeId": "dv_999"});
    let closed = json!({"studyId": "bracket_mass", "modifications": [add, wrong]});
    let done = client.request("atomizer/canvas/apply", closed.clone());
    assert_eq!(done["applied"], 1, "{done}");
    assert_eq!(done["skipped"][0]["index"], 1);
    assert_eq!(
        nodes(&client.request("atomizer/canvas/get", study.clone())),
        nodes(&graph) + 1,
        "written to the file"
    );
    let uri = client.open(workspace.spec("bracket_mass"));
    let on_disk = client.text(&uri);
    client.request("atomizer/canvas/apply", closed);
    assert_eq!(
        nodes(&client.request("atomizer/canvas/get", study)),
        nodes(&graph) + 2,
        "in the editor"
    );
    assert_ne!(client.text(&uri), on_disk);
    assert_eq!(
        std::fs::read_to_string(workspace.spec("bracket_mass")).expect("the file"),
        on_disk,
        "saving is the user's"
    );
}

#[test]
fn the_protocols_document_names_every_operation_and_parameter() {
    let document = include_str!("../../docs/protocol.md");
    for operation in atomizer_lsp::server::operations::ALL {
        assert!(
            document.contains(&format!("`{}`", operation.name)),
            "docs/protocol.md lacks {}",
            operation.name
        );
        let schema = serde_json::to_value((operation.params)()).expect("a schema");
        for name in schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::keys)
        {
            let told = [
                format!("`{name}`"),
                format!("`{name}?`"),
                format!("`{name}:"),
                format!("`{name}?:"),
            ];
            assert!(
                told.iter().any(|told| document.contains(told.as_str())),
                "docs/protocol.md lacks {} {name}",
                operation.name
            );
        }
    }
}
