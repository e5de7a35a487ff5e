//! A manager over a temporary root, with the stand-in as its claude.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use atomizer_lsp::{
    session::{
        SessionConfig, SessionError, SessionManager,
        host::{EventSink, Host, PermissionAnswer, PermissionQuestion, SpecChange},
        introduced::introduced,
        types::{Applied, ChatRequest, Introduced, SessionInfo, SpecUpdate, TurnEvent, TurnResult},
    },
    study::{Inspector, Root, Severities},
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::support::{
    DEADLINE, Workspace,
    process::{Mark, VARIABLE},
    programs::claude_standin,
};

/// A host without an editor: remembers everything, and answers questions as it was told to.
#[derive(Default)]
pub struct Recorder {
    /// Answers to questions, in order; none left: the question stays open.
    pub answers: Mutex<VecDeque<PermissionAnswer>>,
    pub questions: Mutex<Vec<PermissionQuestion>>,
    pub changes: Mutex<Vec<SpecChange>>,
    pub updates: Mutex<Vec<SpecUpdate>>,
    pub sessions: Mutex<Vec<SessionInfo>>,
    pub warnings: Mutex<Vec<String>>,
    /// An editor that does not answer: no change is ever taken.
    pub deaf: AtomicBool,
    /// Questions whose future was dropped before it was answered.
    pub withdrawn: Arc<AtomicUsize>,
}

struct Withdrawn {
    count: Arc<AtomicUsize>,
    answered: bool,
}

impl Withdrawn {
    fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Withdrawn {
    fn drop(&mut self) {
        if !self.answered {
            self.count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Host for Recorder {
    fn session_changed(&self, session: SessionInfo) {
        self.sessions.lock().expect("sessions").push(session);
    }

    fn deliver(&self, change: SpecChange) -> BoxFuture<'static, Applied> {
        self.changes.lock().expect("changes").push(change);
        if self.deaf.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        Box::pin(async { Applied::Disk })
    }

    fn introduced(
        &self,
        path: PathBuf,
        before: Option<Arc<str>>,
        after: Arc<str>,
    ) -> BoxFuture<'static, Vec<Introduced>> {
        let (inspector, severities) = (Inspector::default(), Severities::default());
        let found = introduced(&inspector, &severities, &path, before.as_deref(), &after);
        Box::pin(std::future::ready(found))
    }

    fn spec_updated(&self, update: &SpecUpdate) {
        self.updates.lock().expect("updates").push(update.clone());
    }

    fn ask(&self, question: PermissionQuestion) -> BoxFuture<'static, PermissionAnswer> {
        self.questions.lock().expect("questions").push(question);
        let answer = self.answers.lock().expect("answers").pop_front();
        let withdrawn = Withdrawn {
            count: self.withdrawn.clone(),
            answered: false,
        };
        Box::pin(async move {
            let answer = match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            };
            withdrawn.answered();
            answer
        })
    }

    fn warn(&self, message: String) {
        self.warnings.lock().expect("warnings").push(message);
    }
}

struct Sink(mpsc::UnboundedSender<TurnEvent>);

impl EventSink for Sink {
    fn send(&self, event: TurnEvent) {
        let _ = self.0.send(event);
    }
}

/// A root, a host and a manager.
pub struct Rig {
    pub workspace: Workspace,
    pub host: Arc<Recorder>,
    pub manager: Arc<SessionManager>,
    pub mark: Mark,
}

/// A turn under way.
pub struct Running {
    pub task: JoinHandle<Result<TurnResult, SessionError>>,
    pub events: mpsc::UnboundedReceiver<TurnEvent>,
    pub cancel: CancellationToken,
}

impl Rig {
    /// A root with one study `beam`, and the stand-in with this scenario.
    pub async fn new(scenario: Value) -> Self {
        Self::with(scenario, |_| {}).await
    }

    /// The same, with other settings.
    pub async fn with(scenario: Value, change: impl FnOnce(&mut SessionConfig)) -> Self {
        let workspace = Workspace::with_study("beam", "{\"meta\": {\"version\": \"2.0\"}}\n");
        let mark = Mark::new();
        let scenario = workspace.write("scenario.json", &scenario.to_string());
        let mut config = config(&mark, &scenario);
        change(&mut config);
        let host = Arc::new(Recorder::default());
        let manager = open(&workspace, config, host.clone()).await;
        Self {
            workspace,
            host,
            manager,
            mark,
        }
    }

    /// A second server on the same root.
    pub async fn another(
        &self,
        scenario: Value,
        change: impl FnOnce(&mut SessionConfig),
    ) -> Arc<SessionManager> {
        let scenario = self
            .workspace
            .write("scenario2.json", &scenario.to_string());
        let mut config = config(&self.mark, &scenario);
        change(&mut config);
        open(&self.workspace, config, self.host.clone()).await
    }

    /// A file below the root, as text for a scenario.
    pub fn path(&self, path: &str) -> String {
        self.workspace
            .path()
            .join(path)
            .to_str()
            .expect("UTF-8")
            .to_owned()
    }

