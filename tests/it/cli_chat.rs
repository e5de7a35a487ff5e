//! `chat` and `sessions` at the terminal, with the scripted stand-in for claude.

use serde_json::{Value, json};

use super::support::{
    Workspace,
    cli::{Run, command, run, run_with},
    process::Mark,
    programs::claude_standin,
};

fn chat(workspace: &Workspace, scenario: &Value, arguments: &[&str], input: &str) -> Run {
    let claude = claude_standin();
    let arguments = [&["chat", "--claude", &claude], arguments].concat();
    run_with(
        &workspace.path(),
        &arguments,
        &[("CLAUDE_STANDIN", &scenario.to_string())],
        input,
    )
}

#[test]
fn the_answer_is_printed_and_the_conversation_kept() {
    let workspace = Workspace::examples();
    let scenario = json!({"turns": [[{"text": "The web is 8 mm thick."}]]});
    let answered = chat(
        &workspace,
        &scenario,
        &["--study", "bracket_mass", "How thick is the web?"],
        "",
    );
    assert_eq!(answered.code, Some(0), "{answered:#?}");
    assert!(
        answered.out.contains("The web is 8 mm thick.\n"),
        "{answered:#?}"
    );

    let list = run(&workspace.path(), &["sessions", "list"]);
    assert!(
        list.out.contains("How thick is the web?") && list.out.contains("bracket_mass"),
        "{list:#?}"
    );
    let id = list
        .out
        .split_whitespace()
        .next()
        .expect("an id")
        .to_owned();
    let shown = run(&workspace.path(), &["sessions", "show", &id]);
    assert!(shown.out.contains("The web is 8 mm thick."), "{shown:#?}");
    let exported = run(&workspace.path(), &["sessions", "export", &id]);
    assert!(
        exported.out.starts_with("# How thick is the web?"),
        "{exported:#?}"
    );
    assert_eq!(
        run(&workspace.path(), &["sessions", "delete", &id]).code,
        Some(0)
    );
    let gone = run(&workspace.path(), &["sessions", "show", &id]);
    assert_eq!(gone.code, Some(1));
    assert!(gone.err.contains(&id), "{gone:#?}");
}

#[test]
fn nothing_that_was_said_commands_the_terminal() {
    let workspace = Workspace::examples();
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}gone\r";
    let scenario = json!({"turns": [[{"text": evil}]]}).to_string();
    let claude = claude_standin();
    let coloured = |arguments: &[&str]| {
        let environment = [
            ("CLAUDE_STANDIN", scenario.as_str()),
            ("CLICOLOR_FORCE", "1"),
        ];
        run_with(&workspace.path(), arguments, &environment, "").out
    };
    let answered = coloured(&["chat", "--claude", &claude, evil]);
    let list = coloured(&["sessions", "list"]);
    let list = anstream::adapter::strip_str(&list).to_string();
    let id = list.split_whitespace().next().expect("an id");
    for shown in [
        answered,
        coloured(&["sessions", "list"]),
        coloured(&["sessions", "show", id]),
        coloured(&["sessions", "export", id]),
    ] {
        assert!(shown.contains("␛[2J␛]0;owned␇gone"), "{shown:?}");
        let obeyed = ['\r', '\u{7}'].iter().any(|c| shown.contains(*c));
        assert!(!obeyed && !shown.contains("\u{1b}[2J"), "{shown:?}");
    }
}

#[test]
fn json_prints_the_events_of_the_protocol_one_a_line() {
    let workspace = Workspace::examples();
    let scenario = json!({"turns": [[{"thinking": "hm"}, {"text": "Hello."}]]});
    let answered = chat(&workspace, &scenario, &["--json", "-"], "Say hello.\n");
    let events = answered.json_lines();
    assert_eq!(events[0]["type"], "started", "{answered:#?}");
    let last = events.last().expect("events");
    assert_eq!(
        (&last["type"], &last["status"], &last["text"]),
        (&json!("done"), &json!("completed"), &json!("Hello."))
    );
    assert!(events.iter().any(|event| event["type"] == "thinking"));
}

