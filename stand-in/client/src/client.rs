//! A connection to the gateway.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::dispatch::{Dispatcher, Key};
use crate::frame;
use crate::protocol::{self, Event, Hello, Process, Reply, Request, StreamId, System, kind};
use crate::reader::{Pending, Waiting, read_all};

/// A control connection to the gateway. Clones are the same connection, which is
/// closed with the last one.
///
/// Two threads serve it. One reads and only routes; it completes [`Client::call`].
/// The other, the dispatcher, runs the callers' functions one after the other: a
/// function that blocks holds up the rest, but may use [`Client::call`].
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    secret: String,
    pending: Arc<Pending>,
    dispatcher: Dispatcher,
    socket: TcpStream,
    /// The end that is written to, a whole frame at a time.
    writer: Mutex<TcpStream>,
}

/// The client of this process.
static CLIENT: Mutex<Option<Client>> = Mutex::new(None);

impl Client {
    /// The client of this process, by the environment variables
    /// [`protocol::ADDRESS`] and [`protocol::SECRET`].
    ///
    /// It is connected when it is first asked for, and anew where its connection
    /// was lost since; handles belong to the client that they came from.
    ///
    /// # Errors
    /// A variable is missing or wrong, or the gateway can't be reached.
    pub fn from_env() -> io::Result<Self> {
        let mut client = CLIENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = client.as_ref().filter(|client| !client.is_lost()) {
            return Ok(client.clone());
        }
        let address = variable(protocol::ADDRESS)?;
        let address = address.parse().map_err(|_| {
            let text = format!(
                "{} is {address:?}, which is no address: set it to what hcs-gateway printed, 127.0.0.1:port",
                protocol::ADDRESS
            );
            io::Error::new(io::ErrorKind::InvalidInput, text)
        })?;
        let connected = Self::connect(address, &variable(protocol::SECRET)?)?;
        *client = Some(connected.clone());
        Ok(connected)
    }

    /// Ends the connection of this process's client, where it has one, without
    /// waiting for anything: for a process that ends. Wine keeps the socket of a
    /// process that ends inside a read open for a while, and with it its handles.
    pub fn hang_up() {
        // Whoever has the lock may have been killed with it.
        if let Ok(client) = CLIENT.try_lock()
            && let Some(client) = client.as_ref()
        {
            let _ = client.0.socket.shutdown(Shutdown::Both);
        }
    }

    /// Connects to the gateway.
    ///
    /// # Errors
    /// The address is not on loopback, nobody listens there, or the gateway does
    /// not take the secret (`PermissionDenied`).
    pub fn connect(address: SocketAddr, secret: &str) -> io::Result<Self> {
        let hello = Hello { secret: secret.into(), stream: None };
        let socket = greet(address, &hello)?;
        let writer = Mutex::new(socket.try_clone()?);
        let dispatcher = Dispatcher::start()?;
        let pending = Arc::new(Pending::default());
        let reader = (socket.try_clone()?, pending.clone(), dispatcher.clone());
        thread::Builder::new().name("gateway-reader".into()).spawn(move || {
            let (socket, pending, dispatcher) = reader;
            read_all(socket, &pending, &dispatcher);
        })?;
        let secret = hello.secret;
        Ok(Self(Arc::new(Inner { address, secret, pending, dispatcher, socket, writer })))
    }

    /// Whether the connection is lost: every call gives
    /// `HCS_E_SERVICE_DISCONNECT` from now on.
    pub fn is_lost(&self) -> bool {
        self.0.pending.is_lost()
    }

    /// Sends a request. `done` runs once, on the dispatcher thread, with what
    /// became of it; that is `HCS_E_SERVICE_DISCONNECT` where the connection is
    /// lost before the reply has come.
    pub fn send(&self, request: Request, done: impl FnOnce(Reply) + Send + 'static) {
        self.submit(request, Waiting::Function(Box::new(done)));
    }

    /// Sends a request and waits for its reply. This works inside a callback too.
    pub fn call(&self, request: Request) -> Reply {
        let (reply, replied) = sync_channel(1);
        self.submit(request, Waiting::Caller(reply));
        replied.recv().unwrap_or_else(|_| crate::reader::disconnected())
    }

