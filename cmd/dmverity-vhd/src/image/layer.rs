//! A layer of an image, and where its tar is.

use anyhow::{Context as _, bail};

use super::documents::Config;
use crate::digest::Digest;
use crate::input::{Member, Store, quoted};

/// Layers are far fewer in any image: overlayfs takes 500.
const MAX_LAYERS: usize = 4096;

/// A layer's tar, compressed or not.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) member: Member,
    /// The digest that the tar has as it is stored, where its name is one.
    pub(crate) digest: Option<Digest>,
    /// The digest that it has uncompressed, where the image says so.
    pub(crate) diff_id: Option<Digest>,
}

impl Layer {
    /// A tar of which nothing else is known.
    pub(super) fn alone(member: Member) -> Self {
        Self { member, digest: None, diff_id: None }
    }

    /// A message has this name for it.
    pub(crate) fn name(&self) -> String {
        self.digest.map_or_else(|| quoted(&self.member.name), |digest| digest.to_string())
    }
}

/// The layers of an image, by the names of their tars.
pub(super) fn of_names(
    store: &Store,
    names: &[String],
    config: Option<&Config>,
) -> anyhow::Result<Vec<Layer>> {
    if names.len() > MAX_LAYERS {
        bail!("the image of {store} has {} layers, more than {MAX_LAYERS}", names.len());
    }
    let diff_ids = config.and_then(|config| config.rootfs.as_ref()).map(|fs| &fs.diff_ids[..]);
    if let Some(diff_ids) = diff_ids
        && diff_ids.len() != names.len()
    {
        let (wanted, found) = (diff_ids.len(), names.len());
        bail!("the image of {store} has {found} layers, and a configuration with {wanted}");
    }
    names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let member = store.require(name).with_context(|| format!("finding layer {number}"))?;
            let diff_id = diff_ids.and_then(|ids| ids.get(number).copied());
            Ok(Layer { digest: Digest::of_blob_name(name), member, diff_id })
        })
        .collect()
}
