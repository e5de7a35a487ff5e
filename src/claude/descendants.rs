//! Which processes come from which, and how to end them.
//!
//! Claude's shell commands run in sessions of their own, and daemons leave their parents: neither a process group nor
//! a parent's id finds them all. The supervisor is their subreaper, so that every orphan becomes its child; what this
//! module walks is therefore the whole tree below the supervisor.

use std::collections::{HashMap, HashSet};

/// A process, told from a later one of the same id by the time it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Clock ticks since boot; 0 where the system does not say.
    pub started: u64,
}

/// All processes below `root`, without it; parents before their children.
pub fn descendants(root: u32) -> Vec<Process> {
    let mut children: HashMap<u32, Vec<Process>> = HashMap::new();
    for (process, parent) in all() {
        children.entry(parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut seen = HashSet::from([root]);
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        for &child in children.get(&parent).into_iter().flatten() {
            if seen.insert(child.pid) {
                found.push(child);
                next.push(child.pid);
            }
        }
    }
    found
}

/// Kills each of `processes` that is still the one it was.
pub fn kill(processes: &[Process]) {
    for process in processes {
        if is_alive(*process) {
            signal_kill(process.pid);
        }
    }
}

/// Kills everything below `root` but what is in `spared` (and `root` itself). All are stopped before any is killed,
/// until no more are found: one that forks while its siblings die would leave an orphan that nobody finds.
pub fn kill_below(root: u32, spared: &HashSet<Process>) {
    let mut stopped: HashSet<Process> = HashSet::new();
    for _ in 0..64 {
        let mut found = descendants(root);
        found.retain(|process| !spared.contains(process) && !stopped.contains(process));
        if found.is_empty() {
            break;
        }
        found.iter().for_each(|process| stop(process.pid));
        stopped.extend(found);
    }
    kill(&stopped.into_iter().collect::<Vec<_>>());
}

/// Kills a process and everything below it. It is stopped first, so that it starts nothing more meanwhile: what it
/// started after the last look would be an orphan that nobody finds.
pub fn kill_tree(root: Process) {
    if !is_alive(root) {
        return;
    }
    stop(root.pid);
    kill_below(root.pid, &HashSet::new());
    kill(&[root]);
}

/// It runs, and is not a zombie.
#[cfg(target_os = "linux")]
pub fn is_alive(process: Process) -> bool {
    stat(process.pid).is_some_and(|stat| stat.started == process.started)
}

/// It runs, or a later process has its id: other systems do not tell cheaply.
#[cfg(not(target_os = "linux"))]
pub fn is_alive(process: Process) -> bool {
    all().iter().any(|(found, _)| found.pid == process.pid)
}

/// The process of this id, if there is one.
#[cfg(target_os = "linux")]
pub fn find(pid: u32) -> Option<Process> {
    let started = stat(pid)?.started;
    Some(Process { pid, started })
}

/// The process of this id, if there is one. Looks through all of them, by a program of the system: blocks for long.
#[cfg(not(target_os = "linux"))]
pub fn find(pid: u32) -> Option<Process> {
    all()
        .into_iter()
        .map(|(process, _)| process)
        .find(|process| process.pid == pid)
}

fn signal_kill(pid: u32) {
    signal(pid, rustix::process::Signal::KILL);
}

fn stop(pid: u32) {
    signal(pid, rustix::process::Signal::STOP);
}

fn signal(pid: u32, signal: rustix::process::Signal) {
    if let Some(pid) = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        // It may have ended in between: that is what is wanted.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

#[cfg(target_os = "linux")]
struct Stat {
    parent: u32,
    started: u64,
}

/// `None` for a zombie, too: it has ended and only waits for its parent.
#[cfg(target_os = "linux")]
fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets, and may itself hold brackets and blanks.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    let parent = fields.next()?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some(Stat { parent, started })
}

#[cfg(target_os = "linux")]
fn all() -> Vec<(Process, u32)> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| {
            stat(pid).map(|stat| {
                (
                    Process {
                        pid,
                        started: stat.started,
                    },
                    stat.parent,
                )
            })
        })
        .collect()
}

#[cfg(not(target_os = "linux"))]
fn all() -> Vec<(Process, u32)> {
    let Ok(output) = std::process::Command::new("ps")
        .args(["-A", "-o", "pid=,ppid=,stat="])
        .output()
    else {
        return Vec::new();
    };
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let (pid, parent) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            (!fields.next()?.starts_with('Z')).then_some((Process { pid, started: 0 }, parent))
        })
        .collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn finds_and_kills_a_child_of_a_child_in_a_session_of_its_own() {
        let mut child = Command::new("sh")
            .args(["-c", "setsid sleep 600 & echo up; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take().expect("piped"));
        std::io::BufRead::read_line(&mut out, &mut line).expect("a line");
        let below = descendants(child.id());
        assert!(!below.is_empty());
        kill_below(child.id(), &HashSet::new());
        child.wait().expect("ended, as nothing is left to wait for");
        assert!(below.iter().all(|process| !is_alive(*process)));
    }

    #[test]
    fn a_process_id_of_another_time_is_another_process() {
        let me = find(std::process::id()).expect("I run");
        assert!(is_alive(me));
        assert!(!is_alive(Process {
            started: me.started + 1,
            ..me
        }));
    }
}
