//! What helps to write a spec: completion, hover, navigation, rename, actions, formatting, over the wire.

use lsp_types::{Position, Range, Url};
use serde_json::{Value, json};

use super::support::{Client, Workspace, editor::Encoding};

/// A spec whose names need all three encodings to differ before the columns of its ids.
const SPEC: &str = r#"{
  "meta": {"version": "2.0", "study_name": "wide"},
  "extractors": [
    {"name": "é𝄞 mass", "id": "ext_001", "type": "mass", "outputs": [{"name": "m", "units": "kg"}]}
  ],
  "objectives": [
    {"id": "obj_001", "name": "é𝄞 light", "direction": "minimise", "source": {"extractor_id": "ext_001", "output_name": "m"}}
  ]
}
"#;

const ENCODINGS: [&str; 3] = ["utf-8", "utf-16", "utf-32"];

struct Editing {
    client: Client,
    uri: Url,
    encoding: Encoding,
}

impl Editing {
    fn start(workspace: &Workspace, encoding: &str) -> Editing {
        let client = Client::builder(workspace)
            .pull_diagnostics()
            .encodings(&[encoding])
            .capabilities(json!({
                "workspace": {"workspaceEdit": {"documentChanges": true}},
                "textDocument": {
                    "rename": {"prepareSupport": true},
                    "codeAction": {
                        "codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}},
                        "dataSupport": true,
                        "resolveSupport": {"properties": ["edit"]},
                    },
                    "hover": {"contentFormat": ["markdown"]},
                },
            }))
            .start();
        let uri = client.open(workspace.spec("wide"));
        Editing {
            client,
            uri,
            encoding: Encoding::named(encoding),
        }
    }

    /// Where a piece of the text ends.
    fn behind(&self, piece: &str) -> Position {
        let text = self.client.text(&self.uri);
        let at = text.find(piece).expect("in the text") + piece.len();
        self.encoding.position(&text, at)
    }

    fn at(&self, method: &str, position: Position, more: Value) -> Value {
        let mut params = json!({"textDocument": {"uri": self.uri}, "position": position});
        super::support::deep_merge(&mut params, more);
        self.client.request(method, params)
    }

    /// The piece of the text at a range of the server.
    fn piece(&self, range: &Value) -> String {
        let range: Range = serde_json::from_value(range.clone()).expect("a range");
        let text = self.client.text(&self.uri);
        let start = self.encoding.offset(&text, range.start);
        let end = self.encoding.offset(&text, range.end);
        text[start..end].to_owned()
    }

    /// Applies text edits as an editor does.
    fn apply(&self, edits: &Value) {
        let mut edits: Vec<(Range, String)> = edits
            .as_array()
            .expect("edits")
            .iter()
            .map(|edit| {
                let range = serde_json::from_value(edit["range"].clone()).expect("a range");
                (range, edit["newText"].as_str().expect("text").to_owned())
            })
            .collect();
        edits
            .sort_by_key(|(range, _)| std::cmp::Reverse((range.start.line, range.start.character)));
        // From the last on, so that each range is still of the text it was made for.
        for edit in edits {
            self.client.edit(&self.uri, vec![edit]);
        }
    }
}

#[test]
fn places_are_right_in_every_encoding() {
    for encoding in ENCODINGS {
        let workspace = Workspace::with_study("wide", SPEC);
        let editing = Editing::start(&workspace, encoding);
        let reference = editing.behind("\"extractor_id\": \"ext_");
        let definition = editing.at("textDocument/definition", reference, json!({}));
        assert_eq!(
            editing.piece(&definition["range"]),
            "\"ext_001\"",
            "{encoding}"
        );
        let references = editing.at(
            "textDocument/references",
            reference,
            json!({"context": {"includeDeclaration": true}}),
        );
        let pieces: Vec<String> = references
            .as_array()
            .expect("locations")
            .iter()
            .map(|it| editing.piece(&it["range"]))
            .collect();
        assert_eq!(pieces, ["\"ext_001\"", "\"ext_001\""], "{encoding}");
        let hover = editing.at("textDocument/hover", reference, json!({}));
        assert_eq!(editing.piece(&hover["range"]), "\"ext_001\"", "{encoding}");
        let card = hover["contents"]["value"].as_str().expect("markdown");
        assert!(
            card.starts_with("**é𝄞 mass** · extractor `ext_001`"),
            "{card}"
        );
    }
}

