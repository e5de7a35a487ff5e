//! Two servers on one root, and servers that die.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

use super::*;

#[test]
fn two_servers_see_each_others_conversations() {
    let (dir, one) = store();
    let two = open(&dir);
    one.create_session(Some("s"), Mode::User, None)
        .expect("made");
    turn(&two, "s", "from two", "yes");
    turn(&one, "s", "from one", "yes");
    let said: Vec<String> = two
        .history("s", None, None)
        .expect("read")
        .into_iter()
        .map(|m| m.content)
        .collect();
    assert_eq!(said, ["from two", "yes", "from one", "yes"]);
}

#[test]
fn one_turn_of_a_session_at_a_time_whoever_runs_it() {
    let (dir, one) = store();
    let two = open(&dir);
    one.create_session(Some("s"), Mode::User, None)
        .expect("made");
    let running = one.begin_turn("s", "q").expect("begun");
    for store in [&one, &two] {
        assert!(matches!(
            store.begin_turn("s", "again"),
            Err(StoreError::TurnRunning(_))
        ));
        assert!(store.session("s").expect("read").expect("there").running);
    }
    one.finish_turn(&running, &completed("a"))
        .expect("finished");
    two.begin_turn("s", "again").expect("free");
}

#[test]
fn a_dead_servers_turns_are_interrupted_and_a_live_ones_are_not() {
    let (dir, one) = store();
    let two = open(&dir);
    for id in ["dies", "lives"] {
        one.create_session(Some(id), Mode::User, None)
            .expect("made");
    }
    let turn = one.begin_turn("dies", "q").expect("begun");
    one.append_answer(&turn, "half an ans").expect("stored");
    two.begin_turn("lives", "q").expect("begun");
    drop(one);

    let three = open(&dir);
    let status = |id| {
        let history = three.history(id, None, None).expect("read");
        history.iter().map(|m| m.status).collect::<Vec<_>>()
    };
    assert_eq!(status("dies"), [Status::Interrupted, Status::Interrupted]);
    assert_eq!(status("lives"), [Status::Running]);
    assert_eq!(
        three.history("dies", None, None).expect("read")[1].content,
        "half an ans"
    );
    drop(two);
    assert_eq!(three.recover().expect("recovered"), 1);
    assert_eq!(status("lives"), [Status::Interrupted]);
}

#[test]
fn a_dead_servers_session_is_free_at_once() {
    let (dir, one) = store();
    let two = open(&dir);
    one.create_session(Some("s"), Mode::User, None)
        .expect("made");
    one.begin_turn("s", "q").expect("begun");
    drop(one);
    two.begin_turn("s", "again").expect("free");
}

#[test]
fn a_conversation_is_leased_to_one_live_server() {
    let (dir, one) = store();
    let two = open(&dir);
    one.create_session(Some("s"), Mode::User, None)
        .expect("made");
    assert!(!one.is_leased("s").expect("asked"));
    assert!(one.take_lease("s").expect("asked"));
    assert!(one.take_lease("s").expect("again is fine"));
    assert!(!two.take_lease("s").expect("asked"));
    two.release_lease("s").expect("not two's to give");
    assert!(two.is_leased("s").expect("asked"));
    one.release_lease("s").expect("given back");
    assert!(two.take_lease("s").expect("asked"));
    drop(two);
    assert!(!one.is_leased("s").expect("asked"));
    assert!(one.take_lease("s").expect("a dead server's lease is free"));
    assert!(matches!(
        one.take_lease("unknown"),
        Err(StoreError::NoSession(_))
    ));
}

#[test]
fn many_servers_may_open_a_new_database_at_once() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let stores: Vec<Store> = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&dir))).collect();
        opening
            .into_iter()
            .map(|t| t.join().expect("opened"))
            .collect()
    });
    std::thread::scope(|scope| {
        for store in &stores {
            scope.spawn(move || {
                let id = store
                    .create_session(None, Mode::User, None)
                    .expect("made")
                    .id;
                for n in 0..5 {
                    turn(store, &id, &format!("q{n}"), "a");
                }
            });
        }
    });
    let sessions = stores[0].sessions(None, None).expect("listed");
    assert_eq!(sessions.len(), 8);
    assert!(sessions.iter().all(|s| s.message_count == 10 && !s.running));
}

