//! `turn/diff` and `turn/revert`: what Claude did, all of it, and nothing else.

use serde_json::json;

use super::{SPEC, applied, ask, builder, edit, warned, workspace};

#[test]
fn a_turn_is_told_as_a_diff_and_reverted_around_later_edits() {
    let workspace = workspace();
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")])).start();
    let uri = client.open(workspace.spec("beam"));
    let (_, result) = ask(&client);
    let turn = json!({"turnId": result["turnId"]});
    let diff = client.request("atomizer/turn/diff", turn.clone());
    assert_eq!(diff[0]["uri"], uri.as_str());
    assert_eq!(diff[0]["before"], SPEC);
    assert_eq!(diff[0]["after"], SPEC.replace("2.0}", "2.5}"));
    let lines = diff[0]["diff"].as_str().expect("a diff");
    assert!(
        lines.contains("\n-    {\"id\": \"dv_001\"")
            && lines.contains("\n+    {\"id\": \"dv_001\""),
        "{lines}"
    );
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6");
    let reverted = client.request("atomizer/turn/revert", turn);
    assert_eq!(
        reverted,
        json!({"changes": [{"uri": uri, "applied": "edit"}]})
    );
    assert_eq!(
        client.text(&uri),
        SPEC.replace("\"baseline\": 5", "\"baseline\": 6")
    );
    assert_eq!(
        workspace.read("studies/beam/atomizer_spec.json"),
        SPEC,
        "the file is back too"
    );
    let unknown = client.try_request("atomizer/turn/revert", json!({"turnId": "nothing"}));
    assert_eq!(unknown.expect_err("unknown").code, -32009);
}

#[test]
fn a_spec_that_the_turn_made_is_removed_by_its_revert_and_one_it_deleted_comes_back() {
    let workspace = workspace();
    let made = workspace.path().join("studies/new/atomizer_spec.json");
    std::fs::create_dir(made.parent().expect("a folder")).expect("made");
    let steps = json!([{"write": {"path": made, "text": SPEC}}, {"bash": {"command": format!("rm '{}'", workspace.spec("beam").display())}}]);
    let client = builder(&workspace, &steps)
        .permission(|_| json!({"behavior": "allow"}))
        .start();
    let (_, result) = ask(&client);
    assert!(made.exists());
    client.request("atomizer/turn/revert", json!({"turnId": result["turnId"]}));
    assert!(!made.exists(), "made by the turn");
    assert_eq!(
        workspace.read("studies/beam/atomizer_spec.json"),
        SPEC,
        "deleted by the turn"
    );
}

#[test]
fn a_spec_that_was_there_but_not_kept_is_left_by_a_revert() {
    let workspace = workspace();
    // More than the texts of other studies may take together.
    let large = format!("{{\"a\": 1}}{}", " ".repeat(33 << 20));
    let other = workspace.write("studies/large/atomizer_spec.json", &large);
    let steps = json!([{"bash": {"command": format!("sed -i 's/1/2/' '{}'", other.display())}}]);
    let client = builder(&workspace, &steps)
        .permission(|_| json!({"behavior": "allow"}))
        .start();
    let (_, result) = ask(&client);
    assert_eq!(
        result["specUpdates"][0]["hashBefore"],
        atomizer_lsp::study::md5_hex(large.as_bytes())
    );
    let reverted = client.request("atomizer/turn/revert", json!({"turnId": result["turnId"]}));
    assert_eq!(reverted["changes"][0]["applied"], "rejected");
    client.notification("window/showMessage", |params| {
        let message = params["message"].as_str().unwrap_or_default();
        message.contains("was not kept")
    });
    let now = workspace.read("studies/large/atomizer_spec.json");
    assert!(
        now.starts_with("{\"a\": 2}"),
        "it is still there, as Claude left it"
    );
}

