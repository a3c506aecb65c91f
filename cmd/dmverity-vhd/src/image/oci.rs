//! OCI image layouts.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};

use super::choose::{Candidate, Origin};
use super::documents::{Config, Descriptor, DockerEntry, Index, Layout, Manifest};
use super::{Image, layer};
use crate::digest::Digest;
use crate::input::{Store, quoted};

const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// What containerd, and with it `docker save`, calls an image.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// Manifests that say something of others.
const ATTESTATION: &str = "vnd.docker.reference.type";
const INDEX_TYPES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// How deep an index may lie in others.
const MAX_DEPTH: usize = 4;
/// How many manifests and indexes a layout may name.
const MAX_DESCRIPTORS: usize = 1024;

/// The images of a layout. Those of which it has no manifest are not there: a layout of one
/// platform often has the index of all. The images of `docker save`, where there are any,
/// give names.
pub(super) fn candidates(
    store: &Store,
    tagged: Vec<DockerEntry>,
) -> anyhow::Result<Vec<Candidate>> {
    let layout: Layout = store.document("oci-layout")?;
    let version = &layout.version;
    ensure!(
        version.starts_with("1."),
        "{store} is a layout of version {}, not 1.0.0",
        quoted(version)
    );
    let mut walk = Walk { store, found: Vec::new(), missing: None, left: MAX_DESCRIPTORS };
    walk.index("index.json", &[], 0)?;
    let mut found = walk.found;
    match walk.missing {
        Some(digest) if found.is_empty() => bail!("blob {digest} is missing in {store}"),
        _ if found.is_empty() => bail!("index.json of {store} has no image"),
        _ => {}
    }
    add_tags(store, &mut found, tagged)?;
    Ok(found)
}

pub(super) fn config(store: &Store, manifest: Digest) -> anyhow::Result<Config> {
    let manifest: Manifest = store.document(&manifest.blob_name())?;
    store.document(&manifest.config.digest.blob_name())
}

pub(super) fn image(store: &Store, manifest: Digest) -> anyhow::Result<Image> {
    let manifest: Manifest = store.document(&manifest.blob_name())?;
    let config: Config = store.document(&manifest.config.digest.blob_name())?;
    let names = manifest.layers.iter().map(|layer| layer.digest.blob_name());
    let layers = layer::of_names(store, &names.collect::<Vec<_>>(), Some(&config))?;
    Ok(Image { layers, platform: config.platform })
}

/// Goes through indexes, and those in them.
struct Walk<'a> {
    store: &'a Store,
    found: Vec<Candidate>,
    /// The first blob that is named and not there.
    missing: Option<Digest>,
    left: usize,
}

impl Walk<'_> {
    fn index(&mut self, document: &str, names: &[String], depth: usize) -> anyhow::Result<()> {
        let index: Index = self.store.document(document)?;
        for descriptor in index.manifests {
            self.left = self.left.checked_sub(1).with_context(|| {
                format!("{} names more than {MAX_DESCRIPTORS} manifests", self.store)
            })?;
            self.descriptor(&descriptor, names, depth)?;
        }
        Ok(())
    }

    fn descriptor(
        &mut self,
        descriptor: &Descriptor,
        outer_names: &[String],
        depth: usize,
    ) -> anyhow::Result<()> {
        if descriptor.annotations.contains_key(ATTESTATION) {
            return Ok(());
        }
        let digest = descriptor.digest;
        let blob = digest.blob_name();
        if self.store.find(&blob)?.is_none() {
            self.missing.get_or_insert(digest);
            return Ok(());
        }
        let mut names = outer_names.to_vec();
        let own = [REF_NAME, CONTAINERD_NAME].map(|key| descriptor.annotations.get(key));
        names.extend(own.into_iter().flatten().cloned());
        if INDEX_TYPES.contains(&descriptor.media_type.as_str()) {
            ensure!(depth < MAX_DEPTH, "index {digest} of {} lies too deep in others", self.store);
            return self.index(&blob, &names, depth + 1);
        }
        self.add(digest, names, descriptor);
        Ok(())
    }

    /// Adds an image, or its other names.
    fn add(&mut self, digest: Digest, names: Vec<String>, descriptor: &Descriptor) {
        let same = |candidate: &&mut Candidate| matches!(candidate.origin, Origin::Oci(other) if other == digest);
        match self.found.iter_mut().find(same) {
            Some(candidate) => candidate.add_names(&names),
            None => {
                let (platform, origin) = (descriptor.platform.clone(), Origin::Oci(digest));
                let mut candidate = Candidate { names: Vec::new(), platform, origin };
                candidate.add_names(&names);
                self.found.push(candidate);
            }
        }
    }
}

/// Adds the tags that `docker save` gives images by their configurations.
fn add_tags(
    store: &Store,
    candidates: &mut [Candidate],
    tagged: Vec<DockerEntry>,
) -> anyhow::Result<()> {
    let mut tags = BTreeMap::new();
    for entry in tagged {
        let config = entry.config.as_deref().and_then(Digest::of_blob_name);
        tags.extend(config.map(|config| (config, entry.tags)));
    }
    if tags.is_empty() {
        return Ok(());
    }
    for candidate in candidates {
        let Origin::Oci(digest) = candidate.origin else { continue };
        let manifest: Manifest = store.document(&digest.blob_name())?;
        let more = tags.get(&manifest.config.digest).into_iter().flatten();
        candidate.add_names(more);
    }
    Ok(())
}
