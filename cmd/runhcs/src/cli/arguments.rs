//! The commands and their flags.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Creates and runs containers according to the OCI runtime specification.
#[derive(Debug, Parser)]
#[command(name = "runhcs", disable_help_subcommand = true, subcommand_required = true)]
#[command(version = "spec: 1.3.0")]
#[command(after_help = "A container is a compute system. It is made from a bundle: a folder with a
config.json and a root file system.

Examples:
  runhcs spec                      write a config.json into this folder
  runhcs run c1                    run this folder's bundle as container c1
  runhcs create --bundle /b c1     create it, runhcs start c1 starts it
  runhcs exec c1 ps                run a program in it
  runhcs kill c1 KILL; runhcs delete c1")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The flags before the command.
#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// Log what happens in detail
    #[arg(long)]
    pub(crate) debug: bool,
    /// The file or named pipe that log records are added to [default: none]
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// The form of log records: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: String,
    /// The owner that new containers are given
    #[arg(long, default_value = "runhcs")]
    pub(crate) owner: String,
    /// The set of containers to work on: a name, or the absolute path of a folder
    #[arg(long, default_value = "default")]
    pub(crate) root: String,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a container whose process waits for `start`
    Create(CreateArgs),
    /// Start a container that was created
    Start(Id),
    /// Create and start a container, and wait for its end
    Run(Run),
    /// Run a program in a running container
    Exec(Exec),
    /// Show a container's state as JSON
    State(Id),
    /// List the containers
    List(List),
    /// Send a signal to a container's first process
    Kill(Kill),
    /// Delete what a container holds
    Delete(Delete),
    /// Freeze all processes of a container
    Pause(Id),
    /// Let the processes of a paused container go on
    Resume(Id),
    /// Show the processes of a container
    Ps(ProcessList),
    /// Set the size of a process's console
    #[command(visible_alias = "tty")]
    ResizeTty(ResizeTty),
    /// Show what a container uses, again and again, as lines of JSON
    Events(Events),
    /// Show what a container uses, once, as a line of JSON
    Stats(Id),
    /// Write a config.json to begin with
    Spec(Spec),
    /// Print the completions of a shell
    Completions(Completions),
    /// Create a scratch disk; needs a utility VM
    CreateScratch(CreateScratch),
    /// Format a disk; needs a utility VM
    PrepareDisk(PrepareDisk),
    #[command(hide = true)]
    Shim(Shim),
    #[command(hide = true)]
    Vmshim(VmShim),
}

/// A container.
#[derive(Debug, Args)]
pub(crate) struct Id {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    pub(crate) id: String,
}

/// What a new container is made from.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  runhcs create --bundle /containers/web --pid-file /run/web.pid web")]
pub(crate) struct CreateArgs {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    pub(crate) id: String,
    /// The folder of the bundle [default: this folder]
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) bundle: Option<PathBuf>,
    /// The file to write the process id to
    #[arg(long, value_name = "FILE")]
    pub(crate) pid_file: Option<PathBuf>,
    /// The Unix socket to send the console to
    #[arg(long, value_name = "SOCKET")]
    pub(crate) console_socket: Option<PathBuf>,
    /// The log of the container's shim; needs a Windows host
    #[arg(long, value_name = "FILE")]
    pub(crate) shim_log: Option<PathBuf>,
    /// The log of the utility VM's shim; needs a utility VM
    #[arg(long, value_name = "FILE")]
    pub(crate) vm_log: Option<PathBuf>,
    /// The pipe of the utility VM's console; needs a utility VM
    #[arg(long, value_name = "PIPE")]
    pub(crate) vm_console: Option<PathBuf>,
    /// The container whose utility VM is shared; needs a utility VM
    #[arg(long, value_name = "CONTAINER-ID")]
    pub(crate) host: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The exit code is the container's: 128 and the signal's number where one ended it.

Examples:
  runhcs run --bundle /containers/job job
  runhcs run --detach --bundle /containers/web web"
)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) create: CreateArgs,
    /// Do not wait for the container's end
    #[arg(short, long)]
    pub(crate) detach: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  runhcs exec web ls -l /
  runhcs exec --tty --env TERM=xterm web sh
  runhcs exec --process process.json web")]
