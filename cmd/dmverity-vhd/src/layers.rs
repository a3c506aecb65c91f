//! From the layers of an image to disks or root hashes.

mod checked_tar;
mod convert;
mod parallel;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread;

use anyhow::Context as _;

use crate::console::Console;
use crate::digest::Digest;
use crate::files::Staged;
use crate::image::Layer;
use checked_tar::CheckedTar;
use parallel::Stop;

pub(crate) use convert::{Disks, Output};

/// What a layer has become.
pub(crate) struct Done {
    /// The digest of its uncompressed tar.
    pub(crate) diff_id: Digest,
    /// The root of its hash tree.
    pub(crate) root_hash: verity::Digest,
    /// Bytes of the file system.
    pub(crate) data_size: u64,
    /// The disk, where one was made.
    pub(crate) disk: Option<Staged>,
    /// The disk of its hash device, where that has its own.
    pub(crate) hash_device: Option<Staged>,
}

/// Layers, each of which was converted once however often it occurs.
pub(crate) struct Converted {
    pub(crate) done: Vec<Done>,
    /// For each layer of the image, in order, which of them it is.
    pub(crate) order: Vec<usize>,
}

/// Converts layers, `jobs` at a time. After a failure no other is begun, and what runs ends
/// soon.
pub(crate) fn convert(
    layers: &[Layer],
    output: &Output,
    jobs: Option<NonZero<u16>>,
    console: &mut Console,
) -> anyhow::Result<Converted> {
    let (unique, order) = unique(layers);
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = jobs.map_or(processors, |jobs| usize::from(jobs.get()));
    console.start(unique.iter().map(|(_, layer)| layer.member.size).sum());
    let console = &*console;
    let stop = Stop::default();
    let done = parallel::run(unique.len(), jobs, &stop, |index| {
        let (number, layer) = unique[index];
        console.note(|| format!("layer {number}: converting {}", layer.name()));
        let done = convert_one(layer, output, &stop, console)
            .with_context(|| format!("converting layer {number} ({})", layer.name()))?;
        console.note(|| format!("layer {number}: {} is converted", done.diff_id));
        Ok(done)
    });
    console.finish();
    Ok(Converted { done: done?, order })
}

fn convert_one(
    layer: &Layer,
    output: &Output,
    stop: &Stop,
    console: &Console,
) -> anyhow::Result<Done> {
    let (tar, check) = CheckedTar::open(layer, stop.clone(), console.clone())?;
    match output.convert(layer, tar) {
        Ok(layer_done) => {
            let diff_id = check.finish()?;
            Ok(layer_done.done(diff_id))
        }
        // A damaged blob is no tar at times, or no gzip; that it is damaged says more.
        Err(error) => Err(check.damage()?.unwrap_or(error)),
    }
}

/// Each layer's tar once, with the number of the first layer that has it; and for each layer
/// which it is.
fn unique(layers: &[Layer]) -> (Vec<(usize, &Layer)>, Vec<usize>) {
    let mut places = BTreeMap::new();
    let mut unique = Vec::new();
    let mut order = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let place = *places.entry((&layer.member.name, layer.diff_id)).or_insert_with(|| {
            unique.push((number, layer));
            unique.len() - 1
        });
        order.push(place);
    }
    (unique, order)
}
