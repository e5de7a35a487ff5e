//! What both changed differently: kept, told, found again, resolved.

use serde_json::{Value, json};

use super::{
    super::support::{Answer, Client, DEADLINE},
    SPEC, applied, ask, builder, edit, workspace,
};

#[test]
fn what_both_changed_stays_mine_until_the_user_takes_claudes() {
    let workspace = workspace();
    let steps = json!([edit(
        &workspace,
        "\"min\": 1.50, \"max\": 9}, \"baseline\": 2.0",
        "\"min\": 1.75, \"max\": 9}, \"baseline\": 2.5"
    )]);
    let client = builder(&workspace, &steps)
        .capabilities(json!({"experimental": {"atomizer": {"conflict": true}}}))
        .on("atomizer/conflict", |_, _| {
            Answer::Result(json!({"take": null}))
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "\"baseline\": 2.0", "\"baseline\": 3.0");
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["conflict"]);
    assert_eq!(
        client.text(&uri),
        SPEC.replace("1.50", "1.75").replace("2.0}", "3.0}"),
        "the rest is merged"
    );
    let conflicts = client.request("atomizer/conflict/list", json!({"uri": uri}));
    let conflict = &conflicts[0];
    assert_eq!(conflicts.as_array().map(Vec::len), Some(1));
    assert_eq!(conflict["pointer"], "/design_variables/0/baseline");
    assert_eq!(
        (&conflict["base"], &conflict["mine"], &conflict["theirs"]),
        (&json!(2.0), &json!(3.0), &json!(2.5))
    );
    assert_eq!(conflict["turnId"], result["turnId"]);
    let resolved = client.request(
        "atomizer/conflict/resolve",
        json!({"conflictId": conflict["conflictId"], "take": "theirs"}),
    );
    assert_eq!(resolved, json!({"uri": uri, "applied": "edit"}));
    assert_eq!(
        client.text(&uri),
        SPEC.replace("1.50", "1.75").replace("2.0}", "2.5}")
    );
    assert_eq!(
        client.request("atomizer/conflict/list", json!({})),
        json!([])
    );
    let again = client.try_request(
        "atomizer/conflict/resolve",
        json!({"conflictId": conflict["conflictId"], "take": "mine"}),
    );
    assert_eq!(again.expect_err("resolved already").code, -32602);
}

#[test]
fn a_client_without_the_request_is_asked_by_message_and_its_choice_is_done() {
    let workspace = workspace();
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")]))
        .on("window/showMessageRequest", |_, params| {
            let titles: Vec<_> = params["actions"]
                .as_array()
                .expect("actions")
                .iter()
                .map(|it| it["title"].clone())
                .collect();
            assert_eq!(titles, ["Keep mine", "Take Claude's", "Show both"]);
            Answer::Result(json!({"title": "Take Claude's"}))
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "\"baseline\": 2.0", "\"baseline\": 3.0");
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["conflict"]);
    let wanted = SPEC.replace("2.0}", "2.5}");
    let known = uri.clone();
    client.wait_for_editor("Claude's value is there", move |editor| {
        editor.documents[&known].text == wanted
    });
}

/// The open conflicts.
fn open(client: &Client) -> Vec<Value> {
    let list = client.request("atomizer/conflict/list", json!({}));
    list.as_array().expect("a list").clone()
}

fn take_theirs(client: &Client, conflict: &Value) -> Result<Value, i64> {
    let params = json!({"conflictId": conflict["conflictId"], "take": "theirs"});
    client
        .try_request("atomizer/conflict/resolve", params)
        .map_err(|error| error.code)
}

const NEW: &str = r#"{"id": "dv_000", "name": "new", "baseline": 1},
    "#;

#[test]
fn claudes_value_goes_where_the_entry_is_now() {
    let workspace = workspace();
    let first = r#"{"id": "dv_001", "name": "web""#;
    let steps = json!([
        edit(&workspace, "\"baseline\": 5", "\"baseline\": 7"),
        edit(
            &workspace,
            first,
            &format!("{}{first}", NEW.replace("000", "009"))
        ),
    ]);
    let client = builder(&workspace, &steps).start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6");
    ask(&client);
    let conflict = &open(&client)[0];
    assert_eq!(conflict["pointer"], "/design_variables/2/baseline");
    client.replace(&uri, first, &format!("{NEW}{first}"));
    client.replace(&uri, "\"baseline\": 6", "\"baseline\": 6.5");
    let conflict = &open(&client)[0];
    assert_eq!(conflict["pointer"], "/design_variables/3/baseline");
    assert_eq!(conflict["mine"], 6.5, "as it is now");
    let before = client.text(&uri);
    assert_eq!(
        take_theirs(&client, conflict),
        Ok(json!({"uri": uri, "applied": "edit"}))
    );
    assert_eq!(
        client.text(&uri),
        before.replace("\"baseline\": 6.5", "\"baseline\": 7")
    );
}

