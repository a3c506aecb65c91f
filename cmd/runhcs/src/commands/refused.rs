//! Commands for utility VMs and Windows, which this host has not.

use anyhow::bail;

#[cfg(not(windows))]
use crate::cli::Shim;
use crate::cli::{CreateScratch, PrepareDisk};
#[cfg(not(windows))]
use crate::context::{Context, system_id};

/// The text where the destination is missing is the reference's.
const NO_DESTINATION: &str = "'destpath' is required";

pub(super) fn create_scratch(scratch: &CreateScratch) -> anyhow::Result<u8> {
    match &scratch.destination {
        None => bail!(NO_DESTINATION),
        Some(path) => bail!(
            "creating the scratch disk {}: it is formatted in a utility VM, which this host cannot run yet",
            path.display()
        ),
    }
}

pub(super) fn prepare_disk(disk: &PrepareDisk) -> anyhow::Result<u8> {
    match &disk.destination {
        None => bail!(NO_DESTINATION),
        Some(path) => bail!(
            "preparing the disk {}: it is formatted in a utility VM, which this host cannot run yet",
            path.display()
        ),
    }
}

#[cfg(not(windows))]
pub(super) fn shim(shim: &Shim, context: &Context<'_>) -> anyhow::Result<u8> {
    context.store.read(&system_id(&shim.id)?)?;
    bail!("container {} needs no shim: on this host each has a worker of its own", shim.id)
}

pub(super) fn vm_shim() -> anyhow::Result<u8> {
    bail!("the shim of a utility VM: this host cannot run utility VMs yet")
}
