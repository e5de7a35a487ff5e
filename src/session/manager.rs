//! All conversations of one Atomizer root.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    conduct::{self, Announced, Conduct},
    config::SessionConfig,
    error::SessionError,
    host::{EventSink, Host},
    id, lease,
    live::Live,
    memory::warm,
    queue::Queue,
    slash,
    store::{self, Store, StoreError, StoredSession, TextChange},
    tend,
    turn::Outlet,
    types::{ChatRequest, Message, Mode, Role, SessionInfo, TurnResult},
    watch::{Following, SpecWatcher},
};
use crate::study::{Root, StudyError, StudyId};

/// Messages that `session/history` gives when it is not told how many.
const HISTORY: usize = 100;

/// How long turns may take to end at shutdown.
const LAST_WORDS: Duration = Duration::from_millis(2500);

/// What `session/create` is given.
#[derive(Debug, Clone, Default)]
pub struct CreateRequest {
    /// `None`: as stored, else `user`.
    pub mode: Option<Mode>,
    /// The study to talk about.
    pub study_id: Option<String>,
    /// Brings this conversation back, or creates one under this id.
    pub resume_session_id: Option<String>,
    /// Start the program now: the chat has become visible, a first message is likely.
    pub warm: bool,
}

/// One spec as it was before and after a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnSpec {
    /// The file.
    pub path: PathBuf,
    /// Its text when the turn began; `None`: there was no file, or its text was not kept.
    pub before: Option<Arc<str>>,
    /// What was there when the turn began is known.
    pub before_kept: bool,
    /// Its text when the turn ended; `None`: there was no file.
    pub after: Option<Arc<str>>,
    /// What the turn made of it, change by change, in their order.
    pub changes: Vec<TextChange>,
    /// The last text that there was of it, as the turn knows, with what others made of it.
    pub rest: Option<Arc<str>>,
}

/// The conversations of one root, their store and their claude programs.
pub struct SessionManager {
    root: Root,
    host: Arc<dyn Host>,
    store: Arc<Store>,
    config: RwLock<Arc<SessionConfig>>,
    queue: Arc<Queue>,
    sessions: Mutex<HashMap<String, Arc<Live>>>,
    turns: TaskTracker,
    closing: CancellationToken,
    watcher: OnceLock<Option<SpecWatcher>>,
}

/// Cancels a turn that nobody waits for any more, and sees to it that no event comes after that.
struct Abandon {
    outlet: Arc<Outlet>,
    cancel: CancellationToken,
    armed: bool,
}

impl Drop for Abandon {
    fn drop(&mut self) {
        if self.armed {
            self.outlet.close();
            self.cancel.cancel();
        }
    }
}

impl SessionManager {
    /// Opens the store, marks what a crash left behind as interrupted, and starts the clean-up.
    pub async fn open(
        config: SessionConfig,
        root: Root,
        host: Arc<dyn Host>,
    ) -> Result<Arc<Self>, SessionError> {
        let turns = Queue::new(config.claude.max_concurrent_turns);
        Self::open_in_line(config, root, host, turns).await
    }

    /// As [`Self::open`], with a line of turns that other roots' conversations wait in, too.
    pub async fn open_in_line(
        config: SessionConfig,
        root: Root,
        host: Arc<dyn Host>,
        turns: Arc<Queue>,
    ) -> Result<Arc<Self>, SessionError> {
        let default = root.atomizer_folder().join("atomizer.db");
        let path = match &config.storage_path {
            Some(path) => root.path().join(path),
            None => default,
        };
        let scope = scope(&root, &path);
        let store = blocking(move || Store::open_for(&path, scope)).await?;
        let manager = Arc::new(Self {
            root,
            host,
            store: Arc::new(store),
            queue: turns,
            config: RwLock::new(Arc::new(config)),
            sessions: Mutex::default(),
            turns: TaskTracker::new(),
            closing: CancellationToken::new(),
            watcher: OnceLock::new(),
        });
        tokio::spawn(tend::tend(
            Arc::downgrade(&manager),
            manager.closing.clone(),
        ));
        Ok(manager)
    }

    /// Follows specs on disk, where a thread can be had for that; the first turn starts it.
    pub(super) fn follow_specs(&self) -> Option<Following> {
        let started = self.watcher.get_or_init(|| {
            SpecWatcher::start()
                .inspect_err(
                    |error| tracing::warn!(%error, "specs are looked at only now and then"),
                )
                .ok()
        });
        started.as_ref().map(SpecWatcher::follow)
    }

