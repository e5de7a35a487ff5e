//! Settings: read, checked, re-read.

use lsp_types::Url;
use serde_json::{Value, json};

use super::support::{Answer, Client, Workspace};

#[test]
fn a_wrong_setting_is_told_once_by_its_key() {
    let workspace = Workspace::examples();
    let client = Client::builder(&workspace)
        .settings(json!({"claude": {"timeoutSeconds": "soon"}, "colour": "blue"}))
        .start();
    let told = |text: &str| {
        client.notification("window/showMessage", |params| {
            params["type"] == 2
                && params["message"]
                    .as_str()
                    .is_some_and(|message| message.contains(text))
        })
    };
    told("atomizer.claude.timeoutSeconds must be a number above 0, not \"soon\"");
    told("atomizer.colour is no setting");
    client.configure(json!({"claude": {"timeoutSeconds": "soon"}, "colour": "blue"}));
    client.configure(
        json!({"colour": 1, "claude": {"timeoutSeconds": 12.5, "process": "sometimes"}}),
    );
    told("atomizer.claude.process must be \"perSession\" or \"perTurn\", not \"sometimes\"");
    let again = client.take_all(|message| message["method"] == "window/showMessage");
    assert_eq!(again, Vec::<serde_json::Value>::new(), "each is told once");
}

#[test]
fn a_check_can_be_silenced_while_the_document_is_open() {
    let workspace = Workspace::examples();
    let client = Client::start(&workspace);
    let uri = client.open(workspace.spec("bracket_mass"));
    client.replace(&uri, "\"meta\"", "\"colour\": 1, \"meta\"");
    assert!(
        client
            .codes(&uri)
            .iter()
            .any(|code| code == "unknown-property")
    );
    client.configure(json!({"check": {"unknown-property": "off"}}));
    client.notification("textDocument/publishDiagnostics", |params| {
        let diagnostics = params["diagnostics"].as_array().expect("a list");
        params["uri"] == uri.as_str()
            && diagnostics
                .iter()
                .all(|it| it["code"] != "unknown-property")
    });
}

#[test]
fn an_operation_goes_by_the_settings_that_the_user_had_when_it_was_asked_for() {
    let workspace = Workspace::examples();
    let client = Client::start(&workspace);
    let uri = client.open(workspace.spec("bracket_mass"));
    client.replace(&uri, "\"meta\"", "\"colour\": 1, \"meta\"");
    let before = client.request("atomizer/study/validate", study(&uri));
    assert_eq!(before["errors"], 0, "{before}");
    client.on("workspace/configuration", |_, _| Answer::ByTest);
    let settings = json!({"check": {"unknown-property": "error"}});
    client.configure(settings.clone());
    let asked = client.send_request("atomizer/study/validate", study(&uri));
    client.settle();
    let question = client.take("the question", |message| {
        message["method"] == "workspace/configuration"
    });
    client.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": [settings]}));
    let after = client.response(asked).expect("an answer");
    assert_eq!(after["errors"], 1, "{after}");
}

#[test]
fn operations_go_on_when_the_client_does_not_tell_its_settings() {
    for answer in [
        || Answer::Never,
        || Answer::Error(-32603, "no settings".into()),
    ] {
        let workspace = Workspace::examples();
        let client = Client::builder(&workspace)
            .on("workspace/configuration", move |_, _| answer())
            .start();
        let studies = client.request("atomizer/study/list", json!({}));
        assert!(studies.is_array(), "{studies}");
    }
}

fn study(uri: &Url) -> Value {
    json!({"textDocument": {"uri": uri}})
}
