//! The support itself, and the ends a server can come to.

use super::support::process::{Mark, VARIABLE};

#[test]
fn a_marked_process_is_seen_and_waited_for() {
    let mark = Mark::new();
    let mut child = std::process::Command::new("cat")
        .env(VARIABLE, mark.value())
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("cat runs");
    // What `spawn` gives back has been replaced by `cat` already, with its own environment.
    assert_eq!(mark.processes().len(), 1);
    drop(child.stdin.take());
    child.wait().expect("it ends");
    mark.wait_until_gone(|_| false).expect("nothing is left");
}
