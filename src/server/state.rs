//! What the main loop owns.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use lsp_types::{MessageType, ShowMessageParams, Url, notification};
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tower_lsp::jsonrpc::Error;

use super::{
    client::Client,
    closed::Closed,
    configuration::Questions,
    delivery::Unconfirmed,
    diagnostics::Reports,
    document::{Document, ParseJob, path_of},
    main_loop::{Events, Reply},
    outbox::Outbox,
    roots::Managers,
    settings::{Settings, merged},
};
use crate::{ide::Snapshot, spec::syntax::Parsed, study::Inspector, text::Text};

/// Texts up to this many bytes are searched through in a fraction of a millisecond.
const BRIEF: usize = 64 * 1024;

/// Changes that come within this time are taken for one: nobody types so fast.
const ONE_BURST: Duration = Duration::from_millis(10);

/// Open documents, settings and folders, and the ways out.
pub struct State {
    /// To send events from jobs that run elsewhere.
    pub events: Events,
    /// The way to the client.
    pub outbox: Outbox,
    /// What the client can do.
    pub client: Arc<Client>,
    /// As the user set them.
    pub settings: Arc<Settings>,
    /// By the client's own spelling of the URI.
    pub documents: HashMap<Url, Document>,
    /// The workspace folders.
    pub folders: Vec<PathBuf>,
    /// The conversations, by root.
    pub managers: Managers,
    /// What the checks say of each open document.
    pub reports: Reports,
    /// What the checks said of specs that are not open.
    pub closed: Arc<Closed>,
    /// Looks at the files that specs name.
    pub inspector: Arc<Inspector>,
    /// `initializationOptions`, under what `workspace/configuration` says.
    pub options: Value,
    /// Turns whose work-done progress the client shows, by its token, to cancel them.
    pub shown_turns: HashMap<String, CancellationToken>,
    /// Edits of ours that the client has not confirmed yet.
    pub unconfirmed: Vec<Unconfirmed>,
    /// What the client was asked about its settings.
    pub questions: Questions,
    /// Texts that the file of a document may have.
    uncompared: Vec<Uncompared>,
    /// Documents whose texts will be such soon.
    changing: HashSet<Url>,
    told: BTreeSet<String>,
    generations: u64,
}

/// A text that the file of a document may have.
struct Uncompared {
    uri: Url,
    generation: u64,
    text: Text,
}

impl State {
    /// The state before `initialize`.
    pub fn new(events: Events, outbox: Outbox, managers: Managers) -> State {
        State {
            events,
            outbox,
            client: Arc::default(),
            settings: Arc::default(),
            documents: HashMap::new(),
            folders: Vec::new(),
            managers,
            reports: Reports::default(),
            closed: Arc::default(),
            inspector: Arc::default(),
            options: Value::Null,
            shown_turns: HashMap::new(),
            unconfirmed: Vec::new(),
            questions: Questions::default(),
            uncompared: Vec::new(),
            changing: HashSet::new(),
            told: BTreeSet::new(),
            generations: 0,
        }
    }

    /// Shows a message to the user (`window/showMessage`).
    pub fn show(&self, typ: MessageType, message: String) {
        self.outbox
            .notify_lsp::<notification::ShowMessage>(ShowMessageParams { typ, message });
    }

    /// Takes settings: `configuration` over the initialization options. Tells each mistake once.
    pub fn configure(&mut self, configuration: &Value) {
        let (settings, problems) = Settings::read(&merged(&self.options, configuration));
        problems
            .into_iter()
            .for_each(|problem| self.tell_once(problem));
        let checks_changed = settings.severities != self.settings.severities;
        self.settings = Arc::new(settings);
        self.managers
            .configure(self.settings.clone(), self.folders.clone());
        if self.settings.root.is_some() {
            self.check_root();
        }
        if checks_changed {
            self.recheck_all();
        }
    }

    /// Tells of a setting `root` that is none; off the loop, since it is the disk that knows.
    fn check_root(&self) {
        let (managers, events) = (self.managers.clone(), self.events.clone());
        tokio::task::spawn_blocking(move || {
            if let Some(problem) = managers.wrong_root() {
                events.send(move |state| state.tell_once(problem));
            }
        });
    }

