//! What Claude is told with a message.

use std::path::PathBuf;

use super::{
    super::{
        context::{ContextBuilder, Unsaved},
        summary::Summary,
        types::Message,
    },
    Conduct,
};

impl Conduct {
    pub(super) fn study_spec(&self) -> Option<PathBuf> {
        self.manager.spec_of(self.session.study_id.as_deref()?)
    }

    /// What Claude is told: the message in its context, with what was said before where the program does not know it.
    pub(super) async fn prompt(&self, fresh: bool) -> String {
        let history = if fresh {
            self.history(&self.turn_id).await
        } else {
            Vec::new()
        };
        let (session, request) = (self.session.clone(), self.request.clone());
        let spec_path = request
            .open_spec
            .as_ref()
            .map(|open| open.path.clone())
            .or_else(|| self.study_spec());
        let study_of_open = || {
            Some(
                self.manager
                    .root()
                    .study_of(spec_path.as_deref()?)?
                    .to_string(),
            )
        };
        let study_id = session.study_id.clone().or_else(study_of_open);
        let built = tokio::task::spawn_blocking(move || {
            let disk = spec_path
                .as_deref()
                .and_then(|path| std::fs::read_to_string(path).ok());
            let shown = request
                .open_spec
                .as_ref()
                .and_then(|open| open.text.as_deref());
            let summary = shown
                .or(disk.as_deref())
                .map(|text| Summary::of(text, spec_path.as_deref()));
            let unsaved = shown.filter(|shown| Some(*shown) != disk.as_deref());
            ContextBuilder {
                mode: session.mode,
                study_id: study_id.as_deref(),
                spec_path: spec_path.as_deref(),
                summary: summary.as_ref().map(|summary| summary.text.as_str()),
                errors: summary
                    .as_ref()
                    .map_or(&[], |summary| summary.errors.as_slice()),
                selection: request.selection.as_deref(),
                canvas_state: request.canvas_state.as_ref(),
                unsaved: unsaved.map(|buffer| Unsaved {
                    disk: disk.as_deref(),
                    buffer,
                }),
                history: &history,
                message: &request.message,
            }
            .build()
        });
        built.await.unwrap_or_else(|_| self.request.message.clone())
    }

    async fn history(&self, turn_id: &str) -> Vec<Message> {
        let (id, limit) = (self.live.id.clone(), self.config.history_limit);
        let stored = self
            .manager
            .store(move |store| store.history(&id, Some(limit.saturating_add(1)), None))
            .await;
        let mut messages = stored.unwrap_or_default();
        messages.retain(|message| message.turn_id.as_deref() != Some(turn_id));
        let surplus = messages.len().saturating_sub(limit);
        messages.drain(..surplus);
        messages
    }
}