#[test]
fn a_rename_reaches_every_place_and_a_bad_name_is_refused() {
    for encoding in ENCODINGS {
        let workspace = Workspace::with_study("wide", SPEC);
        let editing = Editing::start(&workspace, encoding);
        let place = editing.behind("\"id\": \"ext_");
        let prepared = editing.at("textDocument/prepareRename", place, json!({}));
        assert_eq!(prepared["placeholder"], "ext_001");
        assert_eq!(editing.piece(&prepared["range"]), "ext_001");
        let edit = editing.at("textDocument/rename", place, json!({"newName": "ext_042"}));
        let change = &edit["documentChanges"][0];
        assert_eq!(change["textDocument"]["version"], 1);
        editing.apply(&change["edits"]);
        assert_eq!(
            editing.client.text(&editing.uri),
            SPEC.replace("ext_001", "ext_042"),
            "{encoding}"
        );
        let refused = editing.client.try_request(
            "textDocument/rename",
            json!({"textDocument": {"uri": editing.uri}, "position": place, "newName": "obj_001"}),
        );
        let error = refused.expect_err("the name is ill-formed");
        assert_eq!(error.code, -32803);
        assert!(
            error.message.contains("`ext_` and at least three digits"),
            "{}",
            error.message
        );
    }
}

#[test]
fn a_completion_is_taken_and_documented() {
    for encoding in ENCODINGS {
        let workspace = Workspace::with_study("wide", SPEC);
        let editing = Editing::start(&workspace, encoding);
        let place = editing.behind("\"direction\": \"mini");
        let list = editing.at("textDocument/completion", place, json!({}));
        let items = list["items"].as_array().expect("items");
        let minimize = items.iter().find(|item| item["label"] == "minimize");
        let minimize = minimize.expect("a word of the format").clone();
        assert_eq!(editing.piece(&minimize["textEdit"]["range"]), "minimise");
        assert_eq!(minimize["documentation"], Value::Null);
        let resolved = editing
            .client
            .request("completionItem/resolve", minimize.clone());
        let text = resolved["documentation"]["value"]
            .as_str()
            .expect("documentation");
        assert!(text.contains("Smaller is better"), "{text}");
        editing.apply(&json!([minimize["textEdit"]]));
        assert_eq!(
            editing.client.text(&editing.uri),
            SPEC.replace("minimise", "minimize"),
            "{encoding}"
        );
    }
}

#[test]
fn a_quick_fix_mends_its_finding() {
    for encoding in ENCODINGS {
        let workspace = Workspace::with_study("wide", SPEC);
        let editing = Editing::start(&workspace, encoding);
        let place = editing.behind("\"direction\": \"mini");
        let actions = editing.client.request(
            "textDocument/codeAction",
            json!({
                "textDocument": {"uri": editing.uri},
                "range": {"start": place, "end": place},
                "context": {"diagnostics": [], "only": ["quickfix"]},
            }),
        );
        let actions = actions.as_array().expect("actions");
        let preferred = actions.iter().find(|action| action["isPreferred"] == true);
        let preferred = preferred.expect("a preferred fix");
        assert_eq!(preferred["diagnostics"][0]["code"], "invalid-enum");
        assert!(
            actions
                .iter()
                .any(|action| action["command"]["command"] == "atomizer.openChat")
        );
        editing.apply(&preferred["edit"]["documentChanges"][0]["edits"]);
        assert_eq!(
            editing.client.text(&editing.uri),
            SPEC.replace("minimise", "minimize"),
            "{encoding}"
        );
        let report = editing.client.request(
            "textDocument/diagnostic",
            json!({"textDocument": {"uri": editing.uri}}),
        );
        let left = report["items"].as_array().expect("diagnostics");
        assert!(left.iter().all(|it| it["code"] != "invalid-enum"));
    }
}

#[test]
fn the_edit_of_many_fixes_comes_when_the_action_is_taken() {
    let spec = SPEC.replace(
        "\n  ]\n}",
        ",\n    {\"id\": \"obj_002\", \"name\": \"stiff\", \"direction\": \"maximise\", \"source\": {\"extractor_id\": \"ext_001\", \"output_name\": \"m\"}}\n  ]\n}",
    );
    let workspace = Workspace::with_study("wide", &spec);
    let editing = Editing::start(&workspace, "utf-8");
    let place = editing.behind("\"direction\": \"mini");
    let actions = editing.client.request(
        "textDocument/codeAction",
        json!({
            "textDocument": {"uri": editing.uri},
            "range": {"start": place, "end": place},
            "context": {"diagnostics": [], "only": ["quickfix"]},
        }),
    );
    let actions = actions.as_array().expect("actions");
    let titled = |title: &str| actions.iter().find(|action| action["title"] == title);
    let action = titled("Fix all 2 `invalid-enum`").expect("both at once");
    assert_eq!(action["edit"], Value::Null);
    let action = editing.client.request("codeAction/resolve", action.clone());
    editing.apply(&action["edit"]["documentChanges"][0]["edits"]);
    assert_eq!(
        editing.client.text(&editing.uri),
        spec.replace("minimise", "minimize")
            .replace("maximise", "maximize")
    );
}

