//! Clients that take edits without versions: they cannot refuse one that comes too late; and what is theirs to replace. Time is tokio's paused clock.

use std::sync::mpsc::Receiver;

use lsp_types::{
    DidChangeTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    TextDocumentContentChangeEvent, TextDocumentIdentifier, TextDocumentItem,
    VersionedTextDocumentIdentifier,
};
use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Id, Response};

use super::{
    super::{
        main_loop,
        notifications::{did_change::did_change, did_open::did_open, did_save::did_save},
        outbox::Outbox,
        roots::Managers,
    },
    *,
};

const BASE: &str = "{\"a\": [1]}";
const THEIRS: &str = "{\"a\": [1, 2]}";

struct Desk {
    events: Events,
    outbox: Outbox,
    frames: Receiver<Vec<u8>>,
    uri: Url,
}

impl Desk {
    fn new() -> Self {
        let (outbox, frames) = Outbox::unwritten();
        let (events, inbox) = Events::new();
        let managers = Managers::new(events.clone(), outbox.clone());
        let mut state = State::new(events.clone(), outbox.clone(), managers);
        state.client = Arc::new(Client {
            apply_edit: true,
            versioned_edits: false,
            pull_diagnostics: true,
            ..Client::default()
        });
        tokio::spawn(main_loop::run(state, inbox));
        let uri = Url::parse("file:///studies/late/atomizer_spec.json").expect("a uri");
        let text_document = TextDocumentItem::new(uri.clone(), "json".into(), 1, BASE.into());
        events.send(move |state| did_open(state, DidOpenTextDocumentParams { text_document }));
        Self {
            events,
            outbox,
            frames,
            uri,
        }
    }

    fn delivery(&self) -> Delivery {
        Delivery {
            events: self.events.clone(),
            label: "Claude: more".into(),
            path: self.uri.to_file_path().expect("a path"),
            changes: vec![Change {
                base: Some(BASE.into()),
                theirs: THEIRS.into(),
            }],
            read_at: Some(SystemTime::now()),
            keep: None,
        }
    }

    /// The ids of the edits that were sent since the last look.
    fn edits(&self) -> Vec<i64> {
        let message = |frame: Vec<u8>| {
            let text = String::from_utf8(frame).expect("UTF-8");
            let (_, body) = text.split_once("\r\n\r\n").expect("a header");
            serde_json::from_str::<Value>(body).expect("a message")
        };
        let sent = self.frames.try_iter().map(message);
        sent.filter(|it| it["method"] == "workspace/applyEdit")
            .map(|it| it["id"].as_i64().expect("an id"))
            .collect()
    }

    /// Waits for an edit, and says that it was applied.
    async fn claims(&self) {
        loop {
            if let Some(id) = self.edits().first() {
                let answer = Response::from_ok(Id::Number(*id), json!({"applied": true}));
                return self.outbox.answered(answer);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn shows(&self, version: i32, text: &str) {
        let params = DidChangeTextDocumentParams {
            text_document: VersionedTextDocumentIdentifier {
                uri: self.uri.clone(),
                version,
            },
            content_changes: vec![TextDocumentContentChangeEvent {
                range: None,
                range_length: None,
                text: text.into(),
            }],
        };
        self.events.send(move |state| did_change(state, params));
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_shows_late_is_not_sent_twice() {
    let desk = Desk::new();
    let delivery = desk.delivery();
    let running = tokio::spawn(async move { delivery.run().await });
    desk.claims().await;
    tokio::time::sleep(CONFIRMATION * 3).await;
    // Typed before the edit arrived; the edit itself comes after it.
    desk.shows(2, "{ \"a\": [1]}");
    tokio::time::sleep(CONFIRMATION).await;
    desk.shows(3, "{ \"a\": [1, 2]}");
    let delivered = running.await.expect("no panic");
    assert_eq!(delivered.applied, Applied::Edit);
    assert_eq!(desk.edits(), Vec::<i64>::new());
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_never_shows_is_told_as_rejected() {
    let desk = Desk::new();
    let delivery = desk.delivery();
    let running = tokio::spawn(async move { delivery.run().await });
    desk.claims().await;
    let delivered = running.await.expect("no panic");
    assert_eq!(delivered.applied, Applied::Rejected);
    assert_eq!(desk.edits(), Vec::<i64>::new());
}

#[tokio::test(start_paused = true)]
async fn a_text_that_was_saved_after_theirs_was_read_is_not_replaced_by_it() {
    const UNFINISHED: &str = "{\"a\": [1], \"mine\"";
    let desk = Desk::new();
    desk.shows(2, UNFINISHED);
    let uri = desk.uri.clone();
    desk.events.send(move |state| {
        let text_document = TextDocumentIdentifier { uri };
        let text = None;
        did_save(
            state,
            DidSaveTextDocumentParams {
                text_document,
                text,
            },
        );
    });
    let read_at = |seconds: i64| {
        let apart = Duration::from_secs(seconds.unsigned_abs());
        let now = SystemTime::now();
        Some(if seconds < 0 {
            now - apart
        } else {
            now + apart
        })
    };
    let older = Delivery {
        read_at: read_at(-9),
        ..desk.delivery()
    };
    assert_eq!(older.run().await.applied, Applied::Conflict);
    let newer = Delivery {
        read_at: read_at(9),
        ..desk.delivery()
    };
    let running = tokio::spawn(async move { newer.run().await });
    desk.claims().await;
    desk.shows(3, THEIRS);
    assert_eq!(running.await.expect("no panic").applied, Applied::Edit);
}
