//! Streams of processes that wait for their connections, and their relay.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use compute::{Process, ReadPipe, WritePipe};
use stand_in::protocol::{STREAM_LIMIT_SECONDS, StreamId};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_buf};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use crate::turns::{Turn, Turns};

/// One end of a process's stream.
pub(crate) enum Stream {
    /// What the process writes.
    Output { pipe: ReadPipe, process: Arc<dyn Process>, is_stderr: bool },
    /// What the process reads; its end is the end of the connection, but for a
    /// console, which has none.
    Input { pipe: WritePipe, process: Arc<dyn Process>, has_end: bool },
}

/// Streams by their ids, each for one connection.
#[derive(Clone, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<StreamId, Offer>>>);

/// A stream that waits, and the task that ends the wait.
struct Offer {
    stream: Stream,
    expiry: AbortHandle,
}

impl Streams {
    /// Has a stream wait for its connection, for a time.
    pub(crate) fn offer(&self, stream: Stream) -> StreamId {
        let id = StreamId(uuid::Uuid::new_v4().simple().to_string());
        let (streams, expired) = (self.clone(), id.clone());
        let expiry = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(STREAM_LIMIT_SECONDS)).await;
            drop(streams.take(&expired));
        });
        self.table().insert(id.clone(), Offer { stream, expiry: expiry.abort_handle() });
        id
    }

    /// The stream of an id, once.
    pub(crate) fn take(&self, id: &StreamId) -> Option<Stream> {
        let Offer { stream, expiry } = self.table().remove(id)?;
        // Thousands may be taken in the time that one may wait.
        expiry.abort();
        Some(stream)
    }

    fn table(&self) -> MutexGuard<'_, HashMap<StreamId, Offer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much is copied at once.
const BUFFER: usize = 128 << 10;

impl Stream {
    /// Copies until either side has ended.
    pub(crate) async fn relay(self, mut connection: TcpStream, turns: &Turns) {
        let (mut from, mut to) = connection.split();
        match self {
            Self::Output { mut pipe, process, is_stderr } => {
                let turn = turns.join((process.pid(), is_stderr));
                let mut nothing = [0; 1];
                let ended = tokio::select! {
                    copied = copy_output(&mut pipe, &mut to, &turn) => copied.is_ok(),
                    _ = from.read(&mut nothing) => false,
                };
                if !ended {
                    // The client reads no more: the process is to see it, also where it
                    // was a write to the client that failed.
                    drop((pipe, turn));
                    // A process that has ended writes nothing.
                    let _ = match is_stderr {
                        false => process.close_stdout().await,
                        true => process.close_stderr().await,
                    };
                    return;
                }
                drop(turn);
                let _ = to.shutdown().await;
                // The bytes are with the client once it hangs up.
                let _ = from.read(&mut nothing).await;
            }
            Self::Input { mut pipe, process, has_end } => {
                let mut from = tokio::io::BufReader::with_capacity(BUFFER, from);
                tokio::select! {
                    // A connection that breaks is as much of an end.
                    _ = copy_buf(&mut from, &mut pipe) => {
                        if has_end {
                            let _ = pipe.flush().await;
                            // A process that has ended reads nothing.
                            let _ = process.close_stdin().await;
                        }
                    }
                    // What is on its way when the handle is closed arrives all the same.
                    Ok(()) = process.wait() => {}
                }
            }
        }
    }
}

/// Copies what a process writes, whenever it is the reader's turn.
async fn copy_output(
    pipe: &mut ReadPipe,
    to: &mut (impl AsyncWrite + Unpin),
    turn: &Turn,
) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        turn.come().await;
        // A read that is given up has taken nothing.
        let length = tokio::select! {
            biased;
            () = turn.end() => continue,
            length = pipe.read(&mut buffer) => length?,
        };
        match buffer.get(..length) {
            None | Some([]) => return Ok(()),
            Some(bytes) => to.write_all(bytes).await?,
        }
    }
}
