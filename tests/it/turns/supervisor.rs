//! The server's death takes its programs with it.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use atomizer_lsp::session::types::{Status, TurnEvent};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::rig::{Rig, say};
use crate::support::{
    DEADLINE, Workspace,
    process::{Mark, VARIABLE},
    programs::claude_standin,
};

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL).expect("killed");
}

/// Waits for a file that a scenario touches.
fn wait_for(path: &std::path::Path) {
    let deadline = std::time::Instant::now() + DEADLINE;
    while !path.exists() {
        assert!(
            std::time::Instant::now() < deadline,
            "{} does not come",
            path.display()
        );
        std::thread::yield_now();
    }
}

#[test]
fn kill_9_of_the_server_ends_the_program_and_all_that_came_from_it() {
    let workspace = Workspace::root();
    let mark = Mark::new();
    let up = workspace.path().join("up");
    let steps = json!([{"ignore": ["term", "eof"]}, {"spawn": "trap '' TERM HUP; sleep 600"}, {"daemon": "sleep 601"},
        {"touch": up}, {"hang": true}]);
    // A shell in the place of the server: it only has to be the parent, and to die.
    let mut server = Command::new("sh")
        .args(["-c", "\"$0\" supervise --parent $$ -- \"$1\" <&0 & wait"])
        .args([env!("CARGO_BIN_EXE_atomizer-lsp"), &claude_standin()])
        .env(VARIABLE, mark.value())
        .env("CLAUDE_STANDIN", json!({"start": steps}).to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    wait_for(&up);
    assert!(mark.processes().len() >= 5, "{:#?}", mark.processes());
    server.kill().expect("killed");
    server.wait().expect("reaped");
    let left = mark.wait_until_gone(|_| false);
    mark.kill();
    left.expect("nothing is left");
}

#[test]
fn a_supervisor_whose_parent_died_before_it_began_ends_at_once() {
    let mark = Mark::new();
    // Process 1 is alive, but not the parent.
    let mut child = Command::new(env!("CARGO_BIN_EXE_atomizer-lsp"))
        .args([
            "supervise",
            "--parent",
            "1",
            "--",
            &claude_standin(),
            "--input-format",
            "stream-json",
        ])
        .env(VARIABLE, mark.value())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a supervisor");
    child.wait().expect("it ends though its input is open");
    mark.wait_until_gone(|_| false).expect("nothing is left");
}

#[test]
fn the_programs_streams_and_exit_code_are_passed_through() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_atomizer-lsp"))
        .args([
            "supervise",
            "--parent",
            &std::process::id().to_string(),
            "--",
        ])
        .args([
            "sh",
            "-c",
            "read line; echo \"got $line\"; echo oops >&2; exit 7",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a supervisor");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(b"this\n")
        .expect("written");
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "got this\n");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("\n{\"type\":\"atomizer_started\",\"pid\":") && errors.contains("oops\n"),
        "{errors}"
    );
}

#[test]
fn a_program_that_cannot_be_run_is_reported() {
    let output = Command::new(env!("CARGO_BIN_EXE_atomizer-lsp"))
        .args([
            "supervise",
            "--parent",
            &std::process::id().to_string(),
            "--",
            "/nonexistent/claude",
        ])
        .output()
        .expect("a supervisor");
    assert_eq!(output.status.code(), Some(127));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("\"atomizer_failed\""),
        "{output:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_of_the_supervisor_fails_the_turn_and_leaves_nothing() {
    let rig =
        Rig::new(json!({"turns": [[{"spawn": "sleep 600"}, {"text": "x"}, {"hang": true}]]})).await;
    let mut running = rig.start(say("a"));
    let (session, _) = running.started().await;
    running
        .until(|event| matches!(event, TurnEvent::Text { .. }))
        .await;
    let supervisors: Vec<_> = rig
        .mark
        .processes()
        .into_iter()
        .filter(|process| process.command.contains(" supervise "))
        .collect();
    supervisors.iter().for_each(|process| kill(process.pid));
    let (result, _) = running.finish().await;
    assert_eq!((result.status, result.text.as_str()), (Status::Failed, "x"));
    rig.nothing_left();
    rig.workspace.write("scenario.json", "{}");
    assert_eq!(rig.chat_in(&session, "b").await.0.status, Status::Completed);
    rig.end().await;
}
