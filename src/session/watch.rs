//! Watches specs on disk and tells each change once the file is whole again. Claude, engines and git replace files
//! rather than write into them, so the folders are watched, not the files; where the system cannot watch (too many
//! watches, a folder that is gone or not yet there, a file that is a link) the files are looked at every
//! [`POLL`].
//!
//! Whole means: it is JSON. What is not yet JSON is waited for in silence; at the end of a turn the caller looks
//! itself and says what it finds.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind},
};
use serde::de::IgnoredAny;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::study::{SpecFile, Stamp, StudyError, read_spec};

/// How often files are looked at that cannot be watched.
const POLL: Duration = Duration::from_millis(100);
/// A file that is gone for less than this is being replaced.
const GONE: Duration = Duration::from_millis(100);

/// A spec that changed and is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The file, as it was named to [`Following::add`].
    pub path: PathBuf,
    /// Its text; `None`: the file is gone.
    pub file: Option<SpecFile>,
}

/// One watcher for a whole server; a thread of its own, which ends when this is dropped.
#[derive(Debug)]
pub struct SpecWatcher {
    orders: mpsc::Sender<Order>,
    next: AtomicU64,
}

/// The changes that one turn wants to hear of; ends when dropped.
#[derive(Debug)]
pub struct Following {
    id: u64,
    orders: mpsc::Sender<Order>,
    settled: UnboundedReceiver<Settled>,
}

enum Order {
    Follow(u64, UnboundedSender<Settled>),
    Add(u64, PathBuf, Option<String>),
    Look(PathBuf),
    Leave(u64),
    Disk(notify::Result<notify::Event>),
    Stop,
}

impl SpecWatcher {
    /// Starts the thread.
    pub fn start() -> io::Result<Self> {
        let (orders, inbox) = mpsc::channel();
        let for_disk = orders.clone();
        let watcher = notify::recommended_watcher(move |event| {
            let _ = for_disk.send(Order::Disk(event));
        })
        .inspect_err(|e| tracing::warn!("specs are polled, for the system cannot watch: {e}"))
        .ok();
        let worker = Worker {
            watcher,
            watched: HashSet::new(),
            files: HashMap::new(),
            followers: HashMap::new(),
        };
        std::thread::Builder::new()
            .name("spec-watcher".into())
            .spawn(move || worker.run(&inbox))?;
        Ok(Self {
            orders,
            next: AtomicU64::new(0),
        })
    }

    /// Begins to follow; no file yet.
    pub fn follow(&self) -> Following {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, settled) = unbounded_channel();
        let _ = self.orders.send(Order::Follow(id, sender));
        Following {
            id,
            orders: self.orders.clone(),
            settled,
        }
    }
}

impl Drop for SpecWatcher {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Stop);
    }
}

impl Following {
    /// Follows a file, which need not exist. `known` is the MD5 of what the caller has read (`None`: no file): a change
    /// between that and now is told, too.
    pub fn add(&self, path: &Path, known: Option<String>) {
        let _ = self.orders.send(Order::Add(self.id, path.into(), known));
    }

    /// Looks at a file now: somebody says that it changed.
    pub fn look(&self, path: &Path) {
        let _ = self.orders.send(Order::Look(path.into()));
    }

    /// The next change; `None` when the watcher is gone. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Settled> {
        self.settled.recv().await
    }
}

#[cfg(test)]
impl Following {
    /// One that hears what a test tells, in the place of the system.
    pub(super) fn by_hand() -> (Self, UnboundedSender<Settled>) {
        let (sender, settled) = unbounded_channel();
        let (orders, _) = mpsc::channel();
        let following = Self {
            id: 0,
            orders,
            settled,
        };
        (following, sender)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Leave(self.id));
    }
}

struct Worker {
    watcher: Option<RecommendedWatcher>,
    /// Folders that the system watches for us.
    watched: HashSet<PathBuf>,
    files: HashMap<PathBuf, FileState>,
    followers: HashMap<u64, Follower>,
}

