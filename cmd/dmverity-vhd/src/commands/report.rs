//! What is printed of layers.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::{print, print_json};
use crate::layers::{Converted, Disks};

/// All layers of an image.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    layers: Vec<Layer>,
}

#[derive(Debug, Serialize)]
struct Layer {
    layer: usize,
    /// The sha256 of its uncompressed tar.
    diff_id: String,
    root_hash: String,
    /// Bytes of the file system.
    data_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    vhd: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_device_vhd: Option<PathBuf>,
}

impl Report {
    pub(super) fn new(
        image: String,
        platform: Option<String>,
        converted: &Converted,
        disks: Option<&Disks>,
    ) -> Self {
        let layers = converted.order.iter().enumerate().map(|(number, &index)| {
            let done = &converted.done[index];
            let own_device = disks.filter(|disks| disks.hash_dev_vhd);
            Layer {
                layer: number,
                diff_id: done.diff_id.to_string(),
                root_hash: verity::to_hex(&done.root_hash),
                data_size: done.data_size,
                vhd: disks.map(|disks| disks.disk(done.diff_id)),
                hash_device_vhd: own_device.map(|disks| disks.hash_device(done.diff_id)),
            }
        });
        Self { image, platform, layers: layers.collect() }
    }

    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return print_json(self);
        }
        let mut text = String::new();
        for Layer { layer, root_hash, .. } in &self.layers {
            // Writing to a String can't fail.
            let _ = writeln!(text, "Layer {layer} root hash: {root_hash}");
        }
        print(&text)
    }
}
