//! The server's output.

use std::{fs::File, io::Write};

use super::outbox::AtOnce;

/// Stdout without the line buffer of [`std::io::Stdout`], which would write a message's header by itself and so wake
/// the client twice.
pub fn unbuffered() -> Box<dyn Write + Send> {
    let stdout = std::io::stdout();
    #[cfg(unix)]
    let own = std::os::fd::AsFd::as_fd(&stdout).try_clone_to_owned();
    #[cfg(windows)]
    let own = std::os::windows::io::AsHandle::as_handle(&stdout).try_clone_to_owned();
    match own {
        Ok(own) => Box::new(File::from(own)),
        Err(_) => Box::new(stdout),
    }
}

/// Writes to stdout what it has room for. Elsewhere than on Linux no more than 512 bytes are certain not to block
/// (POSIX, `PIPE_BUF`), which is too little for most messages.
#[cfg(not(target_os = "linux"))]
pub fn at_once() -> Option<AtOnce> {
    None
}

/// Writes to stdout what it has room for: a pipe that polls as writable takes a page (pipe(7), `PIPE_BUF`), a socket
/// half of its buffer.
#[cfg(target_os = "linux")]
pub fn at_once() -> Option<AtOnce> {
    use std::os::fd::AsFd;

    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        io::write,
    };

    const PAGE: usize = 4096;
    let stdout = std::io::stdout().as_fd().try_clone_to_owned().ok()?;
    let is_writable = move |fd: &_| {
        let mut fds = [PollFd::new(fd, PollFlags::OUT)];
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        poll(&mut fds, Some(&at_once)).is_ok() && fds[0].revents() == PollFlags::OUT
    };
    Some(Box::new(move |bytes| {
        if bytes.len() <= PAGE && is_writable(&stdout) {
            // What went wrong the thread that writes the rest will find out.
            write(&stdout, bytes).unwrap_or(0)
        } else {
            0
        }
    }))
}