struct Follower {
    settled: UnboundedSender<Settled>,
    /// MD5 of what it knows of each file; `None`: no file.
    knows: HashMap<PathBuf, Option<String>>,
}

#[derive(Default)]
struct FileState {
    /// To be read.
    dirty: bool,
    gone_since: Option<Instant>,
    /// How it was at the last poll; `None`: not polled since it is not watched. It may have changed since it was read.
    polled: Option<Option<Stamp>>,
}

impl Worker {
    fn run(mut self, inbox: &mpsc::Receiver<Order>) {
        let mut polled = Instant::now();
        loop {
            let first = match self.timeout() {
                None => inbox
                    .recv()
                    .map_err(|_| mpsc::RecvTimeoutError::Disconnected),
                Some(time) => inbox.recv_timeout(time),
            };
            // A burst of events asks for one look.
            let orders = match first {
                Ok(order) => Some(order).into_iter().chain(inbox.try_iter()),
                Err(mpsc::RecvTimeoutError::Timeout) => None.into_iter().chain(inbox.try_iter()),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            };
            for order in orders {
                match order {
                    Order::Stop => return,
                    Order::Follow(id, settled) => {
                        let knows = HashMap::new();
                        self.followers.insert(id, Follower { settled, knows });
                    }
                    Order::Add(id, path, known) => self.add(id, path, known),
                    Order::Look(path) => self.mark(|file| file == path),
                    Order::Leave(id) => self.leave(id),
                    Order::Disk(event) => self.disk(event),
                }
            }
            if polled.elapsed() >= POLL {
                self.poll();
                polled = Instant::now();
            }
            self.look();
        }
    }

    /// How long to wait for the next order; `None`: for ever.
    fn timeout(&self) -> Option<Duration> {
        self.files
            .iter()
            .any(|(path, state)| state.gone_since.is_some() || self.is_polled(path))
            .then_some(POLL)
    }

    fn is_polled(&self, path: &Path) -> bool {
        path.is_symlink()
            || path
                .parent()
                .is_none_or(|folder| !self.watched.contains(folder))
    }

    fn add(&mut self, id: u64, path: PathBuf, known: Option<String>) {
        if let Some(follower) = self.followers.get_mut(&id) {
            follower.knows.insert(path.clone(), known);
            self.watch_folder(&path);
            self.files.entry(path).or_default().dirty = true;
        }
    }

    fn watch_folder(&mut self, file: &Path) {
        if let (Some(folder), Some(watcher)) = (file.parent(), &mut self.watcher)
            && !self.watched.contains(folder)
            && watcher.watch(folder, RecursiveMode::NonRecursive).is_ok()
        {
            self.watched.insert(folder.into());
        }
    }

    fn leave(&mut self, id: u64) {
        self.followers.remove(&id);
        let followers = &self.followers;
        self.files
            .retain(|path, _| followers.values().any(|f| f.knows.contains_key(path)));
        let files = &self.files;
        let idle: Vec<PathBuf> = self
            .watched
            .extract_if(|folder| files.keys().all(|path| path.parent() != Some(folder)))
            .collect();
        if let Some(watcher) = &mut self.watcher {
            for folder in idle {
                let _ = watcher.unwatch(&folder);
            }
        }
    }

    fn mark(&mut self, which: impl Fn(&Path) -> bool) {
        for (path, state) in &mut self.files {
            state.dirty |= which(path);
        }
    }

