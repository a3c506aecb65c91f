//! The reference's error values. Those with a status code are a [`SystemCode`],
//! the others a [`Named`]; [`Error::cause`](crate::Error::cause) is compared to
//! them by a pattern.

use compute::error::{Named, SystemCode};

/// There is no compute system of this id.
pub const ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST: SystemCode =
    SystemCode::ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST;
/// There is no such element: an endpoint, a process, a device.
pub const ERR_ELEMENT_NOT_FOUND: SystemCode = SystemCode::ERR_ELEMENT_NOT_FOUND;
/// The host cannot do this.
pub const ERR_NOT_SUPPORTED: SystemCode = SystemCode::ERR_NOT_SUPPORTED;
/// The document is not valid.
pub const ERR_INVALID_DATA: SystemCode = SystemCode::ERR_INVALID_DATA;
/// The handle was closed while something waited on it.
pub const ERR_HANDLE_CLOSE: Named = Named::HandleClose;
/// The call came after `close`.
pub const ERR_ALREADY_CLOSED: Named = Named::AlreadyClosed;
/// The service gave a notification that does not exist.
pub const ERR_INVALID_NOTIFICATION_TYPE: Named = Named::InvalidNotificationType;
/// The process is not in a state that the call is for.
pub const ERR_INVALID_PROCESS_STATE: Named = Named::InvalidProcessState;
/// A time limit has passed.
pub const ERR_TIMEOUT: Named = Named::Timeout;
/// The container stopped while something else was waited for.
pub const ERR_UNEXPECTED_CONTAINER_EXIT: Named = Named::UnexpectedContainerExit;
/// The compute service is gone.
pub const ERR_UNEXPECTED_PROCESS_ABORT: Named = Named::UnexpectedProcessAbort;
/// The service gave an answer that cannot be.
pub const ERR_UNEXPECTED_VALUE: Named = Named::UnexpectedValue;
/// The caller may not do this.
pub const ERR_OPERATION_DENIED: Named = Named::OperationDenied;
/// The compute system has stopped already.
pub const ERR_VMCOMPUTE_ALREADY_STOPPED: SystemCode = SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED;
/// The call has begun and goes on.
pub const ERR_VMCOMPUTE_OPERATION_PENDING: SystemCode = SystemCode::ERR_VMCOMPUTE_OPERATION_PENDING;
/// The compute system is not in a state that the call is for.
pub const ERR_VMCOMPUTE_OPERATION_INVALID_STATE: SystemCode =
    SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE;
/// There is no such function, or no such process.
pub const ERR_PROC_NOT_FOUND: SystemCode = SystemCode::ERR_PROC_NOT_FOUND;
/// The caller may not do this.
pub const ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED: SystemCode =
    SystemCode::ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED;
/// The document is not JSON, or not of the schema.
pub const ERR_VMCOMPUTE_INVALID_JSON: SystemCode = SystemCode::ERR_VMCOMPUTE_INVALID_JSON;
/// The service does not know this message.
pub const ERR_VMCOMPUTE_UNKNOWN_MESSAGE: SystemCode = SystemCode::ERR_VMCOMPUTE_UNKNOWN_MESSAGE;
/// This platform has no host that can do this.
pub const ERR_PLATFORM_NOT_SUPPORTED: Named = Named::PlatformNotSupported;
/// A list of management MAC addresses has no member.
pub const ERROR_EMPTY_MAC_ADDRESS_LIST: Named = Named::EmptyMacAddressList;

/// The Windows code of a device that does not work.
pub const ERROR_GEN_FAILURE: SystemCode = SystemCode::ERROR_GEN_FAILURE;
/// The Windows code of a system that is shutting down.
pub const ERROR_SHUTDOWN_IN_PROGRESS: SystemCode = SystemCode(1115);
/// The Windows code of an argument that a socket call refuses.
pub const WSAEINVAL: SystemCode = SystemCode(10022);
