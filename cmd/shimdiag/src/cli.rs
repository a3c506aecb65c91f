//! The commands and their flags.

use clap::{Args, Parser, Subcommand};

/// Looks inside running containerd shims.
#[derive(Debug, Parser)]
#[command(name = "shimdiag", version, disable_help_subcommand = true)]
#[command(after_help = r"A shim is named <namespace>-<id>, or by what only its name begins with.

Examples:
  shimdiag list --pids
  shimdiag tasks --execs k8s.io-0f3a
  shimdiag inspect k8s.io-0f3a
  shimdiag stacks default-web

Exit codes: 0, 1 for a failure, 3 for a command that there is not; of exec, the command's.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List running shims
    List(List),
    /// Run a command in the utility VM that a shim hosts
    Exec(Exec),
    /// Print what each task of a shim is at
    Stacks(Stacks),
    /// Share a folder of the host with the utility VM that a shim hosts
    Share(Share),
    /// List the tasks of a shim
    Tasks(Tasks),
    /// Show all that a shim runs as a tree: states, process ids, limits, uptime
    Inspect(Inspect),
    /// Print the completions of a shell
    Completions(Completions),
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct List {
    /// With their process ids
    #[arg(long)]
    pub(crate) pids: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
#[command(after_help = "Example:\n  shimdiag exec default-web dmesg")]
pub(crate) struct Exec {
    /// With a terminal
    #[arg(long, short)]
    pub(crate) tty: bool,
    /// The shim
    pub(crate) shim: String,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Stacks {
    /// The shim
    pub(crate) shim: String,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct Share {
    /// So that it can't be written
    #[arg(long, short)]
    pub(crate) readonly: bool,
    /// The shim
    pub(crate) shim: String,
    /// The folder
    pub(crate) host_path: String,
    /// Where it will be in the VM
    pub(crate) uvm_path: String,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(crate) struct Tasks {
    /// With their execs
    #[arg(long)]
    pub(crate) execs: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The shim
    pub(crate) shim: String,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
#[command(after_help = "Example:\n  shimdiag inspect --json k8s.io-0f3a")]
pub(crate) struct Inspect {
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The shim
    pub(crate) shim: String,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
