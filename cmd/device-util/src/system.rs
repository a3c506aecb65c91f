//! What Windows is asked.

#[cfg(windows)]
pub(crate) use windows::{children, location_path, objects};

#[cfg(not(windows))]
pub(crate) use elsewhere::{children, location_path, objects};

#[cfg(windows)]
mod windows {
    use anyhow::Result;
    use host_windows::{device, object_directory};

    /// The ids of the devices on a bus device.
    pub(crate) fn children(parent: &str) -> Result<Vec<String>> {
        Ok(device::children(parent)?)
    }

    /// Where a device is plugged in.
    pub(crate) fn location_path(id: &str) -> Result<String> {
        Ok(device::location_path(id)?)
    }

    /// The names in an object directory.
    pub(crate) fn objects(directory: &str) -> Result<Vec<String>> {
        Ok(object_directory::list(directory)?)
    }
}

#[cfg(not(windows))]
mod elsewhere {
    use anyhow::{Result, bail};

    pub(crate) fn children(parent: &str) -> Result<Vec<String>> {
        bail!("failed to list the children of device {parent}: only Windows has them, run it there")
    }

    pub(crate) fn location_path(id: &str) -> Result<String> {
        bail!("failed to find the location of device {id}: only Windows has it, run it there")
    }

    pub(crate) fn objects(directory: &str) -> Result<Vec<String>> {
        bail!("failed to open the object directory {directory}: only Windows has it, run it there")
    }
}
