//! Devices of this machine, as the configuration manager knows them.
//!
//! A device has an instance id, such as
//! `VMBUS\{44C4F61D-4444-4400-9D52-802E27EDE19F}\3&1`, and paths that say where
//! it is plugged in. Both are told to the compute service to give a device away.

use windows_sys::Win32::Devices::DeviceAndDriverInstallation::{
    CM_GETIDLIST_FILTER_BUSRELATIONS, CM_LOCATE_DEVNODE_NORMAL, CONFIGRET, CR_BUFFER_SMALL,
    CR_INVALID_DEVICE_ID, CR_NO_SUCH_DEVNODE, CR_SUCCESS,
};
use windows_sys::Win32::Devices::Properties::{
    DEVPKEY_Device_LocationPaths, DEVPROP_TYPE_STRING_LIST,
};
use windows_sys::Win32::Foundation::DEVPROPKEY;
use windows_sys::core::{PCWSTR, PWSTR};

use crate::dll::{DllError, Library, imports};
use crate::wide::{NulError, Wide};

static CFGMGR32: Library = Library::new("cfgmgr32.dll");

imports! { CFGMGR32 {
    fn CM_Get_Device_ID_List_SizeW(length: *mut u32, filter: PCWSTR, flags: u32) -> CONFIGRET;
    fn CM_Get_Device_ID_ListW(filter: PCWSTR, buffer: PWSTR, length: u32, flags: u32) -> CONFIGRET;
    fn CM_Locate_DevNodeW(node: *mut u32, id: PCWSTR, flags: u32) -> CONFIGRET;
    fn CM_Get_DevNode_PropertyW(
        node: u32,
        key: *const DEVPROPKEY,
        kind: *mut u32,
        buffer: *mut u8,
        size: *mut u32,
        flags: u32,
    ) -> CONFIGRET;
}}

/// The property that has the location paths.
static LOCATION_PATHS: DEVPROPKEY = DEVPKEY_Device_LocationPaths;

/// The number of 16-bit units that a list may have: far more than any has.
const MOST: u32 = 1 << 24;

/// Why a device cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// An id has a NUL inside.
    #[error("failed to {operation} a device: its id is none")]
    Id {
        /// What was tried.
        operation: &'static str,
        /// Why.
        #[source]
        source: NulError,
    },
    /// This Windows has no devices to ask.
    #[error("failed to {operation} device {id}")]
    Missing {
        /// What was tried.
        operation: &'static str,
        /// The device.
        id: String,
        /// What is missing.
        #[source]
        source: DllError,
    },
    /// The configuration manager refuses.
    #[error("failed to {operation} device {id}: the configuration manager answered {code:#x}")]
    Refused {
        /// What was tried.
        operation: &'static str,
        /// The device.
        id: String,
        /// One of the numbers that begin with `CR_`.
        code: u32,
    },
    /// What it answered is not what was asked for.
    #[error("failed to {operation} device {id}: the answer is not a list of texts")]
    Answer {
        /// What was tried.
        operation: &'static str,
        /// The device.
        id: String,
    },
}

/// The ids of the devices on a bus device, such as a VMBus. A device that is not
/// there has none.
///
/// # Errors
/// The configuration manager refuses.
pub fn children(parent: &str) -> Result<Vec<String>, DeviceError> {
    let asked = Asked::new("list the children of", parent)?;
    let filter = asked.wide.as_ptr();
    // They can come and go between the two calls.
    loop {
        let mut length = 0;
        // SAFETY: the id ends with a NUL, and the length goes to our variable.
        let code = asked.call(unsafe {
            CM_Get_Device_ID_List_SizeW(&raw mut length, filter, CM_GETIDLIST_FILTER_BUSRELATIONS)
        })?;
        if is_not_there(code) || (code == CR_SUCCESS && length == 0) {
            return Ok(Vec::new());
        }
        asked.succeeded(code)?;
        let mut units = asked.room(length)?;
        // SAFETY: the id ends with a NUL, and the buffer has as many units as is told.
        let code = asked.call(unsafe {
            CM_Get_Device_ID_ListW(
                filter,
                units.as_mut_ptr(),
                length,
                CM_GETIDLIST_FILTER_BUSRELATIONS,
            )
        })?;
        match code {
            CR_BUFFER_SMALL => {}
            code if is_not_there(code) => return Ok(Vec::new()),
            code => {
                asked.succeeded(code)?;
                return Ok(texts(&units));
            }
        }
    }
}

