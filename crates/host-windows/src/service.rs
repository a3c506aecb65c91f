//! The compute service of this machine.

use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use compute::error::Object;
use compute::{ComputeService, ComputeSystem, Document, Error, Result, SystemId, operation};
use hcs_schema::schema1::{ComputeSystemQuery, ContainerProperties};
use hcs_schema::schema2;

use crate::{build, computecore, vmcompute};

/// Names the generation that serves compute systems; else the build decides.
pub const GENERATION: &str = "HCSSHIM_HCS_GENERATION";

/// A generation of the compute service's functions. Both can do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// vmcompute.dll: calls that are done when they return, or when a notification
    /// says so. Each Windows with containers has them.
    Vmcompute,
    /// computecore.dll: calls that an operation tracks.
    Computecore,
}

/// A word that names no generation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{GENERATION} is {0:?}: give \"vmcompute\" or \"computecore\"")]
pub struct GenerationError(pub String);

impl Generation {
    /// The one that serves the systems of a build of Windows: computecore.dll from
    /// Windows Server 2025 (build 26100) on, as in the reference's newest shim, and
    /// vmcompute.dll before, as in all its others.
    pub const fn for_build(build: u16) -> Self {
        if build >= osversion::build::LTSC2025 { Self::Computecore } else { Self::Vmcompute }
    }

    /// The one that the environment names, else that of this Windows.
    ///
    /// # Errors
    /// The environment names no generation.
    pub fn chosen() -> std::result::Result<Self, GenerationError> {
        match std::env::var_os(GENERATION) {
            Some(name) if !name.is_empty() => name.to_string_lossy().parse(),
            _ => Ok(Self::for_build(build())),
        }
    }

    fn service(self) -> Arc<dyn ComputeService> {
        match self {
            Self::Vmcompute => Arc::new(vmcompute::Service::new()),
            Self::Computecore => Arc::new(computecore::Service::new()),
        }
    }
}

impl FromStr for Generation {
    type Err = GenerationError;

    fn from_str(name: &str) -> std::result::Result<Self, GenerationError> {
        match name {
            "vmcompute" => Ok(Self::Vmcompute),
            "computecore" => Ok(Self::Computecore),
            _ => Err(GenerationError(name.to_owned())),
        }
    }
}

/// Compute systems on this machine, through one generation of the service.
///
/// It is made without looking for a DLL: where that or one of its functions is
/// missing, the call that needs it fails with its name.
#[derive(Clone)]
pub struct WindowsHost(std::result::Result<Arc<dyn ComputeService>, GenerationError>);

impl WindowsHost {
    /// The host, by [`Generation::chosen`], with the time limits that the
    /// environment names. Where the environment names no generation, each call says
    /// so.
    pub fn new() -> Self {
        Self(Generation::chosen().map(Generation::service))
    }

    /// The host by one generation.
    pub fn with_generation(generation: Generation) -> Self {
        Self(Ok(generation.service()))
    }

    fn service(&self, operation: &'static str, object: Object) -> Result<&dyn ComputeService> {
        let service = self.0.as_deref();
        service.map_err(|error| Error::about(operation, object, error.clone()))
    }
}

impl Default for WindowsHost {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for WindowsHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("WindowsHost").field(&self.0.as_ref().map(drop)).finish()
    }
}

#[async_trait]
impl ComputeService for WindowsHost {
    async fn create(&self, id: &SystemId, document: &Document) -> Result<Box<dyn ComputeSystem>> {
        self.service(operation::CREATE, Object::System(id.into()))?.create(id, document).await
    }

    async fn open(&self, id: &SystemId) -> Result<Box<dyn ComputeSystem>> {
        self.service(operation::OPEN, Object::System(id.into()))?.open(id).await
    }

    async fn enumerate(&self, query: &ComputeSystemQuery) -> Result<Vec<ContainerProperties>> {
        self.service(operation::ENUMERATE, Object::Service)?.enumerate(query).await
    }

    async fn service_properties(
        &self,
        query: &schema2::PropertyQuery,
    ) -> Result<schema2::ServiceProperties> {
        let service = self.service(operation::SERVICE_PROPERTIES, Object::Service)?;
        service.service_properties(query).await
    }

    async fn modify_service_settings(&self, request: &schema2::ModificationRequest) -> Result<()> {
        let service = self.service(operation::MODIFY_SERVICE_SETTINGS, Object::Service)?;
        service.modify_service_settings(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_chooses_the_generation() {
        assert_eq!(Generation::for_build(osversion::build::RS5), Generation::Vmcompute);
        assert_eq!(Generation::for_build(osversion::build::LTSC2022), Generation::Vmcompute);
        assert_eq!(Generation::for_build(26100), Generation::Computecore);
    }

    #[test]
    fn a_word_that_names_no_generation_says_what_does() {
        assert_eq!("computecore".parse(), Ok(Generation::Computecore));
        let error = "v2".parse::<Generation>().unwrap_err();
        assert!(error.to_string().ends_with(r#""v2": give "vmcompute" or "computecore""#));
    }
}
