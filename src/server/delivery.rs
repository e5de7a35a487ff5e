//! How a change by Claude reaches an open document (contract, last section; `docs/sync.md`).
//!
//! Three texts: *base*, the file before the change; *theirs*, the file now; *mine*, the editor's text. What goes out
//! are the smallest edits of mine that bring theirs in.
//!
//! Invariant: an edit is computed from, and sent for, exactly the version that the main loop has. The client's own
//! word for having applied it proves nothing (Neovim says so of edits it drops): the next `didChange` does. All else
//! leads to a new computation from the text that is there then, so that nothing is ever applied twice or over what
//! somebody typed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use lsp_types::{
    AnnotatedTextEdit, ApplyWorkspaceEditParams, ChangeAnnotation, DocumentChanges, OneOf,
    OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, Url, WorkspaceEdit,
    request::ApplyWorkspaceEdit, request::Request,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{
    client::Client,
    document::Document,
    main_loop::Events,
    merging::{Change, Plan, fewer, plan_all},
    outbox::Pending,
    state::State,
};
use crate::{
    session::{
        store::{Store, TextRole},
        types::Applied,
    },
    spec::{merge::MergeConflict, syntax::Parsed},
    text::{Edit, Text},
};

/// How often an edit is computed anew before the user is told.
const TRIES: usize = 5;
/// How long the client may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long after its answer a `didChange` may take.
const CONFIRMATION: Duration = Duration::from_secs(1);
/// How long a client may take to show an edit that it says it applied, where a second one might double it: edits without
/// versions are not refused when they come too late.
const CLAIMED: Duration = Duration::from_secs(10);
/// A client refuses an edit when its text has moved on, and says so with the next `didChange`; this long it may take.
const REFUSED: Duration = Duration::from_millis(250);
/// After a `didChange` that shows something else, another often follows at once.
const SETTLE: Duration = Duration::from_millis(50);

/// An edit that the client has not confirmed yet; lives in the main loop's state.
pub struct Unconfirmed {
    uri: Url,
    expected: Text,
    /// The text has `\r`: clients that give a document one kind of line ends show the edit with theirs.
    any_line_ends: bool,
    seen: mpsc::UnboundedSender<Seen>,
}

/// What became of the document.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    /// A `didChange` left the text that the edit was to give.
    Expected,
    /// A `didChange` left another text.
    Other,
    /// `didClose`
    Closed,
}

impl Unconfirmed {
    fn is_shown_by(&self, text: &Text) -> bool {
        *text == self.expected || self.any_line_ends && text.equals_but_line_ends(&self.expected)
    }
}

/// The open document as the main loop has it.
struct Mine {
    uri: Url,
    version: i32,
    generation: u64,
    parsed: Parsed,
    /// What the file had, too, and when.
    known: Vec<(Text, SystemTime)>,
}

enum Outcome {
    Confirmed,
    Closed,
    /// Compute anew.
    Again,
    /// The client says that it applied an edit that must not be sent twice: what it shows next tells.
    Claimed(mpsc::UnboundedReceiver<Seen>),
}

/// What became of a delivery.
pub struct Delivered {
    /// As the contract tells it.
    pub applied: Applied,
    /// Where mine stayed.
    pub conflicts: Vec<MergeConflict>,
}

/// Where the editor's texts are kept before edits of them are sent.
pub struct Keep {
    /// The root's store.
    pub store: Arc<Store>,
    /// The turn whose change is delivered.
    pub turn_id: String,
}

impl Delivered {
    /// The text that was last seen: `edited`, an edit of ours is in it.
    fn shows(&mut self, edited: bool) {
        self.applied = match (self.conflicts.is_empty(), edited) {
            (false, _) => Applied::Conflict,
            (true, true) => Applied::Edit,
            (true, false) => Applied::InSync,
        };
    }
}

/// A change of one spec to be shown by the editor.
pub struct Delivery {
    /// The way to the documents.
    pub events: Events,
    /// The edit's label, as the client shows it in its undo menu.
    pub label: String,
    /// The file.
    pub path: PathBuf,
    /// What is to be brought in, one after the other.
    pub changes: Vec<Change>,
    /// When theirs was read from the file: it is what became of all that the editor had loaded from it or saved to it until
    /// then. `None`: it is of no file.
    pub read_at: Option<SystemTime>,
    /// `None`: the editor's texts are not kept.
    pub keep: Option<Keep>,
}

