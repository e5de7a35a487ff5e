//! One running program: started under its supervisor, spoken to in lines, ended with all that came from it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::AsyncWriteExt,
    process::{ChildStderr, ChildStdin, ChildStdout},
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

#[cfg(windows)]
use super::job as tree;
#[cfg(unix)]
use super::supervised as tree;
use super::{
    CommandLine, Event, Process,
    attendant::{Attendant, Meanwhile},
    control,
    reader::{Lines, Reader},
};
use tree::Tree;

/// As much of standard error as an error message carries.
const STDERR_TAIL: usize = 4096;

/// How to start a program.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program and its arguments.
    pub line: CommandLine,
    /// Claude's own id of the conversation to take up again.
    pub resume: Option<String>,
    /// Working folder.
    pub folder: PathBuf,
    /// Set beside the inherited environment.
    pub env: BTreeMap<String, String>,
    /// The executable with the `supervise` subcommand; `None`: this one. Windows needs none.
    pub supervisor: Option<PathBuf>,
}

/// Why no program runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Neither a file nor a command of this name.
    #[error(
        "cannot find `{0}`: install Claude Code (`npm install -g @anthropic-ai/claude-code`), \
         or name its path in the setting `atomizer.claude.command`"
    )]
    NotFound(String),
    /// It is there, but the system will not run it.
    #[error("cannot start claude: {0}. The setting `atomizer.claude.command` names the program")]
    Failed(String),
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code, 128 and the signal's number when a signal ended it, on Windows 1 when it was ended; `None`: its
    /// supervisor was killed.
    pub code: Option<i32>,
}

/// Requests of ours that have no answer yet.
pub(super) type Pending = Arc<Mutex<HashMap<String, oneshot::Sender<Result<Value, String>>>>>;

/// Who hears what the program says.
enum Listener {
    /// Whoever calls [`Program::next`].
    Turn(mpsc::Receiver<Event>),
    /// No turn runs.
    Attendant(Attendant),
    /// Its output was lost with a listener that failed.
    Nobody,
}

/// A running program. Dropping it ends it, with all that came from it.
pub struct Program {
    listener: Listener,
    input: mpsc::UnboundedSender<String>,
    writer: JoinHandle<()>,
    pending: Pending,
    stderr: Tail,
    garbage: Arc<AtomicU64>,
    exit: watch::Receiver<Option<Exit>>,
    requests: u64,
    tree: Tree,
}

/// A program that has just been started.
pub(super) struct Started {
    pub(super) tree: Tree,
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: Lines<ChildStderr>,
    pub(super) exit: watch::Receiver<Option<Exit>>,
}

/// Without them nothing could be said to it.
pub(super) fn no_pipes() -> String {
    "no pipes".into()
}

/// The end of what the program wrote to standard error.
#[derive(Clone, Default)]
pub(super) struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    pub(super) fn keep(&self, line: &[u8]) {
        let mut tail = lock(&self.0);
        tail.extend_from_slice(line);
        tail.push(b'\n');
        let surplus = tail.len().saturating_sub(STDERR_TAIL);
        tail.drain(..surplus);
    }
}

impl Program {
    /// Starts a program; returns once the system runs it, without waiting for it to say anything.
    pub async fn start(launch: &Launch) -> Result<Self, StartError> {
        let program = Self::find(launch)?;
        let mut command = tree::command(launch.supervisor.clone(), &program);
        command.args(launch.line.arguments(launch.resume.as_deref()));
        command.current_dir(&launch.folder).envs(&launch.env);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let tail = Tail::default();
        let Started {
            tree,
            stdin,
            stdout,
            stderr,
            exit,
        } = tree::start(command, &program, &tail)
            .await
            .map_err(StartError::Failed)?;
        tokio::spawn(read_stderr(stderr, tail.clone()));
        let (input, lines) = mpsc::unbounded_channel();
        let writer = tokio::spawn(write_lines(stdin, lines));
        let (sender, events) = mpsc::channel(64);
        let pending = Pending::default();
        let garbage = Arc::new(AtomicU64::new(0));
        let reader = Reader {
            sender,
            pending: pending.clone(),
            garbage: garbage.clone(),
            input: input.downgrade(),
        };
        tokio::spawn(reader.run(stdout));
        Ok(Self {
            listener: Listener::Turn(events),
            input,
            writer,
            pending,
            stderr: tail,
            garbage,
            exit,
            requests: 0,
            tree,
        })
    }

    /// Finds the program as the platform does, so that a missing one is told from one that fails.
    pub fn find(launch: &Launch) -> Result<PathBuf, StartError> {
        let path = launch
            .env
            .get("PATH")
            .map(std::ffi::OsString::from)
            .or_else(|| std::env::var_os("PATH"));
        let program = launch.line.program();
        which::which_in(program, path, &launch.folder)
            .map_err(|_| StartError::NotFound(program.to_owned()))
    }

