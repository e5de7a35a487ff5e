//! Which Atomizer roots there are, and the conversations of each.
//!
//! Each workspace folder has its own root: the nearest folder above that holds `studies/`. A session belongs to a
//! root; the setting `root` puts one in the place of all.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use lsp_types::{MessageType, ShowMessageParams, notification::ShowMessage};
use tokio::sync::OnceCell;

use super::{
    host::EditorHost, main_loop::Events, operations::OperationError, outbox::Outbox,
    settings::Settings, spec_sync::blocking,
};
use crate::{
    session::{SessionError, SessionManager, id::check_session_id, queue::Queue},
    study::{Root, StudyId},
};

/// The conversations of all roots; a cheap handle.
#[derive(Clone)]
pub struct Managers {
    inner: Arc<Inner>,
}

struct Inner {
    events: Events,
    outbox: Outbox,
    known: Mutex<Known>,
    open: Mutex<BTreeMap<PathBuf, Arc<OnceCell<Arc<SessionManager>>>>>,
    /// Turns of all roots wait in one line: it is one machine that they run on.
    turns: Arc<Queue>,
    /// Failures that the user has been told of.
    told: Mutex<BTreeSet<String>>,
}

#[derive(Default)]
struct Known {
    settings: Arc<Settings>,
    folders: Vec<PathBuf>,
    /// Files of specs that are or were open: they have roots, too, where no folder is open.
    specs: Vec<PathBuf>,
}

impl Managers {
    /// None open yet.
    pub fn new(events: Events, outbox: Outbox) -> Managers {
        let known = Known::default();
        let limit = known.settings.session.claude.max_concurrent_turns;
        Managers {
            inner: Arc::new(Inner {
                events,
                outbox,
                known: Mutex::new(known),
                open: Mutex::default(),
                turns: Queue::new(limit),
                told: Mutex::default(),
            }),
        }
    }

    /// Takes settings and folders; open managers follow. Specs below a folder that was removed count no more.
    pub fn configure(&self, settings: Arc<Settings>, folders: Vec<PathBuf>) {
        let session = settings.session.clone();
        {
            let mut known = lock(&self.inner.known);
            let former = std::mem::replace(&mut known.folders, folders.clone());
            let below =
                |folders: &[PathBuf], spec: &Path| folders.iter().any(|it| spec.starts_with(it));
            known
                .specs
                .retain(|spec| !below(&former, spec) || below(&folders, spec));
            known.settings = settings;
        }
        self.inner
            .turns
            .set_limit(session.claude.max_concurrent_turns);
        for manager in self.opened() {
            let session = session.clone();
            tokio::spawn(async move {
                if let Err(error) = manager.set_config(session).await {
                    tracing::warn!(kind = error.kind(), "settings could not be handed on");
                }
            });
        }
    }

    /// A spec was opened.
    pub fn opened_spec(&self, path: PathBuf) {
        let mut known = lock(&self.inner.known);
        if !known.specs.contains(&path) {
            known.specs.push(path);
        }
    }

    /// The root above a path, else that of the setting.
    pub fn root_above(&self, path: &Path) -> Option<Root> {
        self.root_of_setting().or_else(|| Root::find(path).ok())
    }

    /// All roots of the workspace; looks at the disk.
    pub fn roots(&self) -> Vec<Root> {
        if let Some(root) = self.root_of_setting() {
            return vec![root];
        }
        let places: Vec<PathBuf> = {
            let known = lock(&self.inner.known);
            known.folders.iter().chain(&known.specs).cloned().collect()
        };
        let mut roots: Vec<Root> = Vec::new();
        for root in places.iter().filter_map(|folder| Root::find(folder).ok()) {
            if !roots.iter().any(|known| known.path() == root.path()) {
                roots.push(root);
            }
        }
        roots
    }

    fn root_of_setting(&self) -> Option<Root> {
        Root::at(&self.folder_of_setting()?).ok()
    }

    fn folder_of_setting(&self) -> Option<PathBuf> {
        let known = lock(&self.inner.known);
        let root = known.settings.root.clone()?;
        Some(match known.folders.first() {
            Some(folder) => folder.join(root),
            None => root,
        })
    }

    /// What is wrong with the setting `root`, for the user; looks at the disk.
    pub fn wrong_root(&self) -> Option<String> {
        let folder = self.folder_of_setting()?;
        let why = match (Root::at(&folder), folder.is_dir()) {
            (Ok(_), _) => return None,
            (_, true) => "it holds no folder `studies`",
            (_, false) => "there is no such folder",
        };
        Some(format!(
            "atomizer.root: `{}` is no Atomizer root: {why}; the root above each workspace folder is used",
            folder.display()
        ))
    }

    /// The conversations of `root`; the first use opens their store.
    pub async fn of_root(&self, root: Root) -> Result<Arc<SessionManager>, OperationError> {
        let cell = lock(&self.inner.open)
            .entry(root.path().to_owned())
            .or_default()
            .clone();
        let manager = cell.get_or_try_init(|| async {
            let config = lock(&self.inner.known).settings.session.clone();
            let host = EditorHost::new(self.inner.events.clone(), self.inner.outbox.clone());
            let host = Arc::new(host);
            let turns = self.inner.turns.clone();
            let manager = SessionManager::open_in_line(config, root, host.clone(), turns).await?;
            host.serves(&manager);
            Ok::<_, SessionError>(manager)
        });
        Ok(manager.await?.clone())
    }

