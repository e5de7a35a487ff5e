//! Document sync: the server's text is the client's, whatever the pace, the encoding and the size.

use lsp_types::Range;
use serde_json::{Value, json};

use super::support::{Answer, Client, Workspace, editor::Encoding};

/// A small generator with a fixed seed: the test is the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

fn random_edit(client: &Client, uri: &lsp_types::Url, encoding: Encoding, dice: &mut Dice) {
    // Mostly what is typed inside strings; a mistake in the structure now and then.
    const PIECES: [&str; 8] = ["x", "é", "𝄞", " ", "7", "name", "\r\n", "%"];
    const MISTAKES: [&str; 6] = ["{", "}", ",", "[", "\"", "\"x\": 1,"];
    let text = client.text(uri);
    let boundary = |at: usize| {
        (0..=at)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0)
    };
    let start = boundary(dice.roll(text.len() + 1));
    let end = match dice.roll(2) {
        0 => boundary((start + dice.roll(4)).min(text.len())),
        _ => start,
    };
    // Between the two halves of a line end LSP has no position.
    let split = |at: usize| text[..at].ends_with('\r') && text[at..].starts_with('\n');
    if split(start) || split(end) {
        return;
    }
    let range = Range::new(
        encoding.position(&text, start),
        encoding.position(&text, end.max(start)),
    );
    let piece = match dice.roll(200) {
        0 => MISTAKES[dice.roll(MISTAKES.len())],
        _ => PIECES[dice.roll(PIECES.len())],
    };
    client.edit(uri, vec![(range, piece.to_owned())]);
}

fn diagnosed(client: &Client, uri: &lsp_types::Url) -> Value {
    let report = client.request(
        "textDocument/diagnostic",
        json!({"textDocument": {"uri": uri}}),
    );
    report["items"].clone()
}

fn same_text_after_edits(count: usize, encoding: &str) {
    let workspace = Workspace::examples();
    let client = Client::builder(&workspace)
        .pull_diagnostics()
        .encodings(&[encoding])
        .start();
    let uri = client.open(workspace.spec("bracket_mass"));
    let mut dice = Dice(0x5eed_0f17);
    for _ in 0..count {
        random_edit(&client, &uri, Encoding::named(encoding), &mut dice);
    }
    let edited = diagnosed(&client, &uri);
    let copy = uri
        .join("../../gimbal_arm/1_setup/atomizer_spec.json")
        .expect("a uri");
    client.open_text(&copy, &client.text(&uri));
    let fresh = diagnosed(&client, &copy);
    let places = |diagnostics: &Value| -> Vec<String> {
        let items = diagnostics.as_array().expect("items").iter();
        // Facts about files and folder names differ between the two.
        let items = items.filter(|item| item["code"] == "syntax-error");
        items
            .map(|item| format!("{} {}", item["range"], item["message"]))
            .collect()
    };
    assert!(!places(&fresh).is_empty(), "random edits leave mistakes");
    assert_eq!(places(&edited), places(&fresh));
}

#[test]
fn ten_thousand_edits_in_utf_16_leave_the_clients_text() {
    same_text_after_edits(10_000, "utf-16");
}

#[test]
fn three_thousand_edits_in_utf_8_leave_the_clients_text() {
    same_text_after_edits(3_000, "utf-8");
}

#[test]
fn three_thousand_edits_in_utf_32_leave_the_clients_text() {
    same_text_after_edits(3_000, "utf-32");
}

#[test]
fn diagnostics_are_pushed_or_pulled_never_both() {
    let workspace = Workspace::examples();
    let broken = "{\"meta\": {\"version\": \"2.0\", \"study_name\": \"x\",}, \"model\": }";
    let pushed = Client::start(&workspace);
    assert!(
        pushed.server()["capabilities"]
            .get("diagnosticProvider")
            .is_none()
    );
    let uri = pushed.open(workspace.spec("bracket_mass"));
    pushed.set_text(&uri, broken);
    assert!(pushed.codes(&uri).iter().any(|code| code == "syntax-error"));

    let pulled = Client::builder(&workspace).pull_diagnostics().start();
    let uri = pulled.open(workspace.spec("bracket_mass"));
    pulled.set_text(&uri, broken);
    let first = pulled.request(
        "textDocument/diagnostic",
        json!({"textDocument": {"uri": uri}}),
    );
    assert_eq!(first["kind"], "full");
    let again = pulled.request(
        "textDocument/diagnostic",
        json!({"textDocument": {"uri": uri}, "previousResultId": first["resultId"]}),
    );
    assert_eq!(
        again,
        json!({"kind": "unchanged", "resultId": first["resultId"]})
    );
    let published =
        pulled.take_all(|message| message["method"] == "textDocument/publishDiagnostics");
    assert_eq!(published, Vec::<Value>::new());
}

