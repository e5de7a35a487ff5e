//! The specs that a turn changes: noticed while it runs, each whole and valid change brought to the editor at once.
//!
//! A task of its own looks at the files, so that an editor that answers slowly holds up neither the stream nor a
//! cancel. It looks when the system says that a spec was replaced, when a tool has ended, and, because a watch can miss
//! things (network drives, links), every [`WHILE_BUSY`] while a tool that can write is at work.
//!
//! A change counts as Claude's only when a tool of his can have made it: `Edit` and `Write` name their file, and what is
//! there when they end is theirs; any other tool but a reading one (a shell above all) can write anywhere, and leave
//! something running that writes later. What the user saves is never Claude's. All else is somebody else's: it comes to
//! the editor, too, without being told as Claude's.

mod author;
mod bringer;
mod content;
mod known;

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use self::{
    author::{FINISHED, until},
    bringer::{Bringer, Told},
    content::{Claimed, Content, Spec, real},
    known::{Known, come_since, needs_text},
};
use super::{
    host::{Author, Host, SpecChange},
    store::{Store, TextRole},
    turn::Outlet,
    types::{Applied, Introduced, SpecUpdate},
    watch::Following,
};
use crate::study::{Root, Stamp};

pub(super) use content::is_spec;

/// How often files are looked at while a tool that can write is at work.
const WHILE_BUSY: Duration = Duration::from_millis(100);

/// How often afterwards, for what it may have left running in the background.
const AFTERWARDS: Duration = Duration::from_millis(200);

/// Texts of specs beyond the study's own and the open one are kept only up to this many bytes together; of the others
/// only the MD5 is remembered.
const OTHERS_BYTES: u64 = 32 << 20;

/// How long a turn that was cancelled, or whose time is up, waits for the editor to take what it changed.
const PATIENCE: Duration = Duration::from_millis(500);

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
    /// Held while a change of this session is brought to the editor.
    pub road: Arc<tokio::sync::Mutex<()>>,
}

enum Note {
    Begun {
        tool: String,
        file: Option<PathBuf>,
        /// Of the files that it can change, just before it began.
        stamps: Vec<(PathBuf, Option<Stamp>)>,
        /// Specs as they were then, of which that was not known.
        met: Vec<Spec>,
    },
    Ended {
        tool: String,
    },
}

/// What a turn did to specs.
#[derive(Default)]
pub(super) struct Changes {
    pub updates: Vec<SpecUpdate>,
    pub introduced: Vec<Introduced>,
}

/// The task's end that the turn holds.
pub(super) struct SpecKeeper {
    root: Root,
    notes: mpsc::UnboundedSender<Note>,
    /// Specs that were there when the turn began.
    known: Arc<Vec<Known>>,
    told: Arc<Told>,
    task: JoinHandle<Vec<Introduced>>,
}

impl SpecKeeper {
    /// Reads every spec as it is now, and begins to look.
    pub(super) async fn start(scope: Scope, means: Means) -> Self {
        let (notes, inbox) = mpsc::unbounded_channel();
        let root = scope.root.clone();
        let open = means.host.open_specs().await;
        let told = Told::new(means.host.clone(), means.outlet.clone());
        let bringer = Bringer::start(told.clone(), means.road.clone());
        let mut look = Look {
            scope,
            means,
            told: told.clone(),
            bringer,
            specs: BTreeMap::new(),
            all_known: false,
            anywhere: false,
        };
        let look = tokio::task::spawn_blocking(move || {
            look.remember_all(open);
            for spec in look.specs.values() {
                look.follow(spec);
            }
            look
        });
        let (known, task) = match look.await {
            Ok(look) => {
                let known = look.specs.values().map(|spec| Known {
                    path: spec.path.clone(),
                    kept: !matches!(spec.base, Content::Unkept(_)),
                });
                (known.collect(), tokio::spawn(look.run(inbox)))
            }
            Err(_) => (Vec::new(), tokio::spawn(async { Vec::new() })),
        };
        Self {
            root,
            notes,
            known: Arc::new(known),
            told,
            task,
        }
    }