    fn tell_once(&mut self, problem: String) {
        if self.told.insert(problem.clone()) {
            self.show(MessageType::WARNING, problem);
        }
    }

    /// `didOpen`.
    pub fn open(&mut self, uri: Url, language: &str, version: i32, text: String) {
        self.generations += 1;
        let (document, job) =
            Document::open(uri.clone(), language, version, self.generations, text);
        if let Some(path) = document.path().filter(|_| document.is_spec) {
            self.managers.opened_spec(path);
        }
        self.find_canonical(&document);
        self.documents.insert(uri.clone(), document);
        self.compare_with_disk(&uri);
        self.parse(&uri, job);
        self.recheck(&uri);
    }

    fn find_canonical(&self, document: &Document) {
        let Some(path) = document.path() else { return };
        let (events, uri, generation) = (
            self.events.clone(),
            document.uri.clone(),
            document.generation,
        );
        tokio::task::spawn_blocking(move || {
            let Ok(canonical) = path.canonicalize() else {
                return;
            };
            events.send(move |state| {
                if let Some(document) = state
                    .documents
                    .get_mut(&uri)
                    .filter(|it| it.generation == generation)
                {
                    document.canonical = Some(canonical);
                }
            });
        });
    }

    /// Has it found out whether the file of a spec has the very text that its document has now, when nobody waits for
    /// anything else.
    pub fn compare_with_disk(&mut self, uri: &Url) {
        let Some(document) = self.documents.get(uri).filter(|document| document.is_spec) else {
            return;
        };
        self.uncompared.push(Uncompared {
            uri: uri.clone(),
            generation: document.generation,
            text: document.text(),
        });
    }

    /// The same when what changes now has changed: of many changes one after the other, each would have another thread
    /// look at the file.
    pub fn compare_soon(&mut self, uri: &Url) {
        if self.changing.contains(uri) {
            return;
        }
        self.changing.insert(uri.clone());
        let (events, uri) = (self.events.clone(), uri.clone());
        tokio::spawn(async move {
            sleep(ONE_BURST).await;
            events.send(move |state| {
                state.changing.remove(&uri);
                state.compare_with_disk(&uri);
            });
        });
    }

    /// Something is left for [`Self::catch_up`].
    pub fn is_behind(&self) -> bool {
        self.reports.has_unchecked() || !self.uncompared.is_empty()
    }

    /// Does what was put off while messages came: checks what changed, and has it compared with the disk.
    pub fn catch_up(&mut self) {
        self.check_changed();
        for uncompared in std::mem::take(&mut self.uncompared) {
            self.compare(uncompared);
        }
    }

    fn compare(&self, uncompared: Uncompared) {
        let Uncompared {
            uri,
            generation,
            text,
        } = uncompared;
        let Some(path) = path_of(&uri) else { return };
        let events = self.events.clone();
        tokio::task::spawn_blocking(move || {
            let at = SystemTime::now();
            // Nearly every keystroke changes the size, and then nothing is read.
            let sizes = std::fs::metadata(&path).map(|file| file.len() == text.len() as u64);
            let same = matches!(sizes, Ok(true))
                && std::fs::read(&path).is_ok_and(|bytes| bytes == text.whole().as_bytes());
            if !same {
                return;
            }
            events.send(move |state| {
                let document = state.documents.get_mut(&uri);
                if let Some(document) = document.filter(|it| it.generation == generation) {
                    document.loaded = Some((text, at));
                }
            });
        });
    }

    /// Parses off the loop, where a document asks for it.
    pub fn parse(&self, uri: &Url, job: Option<ParseJob>) {
        let Some(ParseJob { text, stamp }) = job else {
            return;
        };
        let (events, uri) = (self.events.clone(), uri.clone());
        tokio::task::spawn_blocking(move || {
            let parsed = Parsed::new(text);
            events.send(move |state| {
                if let Some(document) = state.documents.get_mut(&uri) {
                    document.parsed(stamp, parsed);
                }
            });
        });
    }