    /// The next event; `None` when it has closed its output, or rests. Safe to drop and call again.
    pub async fn next(&mut self) -> Option<Event> {
        match &mut self.listener {
            Listener::Turn(events) => events.recv().await,
            Listener::Attendant(_) | Listener::Nobody => None,
        }
    }

    /// No turn runs: until [`Self::wake`] what it says by itself is heard by nobody, and its questions are refused.
    /// `quiet`: it is interrupted when it begins to speak.
    pub fn rest(&mut self, quiet: bool) {
        match std::mem::replace(&mut self.listener, Listener::Nobody) {
            Listener::Turn(events) => {
                let attendant = Attendant::start(events, self.input.downgrade(), quiet);
                self.listener = Listener::Attendant(attendant);
            }
            resting => self.listener = resting,
        }
    }

    /// A turn is about to run; tells what the program did since [`Self::rest`].
    pub async fn wake(&mut self) -> Meanwhile {
        match std::mem::replace(&mut self.listener, Listener::Nobody) {
            Listener::Attendant(attendant) => {
                let Some((events, meanwhile)) = attendant.end().await else {
                    return Meanwhile::default();
                };
                self.listener = Listener::Turn(events);
                meanwhile
            }
            awake => {
                self.listener = awake;
                Meanwhile::default()
            }
        }
    }

    /// Writes one line, without waiting for the program to read it.
    pub fn write(&self, line: String) {
        // A program that has ended shows that by its events.
        let _ = self.input.send(line);
    }

    /// Makes a request; the answer comes (or never does) through the receiver.
    pub fn request(
        &mut self,
        subtype: &str,
        fields: Value,
    ) -> oneshot::Receiver<Result<Value, String>> {
        self.requests += 1;
        let id = format!("atomizer-{}", self.requests);
        let (sender, receiver) = oneshot::channel();
        lock(&self.pending).insert(id.clone(), sender);
        self.write(control::request(&id, subtype, fields));
        receiver
    }

    /// No more input; the program ends after what it is doing.
    pub fn close_input(&mut self) {
        self.input = mpsc::unbounded_channel().0;
    }

    /// It has not ended.
    pub fn is_running(&self) -> bool {
        let silent = match &self.listener {
            Listener::Turn(events) => events.is_closed(),
            Listener::Attendant(attendant) => attendant.has_ended(),
            Listener::Nobody => true,
        };
        self.exit.borrow().is_none() && !silent
    }

    /// Waits until it has ended, and everything that came from it is gone.
    pub async fn ended(&self) -> Exit {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await.map(|exit| *exit);
        ended.ok().flatten().unwrap_or(Exit { code: None })
    }

    /// The end of what it wrote to standard error.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&lock(&self.stderr.0))
            .trim()
            .to_owned()
    }

    /// Lines that were no JSON.
    pub fn garbage_lines(&self) -> u64 {
        self.garbage.load(Ordering::Relaxed)
    }

    /// Everything that came from it and runs now: orphans, and those in sessions of their own, too. Windows does not
    /// say.
    pub async fn children(&self) -> HashSet<Process> {
        self.tree.children().await
    }

    /// Kills everything that came from it but `spared` and itself. On Windows nothing: there they end with it, by
    /// [`Self::stop`].
    pub async fn kill_children(&self, spared: HashSet<Process>) {
        self.tree.kill_children(spared).await;
    }

    /// Ends it and everything that came from it: closes its input and gives it `patience` to end by itself, then
    /// SIGTERM, then SIGKILL; takes at most `patience` and a second.
    pub async fn stop(&mut self, patience: Duration) {
        self.close_input();
        if !patience.is_zero() && tokio::time::timeout(patience, self.ended()).await.is_ok() {
            return;
        }
        self.writer.abort();
        self.terminate();
        if tokio::time::timeout(Duration::from_millis(800), self.ended())
            .await
            .is_ok()
        {
            return;
        }
        self.tree.kill().await;
        let _ = tokio::time::timeout(Duration::from_millis(200), self.ended()).await;
    }

    fn terminate(&self) {
        if self.exit.borrow().is_none() {
            self.tree.terminate();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.writer.abort();
        self.terminate();
    }
}

async fn read_stderr(mut lines: Lines<ChildStderr>, tail: Tail) {
    while let Some(line) = lines.next().await {
        tail.keep(&line);
    }
}

async fn write_lines(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<String>) {
    while let Some(mut line) = lines.recv().await {
        line.push('\n');
        if stdin.write_all(line.as_bytes()).await.is_err() || stdin.flush().await.is_err() {
            return;
        }
    }
}

/// A panic elsewhere leaves these tables as they are: they hold nothing half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
