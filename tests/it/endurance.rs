//! What holds in the long run: after many turns, kills and pauses. `ATOMIZER_TURNS` is how many turns there are.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};

use super::support::{Client, Workspace, process::Process, programs::claude_standin};

/// Sessions of each of two servers.
const SESSIONS: usize = 8;

fn turns(default: usize) -> usize {
    let wanted = std::env::var("ATOMIZER_TURNS").ok();
    wanted.map_or(default, |turns| turns.parse().expect("a number"))
}

fn server(workspace: &Workspace) -> Client {
    let client = Client::builder(workspace)
        .claude(&[claude_standin()])
        .start();
    client.tolerate_leftovers();
    client
}

/// What the servers have said of one session.
#[derive(Default)]
struct Said {
    id: String,
    /// Each message, and whether its answer came.
    messages: Vec<(String, bool)>,
}

/// A turn in each of these sessions at once; `kill`: the server, as soon as all have begun.
fn round(client: &mut Client, sessions: &mut [Said], number: usize, kill: bool) {
    let message = format!("message {number}");
    let requests: Vec<i64> = sessions
        .iter()
        .map(|session| {
            let mut params = json!({"message": message, "partialResultToken": "t"});
            if !session.id.is_empty() {
                params["sessionId"] = session.id.as_str().into();
            }
            client.send_request("atomizer/chat", params)
        })
        .collect();
    if kill {
        for _ in sessions.iter() {
            client.notification("$/progress", |params| params["value"]["type"] == "started");
        }
        client.kill();
    }
    for (session, request) in sessions.iter_mut().zip(requests) {
        if !kill {
            let result = client.response(request).expect("a result");
            assert_eq!(result["text"], format!("You said: {message}"), "{result}");
            session.id = result["sessionId"].as_str().expect("an id").to_owned();
        }
        session.messages.push((message.clone(), !kill));
    }
    client.take_all(|_| true);
}

fn check(client: &Client, session: &Said) {
    let params = json!({"sessionId": session.id, "limit": 100_000});
    let history = client.request("atomizer/session/history", params);
    let history = history.as_array().expect("messages");
    let said: Vec<&str> = history
        .iter()
        .filter(|message| message["role"] == "user")
        .filter_map(|message| message["content"].as_str())
        .collect();
    let sent: Vec<&str> = session
        .messages
        .iter()
        .map(|(text, _)| text.as_str())
        .collect();
    assert_eq!(said, sent);
    let answers: HashMap<&str, &Value> = history
        .iter()
        .filter(|message| message["role"] == "assistant")
        .filter_map(|message| Some((message["content"].as_str()?, message)))
        .collect();
    for (text, _) in session.messages.iter().filter(|(_, answered)| *answered) {
        let answer = answers.get(format!("You said: {text}").as_str());
        assert!(
            answer.is_some_and(|it| it["status"] == "completed"),
            "{text}"
        );
    }
}

#[test]
fn two_servers_that_are_killed_lose_nothing_they_acknowledged() {
    let workspace = Workspace::examples();
    let rounds = turns(1000).div_ceil(2 * SESSIONS);
    let mut servers = [server(&workspace), server(&workspace)];
    let mut sessions: [Vec<Said>; 2] =
        std::array::from_fn(|_| (0..SESSIONS).map(|_| Said::default()).collect());
    for number in 0..rounds {
        for (place, client) in servers.iter_mut().enumerate() {
            // Each server in its turn, one round in three.
            let kill = number % 3 == 1 && number / 3 % 2 == place;
            round(client, &mut sessions[place], number, kill);
            if kill {
                *client = server(&workspace);
            }
        }
    }
    for session in sessions.iter().flatten() {
        check(&servers[0], session);
    }
    let database = workspace.path().join(".atomizer/atomizer.db");
    let whole: String = rusqlite::Connection::open(database)
        .and_then(|it| it.query_row("PRAGMA integrity_check", [], |row| row.get(0)))
        .expect("checked");
    assert_eq!(whole, "ok");
}

/// KiB of memory that is not shared, threads and open files of a process.
#[cfg(target_os = "linux")]
fn resources(pid: u32) -> [u64; 3] {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_whitespace().nth(1));
        value
            .and_then(|value| value.parse().ok())
            .expect("a number")
    };
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs");
    [field("RssAnon:"), field("Threads:"), files.count() as u64]
}

#[cfg(target_os = "linux")]
#[test]
#[allow(
    clippy::print_stdout,
    reason = "figures for whoever runs it by hand, in docs/performance.md"
)]
fn turns_leave_no_memory_threads_files_or_processes_behind() {
    let workspace = Workspace::examples();
    let client = server(&workspace);
    let first = client.chat(json!({"message": "warm up"})).finish().1;
    let session = first["sessionId"].as_str().expect("an id");
    let turn = |_| {
        let (events, _) = client
            .chat(json!({"sessionId": session, "message": "again"}))
            .finish();
        drop(events);
        client.take_all(|_| true);
    };
    (0..50).for_each(turn);
    let processes = client.mark().processes().len();
    let [memory, threads, files] = resources(client.pid());
    (0..turns(100)).for_each(turn);
    let [memory_now, threads_now, files_now] = resources(client.pid());
    println!(
        "{} turns: {memory} to {memory_now} KiB, {threads} to {threads_now} threads, {files} to {files_now} files",
        turns(100)
    );
    assert_eq!(client.mark().processes().len(), processes);
    // The pool of threads that block grows with what happens to come together, up to a bound of its own.
    assert!(
        threads_now <= threads + 8,
        "{threads} to {threads_now} threads"
    );
    assert!(files_now <= files + 4, "{files} to {files_now} files");
    let allowed = 4096 + turns(100) as u64;
    assert!(
        memory_now <= memory + allowed,
        "{memory} to {memory_now} KiB"
    );
}

fn signal(processes: &[Process], signal: rustix::process::Signal) {
    for process in processes {
        let pid = rustix::process::Pid::from_raw(process.pid).expect("an id");
        let _ = rustix::process::kill_process(pid, signal);
    }
}

#[test]
fn a_machine_that_slept_goes_on_where_it_was() {
    let workspace = Workspace::examples();
    let gate = workspace.path().join("gate");
    let steps = json!([{"text": "before "}, {"wait": gate}, {"text": "after"}]);
    let client = Client::builder(&workspace)
        .claude(&[claude_standin()])
        .env("CLAUDE_STANDIN", &json!({"turns": [steps]}).to_string())
        .start();
    client.tolerate_leftovers();
    let turn = client.chat(json!({"message": "go"}));
    turn.until("text");
    let all = client.mark().processes();
    assert!(all.len() > 2, "server, supervisor and program: {all:?}");
    signal(&all, rustix::process::Signal::STOP);
    // That it takes time is the point: longer than the supervisor's look, and any tick of the server's.
    std::thread::sleep(Duration::from_millis(1500));
    signal(&all, rustix::process::Signal::CONT);
    std::fs::write(gate, "").expect("opened");
    let (_, result) = turn.finish();
    assert_eq!(result["status"], "completed", "{result}");
    assert!(
        result["text"]
            .as_str()
            .is_some_and(|text| text.ends_with("after"))
    );
    let session = json!({"sessionId": result["sessionId"], "message": "still there?"});
    let (_, next) = client.chat(session).finish();
    assert_eq!(next["text"], "You said: still there?");
}
