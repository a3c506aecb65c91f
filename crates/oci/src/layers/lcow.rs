//! The layers of a Linux container.

use serde::Deserialize;

use super::{LayersError, PARENT_LAYER_PATHS, RootfsMount, Source, parse_list};
use crate::windows_path;

const SCRATCH: &str = "scratch=";
const PARTITIONED_LAYERS: &str = "parent-partitioned-layers=";

/// The layers of a Linux container, and its scratch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LcowLayers {
    /// The layers.
    pub layers: Vec<LcowLayer>,
    /// The disk of the scratch.
    pub scratch_vhd_path: String,
}

/// A layer, a filesystem on a disk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct LcowLayer {
    /// The disk.
    #[serde(rename = "Path", alias = "path")]
    pub vhd_path: String,
    /// The partition; 0 for the whole disk.
    #[serde(rename = "Partition", alias = "partition")]
    pub partition: u64,
}

impl LcowLayers {
    /// The layers that a mount or a list of folders (the scratch the last) names.
    ///
    /// # Errors
    /// Neither or both are there, or the mount is none of a Linux container.
    pub fn parse(rootfs: &[RootfsMount], folders: &[String]) -> Result<Self, LayersError> {
        let mount = match Source::choose(rootfs, folders)? {
            Source::Mount(mount) => mount,
            Source::Folders { scratch, layers } => return Ok(Self::in_folders(scratch, layers)),
        };
        match mount.kind.as_str() {
            "lcow-layer" => Ok(Self::in_folders(&mount.source, &mount.list(PARENT_LAYER_PATHS)?)),
            "lcow-partitioned-layer" => Self::partitioned(mount),
            other => Err(LayersError::LinuxKind(other.to_owned())),
        }
    }

    /// Disks with fixed names, each in a folder of its own.
    fn in_folders(scratch: &str, layers: &[String]) -> Self {
        let layer = |folder: &String| LcowLayer {
            vhd_path: windows_path::join(folder, "layer.vhd"),
            partition: 0,
        };
        Self {
            layers: layers.iter().map(layer).collect(),
            scratch_vhd_path: windows_path::join(scratch, "sandbox.vhdx"),
        }
    }

    /// Partitions of disks.
    fn partitioned(mount: &RootfsMount) -> Result<Self, LayersError> {
        let mut all = Self { layers: Vec::new(), scratch_vhd_path: String::new() };
        for option in &mount.options {
            if let Some(path) = option.strip_prefix(SCRATCH) {
                all.scratch_vhd_path = path.to_owned();
            } else if let Some(text) = option.strip_prefix(PARTITIONED_LAYERS) {
                all.layers = parse_list(PARTITIONED_LAYERS, text)?;
            } else {
                return Err(LayersError::Unrecognized(option.clone()));
            }
        }
        Ok(all)
    }
}
