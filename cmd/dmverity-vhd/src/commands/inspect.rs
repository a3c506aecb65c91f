//! `inspect`: what an image file is.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use layer_image::Inspection;

use super::facts::Facts;
use super::{print, print_json};
use crate::cli::Inspect;

pub(crate) fn inspect(args: &Inspect) -> anyhow::Result<()> {
    let name = args.file.display().to_string();
    let found = look(&args.file).with_context(|| format!("inspecting {name}"))?;
    if found.ext4.is_none() && found.verity.is_none() && found.vhd.is_none() {
        bail!(
            "{name} is no image file: no ext4 superblock, no dm-verity superblock and no VHD footer"
        );
    }
    let facts = Facts::new(name, &found);
    if args.json { print_json(&facts) } else { print(&facts.to_text()) }
}

/// Reads what a file says of itself.
pub(super) fn look(path: &Path) -> anyhow::Result<Inspection> {
    // A folder could be opened, and be of any size.
    if fs::metadata(path)?.is_dir() {
        bail!("it is a folder; give an image file");
    }
    Ok(layer_image::inspect(path)?)
}
