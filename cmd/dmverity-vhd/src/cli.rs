//! The commands and their flags.

use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use uuid::Uuid;

use crate::image::Platform;

/// Builds and checks the verity disks of container image layers.
#[derive(Debug, Parser)]
#[command(name = "dmverity-vhd", version, disable_help_subcommand = true)]
#[command(
    after_help = "A disk has a layer as an ext4 file system, its dm-verity hash device, and the
footer of a fixed VHD. The root hash says which layer it is.

An image is an archive of `docker save`, an OCI image layout (a folder or a tar), or one
layer's tar; the tars also in gzip or zstd.

Examples:
  docker save alpine:3.20 -o alpine.tar
  dmverity-vhd create -i alpine.tar -o disks   make a disk of each layer
  dmverity-vhd roothash -i alpine.tar          print the root hashes only
  dmverity-vhd inspect disks/1ad2.vhd          say what a disk is
  dmverity-vhd verify disks/1ad2.vhd           check every block of a disk

Exit codes: 0, 1 for a failure, 2 for a wrong command line, 130 after Ctrl-C."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The flags before the command, or behind it.
#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// Say on stderr what is done
    #[arg(short, long, global = true, alias = "debug")]
    pub(crate) verbose: bool,
    /// IMAGE is an archive of `docker save`: the daemon is not asked
    #[arg(short, long, global = true)]
    pub(crate) docker: bool,
    /// The archive of `docker save`, in place of -i
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) tarball: Option<PathBuf>,
    /// Of the historical tool; reads are always buffered.
    #[arg(short, long, global = true, hide = true)]
    pub(crate) buffered_reader: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a disk of each layer
    Create(Create),
    /// Print the root hash of each layer, and write nothing
    Roothash(Roothash),
    /// Say what an image file is: ext4, dm-verity, VHD
    Inspect(Inspect),
    /// Check every block of an image file against its hash tree
    Verify(Verify),
    /// Print the completions of a shell
    Completions(Completions),
}

/// Where layers come from.
#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    /// The image: a file or a folder, or - for stdin
    #[arg(short, long, alias = "input", value_name = "IMAGE")]
    pub(crate) image: Option<PathBuf>,
    /// Take the image of this platform [default: the only one, or linux of this machine]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub(crate) platform: Option<Platform>,
    /// Take the image of this name: a tag, or the layout's org.opencontainers.image.ref.name
    #[arg(long = "ref", value_name = "NAME")]
    pub(crate) reference: Option<String>,
    /// IMAGE is the tar of a folder: one layer, whatever is in it
    #[arg(long, alias = "dir")]
    pub(crate) data_vhd: bool,
    /// How many layers to convert at a time [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZero<u16>>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Of the historical tool, which asks registries.
    #[arg(short, long, hide = true)]
    pub(crate) username: Option<String>,
    /// Of the historical tool, which asks registries.
    #[arg(short, long, hide = true)]
    pub(crate) password: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The disk of a layer is FOLDER/DIGEST.vhd, where DIGEST is the sha256 of the layer's
uncompressed tar. Files of those names are replaced. A disk is there once all of them are
whole; after a failure none is.

With --hash-dev-vhd, DIGEST.vhd has the file system only, and DIGEST.hash-dev.vhd the hash
device. With --data-vhd the disk has the tar's name: data.tar becomes data.vhd.

Examples:
  dmverity-vhd create -i alpine.tar -o disks
  dmverity-vhd create -i layout/ --platform linux/arm64 -o disks
  dmverity-vhd create -i alpine.tar -o disks --hash-dev-vhd
  dmverity-vhd create -i data.tar --data-vhd -o disks
  docker save alpine:3.20 | dmverity-vhd create -i - -o disks
  dmverity-vhd create -i alpine.tar -o disks --uuid 6e6ae0c5-5fd0-4d4c-9f0c-6a1a3e4b0e51"
)]
pub(crate) struct Create {
    #[command(flatten)]
    pub(crate) image: ImageArgs,
    /// The folder for the disks; made where it is missing
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) out_dir: PathBuf,
    /// Save the hash device as a VHD of its own
    #[arg(long, alias = "hdv")]
    pub(crate) hash_dev_vhd: bool,
    /// The UUID of hash devices and footers, for the same bytes each time [default: random]
    #[arg(long)]
    pub(crate) uuid: Option<Uuid>,
}

#[derive(Debug, Args)]
#[command(after_help = "The hashes are those of the disks that `create` makes.

Examples:
  dmverity-vhd roothash -i alpine.tar
  dmverity-vhd roothash -i images.tar --ref alpine:3.20
  dmverity-vhd --tarball alpine.tar roothash
  dmverity-vhd roothash -i layer.tar.gz --json")]
pub(crate) struct Roothash {
    #[command(flatten)]
    pub(crate) image: ImageArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = "It fails where a file has neither of the three. No block is checked: that is `verify`.

Examples:
  dmverity-vhd inspect disk.vhd
  dmverity-vhd inspect disk.vhd --json"
)]
pub(crate) struct Inspect {
    /// The image file or device
    #[arg(value_name = "IMAGE_FILE")]
    pub(crate) file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The first block that is not what it should be is named. Without --root-hash an image is
only compared with itself: who can change a block can change the tree.

Examples:
  dmverity-vhd verify disk.vhd
  dmverity-vhd verify disk.vhd --root-hash 71702a459fa5e6574337e014d9d3936bcf7cb448aaffe381...
  dmverity-vhd verify disk.vhd --hash-device disk.hash-dev.vhd"
)]
pub(crate) struct Verify {
    /// The image file or device
    #[arg(value_name = "IMAGE_FILE")]
    pub(crate) file: PathBuf,
    /// The file of the hash device [default: it follows the file system]
    #[arg(long, value_name = "FILE")]
    pub(crate) hash_device: Option<PathBuf>,
    /// The root hash that the image must have, in hex
    #[arg(long, value_name = "HEX", value_parser = crate::digest::parse_hex)]
    pub(crate) root_hash: Option<verity::Digest>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  dmverity-vhd completions bash > /etc/bash_completion.d/dmverity-vhd")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// A wrong command line that clap itself can't find.
pub(crate) fn usage(kind: clap::error::ErrorKind, message: &str) -> anyhow::Error {
    Cli::command().error(kind, message).into()
}
