//! What a program prints, line by line.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    sync::mpsc,
};

use super::{
    Event, control,
    process::{Pending, lock},
};

/// A longer line is no event of the program's (the longest known, a file's content, is some MB).
const LONGEST_LINE: usize = 64 << 20;

/// Reads the program's output, and answers what nobody else has to.
pub(super) struct Reader {
    pub sender: mpsc::Sender<Event>,
    pub pending: Pending,
    pub garbage: Arc<AtomicU64>,
    pub input: mpsc::WeakUnboundedSender<String>,
}

impl Reader {
    /// Until the program closes its output, or nobody wants its events.
    pub(super) async fn run(self, stdout: impl AsyncRead + Unpin) {
        let mut lines = Lines::new(stdout);
        while let Some(line) = lines.next().await {
            match Event::parse(&line) {
                Event::Other => {}
                Event::Garbage => {
                    self.garbage.fetch_add(1, Ordering::Relaxed);
                }
                Event::ControlResponse {
                    request_id,
                    outcome,
                } => {
                    if let Some(waiting) = lock(&self.pending).remove(&request_id) {
                        let _ = waiting.send(outcome);
                    }
                }
                Event::UnknownRequest {
                    request_id,
                    subtype,
                } => {
                    if let Some(input) = self.input.upgrade() {
                        let _ = input.send(control::refuse(&request_id, &subtype));
                    }
                }
                event => {
                    if self.sender.send(event).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Lines of bytes, of any content; one that is too long is given as an empty line.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader: BufReader::with_capacity(64 << 10, reader),
        }
    }

    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            let buffer = self.reader.fill_buf().await.ok()?;
            if buffer.is_empty() {
                return (!line.is_empty()).then_some(line);
            }
            let end = buffer.iter().position(|&byte| byte == b'\n');
            let piece = &buffer[..end.unwrap_or(buffer.len())];
            too_long |= line.len() + piece.len() > LONGEST_LINE;
            if too_long {
                line = Vec::new();
            } else {
                line.extend_from_slice(piece);
            }
            let consumed = end.map_or(buffer.len(), |end| end + 1);
            self.reader.consume(consumed);
            if end.is_some() {
                return Some(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_may_be_long_and_of_any_bytes_and_lack_the_last_break() {
        let long = vec![b'x'; 5 << 20];
        let mut input = long.clone();
        input.extend_from_slice(b"\n\xff\xfe\n\nlast");
        let mut lines = Lines::new(&input[..]);
        assert_eq!(lines.next().await, Some(long));
        assert_eq!(lines.next().await, Some(b"\xff\xfe".to_vec()));
        assert_eq!(lines.next().await, Some(Vec::new()));
        assert_eq!(lines.next().await, Some(b"last".to_vec()));
        assert_eq!(lines.next().await, None);
    }
}
