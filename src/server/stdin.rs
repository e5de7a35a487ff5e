//! The server's input.
//!
//! [`tokio::io::stdin`] reads on a thread of its own, so that each message has to wake two. What editors give their
//! servers, a pipe or a socket, is read where it is waited for.

use tokio::io::AsyncRead;

/// Stdin.
///
/// # Panics
///
/// Outside of a runtime of tokio that is ready for input.
pub fn stdin() -> Box<dyn AsyncRead + Send + Unpin> {
    #[cfg(unix)]
    match unix::polled() {
        Ok(polled) => return polled,
        // A terminal or a file, say.
        Err(error) => tracing::debug!(%error, "stdin is read on a thread"),
    }
    Box::new(tokio::io::stdin())
}

#[cfg(unix)]
mod unix {
    use std::{
        io::{self, Error, ErrorKind},
        os::{
            fd::{AsFd, OwnedFd},
            unix::net::UnixStream,
        },
    };

    use rustix::fs::{Stat, fstat};
    use tokio::{
        io::AsyncRead,
        net::{self, unix::pipe::Receiver},
    };

    /// What a pipe from the client is made to hold (Linux gives that to everybody; pipe(7), `pipe-max-size`): a client
    /// that writes a large spec into one of the usual 64 KiB waits for us at each of them.
    #[cfg(target_os = "linux")]
    const PIPE_BYTES: usize = 1 << 20;

    /// Stdin, made not to block where that concerns nobody else.
    pub fn polled() -> io::Result<Box<dyn AsyncRead + Send + Unpin>> {
        let stdin = io::stdin().as_fd().try_clone_to_owned()?;
        #[cfg(target_os = "linux")]
        if let Err(error) = rustix::pipe::fcntl_setpipe_size(&stdin, PIPE_BYTES) {
            // Many clients use sockets, and there may be a limit for all pipes together.
            tracing::debug!(%error, "stdin is left as it is");
        }
        match Receiver::from_owned_fd(stdin.try_clone()?) {
            Ok(pipe) => Ok(Box::new(pipe)),
            Err(_) => Ok(Box::new(socket(stdin)?)),
        }
    }

    fn socket(stdin: OwnedFd) -> io::Result<net::UnixStream> {
        let is_output = is_same(&stdin, &io::stdout())? || is_same(&stdin, &io::stderr())?;
        let socket = UnixStream::from(stdin);
        socket.local_addr()?;
        if is_output {
            return Err(Error::new(ErrorKind::Unsupported, "it is the output, too"));
        }
        socket.set_nonblocking(true)?;
        net::UnixStream::from_std(socket)
    }

    fn is_same(one: &OwnedFd, other: &impl AsFd) -> io::Result<bool> {
        let place = |stat: Stat| (stat.st_dev, stat.st_ino);
        Ok(place(fstat(one)?) == place(fstat(other)?))
    }
}
