//! One running program: started under its supervisor, spoken to in lines, ended with all that came from it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWriteExt},
    process::{Child, ChildStdin, Command},
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{
    CommandLine, Event,
    attendant::{Attendant, Meanwhile},
    control,
    descendants::{self, Process},
    reader::{Lines, Reader},
};

/// As much of standard error as an error message carries.
const STDERR_TAIL: usize = 4096;

/// How long the operating system may take to start a program.
const START_TIME: Duration = Duration::from_secs(15);

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
    /// The executable with the `supervise` subcommand; `None`: this one.
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
    /// Its exit code, 128 and the signal's number when a signal ended it; `None`: its supervisor was killed.
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
    stderr: Arc<Mutex<Vec<u8>>>,
    garbage: Arc<AtomicU64>,
    exit: watch::Receiver<Option<Exit>>,
    requests: u64,
    supervisor: Option<u32>,
    pid: u32,
}

impl Program {
    /// Starts a program; returns once the system runs it, without waiting for it to say anything.
    pub async fn start(launch: &Launch) -> Result<Self, StartError> {
        let program = Self::find(launch)?;
        let mut command = supervised(launch, &program);
        command.args(launch.line.arguments(launch.resume.as_deref()));
        command.current_dir(&launch.folder).envs(&launch.env);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| StartError::Failed(format!("{}: {error}", program.display())))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(StartError::Failed("no pipes".into()));
        };
        let own_pid = child.id();
        let tail = Arc::new(Mutex::new(Vec::new()));
        let (reported, report) = oneshot::channel();
        tokio::spawn(read_stderr(stderr, tail.clone(), reported));
        let (exited, exit) = watch::channel(None);
        let pid = match started(report, own_pid).await {
            Ok(pid) => pid,
            Err(message) => {
                let _ = child.start_kill();
                let _ = child.wait().await;
                return Err(StartError::Failed(message));
            }
        };
        let program = tokio::task::spawn_blocking(move || descendants::find(pid)).await;
        tokio::spawn(watch_exit(child, program.ok().flatten(), exited));
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
        let supervisor = own_pid.filter(|_| cfg!(unix));
        Ok(Self {
            listener: Listener::Turn(events),
            input,
            writer,
            pending,
            stderr: tail,
            garbage,
            exit,
            requests: 0,
            supervisor,
            pid,
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
        String::from_utf8_lossy(&lock(&self.stderr))
            .trim()
            .to_owned()
    }

    /// Lines that were no JSON.
    pub fn garbage_lines(&self) -> u64 {
        self.garbage.load(Ordering::Relaxed)
    }

    /// Everything that came from it and runs now: orphans, and those in sessions of their own, too.
    pub async fn children(&self) -> HashSet<Process> {
        let (root, pid) = (self.supervisor.unwrap_or(self.pid), self.pid);
        let found = tokio::task::spawn_blocking(move || descendants::descendants(root))
            .await
            .unwrap_or_default();
        found
            .into_iter()
            .filter(|process| process.pid != pid)
            .collect()
    }

    /// Kills everything that came from it but `spared` and itself.
    pub async fn kill_children(&self, spared: HashSet<Process>) {
        let (root, pid) = (self.supervisor.unwrap_or(self.pid), self.pid);
        let kill = move || {
            let mut spared = spared;
            spared.extend(descendants::find(pid));
            descendants::kill_below(root, &spared);
        };
        let _ = tokio::task::spawn_blocking(kill).await;
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
        self.kill_children(HashSet::new()).await;
        descendants::kill(&descendants::find(self.pid).into_iter().collect::<Vec<_>>());
        let _ = tokio::time::timeout(Duration::from_millis(200), self.ended()).await;
    }

    fn terminate(&self) {
        if self.exit.borrow().is_some() {
            return;
        }
        #[cfg(unix)]
        {
            let pid = self
                .supervisor
                .and_then(|pid| i32::try_from(pid).ok())
                .and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
        }
        #[cfg(windows)]
        {
            descendants::kill_below(self.pid, &HashSet::new());
            descendants::kill(&descendants::find(self.pid).into_iter().collect::<Vec<_>>());
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.writer.abort();
        self.terminate();
    }
}

#[cfg(unix)]
fn supervised(launch: &Launch, program: &Path) -> Command {
    // On Linux this path works even when the file was replaced by a newer one since the server was started.
    let own = if cfg!(target_os = "linux") {
        Ok("/proc/self/exe".into())
    } else {
        std::env::current_exe()
    };
    let supervisor = launch
        .supervisor
        .clone()
        .or(own.ok())
        .unwrap_or_else(|| "atomizer-lsp".into());
    let mut command = Command::new(supervisor);
    command
        .arg0("atomizer-lsp")
        .arg("supervise")
        .arg("--parent")
        .arg(std::process::id().to_string());
    command.arg("--").arg(program);
    // Its own group: Ctrl-C at a terminal is for the server, which ends the turn properly.
    command.process_group(0);
    command
}

#[cfg(windows)]
fn supervised(_launch: &Launch, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.kill_on_drop(true);
    command
}

/// The program's process id, once the supervisor has said so.
#[cfg(unix)]
async fn started(
    report: oneshot::Receiver<super::supervisor::Report>,
    _own: Option<u32>,
) -> Result<u32, String> {
    use super::supervisor::Report;
    match tokio::time::timeout(START_TIME, report).await {
        Ok(Ok(Report::AtomizerStarted { pid })) => Ok(pid),
        Ok(Ok(Report::AtomizerFailed { message })) => Err(message),
        Ok(Err(_)) => Err("its supervisor ended at once".into()),
        Err(_) => Err(format!("not running after {} s", START_TIME.as_secs())),
    }
}

#[cfg(windows)]
async fn started(_report: oneshot::Receiver<()>, own: Option<u32>) -> Result<u32, String> {
    own.ok_or_else(|| "it ended at once".into())
}

#[cfg(unix)]
type Reported = oneshot::Sender<super::supervisor::Report>;
#[cfg(windows)]
type Reported = oneshot::Sender<()>;

async fn read_stderr(
    stderr: impl AsyncRead + Unpin,
    tail: Arc<Mutex<Vec<u8>>>,
    reported: Reported,
) {
    #[cfg(unix)]
    let mut reported = Some(reported);
    #[cfg(windows)]
    let _reported = reported;
    let mut lines = Lines::new(stderr);
    while let Some(line) = lines.next().await {
        #[cfg(unix)]
        if let Some(report) = reported.take() {
            match serde_json::from_slice(&line) {
                Ok(found) => {
                    let _ = report.send(found);
                    continue;
                }
                Err(_) => reported = Some(report),
            }
        }
        let mut tail = lock(&tail);
        tail.extend_from_slice(&line);
        tail.push(b'\n');
        let surplus = tail.len().saturating_sub(STDERR_TAIL);
        tail.drain(..surplus);
    }
}

async fn watch_exit(
    mut child: Child,
    program: Option<Process>,
    exited: watch::Sender<Option<Exit>>,
) {
    let code = child.wait().await.ok().and_then(|status| status.code());
    if code.is_none()
        && let Some(program) = program
    {
        // The supervisor itself was killed: what it would have done is done here, as far as can be seen from here.
        let _ = tokio::task::spawn_blocking(move || descendants::kill_tree(program)).await;
    }
    let _ = exited.send(Some(Exit { code }));
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