    /// The conversations that a new session belongs to: of the root above `spec`, of the root with `study`, of the
    /// first root.
    pub async fn for_new(
        &self,
        spec: Option<&Path>,
        study: Option<&str>,
    ) -> Result<Arc<SessionManager>, OperationError> {
        if let Some(root) = spec.and_then(|spec| self.root_above(spec)) {
            return self.of_root(root).await;
        }
        let roots = self.roots();
        let id = study.and_then(|study| StudyId::parse(study).ok());
        let with_study = roots
            .iter()
            .find(|root| id.as_ref().is_some_and(|id| root.spec_path(id).is_ok()));
        match with_study.or(roots.first()) {
            Some(root) => self.of_root(root.clone()).await,
            None => Err(self.no_root()),
        }
    }

    /// The conversations that hold session `id`.
    pub async fn of_session(&self, id: &str) -> Result<Arc<SessionManager>, OperationError> {
        check_session_id("sessionId", id)?;
        self.first_with(|manager| {
            let id = id.to_owned();
            Box::pin(async move { manager.info(&id).await.map(drop) })
        })
        .await
    }

    /// The conversations that hold turn `id`.
    pub async fn of_turn(&self, id: &str) -> Result<Arc<SessionManager>, OperationError> {
        self.first_with(|manager| {
            let id = id.to_owned();
            Box::pin(async move { manager.turn_specs(&id).await.map(drop) })
        })
        .await
    }

    /// The conversations that hold the open conflict `id`.
    pub async fn of_conflict(&self, id: &str) -> Result<Arc<SessionManager>, OperationError> {
        self.first_with(|manager| {
            let id = id.to_owned();
            Box::pin(async move {
                let store = manager.store_handle();
                blocking(move || store.conflict(&id)).await?;
                Ok(())
            })
        })
        .await
    }

    /// The conversations of every root of the workspace. A root whose store cannot be opened is left out, and the user
    /// told once; where none can be opened that is the error.
    pub async fn all(&self) -> Result<Vec<Arc<SessionManager>>, OperationError> {
        let mut managers = Vec::new();
        let mut failures = Vec::new();
        for root in self.roots() {
            match self.of_root(root).await {
                Ok(manager) => managers.push(manager),
                Err(failure) => failures.push(failure),
            }
        }
        if managers.is_empty() {
            return Err(failures.pop().unwrap_or_else(|| self.no_root()));
        }
        failures.iter().for_each(|failure| self.tell_once(failure));
        Ok(managers)
    }

    fn tell_once(&self, failure: &OperationError) {
        let message = failure.to_string();
        if lock(&self.inner.told).insert(message.clone()) {
            let typ = MessageType::WARNING;
            self.inner
                .outbox
                .notify_lsp::<ShowMessage>(ShowMessageParams { typ, message });
        }
    }

    /// The first that knows what is asked for: those that are open, whatever has become of their folder, then those of
    /// other roots. A store that fails hides none that works: its failure is told only where no other knows it.
    async fn first_with(
        &self,
        knows: impl Fn(
            Arc<SessionManager>,
        ) -> futures::future::BoxFuture<'static, Result<(), SessionError>>,
    ) -> Result<Arc<SessionManager>, OperationError> {
        let (mut unknown, mut failure) = (None, None);
        let mut refuse = |error: OperationError| match &error {
            OperationError::Session(
                SessionError::SessionNotFound(_)
                | SessionError::TurnNotFound(_)
                | SessionError::InvalidParams { .. },
            ) => unknown = unknown.take().or(Some(error)),
            _ => failure = failure.take().or(Some(error)),
        };
        let opened = self.opened();
        for manager in &opened {
            match knows(manager.clone()).await {
                Ok(()) => return Ok(manager.clone()),
                Err(error) => refuse(error.into()),
            }
        }
        for root in self.roots() {
            if opened.iter().any(|it| it.root().path() == root.path()) {
                continue;
            }
            match self.of_root(root).await {
                Err(error) => refuse(error),
                Ok(manager) => match knows(manager.clone()).await {
                    Ok(()) => return Ok(manager),
                    Err(error) => refuse(error.into()),
                },
            }
        }
        Err(failure.or(unknown).unwrap_or_else(|| self.no_root()))
    }

    fn opened(&self) -> Vec<Arc<SessionManager>> {
        lock(&self.inner.open)
            .values()
            .filter_map(|cell| cell.get().cloned())
            .collect()
    }

    /// Says where a root was looked for.
    pub fn no_root(&self) -> OperationError {
        let known = lock(&self.inner.known);
        let searched: Vec<String> = match &known.settings.root {
            Some(root) => vec![format!("the setting atomizer.root, {}", root.display())],
            None => known
                .folders
                .iter()
                .map(|folder| folder.display().to_string())
                .collect(),
        };
        OperationError::NoRoot(match searched.is_empty() {
            true => "no folder is open".into(),
            false => format!(
                "no folder with `studies/` at or above {}",
                searched.join(", ")
            ),
        })
    }

    /// Cancels all turns and ends all programs.
    pub async fn shutdown(&self) {
        futures::future::join_all(self.opened().iter().map(|manager| manager.shutdown())).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
