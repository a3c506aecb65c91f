//! Bytes between our streams and a process's.
//!
//! Our streams may be anything, also what no event loop can wait for; so a
//! thread reads or writes each of them.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use compute::{ReadPipe, Stdio, WritePipe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long the streams of a process that has ended may say nothing while
/// another process keeps them open.
const SILENCE: Duration = Duration::from_secs(1);
const BUFFER: usize = 64 << 10;

/// The relay of one process.
pub(super) struct Relay {
    input: Option<oneshot::Receiver<()>>,
    outputs: Vec<Output>,
}

struct Output {
    task: JoinHandle<()>,
    progress: Arc<Progress>,
}

/// How far an output has come.
#[derive(Default)]
struct Progress {
    bytes: AtomicU64,
    /// Whether bytes wait for our own reader.
    is_writing: AtomicBool,
}

impl Relay {
    /// Copies our stdin to the process, and its outputs to ours.
    pub(super) fn start(stdio: Stdio) -> Self {
        let input = stdio.stdin.map(|stdin| {
            let (ended, input) = oneshot::channel();
            let handle = Handle::current();
            // It ends with the program: nothing makes a read of stdin return.
            tokio::task::spawn_blocking(move || {
                copy_input(&handle, stdin);
                let _ = ended.send(());
            });
            input
        });
        let stdout = stdio.stdout.map(|from| Output::start(from, std::io::stdout()));
        let stderr = stdio.stderr.map(|from| Output::start(from, std::io::stderr()));
        Self { input, outputs: stdout.into_iter().chain(stderr).collect() }
    }

    /// Waits until our stdin has ended, once.
    pub(super) async fn input_ended(&mut self) {
        match &mut self.input {
            Some(input) => {
                let _ = input.await;
                self.input = None;
            }
            None => std::future::pending().await,
        }
    }

    /// Waits until all that the process wrote has been copied. It has ended.
    pub(super) async fn finish(&mut self) {
        for output in &mut self.outputs {
            let mut seen = output.progress.bytes.load(Ordering::Relaxed);
            while tokio::time::timeout(SILENCE, &mut output.task).await.is_err() {
                let now = output.progress.bytes.load(Ordering::Relaxed);
                if now == seen && !output.progress.is_writing.load(Ordering::Relaxed) {
                    output.task.abort();
                    break;
                }
                seen = now;
            }
        }
    }
}

/// Copies until our stdin ends or nobody reads the process's.
fn copy_input(handle: &Handle, mut to: WritePipe) {
    let mut from = std::io::stdin().lock();
    let mut buffer = [0; BUFFER];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                let written = handle.block_on(async {
                    to.write_all(&buffer[..count]).await?;
                    to.flush().await
                });
                if written.is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

impl Output {
    fn start(mut from: ReadPipe, mut to: impl Write + Send + 'static) -> Self {
        let progress = Arc::new(Progress::default());
        let told = Arc::clone(&progress);
        let handle = Handle::current();
        let task = tokio::task::spawn_blocking(move || {
            let mut buffer = vec![0; BUFFER];
            while let Ok(count @ 1..) = handle.block_on(from.read(&mut buffer)) {
                told.is_writing.store(true, Ordering::Relaxed);
                let written = to.write_all(&buffer[..count]).and_then(|()| to.flush());
                told.is_writing.store(false, Ordering::Relaxed);
                if written.is_err() {
                    return;
                }
                let count = u64::try_from(count).unwrap_or(u64::MAX);
                told.bytes.fetch_add(count, Ordering::Relaxed);
            }
        });
        Self { task, progress }
    }
}
