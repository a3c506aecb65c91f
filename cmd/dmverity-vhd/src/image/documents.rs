//! The JSON documents of archives and layouts, as far as they are read.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::platform::Platform;
use crate::digest::Digest;

/// An image in the `manifest.json` of `docker save`.
#[derive(Debug, Deserialize)]
pub(super) struct DockerEntry {
    #[serde(rename = "Config")]
    pub(super) config: Option<String>,
    #[serde(rename = "RepoTags", default, deserialize_with = "or_none")]
    pub(super) tags: Vec<String>,
    #[serde(rename = "Layers", deserialize_with = "or_none")]
    pub(super) layers: Vec<String>,
}

/// `oci-layout`.
#[derive(Debug, Deserialize)]
pub(super) struct Layout {
    #[serde(rename = "imageLayoutVersion")]
    pub(super) version: String,
}

/// `index.json`, an image index or a Docker manifest list.
#[derive(Debug, Deserialize)]
pub(super) struct Index {
    #[serde(default, deserialize_with = "or_none")]
    pub(super) manifests: Vec<Descriptor>,
}

/// What a document says of another.
#[derive(Debug, Deserialize)]
pub(super) struct Descriptor {
    #[serde(rename = "mediaType", default)]
    pub(super) media_type: String,
    pub(super) digest: Digest,
    pub(super) platform: Option<Platform>,
    #[serde(default, deserialize_with = "or_none")]
    pub(super) annotations: BTreeMap<String, String>,
}

/// An image manifest.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    pub(super) config: Descriptor,
    #[serde(deserialize_with = "or_none")]
    pub(super) layers: Vec<Descriptor>,
}

/// An image configuration.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    /// Artifacts have none.
    #[serde(flatten)]
    pub(super) platform: Option<Platform>,
    pub(super) rootfs: Option<RootFs>,
}

/// The layers, uncompressed.
#[derive(Debug, Deserialize)]
pub(super) struct RootFs {
    #[serde(default, deserialize_with = "or_none")]
    pub(super) diff_ids: Vec<Digest>,
}

/// Go writes `null` for a list that is empty.
fn or_none<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