    fn disk(&mut self, event: notify::Result<notify::Event>) {
        let Ok(event) = event else {
            return self.mark(|_| true);
        };
        if event.need_rescan() {
            self.mark(|_| true);
        }
        match event.kind {
            // Our own reading is an access, too.
            EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write) => return,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                for path in &event.paths {
                    if self.watched.remove(path) {
                        self.forget_folder(path);
                    }
                }
            }
            _ => {}
        }
        // By name alone: the system may name the folder otherwise than we do. A look too many does no harm.
        self.mark(|file| {
            event
                .paths
                .iter()
                .any(|p| p.file_name() == file.file_name())
        });
    }

    /// The folder itself went or moved: the system's watch went with it, and a new folder of that name needs another.
    fn forget_folder(&mut self, folder: &Path) {
        if let Some(watcher) = &mut self.watcher {
            let _ = watcher.unwatch(folder);
        }
        self.mark(|file| file.parent() == Some(folder));
    }

    /// Marks files that changed unwatched, and tries to have their folders watched again.
    fn poll(&mut self) {
        let polled: Vec<PathBuf> = self
            .files
            .keys()
            .filter(|path| self.is_polled(path))
            .cloned()
            .collect();
        for path in polled {
            self.watch_folder(&path);
            let stamp = Stamp::at(&path);
            // Now watched: what happened until then is looked at once.
            let newly_watched = !self.is_polled(&path);
            if let Some(state) = self.files.get_mut(&path) {
                state.dirty |= newly_watched || state.polled != Some(stamp);
                state.polled = (!newly_watched).then_some(stamp);
            }
        }
    }

    /// Reads what may have changed and tells what is whole.
    fn look(&mut self) {
        for (path, state) in &mut self.files {
            if !state.dirty && state.gone_since.is_none() {
                continue;
            }
            state.dirty = false;
            let file = match read_spec(path) {
                Ok(file) => Some(file),
                Err(StudyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    let since = *state.gone_since.get_or_insert_with(Instant::now);
                    if since.elapsed() < GONE {
                        continue;
                    }
                    None
                }
                // Half a character, say: what follows will bring another event.
                Err(_) => continue,
            };
            state.gone_since = None;
            tell(&mut self.followers, path, file);
        }
    }
}

/// Tells those followers that know another text; what is no JSON is told to nobody.
fn tell(followers: &mut HashMap<u64, Follower>, path: &Path, file: Option<SpecFile>) {
    let md5 = file.as_ref().map(|file| file.md5.clone());
    let mut whole = None;
    for follower in followers.values_mut() {
        let Some(known) = follower.knows.get_mut(path) else {
            continue;
        };
        if *known == md5 || !*whole.get_or_insert_with(|| file.as_ref().is_none_or(is_json)) {
            continue;
        }
        known.clone_from(&md5);
        let _ = follower.settled.send(Settled {
            path: path.into(),
            file: file.clone(),
        });
    }
}