    fn submit(&self, request: Request, waiting: Waiting) {
        let closes = match request {
            Request::CloseSystem { system } => Some(Key::System(system)),
            Request::CloseProcess { process } => Some(Key::Process(process)),
            _ => None,
        };
        let inner = &self.0;
        let Some(id) = inner.pending.add(waiting, closes, &inner.dispatcher) else { return };
        let bytes = match frame::encode(kind::REQUEST, id, &request, protocol::MAX_FRAME) {
            Ok(bytes) => bytes,
            Err(error) => {
                return inner.pending.complete(id, too_long(&error), &inner.dispatcher);
            }
        };
        if let Err(error) = inner.writer().write_all(&bytes) {
            tracing::debug!(%error, "the gateway takes no more");
            // The reader sees the end and completes what waits.
            let _ = inner.socket.shutdown(Shutdown::Both);
        }
    }

    /// Has `f` called for each event of the handle, in order, on the dispatcher
    /// thread. Those that came since the handle was given are kept until then.
    /// A later call takes the place of an earlier one.
    pub fn subscribe_system(&self, system: System, f: impl Fn(Event) + Send + Sync + 'static) {
        self.0.dispatcher.subscribe(Key::System(system), Arc::new(f));
    }

    /// The same for a process.
    pub fn subscribe_process(&self, process: Process, f: impl Fn(Event) + Send + Sync + 'static) {
        self.0.dispatcher.subscribe(Key::Process(process), Arc::new(f));
    }

    /// Ends a subscription. When it returns the function is not running and will
    /// not be called again, unless it is the function itself that calls this.
    /// Closing the handle ends its subscription too, once the reply has come.
    pub fn unsubscribe_system(&self, system: System) {
        self.0.dispatcher.unsubscribe(Key::System(system));
    }

    /// The same for a process.
    pub fn unsubscribe_process(&self, process: Process) {
        self.0.dispatcher.unsubscribe(Key::Process(process));
    }

    /// Connects to a stream. It can be had once, within
    /// [`protocol::STREAM_LIMIT_SECONDS`].
    ///
    /// # Errors
    /// The gateway is gone or has no such stream.
    pub fn stream(&self, id: &StreamId) -> io::Result<TcpStream> {
        let hello = Hello { secret: self.0.secret.clone(), stream: Some(id.clone()) };
        greet(self.0.address, &hello)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.0.address).finish_non_exhaustive()
    }
}

impl Inner {
    fn writer(&self) -> MutexGuard<'_, TcpStream> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The reader has the socket too.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// Opens a connection and says what it is for.
fn greet(address: SocketAddr, hello: &Hello) -> io::Result<TcpStream> {
    if !address.ip().is_loopback() {
        let text = format!("{address} is not on loopback: the secret is sent to no other machine");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let mut socket = TcpStream::connect(address)
        .map_err(|error| context(&error, format_args!("connecting to the gateway at {address}")))?;
    socket.set_nodelay(true)?;
    let bytes = frame::encode(kind::HELLO, 0, hello, protocol::MAX_HELLO)?;
    let answer = socket
        .write_all(&bytes)
        .and_then(|()| frame::read(&mut socket, protocol::MAX_HELLO))
        .map(|frame| frame.map(|frame| frame.header.kind));
    match answer {
        Ok(Some(kind::WELCOME)) => Ok(socket),
        Ok(Some(_)) => {
            let text = format!("what listens at {address} is no gateway");
            Err(io::Error::new(io::ErrorKind::InvalidData, text))
        }
        // A connection that is closed with bytes unread is reset.
        Ok(None) => Err(refused(address, hello)),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
            Err(refused(address, hello))
        }
        Err(error) => Err(context(&error, format_args!("greeting the gateway at {address}"))),
    }
}

fn refused(address: SocketAddr, hello: &Hello) -> io::Error {
    match hello.stream {
        None => {
            let text = format!(
                "the gateway at {address} does not take the secret: {} must be the same for both",
                protocol::SECRET
            );
            io::Error::new(io::ErrorKind::PermissionDenied, text)
        }
        Some(_) => {
            let text = format!(
                "the gateway at {address} has no such stream: each can be had once, within {} seconds",
                protocol::STREAM_LIMIT_SECONDS
            );
            io::Error::new(io::ErrorKind::NotFound, text)
        }
    }
}

fn context(error: &io::Error, what: impl std::fmt::Display) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

fn variable(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(|_| {
        let text = format!("{name} is not set: it names where hcs-gateway is, or what it asks for");
        io::Error::new(io::ErrorKind::NotFound, text)
    })
}

fn too_long(error: &impl std::fmt::Display) -> Reply {
    let hresult = hcs_schema::HResult::E_INVALIDARG;
    let error = hcs_schema::ResultDocument {
        error: hresult,
        error_message: error.to_string(),
        ..Default::default()
    };
    Reply { hresult: hresult.as_u32(), error: Some(error), ..Reply::default() }
}
