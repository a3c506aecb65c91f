//! What a process is made of.

use std::collections::BTreeMap;

use crate::RawJson;
use crate::document::document;

document! {
    /// The description from which a process is created.
    pub struct ProcessConfig {
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
        /// Whether the process gets a console (a terminal).
        pub emulate_console: bool = "EmulateConsole",
        /// Whether a pipe for standard input is made.
        pub create_std_in_pipe: bool = "CreateStdInPipe",
        /// Whether a pipe for standard output is made.
        pub create_std_out_pipe: bool = "CreateStdOutPipe",
        /// Whether a pipe for standard error is made.
        pub create_std_err_pipe: bool = "CreateStdErrPipe",
        /// The console's height and width, in characters.
        pub console_size: [u32; 2] = "ConsoleSize",
        /// Whether the process runs in the utility VM instead of in the container.
        pub create_in_utility_vm: bool = "CreateInUtilityVm",
        /// The OCI specification of the process; for Linux.
        pub oci_specification: Option<RawJson> = "OCISpecification",
    }
}
