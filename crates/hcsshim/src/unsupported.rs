//! The host of a platform that has none yet.

use async_trait::async_trait;
use compute::error::{Error, Named};
use compute::{ComputeService, ComputeSystem, Document, Result, SystemId, operation};
use hcs_schema::schema1::{ComputeSystemQuery, ContainerProperties};
use hcs_schema::schema2::{ModificationRequest, PropertyQuery, ServiceProperties};

/// Fails every call with [`Named::PlatformNotSupported`].
pub(crate) struct Unsupported;

const HINT: &str =
    "this platform has no host yet: use Linux, or hand another service to `Hcs::new`";

fn service<T>(operation: &'static str) -> Result<T> {
    Err(Error::service(operation, Named::PlatformNotSupported).with_hint(HINT))
}

fn system<T>(operation: &'static str, id: &SystemId) -> Result<T> {
    Err(Error::system(operation, id, Named::PlatformNotSupported).with_hint(HINT))
}

#[async_trait]
impl ComputeService for Unsupported {
    async fn create(&self, id: &SystemId, _: &Document) -> Result<Box<dyn ComputeSystem>> {
        system(operation::CREATE, id)
    }

    async fn open(&self, id: &SystemId) -> Result<Box<dyn ComputeSystem>> {
        system(operation::OPEN, id)
    }

    async fn enumerate(&self, _: &ComputeSystemQuery) -> Result<Vec<ContainerProperties>> {
        service(operation::ENUMERATE)
    }

    async fn service_properties(&self, _: &PropertyQuery) -> Result<ServiceProperties> {
        service(operation::SERVICE_PROPERTIES)
    }

    async fn modify_service_settings(&self, _: &ModificationRequest) -> Result<()> {
        service(operation::MODIFY_SERVICE_SETTINGS)
    }
}