#[test]
fn a_spec_that_the_turn_made_and_somebody_else_changed_is_left_by_a_revert() {
    let workspace = workspace();
    let made = workspace.path().join("studies/new/atomizer_spec.json");
    std::fs::create_dir(made.parent().expect("a folder")).expect("made");
    let client = builder(
        &workspace,
        &json!([{"write": {"path": made, "text": SPEC}}]),
    )
    .start();
    let (_, result) = ask(&client);
    std::fs::write(&made, "{\"by\": \"hand\"}").expect("changed");
    let reverted = client.request("atomizer/turn/revert", json!({"turnId": result["turnId"]}));
    assert_eq!(reverted["changes"][0]["applied"], "conflict");
    client.notification("window/showMessage", |params| {
        let message = params["message"].as_str().unwrap_or_default();
        message.contains("changed since")
    });
    assert_eq!(
        workspace.read("studies/new/atomizer_spec.json"),
        "{\"by\": \"hand\"}"
    );
}

#[test]
fn a_spec_that_the_turn_made_stays_when_its_buffer_has_something_of_the_users() {
    let workspace = workspace();
    let made = workspace.path().join("studies/new/atomizer_spec.json");
    std::fs::create_dir(made.parent().expect("a folder")).expect("made");
    let steps = json!([{"write": {"path": made, "text": SPEC}}]);
    let client = builder(&workspace, &steps).start();
    let (_, result) = ask(&client);
    let uri = client.open(&made);
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6");
    let reverted = client.request("atomizer/turn/revert", json!({"turnId": result["turnId"]}));
    assert_eq!(
        reverted,
        json!({"changes": [{"uri": uri, "applied": "conflict"}]})
    );
    assert!(made.exists());
    warned(&client, "not removed");
}

#[test]
fn a_file_that_is_no_text_is_never_removed_and_text_is_written_over_one_that_claude_left() {
    let workspace = workspace();
    let latin = workspace.write("studies/latin/atomizer_spec.json", "");
    std::fs::write(&latin, b"{\"name\": \"\xe9\"}").expect("written");
    let command = format!("printf '\\351{{' > '{}'", workspace.spec("beam").display());
    let steps = json!([{"write": {"path": latin, "text": SPEC}}, {"bash": {"command": command}}]);
    let client = builder(&workspace, &steps)
        .permission(|_| json!({"behavior": "allow"}))
        .start();
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["disk", "invalid"]);
    client.request("atomizer/turn/revert", json!({"turnId": result["turnId"]}));
    assert!(latin.exists(), "what it was is not known");
    warned(&client, "no UTF-8");
    assert_eq!(workspace.read("studies/beam/atomizer_spec.json"), SPEC);
}

#[test]
fn what_the_user_saves_during_a_turn_is_neither_told_nor_reverted_with_it() {
    let workspace = workspace();
    let gate = workspace.path().join("gate");
    let steps = json!([
        edit(&workspace, "2.0}", "2.5}"),
        {"wait": gate},
        {"read": {"path": workspace.spec("beam")}},
        edit(&workspace, "1.50", "1.75")
    ]);
    let client = builder(&workspace, &steps).start();
    let uri = client.open(workspace.spec("beam"));
    let turn = client.chat(json!({"message": "thicker", "mode": "power", "studyId": "beam"}));
    turn.until("specUpdated");
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6");
    client.save(&uri);
    std::fs::write(&gate, "").expect("a gate");
    let (_, result) = turn.finish();
    assert_eq!(applied(&result), ["edit", "edit"]);
    let turn = json!({"turnId": result["turnId"]});
    let diff = client.request("atomizer/turn/diff", turn.clone());
    let after = SPEC.replace("2.0}", "2.5}").replace("1.50", "1.75");
    assert_eq!(diff[0]["after"], after);
    client.request("atomizer/turn/revert", turn);
    let users = SPEC.replace("\"baseline\": 5", "\"baseline\": 6");
    assert_eq!(client.text(&uri), users);
    assert_eq!(workspace.read("studies/beam/atomizer_spec.json"), users);
}