    /// The root whose conversations these are.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// One turn: sends a message and streams the answer to `sink`. Once the turn has started its outcome is `Ok`,
    /// whatever happened. `cancel` ends the turn, which then answers with status `cancelled`; dropping the future
    /// ends it, too, and no event comes after that.
    pub async fn chat(
        self: &Arc<Self>,
        request: ChatRequest,
        sink: Arc<dyn EventSink>,
        cancel: CancellationToken,
    ) -> Result<TurnResult, SessionError> {
        conduct::check(&request)?;
        if self.is_closing() {
            return Err(SessionError::Cancelled);
        }
        let outlet = Outlet::new(sink);
        let cancel = cancel.child_token();
        let mut abandon = Abandon {
            outlet: outlet.clone(),
            cancel: cancel.clone(),
            armed: true,
        };
        let manager = self.clone();
        // A task of its own: a dropped request must not leave a turn half done.
        let turn = self.turns.spawn(async move {
            let announced = Announced::new(outlet);
            let turn = async {
                if slash::is_local(&request.message) {
                    return conduct::answer_aside(&manager, request, &announced).await;
                }
                let conduct = Conduct::begin(manager, request, announced.clone(), cancel).await?;
                conduct.run().await
            };
            let result = turn.await;
            announced.settle(result)
        });
        let result = turn.await;
        abandon.armed = false;
        result.unwrap_or_else(|error| {
            Err(SessionError::ClaudeFailed(format!(
                "the turn broke off: {error}"
            )))
        })
    }

    /// Makes a conversation or brings one back.
    pub async fn create(
        self: &Arc<Self>,
        request: CreateRequest,
    ) -> Result<SessionInfo, SessionError> {
        let study = self.check_study(request.study_id.as_deref())?;
        let found = match &request.resume_session_id {
            Some(id) => {
                id::check_session_id("resumeSessionId", id)?;
                match self.find(id).await {
                    Err(SessionError::SessionNotFound(_)) => None,
                    found => Some(found?),
                }
            }
            None => None,
        };
        let live = match found {
            Some(live) => self.resume(live, request.mode, study).await?,
            None => {
                let (id, mode) = (
                    request.resume_session_id.as_deref(),
                    request.mode.unwrap_or_default(),
                );
                match (self.make(id, mode, study.as_deref()).await, id) {
                    (Ok(live), _) => live,
                    // Somebody has made it a moment ago.
                    (Err(refusal), Some(id)) => match self.find(id).await {
                        Ok(live) => self.resume(live, request.mode, study).await?,
                        Err(_) => return Err(refusal),
                    },
                    (Err(refusal), None) => return Err(refusal),
                }
            }
        };
        if request.warm {
            self.turns.spawn(warm(self.clone(), live.clone()));
        }
        self.announce(&live.id).await;
        self.info(&live.id).await
    }

    async fn resume(
        &self,
        live: Arc<Live>,
        mode: Option<Mode>,
        study: Option<String>,
    ) -> Result<Arc<Live>, SessionError> {
        self.settle(&live, mode, study.map(Some)).await?;
        let id = live.id.clone();
        self.store(move |store| store.touch(&id)).await?;
        Ok(live)
    }

    /// All stored conversations, or those about a study; last active first.
    pub async fn list(
        &self,
        study_id: Option<String>,
        limit: Option<usize>,
    ) -> Result<Vec<SessionInfo>, SessionError> {
        let wrong = |error: StudyError| SessionError::InvalidStudyId(error.to_string());
        let study = study_id
            .map(|id| StudyId::parse(&id).map_err(wrong))
            .transpose()?;
        let study = study.map(|id| id.to_string());
        let stored = self
            .store(move |store| store.sessions(study.as_deref(), limit))
            .await?;
        Ok(stored
            .into_iter()
            .map(|session| self.describe(session))
            .collect())
    }

    /// One conversation.
    pub async fn info(&self, session_id: &str) -> Result<SessionInfo, SessionError> {
        let stored = self.stored(session_id).await?;
        Ok(self.describe(stored))
    }

    /// The newest `limit` (default 100) messages before the message `before`, oldest first.
    pub async fn history(
        &self,
        session_id: &str,
        limit: Option<usize>,
        before: Option<i64>,
    ) -> Result<Vec<Message>, SessionError> {
        id::check_session_id("sessionId", session_id)?;
        let id = session_id.to_owned();
        self.store(move |store| store.history(&id, Some(limit.unwrap_or(HISTORY)), before))
            .await
    }

