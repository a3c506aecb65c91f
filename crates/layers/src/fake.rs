//! A storage service in memory, for tests of what is built on the trait.
//!
//! It records every call ([`FakeLayers::calls`]), fails any of them before it had
//! an effect ([`FakeLayers::fail_next`], [`FakeLayers::fail_nth`]), and knows of a
//! layer whether it exists and is mounted. Everything else only succeeds; nothing
//! touches the file system.
//!
//! ```
//! use std::path::{Path, PathBuf};
//!
//! use compute::error::{SystemCode, is_access_is_denied};
//! use layers::fake::FakeLayers;
//! use layers::{StorageService, operation};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let layers = FakeLayers::default();
//! let (scratch, parents) = (Path::new("scratch"), [PathBuf::from("base")]);
//! layers.create_scratch_layer(scratch, &parents).await.unwrap();
//! assert!(layers.layer_exists(scratch).await.unwrap());
//!
//! let denied = SystemCode::ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED;
//! layers.fail_next(operation::DESTROY_LEGACY_LAYER, denied);
//! assert!(is_access_is_denied(&layers.destroy_legacy_layer(scratch).await.unwrap_err()));
//! assert!(layers.layer_exists(scratch).await.unwrap());
//! assert_eq!(layers.calls()[0].paths, [PathBuf::from("scratch"), PathBuf::from("base")]);
//! # });
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use compute::error::Cause;
use compute::{Error, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{ExportLayerOptions, LayerData, OsLayerOptions, StorageService, operation};

/// A call that was made of the fake, also one that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its name, one of [`operation`].
    pub operation: &'static str,
    /// The paths that were handed over, parents last.
    pub paths: Vec<PathBuf>,
    /// What else was handed over; a list where it was more than one thing.
    pub argument: Value,
}

/// A storage service in memory.
#[derive(Default)]
pub struct FakeLayers(Mutex<State>);

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    faults: Vec<(Which, Cause)>,
    /// The layers that exist, and whether each is prepared.
    layers: BTreeMap<PathBuf, bool>,
}

/// Which call a fault is for.
#[derive(PartialEq)]
enum Which {
    Next(String),
    Nth(usize),
}

impl FakeLayers {
    /// All calls so far, in the order in which they were made.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The next call of this name ([`operation`]) fails.
    pub fn fail_next(&self, operation: &str, cause: impl Into<Cause>) {
        self.state().faults.push((Which::Next(operation.into()), cause.into()));
    }

    /// The `n`th call from now fails, whichever it is; the next one is the first.
    pub fn fail_nth(&self, n: usize, cause: impl Into<Cause>) {
        let mut state = self.state();
        let nth = state.calls.len() + n.saturating_sub(1);
        state.faults.push((Which::Nth(nth), cause.into()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a call and fails it where it is to fail.
    fn call(
        &self,
        operation: &'static str,
        paths: &[&Path],
        argument: Value,
    ) -> Result<MutexGuard<'_, State>> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
        let about = paths.first().map(|path| path.display().to_string()).unwrap_or_default();
        let mut state = self.state();
        let this = [Which::Next(operation.into()), Which::Nth(state.calls.len())];
        state.calls.push(Call { operation, paths, argument });
        match state.faults.iter().position(|(which, _)| this.contains(which)) {
            Some(at) => {
                let named = format!("{operation} {about}");
                Err(Error::service(named.trim_end().to_owned(), state.faults.remove(at).1))
            }
            None => Ok(state),
        }
    }

    /// A call about a layer and its parents.
    fn call_with_parents(
        &self,
        operation: &'static str,
        paths: &[&Path],
        parents: &[PathBuf],
    ) -> Result<MutexGuard<'_, State>> {
        let all: Vec<&Path> =
            paths.iter().copied().chain(parents.iter().map(PathBuf::as_path)).collect();
        self.call(operation, &all, Value::Null)
    }
}

impl State {
    fn make(&mut self, layer: &Path) {
        self.layers.insert(layer.into(), false);
    }

    fn set_prepared(&mut self, layer: &Path, prepared: bool) {
        self.layers.insert(layer.into(), prepared);
    }
}

#[async_trait]
impl StorageService for FakeLayers {
    async fn import_layer(
        &self,
        layer: &Path,
        source: &Path,
        layer_data: &LayerData,
    ) -> Result<()> {
        self.call(operation::IMPORT_LAYER, &[layer, source], json!(layer_data))?.make(layer);
        Ok(())
    }