#[test]
fn a_session_goes_on_where_it_is_named() {
    let workspace = Workspace::examples();
    let scenario = json!({});
    let first = chat(&workspace, &scenario, &["--json", "one"], "").json_lines();
    let id = first[0]["sessionId"].as_str().expect("an id");
    let second = chat(
        &workspace,
        &scenario,
        &["--json", "--session", id, "two"],
        "",
    )
    .json_lines();
    assert_eq!(second[0]["sessionId"], id);
    let shown = run(&workspace.path(), &["sessions", "show", id]);
    assert!(
        shown.out.contains("one") && shown.out.contains("two"),
        "{shown:#?}"
    );
}

#[test]
fn without_a_terminal_nothing_is_allowed_that_would_be_asked_for() {
    let workspace = Workspace::examples();
    let file = workspace.path().join("made-by-claude");
    let scenario =
        json!({"turns": [[{"write": {"path": file, "text": "x"}}, {"text": "I could not."}]]});
    let answered = chat(&workspace, &scenario, &["--json", "Write a file."], "");
    let events = answered.json_lines();
    let denied = events
        .iter()
        .find(|event| event["decision"] == "denied")
        .expect("a denial");
    assert!(
        denied["reason"]
            .as_str()
            .expect("a reason")
            .contains("nobody is there to be asked"),
        "{denied}"
    );
    assert!(!file.exists());
}

#[test]
fn a_change_of_the_spec_is_shown_as_a_diff() {
    let workspace = Workspace::examples();
    let spec = workspace.spec("bracket_mass");
    let edit =
        json!({"edit": {"path": spec, "old": "\"baseline\": 8.0", "new": "\"baseline\": 7.5"}});
    let scenario = json!({"turns": [[edit, {"text": "Thinner now."}]]});
    let answered = chat(
        &workspace,
        &scenario,
        &["--mode", "power", "--study", "bracket_mass", "Thinner!"],
        "",
    );
    assert_eq!(answered.code, Some(0), "{answered:#?}");
    assert!(
        answered
            .out
            .contains("-      \"baseline\": 8.0,\n+      \"baseline\": 7.5,\n"),
        "{}",
        answered.out
    );
}

#[test]
fn what_is_wrong_before_a_turn_is_said_plainly() {
    let workspace = Workspace::examples();
    let missing = run(
        &workspace.path(),
        &["chat", "--claude", "/no/such/claude", "Hello"],
    );
    assert_eq!(missing.code, Some(1));
    assert!(missing.err.contains("/no/such/claude"), "{missing:#?}");
    let study = chat(
        &workspace,
        &json!({}),
        &["--json", "--study", "bracket", "Hello"],
        "",
    );
    assert_eq!(
        study.json_lines()[0]["error"]["kind"],
        "studyNotFound",
        "{study:#?}"
    );
    let nowhere = run(&Workspace::empty().path(), &["chat", "Hello"]);
    assert!(nowhere.err.contains("studies/"), "{nowhere:#?}");
}

#[test]
fn interrupt_cancels_the_turn_and_keeps_what_was_said() {
    let workspace = Workspace::examples();
    let scenario = json!({"turns": [[{"text": "Once upon"}, {"hang": true}]]}).to_string();
    let claude = claude_standin();
    let mark = Mark::new();
    let arguments = ["chat", "--claude", &claude, "--json", "Tell me a story."];
    let mut child = command(
        &mark,
        &workspace.path(),
        &arguments,
        &[("CLAUDE_STANDIN", &scenario)],
    )
    .spawn()
    .expect("it starts");
    drop(child.stdin.take());
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(
        child.stdout.take().expect("stdout"),
    ));
    let mut event = || -> Value {
        let line = lines.next().expect("an event").expect("a line");
        serde_json::from_str(&line).expect("JSON")
    };
    let mut text = String::new();
    while text != "Once upon" {
        let event = event();
        if event["type"] == "text" {
            text += event["delta"].as_str().expect("a delta");
        }
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a living process");
    let last = loop {
        let event = event();
        if event["type"] == "done" {
            break event;
        }
    };
    assert_eq!(
        (&last["status"], &last["text"]),
        (&json!("cancelled"), &json!("Once upon"))
    );
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    mark.wait_until_gone(|_| false).expect("nothing is left");
}
