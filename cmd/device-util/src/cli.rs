//! The commands and their flags.

use clap::{Args, Parser, Subcommand};

/// Lists devices of this Windows, and what is in the kernel's object directories.
#[derive(Debug, Parser)]
#[command(name = "device-util", version, disable_help_subcommand = true)]
#[command(after_help = r"Output is one line, with commas between the entries.

Examples:
  device-util children --parentID 'VMBUS\{44C4F61D-4444-4400-9D52-802E27EDE19F}\3&1'
  device-util obj-dir --dir \BaseNamedObjects

Exit codes: 0, 1 for a failure, 3 for a command that there is not.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the devices on bus devices
    Children(Children),
    /// List an object directory of the kernel
    ObjDir(ObjDir),
    /// Print the completions of a shell
    Completions(Completions),
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
#[command(after_help = r"A parent that is not there has no children.

Examples:
  device-util children --parentID 'PCI\VEN_1414&DEV_00A9\5&1,ACPI\VMBUS\0'
  device-util children --parentID 'PCI\VEN_1414&DEV_00A9\5&1' --property location")]
pub(crate) struct Children {
    /// The instance ids of the parents, with commas between them
    #[arg(long = "parentID", value_name = "ID,...")]
    pub(crate) parents: Option<String>,
    /// What to print of a child: location, the path that says where it is plugged in, or id
    #[arg(long, default_value = "id")]
    pub(crate) property: String,
    /// The reference takes any arguments, and so do we.
    #[arg(hide = true)]
    pub(crate) ignored: Vec<String>,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
#[command(after_help = r"Examples:
  device-util obj-dir
  device-util obj-dir --dir \Device")]
pub(crate) struct ObjDir {
    /// The directory
    #[arg(long = "dir", value_name = "DIR", default_value = r"\Global??")]
    pub(crate) directory: String,
    /// The reference takes any arguments, and so do we.
    #[arg(hide = true)]
    pub(crate) ignored: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  device-util completions bash > /etc/bash_completion.d/device-util")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests;