impl Delivery {
    /// Brings the change to the editor, however often its text moves on meanwhile.
    pub async fn run(&self) -> Delivered {
        let mut delivered = Delivered {
            applied: Applied::Disk,
            conflicts: Vec::new(),
        };
        let Some(client) = self.events.read(|state| state.client.clone()).await else {
            return delivered;
        };
        let mut sent = false;
        for _ in 0..TRIES {
            let Some(mine) = self.mine().await else {
                delivered.applied = Applied::Disk;
                return delivered;
            };
            let Some(plan) = self.plan(&mine).await else {
                break;
            };
            delivered.conflicts = plan.conflicts;
            delivered.shows(sent);
            if plan.edits.is_empty() {
                return delivered;
            }
            if !client.apply_edit {
                break;
            }
            let edits = fewer(mine.parsed.text(), plan.edits);
            let expected = mine.parsed.text().with_edits(&edits);
            if sent && expected.equals_but_line_ends(mine.parsed.text()) {
                // The client keeps line ends of its own.
                return delivered;
            }
            sent = true;
            match self.try_once(&client, mine, edits, expected).await {
                Outcome::Confirmed => {
                    delivered.shows(true);
                    return delivered;
                }
                Outcome::Closed => {
                    delivered.applied = Applied::Disk;
                    return delivered;
                }
                Outcome::Claimed(seen) => return self.claimed(delivered, seen).await,
                Outcome::Again => {}
            }
        }
        delivered.applied = Applied::Rejected;
        delivered
    }

    /// Waits for a text that leaves nothing to be brought in.
    async fn claimed(
        &self,
        mut delivered: Delivered,
        mut seen: mpsc::UnboundedReceiver<Seen>,
    ) -> Delivered {
        let deadline = Instant::now() + CLAIMED;
        loop {
            match timeout_at(deadline, seen.recv()).await {
                Err(_) => delivered.applied = Applied::Rejected,
                Ok(Some(Seen::Closed) | None) => delivered.applied = Applied::Disk,
                Ok(Some(Seen::Expected)) => delivered.shows(true),
                Ok(Some(Seen::Other)) => {
                    let plan = match self.mine().await {
                        Some(mine) => self.plan(&mine).await,
                        None => None,
                    };
                    let Some(plan) = plan.filter(|plan| plan.edits.is_empty()) else {
                        continue;
                    };
                    delivered.conflicts = plan.conflicts;
                    delivered.shows(true);
                }
            }
            return delivered;
        }
    }

    /// Mine is what the file had before theirs, so that nothing in it is the user's alone. What he has saved since, or his
    /// editor has loaded, may be later than theirs.
    fn is_untouched(&self, mine: &Mine) -> bool {
        let before_theirs = |at: SystemTime| self.read_at.is_some_and(|read_at| at <= read_at);
        let mut known = mine.known.iter();
        known.any(|(text, at)| before_theirs(*at) && text == mine.parsed.text())
    }

    /// What has to change in mine. Mine and theirs are in the store before anything of it is done.
    async fn plan(&self, mine: &Mine) -> Option<Plan> {
        let text = mine.parsed.text();
        let untouched = self.is_untouched(mine);
        let parsed = mine.parsed.clone();
        let changes = self.changes.clone();
        let planned = tokio::task::spawn_blocking(move || plan_all(&changes, &parsed, untouched));
        let plan = planned.await.ok()?;
        if !(plan.edits.is_empty() && plan.conflicts.is_empty()) {
            self.keep(text).await;
        }
        Some(plan)
    }

    /// Stores the editor's text, where it is not base itself.
    async fn keep(&self, mine: &Text) {
        let Some(Keep { store, turn_id }) = &self.keep else {
            return;
        };
        let (store, turn, path, mine) = (
            store.clone(),
            turn_id.clone(),
            self.path.clone(),
            mine.to_string(),
        );
        let mut bases = self.changes.iter().filter_map(|it| it.base.as_deref());
        if bases.any(|base| *base == mine) {
            return;
        }
        let kept = tokio::task::spawn_blocking(move || {
            store.keep_text(&turn, &path, TextRole::Mine, Some(&mine))
        });
        if let Ok(Err(error)) = kept.await {
            tracing::error!(%error, "the editor's text could not be kept");
        }
    }

    async fn mine(&self) -> Option<Mine> {
        let path = self.path.clone();
        let found = self.events.ask(move |state, reply| {
            let Some(document) = state.document_at(&path) else {
                return reply.send(Ok(None));
            };
            let (uri, generation) = (document.uri.clone(), document.generation);
            let known = document.known().cloned().collect();
            document.when_ready(Box::new(move |parsed, version| {
                reply.send(Ok(Some(Mine {
                    uri,
                    version,
                    generation,
                    parsed: parsed.clone(),
                    known,
                })));
            }));
        });
        found.await.ok().flatten()
    }

    async fn try_once(
        &self,
        client: &Client,
        mine: Mine,
        edits: Vec<Edit>,
        expected: Text,
    ) -> Outcome {
        let label = self.label.clone();
        let edit = workspace_edit(client, &mine, &edits, &label);
        let any_line_ends =
            mine.parsed.text().has_carriage_return() || expected.has_carriage_return();
        let params = ApplyWorkspaceEditParams {
            label: Some(label),
            edit,
        };
        let sent = self
            .events
            .read(move |state| state.send_edit(&mine, expected, any_line_ends, params))
            .await
            .flatten();
        match sent {
            Some((pending, seen)) => confirmed(pending, seen, client.versioned_edits).await,
            None => Outcome::Again,
        }
    }
}

