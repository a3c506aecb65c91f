//! Archives of `docker save`.

use anyhow::Context as _;

use super::choose::{Candidate, Origin};
use super::documents::{Config, DockerEntry};
use super::{Image, layer};
use crate::input::Store;

/// The images in `manifest.json`.
pub(super) fn entries(store: &Store) -> anyhow::Result<Vec<DockerEntry>> {
    store.document("manifest.json").with_context(|| {
        format!("{store} is no archive of `docker save`; if it is one layer, give --data-vhd too")
    })
}

pub(super) fn candidate(entry: DockerEntry) -> Candidate {
    let tags = entry.tags.clone();
    let mut candidate =
        Candidate { names: Vec::new(), platform: None, origin: Origin::Docker(entry) };
    candidate.add_names(&tags);
    candidate
}

pub(super) fn config(store: &Store, entry: &DockerEntry) -> anyhow::Result<Option<Config>> {
    entry.config.as_ref().map(|name| store.document(name)).transpose()
}

pub(super) fn image(store: &Store, entry: &DockerEntry) -> anyhow::Result<Image> {
    let config = config(store, entry)?;
    let layers = layer::of_names(store, &entry.layers, config.as_ref())?;
    Ok(Image { layers, platform: config.and_then(|config| config.platform) })
}
