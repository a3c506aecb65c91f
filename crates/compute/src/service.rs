//! The service that makes and finds compute systems.

use async_trait::async_trait;
use hcs_schema::schema1::{ComputeSystemQuery, ContainerConfig, ContainerProperties};
use hcs_schema::schema2;

use crate::{ComputeSystem, Result, SystemId};

/// What a compute system is made from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Document {
    /// A schema 1 document.
    V1(Box<ContainerConfig>),
    /// A schema 2 document.
    V2(Box<schema2::ComputeSystem>),
}

impl Document {
    /// The JSON that a service is given.
    pub fn to_json(&self) -> serde_json::Result<serde_json::Value> {
        match self {
            Self::V1(document) => serde_json::to_value(document),
            Self::V2(document) => serde_json::to_value(document),
        }
    }
}

impl From<ContainerConfig> for Document {
    fn from(document: ContainerConfig) -> Self {
        Self::V1(Box::new(document))
    }
}

impl From<schema2::ComputeSystem> for Document {
    fn from(document: schema2::ComputeSystem) -> Self {
        Self::V2(Box::new(document))
    }
}

/// A host of compute systems.
#[async_trait]
pub trait ComputeService: Send + Sync {
    /// Makes a compute system. It is `Created`; [`ComputeSystem::start`] runs it.
    ///
    /// A failure leaves nothing behind, and the id can be used again.
    async fn create(&self, id: &SystemId, document: &Document) -> Result<Box<dyn ComputeSystem>>;

    /// A handle to a compute system that exists.
    ///
    /// # Errors
    /// [`crate::error::is_not_exist`] holds where there is none of this id.
    async fn open(&self, id: &SystemId) -> Result<Box<dyn ComputeSystem>>;

    /// The compute systems that the query selects; an empty query selects all.
    /// The members of one field are alternatives, the fields all have to fit.
    async fn enumerate(&self, query: &ComputeSystemQuery) -> Result<Vec<ContainerProperties>>;

    /// What the service tells of itself and its machine.
    async fn service_properties(
        &self,
        query: &schema2::PropertyQuery,
    ) -> Result<schema2::ServiceProperties>;

    /// Changes a setting of the service.
    async fn modify_service_settings(&self, request: &schema2::ModificationRequest) -> Result<()>;
}
