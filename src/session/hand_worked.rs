//! Turns whose tools a test works by hand. Keeper, store and host are those of every turn; Claude's program is missing,
//! and the system's watch of the folder: the test says when that tells of a change.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::{
    host::EventSink,
    manager::SessionManager,
    specs::{Means, Scope, SpecKeeper},
    store::{StoreError, TurnEnd},
    turn::Outlet,
    types::{Mode, SpecUpdate, Status, TurnEvent},
    watch::{Following, Settled},
};

/// A conversation without a program; a cheap handle.
#[derive(Clone)]
pub(crate) struct HandWorked {
    manager: Arc<SessionManager>,
    session_id: String,
    road: Arc<tokio::sync::Mutex<()>>,
}

/// One of its turns, while it runs.
pub(crate) struct HandTurn {
    /// As it is stored.
    pub(crate) id: String,
    keeper: SpecKeeper,
    system: UnboundedSender<Settled>,
    spec: PathBuf,
}

struct Unheard;

impl EventSink for Unheard {
    fn send(&self, _: TurnEvent) {}
}

impl HandWorked {
    pub(crate) async fn new(manager: Arc<SessionManager>) -> Self {
        let made = manager.store(|store| store.create_session(None, Mode::Power, None));
        let session_id = made.await.expect("a session").id;
        Self {
            manager,
            session_id,
            road: Arc::default(),
        }
    }

    /// Begins a turn whose study has `spec`.
    pub(crate) async fn begin(&self, spec: &Path) -> HandTurn {
        let session_id = self.session_id.clone();
        let begun = self
            .manager
            .store(move |store| store.begin_turn(&session_id, "by hand"));
        let id = begun.await.expect("a turn");
        let (following, system) = Following::by_hand();
        let means = Means {
            host: self.manager.host().clone(),
            store: self.manager.store_handle(),
            outlet: Outlet::new(Arc::new(Unheard)),
            following: Some(following),
            road: self.road.clone(),
        };
        let scope = Scope {
            session_id: self.session_id.clone(),
            turn_id: id.clone(),
            label: "by hand".into(),
            root: self.manager.root().clone(),
            own: vec![spec.to_owned()],
        };
        HandTurn {
            id,
            keeper: SpecKeeper::start(scope, means).await,
            system,
            spec: spec.to_owned(),
        }
    }

    /// Ends a turn as one that came to its end by itself; all that it changed.
    pub(crate) async fn finish(&self, turn: HandTurn) -> Vec<SpecUpdate> {
        let changes = turn.keeper.finish(&CancellationToken::new(), false).await;
        let end = TurnEnd {
            status: Status::Completed,
            text: String::new(),
            tool_calls: Vec::new(),
            claude_session: None,
            usage: None,
            error: None,
        };
        let ended = self
            .manager
            .store(move |store| store.finish_turn(&turn.id, &end));
        ended.await.expect("stored");
        changes.updates
    }

    /// For a person: the texts that the store has of a turn, each as what it added to the one before and took from it.
    pub(crate) async fn told(&self, turn: String) -> String {
        let texts = self.manager.store(move |store| store.texts(&turn));
        let texts = texts.await.expect("readable");
        let mut former = "";
        let mut told = String::new();
        for stored in &texts {
            let text = stored.text.as_deref().unwrap_or_default();
            let diff = similar::TextDiff::from_words(former, text);
            let changes = diff.iter_all_changes();
            let changes = changes.filter(|it| !it.value().trim().is_empty());
            let changed = changes.filter(|it| it.tag() != similar::ChangeTag::Equal);
            let words: Vec<String> = changed
                .map(|it| format!("{}{}", it.tag(), it.value()))
                .collect();
            told += &format!(
                "{:?}, {} bytes: {}\n",
                stored.role,
                text.len(),
                words.join(" ")
            );
            former = text;
        }
        told
    }

    /// Every text and every value in a conflict that the store has of these turns, one after the other.
    pub(crate) async fn stored(&self, turns: Vec<String>) -> String {
        let gathered = self.manager.store(move |store| {
            let mut all = String::new();
            for turn in turns {
                let texts = store.texts(&turn)?;
                all.extend(texts.iter().filter_map(|it| it.text.as_deref()));
            }
            for conflict in store.conflicts(None, None)? {
                all += &format!("{:?}", conflict.conflict.theirs);
            }
            Ok::<_, StoreError>(all)
        });
        gathered.await.expect("readable")
    }
}

impl HandTurn {
    /// A tool is about to begin that was asked for; without a file it may write anywhere.
    pub(crate) async fn begins(&self, tool: &str, file: Option<PathBuf>) {
        self.keeper.begins(tool, file).await;
    }

    /// The same for one that was not asked for.
    pub(crate) fn began(&self, tool: &str, file: Option<PathBuf>) {
        self.keeper.began(tool, file);
    }

    /// It has ended.
    pub(crate) fn ended(&self, tool: &str) {
        self.keeper.ended(tool);
    }

    /// The system tells that the spec changed.
    pub(crate) fn changed(&self) {
        let path = self.spec.clone();
        let _ = self.system.send(Settled { path, file: None });
    }
}
