//! The commands and their flags.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// containerd's shim for containers of the compute service.
///
/// containerd starts it in the folder of a container's bundle. Nobody else has to.
#[derive(Debug, Parser)]
#[command(name = super::NAME, disable_help_subcommand = true, version = "spec: 1.3.0")]
#[command(after_help = "containerd 1.6 and later run it for the runtime of its name:

  ctr run --rm --runtime io.containerd.runhcs.v1 <image> <id> <command>

What containerd does then, to be tried by hand in a bundle's folder:

  containerd-shim-runhcs-v1 -namespace default -address /run/containerd/containerd.sock \\
      -publish-binary containerd -id c1 start      prints the shim's address
  containerd-shim-runhcs-v1 -namespace default -address /run/containerd/containerd.sock \\
      -publish-binary containerd -id c1 -bundle . delete

TTRPC_ADDRESS in its environment says where events go. Flags take one dash or two.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The flags before the command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Globals {
    /// The namespace of the container
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) namespace: String,
    /// The address of containerd
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) address: String,
    /// The program that publishes events; events go to TTRPC_ADDRESS instead
    #[arg(long, value_name = "PROGRAM", default_value = "", hide_default_value = true)]
    pub(crate) publish_binary: String,
    /// The container's id
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) id: String,
    /// The folder of the bundle, for `delete`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) bundle: Option<PathBuf>,
    /// Log what happens in detail
    #[arg(long)]
    pub(crate) debug: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the shim of the container whose bundle this folder is, and print its
    /// address; a container of a pod gets the address of the pod's shim
    Start,
    /// Remove what a container and its shim have left
    Delete,
    /// Be the shim
    #[command(hide = true)]
    Serve(Serve),
}

/// How to be the shim.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address to serve
    #[arg(long, value_name = "ADDRESS", default_value = "", hide_default_value = true)]
    pub(crate) socket: String,
    /// The shim is a pod's: the id is the pod's
    #[arg(long)]
    pub(crate) is_sandbox: bool,
}
