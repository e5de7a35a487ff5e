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
    time::Duration,
};

use lsp_types::{
    AnnotatedTextEdit, ApplyWorkspaceEditParams, ChangeAnnotation, DocumentChanges, OneOf,
    OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, Url, WorkspaceEdit,
    request::ApplyWorkspaceEdit, request::Request,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::{
    client::Client, document::Document, main_loop::Events, merging::plan, outbox::Pending,
    state::State,
};
use crate::{
    session::types::Applied,
    spec::{merge::MergeConflict, syntax::Parsed},
    text::{Edit, Text},
};

/// How often an edit is computed anew before the user is told.
const TRIES: usize = 5;
/// How long the client may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long after its answer a `didChange` may take.
const CONFIRMATION: Duration = Duration::from_secs(1);
/// A client refuses an edit when its text has moved on, and says so with the next `didChange`; this long it may take.
const REFUSED: Duration = Duration::from_millis(250);
/// After a `didChange` that shows something else, another often follows at once.
const SETTLE: Duration = Duration::from_millis(50);

/// An edit that the client has not confirmed yet; lives in the main loop's state.
pub struct Unconfirmed {
    uri: Url,
    expected: Text,
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

/// The open document as the main loop has it.
struct Mine {
    uri: Url,
    version: i32,
    generation: u64,
    parsed: Parsed,
}

enum Outcome {
    Confirmed,
    Closed,
    /// Compute anew.
    Again,
}

/// What became of a delivery.
pub struct Delivered {
    /// As the contract tells it.
    pub applied: Applied,
    /// Where mine stayed.
    pub conflicts: Vec<MergeConflict>,
    /// The editor's text at the first look, where the document is open.
    pub mine: Option<Text>,
}

/// A change of one spec to be shown by the editor.
pub struct Delivery {
    /// The way to the documents.
    pub events: Events,
    /// The edit's label, as the client shows it in its undo menu.
    pub label: String,
    /// The file.
    pub path: PathBuf,
    /// What both began from; `None`: there was no file.
    pub base: Option<Arc<str>>,
    /// What is to be brought in.
    pub theirs: Arc<str>,
}

impl Delivery {
    /// Brings the change to the editor, however often its text moves on meanwhile.
    pub async fn run(&self) -> Delivered {
        let mut delivered = Delivered {
            applied: Applied::Disk,
            conflicts: Vec::new(),
            mine: None,
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
            delivered
                .mine
                .get_or_insert_with(|| mine.parsed.text().clone());
            let parsed = mine.parsed.clone();
            let (base, theirs) = (self.base.clone(), self.theirs.clone());
            let planned =
                tokio::task::spawn_blocking(move || plan(base.as_deref(), &parsed, &theirs)).await;
            let Ok(plan) = planned else { break };
            delivered.conflicts = plan.conflicts;
            delivered.applied = match (delivered.conflicts.is_empty(), sent) {
                (false, _) => Applied::Conflict,
                (true, true) => Applied::Edit,
                (true, false) => Applied::InSync,
            };
            if plan.edits.is_empty() {
                return delivered;
            }
            if !client.apply_edit {
                break;
            }
            sent = true;
            match self.try_once(&client, mine, plan.edits).await {
                Outcome::Confirmed => {
                    if delivered.conflicts.is_empty() {
                        delivered.applied = Applied::Edit;
                    }
                    return delivered;
                }
                Outcome::Closed => {
                    delivered.applied = Applied::Disk;
                    return delivered;
                }
                Outcome::Again => {}
            }
        }
        delivered.applied = Applied::Rejected;
        delivered
    }

    async fn mine(&self) -> Option<Mine> {
        let path = self.path.clone();
        let found = self.events.ask(move |state, reply| {
            let Some(document) = state.document_at(&path) else {
                return reply.send(Ok(None));
            };
            let (uri, generation) = (document.uri.clone(), document.generation);
            document.when_ready(Box::new(move |parsed, version| {
                reply.send(Ok(Some(Mine {
                    uri,
                    version,
                    generation,
                    parsed: parsed.clone(),
                })));
            }));
        });
        found.await.ok().flatten()
    }

    async fn try_once(&self, client: &Client, mine: Mine, edits: Vec<Edit>) -> Outcome {
        let label = self.label.clone();
        let edit = workspace_edit(client, &mine, &edits, &label);
        let expected = mine.parsed.text().with_edits(&edits);
        let params = ApplyWorkspaceEditParams {
            label: Some(label),
            edit,
        };
        let sent = self
            .events
            .read(move |state| state.send_edit(&mine, expected, params))
            .await
            .flatten();
        match sent {
            Some((pending, seen)) => confirmed(pending, seen).await,
            None => Outcome::Again,
        }
    }
}

/// Waits for the answer and for the text to show the edit, whichever order they come in.
async fn confirmed(pending: Pending, mut seen: mpsc::UnboundedReceiver<Seen>) -> Outcome {
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
                // Applied or not, it is what the text shows that counts; it has had its chance if it moved before.
                if moved {
                    return settled(seen).await;
                }
                answered = true;
                let applied = matches!(&answer, Ok(Ok(answer)) if answer["applied"] == true);
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
        params: ApplyWorkspaceEditParams,
    ) -> Option<(Pending, mpsc::UnboundedReceiver<Seen>)> {
        let document = self.documents.get(&mine.uri)?;
        if document.version != mine.version || document.generation != mine.generation {
            return None;
        }
        let (sender, seen) = mpsc::unbounded_channel();
        self.unconfirmed.push(Unconfirmed {
            uri: mine.uri.clone(),
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
                Some(text) if *text == waiting.expected => Seen::Expected,
                Some(_) => Seen::Other,
            };
            // Whoever waited may have given up since.
            let _ = waiting.seen.send(seen);
        }
    }
}