    async fn export_layer(
        &self,
        layer: &Path,
        export: &Path,
        layer_data: &LayerData,
        options: &ExportLayerOptions,
    ) -> Result<()> {
        let argument = json!([layer_data, options]);
        self.call(operation::EXPORT_LAYER, &[layer, export], argument).map(drop)
    }

    async fn export_legacy_writable_layer(
        &self,
        mount: &Path,
        layer: &Path,
        export: &Path,
        layer_data: &LayerData,
    ) -> Result<()> {
        let operation = operation::EXPORT_LEGACY_WRITABLE_LAYER;
        self.call(operation, &[layer, mount, export], json!(layer_data)).map(drop)
    }

    async fn destroy_layer(&self, layer: &Path) -> Result<()> {
        self.call(operation::DESTROY_LAYER, &[layer], Value::Null)?.layers.remove(layer);
        Ok(())
    }

    async fn setup_base_os_volume(
        &self,
        layer: &Path,
        volume: &Path,
        options: &OsLayerOptions,
    ) -> Result<()> {
        self.call(operation::SETUP_BASE_OS, &[layer, volume], json!(options)).map(drop)
    }

    async fn initialize_writable_layer(&self, layer: &Path, layer_data: &LayerData) -> Result<()> {
        self.call(operation::INITIALIZE_WRITABLE_LAYER, &[layer], json!(layer_data))?.make(layer);
        Ok(())
    }

    async fn initialize_legacy_writable_layer(
        &self,
        mount: &Path,
        layer: &Path,
        layer_data: &LayerData,
    ) -> Result<()> {
        let operation = operation::INITIALIZE_LEGACY_WRITABLE_LAYER;
        self.call(operation, &[layer, mount], json!(layer_data))?.make(layer);
        Ok(())
    }

    async fn attach_layer_storage_filter(
        &self,
        layer: &Path,
        layer_data: &LayerData,
    ) -> Result<()> {
        let operation = operation::ATTACH_LAYER_STORAGE_FILTER;
        self.call(operation, &[layer], json!(layer_data)).map(drop)
    }

    async fn detach_layer_storage_filter(&self, layer: &Path) -> Result<()> {
        self.call(operation::DETACH_LAYER_STORAGE_FILTER, &[layer], Value::Null).map(drop)
    }

    async fn attach_overlay_filter(&self, volume: &Path, layer_data: &LayerData) -> Result<()> {
        self.call(operation::ATTACH_OVERLAY_FILTER, &[volume], json!(layer_data)).map(drop)
    }

    async fn detach_overlay_filter(&self, volume: &Path, layer_data: &LayerData) -> Result<()> {
        self.call(operation::DETACH_OVERLAY_FILTER, &[volume], json!(layer_data)).map(drop)
    }

    async fn activate_layer(&self, layer: &Path) -> Result<()> {
        self.call(operation::ACTIVATE_LAYER, &[layer], Value::Null).map(drop)
    }

    async fn deactivate_layer(&self, layer: &Path) -> Result<()> {
        self.call(operation::DEACTIVATE_LAYER, &[layer], Value::Null).map(drop)
    }

    async fn prepare_layer(&self, layer: &Path, parents: &[PathBuf]) -> Result<()> {
        self.call_with_parents(operation::PREPARE_LAYER, &[layer], parents)?
            .set_prepared(layer, true);
        Ok(())
    }

    async fn unprepare_layer(&self, layer: &Path) -> Result<()> {
        self.call(operation::UNPREPARE_LAYER, &[layer], Value::Null)?.set_prepared(layer, false);
        Ok(())
    }

    async fn create_layer(&self, layer: &Path, parent: &Path) -> Result<()> {
        self.call(operation::CREATE_LAYER, &[layer, parent], Value::Null)?.make(layer);
        Ok(())
    }

    async fn create_scratch_layer(&self, layer: &Path, parents: &[PathBuf]) -> Result<()> {
        self.call_with_parents(operation::CREATE_SCRATCH_LAYER, &[layer], parents)?.make(layer);
        Ok(())
    }

    async fn expand_scratch_size(&self, layer: &Path, size: u64) -> Result<()> {
        self.call(operation::EXPAND_SCRATCH_SIZE, &[layer], json!(size)).map(drop)
    }