    /// The whole conversation as Markdown. What the server answered itself (slash commands) is no part of it: an
    /// export would hold every former one.
    pub async fn export(&self, session_id: &str) -> Result<String, SessionError> {
        let session = self.stored(session_id).await?;
        let id = session.id.clone();
        let mut messages = self
            .store(move |store| store.history(&id, None, None))
            .await?;
        let local: HashSet<Option<String>> = messages
            .iter()
            .filter(|message| message.role == Role::User && slash::is_local(&message.content))
            .map(|message| message.turn_id.clone())
            .collect();
        messages.retain(|message| !local.contains(&message.turn_id));
        Ok(store::markdown(&session, &messages))
    }

    /// Changes what Claude may do unasked; what was allowed for the session is forgotten.
    pub async fn set_mode(
        &self,
        session_id: &str,
        mode: Mode,
    ) -> Result<SessionInfo, SessionError> {
        let live = self.find(session_id).await?;
        self.settle(&live, Some(mode), None).await?;
        self.announce(session_id).await;
        self.info(session_id).await
    }

    /// Changes the study talked about; `None` clears it.
    pub async fn set_study(
        &self,
        session_id: &str,
        study_id: Option<String>,
    ) -> Result<SessionInfo, SessionError> {
        let study = self.check_study(study_id.as_deref())?;
        let live = self.find(session_id).await?;
        self.settle(&live, None, Some(study)).await?;
        self.announce(session_id).await;
        self.info(session_id).await
    }

    /// Takes a conversation out of memory and ends its program; a running turn is cancelled first.
    pub async fn close(&self, session_id: &str) -> Result<(), SessionError> {
        self.stored(session_id).await?;
        self.put_away(session_id).await;
        self.announce(session_id).await;
        Ok(())
    }

    /// As [`Self::close`], and removes the conversation from the store.
    ///
    /// # Errors
    /// [`SessionError::SessionBusy`] while another server runs a turn of it.
    pub async fn delete(&self, session_id: &str) -> Result<(), SessionError> {
        let last = self.stored(session_id).await?;
        // With the chair nobody else begins a turn here meanwhile, with the lease nobody elsewhere.
        let (live, mut chair) = loop {
            let live = self.find(session_id).await?;
            live.cancel();
            let chair = live.chair().await;
            if self.holds(&live)? {
                break (live, chair);
            }
        };
        self.vacate(session_id, &mut chair).await;
        let id = session_id.to_owned();
        let nobody = CancellationToken::new();
        let deleted = match lease::take(self, session_id, &mut chair, false, &nobody).await {
            Ok(()) => self.store(move |store| store.delete_session(&id)).await,
            Err(error) => Err(error),
        };
        match deleted {
            Ok(_) => chair.leased = false,
            Err(_) => self.vacate(session_id, &mut chair).await,
        }
        self.remove(&live);
        deleted?;
        self.host.session_changed(last.info(false, false));
        Ok(())
    }

    /// Ends the running and waiting turns of a session; `false`: there were none.
    pub async fn cancel(&self, session_id: &str) -> Result<bool, SessionError> {
        id::check_session_id("sessionId", session_id)?;
        match self.in_memory(session_id) {
            Some(live) => Ok(live.cancel()),
            None => self.stored(session_id).await.map(|_| false),
        }
    }

    /// Takes new settings; programs whose command line they change are restarted at their next turn. Another
    /// `storage.path` counts from the next start on.
    pub async fn set_config(&self, config: SessionConfig) -> Result<(), SessionError> {
        self.queue.set_limit(config.claude.max_concurrent_turns);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        Ok(())
    }

    /// Every spec that a turn changed, before and after.
    pub async fn turn_specs(&self, turn_id: &str) -> Result<Vec<TurnSpec>, SessionError> {
        let id = turn_id.to_owned();
        let texts = self.store(move |store| store.turn_texts(&id)).await?;
        Ok(texts
            .into_iter()
            .map(|text| TurnSpec {
                path: text.path,
                before: text.before,
                before_kept: text.before_kept,
                after: text.after,
                changes: text.changes,
                rest: text.rest,
            })
            .collect())
    }

    /// The conversation store; its methods block.
    pub fn store_handle(&self) -> Arc<Store> {
        self.store.clone()
    }