#[test]
fn a_conflict_whose_entry_is_gone_stays_open_and_nothing_else_is_changed() {
    let workspace = workspace();
    let steps = json!([edit(&workspace, "\"baseline\": 5", "\"baseline\": 7")]);
    let client = builder(&workspace, &steps).start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6");
    ask(&client);
    client.replace(&uri, "\"dv_002\"", "\"dv_003\"");
    let before = client.text(&uri);
    assert_eq!(take_theirs(&client, &open(&client)[0]), Err(-32602));
    assert_eq!(client.text(&uri), before);
    assert_eq!(open(&client).len(), 1);
}

#[test]
fn an_entry_that_the_user_removed_and_claude_changed_comes_back_when_claudes_is_taken() {
    let workspace = workspace();
    let steps = json!([edit(&workspace, "\"baseline\": 5", "\"baseline\": 7")]);
    let client = builder(&workspace, &steps).start();
    let uri = client.open(workspace.spec("beam"));
    let from = SPEC.find(",\n    {\"id\": \"dv_002\"").expect("an entry");
    let to = SPEC.find("\n  ]").expect("its end");
    client.replace(&uri, &SPEC[from..to], "");
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["conflict"]);
    take_theirs(&client, &open(&client)[0]).expect("taken");
    let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let wanted = SPEC.replace("\"baseline\": 5", "\"baseline\": 7");
    assert_eq!(value(&client.text(&uri)), value(&wanted));
}

#[test]
fn a_conflict_stays_open_when_the_editor_does_not_take_the_value() {
    let workspace = workspace();
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")]))
        .on("workspace/applyEdit", |_, _| {
            Answer::Result(json!({"applied": false}))
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "2.0}", "3.0}");
    ask(&client);
    let answer = take_theirs(&client, &open(&client)[0]);
    assert_eq!(answer, Ok(json!({"uri": uri, "applied": "rejected"})));
    assert_eq!(open(&client).len(), 1);
}

#[test]
fn of_a_text_that_cannot_be_taken_apart_claudes_is_taken_as_it_was_written() {
    let workspace = workspace();
    let (asked, questions) = std::sync::mpsc::channel();
    let client = builder(&workspace, &json!([edit(&workspace, "2.0}", "2.5}")]))
        .on("window/showMessageRequest", move |_, params| {
            asked.send(params["message"].to_string()).expect("a test");
            Answer::Result(Value::Null)
        })
        .start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "2.0},", "2.0, \"desc\"");
    let (_, result) = ask(&client);
    assert_eq!(applied(&result), ["conflict"]);
    let question = questions.recv_timeout(DEADLINE).expect("a question");
    assert!(
        question.contains("atomizer_spec.json differently"),
        "{question}"
    );
    let conflict = &open(&client)[0];
    assert_eq!(conflict["pointer"], "");
    take_theirs(&client, conflict).expect("taken");
    assert_eq!(client.text(&uri), SPEC.replace("2.0}", "2.5}"));
    assert_eq!(open(&client), Vec::<Value>::new());
}

#[test]
fn a_place_that_claude_changes_twice_is_one_conflict() {
    let workspace = workspace();
    let told = workspace.path().join("told");
    let steps = json!([
        edit(&workspace, "2.0}", "2.5}"),
        {"wait": told},
        edit(&workspace, "2.5}", "2.6}")
    ]);
    let client = builder(&workspace, &steps).start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "2.0}", "3.0}");
    let turn = client.chat(json!({"message": "thicker", "mode": "power", "studyId": "beam"}));
    turn.until("specUpdated");
    std::fs::write(&told, "").expect("a gate");
    let (_, result) = turn.finish();
    assert_eq!(applied(&result), ["conflict", "conflict"]);
    let conflicts = open(&client);
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    assert_eq!(
        (&conflicts[0]["base"], &conflicts[0]["theirs"]),
        (&json!(2.0), &json!(2.6))
    );
}
