//! On Windows the program and everything it starts are one job object, which ends as a whole: at a word of ours, and
//! by the system when the server, which alone holds it, is gone. So no supervisor is needed there.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use process_wrap::tokio::{ChildWrapper, CommandWrap, JobObject, KillOnDrop};
use tokio::{process::Command, sync::watch};
use tokio_util::sync::CancellationToken;

use super::{
    Exit,
    process::{Started, Tail, no_pipes},
    reader::Lines,
};

/// One process of a job, told from the others. There is none: a job ends as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Process {}

/// What there is to end.
pub(super) struct Tree {
    end: CancellationToken,
}

/// The command that runs `program`.
pub(super) fn command(_supervisor: Option<PathBuf>, program: &Path) -> Command {
    Command::new(program)
}

/// Runs it in a job of its own, which it is in before it can start anything itself.
pub(super) async fn start(
    command: Command,
    program: &Path,
    _tail: &Tail,
) -> Result<Started, String> {
    let mut job = CommandWrap::from(command)
        .wrap(KillOnDrop)
        .wrap(JobObject)
        .spawn()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (job.stdin().take(), job.stdout().take(), job.stderr().take())
    else {
        return Err(no_pipes());
    };
    let (exited, exit) = watch::channel(None);
    let end = CancellationToken::new();
    tokio::spawn(watch_exit(job, end.clone(), exited));
    Ok(Started {
        tree: Tree { end },
        stdin,
        stdout,
        stderr: Lines::new(stderr),
        exit,
    })
}

/// Waits for the program, or for the word to end it; then nothing of the job is left.
async fn watch_exit(
    mut job: Box<dyn ChildWrapper>,
    end: CancellationToken,
    exited: watch::Sender<Option<Exit>>,
) {
    let _ = end.run_until_cancelled(job.inner_mut().wait()).await;
    // What the program left behind ends with the job.
    let _ = job.start_kill();
    let code = job.wait().await.ok().and_then(|status| status.code());
    let _ = exited.send(Some(Exit { code }));
}

impl Tree {
    /// None that could be told from the program.
    pub(super) async fn children(&self) -> HashSet<Process> {
        HashSet::new()
    }

    /// None that could be ended without the program.
    pub(super) async fn kill_children(&self, _spared: HashSet<Process>) {}

    /// Ends the job, without waiting for that.
    pub(super) fn terminate(&self) {
        self.end.cancel();
    }

    /// There is nothing harder than the end of the job.
    pub(super) async fn kill(&self) {
        self.terminate();
    }
}