#[test]
fn workspace_diagnostics_cover_every_study_open_or_not() {
    let workspace = Workspace::examples();
    let client = Client::builder(&workspace).pull_diagnostics().start();
    let uri = client.open(workspace.spec("bracket_mass"));
    // Asked in the same breath: the answer is about this text, not about the one before.
    client.set_text(&uri, "{");
    let report = client.request("workspace/diagnostic", json!({"previousResultIds": []}));
    let items = report["items"].as_array().expect("items");
    assert!(items.len() >= 4, "{} studies", items.len());
    let open = items
        .iter()
        .find(|item| item["uri"] == uri.as_str())
        .expect("the open one");
    assert!(
        open["items"]
            .as_array()
            .is_some_and(|items| !items.is_empty()),
        "as the editor has it: {open}"
    );
    let known: Vec<Value> = items
        .iter()
        .map(|item| json!({"uri": item["uri"], "value": item["resultId"]}))
        .collect();
    let again = client.request("workspace/diagnostic", json!({"previousResultIds": known}));
    for item in again["items"].as_array().expect("items") {
        assert_eq!(item["kind"], "unchanged", "{item}");
    }
}

#[test]
fn a_study_that_is_gone_is_taken_back() {
    let workspace = Workspace::examples();
    let client = Client::builder(&workspace).pull_diagnostics().start();
    client.open(workspace.spec("bracket_mass"));
    let report = |known: Vec<Value>| {
        let report = client.request("workspace/diagnostic", json!({"previousResultIds": known}));
        report["items"].as_array().expect("items").clone()
    };
    let items = report(Vec::new());
    let known = items
        .iter()
        .map(|item| json!({"uri": item["uri"], "value": item["resultId"]}));
    let gone = workspace.spec("gimbal_arm");
    let uri = lsp_types::Url::from_file_path(&gone).expect("a path");
    assert!(items.iter().any(|item| item["uri"] == uri.as_str()));
    std::fs::remove_file(gone).expect("removed");
    let again = report(known.collect());
    let item = again.iter().find(|item| item["uri"] == uri.as_str());
    let item = item.expect("the one that is gone");
    assert_eq!(
        (&item["kind"], &item["items"]),
        (&json!("full"), &json!([]))
    );
}

#[cfg(unix)]
#[test]
fn a_spec_that_is_open_under_another_name_is_not_reported_twice() {
    let workspace = Workspace::examples();
    let client = Client::builder(&workspace).pull_diagnostics().start();
    let spec = workspace.spec("bracket_mass");
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("atomizer_spec.json");
    std::os::unix::fs::symlink(&spec, &link).expect("a link");
    let uri = client.open(&link);
    client.set_text(&uri, "{");
    let report = client.request("workspace/diagnostic", json!({"previousResultIds": []}));
    let items = report["items"].as_array().expect("items");
    let under = |uri: &str| items.iter().filter(|item| item["uri"] == uri).count();
    let own = lsp_types::Url::from_file_path(&spec).expect("a path");
    assert_eq!((under(uri.as_str()), under(own.as_str())), (1, 0));
}

#[test]
fn closing_takes_pushed_diagnostics_back() {
    let workspace = Workspace::examples();
    let client = Client::start(&workspace);
    let uri = client.open(workspace.spec("bracket_mass"));
    client.set_text(&uri, "{");
    assert!(!client.diagnostics(&uri).is_empty());
    client.close(&uri);
    client.notification("textDocument/publishDiagnostics", |params| {
        params["uri"] == uri.as_str() && params["diagnostics"] == json!([])
    });
}

