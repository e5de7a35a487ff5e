//! Stores an answer while it grows, so that `kill -9` costs at most half a second of it, and a slow disk costs the
//! stream nothing.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    store::{Store, StoreError},
    types::ToolCall,
};

/// Before each write; one takes a few milliseconds, so that the stored text is at most 500 ms old.
const PAUSE: Duration = Duration::from_millis(350);

/// What is not stored yet.
#[derive(Debug, Default, Clone)]
struct Pending {
    /// The whole answer, where more than an addition is due.
    whole: Option<(String, Vec<ToolCall>)>,
    /// To be added to it, or to what is stored.
    added: String,
}

/// The end that the turn holds.
pub(super) struct Saver {
    pending: Arc<watch::Sender<Pending>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Saver {
    pub(super) fn new(store: Arc<Store>, turn_id: String) -> Self {
        let pending = Arc::new(watch::Sender::new(Pending::default()));
        let stop = CancellationToken::new();
        let task = tokio::spawn(save(store, turn_id, pending.clone(), stop.clone()));
        Self {
            pending,
            stop,
            task,
        }
    }

    /// More text.
    pub(super) fn append(&self, delta: &str) {
        self.pending
            .send_modify(|pending| pending.added.push_str(delta));
    }

    /// The answer as it stands now.
    pub(super) fn set(&self, text: &str, tool_calls: &[ToolCall]) {
        self.pending.send_modify(|pending| {
            *pending = Pending {
                whole: Some((text.to_owned(), tool_calls.to_vec())),
                added: String::new(),
            };
        });
    }

    /// Stops; what was not written yet is for `finish_turn`, which stores the whole.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        // A write that has begun is waited for, so that none comes after the turn's end.
        let _ = self.task.await;
    }
}

async fn save(
    store: Arc<Store>,
    turn_id: String,
    source: Arc<watch::Sender<Pending>>,
    stop: CancellationToken,
) {
    let mut changes = source.subscribe();
    let mut failed: Option<Pending> = None;
    while let Some(Ok(())) = stop.run_until_cancelled(changes.changed()).await {
        // First the pause: of a short answer nothing is stored but its end.
        let pause = tokio::time::sleep(PAUSE);
        if stop.run_until_cancelled(pause).await.is_none() {
            break;
        }
        let mut pending = Pending::default();
        source.send_if_modified(|source| {
            pending = std::mem::take(source);
            false
        });
        if let Some(former) = failed.take() {
            pending = join(former, pending);
        }
        let (store, turn) = (store.clone(), turn_id.clone());
        let write = move || write(&store, &turn, &pending).map_err(|_| pending);
        // A store that cannot be written now is tried again with the next piece, and at the turn's end.
        failed = tokio::task::spawn_blocking(write)
            .await
            .ok()
            .and_then(Result::err);
    }
}

fn write(store: &Store, turn_id: &str, pending: &Pending) -> Result<(), StoreError> {
    match &pending.whole {
        Some((text, tool_calls)) => {
            store.set_answer(turn_id, &format!("{text}{}", pending.added), tool_calls)
        }
        None if pending.added.is_empty() => Ok(()),
        None => store.append_answer(turn_id, &pending.added),
    }
}

/// What could not be stored, and what came since.
fn join(former: Pending, mut later: Pending) -> Pending {
    if later.whole.is_none() {
        later.added.insert_str(0, &former.added);
        later.whole = former.whole;
    }
    later
}
