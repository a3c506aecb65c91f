//! What a client and the worker of a compute system say to each other.
//!
//! Frames are the bridge's ([`gcs_protocol::Header`]), bodies are JSON, and
//! open files travel beside a frame as `SCM_RIGHTS`. The message types are the
//! bridge's where it has one; the rest use its scheme with ids from 0x80.

use compute::error::WireError;
use gcs_protocol::MessageType;
use hcs_schema::schema2::{ModifySettingRequest, ProcessParameters, ProcessStatus, PropertyQuery};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The largest frame that either side takes, in bytes.
pub(crate) const FRAME_LIMIT: u32 = 8 << 20;

const OPEN: MessageType = MessageType(0x1010_8001);
const LEAVE: MessageType = MessageType(0x1010_8701);
const PAUSE: MessageType = MessageType(0x1010_8101);
const RESUME: MessageType = MessageType(0x1010_8201);
pub(crate) const OPEN_PROCESS: MessageType = MessageType(0x1010_8301);
const CLOSE_PROCESS: MessageType = MessageType(0x1010_8401);
const CLOSE_STDIO: MessageType = MessageType(0x1010_8501);
pub(crate) const PROCESS_STDIO: MessageType = MessageType(0x1010_8601);

/// One thing that a client asks for.
#[derive(Debug)]
pub(crate) enum Request {
    Create(Box<Create>),
    Open,
    /// The client's last word: the worker that ends by it does so before it
    /// closes the connection.
    Leave,
    Start,
    Shutdown,
    Terminate,
    Pause,
    Resume,
    GetProperties(PropertyQuery),
    Modify(Box<ModifySettingRequest>),
    ExecuteProcess(Box<ExecuteProcess>),
    OpenProcess(ProcessRef),
    CloseProcess(ProcessRef),
    ProcessStdio(ProcessRef),
    SignalProcess(SignalProcess),
    ResizeConsole(ResizeConsole),
    CloseStdio(CloseStdio),
}

/// The first message to a new worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Create {
    pub id: String,
    /// Tells this system from earlier and later ones of its id.
    pub runtime_id: String,
    pub roots: crate::Roots,
    pub document: serde_json::Value,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExecuteProcess {
    pub parameters: ProcessParameters,
    /// Which of stdin, stdout and stderr travel beside this frame; `None`
    /// where the worker makes pipes or a console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<[bool; 3]>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct ProcessRef {
    pub pid: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SignalProcess {
    pub pid: u32,
    pub signal: i32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ResizeConsole {
    pub pid: u32,
    pub width: u16,
    pub height: u16,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CloseStdio {
    pub pid: u32,
    /// 0, 1 or 2.
    pub stream: u8,
}

impl Request {
    /// The request as type and body.
    pub(crate) fn encode(&self) -> serde_json::Result<(MessageType, Vec<u8>)> {
        let json = |body: &dyn erased::Json| body.to_vec();
        Ok(match self {
            Self::Create(body) => (MessageType::CREATE, json(body)?),
            Self::Open => (OPEN, Vec::new()),
            Self::Leave => (LEAVE, Vec::new()),
            Self::Start => (MessageType::START, Vec::new()),
            Self::Shutdown => (MessageType::SHUTDOWN_GRACEFUL, Vec::new()),
            Self::Terminate => (MessageType::SHUTDOWN_FORCED, Vec::new()),
            Self::Pause => (PAUSE, Vec::new()),
            Self::Resume => (RESUME, Vec::new()),
            Self::GetProperties(body) => (MessageType::GET_PROPERTIES, json(body)?),
            Self::Modify(body) => (MessageType::MODIFY_SETTINGS, json(body)?),
            Self::ExecuteProcess(body) => (MessageType::EXECUTE_PROCESS, json(body)?),
            Self::OpenProcess(body) => (OPEN_PROCESS, json(body)?),
            Self::CloseProcess(body) => (CLOSE_PROCESS, json(body)?),
            Self::ProcessStdio(body) => (PROCESS_STDIO, json(body)?),
            Self::SignalProcess(body) => (MessageType::SIGNAL_PROCESS, json(body)?),
            Self::ResizeConsole(body) => (MessageType::RESIZE_CONSOLE, json(body)?),
            Self::CloseStdio(body) => (CLOSE_STDIO, json(body)?),
        })
    }

    /// The request of a received frame; `None` for a type that is unknown.
    pub(crate) fn decode(kind: MessageType, body: &[u8]) -> serde_json::Result<Option<Self>> {
        Ok(Some(match kind {
            MessageType::CREATE => Self::Create(serde_json::from_slice(body)?),
            OPEN => Self::Open,
            LEAVE => Self::Leave,
            MessageType::START => Self::Start,
            MessageType::SHUTDOWN_GRACEFUL => Self::Shutdown,
            MessageType::SHUTDOWN_FORCED => Self::Terminate,
            PAUSE => Self::Pause,
            RESUME => Self::Resume,
            MessageType::GET_PROPERTIES => Self::GetProperties(serde_json::from_slice(body)?),
            MessageType::MODIFY_SETTINGS => Self::Modify(serde_json::from_slice(body)?),
            MessageType::EXECUTE_PROCESS => Self::ExecuteProcess(serde_json::from_slice(body)?),
            OPEN_PROCESS => Self::OpenProcess(serde_json::from_slice(body)?),
            CLOSE_PROCESS => Self::CloseProcess(serde_json::from_slice(body)?),
            PROCESS_STDIO => Self::ProcessStdio(serde_json::from_slice(body)?),
            MessageType::SIGNAL_PROCESS => Self::SignalProcess(serde_json::from_slice(body)?),
            MessageType::RESIZE_CONSOLE => Self::ResizeConsole(serde_json::from_slice(body)?),
            CLOSE_STDIO => Self::CloseStdio(serde_json::from_slice(body)?),
            _ => return Ok(None),
        }))
    }
}

mod erased {
    use serde::Serialize;

    pub(super) trait Json {
        fn to_vec(&self) -> serde_json::Result<Vec<u8>>;
    }

    impl<T: Serialize> Json for T {
        fn to_vec(&self) -> serde_json::Result<Vec<u8>> {
            serde_json::to_vec(self)
        }
    }
}

/// The answer to a request.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Reply {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<WireError>,
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub value: serde_json::Value,
}

impl Reply {
    pub(crate) fn value<T: Serialize>(value: &T) -> serde_json::Result<Self> {
        Ok(Self { error: None, value: serde_json::to_value(value)? })
    }

    pub(crate) fn into_value<T: DeserializeOwned>(self) -> serde_json::Result<T> {
        serde_json::from_value(self.value)
    }
}

/// The answer to `Create` and `Open`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub runtime_id: String,
    pub oci: bool,
    pub owner: String,
    /// How the system ended, where it has.
    pub exit: Option<Exit>,
}

/// The answer to `ExecuteProcess`, `OpenProcess` and `ProcessStdio`. The
/// caller's ends of the streams travel beside it, in order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OpenedProcess {
    pub pid: u32,
    pub exit_code: Option<i32>,
    pub console: bool,
    pub streams: [bool; 3],
}

/// The answer to `SignalProcess`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Signalled {
    pub delivered: bool,
}

/// How a system ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exit {
    pub status: u32,
    pub exit_type: String,
}

/// What a worker tells all its clients.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Notification {
    SystemExited(Exit),
    ProcessExited(ProcessStatus),
    CrashReport(String),
}