    /// The study's spec.
    pub fn spec(&self) -> PathBuf {
        self.workspace.spec("beam")
    }

    /// Begins a turn.
    pub fn start(&self, request: ChatRequest) -> Running {
        start(&self.manager, request)
    }

    /// A whole turn in a new session.
    pub async fn chat(&self, message: &str) -> (TurnResult, Vec<TurnEvent>) {
        self.start(say(message)).finish().await
    }

    /// A whole turn in this session.
    pub async fn chat_in(&self, session: &str, message: &str) -> (TurnResult, Vec<TurnEvent>) {
        self.start(say_in(session, message)).finish().await
    }

    /// Ends everything, and sees that nothing is left.
    pub async fn end(self) {
        tokio::time::timeout(DEADLINE, self.manager.shutdown())
            .await
            .expect("ends");
        self.nothing_left();
    }

    /// No process of this test is alive.
    pub fn nothing_left(&self) {
        self.mark
            .wait_until_gone(|_| false)
            .expect("no process is left");
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.mark.kill();
    }
}

impl Running {
    /// Waits for an event that `wanted` accepts, and gives all up to it.
    pub async fn until(&mut self, wanted: impl Fn(&TurnEvent) -> bool) -> Vec<TurnEvent> {
        let mut events = Vec::new();
        loop {
            let event = tokio::time::timeout(DEADLINE, self.events.recv()).await;
            let Ok(Some(event)) = event else {
                panic!("the event does not come; so far: {events:#?}")
            };
            let found = wanted(&event);
            events.push(event);
            if found {
                return events;
            }
        }
    }

    /// Waits for the session's id and the turn's.
    pub async fn started(&mut self) -> (String, String) {
        let mut events = self.until(|_| true).await;
        match events.pop() {
            Some(TurnEvent::Started {
                session_id,
                turn_id,
            }) => (session_id, turn_id),
            other => panic!("`started` is always first, not {other:?}"),
        }
    }

    /// The result, and the events that have not been taken yet.
    pub async fn finish(mut self) -> (TurnResult, Vec<TurnEvent>) {
        let result = self.outcome().await.expect("a result");
        let mut events = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            events.push(event);
        }
        assert_eq!(
            events.last(),
            Some(&TurnEvent::Done(result.clone())),
            "`done` is always last"
        );
        (result, events)
    }

    /// What `chat` gave.
    pub async fn outcome(&mut self) -> Result<TurnResult, SessionError> {
        tokio::time::timeout(DEADLINE, &mut self.task)
            .await
            .expect("the turn ends")
            .expect("no panic")
    }
}

pub fn start(manager: &Arc<SessionManager>, request: ChatRequest) -> Running {
    let (sender, events) = mpsc::unbounded_channel();
    let cancel = CancellationToken::new();
    let (manager, token) = (manager.clone(), cancel.clone());
    let task =
        tokio::spawn(async move { manager.chat(request, Arc::new(Sink(sender)), token).await });
    Running {
        task,
        events,
        cancel,
    }
}

/// A message to a new session.
pub fn say(message: &str) -> ChatRequest {
    ChatRequest {
        message: message.into(),
        ..ChatRequest::default()
    }
}

/// A message to this session.
pub fn say_in(session: &str, message: &str) -> ChatRequest {
    ChatRequest {
        session_id: Some(session.into()),
        ..say(message)
    }
}

/// The text that a client has put together.
pub fn heard(events: &[TurnEvent]) -> String {
    events.iter().fold(String::new(), |mut heard, event| {
        match event {
            TurnEvent::Text { delta } => heard.push_str(delta),
            TurnEvent::TextReset { text } => heard.clone_from(text),
            _ => {}
        }
        heard
    })
}

/// The events' kinds, those that repeat once.
pub fn kinds(events: &[TurnEvent]) -> Vec<String> {
    let kinds = events
        .iter()
        .map(|event| json!(event)["type"].as_str().unwrap_or_default().to_owned());
    let mut kinds: Vec<String> = kinds.collect();
    kinds.dedup();
    kinds
}

fn config(mark: &Mark, scenario: &Path) -> SessionConfig {
    let mut config = SessionConfig::default();
    config.claude.command = vec![claude_standin()];
    config.claude.supervisor = Some(env!("CARGO_BIN_EXE_atomizer-lsp").into());
    config
        .claude
        .env
        .insert(VARIABLE.into(), mark.value().into());
    config.claude.env.insert(
        "CLAUDE_STANDIN".into(),
        scenario.to_str().expect("UTF-8").into(),
    );
    config
}

async fn open(
    workspace: &Workspace,
    config: SessionConfig,
    host: Arc<Recorder>,
) -> Arc<SessionManager> {
    let root = Root::at(&workspace.path()).expect("a root");
    SessionManager::open(config, root, host)
        .await
        .expect("opens")
}
