//! The specs that a turn changes: noticed while it runs, each whole and valid change brought to the editor at once.
//!
//! A task of its own looks at the files, so that an editor that answers slowly holds up neither the stream nor a
//! cancel. It looks when the system says that a spec was replaced, when a tool has ended, and, because a watch can miss
//! things (network drives, links), every [`WHILE_BUSY`] while a tool that can write is at work.
//!
//! A change counts as Claude's only after a tool of his that can have made it: `Edit` and `Write` name their file; any
//! other tool but a reading one (a shell above all) can write anywhere.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    host::{Host, SpecChange},
    store::{Store, TextRole},
    turn::Outlet,
    types::{Applied, Introduced, SpecUpdate, TurnEvent},
    watch::Following,
};
use crate::study::{self, Root, StudyError};

/// How often files are looked at while a tool that can write is at work.
const WHILE_BUSY: Duration = Duration::from_millis(100);

/// How often afterwards, for what it may have left running in the background.
const AFTERWARDS: Duration = Duration::from_millis(200);

/// Specs beyond the study's own and the open one are remembered as they were only up to this many bytes together.
const OTHERS_BYTES: u64 = 32 << 20;

/// What a turn is about, as far as specs are concerned.
pub(super) struct Scope {
    pub session_id: String,
    pub turn_id: String,
    pub label: String,
    pub root: Root,
    /// The study's own spec and the open one.
    pub own: Vec<PathBuf>,
}

/// What the task needs of others.
pub(super) struct Means {
    pub host: Arc<dyn Host>,
    pub store: Arc<Store>,
    pub outlet: Arc<Outlet>,
    /// Where the system tells of changes.
    pub following: Option<Following>,
}

enum Note {
    Begun {
        file: Option<PathBuf>,
        /// Of the files that it can change, just before it began.
        stamps: Vec<(PathBuf, Stamp)>,
        /// The named file as it was then, where it was not known.
        unknown: Option<Box<Spec>>,
    },
    Ended,
}

/// Time of the last change, and size; `None`: no file.
type Stamp = Option<(SystemTime, u64)>;

/// What a turn did to specs.
#[derive(Default)]
pub(super) struct Changes {
    pub updates: Vec<SpecUpdate>,
    pub introduced: Vec<Introduced>,
}

/// The task's end that the turn holds.
pub(super) struct SpecKeeper {
    notes: mpsc::UnboundedSender<Note>,
    known: Vec<PathBuf>,
    task: JoinHandle<Changes>,
}

impl SpecKeeper {
    /// Reads every spec as it is now, and begins to look.
    pub(super) async fn start(scope: Scope, means: Means) -> Self {
        let (notes, inbox) = mpsc::unbounded_channel();
        let look = tokio::task::spawn_blocking(move || {
            let mut look = Look {
                scope,
                means,
                specs: BTreeMap::new(),
                anywhere: false,
                updates: Vec::new(),
            };
            look.remember_all();
            for spec in look.specs.values() {
                look.follow(spec);
            }
            look
        });
        let (known, task) = match look.await {
            Ok(look) => {
                let known = look.specs.values().map(|spec| spec.path.clone()).collect();
                (known, tokio::spawn(look.run(inbox)))
            }
            Err(_) => (Vec::new(), tokio::spawn(async { Changes::default() })),
        };
        Self { notes, known, task }
    }

    /// A tool that can write is about to begin: `Edit` and the like name their file, any other may write anywhere.
    /// What has changed until now is not its doing.
    pub(super) fn begins(&self, file: Option<PathBuf>) {
        let files = file
            .as_ref()
            .map_or(self.known.as_slice(), std::slice::from_ref);
        let stamps = files
            .iter()
            .map(|path| (path.clone(), stamp(path)))
            .collect();
        let unknown = self
            .unknown(file.as_deref())
            .map(|path| Box::new(Spec::now(path)));
        let _ = self.notes.send(Note::Begun {
            file,
            stamps,
            unknown,
        });
    }

    /// The same for a tool that was not asked for: it may have begun already.
    pub(super) fn began(&self, file: Option<PathBuf>) {
        let unknown = self
            .unknown(file.as_deref())
            .map(|path| Box::new(Spec::missing(path)));
        let _ = self.notes.send(Note::Begun {
            file,
            stamps: Vec::new(),
            unknown,
        });
    }

    /// The file, where it is a spec that was not there when the turn began.
    fn unknown(&self, file: Option<&Path>) -> Option<PathBuf> {
        file.filter(|path| is_spec(path) && !self.known.iter().any(|known| known == path))
            .map(Path::to_owned)
    }

    /// It has ended.
    pub(super) fn ended(&self) {
        let _ = self.notes.send(Note::Ended);
    }

    /// Looks a last time, and tells of all changes, those that were brought to the editor earlier included.
    pub(super) async fn finish(self) -> Changes {
        drop(self.notes);
        self.task.await.unwrap_or_default()
    }
}