    /// Interrupts all turns and ends all programs; returns within 5 s.
    pub async fn shutdown(&self) {
        self.closing.cancel();
        let sessions: Vec<Arc<Live>> = self.sessions().drain().map(|(_, live)| live).collect();
        for live in &sessions {
            live.interrupt();
        }
        self.turns.close();
        let _ = tokio::time::timeout(LAST_WORDS, self.turns.wait()).await;
        let ends = sessions.iter().map(|live| async {
            if let Ok(mut chair) = tokio::time::timeout(LAST_WORDS, live.chair()).await {
                self.vacate(&live.id, &mut chair).await;
            }
        });
        futures::future::join_all(ends).await;
    }
}

/// For the other modules of this room.
impl SessionManager {
    pub(super) fn config(&self) -> Arc<SessionConfig> {
        self.config
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    pub(super) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    pub(super) fn database(&self) -> &Path {
        self.store.path()
    }

    /// Nothing begins any more.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// Runs `work` on the store, off the async threads.
    pub(super) async fn store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, SessionError> {
        let store = self.store.clone();
        blocking(move || work(&store)).await
    }

    /// Changes mode and study where they are given, and tells how the conversation stands.
    pub(super) async fn settle(
        &self,
        live: &Live,
        mode: Option<Mode>,
        study: Option<Option<String>>,
    ) -> Result<StoredSession, SessionError> {
        let id = live.id.clone();
        let change = move |store: &Store| {
            let known = store.session(&id)?;
            let mut session = known.ok_or_else(|| StoreError::NoSession(id.clone()))?;
            // A message repeats them; what stays as it is costs no write.
            if let Some(mode) = mode.filter(|mode| *mode != session.mode) {
                session = store.set_mode(&id, mode)?;
            }
            if let Some(study) = study.filter(|study| *study != session.study_id) {
                session = store.set_study(&id, study.as_deref())?;
            }
            Ok(session)
        };
        let stored = self.store(change).await?;
        // Another server may have changed it, too.
        live.set_mode(stored.mode);
        Ok(stored)
    }

    /// The id in its one right form, of a study that exists.
    pub(super) fn check_study(
        &self,
        study_id: Option<&str>,
    ) -> Result<Option<String>, SessionError> {
        let Some(study_id) = study_id else {
            return Ok(None);
        };
        let wrong = |error: StudyError| match error {
            StudyError::InvalidId { .. } | StudyError::Leaves { .. } => {
                SessionError::InvalidStudyId(error.to_string())
            }
            _ => SessionError::StudyNotFound(error.to_string()),
        };
        let id = StudyId::parse(study_id).map_err(wrong)?;
        self.root.spec_path(&id).map_err(wrong)?;
        Ok(Some(id.to_string()))
    }

    /// The spec of a study, where it has one.
    pub(super) fn spec_of(&self, study_id: &str) -> Option<PathBuf> {
        self.root.spec_path(&StudyId::parse(study_id).ok()?).ok()
    }

    /// Tells the host that a conversation has changed.
    pub(super) async fn announce(&self, session_id: &str) {
        if let Ok(info) = self.info(session_id).await {
            self.host.session_changed(info);
        }
    }

    pub(super) async fn stored(&self, session_id: &str) -> Result<StoredSession, SessionError> {
        id::check_session_id("sessionId", session_id)?;
        let id = session_id.to_owned();
        self.store(move |store| store.session(&id)?.ok_or(StoreError::NoSession(id)))
            .await
    }

    fn describe(&self, stored: StoredSession) -> SessionInfo {
        let live = self.in_memory(&stored.id);
        let busy = live.as_ref().is_some_and(|live| live.is_busy());
        let allowed = live.as_ref().map(|live| live.rules()).unwrap_or_default();
        SessionInfo {
            allowed,
            ..stored.info(busy, live.is_some())
        }
    }

    /// A panic elsewhere leaves the table as it is: it holds nothing half done.
    pub(super) fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Live>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose conversations are meant in a store at `path`: this root's, where other roots may share it. Below the root
/// nobody else does, and there they may be moved with it.
fn scope(root: &Root, path: &Path) -> Option<String> {
    let leaves = path
        .components()
        .any(|part| part == std::path::Component::ParentDir);
    let own = path.starts_with(root.path()) && !leaves;
    (!own).then(|| root.path().to_string_lossy().into_owned())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, SessionError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(error) => Err(SessionError::StoreFailed(format!(
            "the store broke off: {error}"
        ))),
    }
}