/// What each server has acknowledged, at least, before it is killed.
const EACH: usize = 15;
const DATABASE: &str = "ATOMIZER_TEST_STORE";

/// No test of its own: what [`killed_servers_lose_nothing_they_acknowledged`] runs as a server, in a process that can
/// be killed. It writes as fast as it can and says what was acknowledged.
#[test]
#[ignore = "run by another test, as a process of its own"]
fn writing_server() {
    let Some(path) = std::env::var_os(DATABASE) else {
        return;
    };
    let store = Store::open(Path::new(&path)).expect("opened");
    let session = store
        .create_session(None, Mode::User, None)
        .expect("made")
        .id;
    for n in 0.. {
        let turn = store
            .begin_turn(&session, &format!("question {n}"))
            .expect("begun");
        say(&format!("{turn} user question {n}"));
        store.append_answer(&turn, "half ").expect("stored");
        say(&format!("{turn} assistant half "));
        store
            .finish_turn(&turn, &completed(&format!("answer {n}")))
            .expect("finished");
        say(&format!("{turn} assistant answer {n}"));
    }
}

fn say(line: &str) {
    // Not `println!`: the test harness keeps that back until the test ends.
    let mut out = std::io::stdout().lock();
    writeln!(out, "ack {line}")
        .and_then(|()| out.flush())
        .expect("somebody listens");
}

/// Killed (SIGKILL) when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_server(database: &Path) -> Server {
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "session::store::tests::servers::writing_server",
            "--ignored",
            "--nocapture",
        ])
        .env(DATABASE, database)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    Server(child)
}

#[test]
fn killed_servers_lose_nothing_they_acknowledged() {
    let (dir, store) = store();
    let path = path(&dir);
    let mut acknowledged: Vec<String> = Vec::new();
    for _round in 0..3 {
        let mut servers: Vec<Server> = (0..2).map(|_| start_server(&path)).collect();
        let mut outputs: Vec<_> = servers
            .iter_mut()
            .map(|s| BufReader::new(s.0.stdout.take().expect("piped")).lines())
            .collect();
        for output in &mut outputs {
            acknowledged.extend(output.map_while(Result::ok).filter_map(ack).take(EACH));
        }
        drop(servers);
        for output in outputs {
            acknowledged.extend(output.map_while(Result::ok).filter_map(ack));
        }
    }
    assert!(store.recover().expect("recovered") <= 6);
    let mut stored = std::collections::HashMap::new();
    for session in store.sessions(None, None).expect("listed") {
        assert!(!session.running);
        for message in store.history(&session.id, None, None).expect("read") {
            let role = word(message.role).expect("a word");
            let turn = message.turn_id.expect("of a turn");
            stored.insert((turn, role), (message.content, message.status));
        }
    }
    assert!(acknowledged.len() >= 3 * 2 * EACH);
    for line in acknowledged {
        let mut words = line.splitn(3, ' ').map(str::to_owned);
        let (turn, role, text) = (
            words.next(),
            words.next(),
            words.next().expect("three parts"),
        );
        let (content, status) = &stored[&(turn.expect("a turn"), role.expect("a role"))];
        // An answer goes on after its first half was acknowledged.
        assert!(
            *content == text || text == "half ",
            "{text} was acknowledged, {content} is stored"
        );
        assert!(matches!(status, Status::Completed | Status::Interrupted));
    }
    let verdict: String = store
        .read(|tx| Ok(tx.query_row("PRAGMA integrity_check", [], |row| row.get(0))?))
        .expect("checked");
    assert_eq!(verdict, "ok");
}

fn ack(line: String) -> Option<String> {
    // The harness's own words may stand before ours in the first line.
    line.split_once("ack ").map(|(_, rest)| rest.to_owned())
}

#[test]
fn a_store_opens_while_another_server_writes() {
    let (dir, one) = store();
    one.create_session(Some("s"), Mode::User, None)
        .expect("made");
    one.write(|_| {
        let two = open(&dir);
        assert_eq!(two.sessions(None, None)?.len(), 1);
        Ok(())
    })
    .expect("written");
}