/// A file's content.
#[derive(Debug, Clone, PartialEq)]
enum Content {
    Missing,
    Text(Arc<str>),
    /// No UTF-8, too large, or not readable; MD5 of its bytes where they can be read.
    Other(Option<String>),
}

struct Spec {
    /// As the editor or Claude names it.
    path: PathBuf,
    /// When the turn began, then as it was last brought to the editor.
    base: Content,
    /// When the turn began, once it has changed since; it is stored then.
    start: Option<Content>,
    /// Claude can have changed it.
    touched: bool,
    /// Of the last look.
    stamp: Stamp,
    /// As somebody else left it before Claude could have changed it.
    by_others: Option<Content>,
}

struct Look {
    scope: Scope,
    means: Means,
    /// By real path.
    specs: BTreeMap<PathBuf, Spec>,
    /// A tool has run that can write anywhere.
    anywhere: bool,
    updates: Vec<SpecUpdate>,
}

impl Look {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Note>) -> Changes {
        let mut at_work = 0_usize;
        loop {
            let pause = if at_work > 0 { WHILE_BUSY } else { AFTERWARDS };
            let watching = at_work > 0 || self.anywhere;
            tokio::select! {
                note = inbox.recv() => match note {
                    Some(Note::Begun { file, stamps, unknown }) => {
                        at_work += 1;
                        if let Some(spec) = unknown {
                            self.follow(&spec);
                            self.specs.entry(real(&spec.path)).or_insert(*spec);
                        }
                        self.begun(file, &stamps);
                    }
                    Some(Note::Ended) => {
                        at_work = at_work.saturating_sub(1);
                        self.look(false).await;
                    }
                    None => break,
                },
                () = changed(&mut self.means.following), if watching => self.look(false).await,
                () = tokio::time::sleep(pause), if watching => self.look(false).await,
            }
        }
        self.look(true).await;
        let introduced = self.introduced().await;
        Changes {
            updates: self.updates,
            introduced,
        }
    }

    fn follow(&self, spec: &Spec) {
        if let Some(following) = &self.means.following {
            following.add(&spec.path, spec.base.hash());
        }
    }

    async fn introduced(&self) -> Vec<Introduced> {
        let mut introduced = Vec::new();
        for spec in self.specs.values() {
            if let (Some(start), Some(now)) = (&spec.start, spec.base.text()) {
                let found = self
                    .means
                    .host
                    .introduced(spec.path.clone(), start.text(), now)
                    .await;
                introduced.extend(found);
            }
        }
        introduced
    }

    fn begun(&mut self, file: Option<PathBuf>, stamps: &[(PathBuf, Stamp)]) {
        for (path, stamp_then) in stamps {
            let Some(spec) = self.specs.get_mut(&real(path)) else {
                continue;
            };
            let untouched = !spec.touched && !self.anywhere;
            // When it has changed again since, the two cannot be told apart.
            if untouched && *stamp_then != spec.stamp && stamp(path) == *stamp_then {
                spec.by_others = Some(Content::read(path));
                spec.stamp = *stamp_then;
            }
        }
        match file {
            None => self.anywhere = true,
            Some(path) => {
                if let Some(spec) = self.specs.get_mut(&real(&path)) {
                    spec.touched = true;
                }
            }
        }
    }

    fn remember_all(&mut self) {
        for path in std::mem::take(&mut self.scope.own) {
            self.specs
                .entry(real(&path))
                .or_insert_with(|| Spec::now(path));
        }
        let mut left = OTHERS_BYTES;
        for study in self.scope.root.studies().unwrap_or_default() {
            let size = std::fs::metadata(&study.spec).map_or(0, |metadata| metadata.len());
            if let Some(rest) = left.checked_sub(size) {
                left = rest;
                self.specs
                    .entry(real(&study.spec))
                    .or_insert_with(|| Spec::now(study.spec));
            }
        }
    }

    /// Brings what has changed to the editor; at the end also what is no JSON, or gone.
    async fn look(&mut self, last: bool) {
        if self.anywhere {
            self.find_new_ones().await;
        }
        let suspects: Vec<PathBuf> = self
            .specs
            .iter()
            .filter(|(_, spec)| spec.touched || self.anywhere)
            .map(|(real, _)| real.clone())
            .collect();
        for real in suspects {
            self.look_at(&real, last).await;
        }
    }

    /// Studies that came into being during the turn: a spec that was not there.
    async fn find_new_ones(&mut self) {
        let root = self.scope.root.clone();
        let studies = tokio::task::spawn_blocking(move || root.studies().unwrap_or_default())
            .await
            .unwrap_or_default();
        for study in studies {
            self.specs
                .entry(real(&study.spec))
                .or_insert_with(|| Spec::missing(study.spec));
        }
    }

    async fn look_at(&mut self, real: &Path, last: bool) {
        let Some(spec) = self.specs.get_mut(real) else {
            return;
        };
        let stamp = stamp(&spec.path);
        if stamp == spec.stamp && !last {
            return;
        }
        let path = spec.path.clone();
        let read = move || Content::read(&path);
        let Ok(content) = tokio::task::spawn_blocking(read).await else {
            return;
        };
        spec.stamp = stamp;
        if content == spec.base || Some(&content) == spec.by_others.as_ref() {
            return;
        }
        let document = content.document();
        // Half written or just being replaced: waited for, and told of at the end.
        if document.is_none() && !last {
            return;
        }
        self.bring(real, content, document).await;
    }

    async fn bring(&mut self, real: &Path, content: Content, document: Option<Value>) {
        let Some(spec) = self.specs.get_mut(real) else {
            return;
        };
        let (path, base) = (spec.path.clone(), spec.base.clone());
        let first = spec.start.is_none();
        spec.start.get_or_insert_with(|| base.clone());
        spec.base = content.clone();
        self.keep(&path, first.then_some(&base), &content).await;
        let applied = if document.is_some() || content == Content::Missing {
            let change = SpecChange {
                session_id: self.scope.session_id.clone(),
                turn_id: self.scope.turn_id.clone(),
                label: self.scope.label.clone(),
                path: path.clone(),
                base: base.text(),
                theirs: content.text(),
            };
            self.means.host.deliver(change).await
        } else {
            Applied::Invalid
        };
        let update = SpecUpdate {
            uri: url::Url::from_file_path(&path)
                .map(String::from)
                .unwrap_or_default(),
            study_id: self.scope.root.study_of(&path).map(|id| id.to_string()),
            hash_before: base.hash(),
            hash_after: content.hash(),
            valid: document.is_some(),
            spec: document,
            applied,
        };
        self.means
            .outlet
            .send(TurnEvent::SpecUpdated(update.clone()));
        self.means.host.spec_updated(&update);
        self.updates.push(SpecUpdate {
            spec: None,
            ..update
        });
    }

    /// Stores both texts, so that nothing is lost and the turn can be shown and reverted.
    async fn keep(&self, path: &Path, base: Option<&Content>, theirs: &Content) {
        let (store, turn, path) = (
            self.means.store.clone(),
            self.scope.turn_id.clone(),
            path.to_owned(),
        );
        let (base, theirs) = (base.map(Content::text), theirs.text());
        let stored = tokio::task::spawn_blocking(move || {
            if let Some(base) = base {
                store.keep_text(&turn, &path, TextRole::Base, base.as_deref())?;
            }
            store.keep_text(&turn, &path, TextRole::Theirs, theirs.as_deref())
        });
        if let Ok(Err(error)) = stored.await {
            self.means
                .host
                .warn(format!("This turn cannot be reverted: {error}"));
        }
    }
}

