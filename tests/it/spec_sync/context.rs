//! What Claude is told of the buffer.

use serde_json::{Value, json};

use super::{
    super::support::{Client, programs::claude_standin},
    workspace,
};

#[test]
fn claude_is_told_what_the_buffer_has_and_the_file_does_not() {
    let workspace = workspace();
    let log = workspace.path().join("log");
    let client = Client::builder(&workspace)
        .claude(&[claude_standin()])
        .env("CLAUDE_STANDIN", &json!({"log": log}).to_string())
        .start();
    let uri = client.open(workspace.spec("beam"));
    client.replace(&uri, "\"baseline\": 5", "\"baseline\": 6.25");
    let ask = |about: Value| {
        let mut params = json!({"message": "what is the baseline?"});
        params
            .as_object_mut()
            .expect("an object")
            .extend(about.as_object().expect("an object").clone());
        let (_, result) = client.chat(params).finish();
        assert_eq!(result["status"], "completed");
        let told = std::fs::read_to_string(&log).expect("what Claude was told");
        std::fs::remove_file(&log).expect("a log");
        let told = told.rsplit("baseline 6.25").count();
        (result["sessionId"].clone(), told > 1)
    };
    let (_, told) = ask(json!({"textDocument": {"uri": uri}}));
    assert!(told, "asked about the document");
    let (session, told) = ask(json!({"studyId": "beam"}));
    assert!(told, "asked about the study");
    let (_, told) = ask(json!({"sessionId": session}));
    assert!(told, "asked in a conversation about the study");
}
