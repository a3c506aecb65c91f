//! Conditions that have a name and no status code.

use serde::{Deserialize, Serialize};

/// A condition that has no status code. The names and texts are those of the
/// reference's error values (`hcs.ErrTimeout`, ...).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Named {
    /// The handle was closed while something waited on it.
    #[error("hcsshim: the handle generating this notification has been closed")]
    HandleClose,
    /// The call came after `close`.
    #[error("hcsshim: the handle has already been closed")]
    AlreadyClosed,
    /// The service gave a notification that does not exist.
    #[error("hcsshim: invalid notification type")]
    InvalidNotificationType,
    /// The process is not in a state that the call is for, as when its exit
    /// code is asked for while it runs.
    #[error("the process is in an invalid state for the attempted operation")]
    InvalidProcessState,
    /// The time limit of the call has passed ([`crate::timeouts`]).
    #[error("hcsshim: timeout waiting for notification")]
    Timeout,
    /// The system stopped while something else was waited for.
    #[error("unexpected container exit")]
    UnexpectedContainerExit,
    /// The service, or the worker that runs the system, is gone.
    #[error("lost communication with compute service")]
    UnexpectedProcessAbort,
    /// The service gave an answer that cannot be.
    #[error("unexpected value returned from hcs")]
    UnexpectedValue,
    /// The caller may not do this.
    #[error("operation denied")]
    OperationDenied,
    /// The host cannot do this.
    #[error("unsupported platform request")]
    PlatformNotSupported,
    /// A list of management MAC addresses has no member.
    #[error("management mac_address list is empty")]
    EmptyMacAddressList,
    /// The system's exit was asked for while it runs.
    #[error("container not exited")]
    ContainerNotExited,
}