impl Spec {
    fn missing(path: PathBuf) -> Self {
        Self {
            path,
            base: Content::Missing,
            start: None,
            touched: false,
            stamp: None,
            by_others: None,
        }
    }

    /// As it is now.
    fn now(path: PathBuf) -> Self {
        Self {
            stamp: stamp(&path),
            base: Content::read(&path),
            ..Self::missing(path)
        }
    }
}

impl Content {
    fn read(path: &Path) -> Self {
        match study::read_spec(path) {
            Ok(file) => Self::Text(file.text),
            Err(StudyError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Self::Missing
            }
            Err(StudyError::NotUtf8 { .. }) => {
                Self::Other(std::fs::read(path).ok().map(|bytes| study::md5_hex(&bytes)))
            }
            Err(_) => Self::Other(None),
        }
    }

    fn text(&self) -> Option<Arc<str>> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Missing | Self::Other(_) => None,
        }
    }

    /// The document, where it is JSON.
    fn document(&self) -> Option<Value> {
        match self {
            Self::Text(text) => {
                serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()
            }
            Self::Missing | Self::Other(_) => None,
        }
    }

    /// MD5 of its bytes.
    fn hash(&self) -> Option<String> {
        match self {
            Self::Missing => None,
            Self::Text(text) => Some(study::md5_hex(text.as_bytes())),
            Self::Other(hash) => hash.clone(),
        }
    }
}

/// The system says that a spec changed. Never, where it cannot say.
async fn changed(following: &mut Option<Following>) {
    if let Some(followed) = following
        && followed.next().await.is_some()
    {
        return;
    }
    *following = None;
    std::future::pending().await
}

fn is_spec(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name == study::SPEC_FILE)
}

/// One file has one real path, however it is named.
fn real(path: &Path) -> PathBuf {
    let in_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize()
        .ok()
        .or_else(in_folder)
        .unwrap_or_else(|| path.to_owned())
}

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
