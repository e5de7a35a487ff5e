//! The editor, as the session room sees it.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock, Weak},
    time::SystemTime,
};

use futures::future::BoxFuture;
use lsp_types::{MessageType, ShowMessageParams, notification};
use serde_json::json;

use super::{document::Document, main_loop::Events, outbox::Outbox, permission, spec_sync};
use crate::session::{
    SessionManager,
    host::{Host, PermissionAnswer, PermissionQuestion, SpecChange},
    introduced::introduced,
    types::{Applied, Introduced, SessionInfo, SpecUpdate},
};

/// The editor at the other end of the wire.
pub struct EditorHost {
    events: Events,
    outbox: Outbox,
    /// The conversations that it is the editor of; they keep it alive, not it them.
    manager: OnceLock<Weak<SessionManager>>,
}

impl EditorHost {
    /// A host for the conversations of one root, named by [`EditorHost::serves`].
    pub fn new(events: Events, outbox: Outbox) -> EditorHost {
        EditorHost {
            events,
            outbox,
            manager: OnceLock::new(),
        }
    }

    /// Tells whose turns these are; before the first.
    pub fn serves(&self, manager: &Arc<SessionManager>) {
        // A second call would name the same one.
        let _ = self.manager.set(Arc::downgrade(manager));
    }
}

impl Host for EditorHost {
    fn session_changed(&self, session: SessionInfo) {
        self.outbox
            .notify("atomizer/sessionChanged", json!({ "session": session }));
    }

    fn deliver(&self, change: SpecChange) -> BoxFuture<'static, Applied> {
        Box::pin(spec_sync::deliver(
            self.events.clone(),
            self.outbox.clone(),
            self.manager.get().and_then(Weak::upgrade),
            change,
        ))
    }

    fn open_specs(&self) -> BoxFuture<'static, Vec<PathBuf>> {
        let events = self.events.clone();
        Box::pin(async move {
            let open = events.read(|state| {
                let specs = state.documents.values().filter(|it| it.is_spec);
                specs.filter_map(Document::path).collect()
            });
            open.await.unwrap_or_default()
        })
    }

    fn is_saved(
        &self,
        path: PathBuf,
        text: Arc<str>,
        written: SystemTime,
    ) -> BoxFuture<'static, bool> {
        Box::pin(spec_sync::is_saved(
            self.events.clone(),
            path,
            text,
            written,
        ))
    }

    fn last_save(&self, path: PathBuf) -> BoxFuture<'static, Option<(Arc<str>, SystemTime)>> {
        let events = self.events.clone();
        Box::pin(async move {
            let saved = events.read(move |state| {
                let document = state.document_at(&path)?;
                let (text, at) = document.saves().next_back()?;
                Some((text.to_string().into(), *at))
            });
            saved.await.flatten()
        })
    }

    fn introduced(
        &self,
        path: PathBuf,
        before: Option<Arc<str>>,
        after: Arc<str>,
    ) -> BoxFuture<'static, Vec<Introduced>> {
        let events = self.events.clone();
        Box::pin(async move {
            let known = events
                .read(|state| (state.settings.clone(), state.inspector.clone()))
                .await;
            let Some((settings, inspector)) = known else {
                return Vec::new();
            };
            let look = move || {
                introduced(
                    &inspector,
                    &settings.severities,
                    &path,
                    before.as_deref(),
                    &after,
                )
            };
            spec_sync::blocking(look).await
        })
    }

    fn spec_updated(&self, update: &SpecUpdate) {
        self.outbox.notify("atomizer/specUpdated", update);
    }

    fn ask(&self, question: PermissionQuestion) -> BoxFuture<'static, PermissionAnswer> {
        Box::pin(permission::ask(
            self.events.clone(),
            self.outbox.clone(),
            question,
        ))
    }

    fn warn(&self, message: String) {
        self.outbox
            .notify_lsp::<notification::ShowMessage>(ShowMessageParams {
                typ: MessageType::WARNING,
                message,
            });
    }
}
