//! The compute service of this machine.

use async_trait::async_trait;
use compute::{ComputeService, ComputeSystem, Document, Result, SystemId};
use hcs_schema::schema1::{ComputeSystemQuery, ContainerProperties};
use hcs_schema::schema2;

use crate::vmcompute::Service;

/// Compute systems on this machine, through vmcompute.dll.
///
/// It is made without looking for the DLL: where that or one of its functions is
/// missing, the call that needs it fails with its name.
#[derive(Debug, Clone)]
pub struct WindowsHost(Service);

impl WindowsHost {
    /// The host, with the time limits that the environment names.
    pub fn new() -> Self {
        Self(Service::new())
    }
}

impl Default for WindowsHost {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl ComputeService for WindowsHost {
    async fn create(&self, id: &SystemId, document: &Document) -> Result<Box<dyn ComputeSystem>> {
        self.0.create(id, document).await
    }

    async fn open(&self, id: &SystemId) -> Result<Box<dyn ComputeSystem>> {
        self.0.open(id).await
    }

    async fn enumerate(&self, query: &ComputeSystemQuery) -> Result<Vec<ContainerProperties>> {
        self.0.enumerate(query).await
    }

    async fn service_properties(
        &self,
        query: &schema2::PropertyQuery,
    ) -> Result<schema2::ServiceProperties> {
        self.0.service_properties(query).await
    }

    async fn modify_service_settings(&self, request: &schema2::ModificationRequest) -> Result<()> {
        self.0.modify_service_settings(request).await
    }
}