#[test]
fn formatting_changes_blanks_only() {
    let workspace = Workspace::with_study("wide", SPEC);
    let editing = Editing::start(&workspace, "utf-16");
    let options = json!({"tabSize": 4, "insertSpaces": true});
    let params = json!({"textDocument": {"uri": editing.uri}, "options": options});
    let edits = editing
        .client
        .request("textDocument/formatting", params.clone());
    editing.apply(&edits);
    let text = editing.client.text(&editing.uri);
    let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    assert_eq!(value(&text), value(SPEC));
    assert!(
        text.contains("\n            \"id\": \"ext_001\","),
        "{text}"
    );
    let again = editing.client.request("textDocument/formatting", params);
    assert_eq!(again, json!([]));
}

#[test]
fn the_other_features_answer() {
    let workspace = Workspace::examples();
    let client = Client::builder(&workspace).start();
    let uri = client.open(workspace.spec("bracket_mass"));
    let document = json!({"textDocument": {"uri": uri}});
    let ask = |method: &str| client.request(method, document.clone());
    assert_eq!(ask("textDocument/documentSymbol")[0]["name"], "meta");
    assert!(
        ask("textDocument/foldingRange")
            .as_array()
            .is_some_and(|it| it.len() > 20)
    );
    let links = ask("textDocument/documentLink");
    let targets: Vec<&str> = links
        .as_array()
        .expect("links")
        .iter()
        .filter_map(|link| link["target"].as_str())
        .collect();
    let within = |target: &&&str| target.starts_with(uri.as_str());
    let extractors = targets.iter().filter(within).count();
    assert_eq!(
        (targets.len() - extractors, extractors),
        (3, 3),
        "{targets:?}"
    );
    assert!(targets[0].ends_with("/bracket_mass/1_setup/model/bracket.prt"));
    let lenses = ask("textDocument/codeLens");
    let command = |name: &str| {
        let lenses = lenses.as_array().expect("lenses");
        lenses.iter().any(|lens| lens["command"]["command"] == name)
    };
    assert!(command("atomizer.study.validate") && command("atomizer.showReferences"));
    let all = json!({"start": {"line": 0, "character": 0}, "end": {"line": 9999, "character": 0}});
    let hints = client.request(
        "textDocument/inlayHint",
        json!({"textDocument": {"uri": uri}, "range": all}),
    );
    let labels: Vec<&str> = hints
        .as_array()
        .expect("hints")
        .iter()
        .filter_map(|hint| hint["label"].as_str())
        .collect();
    assert!(
        labels.contains(&"von Mises") && labels.contains(&"55.6 % of its range"),
        "{labels:?}"
    );
    // Of all studies, also of those that are not open.
    let symbols = client.request("workspace/symbol", json!({"query": "wfe 40"}));
    assert_eq!(symbols[0]["containerName"], "m1_mirror");
    let position = json!({"line": 0, "character": 0});
    for method in [
        "textDocument/hover",
        "textDocument/completion",
        "textDocument/linkedEditingRange",
    ] {
        let params = json!({"textDocument": {"uri": "file:///nowhere.json"}, "position": position});
        assert_eq!(client.request(method, params), Value::Null, "{method}");
    }
}

#[test]
fn a_completion_is_refused_or_withdrawn_like_any_request() {
    let workspace = Workspace::examples();
    let client = Client::start(&workspace);
    let uri = client.open(workspace.spec("bracket_mass"));
    let wrong = client.try_request("textDocument/completion", json!({"textDocument": {}}));
    let wrong = wrong.expect_err("no parameters of a completion");
    assert_eq!(wrong.code, -32602);
    assert!(wrong.message.contains("missing field"), "{wrong:?}");
    // While so long a text is being parsed there is no answer yet.
    let long = format!("[{}0]", "0, ".repeat(2_000_000));
    let params = json!({"textDocument": {"uri": &uri}, "position": {"line": 0, "character": 1}});
    client.set_text(&uri, &long);
    let completion = client.send_request("textDocument/completion", params);
    client.cancel_request(completion);
    let withdrawn = client.response(completion);
    assert_eq!(withdrawn.expect_err("withdrawn").code, -32800);
}
