//! The messages.
//!
//! Messages are frames with the header of [`gcs_protocol`], whose bodies are
//! JSON; their types are in [`kind`]. A connection begins with [`Hello`], which
//! the gateway answers with a frame without a body ([`kind::WELCOME`]), or by
//! closing the connection without a word: the secret is wrong, or the stream is
//! not there (any more).
//!
//! On a control connection a [`Request`] has an id above 0 and gets one [`Reply`]
//! of the same id, in any order; an [`Event`] has the id 0. Events of a handle
//! come after the reply that gave the handle and before the one to the call that
//! closes it. Handles are never given twice; all of a connection's handles are
//! closed with it.
//!
//! On a stream connection bytes follow. The end of what the gateway sends is the
//! end of the process's output; the end of what the client sends is the end of
//! the process's input, but for a console, which has none. Output waits in the
//! process's pipe until its stream is claimed. An exit is told after its process
//! wrote its last byte, but maybe before that byte went through the stream, so
//! readers go on to the stream's end.

use gcs_protocol::MessageType;
use hcs_schema::ResultDocument;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Names the gateway's address, `127.0.0.1:port`.
pub const ADDRESS: &str = "HCSSHIM_GATEWAY";
/// Names the secret, without which the gateway closes a connection.
pub const SECRET: &str = "HCSSHIM_GATEWAY_SECRET";
/// The longest frame, header included, in bytes.
pub const MAX_FRAME: u32 = 64 << 20;
/// The longest frame before the gateway knows who speaks, in bytes.
pub const MAX_HELLO: u32 = 4 << 10;

/// The types of the frames.
pub mod kind {
    use super::MessageType;

    /// [`Hello`](super::Hello).
    pub const HELLO: MessageType = MessageType(1);
    /// The answer to it, without a body.
    pub const WELCOME: MessageType = MessageType(2);
    /// [`Request`](super::Request).
    pub const REQUEST: MessageType = MessageType(3);
    /// [`Reply`](super::Reply).
    pub const REPLY: MessageType = MessageType(4);
    /// [`Event`](super::Event).
    pub const EVENT: MessageType = MessageType(5);
}

/// The first frame of a connection.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// What [`SECRET`] has.
    pub secret: String,
    /// The stream that this connection is for; none for a control connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
}

impl std::fmt::Debug for Hello {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hello").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// A stream of a process: made by the gateway, used for one connection, which
/// must come within [`STREAM_LIMIT_SECONDS`]. It is not to be guessed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamId(pub String);

/// How long a stream waits for its connection.
pub const STREAM_LIMIT_SECONDS: u64 = 60;

/// A handle of a control connection to a compute system.
pub type System = u64;
/// A handle of a control connection to a process.
pub type Process = u64;

/// A call. Documents are the service's own JSON; a text that is no JSON is
/// refused by the gateway as the service refuses it (`HCS_E_INVALID_JSON`), so
/// they travel as text. An empty text is no document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are those of the service's calls and their arguments")]
pub enum Request {
    /// -> [`Reply::document`]: a list of properties.
    Enumerate {
        query: String,
    },
    /// -> [`Reply::system`]
    CreateSystem {
        id: String,
        document: String,
    },
    /// -> [`Reply::system`]
    OpenSystem {
        id: String,
    },
    CloseSystem {
        system: System,
    },
    Start {
        system: System,
        options: String,
    },
    Shutdown {
        system: System,
        options: String,
    },
    Terminate {
        system: System,
        options: String,
    },
    Pause {
        system: System,
        options: String,
    },
    Resume {
        system: System,
        options: String,
    },
    Save {
        system: System,
        options: String,
    },
    /// -> [`Reply::document`]
    Properties {
        system: System,
        query: String,
    },
    Modify {
        system: System,
        request: String,
    },
    /// -> [`Reply::process`]
    CreateProcess {
        system: System,
        parameters: String,
    },
    /// -> [`Reply::process`]
    OpenProcess {
        system: System,
        pid: u32,
    },
    CloseProcess {
        process: Process,
    },
    /// New streams to the same pipes. -> [`Reply::process`]
    ProcessInfo {
        process: Process,
    },
    /// -> [`Reply::document`]: a `ProcessStatus`.
    ProcessProperties {
        process: Process,
    },
    /// `ConsoleSize` and `CloseHandle` (`ProcessModifyRequest`).
    ModifyProcess {
        process: Process,
        settings: String,
    },
    /// `{"Signal": 15}` or `{"Signal": "CtrlC"}`.
    SignalProcess {
        process: Process,
        options: String,
    },
    TerminateProcess {
        process: Process,
    },
    /// -> [`Reply::document`]
    ServiceProperties {
        query: String,
    },
    ModifyServiceSettings {
        settings: String,
    },
}

/// What became of a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The HRESULT, as an unsigned number; 0 where all went well.
    pub hresult: u32,
    /// What went wrong, as the service tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ResultDocument>,
    /// The document that was asked for.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub document: Value,
    /// The system that was made or opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<System>,
    /// The process that was made or opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessInfo>,
}

/// A process and its streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessInfo {
    /// The handle; that of the request in an answer to `ProcessInfo`.
    pub handle: Process,
    /// The process id.
    pub pid: u32,
    /// The caller writes to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<StreamId>,
    /// The caller reads from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<StreamId>,
    /// The caller reads from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<StreamId>,
}

/// What happened, to each handle once. A handle that is opened after the fact is
/// told too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are those of the service's events")]
pub enum Event {
    /// The system has stopped: `SystemExitStatus` is `{"Status": .., "ExitType": ".."}`.
    SystemExited {
        system: System,
        status: i32,
        exit_type: String,
    },
    SystemCrashInitiated {
        system: System,
    },
    SystemCrashReport {
        system: System,
        report: String,
    },
    /// A process has ended: a `ProcessStatus`.
    ProcessExited {
        process: Process,
        status: Value,
    },
    /// The service lost this system, or the client the gateway.
    ServiceDisconnect {
        system: System,
    },
    /// The service lost this process, or the client the gateway.
    ProcessServiceDisconnect {
        process: Process,
    },
}
