//! The layers of a container, as a snapshotter or a spec hands them over.
//!
//! They come as one mount of the root filesystem or as the spec's list of layer
//! folders. The topmost layer is the first.

mod lcow;
mod wcow;

use serde::de::DeserializeOwned;

pub use lcow::{LcowLayer, LcowLayers};
pub use wcow::{BlockCim, BlockCimKind, ForkedCimLayer, WcowLayers};

/// A mount of a root filesystem, as a snapshotter describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RootfsMount {
    /// What kind it is.
    pub kind: String,
    /// What is mounted; mostly the folder of the scratch.
    pub source: String,
    /// Where in the root filesystem; has to be empty.
    pub target: String,
    /// How; this says which layers there are.
    pub options: Vec<String>,
}

/// Layers can't be understood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayersError {
    /// Mount and folders are both there.
    #[error("cannot pass both a rootfs mount and Windows.LayerFolders: failed precondition")]
    Both,
    /// Neither mount nor folders are there.
    #[error("must pass either a rootfs mount or Windows.LayerFolders: failed precondition")]
    Neither,
    /// There are several mounts.
    #[error("expected a single rootfs mount: failed precondition")]
    Several,
    /// The mount is not of the whole root filesystem: it has a target. The text
    /// is the reference's.
    #[error("rootfs mount is missing Target path: failed precondition")]
    Target,
    /// There is no layer below the scratch.
    #[error("must pass at least two Windows.LayerFolders: failed precondition")]
    OneFolder,
    /// The kind of mount is none of a Windows container.
    #[error("invalid windows mount type: '{0}'")]
    WindowsKind(String),
    /// The kind of mount is none of a Linux container.
    #[error("unrecognized rootfs mount type: {0}")]
    LinuxKind(String),
    /// The mount has an option that it can't have.
    #[error("unrecognized lcow-partitioned-layer mount option: {0}")]
    Unrecognized(String),
    /// An option is not the JSON that it should be.
    #[error("failed to unmarshal option `{option}`")]
    Json {
        /// The option, with its `=`.
        option: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// There are not as many CIMs as layers.
    #[error("invalid mount, number of parent layer paths & cim paths should be same")]
    CimCount,
    /// There is no layer below the scratch.
    #[error("need at least 1 parent layer")]
    NoParent,
    /// The kind of block CIM is not known.
    #[error("invalid block CIM type `{0}`")]
    BlockCimKind(String),
    /// The kind of block CIM is missing.
    #[error("BlockCIM type not provided")]
    NoBlockCimKind,
    /// The CIM that several layers are merged to is missing.
    #[error("merged CIM path not provided")]
    NoMergedCim,
}

impl LayersError {
    /// Whether the caller handed over something that can never be right, which
    /// containerd calls a failed precondition.
    pub fn is_failed_precondition(&self) -> bool {
        matches!(self, Self::Both | Self::Neither | Self::Several | Self::Target | Self::OneFolder)
    }
}

/// What layers are made from.
enum Source<'a> {
    Mount(&'a RootfsMount),
    Folders { scratch: &'a str, layers: &'a [String] },
}

impl<'a> Source<'a> {
    fn choose(rootfs: &'a [RootfsMount], folders: &'a [String]) -> Result<Self, LayersError> {
        match (rootfs, folders) {
            ([], []) => Err(LayersError::Neither),
            ([], [_]) => Err(LayersError::OneFolder),
            ([], [layers @ .., scratch]) => Ok(Self::Folders { scratch, layers }),
            (_, [_, ..]) => Err(LayersError::Both),
            ([mount], []) if mount.target.is_empty() => Ok(Self::Mount(mount)),
            ([_], []) => Err(LayersError::Target),
            ([_, _, ..], []) => Err(LayersError::Several),
        }
    }
}

impl RootfsMount {
    /// The list of strings in the first option of this name (with its `=`).
    fn list(&self, option: &'static str) -> Result<Vec<String>, LayersError> {
        let mut values = self.options.iter().filter_map(|text| text.strip_prefix(option));
        values.next().map_or(Ok(Vec::new()), |text| parse_list(option, text))
    }
}

/// Reads a JSON list; `null` is an empty one.
fn parse_list<T: DeserializeOwned>(
    option: &'static str,
    text: &str,
) -> Result<Vec<T>, LayersError> {
    let list = serde_json::from_str::<Option<Vec<T>>>(text);
    list.map(Option::unwrap_or_default).map_err(|source| LayersError::Json { option, source })
}

const PARENT_LAYER_PATHS: &str = "parentLayerPaths=";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_whole_mount_is_taken() {
        let mount = RootfsMount { kind: "windows-layer".into(), ..RootfsMount::default() };
        let error = WcowLayers::parse(&[mount.clone(), mount.clone()], &[]).unwrap_err();
        assert!(matches!(error, LayersError::Several) && error.is_failed_precondition());
        let below = RootfsMount { target: "x".into(), ..mount };
        let error = LcowLayers::parse(&[below], &[]).unwrap_err();
        assert!(matches!(error, LayersError::Target) && error.is_failed_precondition());
    }

    #[test]
    fn each_cim_has_a_layer() {
        let mount = RootfsMount {
            kind: "CimFS".into(),
            options: vec![r#"parentCimPaths=["a"]"#.into()],
            ..RootfsMount::default()
        };
        let error = WcowLayers::parse(&[mount], &[]).unwrap_err();
        assert!(matches!(error, LayersError::CimCount), "{error}");
    }
}