    /// A tool that can write is about to begin: `Edit` and the like name their file, any other may write anywhere.
    /// What has changed until now is not its doing.
    pub(super) async fn begins(&self, tool: &str, file: Option<PathBuf>) {
        let (known, root, named) = (self.known.clone(), self.root.clone(), file.clone());
        let look = tokio::task::spawn_blocking(move || match named {
            Some(path) => {
                let met = needs_text(&known, &path).then(|| Spec::now(path.clone()));
                (
                    vec![(path.clone(), Stamp::at(&path))],
                    met.into_iter().collect(),
                )
            }
            None => {
                let stamps = known
                    .iter()
                    .map(|known| (known.path.clone(), Stamp::at(&known.path)))
                    .collect();
                (stamps, come_since(&known, &root))
            }
        });
        let (stamps, met) = look.await.unwrap_or_default();
        let _ = self.notes.send(Note::Begun {
            tool: tool.to_owned(),
            file,
            stamps,
            met,
        });
    }

    /// The same for a tool that was not asked for: it may have begun already.
    pub(super) fn began(&self, tool: &str, file: Option<PathBuf>) {
        let met = file
            .clone()
            .filter(|path| is_spec(path) && self.known.iter().all(|known| known.path != *path))
            // A study's spec would be known, had it been there.
            .map(|path| match self.root.study_of(&path) {
                Some(_) => Spec::missing(path),
                None => Spec::unknown(path),
            });
        let _ = self.notes.send(Note::Begun {
            tool: tool.to_owned(),
            file,
            stamps: Vec::new(),
            met: met.into_iter().collect(),
        });
    }

    /// It has ended.
    pub(super) fn ended(&self, tool: &str) {
        let _ = self.notes.send(Note::Ended {
            tool: tool.to_owned(),
        });
    }

    /// Looks a last time, and tells of all changes, those that were brought to the editor earlier included. A turn
    /// that was ended by force (`forced`, or `cancel` meanwhile) does not wait for an editor that does not answer:
    /// what it has not taken within [`PATIENCE`] is told as rejected, and stays on its way.
    pub(super) async fn finish(self, cancel: &CancellationToken, forced: bool) -> Changes {
        drop(self.notes);
        let impatient = async {
            if !forced {
                cancel.cancelled().await;
            }
            tokio::time::sleep(PATIENCE).await;
        };
        let introduced = tokio::select! {
            introduced = self.task => introduced.unwrap_or_default(),
            () = impatient => Vec::new(),
        };
        Changes {
            updates: self.told.close(),
            introduced,
        }
    }
}

struct Look {
    scope: Scope,
    means: Means,
    told: Arc<Told>,
    bringer: Bringer,
    /// By real path.
    specs: BTreeMap<PathBuf, Spec>,
    /// The studies could be listed when the turn began: one that is not among `specs` is new.
    all_known: bool,
    /// A tool has run that can write anywhere.
    anywhere: bool,
}

