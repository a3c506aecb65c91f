//! Copies between a process's streams and containerd's.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long output that has stopped to flow is waited for once the process has ended.
const DRAIN: Duration = Duration::from_secs(1);

/// What is copied at a time, in bytes.
const BUFFER: usize = 64 << 10;

/// Where output goes.
pub(super) trait Far: Send + 'static {
    /// Writes all of it.
    fn put(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}

impl<W: AsyncWrite + Unpin + Send + 'static> Far for W {
    async fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes).await
    }
}

/// The copies of one process.
#[derive(Default)]
pub(super) struct Copies {
    /// Told to end the input.
    close: Arc<Notify>,
    /// Bytes of output copied so far.
    copied: Arc<AtomicU64>,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    input: Option<JoinHandle<()>>,
    outputs: Vec<JoinHandle<()>>,
}

impl Copies {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Copies output of the process from now on.
    pub(super) fn output(&self, from: impl AsyncRead + Unpin + Send + 'static, to: impl Far) {
        let copied = Arc::clone(&self.copied);
        let copy = tokio::spawn(copy(from, to, move |count| {
            copied.fetch_add(count, Ordering::Relaxed);
        }));
        self.running().outputs.push(copy);
    }

    /// Copies input of the process from now on.
    pub(super) fn input(
        &self,
        from: impl AsyncRead + Unpin + Send + 'static,
        to: impl AsyncWrite + Unpin + Send + 'static,
    ) {
        let close = Arc::clone(&self.close);
        let copy = tokio::spawn(async move { copy_until(from, to, close.notified()).await });
        self.running().input = Some(copy);
    }

    /// Ends the input: the process reads what was written before, and then its end.
    pub(super) async fn close_stdin(&self) {
        self.close.notify_one();
        let copy = self.running().input.take();
        if let Some(copy) = copy {
            // The process may never read what it still has to: then it stays open.
            if tokio::time::timeout(DRAIN, copy).await.is_err() {
                tracing::debug!("the process does not read its input");
            }
        }
    }

    /// The process has ended: waits for the rest of its output as long as it flows.
    pub(super) async fn finish(&self) {
        let outputs = {
            let mut running = self.running();
            if let Some(input) = running.input.take() {
                input.abort();
            }
            std::mem::take(&mut running.outputs)
        };
        for copy in outputs {
            self.drained(copy).await;
        }
    }

    /// Waits for the end of a copy, as long as any goes on.
    async fn drained(&self, mut copy: JoinHandle<()>) {
        loop {
            let before = self.copied.load(Ordering::Relaxed);
            if tokio::time::timeout(DRAIN, &mut copy).await.is_ok() {
                return;
            }
            if self.copied.load(Ordering::Relaxed) == before {
                // Nobody reads it, or nobody who is left will write.
                copy.abort();
                return;
            }
        }
    }
}

/// Copies until either side ends.
async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl Far, tell: impl Fn(u64)) {
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer).await {
            Ok(count) if count > 0 => {
                if let Err(error) = to.put(&buffer[..count]).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "output is lost");
                    return;
                }
                tell(count as u64);
            }
            // EIO is how a terminal says that its last process has gone.
            _ => return,
        }
    }
}

/// Copies until either side ends, or until it is told to; what is there to be read
/// then is copied first.
async fn copy_until(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    close: impl Future<Output = ()>,
) {
    let mut buffer = vec![0; 4096];
    let mut close = std::pin::pin!(close);
    let mut closing = false;
    loop {
        let count = if closing {
            match from.read(&mut buffer).now_or_never() {
                Some(count) => count,
                None => return,
            }
        } else {
            tokio::select! {
                biased;
                () = &mut close => {
                    closing = true;
                    continue;
                }
                count = from.read(&mut buffer) => count,
            }
        };
        match count {
            Ok(count) if count > 0 => {
                if to.write_all(&buffer[..count]).await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_there_is_read_before_the_input_closes() {
        let copies = Copies::default();
        let (mut theirs, from) = tokio::io::duplex(64);
        let (to, mut process) = tokio::io::duplex(64);
        theirs.write_all(b"all of it").await.expect("write");
        copies.input(from, to);
        copies.close_stdin().await;
        let mut read = String::new();
        process.read_to_string(&mut read).await.expect("read");
        assert_eq!(read, "all of it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_stands_still_is_not_waited_for() {
        let copies = Copies::default();
        let (mut process, from) = tokio::io::duplex(64);
        let (to, _reader) = tokio::io::duplex(4);
        process.write_all(b"more than fits").await.expect("write");
        copies.output(from, to);
        copies.finish().await;
    }
}
