//! Which Atomizer roots there are, and the conversations of each.
//!
//! Each workspace folder has its own root: the nearest folder above that holds `studies/`. A session belongs to a
//! root; the setting `root` puts one in the place of all.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::OnceCell;

use super::{
    host::EditorHost, main_loop::Events, operations::OperationError, outbox::Outbox,
    settings::Settings,
};
use crate::{
    session::{SessionError, SessionManager},
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
        Managers {
            inner: Arc::new(Inner {
                events,
                outbox,
                known: Mutex::default(),
                open: Mutex::default(),
            }),
        }
    }

    /// Takes settings and folders; open managers follow.
    pub fn configure(&self, settings: Arc<Settings>, folders: Vec<PathBuf>) {
        let session = settings.session.clone();
        {
            let mut known = lock(&self.inner.known);
            known.settings = settings;
            known.folders = folders;
        }
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
        let (root, folder) = {
            let known = lock(&self.inner.known);
            (known.settings.root.clone()?, known.folders.first().cloned())
        };
        let root = match folder {
            Some(folder) if root.is_relative() => folder.join(root),
            _ => root,
        };
        Root::at(&root).ok()
    }

    /// The conversations of `root`; the first use opens their store.
    pub async fn of_root(&self, root: Root) -> Result<Arc<SessionManager>, OperationError> {
        let cell = lock(&self.inner.open)
            .entry(root.path().to_owned())
            .or_default()
            .clone();
        let manager = cell.get_or_try_init(|| async {
            let config = lock(&self.inner.known).settings.session.clone();
            let host = EditorHost::new(
                self.inner.events.clone(),
                self.inner.outbox.clone(),
                self.clone(),
            );
            SessionManager::open(config, root, Arc::new(host)).await
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

    /// All conversations of the workspace.
    pub async fn all(&self) -> Result<Vec<Arc<SessionManager>>, OperationError> {
        let mut managers = self.opened();
        for root in self.roots() {
            if !managers
                .iter()
                .any(|manager| manager.root().path() == root.path())
            {
                managers.push(self.of_root(root).await?);
            }
        }
        if managers.is_empty() {
            Err(self.no_root())
        } else {
            Ok(managers)
        }
    }

    async fn first_with(
        &self,
        knows: impl Fn(
            Arc<SessionManager>,
        ) -> futures::future::BoxFuture<'static, Result<(), SessionError>>,
    ) -> Result<Arc<SessionManager>, OperationError> {
        let mut refusal = None;
        for manager in self.all().await? {
            match knows(manager.clone()).await {
                Ok(()) => return Ok(manager),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.map_or_else(|| self.no_root(), OperationError::from))
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