pub(crate) struct Exec {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    pub(crate) id: String,
    /// The program and its arguments
    #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<String>,
    /// The working directory
    #[arg(long, value_name = "FOLDER")]
    pub(crate) cwd: Option<String>,
    /// An environment variable; more than once for more
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Give the process a console
    #[arg(short, long)]
    pub(crate) tty: bool,
    /// The user: uid or uid:gid, or names that the container knows
    #[arg(short, long, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// The file of an OCI process to run in place of a command
    #[arg(short, long, value_name = "FILE")]
    pub(crate) process: Option<PathBuf>,
    /// Do not wait for the process's end
    #[arg(short, long)]
    pub(crate) detach: bool,
    /// The file to write the process id to
    #[arg(long, value_name = "FILE")]
    pub(crate) pid_file: Option<PathBuf>,
    /// The Unix socket to send the console to
    #[arg(long, value_name = "SOCKET")]
    pub(crate) console_socket: Option<PathBuf>,
    /// The log of the process's shim; needs a Windows host
    #[arg(long, value_name = "FILE")]
    pub(crate) shim_log: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// The form of the list: table or json
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: String,
    /// Show ids only
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  runhcs kill web
  runhcs kill web HUP
  runhcs kill --all web 9")]
pub(crate) struct Kill {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    pub(crate) id: String,
    /// The signal by name or number
    #[arg(value_name = "SIGNAL", default_value = "TERM", allow_hyphen_values = true)]
    pub(crate) signal: String,
    /// Send it to all processes of the container
    #[arg(short, long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    pub(crate) id: String,
    /// Delete it in any state; what runs is killed first
    #[arg(short, long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ProcessList {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    pub(crate) id: String,
    /// The form of the list: table or json
    #[arg(short, long, value_name = "FORMAT", default_value = "json")]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct ResizeTty {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    pub(crate) id: String,
    /// Columns
    pub(crate) width: u16,
    /// Rows
    pub(crate) height: u16,
    /// The process [default: the container's first]
    #[arg(short, long)]
    pub(crate) pid: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Events {
    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    pub(crate) id: String,
    /// The time between two lines, such as 500ms, 5s or 1m
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub(crate) interval: std::time::Duration,
    /// Show one line and end
    #[arg(long)]
    pub(crate) stats: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Spec {
    /// The folder of the bundle [default: this folder]
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) bundle: Option<PathBuf>,
    /// For a container of a user who is not root
    #[arg(long)]
    pub(crate) rootless: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct CreateScratch {
    /// The disk's file
    #[arg(long = "destpath", value_name = "FILE")]
    pub(crate) destination: Option<PathBuf>,
    /// Its size in gigabytes
    #[arg(long = "sizeGB", value_name = "SIZE")]
    pub(crate) size_gb: Option<u32>,
    /// The file of a disk to copy
    #[arg(long, value_name = "FILE")]
    pub(crate) cache_path: Option<PathBuf>,
    /// Let the utility VM's memory be virtual
    #[arg(long)]
    pub(crate) use_virtual_memory: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PrepareDisk {
    /// The disk
    #[arg(long = "destpath", value_name = "FILE")]
    pub(crate) destination: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Shim {
    #[arg(value_name = "CONTAINER-ID")]
    pub(crate) id: String,
    #[arg(long)]
    pub(crate) stdin: Option<u64>,
    #[arg(long)]
    pub(crate) stdout: Option<u64>,
    #[arg(long)]
    pub(crate) stderr: Option<u64>,
    #[arg(long)]
    pub(crate) exec: bool,
    #[arg(long)]
    pub(crate) log_pipe: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct VmShim {
    #[arg(value_name = "CONTAINER-ID")]
    pub(crate) id: String,
    #[arg(long)]
    pub(crate) log_pipe: Option<PathBuf>,
    #[arg(long)]
    pub(crate) os: Option<String>,
}

/// A time as Go writes it: numbers with units, `1m30s`; more than nothing.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let invalid = || format!("{text:?} is no time: write it as 500ms, 5s or 1m30s");
    let mut total = std::time::Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(invalid)?;
        let (number, after) = rest.split_at(digits);
        let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(invalid()),
        };
        let number: f64 = number.parse().map_err(|_| invalid())?;
        let part =
            std::time::Duration::try_from_secs_f64(number * seconds).map_err(|_| invalid())?;
        total = total.checked_add(part).ok_or_else(invalid)?;
        rest = after;
    }
    if total.is_zero() { Err(invalid()) } else { Ok(total) }
}