#[test]
fn a_spec_outside_any_root_is_checked_too() {
    let workspace = Workspace::examples();
    let client = Client::start(&workspace);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("atomizer_spec.json");
    std::fs::write(&path, "{\"meta\": 1").expect("written");
    let uri = client.open(&path);
    assert!(client.codes(&uri).iter().any(|code| code == "syntax-error"));
}

#[test]
fn a_file_that_comes_while_somebody_types_is_seen_though_nobody_tells_of_it() {
    let workspace = Workspace::examples();
    let part = workspace
        .spec("bracket_mass")
        .with_file_name("model/bracket.prt");
    let (uri, away) = (workspace.spec("bracket_mass"), part.with_extension("away"));
    std::fs::rename(&part, &away).expect("a model file");
    let client = Client::start(&workspace);
    let uri = client.open(uri);
    let is_missing = |codes: Vec<String>| codes.iter().any(|code| code == "missing-model-file");
    assert!(is_missing(client.codes(&uri)));
    // A letter, which is checked with what was seen a moment ago; then the file comes, and no event of it.
    client.replace(&uri, "\"description\": \"", "\"description\": \"x");
    assert!(is_missing(client.codes(&uri)));
    std::fs::rename(&away, &part).expect("the model file again");
    assert!(!is_missing(client.codes(&uri)));
}

#[test]
fn a_text_that_is_replaced_while_its_files_are_looked_at_is_checked_in_the_end() {
    let workspace = Workspace::examples();
    let client = Client::builder(&workspace).pull_diagnostics().start();
    let uri = client.open(workspace.spec("bracket_mass"));
    // Too long for the main loop; then short again, and long. Nobody waits in between.
    let long = format!("{{\"more\": [{}1], {{}}}}", "[1, 2, 3],\n".repeat(20_000));
    let asked: Vec<i64> = [&*long, "{\"meta\": 2", &*long, "{", &*long]
        .into_iter()
        .map(|text| {
            let asked = client.send_request(
                "textDocument/diagnostic",
                json!({"textDocument": {"uri": uri}}),
            );
            client.set_text(&uri, text);
            asked
        })
        .collect();
    let last = diagnosed(&client, &uri);
    let lines = last.as_array().expect("items").iter();
    let mut lines = lines.map(|item| item["range"]["start"]["line"].as_u64());
    assert!(lines.any(|line| line == Some(20_000)), "{last}");
    for asked in asked {
        assert!(client.response(asked).is_ok());
    }
}

#[test]
fn a_spec_that_is_not_open_is_diagnosed_as_its_file_is() {
    let workspace = Workspace::examples();
    let client = Client::builder(&workspace).pull_diagnostics().start();
    let spec = workspace.spec("bracket_mass");
    let uri = lsp_types::Url::from_file_path(&spec).expect("a path");
    std::fs::write(&spec, "{").expect("written");
    let ask = |previous: &Value| {
        let params = json!({"textDocument": {"uri": uri}, "previousResultId": previous});
        client.request("textDocument/diagnostic", params)
    };
    let first = ask(&Value::Null);
    assert_eq!(first["items"][0]["code"], "syntax-error");
    assert_eq!(ask(&first["resultId"])["kind"], "unchanged");
    let other = uri.join("no_spec.json").expect("a uri");
    assert_eq!(diagnosed(&client, &other), json!([]));
}

#[test]
fn who_pulls_is_asked_to_pull_again_when_a_model_file_went() {
    let workspace = Workspace::examples();
    let (asked, refresh) = std::sync::mpsc::channel();
    let client = Client::builder(&workspace)
        .pull_diagnostics()
        .on("workspace/diagnostic/refresh", move |_, _| {
            let _ = asked.send(());
            Answer::Result(Value::Null)
        })
        .start();
    let uri = client.open(workspace.spec("bracket_mass"));
    assert_eq!(diagnosed(&client, &uri), json!([]));
    let part = workspace
        .spec("bracket_mass")
        .with_file_name("model/bracket.prt");
    std::fs::remove_file(&part).expect("a model file");
    let gone = lsp_types::Url::from_file_path(&part).expect("a path");
    client.notify(
        "workspace/didChangeWatchedFiles",
        json!({"changes": [{"uri": gone, "type": 3}]}),
    );
    refresh.recv().expect("asked to pull again");
    let found = diagnosed(&client, &uri).to_string();
    assert!(found.contains("missing-model-file"), "{found}");
}
