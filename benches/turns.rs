//! The turn engine with the scripted stand-in for claude: `cargo bench --bench turns` prints one line for each figure.
//! The stand-in has to be built: `cargo build --release --example claude-standin` (or without `--release` for the
//! unoptimised profile that `cargo bench --profile dev` uses). Where `tests/run parts` has fetched the real claude, it is
//! measured, too, against the tests' stand-in for its API.
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

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/support/api.rs"]
mod api;

/// Of the stand-in for the API: how long it waits for what never comes.
const DEADLINE: Duration = Duration::from_secs(30);

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
        let standin = binary()
            .parent()
            .expect("a folder")
            .join("examples/claude-standin");
        assert!(standin.exists(), "build it first: {}", standin.display());
        let command = vec![standin.to_str().expect("UTF-8").into()];
        Self::with(command, &scenario.to_string(), per_turn).await
    }

    /// `scenario` is in the program's environment.
    async fn with(command: Vec<String>, scenario: &str, per_turn: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("studies")).expect("studies/");
        let mut config = SessionConfig::default();
        config.claude.command = command;
        config.claude.supervisor = Some(binary().into());
        config.claude.max_concurrent_turns = 32;
        let env = &mut config.claude.env;
        env.insert("CLAUDE_STANDIN".into(), scenario.into());
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

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atomizer-lsp"))
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

/// The real claude, nothing of whose environment is the user's; one live and one a turn, side by side.
async fn first_word_of_the_real_one() {
    let parts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parts/npm/node_modules");
    let claude = parts.join("@anthropic-ai/claude-code-linux-x64/claude");
    if !claude.exists() {
        println!("the real claude is not there: `tests/run parts` fetches it");
        return;
    }
    let home = tempfile::tempdir().expect("a home");
    let replies = (0..64).map(|_| api::Reply::text("an answer"));
    let api = api::MessagesApi::start(replies);
    let path = std::env::var("PATH").expect("a PATH");
    let command: Vec<String> = [
        "env".into(),
        "-i".into(),
        format!("PATH={path}"),
        format!("HOME={}", home.path().display()),
        format!("ANTHROPIC_BASE_URL={}", api.url()),
        "ANTHROPIC_API_KEY=dummy".into(),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1".into(),
        "CLAUDE_CODE_MAX_RETRIES=1".into(),
        "DISABLE_TELEMETRY=1".into(),
        "DISABLE_AUTOUPDATER=1".into(),
        "DISABLE_ERROR_REPORTING=1".into(),
        claude.display().to_string(),
    ]
    .into();
    let live = Bench::with(command.clone(), "", false).await;
    let each = Bench::with(command, "", true).await;
    let (in_live, in_each) = (live.turn(None).await.0, each.turn(None).await.0);
    let (mut lives, mut eachs) = (Vec::new(), Vec::new());
    for _ in 0..14 {
        lives.push(live.turn(Some(&in_live.session_id)).await.1);
        eachs.push(each.turn(Some(&in_each.session_id)).await.1);
    }
    let (lives, eachs) = (median(lives).as_secs_f64(), median(eachs).as_secs_f64());
    println!(
        "the real claude, first text of a later turn: live {:.0} ms, one program a turn {:.0} ms ({:.1} times; medians of 14, in turn)",
        lives * 1e3,
        eachs * 1e3,
        eachs / lives
    );
    live.end().await;
    each.end().await;
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
    first_word_of_the_real_one().await;
    flood().await;
    many().await;
    soak().await;
}
