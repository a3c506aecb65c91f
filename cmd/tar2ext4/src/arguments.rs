//! What can be asked for.

use std::path::PathBuf;

use clap::{ArgAction, Parser};
use uuid::Uuid;

use crate::flags::go_bool;
use crate::size;

const EXAMPLES: &str = "\
Examples:
  tar2ext4 -i layer.tar -o layer.ext4
  tar2ext4 -overlay -vhd -i layer.tar.gz -o layer.vhd     a layer for a utility VM
  zstd -dc layer.tar.zst | tar2ext4 -o layer.ext4
  tar2ext4 --roothash -i layer.tar                        the digest that policies pin
  tar2ext4 -overlay --max-size 128G --verity -vhd -i layer.tar -o layer.vhd
                                                          the image with that digest
  tar2ext4 --writable 10G --label scratch -i empty.tar -o scratch.ext4

Flags take one dash or two, and values as `-i FILE` or `-i=FILE`. Sizes are in bytes, or
with K, M, G, T behind them. Input that gzip or zstd has packed is unpacked.";

/// Turns the tar of an image layer into a compact ext4 image.
///
/// By default the image is the same as that of the reference's tar2ext4, bit for bit.
#[derive(Debug, Parser)]
#[command(name = "tar2ext4", version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The tar to read [default: standard input]
    #[arg(short, value_name = "FILE", allow_hyphen_values = true)]
    pub(crate) input: Option<PathBuf>,
    /// The image to write; it appears when it is whole
    #[arg(short, value_name = "FILE", allow_hyphen_values = true,
          required_unless_present_any = ["roothash", "completions"])]
    pub(crate) output: Option<PathBuf>,
    /// Turn whiteouts of OCI layers into those of overlayfs
    #[arg(long, help_heading = "Content", action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", hide_possible_values = true,
          value_name = "BOOL", value_parser = go_bool)]
    pub(crate) overlay: Option<bool>,
    /// Turn `\` in names into `/`, as in tars made on Windows
    #[arg(long, help_heading = "Content", action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_value = "false", default_missing_value = "true",
          hide_default_value = true, value_name = "BOOL", value_parser = go_bool)]
    pub(crate) convert_slash: bool,
    /// Keep small files in their inodes: smaller, but not for DAX
    #[arg(long, help_heading = "Content", action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_value = "false", default_missing_value = "true",
          hide_default_value = true, value_name = "BOOL", value_parser = go_bool)]
    pub(crate) inline: bool,
    /// Append the footer of a fixed VHD
    #[arg(long, help_heading = "Form", action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_value = "false", default_missing_value = "true",
          hide_default_value = true, value_name = "BOOL", value_parser = go_bool)]
    pub(crate) vhd: bool,
    /// Copy the input as it is, and append the footer of a fixed VHD
    #[arg(long, help_heading = "Form", action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_value = "false", default_missing_value = "true",
          hide_default_value = true, value_name = "BOOL", value_parser = go_bool)]
    pub(crate) only_vhd: bool,
    /// Append a dm-verity hash device, and print the root hash
    #[arg(long, help_heading = "Form")]
    pub(crate) verity: bool,
    /// Only print the root hash, as the reference computes it: with whiteouts converted
    /// and a largest size of 128G, unless `-overlay=false` or `--max-size` say otherwise
    #[arg(long, help_heading = "Form",
          conflicts_with_all = ["output", "verity", "vhd", "only_vhd", "writable"])]
    pub(crate) roothash: bool,
    /// An image that can be written to, with so much free space
    #[arg(long, help_heading = "Form", value_name = "SIZE", value_parser = size::parse,
          conflicts_with = "inline")]
    pub(crate) writable: Option<u64>,
    /// The largest size of the image, which the group descriptors are made for
    /// [default: 16G]
    #[arg(long, help_heading = "Form", value_name = "SIZE", value_parser = size::parse)]
    pub(crate) max_size: Option<u64>,
    /// The most files and directories, each of which takes memory
    #[arg(long, help_heading = "Form", value_name = "COUNT",
          default_value_t = ext4::DEFAULT_MAX_FILES)]
    pub(crate) max_files: u64,
    /// Write what e2fsck and the kernel expect where the reference's bytes differ
    #[arg(long, help_heading = "Form")]
    pub(crate) fsck_clean: bool,
    /// The UUID of the file system [default: zeros], of the hash device and of the VHD
    /// [default: random]
    #[arg(long, help_heading = "Form")]
    pub(crate) uuid: Option<Uuid>,
    /// The label of the file system, of up to 16 bytes
    #[arg(long, help_heading = "Form", value_parser = label)]
    pub(crate) label: Option<Label>,
    /// Print what was made as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print a script that completes these flags
    #[arg(long, value_name = "SHELL")]
    pub(crate) completions: Option<clap_complete::Shell>,
}

/// A label, filled up with zeros.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Label([u8; 16]);

fn label(text: &str) -> Result<Label, String> {
    let mut label = [0; 16];
    let room = label.get_mut(..text.len()).ok_or("a label has up to 16 bytes")?;
    room.copy_from_slice(text.as_bytes());
    Ok(Label(label))
}

impl Arguments {
    /// What an image is to be like.
    pub(crate) fn convert_options(&self) -> layer_image::ConvertOptions {
        let mut options = layer_image::ConvertOptions::default();
        options.append_dm_verity = self.verity;
        options.append_vhd_footer = self.vhd;
        options.only_append_vhd_footer = self.only_vhd;
        options.uuid = self.uuid.map(Uuid::into_bytes);
        options.ext4.convert_whiteout = self.overlay.unwrap_or(false);
        options.ext4.convert_backslash = self.convert_slash;
        let image = &mut options.ext4.image;
        image.inline_data = self.inline;
        image.max_disk_size = self.max_size.unwrap_or(0);
        image.max_files = self.max_files;
        image.fsck_clean = self.fsck_clean;
        image.writable = self.writable;
        image.uuid = self.uuid.map_or([0; 16], Uuid::into_bytes);
        image.label = self.label.map_or([0; 16], |label| label.0);
        options
    }

    /// The same, where nothing else was said as the reference computes root hashes.
    pub(crate) fn root_hash_options(&self) -> ext4::ConvertOptions {
        let mut options = self.convert_options().ext4;
        options.convert_whiteout = self.overlay.unwrap_or(true);
        options.image.max_disk_size = self.max_size.unwrap_or(verity::RECOMMENDED_VHD_SIZE);
        options
    }
}
