//! `verify`: whether an image is what its hash tree says.

use anyhow::{Context as _, bail};
use layer_image::Error;
use serde::Serialize;
use verity::{BLOCK_SIZE, Verified, VerifyError};

use super::inspect::look;
use super::{print, print_json};
use crate::cli::Verify;
use crate::console::Console;

#[derive(Debug, Serialize)]
struct Report {
    file: String,
    root_hash: String,
    data_blocks: u64,
    tree_blocks: u64,
    /// Whether the root hash was given, and not only that of the file.
    root_hash_given: bool,
}

pub(crate) fn verify(args: &Verify) -> anyhow::Result<()> {
    let file = args.file.display().to_string();
    let verified = check(args).with_context(|| format!("verifying {file}"))?;
    let root_hash = verity::to_hex(&verified.root_digest);
    if args.json {
        return print_json(&Report {
            file,
            root_hash,
            data_blocks: verified.data_blocks,
            tree_blocks: verified.tree_blocks,
            root_hash_given: args.root_hash.is_some(),
        });
    }
    print(&format!("{file} is whole, root hash: {root_hash}\n"))
}

fn check(args: &Verify) -> anyhow::Result<Verified> {
    let size = file_system_size(args)?;
    let mut console = Console::new(false);
    console.start(size.unwrap_or_default());
    let progress = |blocks: u64| console.set(blocks.saturating_mul(BLOCK_SIZE as u64));
    let hash_device = args.hash_device.as_deref();
    let verified = layer_image::verify(&args.file, hash_device, args.root_hash.as_ref(), progress);
    console.finish();
    let verified = verified.map_err(|error| explain(args, size, error))?;
    // Blocks that the tree does not count can be anything.
    let covered = verified.data_blocks.saturating_mul(BLOCK_SIZE as u64);
    if let Some(size) = size
        && covered < size
    {
        bail!("the hash tree is over {covered} bytes, the file system has {size}");
    }
    Ok(verified)
}

/// Bytes of the file system, if it is one. Without, its own hash device can't be found.
fn file_system_size(args: &Verify) -> anyhow::Result<Option<u64>> {
    let found = look(&args.file)?;
    let size = found.ext4.as_ref().and_then(|block| {
        block.block_size().and_then(|size| size.checked_mul(block.blocks_count()))
    });
    if size.is_none() && args.hash_device.is_none() {
        bail!(
            "no ext4 superblock at its beginning, behind which the hash device would be: \
             the superblock is damaged, or the hash device is given with --hash-device"
        );
    }
    Ok(size)
}

/// Says where a hash device was looked for, and what may be done where none is there.
fn explain(args: &Verify, size: Option<u64>, error: Error) -> anyhow::Error {
    if !matches!(&error, Error::Verify(VerifyError::SuperBlock(_))) {
        return error.into();
    }
    let place = match (&args.hash_device, size) {
        (Some(device), _) => format!("no sound hash device in {}", device.display()),
        (None, Some(size)) => format!(
            "no sound hash device at byte {size}, where the file system ends by its superblock: \
             one of both is damaged, or the hash device is given with --hash-device"
        ),
        (None, None) => return error.into(),
    };
    anyhow::Error::from(error).context(place)
}