impl Look {
    /// What the turn introduced, once all that it changed has been brought to the editor.
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Note>) -> Vec<Introduced> {
        let mut at_work: HashSet<String> = HashSet::new();
        loop {
            let busy = !at_work.is_empty();
            let pause = if busy { WHILE_BUSY } else { AFTERWARDS };
            let half = self.specs.values().any(|spec| spec.half_since().is_some());
            let watching = busy || self.anywhere || half;
            let others_due = self.others_due();
            tokio::select! {
                // What Claude does is known before what the system says of it is judged.
                biased;
                note = inbox.recv() => match note {
                    Some(Note::Begun { tool, file, stamps, met }) => {
                        met.into_iter().for_each(|spec| self.meet(spec));
                        self.begun(&tool, file, &stamps).await;
                        at_work.insert(tool);
                    }
                    Some(Note::Ended { tool }) => {
                        at_work.remove(&tool);
                        self.ended(&tool).await;
                        self.look(false).await;
                    }
                    None => break,
                },
                () = changed(&mut self.means.following) => self.look(false).await,
                () = until(others_due) => self.bring_others(false).await,
                () = self.told.arrival() => self.look(false).await,
                () = tokio::time::sleep(pause), if watching => self.look(false).await,
            }
        }
        self.look(true).await;
        self.bring_others(true).await;
        let introduced = self.introduced().await;
        self.bringer.finish().await;
        introduced
    }

    fn follow(&self, spec: &Spec) {
        if let Some(following) = &self.means.following {
            following.add(&spec.path, spec.base.hash());
        }
    }

    /// A spec as it was just before a tool began.
    fn meet(&mut self, spec: Spec) {
        let real = real(&spec.path);
        match self.specs.get_mut(&real) {
            // Its text comes late, but it is the one of the beginning.
            Some(found) if found.start.is_none() && found.base.is(&spec.base) => {
                found.base = spec.base;
            }
            Some(_) => {}
            // A shell of Claude's may have made it by then.
            None if self.anywhere
                && self.all_known
                && self.scope.root.study_of(&real).is_some() => {}
            None => {
                self.follow(&spec);
                self.specs.insert(real, spec);
            }
        }
    }

    async fn introduced(&self) -> Vec<Introduced> {
        let mut introduced = Vec::new();
        for spec in self.specs.values() {
            if let (Some(start), Some(now)) = (&spec.start, spec.base.text())
                && !matches!(start, Content::Unkept(_))
            {
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

    async fn read(&self, real: &Path) -> Option<(Option<Stamp>, Content)> {
        let path = self.specs.get(real)?.path.clone();
        tokio::task::spawn_blocking(move || (Stamp::at(&path), Content::read(&path)))
            .await
            .ok()
    }

    /// `open`: what the editor shows, of this root or of none.
    fn remember_all(&mut self, open: Vec<PathBuf>) {
        let mut left = OTHERS_BYTES;
        let here = |path: &PathBuf| {
            Root::find(path).map_or(true, |root| root.path() == self.scope.root.path())
        };
        let open: Vec<PathBuf> = open.into_iter().filter(here).collect();
        for path in std::mem::take(&mut self.scope.own).into_iter().chain(open) {
            self.specs
                .entry(real(&path))
                .or_insert_with(|| Spec::now(path));
        }
        let studies = self.scope.root.studies();
        self.all_known = studies.is_ok();
        for study in studies.unwrap_or_default() {
            self.specs.entry(real(&study.spec)).or_insert_with(|| {
                let size = std::fs::metadata(&study.spec).map_or(0, |metadata| metadata.len());
                match left.checked_sub(size) {
                    Some(rest) => {
                        left = rest;
                        Spec::now(study.spec)
                    }
                    None => Spec::unkept(study.spec),
                }
            });
        }
    }

    /// Brings what has changed to the editor; at the end also what is no JSON, or gone.
    async fn look(&mut self, last: bool) {
        if self.anywhere && self.all_known {
            self.find_new_ones().await;
        }
        let all: Vec<PathBuf> = self.specs.keys().cloned().collect();
        for real in all {
            self.look_at(&real, last).await;
            if last {
                // What was about to become whole, and did not.
                self.bring_claimed(&real, true).await;
            }
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
        let under_way = !last && self.told.is_under_way(real);
        let also_half = last && !self.is_whole_now(real).await;
        if !under_way && self.bring_claimed(real, also_half).await && !last {
            return;
        }
        let Some(spec) = self.specs.get_mut(real) else {
            return;
        };
        let claudes = self.anywhere || !spec.writers.is_empty();
        // What Claude writes while his last change waits for the editor comes with the next one, all together.
        if under_way && claudes {
            return;
        }
        if Stamp::at(&spec.path) == spec.stamp && !(last && claudes) {
            return;
        }
        self.heed_save(real).await;
        let Some((stamp, content)) = self.read(real).await else {
            return;
        };
        let Some(spec) = self.specs.get_mut(real) else {
            return;
        };
        // Claude may go on with what he left half done before anything is heard of it.
        let half_since = spec.half_since().filter(|_| !claudes && !last);
        if half_since.is_some_and(|since| since.elapsed() < FINISHED) {
            return;
        }
        spec.stamp = stamp;
        let is_claimed = |claimed: &Claimed| content.is(&claimed.after);
        if content.is(&spec.before()) || spec.claimed.as_ref().is_some_and(is_claimed) {
            return;
        }
        self.settle_unfinished(real).await;
        let is_half = content.document().is_none();
        // Half written or just being replaced: waited for, and told of at the end.
        if is_half && !(last && claudes) {
            // Unless the user saved it so: what Claude makes of it then is no more than that.
            if self.is_saved(real, &content, stamp).await {
                self.notice(real, content).await;
            } else if matches!(content, Content::Text(_))
                && let Some(spec) = self.specs.get_mut(real)
            {
                // Kept for when it does not become whole.
                match claudes {
                    true => spec.claimed = Some(spec.claim(content)),
                    false => spec.unfinished = Some((content, Instant::now())),
                }
            }
            return;
        }
        if claudes && !self.is_saved(real, &content, stamp).await {
            self.settle_others(real).await;
            let Some(spec) = self.specs.get_mut(real) else {
                return;
            };
            // What a tool left half done is whole now.
            let claimed = spec.claim(content);
            return self.bring(real, claimed).await;
        }
        self.notice(real, content).await;
    }

    /// A change of Claude's.
    fn change(
        &self,
        spec: &Spec,
        base: &Content,
        theirs: impl Into<Option<Arc<str>>>,
        read_at: SystemTime,
    ) -> SpecChange {
        SpecChange {
            session_id: self.scope.session_id.clone(),
            turn_id: self.scope.turn_id.clone(),
            label: self.scope.label.clone(),
            path: spec.path.clone(),
            base: base.text(),
            theirs: theirs.into(),
            read_at,
            author: Author::Claude,
        }
    }

    /// Brings a change of Claude's to the editor: of the file as it was before, to what it is now.
    async fn bring(&mut self, real: &Path, claimed: Claimed) {
        let Claimed {
            before,
            after: content,
            read_at,
            ..
        } = claimed;
        let document = content.document();
        let Some(spec) = self.specs.get_mut(real) else {
            return;
        };
        let (path, base) = (spec.path.clone(), spec.base.clone());
        spec.start.get_or_insert_with(|| base.clone());
        spec.base = content.clone();
        if spec.by_others.as_ref() == Some(&before) {
            spec.by_others = None;
        }
        self.keep(&path, &before, &content).await;
        let update = SpecUpdate {
            uri: url::Url::from_file_path(&path)
                .map(String::from)
                .unwrap_or_default(),
            study_id: self.scope.root.study_of(&path).map(|id| id.to_string()),
            hash_before: base.hash(),
            hash_after: content.hash(),
            valid: document.is_some(),
            applied: Applied::Rejected,
            spec: document,
        };
        let Some(spec) = self.specs.get(real) else {
            return;
        };
        let change = (update.valid || content == Content::Missing)
            .then(|| self.change(spec, &base, content.text(), read_at));
        self.bringer.bring(real.to_owned(), update, change);
    }

    /// Stores both texts, so that nothing is lost and the turn can be shown and reverted. Of a base whose text is not kept
    /// nothing is stored: no text means that there was no file.
    async fn keep(&self, path: &Path, base: &Content, theirs: &Content) {
        let (store, turn, path) = (
            self.means.store.clone(),
            self.scope.turn_id.clone(),
            path.to_owned(),
        );
        let base = (!matches!(base, Content::Unkept(_))).then(|| base.text());
        let theirs = theirs.text();
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