    /// Answers a request about an open spec: `query` runs off the loop on a snapshot of the text that the client had
    /// when it asked. Documents that are not open, or not specs, answer with the default (`null`, in most cases).
    pub fn query<T: Default + Send + 'static>(
        &mut self,
        uri: &Url,
        reply: Reply<T>,
        query: impl FnOnce(&Snapshot) -> T + Send + 'static,
    ) {
        self.try_query(uri, reply, |snapshot| Ok(query(snapshot)));
    }

    /// As [`State::query`], for what a person waits for at every key, and what costs little: a short text is answered
    /// in the loop itself, which takes less than the way to another thread and back.
    pub fn query_briefly<T: Default + Send + 'static>(
        &mut self,
        uri: &Url,
        reply: Reply<T>,
        query: impl FnOnce(&Snapshot) -> T + Send + 'static,
    ) {
        self.with_snapshot(uri, reply, move |snapshot, reply| {
            let query = |snapshot: &Snapshot| Ok(query(snapshot));
            if snapshot.parsed.text().len() <= BRIEF {
                answer_here(&snapshot, reply, query);
            } else {
                answer(snapshot, reply, query);
            }
        });
    }

    /// As [`State::query`], for requests that may be refused.
    pub fn try_query<T: Default + Send + 'static>(
        &mut self,
        uri: &Url,
        reply: Reply<T>,
        query: impl FnOnce(&Snapshot) -> Result<T, Error> + Send + 'static,
    ) {
        self.with_snapshot(uri, reply, |snapshot, reply| answer(snapshot, reply, query));
    }

    fn with_snapshot<T: Default + Send + 'static>(
        &mut self,
        uri: &Url,
        reply: Reply<T>,
        then: impl FnOnce(Snapshot, Reply<T>) + Send + 'static,
    ) {
        let traits = self.client.traits();
        let Some(document) = self
            .documents
            .get_mut(uri)
            .filter(|document| document.is_spec)
        else {
            return reply.send(Ok(T::default()));
        };
        let (uri, path) = (document.uri.clone(), document.path());
        document.when_ready(Box::new(move |parsed, version| {
            let snapshot = Snapshot {
                uri,
                path,
                version,
                parsed: parsed.clone(),
                findings: Arc::default(),
                context: Arc::default(),
                traits,
                model: OnceLock::new(),
            };
            then(snapshot, reply);
        }));
    }

    /// As [`State::query`], with the findings of that text.
    pub fn query_checked<T: Default + Send + 'static>(
        &mut self,
        uri: &Url,
        reply: Reply<T>,
        query: impl FnOnce(&Snapshot) -> T + Send + 'static,
    ) {
        let traits = self.client.traits();
        let Some(document) = self.documents.get(uri).filter(|document| document.is_spec) else {
            return reply.send(Ok(T::default()));
        };
        let path = document.path();
        let asked = uri.clone();
        self.when_checked(
            uri,
            Box::new(move |checked| {
                let snapshot = Snapshot {
                    uri: asked,
                    path,
                    version: checked.version,
                    parsed: checked.parsed.clone(),
                    findings: checked.findings.clone(),
                    context: checked.context.clone(),
                    traits,
                    model: OnceLock::new(),
                };
                answer(snapshot, reply, |snapshot| Ok(query(snapshot)));
            }),
        );
    }
}

fn answer<T: Send + 'static>(
    snapshot: Snapshot,
    reply: Reply<T>,
    query: impl FnOnce(&Snapshot) -> Result<T, Error> + Send + 'static,
) {
    tokio::task::spawn_blocking(move || answer_here(&snapshot, reply, query));
}

fn answer_here<T>(
    snapshot: &Snapshot,
    reply: Reply<T>,
    query: impl FnOnce(&Snapshot) -> Result<T, Error>,
) {
    if reply.is_cancelled() {
        return;
    }
    // A defect in one feature must not leave the client without an answer.
    let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| query(snapshot)));
    reply.send(answer.unwrap_or_else(|_| Err(Error::internal_error())));
}
