//! Processes of a compute system.

use std::collections::BTreeMap;

use crate::Timestamp;
use crate::document::document;
use crate::guest_request::{ProcessModifyOperation, STDIOHandle};

document! {
    /// The description from which a process is created.
    pub struct ProcessParameters {
        /// The program, where it is not the first word of the command line.
        pub application_name: String = "ApplicationName",
        /// The whole command line; for Windows.
        pub command_line: String = "CommandLine",
        /// The program and its arguments; for Linux.
        pub command_args: Vec<String> = "CommandArgs",
        /// The user who runs the process.
        pub user: String = "User",
        /// The directory in which the process starts.
        pub working_directory: String = "WorkingDirectory",
        /// Environment variables by name.
        pub environment: BTreeMap<String, String> = "Environment",
        /// Whether the process runs with a restricted token.
        pub restricted_token: bool = "RestrictedToken",
        /// Whether the process gets a console (a terminal).
        pub emulate_console: bool = "EmulateConsole",
        /// Whether a pipe for standard input is made.
        pub create_std_in_pipe: bool = "CreateStdInPipe",
        /// Whether a pipe for standard output is made.
        pub create_std_out_pipe: bool = "CreateStdOutPipe",
        /// Whether a pipe for standard error is made.
        pub create_std_err_pipe: bool = "CreateStdErrPipe",
        /// The console's height and width, in characters.
        pub console_size: Vec<i32> = "ConsoleSize",
        /// Whether the process joins the session of a user who is logged in.
        pub use_existing_login: bool = "UseExistingLogin",
        /// Whether the console is of the old kind.
        pub use_legacy_console: bool = "UseLegacyConsole",
    }

    /// A change to a running process.
    pub struct ProcessModifyRequest {
        /// What is done.
        pub operation: ProcessModifyOperation = "Operation",
        /// The new size; for [`ProcessModifyOperation::ConsoleSize`].
        pub console_size: Option<ConsoleSize> = "ConsoleSize",
        /// What to close; for [`ProcessModifyOperation::CloseHandle`].
        pub close_handle: Option<CloseHandle> = "CloseHandle",
    }

    /// The size of a console, in characters.
    pub struct ConsoleSize {
        /// The number of lines.
        pub height: u16 = "Height",
        /// The number of columns.
        pub width: u16 = "Width",
    }

    /// A standard handle to close.
    pub struct CloseHandle {
        /// Which one.
        pub handle: STDIOHandle = "Handle",
    }

    /// What has become of a process.
    pub struct ProcessStatus {
        /// The process id.
        pub process_id: u32 = "ProcessId",
        /// Whether the process has exited.
        pub exited: bool = "Exited",
        /// Its exit code.
        pub exit_code: u32 = "ExitCode",
        /// The result of waiting for it: an HRESULT, 0 where the exit code holds.
        pub last_wait_result: i32 = "LastWaitResult",
    }

    /// A process of a running system.
    pub struct ProcessDetails {
        /// The process id.
        pub process_id: i32 = "ProcessId",
        /// The program's name.
        pub image_name: String = "ImageName",
        /// When the process was created.
        pub create_timestamp: Timestamp = "CreateTimestamp",
        /// Time in user mode, in units of 100 ns.
        pub user_time_100ns: i32 = "UserTime100ns",
        /// Time in kernel mode, in units of 100 ns.
        pub kernel_time_100ns: i32 = "KernelTime100ns",
        /// Bytes committed.
        pub memory_commit_bytes: i32 = "MemoryCommitBytes",
        /// Bytes of private working set.
        pub memory_working_set_private_bytes: i32 = "MemoryWorkingSetPrivateBytes",
        /// Bytes of shared working set.
        pub memory_working_set_shared_bytes: i32 = "MemoryWorkingSetSharedBytes",
    }
}
