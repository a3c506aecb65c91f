//! Connections: who may have one, and what it is for.

use std::io;
use std::sync::Arc;

use gcs_protocol::Header;
use host_linux::LinuxHost;
use stand_in::frame::encode_empty;
use stand_in::protocol::{Hello, MAX_HELLO, kind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::paths::Drives;
use crate::session::Session;
use crate::streams::Streams;
use crate::turns::Turns;

/// What all connections share.
pub(crate) struct Server {
    pub(crate) host: LinuxHost,
    pub(crate) drives: Drives,
    pub(crate) streams: Streams,
    turns: Turns,
    secret: String,
    /// The sessions, which end once `ending` says so.
    sessions: TaskTracker,
    pub(crate) ending: CancellationToken,
}

/// How long a connection may take to say who it is.
const HELLO_LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

impl Server {
    pub(crate) fn new(secret: String, drives: Drives) -> Arc<Self> {
        let (host, streams, turns) = (LinuxHost::new(), Streams::default(), Turns::default());
        let (sessions, ending) = (TaskTracker::new(), CancellationToken::new());
        Arc::new(Self { host, drives, streams, turns, secret, sessions, ending })
    }

    /// Ends all sessions and waits until each has closed its handles.
    pub(crate) async fn end(&self) {
        self.ending.cancel();
        self.sessions.close();
        self.sessions.wait().await;
    }

    /// Serves all connections.
    pub(crate) async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((connection, from)) => {
                    let server = Arc::clone(&self);
                    tokio::spawn(async move {
                        if let Err(error) = server.serve(connection).await {
                            tracing::debug!(%from, %error, "a connection ended");
                        }
                    });
                }
                Err(error) => {
                    // No more files, for now.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn serve(self: Arc<Self>, mut connection: TcpStream) -> io::Result<()> {
        connection.set_nodelay(true)?;
        let hello = tokio::time::timeout(HELLO_LIMIT, read_frame(&mut connection, MAX_HELLO));
        let Some((header, body)) = hello.await?? else {
            return Ok(());
        };
        // Whoever does not know the secret hears nothing.
        let refused = || io::Error::new(io::ErrorKind::PermissionDenied, "not a client of ours");
        let hello: Hello = serde_json::from_slice(&body).map_err(|_| refused())?;
        if header.kind != kind::HELLO || !is_same(&hello.secret, &self.secret) {
            return Err(refused());
        }
        let welcome = encode_empty(kind::WELCOME, 0);
        match hello.stream {
            None => {
                connection.write_all(&welcome).await?;
                let session = Session::serve(Arc::clone(&self), connection);
                self.sessions.track_future(session).await
            }
            Some(id) => {
                let stream = self.streams.take(&id).ok_or_else(refused)?;
                connection.write_all(&welcome).await?;
                stream.relay(connection, &self.turns).await;
                Ok(())
            }
        }
    }
}

/// Compares in a time that does not tell how much is the same.
fn is_same(given: &str, secret: &str) -> bool {
    let pairs = given.bytes().zip(secret.bytes());
    let differences = pairs.fold(0, |all, (one, other)| all | (one ^ other));
    differences == 0 && given.len() == secret.len()
}

/// Reads one frame; none at the end of the connection.
pub(crate) async fn read_frame(
    from: &mut (impl AsyncRead + Unpin),
    limit: u32,
) -> io::Result<Option<(Header, Vec<u8>)>> {
    let mut bytes = [0; Header::LEN];
    match from.read(&mut bytes).await? {
        0 => return Ok(None),
        count => from.read_exact(&mut bytes[count..]).await?,
    };
    let header = Header::decode(bytes, limit)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let mut body = Vec::new();
    // The size is the other side's word: memory comes with the bytes.
    let read = from.take(header.body.into()).read_to_end(&mut body).await?;
    if u32::try_from(read) != Ok(header.body) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((header, body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_same_or_not() {
        assert!(is_same("abc", "abc"));
        for other in ["", "ab", "abd", "abcd"] {
            assert!(!is_same(other, "abc"), "{other}");
        }
    }

    #[tokio::test]
    async fn a_frame_that_lies_is_refused() {
        let frame = Header::new(kind::HELLO, 8, 1).expect("a header").encode();
        let read =
            |bytes: Vec<u8>, limit| async move { read_frame(&mut bytes.as_slice(), limit).await };
        assert!(matches!(read(Vec::new(), 64).await, Ok(None)));
        let short = [&frame[..], b"1234"].concat();
        assert!(read(short, 64).await.is_err());
        let whole = [&frame[..], b"12345678"].concat();
        let (header, body) = read(whole.clone(), 64).await.expect("a frame").expect("one");
        assert_eq!((header.id, body.as_slice()), (1, &b"12345678"[..]));
        assert!(read(whole, 16).await.is_err());
    }
}
