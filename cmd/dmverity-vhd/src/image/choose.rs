//! Which of several images is meant.

use std::fmt;

use anyhow::{bail, ensure};

use super::documents::DockerEntry;
use super::platform::Platform;
use super::{Image, docker, oci};
use crate::digest::Digest;
use crate::input::{Store, quoted};

/// Longer names are not kept, in bytes.
const MAX_NAME: usize = 1024;
/// An image keeps no more names.
const MAX_NAMES: usize = 64;

/// What the user says of the image.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) platform: Option<Platform>,
    pub(crate) reference: Option<String>,
}

/// An image that may be the one.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) names: Vec<String>,
    /// Where it is not known yet, the configuration says it.
    pub(super) platform: Option<Platform>,
    pub(super) origin: Origin,
}

/// Where an image is described.
#[derive(Debug)]
pub(super) enum Origin {
    /// By an image manifest.
    Oci(Digest),
    /// In the `manifest.json` of `docker save`.
    Docker(DockerEntry),
}

/// The image that is wanted: the only one, or the only one for this machine, where the user
/// does not say.
pub(super) fn choose(
    store: &Store,
    mut candidates: Vec<Candidate>,
    wanted: &Wanted,
) -> anyhow::Result<Image> {
    if candidates.len() > 1 || wanted.platform.is_some() {
        for candidate in &mut candidates {
            candidate.learn_platform(store)?;
        }
    }
    let all = List(&candidates).to_string();
    if let Some(name) = &wanted.reference {
        candidates.retain(|candidate| candidate.names.contains(name));
        ensure!(!candidates.is_empty(), "{store} has no image {}, but {all}", quoted(name));
    }
    match &wanted.platform {
        Some(platform) => {
            candidates.retain(|candidate| candidate.is_for(platform));
            ensure!(!candidates.is_empty(), "{store} has no image for {platform}, but {all}");
        }
        None => prefer_this_machine(store, &mut candidates, &all)?,
    }
    match &candidates[..] {
        [candidate] => candidate.image(store),
        several => bail!(
            "{store} has several images that fit: {}; choose one with --ref or --platform",
            List(several)
        ),
    }
}

/// Of several images, leaves those for this machine.
fn prefer_this_machine(
    store: &Store,
    candidates: &mut Vec<Candidate>,
    all: &str,
) -> anyhow::Result<()> {
    if candidates.len() > 1 {
        let is_known = |candidate: &Candidate| {
            candidate.platform.as_ref().is_none_or(|platform| !platform.is_unknown())
        };
        candidates.retain(is_known);
    }
    if candidates.len() > 1 {
        let machine = Platform::of_this_machine();
        candidates.retain(|candidate| candidate.is_for(&machine));
        if candidates.is_empty() {
            bail!("{store} has no image for {machine}, but {all}; choose one with --platform");
        }
    }
    ensure!(!candidates.is_empty(), "{store} has no image of a known platform, but {all}");
    Ok(())
}

impl Candidate {
    /// Adds names that the user may choose it by. Those of documents are not bounded, and
    /// one can be of many images.
    pub(super) fn add_names<'a>(&mut self, names: impl IntoIterator<Item = &'a String>) {
        for name in names {
            let is_new = name.len() <= MAX_NAME && !self.names.contains(name);
            if is_new && self.names.len() < MAX_NAMES {
                self.names.push(name.clone());
            }
        }
    }

    fn learn_platform(&mut self, store: &Store) -> anyhow::Result<()> {
        if self.platform.is_some() {
            return Ok(());
        }
        let config = match &self.origin {
            Origin::Oci(digest) => Some(oci::config(store, *digest)?),
            Origin::Docker(entry) => docker::config(store, entry)?,
        };
        self.platform = config.and_then(|config| config.platform);
        Ok(())
    }

    fn is_for(&self, wanted: &Platform) -> bool {
        self.platform.as_ref().is_some_and(|platform| wanted.takes(platform))
    }

    fn image(&self, store: &Store) -> anyhow::Result<Image> {
        match &self.origin {
            Origin::Oci(digest) => oci::image(store, *digest),
            Origin::Docker(entry) => docker::image(store, entry),
        }
    }
}

/// Images as a message has them.
struct List<'a>(&'a [Candidate]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 16;
        const NAMES_SHOWN: usize = 4;
        for (number, candidate) in self.0.iter().take(SHOWN).enumerate() {
            f.write_str(if number == 0 { "" } else { ", " })?;
            let names = candidate.names.iter().take(NAMES_SHOWN).map(|name| quoted(name));
            let names: Vec<String> = names.collect();
            let names = if names.is_empty() { "unnamed".into() } else { names.join(" = ") };
            match &candidate.platform {
                Some(platform) => write!(f, "{names} ({platform})")?,
                None => f.write_str(&names)?,
            }
        }
        match self.0.len().checked_sub(SHOWN) {
            Some(more @ 1..) => write!(f, ", and {more} more"),
            _ => Ok(()),
        }
    }
}