    async fn destroy_legacy_layer(&self, layer: &Path) -> Result<()> {
        self.call(operation::DESTROY_LEGACY_LAYER, &[layer], Value::Null)?.layers.remove(layer);
        Ok(())
    }

    async fn import_legacy_layer(
        &self,
        layer: &Path,
        source: &Path,
        parents: &[PathBuf],
    ) -> Result<()> {
        let operation = operation::IMPORT_LEGACY_LAYER;
        self.call_with_parents(operation, &[layer, source], parents)?.make(layer);
        Ok(())
    }

    async fn export_legacy_layer(
        &self,
        layer: &Path,
        export: &Path,
        parents: &[PathBuf],
    ) -> Result<()> {
        let operation = operation::EXPORT_LEGACY_LAYER;
        self.call_with_parents(operation, &[layer, export], parents).map(drop)
    }

    async fn layer_exists(&self, layer: &Path) -> Result<bool> {
        let state = self.call(operation::LAYER_EXISTS, &[layer], Value::Null)?;
        Ok(state.layers.contains_key(layer))
    }

    /// `<layer>/mount` while the layer is prepared.
    async fn get_layer_mount_path(&self, layer: &Path) -> Result<PathBuf> {
        let state = self.call(operation::GET_LAYER_MOUNT_PATH, &[layer], Value::Null)?;
        let prepared = state.layers.get(layer).copied().unwrap_or_default();
        Ok(if prepared { layer.join("mount") } else { PathBuf::new() })
    }

    /// An empty document.
    async fn get_shared_base_images(&self) -> Result<String> {
        drop(self.call(operation::GET_SHARED_BASE_IMAGES, &[], Value::Null)?);
        Ok("{}".into())
    }

    async fn process_base_layer(&self, layer: &Path) -> Result<()> {
        self.call(operation::PROCESS_BASE_LAYER, &[layer], Value::Null).map(drop)
    }

    async fn process_utility_vm_image(&self, image: &Path) -> Result<()> {
        self.call(operation::PROCESS_UTILITY_VM_IMAGE, &[image], Value::Null).map(drop)
    }

    /// The same for the same name, and no more than that.
    async fn name_to_guid(&self, name: &str) -> Result<Uuid> {
        drop(self.call(operation::NAME_TO_GUID, &[], json!(name))?);
        // FNV-1a of 128 bits.
        let id = name.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        });
        Ok(Uuid::from_u128(id))
    }

    async fn grant_vm_access(&self, vm: &str, file: &Path) -> Result<()> {
        self.call(operation::GRANT_VM_ACCESS, &[file], json!(vm)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use compute::error::{Named, is_timeout};

    use super::*;

    #[tokio::test]
    async fn a_layer_is_mounted_while_it_is_prepared() {
        let layers = FakeLayers::default();
        let layer = Path::new("l");
        layers.create_layer(layer, Path::new("")).await.unwrap();
        assert_eq!(layers.get_layer_mount_path(layer).await, Ok(PathBuf::new()));
        layers.prepare_layer(layer, &["p".into()]).await.unwrap();
        assert_eq!(layers.get_layer_mount_path(layer).await, Ok(layer.join("mount")));
        layers.unprepare_layer(layer).await.unwrap();
        assert_eq!(layers.get_layer_mount_path(layer).await, Ok(PathBuf::new()));
        layers.destroy_legacy_layer(layer).await.unwrap();
        assert_eq!(layers.layer_exists(layer).await, Ok(false));
    }

    #[tokio::test]
    async fn the_call_that_is_to_fail_fails_without_an_effect() {
        let layers = FakeLayers::default();
        layers.fail_nth(2, Named::Timeout);
        layers.name_to_guid("a").await.unwrap();
        let failed =
            layers.import_layer(Path::new("l"), Path::new("s"), &LayerData::default()).await;
        let failed = failed.unwrap_err();
        assert!(is_timeout(&failed));
        assert!(failed.to_string().starts_with("failed to import layer l: "), "{failed}");
        assert_eq!(layers.layer_exists(Path::new("l")).await, Ok(false));
        assert_eq!(layers.calls()[1].paths, [PathBuf::from("l"), PathBuf::from("s")]);
    }

    #[tokio::test]
    async fn a_name_has_one_id() {
        let layers = FakeLayers::default();
        let id = layers.name_to_guid("a").await.unwrap();
        assert_eq!(layers.name_to_guid("a").await, Ok(id));
        assert_ne!(layers.name_to_guid("b").await, Ok(id));
    }
}