fn is_json(file: &SpecFile) -> bool {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        io::Write,
    };

    use tempfile::TempDir;

    use super::*;
    use crate::study::{md5_hex, write_atomic};

    /// A followed spec that holds `{}`.
    fn followed() -> (TempDir, PathBuf, SpecWatcher, Following) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("atomizer_spec.json");
        fs::write(&path, "{}").expect("written");
        let watcher = SpecWatcher::start().expect("started");
        let following = watcher.follow();
        following.add(&path, Some(md5_hex(b"{}")));
        (dir, path, watcher, following)
    }

    /// The next change's text; a minute is for a test that fails.
    async fn next(following: &mut Following) -> Option<String> {
        tokio::time::timeout(Duration::from_secs(60), following.next())
            .await
            .expect("a change is told")
            .expect("the watcher lives")
            .file
            .map(|file| file.text.to_string())
    }

    #[tokio::test]
    async fn a_file_renamed_over_is_told_with_its_bytes() {
        let (_dir, path, _watcher, mut following) = followed();
        for n in 0..5 {
            let text = format!("{{\"n\": {n}}}");
            write_atomic(&path, text.as_bytes()).expect("written");
            assert_eq!(next(&mut following).await, Some(text));
        }
    }

    #[tokio::test]
    async fn half_a_file_is_never_told() {
        let (_dir, path, _watcher, mut following) = followed();
        let mut file = File::create(&path).expect("made");
        for piece in ["{\"a\": ", "\"gr\u{f6}", "\u{df}er\"", "}"] {
            file.write_all(piece.as_bytes()).expect("written");
            file.sync_all().expect("synced");
            following.look(&path);
        }
        assert_eq!(
            next(&mut following).await.as_deref(),
            Some("{\"a\": \"größer\"}")
        );
    }

    #[tokio::test]
    async fn a_change_before_the_watch_began_is_told() {
        let (_dir, path, watcher, _following) = followed();
        let mut late = watcher.follow();
        late.add(&path, Some(md5_hex(b"older")));
        assert_eq!(next(&mut late).await.as_deref(), Some("{}"));
    }

    #[tokio::test]
    async fn the_same_bytes_again_are_not_told() {
        let (_dir, path, _watcher, mut following) = followed();
        write_atomic(&path, b"{}").expect("written");
        following.look(&path);
        write_atomic(&path, b"[1]").expect("written");
        assert_eq!(next(&mut following).await.as_deref(), Some("[1]"));
    }

    #[tokio::test]
    async fn a_file_that_goes_and_comes_back_is_told_both_times() {
        let (_dir, path, _watcher, mut following) = followed();
        fs::remove_file(&path).expect("removed");
        assert_eq!(next(&mut following).await, None);
        fs::write(&path, "[2]").expect("written");
        assert_eq!(next(&mut following).await.as_deref(), Some("[2]"));
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_yet_or_was_made_anew_is_followed() {
        let (dir, _path, _watcher, mut following) = followed();
        let folder = dir.path().join("new/1_setup");
        let path = folder.join("atomizer_spec.json");
        following.add(&path, None);
        for text in ["[1]", "[2]"] {
            fs::create_dir_all(&folder).expect("made");
            fs::write(&path, text).expect("written");
            assert_eq!(next(&mut following).await.as_deref(), Some(text));
            fs::remove_dir_all(dir.path().join("new")).expect("removed");
            assert_eq!(next(&mut following).await, None);
        }
    }

    #[tokio::test]
    async fn a_file_that_goes_before_its_folder_could_be_watched_is_told() {
        let (dir, _path, watcher, _following) = followed();
        let folder = dir.path().join("new");
        let path = folder.join("atomizer_spec.json");
        let mut following = watcher.follow();
        following.add(&path, None);
        fs::create_dir_all(&folder).expect("made");
        fs::write(&path, "[1]").expect("written");
        following.look(&path);
        assert_eq!(next(&mut following).await.as_deref(), Some("[1]"));
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(next(&mut following).await, None);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_is_followed_to_its_file() {
        let (dir, _path, _watcher, mut following) = followed();
        let target = dir.path().join("elsewhere");
        fs::create_dir(&target).expect("made");
        fs::write(target.join("real.json"), "[1]").expect("written");
        let link = dir.path().join("link.json");
        std::os::unix::fs::symlink(target.join("real.json"), &link).expect("linked");
        following.add(&link, Some(md5_hex(b"[1]")));
        fs::write(target.join("real.json"), "[2, 3]").expect("written");
        assert_eq!(next(&mut following).await.as_deref(), Some("[2, 3]"));
    }

    #[tokio::test]
    async fn each_follower_hears_of_its_own_files_until_the_watcher_goes() {
        let (dir, path, watcher, mut one) = followed();
        let other = dir.path().join("other.json");
        let mut two = watcher.follow();
        two.add(&other, None);
        fs::write(&other, "[]").expect("written");
        assert_eq!(next(&mut two).await.as_deref(), Some("[]"));
        drop(two);
        fs::write(&path, "[1]").expect("written");
        assert_eq!(next(&mut one).await.as_deref(), Some("[1]"));
        drop(watcher);
        assert_eq!(one.next().await, None);
    }
}
