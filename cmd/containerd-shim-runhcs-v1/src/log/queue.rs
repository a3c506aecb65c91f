//! Lines on their way to containerd.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

/// How many bytes wait for a containerd that does not read. Then lines are lost, the
/// oldest first.
const MOST: usize = 256 * 1024;

/// Lines that wait.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    more: Notify,
    empty: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Box<str>>,
    bytes: usize,
    lost: u64,
    /// A line has been taken and is not yet written.
    under_way: bool,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line.
    pub(crate) fn push(&self, line: &str) {
        let mut waiting = self.waiting();
        waiting.bytes += line.len();
        waiting.lines.push_back(line.into());
        while waiting.bytes > MOST {
            let Some(oldest) = waiting.lines.pop_front() else { break };
            waiting.bytes -= oldest.len();
            waiting.lost += 1;
        }
        drop(waiting);
        self.more.notify_one();
    }

    /// Writes all that comes, until the writer fails.
    pub(crate) async fn write_to(&self, mut to: impl AsyncWrite + Unpin) -> io::Error {
        loop {
            let line = self.next().await;
            if let Err(error) = to.write_all(line.as_bytes()).await {
                return error;
            }
        }
    }

    /// The next line, or how many were lost before it.
    async fn next(&self) -> Box<str> {
        loop {
            let more = self.more.notified();
            {
                let mut waiting = self.waiting();
                waiting.under_way = true;
                if waiting.lost > 0 {
                    let lost = std::mem::take(&mut waiting.lost);
                    let lost = lost.to_string();
                    return super::warning("log lines were lost: nobody read them", "lines", &lost)
                        .into();
                }
                if let Some(line) = waiting.lines.pop_front() {
                    waiting.bytes -= line.len();
                    return line;
                }
                waiting.under_way = false;
            }
            self.empty.notify_waiters();
            more.await;
        }
    }

    /// Waits until all is written, or for so long.
    pub(crate) async fn drain(&self, limit: Duration) {
        let empty = async {
            loop {
                let empty = self.empty.notified();
                tokio::pin!(empty);
                empty.as_mut().enable();
                let is_empty = {
                    let waiting = self.waiting();
                    waiting.lines.is_empty() && !waiting.under_way
                };
                if is_empty {
                    return;
                }
                empty.await;
            }
        };
        // What nobody reads is lost.
        let _ = tokio::time::timeout(limit, empty).await;
    }
}
