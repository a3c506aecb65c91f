//! Errors of this host: a code for programs, an event for people.

use compute::Error;
use compute::error::SystemCode;
use hcs_schema::ErrorEvent;

/// The provider that the events of this host name.
const PROVIDER: &str = "hcsshim-linux";

/// An error about a system, whose event says what happened.
pub(crate) fn failure(
    operation: &'static str,
    id: &str,
    code: SystemCode,
    message: impl Into<String>,
) -> Error {
    Error::system(operation, id, code).with_events([event(message)])
}

/// An error about a system that an input or output operation caused.
pub(crate) fn io_failure(
    operation: &'static str,
    id: &str,
    what: impl std::fmt::Display,
    error: &std::io::Error,
) -> Error {
    failure(operation, id, code_of(error), format!("{what}: {error}"))
}

/// The event that a message makes.
pub(crate) fn event(message: impl Into<String>) -> ErrorEvent {
    ErrorEvent { message: message.into(), provider: PROVIDER.into(), ..ErrorEvent::default() }
}

/// The Windows code that says what an errno says, as far as there is one.
pub(crate) fn code_of(error: &std::io::Error) -> SystemCode {
    error.raw_os_error().map_or(SystemCode::ERROR_GEN_FAILURE, code_of_errno)
}

/// The Windows code that says what an errno says, as far as there is one.
pub(crate) fn code_of_errno(errno: i32) -> SystemCode {
    SystemCode(match errno {
        libc::ENOENT => 2,                             // ERROR_FILE_NOT_FOUND
        libc::ENOTDIR => 3,                            // ERROR_PATH_NOT_FOUND
        libc::EMFILE | libc::ENFILE => 4,              // ERROR_TOO_MANY_OPEN_FILES
        libc::EACCES | libc::EPERM | libc::EROFS => 5, // ERROR_ACCESS_DENIED
        libc::EBADF => 6,                              // ERROR_INVALID_HANDLE
        libc::ENOMEM => 8,                             // ERROR_NOT_ENOUGH_MEMORY
        libc::EEXIST => 183,                           // ERROR_ALREADY_EXISTS
        libc::ENOSPC => 112,                           // ERROR_DISK_FULL
        libc::ENOEXEC => 193,                          // ERROR_BAD_EXE_FORMAT
        libc::EBUSY => 170,                            // ERROR_BUSY
        libc::EPIPE => 109,                            // ERROR_BROKEN_PIPE
        libc::EINVAL => 87,                            // ERROR_INVALID_PARAMETER
        libc::ENOSYS | libc::EOPNOTSUPP => 50,         // ERROR_NOT_SUPPORTED
        libc::ETIMEDOUT => 1460,                       // ERROR_TIMEOUT
        libc::ELOOP => 1921,                           // ERROR_CANT_RESOLVE_FILENAME
        libc::ENAMETOOLONG => 206,                     // ERROR_FILENAME_EXCED_RANGE
        _ => 31,                                       // ERROR_GEN_FAILURE
    })
}
