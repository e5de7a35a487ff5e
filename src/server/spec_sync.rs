//! How a change by Claude reaches an open document (contract, last section; `docs/sync.md`).
//!
//! Three texts: *base*, the file before the change; *theirs*, the file now; *mine*, the editor's text. What goes out
//! are the smallest edits of mine that bring theirs in.
//!
//! Invariant: an edit is computed from, and sent for, exactly the version that the main loop has. The client's own
//! word for having applied it proves nothing (Neovim says so of edits it drops): the next `didChange` does. All else
//! leads to a new computation from the text that is there then, so that nothing is ever applied twice or over what
//! somebody typed.

use std::{path::Path, sync::Arc, time::Duration};

use lsp_types::{
    AnnotatedTextEdit, ApplyWorkspaceEditParams, ChangeAnnotation, DocumentChanges, MessageType,
    OneOf, OptionalVersionedTextDocumentIdentifier, ShowMessageParams, TextDocumentEdit, TextEdit,
    Url, WorkspaceEdit, notification, request::ApplyWorkspaceEdit, request::Request,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::{
    client::Client,
    main_loop::Events,
    outbox::{Outbox, Pending},
    state::State,
};
use crate::{
    session::{host::SpecChange, types::Applied},
    spec::{
        merge::{MergeConflict, merge, merge_lines},
        syntax::Parsed,
    },
    text::{Edit, Text, minimal},
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

/// The edits that bring theirs into mine.
struct Plan {
    edits: Vec<Edit>,
    conflicts: Vec<MergeConflict>,
}

enum Outcome {
    Confirmed,
    Closed,
    /// Compute anew.
    Again,
}

/// Brings one change to the editor.
pub async fn deliver(events: Events, outbox: Outbox, change: SpecChange) -> Applied {
    let Some(client) = events.read(|state| state.client.clone()).await else {
        return Applied::Disk;
    };
    let delivery = Delivery {
        events,
        outbox,
        client,
        change,
    };
    delivery.run().await
}

struct Delivery {
    events: Events,
    outbox: Outbox,
    client: Arc<Client>,
    change: SpecChange,
}

impl Delivery {
    async fn run(&self) -> Applied {
        let mut sent = false;
        let mut conflicts = Vec::new();
        for _ in 0..TRIES {
            let Some(mine) = self.mine().await else {
                return Applied::Disk;
            };
            let Some(theirs) = self.change.theirs.clone() else {
                self.tell("Claude removed the file; its text stays in the editor.");
                return Applied::Conflict;
            };
            let parsed = mine.parsed.clone();
            let base = self.change.base.clone();
            let planned =
                tokio::task::spawn_blocking(move || plan(base.as_deref(), &parsed, &theirs)).await;
            let Ok(plan) = planned else { break };
            conflicts = plan.conflicts;
            if plan.edits.is_empty() {
                return self.done(sent, &conflicts);
            }
            if !self.client.apply_edit {
                self.tell("Claude changed it on disk. This editor cannot be told to show it: reload the file.");
                return Applied::Rejected;
            }
            sent = true;
            match self.try_once(mine, plan.edits).await {
                Outcome::Confirmed => return self.done(true, &conflicts),
                Outcome::Closed => return Applied::Disk,
                Outcome::Again => {}
            }
        }
        drop(conflicts);
        self.tell("Claude changed it on disk. The editor did not take the change: reload the file to see it.");
        Applied::Rejected
    }

    fn done(&self, sent: bool, conflicts: &[MergeConflict]) -> Applied {
        if !conflicts.is_empty() {
            let places: Vec<&str> = conflicts
                .iter()
                .map(|conflict| conflict.pointer.as_str())
                .collect();
            let message = format!(
                "You and Claude changed the same places: {}. Yours stay.",
                places.join(", ")
            );
            self.tell(&message);
            return Applied::Conflict;
        }
        if sent { Applied::Edit } else { Applied::InSync }
    }

    fn tell(&self, what: &str) {
        let name = self.change.path.display();
        self.outbox
            .notify_lsp::<notification::ShowMessage>(ShowMessageParams {
                typ: MessageType::WARNING,
                message: format!("{name}: {what}"),
            });
    }

    async fn mine(&self) -> Option<Mine> {
        let path = self.change.path.clone();
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

    async fn try_once(&self, mine: Mine, edits: Vec<Edit>) -> Outcome {
        let label = format!("Claude: {}", self.change.label);
        let edit = workspace_edit(&self.client, &mine, &edits, &label);
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

fn plan(base: Option<&str>, mine: &Parsed, theirs: &str) -> Plan {
    let text = mine.text().to_string();
    let edits_to = |wanted: &str| Plan {
        edits: minimal(&text, wanted),
        conflicts: Vec::new(),
    };
    if text == theirs || base == Some(theirs) {
        return Plan {
            edits: Vec::new(),
            conflicts: Vec::new(),
        };
    }
    if base == Some(&text) || text.trim().is_empty() {
        return edits_to(theirs);
    }
    let parsed_theirs = Parsed::new(Text::from(theirs));
    let parsed_base = base.map(|base| Parsed::new(Text::from(base)));
    let valid = |parsed: &Parsed| parsed.errors().is_empty();
    if let Some(base) = parsed_base
        .as_ref()
        .filter(|base| valid(base) && valid(mine) && valid(&parsed_theirs))
    {
        let merged = merge(base, mine, &parsed_theirs);
        return Plan {
            edits: merged.edits,
            conflicts: merged.conflicts,
        };
    }
    match merge_lines(base.unwrap_or_default(), &text, theirs) {
        Some(merged) => edits_to(&merged),
        None => Plan {
            edits: Vec::new(),
            conflicts: vec![whole(base, &text, theirs)],
        },
    }
}

/// The conflict of two texts that cannot be taken apart.
fn whole(base: Option<&str>, mine: &str, theirs: &str) -> MergeConflict {
    let value = |text: &str| Some(serde_json::from_str(text).unwrap_or_else(|_| text.into()));
    MergeConflict {
        pointer: String::new(),
        base: base.and_then(value),
        mine: value(mine),
        theirs: value(theirs),
    }
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
    pub fn document_at(&mut self, path: &Path) -> Option<&mut super::document::Document> {
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
        let text = self.documents.get(uri).map(super::document::Document::text);
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