/// Waits for the answer and for the text to show the edit, whichever order they come in.
async fn confirmed(
    pending: Pending,
    mut seen: mpsc::UnboundedReceiver<Seen>,
    versioned: bool,
) -> Outcome {
    let mut answer = pending.answer;
    let mut answered = false;
    let mut moved = false;
    let mut deadline = Instant::now() + ANSWER;
    loop {
        tokio::select! {
            biased;
            text = seen.recv() => match text {
                Some(Seen::Expected) => return Outcome::Confirmed,
                Some(Seen::Closed) | None => return Outcome::Closed,
                Some(Seen::Other) if answered => return settled(seen).await,
                Some(Seen::Other) => moved = true,
            },
            answer = &mut answer, if !answered => {
                let applied = matches!(&answer, Ok(Ok(answer)) if answer["applied"] == true);
                if applied && !versioned {
                    return Outcome::Claimed(seen);
                }
                // Applied or not, it is what the text shows that counts; it has had its chance if it moved before.
                if moved {
                    return settled(seen).await;
                }
                answered = true;
                deadline = Instant::now() + if applied { CONFIRMATION } else { REFUSED };
            }
            () = sleep_until(deadline) => return Outcome::Again,
        }
    }
}

async fn settled(mut seen: mpsc::UnboundedReceiver<Seen>) -> Outcome {
    while let Ok(text) = timeout(SETTLE, seen.recv()).await {
        match text {
            Some(Seen::Expected) => return Outcome::Confirmed,
            Some(Seen::Closed) | None => return Outcome::Closed,
            Some(Seen::Other) => {}
        }
    }
    Outcome::Again
}

fn workspace_edit(client: &Client, mine: &Mine, edits: &[Edit], label: &str) -> WorkspaceEdit {
    const ANNOTATION: &str = "claude";
    let text = mine.parsed.text();
    let edits = edits.iter().map(|edit| TextEdit {
        range: text.range(edit.range.clone(), client.encoding),
        new_text: edit.insert.clone(),
    });
    if !client.versioned_edits {
        return WorkspaceEdit {
            changes: Some([(mine.uri.clone(), edits.collect())].into()),
            ..WorkspaceEdit::default()
        };
    }
    let edits = edits.map(|text_edit| match client.change_annotations {
        true => OneOf::Right(AnnotatedTextEdit {
            text_edit,
            annotation_id: ANNOTATION.into(),
        }),
        false => OneOf::Left(text_edit),
    });
    let text_document = OptionalVersionedTextDocumentIdentifier {
        uri: mine.uri.clone(),
        version: Some(mine.version),
    };
    let annotation = ChangeAnnotation {
        label: label.into(),
        needs_confirmation: Some(false),
        description: None,
    };
    WorkspaceEdit {
        changes: None,
        document_changes: Some(DocumentChanges::Edits(vec![TextDocumentEdit {
            text_document,
            edits: edits.collect(),
        }])),
        change_annotations: client
            .change_annotations
            .then(|| [(ANNOTATION.to_owned(), annotation)].into()),
    }
}

impl State {
    /// The open document whose file is `path`.
    pub fn document_at(&mut self, path: &Path) -> Option<&mut Document> {
        let specs = self
            .documents
            .values_mut()
            .filter(|document| document.is_spec);
        specs.into_iter().find(|document| document.is_file(path))
    }

    /// Sends an edit, unless the document has moved on from what it was computed from.
    fn send_edit(
        &mut self,
        mine: &Mine,
        expected: Text,
        any_line_ends: bool,
        params: ApplyWorkspaceEditParams,
    ) -> Option<(Pending, mpsc::UnboundedReceiver<Seen>)> {
        let document = self.documents.get(&mine.uri)?;
        if document.version != mine.version || document.generation != mine.generation {
            return None;
        }
        let (sender, seen) = mpsc::unbounded_channel();
        self.unconfirmed.push(Unconfirmed {
            uri: mine.uri.clone(),
            any_line_ends,
            expected,
            seen: sender,
        });
        Some((
            self.outbox.request(ApplyWorkspaceEdit::METHOD, params),
            seen,
        ))
    }

    /// A document changed or closed: tells those who wait for an edit of theirs to show.
    pub fn text_moved(&mut self, uri: &Url) {
        self.unconfirmed.retain(|waiting| !waiting.seen.is_closed());
        let text = self.documents.get(uri).map(Document::text);
        for waiting in self
            .unconfirmed
            .iter()
            .filter(|waiting| waiting.uri == *uri)
        {
            let seen = match &text {
                None => Seen::Closed,
                Some(text) if waiting.is_shown_by(text) => Seen::Expected,
                Some(_) => Seen::Other,
            };
            // Whoever waited may have given up since.
            let _ = waiting.seen.send(seen);
        }
    }
}

#[cfg(test)]
mod tests;
