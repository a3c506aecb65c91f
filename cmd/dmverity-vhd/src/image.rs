//! An image: its layers, in order.

mod choose;
mod docker;
mod documents;
mod layer;
mod oci;
mod platform;

use anyhow::bail;

pub(crate) use choose::Wanted;
pub(crate) use layer::Layer;
pub(crate) use platform::Platform;

use crate::input::{Input, Store};

/// What is to be converted.
pub(crate) struct Image {
    /// The lowest layer is the first.
    pub(crate) layers: Vec<Layer>,
    /// What it is made for, where that is known.
    pub(crate) platform: Option<Platform>,
}

impl Image {
    /// The image of an input that is wanted.
    pub(crate) fn open(input: Input, wanted: &Wanted) -> anyhow::Result<Self> {
        let store = match input {
            Input::Store(store) => store,
            Input::Layer(member) => {
                return Ok(Self { layers: vec![Layer::alone(member)], platform: None });
            }
        };
        choose::choose(&store, candidates(&store)?, wanted)
    }
}

/// The images that there are.
fn candidates(store: &Store) -> anyhow::Result<Vec<choose::Candidate>> {
    let tagged = match store.find("manifest.json")? {
        Some(_) => docker::entries(store)?,
        None => Vec::new(),
    };
    if store.find("oci-layout")?.is_some() && store.find("index.json")?.is_some() {
        // `docker save` writes both. Only the index knows platforms.
        return oci::candidates(store, tagged);
    }
    if tagged.is_empty() {
        bail!(
            "{store} is no image: it has neither `oci-layout` and `index.json` nor a `manifest.json` with images"
        );
    }
    Ok(tagged.into_iter().map(docker::candidate).collect())
}
