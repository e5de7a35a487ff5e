//! The turn engine with the scripted stand-in for claude: `cargo bench --bench turns` prints one line for each figure.
//! The stand-in has to be built: `cargo build --release --example claude-standin` (or without `--release` for the
//! unoptimised profile that `cargo bench --profile dev` uses).
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program for a terminal"
)]

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use atomizer_lsp::{
    session::{
        SessionConfig, SessionManager,
        host::{EventSink, Host, PermissionAnswer, PermissionQuestion, SpecChange},
        types::{Applied, ChatRequest, Introduced, SessionInfo, SpecUpdate, TurnEvent, TurnResult},
    },
    study::Root,
};
use futures::future::{BoxFuture, join_all, ready};
use serde_json::json;
use tokio_util::sync::CancellationToken;

struct NoEditor;

impl Host for NoEditor {
    fn session_changed(&self, _: SessionInfo) {}

    fn deliver(&self, _: SpecChange) -> BoxFuture<'static, Applied> {
        Box::pin(ready(Applied::Disk))
    }

    fn introduced(
        &self,
        _: PathBuf,
        _: Option<Arc<str>>,
        _: Arc<str>,
    ) -> BoxFuture<'static, Vec<Introduced>> {
        Box::pin(ready(Vec::new()))
    }

    fn spec_updated(&self, _: &SpecUpdate) {}

    fn ask(&self, _: PermissionQuestion) -> BoxFuture<'static, PermissionAnswer> {
        Box::pin(ready(PermissionAnswer::Deny("nobody is there".into())))
    }

    fn warn(&self, message: String) {
        println!("warning: {message}");
    }
}

/// When the first text came, and how much.
#[derive(Default)]
struct Seen {
    first: Mutex<Option<Instant>>,
}

impl EventSink for Seen {
    fn send(&self, event: TurnEvent) {
        if matches!(event, TurnEvent::Text { .. }) {
            self.first
                .lock()
                .expect("lock")
                .get_or_insert_with(Instant::now);
        }
    }
}

struct Bench {
    folder: tempfile::TempDir,
    manager: Arc<SessionManager>,
}

impl Bench {
    async fn new(scenario: serde_json::Value, per_turn: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("studies")).expect("studies/");
        let path = folder.path().join("scenario.json");
        std::fs::write(&path, scenario.to_string()).expect("a scenario");
        let binary = Path::new(env!("CARGO_BIN_EXE_atomizer-lsp"));
        let standin = binary
            .parent()
            .expect("a folder")
            .join("examples/claude-standin");
        assert!(standin.exists(), "build it first: {}", standin.display());
        let mut config = SessionConfig::default();
        config.claude.command = vec![standin.to_str().expect("UTF-8").into()];
        config.claude.supervisor = Some(binary.into());
        config.claude.max_concurrent_turns = 32;
        config.claude.env.insert(
            "CLAUDE_STANDIN".into(),
            path.to_str().expect("UTF-8").into(),
        );
        if per_turn {
            config.claude.process = atomizer_lsp::session::config::ProcessMode::PerTurn;
        }
        let root = Root::at(folder.path()).expect("a root");
        let manager = SessionManager::open(config, root, Arc::new(NoEditor))
            .await
            .expect("opens");
        Self { folder, manager }
    }

    /// A turn; the result, until the first text, until the end.
    async fn turn(&self, session: Option<&str>) -> (TurnResult, Duration, Duration) {
        let seen = Arc::new(Seen::default());
        let request = ChatRequest {
            session_id: session.map(String::from),
            message: "measure".into(),
            ..ChatRequest::default()
        };
        let began = Instant::now();
        let result = self
            .manager
            .chat(request, seen.clone(), CancellationToken::new())
            .await
            .expect("a result");
        let first = seen
            .first
            .lock()
            .expect("lock")
            .map_or(Duration::ZERO, |first| first - began);
        (result, first, began.elapsed())
    }

    async fn end(self) {
        self.manager.shutdown().await;
        drop(self.folder);
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Resident memory in KiB, threads, open files of this process.
fn resources() -> (u64, u64, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .unwrap_or(0)
    };
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    (field("VmRSS:"), field("Threads:"), files)
}

async fn first_word() {
    let answer = json!({"turns": [{"again": true, "steps": [{"text": "an answer"}]}]});
    for (name, per_turn) in [("one live program", false), ("one program a turn", true)] {
        let bench = Bench::new(answer.clone(), per_turn).await;
        let (first, _, _) = bench.turn(None).await;
        let mut times = Vec::new();
        for _ in 0..20 {
            times.push(bench.turn(Some(&first.session_id)).await.1);
        }
        println!(
            "first text of a later turn, {name}: {:.1} ms (median of 20)",
            median(times).as_secs_f64() * 1e3
        );
        bench.end().await;
    }
}

async fn flood() {
    let bench = Bench::new(json!({"turns": [[{"flood": 100_000}]]}), false).await;
    let (result, _, time) = bench.turn(None).await;
    let all: String = (0..100_000).map(|number| format!("{number} ")).collect();
    let lost = if result.text == all {
        "none lost"
    } else {
        "SOME LOST"
    };
    println!("100,000 deltas: {:.2} s, {lost}", time.as_secs_f64());
    bench.end().await;
}

async fn many() {
    let steps =
        json!({"turns": [{"again": true, "steps": [{"pause": 1000}, {"text": "an answer"}]}]});
    let bench = Bench::new(steps, false).await;
    let (_, _, one) = bench.turn(None).await;
    let began = Instant::now();
    join_all((0..32).map(|_| bench.turn(None))).await;
    let ratio = began.elapsed().as_secs_f64() / one.as_secs_f64();
    println!(
        "32 turns of 1 s at once: {ratio:.2} times as long as one, {} MiB",
        resources().0 >> 10
    );
    bench.end().await;
}

async fn soak() {
    let bench = Bench::new(
        json!({"turns": [{"again": true, "steps": [{"text": "an answer"}]}]}),
        false,
    )
    .await;
    let turns = std::env::var("TURNS")
        .ok()
        .and_then(|turns| turns.parse().ok())
        .unwrap_or(200);
    let (first, _, _) = bench.turn(None).await;
    for _ in 0..50 {
        bench.turn(Some(&first.session_id)).await;
    }
    let before = resources();
    for _ in 0..turns {
        bench.turn(Some(&first.session_id)).await;
    }
    println!(
        "{turns} turns: (KiB resident, threads, open files) {before:?} before, {:?} after",
        resources()
    );
    bench.end().await;
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` runs this, too, and wants no figures.
    if std::env::args().any(|arg| arg == "--test") || !std::env::args().any(|arg| arg == "--bench")
    {
        return;
    }
    first_word().await;
    flood().await;
    many().await;
    soak().await;
}
