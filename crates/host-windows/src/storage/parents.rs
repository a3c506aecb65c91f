//! The layers below another one, as the functions of vmcompute.dll take them.

use std::path::{Path, PathBuf};

use compute::error::Cause;
use uuid::Uuid;
use windows_sys::core::GUID;

use super::call::{Outcome, check};
use super::raw::{self, LayerDescriptor};
use crate::wide::Wide;

/// The descriptors of parents, nearest first, and the paths that they point to.
pub(super) struct Parents {
    descriptors: Vec<LayerDescriptor>,
    count: u32,
    /// What the descriptors point to; a `Wide` may move, its text stays.
    _paths: Vec<Wide>,
}

impl Parents {
    /// Asks the service for the id of each.
    pub(super) fn new(parents: &[PathBuf]) -> Outcome<Self> {
        Self::with_ids(parents, layer_id)
    }

    fn with_ids(parents: &[PathBuf], id: impl Fn(&Path) -> Outcome<GUID>) -> Outcome<Self> {
        let count = u32::try_from(parents.len())?;
        let paths = parents.iter().map(Wide::new).collect::<Result<Vec<_>, _>>()?;
        let descriptors = parents.iter().zip(&paths).map(|(parent, path)| {
            Ok(LayerDescriptor { id: id(parent)?, flags: 0, path: path.as_ptr() })
        });
        Ok(Self { descriptors: descriptors.collect::<Outcome<_>>()?, count, _paths: paths })
    }

    /// Where the descriptors begin; null where there are none.
    pub(super) fn as_ptr(&self) -> *const LayerDescriptor {
        if self.descriptors.is_empty() { std::ptr::null() } else { self.descriptors.as_ptr() }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }
}

/// The id of a layer, which is that of the last part of its path.
fn layer_id(layer: &Path) -> Outcome<GUID> {
    let Some(name) = layer.file_name() else {
        let layer = layer.display();
        return Err(Cause::text(format!("{layer} is not the path of a layer: it ends in no name")));
    };
    guid_of(&Wide::new(name)?)
}

/// The id that the service gives to a name.
pub(super) fn name_to_guid(name: &Wide) -> Outcome<Uuid> {
    let GUID { data1, data2, data3, data4 } = guid_of(name)?;
    Ok(Uuid::from_fields(data1, data2, data3, &data4))
}

fn guid_of(name: &Wide) -> Outcome<GUID> {
    let mut id = GUID::from_u128(0);
    // SAFETY: the name ends with a NUL, the id is ours.
    check(unsafe { raw::NameToGuid(name.as_ptr(), &raw mut id) })?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wide::read;

    #[test]
    fn a_parent_is_its_id_and_its_path() {
        let paths = [r"C:\layers\b", r"C:\layers\a"].map(PathBuf::from);
        let parents =
            Parents::with_ids(&paths, |path| Ok(GUID::from_u128(path.as_os_str().len() as u128)))
                .unwrap();
        // Moved, they still point to the texts.
        let parents = Box::new(parents);
        assert_eq!(parents.count(), 2);
        // SAFETY: there are as many as it says.
        let descriptors = unsafe { std::slice::from_raw_parts(parents.as_ptr(), 2) };
        for (descriptor, path) in descriptors.iter().zip(&paths) {
            // SAFETY: the path ends with a NUL.
            let text = unsafe { read(descriptor.path) };
            assert_eq!(text.as_deref(), path.to_str());
            assert_eq!((descriptor.id.data4[7], descriptor.flags), (11, 0));
        }
    }

    #[test]
    fn no_parents_are_null() {
        let parents = Parents::new(&[]).unwrap();
        assert!(parents.as_ptr().is_null() && parents.count() == 0);
    }

    #[test]
    fn a_path_without_a_name_is_no_layer() {
        for path in [r"C:\", "", r"C:\layers\.."] {
            let error = Parents::new(&[path.into()]).err().expect("an error").to_string();
            assert!(error.contains("is not the path of a layer"), "{error}");
        }
    }
}
