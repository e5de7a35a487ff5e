//! A program under its supervisor, with all that comes from it: started, looked at and ended from the server.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    process::{Child, ChildStderr, Command},
    sync::watch,
};

use super::{
    Exit, Process, descendants,
    process::{Started, Tail, no_pipes},
    reader::Lines,
    supervisor::Report,
};

/// How long the operating system may take to start a program.
const START_TIME: Duration = Duration::from_secs(15);

/// What there is to end.
pub(super) struct Tree {
    supervisor: Option<u32>,
    pid: u32,
}

/// The command that runs `program` under `supervisor`; `None`: this executable.
pub(super) fn command(supervisor: Option<PathBuf>, program: &Path) -> Command {
    // On Linux this path works even when the file was replaced by a newer one since the server was started.
    let own = if cfg!(target_os = "linux") {
        Ok("/proc/self/exe".into())
    } else {
        std::env::current_exe()
    };
    let supervisor = supervisor
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

/// Runs it, and waits until the supervisor has told that the program runs.
pub(super) async fn start(
    mut command: Command,
    program: &Path,
    tail: &Tail,
) -> Result<Started, String> {
    let mut child = command
        .spawn()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(no_pipes());
    };
    let supervisor = child.id();
    let mut stderr = Lines::new(stderr);
    let pid = match report(&mut stderr, tail).await {
        Ok(pid) => pid,
        Err(message) => {
            let _ = child.start_kill();
            let _ = child.wait().await;
            return Err(message);
        }
    };
    let program = tokio::task::spawn_blocking(move || descendants::find(pid)).await;
    let (exited, exit) = watch::channel(None);
    tokio::spawn(watch_exit(child, program.ok().flatten(), exited));
    Ok(Started {
        tree: Tree { supervisor, pid },
        stdin,
        stdout,
        stderr,
        exit,
    })
}

/// The program's process id, once the supervisor has said so. The program's own lines may come before that.
async fn report(stderr: &mut Lines<ChildStderr>, tail: &Tail) -> Result<u32, String> {
    let reported = async {
        while let Some(line) = stderr.next().await {
            match serde_json::from_slice(&line) {
                Ok(report) => return Some(report),
                Err(_) => tail.keep(&line),
            }
        }
        None
    };
    match tokio::time::timeout(START_TIME, reported).await {
        Ok(Some(Report::AtomizerStarted { pid })) => Ok(pid),
        Ok(Some(Report::AtomizerFailed { message })) => Err(message),
        Ok(None) => Err("its supervisor ended at once".into()),
        Err(_) => Err(format!("not running after {} s", START_TIME.as_secs())),
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

impl Tree {
    /// See [`super::Program::children`].
    pub(super) async fn children(&self) -> HashSet<Process> {
        let (root, pid) = (self.root(), self.pid);
        let found = tokio::task::spawn_blocking(move || descendants::descendants(root))
            .await
            .unwrap_or_default();
        found
            .into_iter()
            .filter(|process| process.pid != pid)
            .collect()
    }

    /// See [`super::Program::kill_children`].
    pub(super) async fn kill_children(&self, spared: HashSet<Process>) {
        let (root, pid) = (self.root(), self.pid);
        let kill = move || {
            let mut spared = spared;
            spared.extend(descendants::find(pid));
            descendants::kill_below(root, &spared);
        };
        let _ = tokio::task::spawn_blocking(kill).await;
    }

    /// Asks the supervisor to end the program, then all else.
    pub(super) fn terminate(&self) {
        let pid = self
            .supervisor
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }

    /// Ends everything from here.
    pub(super) async fn kill(&self) {
        self.kill_children(HashSet::new()).await;
        descendants::kill(&descendants::find(self.pid).into_iter().collect::<Vec<_>>());
    }

    fn root(&self) -> u32 {
        self.supervisor.unwrap_or(self.pid)
    }
}
