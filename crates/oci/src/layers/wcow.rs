//! The layers of a Windows container.

use super::{LayersError, PARENT_LAYER_PATHS, RootfsMount, Source, parse_list};
use crate::windows_path;

const PARENT_CIM_PATHS: &str = "parentCimPaths=";
const BLOCK_CIM_TYPE: &str = "blockCIMType=";
const MERGED_CIM_PATH: &str = "mergedCIMPath=";

/// The layers of a Windows container, and the folder of its scratch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WcowLayers {
    /// Folders, which a filter driver (WCIFS) lays over each other.
    Wcifs {
        /// The folder of the scratch.
        scratch: String,
        /// The folders of the layers.
        layers: Vec<String>,
    },
    /// Composite images, each forked from the one below it.
    ForkedCim {
        /// The folder of the scratch.
        scratch: String,
        /// The layers.
        layers: Vec<ForkedCimLayer>,
    },
    /// Composite images in files or disks of their own.
    BlockCim {
        /// The folder of the scratch.
        scratch: String,
        /// The layers.
        layers: Vec<BlockCim>,
        /// What several layers are merged to.
        merged: Option<BlockCim>,
    },
}

/// A layer in a composite image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkedCimLayer {
    /// The folder with what is not in the image.
    pub folder: String,
    /// The image.
    pub cim: String,
}

/// A composite image in a file or disk of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockCim {
    /// What it is in.
    pub kind: BlockCimKind,
    /// The file or disk.
    pub block_path: String,
    /// Its name in that.
    pub name: String,
}

/// What a composite image is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockCimKind {
    /// A file.
    SingleFile,
    /// A disk.
    Device,
}

impl WcowLayers {
    /// The layers that a mount or a list of folders (the scratch the last) names.
    ///
    /// # Errors
    /// Neither or both are there, or the mount is none of a Windows container.
    pub fn parse(rootfs: &[RootfsMount], folders: &[String]) -> Result<Self, LayersError> {
        let mount = match Source::choose(rootfs, folders)? {
            Source::Mount(mount) => mount,
            Source::Folders { scratch, layers } => {
                return Ok(Self::Wcifs { scratch: scratch.to_owned(), layers: layers.to_vec() });
            }
        };
        let scratch = mount.source.clone();
        match mount.kind.as_str() {
            "windows-layer" => Ok(Self::Wcifs { scratch, layers: mount.list(PARENT_LAYER_PATHS)? }),
            "CimFS" => Ok(Self::ForkedCim { scratch, layers: forked(mount)? }),
            "BlockCIM" => block(mount),
            other => Err(LayersError::WindowsKind(other.to_owned())),
        }
    }
}

fn forked(mount: &RootfsMount) -> Result<Vec<ForkedCimLayer>, LayersError> {
    let folders = mount.list(PARENT_LAYER_PATHS)?;
    let cims = mount.list(PARENT_CIM_PATHS)?;
    if folders.len() != cims.len() {
        return Err(LayersError::CimCount);
    }
    let pairs = folders.into_iter().zip(cims);
    Ok(pairs.map(|(folder, cim)| ForkedCimLayer { folder, cim }).collect())
}

fn block(mount: &RootfsMount) -> Result<WcowLayers, LayersError> {
    let mut paths: Vec<String> = Vec::new();
    let mut kind = None;
    let mut merged = "";
    for option in &mount.options {
        if let Some(text) = option.strip_prefix(PARENT_CIM_PATHS) {
            paths = parse_list(PARENT_CIM_PATHS, text)?;
        } else if let Some(text) = option.strip_prefix(BLOCK_CIM_TYPE) {
            kind = Some(match text {
                "file" => BlockCimKind::SingleFile,
                "device" => BlockCimKind::Device,
                other => return Err(LayersError::BlockCimKind(other.to_owned())),
            });
        } else if let Some(path) = option.strip_prefix(MERGED_CIM_PATH) {
            merged = path;
        }
    }
    if paths.is_empty() {
        return Err(LayersError::NoParent);
    }
    let kind = kind.ok_or(LayersError::NoBlockCimKind)?;
    // One layer needs no merging.
    let is_merged = paths.len() > 1;
    if is_merged && merged.is_empty() {
        return Err(LayersError::NoMergedCim);
    }
    Ok(WcowLayers::BlockCim {
        scratch: mount.source.clone(),
        layers: paths.iter().map(|path| BlockCim::new(kind, path)).collect(),
        merged: is_merged.then(|| BlockCim::new(kind, merged)),
    })
}

impl BlockCim {
    fn new(kind: BlockCimKind, path: &str) -> Self {
        let block_path = windows_path::parent(path);
        Self { kind, block_path, name: windows_path::file_name(path).to_owned() }
    }
}
