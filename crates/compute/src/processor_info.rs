//! The processors of the host, as its compute service tells them.
//!
//! It counts the processors of all processor groups and knows their NUMA nodes,
//! which a program's own view of its machine may not.

use hcs_schema::schema2::{ProcessorTopology, PropertyQuery, PropertyType};

use crate::{ComputeService, Error};

/// Why the host's processors are not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessorInfoError {
    /// The service did not answer.
    #[error("failed to retrieve processor and processor topology information")]
    Query(#[source] Error),
    /// The service answered to another number of questions than one.
    #[error("wrong number of service properties present")]
    Count,
    /// The answer is not a topology.
    #[error("failed to unmarshal host processor topology")]
    Answer(#[source] serde_json::Error),
}

/// Asks the service for the host's processors.
///
/// # Errors
/// The service doesn't answer, or with something else.
pub async fn host_processor_info(
    service: &dyn ComputeService,
) -> Result<ProcessorTopology, ProcessorInfoError> {
    let query = PropertyQuery {
        property_types: vec![PropertyType::ProcessorTopology],
        ..Default::default()
    };
    let answer = service.service_properties(&query).await.map_err(ProcessorInfoError::Query)?;
    let [topology] = answer.properties.as_slice() else {
        return Err(ProcessorInfoError::Count);
    };
    topology.parse().map_err(ProcessorInfoError::Answer)
}