/// Where a device is plugged in: the first of its location paths, such as
/// `PCIROOT(0)#PCI(0100)#PCI(0000)`.
///
/// # Errors
/// There is no such device, it has no such path, or the configuration manager
/// refuses.
pub fn location_path(id: &str) -> Result<String, DeviceError> {
    let asked = Asked::new("find the location of", id)?;
    let mut node = 0;
    // SAFETY: the id ends with a NUL, and the node goes to our variable.
    let code = asked.call(unsafe {
        CM_Locate_DevNodeW(&raw mut node, asked.wide.as_ptr(), CM_LOCATE_DEVNODE_NORMAL)
    })?;
    asked.succeeded(code)?;
    let mut units: Vec<u16> = Vec::new();
    loop {
        let mut kind = 0;
        let mut size = u32::try_from(size_of_val(units.as_slice())).unwrap_or_default();
        let buffer = if units.is_empty() { std::ptr::null_mut() } else { units.as_mut_ptr() };
        // SAFETY: the buffer has as many bytes as is told, and the answers go to
        // our variables.
        let code = asked.call(unsafe {
            CM_Get_DevNode_PropertyW(
                node,
                &raw const LOCATION_PATHS,
                &raw mut kind,
                buffer.cast(),
                &raw mut size,
                0,
            )
        })?;
        if code == CR_BUFFER_SMALL {
            units = asked.room(size.div_ceil(2))?;
            continue;
        }
        asked.succeeded(code)?;
        let answered = || DeviceError::Answer { operation: asked.operation, id: id.into() };
        if kind != DEVPROP_TYPE_STRING_LIST {
            return Err(answered());
        }
        return texts(&units).into_iter().next().ok_or_else(answered);
    }
}

/// A device that is asked about.
struct Asked<'a> {
    operation: &'static str,
    id: &'a str,
    wide: Wide,
}

impl<'a> Asked<'a> {
    fn new(operation: &'static str, id: &'a str) -> Result<Self, DeviceError> {
        let wide = Wide::new(id).map_err(|source| DeviceError::Id { operation, source })?;
        Ok(Self { operation, id, wide })
    }

    fn call(&self, called: Result<CONFIGRET, DllError>) -> Result<CONFIGRET, DeviceError> {
        called.map_err(|source| DeviceError::Missing {
            operation: self.operation,
            id: self.id.into(),
            source,
        })
    }

    fn succeeded(&self, code: CONFIGRET) -> Result<(), DeviceError> {
        match code {
            CR_SUCCESS => Ok(()),
            code => Err(self.refused(code)),
        }
    }

    fn refused(&self, code: CONFIGRET) -> DeviceError {
        DeviceError::Refused { operation: self.operation, id: self.id.into(), code }
    }

    /// Room for an answer of so many units.
    fn room(&self, length: u32) -> Result<Vec<u16>, DeviceError> {
        match usize::try_from(length) {
            Ok(units) if (1..=MOST).contains(&length) => Ok(vec![0; units]),
            // No room is too little for anything.
            _ => Err(self.refused(CR_BUFFER_SMALL)),
        }
    }
}

fn is_not_there(code: CONFIGRET) -> bool {
    matches!(code, CR_NO_SUCH_DEVNODE | CR_INVALID_DEVICE_ID)
}

/// The texts of a list, each with a NUL behind it. An empty one is the end.
fn texts(units: &[u16]) -> Vec<String> {
    units
        .split(|unit| *unit == 0)
        .take_while(|text| !text.is_empty())
        .map(String::from_utf16_lossy)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wine;

    #[test]
    fn a_list_ends_with_an_empty_text() {
        let units = |text: &str| -> Vec<u16> { text.encode_utf16().collect() };
        assert_eq!(texts(&units("a\\b\0c\0\0d\0")), ["a\\b", "c"]);
        assert_eq!(texts(&units("a")), ["a"]);
        assert!(texts(&units("\0\0")).is_empty() && texts(&[]).is_empty());
    }

    #[test]
    fn a_device_that_is_not_there_has_no_children_and_no_location() {
        assert!(children("x").unwrap().is_empty());
        let error = location_path(r"ROOT\NONE\0000").unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with(r"failed to find the location of device ROOT\NONE\0000"),
            "{text}"
        );
        assert!(matches!(children("a\0b"), Err(DeviceError::Id { .. })));
    }

    #[test]
    fn the_root_has_children() {
        if wine::leaves_out("the_root_has_children", "Wine has no tree of devices") {
            return;
        }
        assert!(!children(r"HTREE\ROOT\0").unwrap().is_empty());
    }
}
