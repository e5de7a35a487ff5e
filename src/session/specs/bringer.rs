//! What was noticed is brought to the editor in order, by a task of its own: an editor that does not answer holds up
//! neither the look at the files nor the end of a turn that was cancelled.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
};

use crate::session::{
    host::{Author, Host, SpecChange},
    turn::Outlet,
    types::{Applied, SpecUpdate, TurnEvent},
};

/// Changes of one turn on their way to the editor.
pub(super) struct Bringer {
    jobs: mpsc::UnboundedSender<Job>,
    told: Arc<Told>,
    task: JoinHandle<()>,
}

enum Job {
    Claudes {
        number: usize,
        real: PathBuf,
        /// `None`: no JSON, which is told but not merged.
        change: Option<SpecChange>,
    },
    Others {
        real: PathBuf,
        change: SpecChange,
    },
    /// The user saved this text: it is what editor and file had in common then.
    Saved {
        real: PathBuf,
        text: Arc<str>,
    },
}

/// What the editor was last seen to have in common with each file, where that is not what the turn told last: a change
/// that it did not take comes again with the next one.
type Shown = HashMap<PathBuf, Option<Arc<str>>>;

/// Every change of the turn, in the order they were noticed, and what became of each.
pub(super) struct Told {
    host: Arc<dyn Host>,
    outlet: Arc<Outlet>,
    entries: Mutex<Vec<Entry>>,
    /// Another one has arrived.
    arrived: Notify,
}

struct Entry {
    /// The file's real path.
    real: PathBuf,
    update: SpecUpdate,
    /// Of the turn's listeners.
    told: bool,
    arrived: bool,
}

impl Told {
    pub(super) fn new(host: Arc<dyn Host>, outlet: Arc<Outlet>) -> Arc<Self> {
        Arc::new(Self {
            host,
            outlet,
            entries: Mutex::default(),
            arrived: Notify::new(),
        })
    }

    /// What the turn's result says. A change that has not arrived by now is told as one that the editor does not take;
    /// it stays on its way.
    pub(super) fn close(&self) -> Vec<SpecUpdate> {
        let mut entries = self.entries();
        for entry in entries.iter_mut().filter(|entry| !entry.told) {
            entry.told = true;
            self.outlet
                .send(TurnEvent::SpecUpdated(entry.update.clone()));
        }
        let brief = |entry: &Entry| SpecUpdate {
            spec: None,
            ..entry.update.clone()
        };
        entries.iter().map(brief).collect()
    }

    /// A change of this file is still on its way.
    pub(super) fn is_under_way(&self, real: &Path) -> bool {
        let on_its_way = |entry: &Entry| !entry.arrived && entry.real == real;
        self.entries().iter().any(on_its_way)
    }

    /// Waits until one has arrived.
    pub(super) async fn arrival(&self) {
        self.arrived.notified().await;
    }

    fn add(&self, real: PathBuf, update: SpecUpdate) -> usize {
        let mut entries = self.entries();
        entries.push(Entry {
            real,
            update,
            told: false,
            arrived: false,
        });
        entries.len() - 1
    }

    fn arrives(&self, number: usize, applied: Applied) {
        if let Some(entry) = self.entries().get_mut(number) {
            let update = SpecUpdate {
                applied,
                ..entry.update.clone()
            };
            // The document itself is for those who hear of it now.
            entry.update.spec = None;
            entry.arrived = true;
            if !std::mem::replace(&mut entry.told, true) {
                entry.update.applied = applied;
                self.outlet.send(TurnEvent::SpecUpdated(update.clone()));
            }
            self.host.spec_updated(&update);
        }
        self.arrived.notify_one();
    }

    /// A panic elsewhere leaves the list as it is: it holds nothing half done.
    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn deliver(host: &dyn Host, shown: &mut Shown, real: PathBuf, change: SpecChange) -> Applied {
    let base = shown.get(&real).unwrap_or(&change.base).clone();
    let (author, theirs) = (change.author, change.theirs.clone());
    let base_now = base.clone();
    let applied = host.deliver(SpecChange { base, ..change }).await;
    let is_there = match applied {
        Applied::Rejected | Applied::Invalid => false,
        // Left to the editor, which may have the old text for a while yet.
        Applied::Disk => author == Author::Claude,
        Applied::Edit | Applied::InSync | Applied::Conflict => true,
    };
    shown.insert(real, if is_there { theirs } else { base_now });
    applied
}

impl Bringer {
    /// `road`: held while a change is brought, so that no other turn of the session overtakes it.
    pub(super) fn start(told: Arc<Told>, road: Arc<tokio::sync::Mutex<()>>) -> Self {
        let (jobs, mut inbox) = mpsc::unbounded_channel::<Job>();
        let list = told.clone();
        let task = tokio::spawn(async move {
            let mut shown = Shown::new();
            while let Some(job) = inbox.recv().await {
                let _road = road.lock().await;
                match job {
                    Job::Claudes {
                        number,
                        real,
                        change,
                    } => {
                        let applied = match change {
                            Some(change) => deliver(&*list.host, &mut shown, real, change).await,
                            None => Applied::Invalid,
                        };
                        list.arrives(number, applied);
                    }
                    Job::Others { real, change } => {
                        deliver(&*list.host, &mut shown, real, change).await;
                    }
                    Job::Saved { real, text } => drop(shown.insert(real, Some(text))),
                }
            }
        });
        Self { jobs, told, task }
    }

    /// Sends a change on its way; its texts are stored.
    pub(super) fn bring(&self, real: PathBuf, update: SpecUpdate, change: Option<SpecChange>) {
        let number = self.told.add(real.clone(), update);
        let _ = self.jobs.send(Job::Claudes {
            number,
            real,
            change,
        });
    }

    /// Sends what somebody else changed on its way.
    pub(super) fn bring_others(&self, real: PathBuf, change: SpecChange) {
        let _ = self.jobs.send(Job::Others { real, change });
    }

    /// The user saved a text that the editor has, or had before what the user typed since.
    pub(super) fn saved(&self, real: PathBuf, text: Arc<str>) {
        let _ = self.jobs.send(Job::Saved { real, text });
    }

    /// Waits until all have arrived.
    pub(super) async fn finish(self) {
        drop(self.jobs);
        let _ = self.task.await;
    }
}
