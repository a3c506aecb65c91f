//! System error numbers (Win32 and Winsock). Numbers and names are those of the Windows SDK.

use std::fmt;
use std::str::FromStr;

use super::{HResult, ParseCodeError, code_table};

/// A system error number: a Win32 or Winsock code, or an HRESULT of another facility as a whole.
///
/// ```
/// use hcs_schema::Win32Error;
///
/// assert_eq!(Win32Error(1168).to_string(), "ERROR_NOT_FOUND (0x490)");
/// assert_eq!(Win32Error(0xC037_010E).name(), Some("ERROR_VMCOMPUTE_SYSTEM_NOT_FOUND"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Win32Error(pub u32);

impl Win32Error {
    /// The name, such as `ERROR_NOT_FOUND`.
    pub fn name(self) -> Option<&'static str> {
        self.known().map(|known| known.name)
    }

    /// What the number means, in a few words.
    pub fn message(self) -> Option<&'static str> {
        self.known().map(|known| known.message)
    }

    fn known(self) -> Option<&'static super::Known> {
        match self.0 {
            code @ 0..=0xffff => ERRORS.iter().find(|known| known.code == code),
            code => HResult::from_u32(code).known(),
        }
    }
}

impl fmt::Display for Win32Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({:#x})", self.0),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

impl FromStr for Win32Error {
    type Err = ParseCodeError;

    /// Reads a name, a number, or what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, ParseCodeError> {
        match ERRORS.iter().find(|known| known.name == text) {
            Some(known) => Ok(Self(known.code)),
            None => text.parse::<HResult>().map(|code| Self(code.as_u32())),
        }
    }
}

code_table! { ERRORS of Win32Error by Win32Error:
    ERROR_SUCCESS = 0, "nothing is wrong";
    ERROR_INVALID_FUNCTION = 1, "the device or file system can't do this";
    ERROR_FILE_NOT_FOUND = 2, "the file is not there";
    ERROR_PATH_NOT_FOUND = 3, "a directory of the path is not there";
    ERROR_TOO_MANY_OPEN_FILES = 4, "too many files are open";
    ERROR_ACCESS_DENIED = 5, "the caller lacks the permission";
    ERROR_INVALID_HANDLE = 6, "the handle is not valid";
    ERROR_ARENA_TRASHED = 7, "the control blocks of storage are damaged";
    ERROR_NOT_ENOUGH_MEMORY = 8, "there is not enough memory";
    ERROR_BAD_FORMAT = 11, "the program's format is not valid";
    ERROR_INVALID_DATA = 13, "the data is not valid";
    ERROR_OUTOFMEMORY = 14, "there is no memory left";
    ERROR_CURRENT_DIRECTORY = 16, "the current directory can't be removed";
    ERROR_NO_MORE_FILES = 18, "there are no more files";
    ERROR_WRITE_PROTECT = 19, "the medium may only be read";
    ERROR_NOT_READY = 21, "the device is not ready";
    ERROR_GEN_FAILURE = 31, "a device failed without saying why";
    ERROR_SHARING_VIOLATION = 32, "another process has the file open";
    ERROR_LOCK_VIOLATION = 33, "another process has locked a part of the file";
    ERROR_HANDLE_EOF = 38, "the end of the file is reached";
    ERROR_NOT_SUPPORTED = 50, "this can't be done here";
    ERROR_NETNAME_DELETED = 64, "the network name is gone";
    ERROR_FILE_EXISTS = 80, "the file exists";
    ERROR_INVALID_PARAMETER = 87, "a parameter is not valid";
    ERROR_BROKEN_PIPE = 109, "the other end of the pipe is closed";
    ERROR_DISK_FULL = 112, "the disk is full";
    ERROR_CALL_NOT_IMPLEMENTED = 120, "the call is not implemented";
    ERROR_SEM_TIMEOUT = 121, "the wait for a semaphore took too long";
    ERROR_INSUFFICIENT_BUFFER = 122, "the buffer is too small";
    ERROR_INVALID_NAME = 123, "the name is not valid";
    ERROR_MOD_NOT_FOUND = 126, "the module (DLL) is not there";
    ERROR_PROC_NOT_FOUND = 127, "the module (DLL) has no such procedure";
    ERROR_WAIT_NO_CHILDREN = 128, "there is no child process to wait for";
    ERROR_DIR_NOT_EMPTY = 145, "the directory is not empty";
    ERROR_TOO_MANY_MUXWAITERS = 152, "too many threads wait for the semaphores";
    ERROR_BAD_ARGUMENTS = 160, "an argument is wrong";
    ERROR_BUSY = 170, "the resource is in use";
    ERROR_ALREADY_EXISTS = 183, "the object exists";
    ERROR_FILENAME_EXCED_RANGE = 206, "the file's name is too long";
    ERROR_PIPE_LOCAL = 229, "the pipe is local";
    ERROR_BAD_PIPE = 230, "the pipe's state is not valid";
    ERROR_PIPE_BUSY = 231, "all instances of the pipe are in use";
    ERROR_NO_DATA = 232, "the pipe is being closed";
    ERROR_PIPE_NOT_CONNECTED = 233, "no process is at the other end of the pipe";
    ERROR_MORE_DATA = 234, "there is more data";
    WAIT_TIMEOUT = 258, "the wait took too long";
    ERROR_NO_MORE_ITEMS = 259, "there is no more data";
    ERROR_DIRECTORY = 267, "the name is not that of a directory";
    ERROR_NOT_OWNER = 288, "the caller doesn't hold the lock";
    ERROR_ARITHMETIC_OVERFLOW = 534, "a number became too large";
    ERROR_PIPE_CONNECTED = 535, "a process is at the other end of the pipe";
    ERROR_ELEVATION_REQUIRED = 740, "administrator rights are needed";
    ERROR_OPERATION_ABORTED = 995, "the operation was broken off";
    ERROR_IO_PENDING = 997, "the operation goes on";
    ERROR_SERVICE_ALREADY_RUNNING = 1056, "the service is running";
    ERROR_SERVICE_DISABLED = 1058, "the service is turned off";
    ERROR_SERVICE_DOES_NOT_EXIST = 1060, "there is no such service";
    ERROR_SERVICE_NOT_ACTIVE = 1062, "the service is not running";
    ERROR_SHUTDOWN_IN_PROGRESS = 1115, "the system is shutting down";
    ERROR_IO_DEVICE = 1117, "the device failed";
    ERROR_DEVICE_NOT_CONNECTED = 1167, "the device is not connected";
    ERROR_NOT_FOUND = 1168, "the element is not there";
    ERROR_NO_MATCH = 1169, "nothing matches";
    ERROR_CANCELLED = 1223, "the user cancelled the operation";
    ERROR_CONNECTION_REFUSED = 1225, "the other side refused the connection";
    ERROR_REQUEST_ABORTED = 1235, "the request was broken off";
    ERROR_CONNECTION_ABORTED = 1236, "this side broke the connection";
    ERROR_RETRY = 1237, "the operation should be tried again";
    ERROR_PRIVILEGE_NOT_HELD = 1314, "the caller lacks a privilege";
    ERROR_INTERNAL_ERROR = 1359, "something went wrong inside";
    ERROR_FILE_CORRUPT = 1392, "the file or directory is damaged";
    ERROR_NO_SYSTEM_RESOURCES = 1450, "the system lacks resources";
    ERROR_TIMEOUT = 1460, "the operation was not done in time";
    RPC_S_SERVER_UNAVAILABLE = 1722, "the server doesn't answer";
    RPC_S_CALL_FAILED = 1726, "the remote call failed";
    ERROR_INVALID_OPERATION = 4317, "the operation's identifier is not valid";
    ERROR_NOT_A_REPARSE_POINT = 4390, "the file is no reparse point";
    ERROR_VOLUME_NOT_SIS_ENABLED = 4400, "the volume has no single instance storage";
    ERROR_INVALID_STATE = 5023, "the object's state doesn't allow the operation";
    ERROR_OBJECT_ALREADY_EXISTS = 5010, "the object exists";
    WSAEACCES = 10013, "the socket may not do this";
    WSAEINVAL = 10022, "an argument of the socket call is not valid";
    WSAEOPNOTSUPP = 10045, "the socket can't do this";
    WSAEADDRINUSE = 10048, "the socket address is taken";
    WSAEADDRNOTAVAIL = 10049, "the socket address is none of this machine";
    WSAECONNABORTED = 10053, "this side broke the socket's connection";
    WSAECONNRESET = 10054, "the other side broke the socket's connection";
    WSAENOTCONN = 10057, "the socket is not connected";
    WSAETIMEDOUT = 10060, "the connection was not made in time";
    WSAECONNREFUSED = 10061, "the other side refused the socket's connection";
    WSAEHOSTUNREACH = 10065, "there is no way to the host";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_displayed_is_parsed() {
        for known in ERRORS {
            let error = Win32Error(known.code);
            assert_eq!(error.to_string().parse(), Ok(error));
        }
        assert_eq!("0xfff1".parse(), Ok(Win32Error(0xfff1)));
        assert_eq!("ERROR_VMCOMPUTE_TIMEOUT".parse(), Ok(Win32Error(0xc037_0109)));
    }
}
