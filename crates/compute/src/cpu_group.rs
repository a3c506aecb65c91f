//! CPU groups: sets of the host's processors that virtual machines share.
//!
//! The compute service makes and lists them; a virtual machine joins one by a
//! change to the machine, and leaves it by joining [`NO_GROUP`].

use hcs_schema::resource_paths;
use hcs_schema::schema2::{
    CPUGroupOperation, CpuGroup, CpuGroupConfig, CpuGroupConfigurations, CreateGroupOperation,
    DeleteGroupOperation, HostProcessorModificationRequest, ModificationRequest,
    ModifySettingRequest, PropertyQuery, PropertyType,
};
use serde::Serialize;

use crate::{ComputeService, ComputeSystem, Error};

/// The id of no group: a virtual machine in it may use all processors.
pub const NO_GROUP: &str = "00000000-0000-0000-0000-000000000000";

/// Why a CPU group could not be made, found, changed or left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CpuGroupError {
    /// The service did not make the group.
    #[error("failed to make cpugroups CreateGroup request for group {id}")]
    Create {
        /// The group's id.
        id: String,
        /// Why.
        source: Box<CpuGroupError>,
    },
    /// The service, or the virtual machine, did not do it.
    #[error(transparent)]
    Service(#[from] Error),
    /// The request can't be written as JSON.
    #[error("failed to write a request about cpugroups as JSON")]
    Request(#[source] serde_json::Error),
    /// The service's answer is not a list of groups.
    #[error("failed to unmarshal host cpugroups")]
    Answer(#[source] serde_json::Error),
    /// The service gave no answer to the question.
    #[error("the compute service gave no answer when asked for the host's cpugroups")]
    NoAnswer,
    /// There is no such group.
    #[error("no cpugroup exists with id {0}")]
    NotFound(String),
    /// A virtual machine is to join a group without an id.
    #[error("must specify an ID to use when configuring a VM's cpugroup")]
    NoId,
    /// A virtual machine did not leave its group.
    #[error("failed to remove VM {vm} from cpugroup")]
    Release {
        /// The virtual machine's id.
        vm: String,
        /// Why.
        source: Box<CpuGroupError>,
    },
}

/// Makes a group of these processors of the host. The id is a GUID, and is
/// handed over in lower case.
///
/// # Errors
/// The service refuses it.
pub async fn create(
    service: &dyn ComputeService,
    id: &str,
    logical_processors: &[u32],
) -> Result<(), CpuGroupError> {
    let details = CreateGroupOperation {
        group_id: id.to_lowercase(),
        // A host has far fewer: what doesn't fit, the service refuses.
        logical_processor_count: u32::try_from(logical_processors.len()).unwrap_or(u32::MAX),
        logical_processors: logical_processors.to_vec(),
        ..Default::default()
    };
    modify(service, CPUGroupOperation::CreateGroup, &details)
        .await
        .map_err(|source| CpuGroupError::Create { id: id.to_owned(), source: Box::new(source) })
}

/// Deletes a group.
///
/// # Errors
/// The service refuses it.
pub async fn delete(service: &dyn ComputeService, id: &str) -> Result<(), CpuGroupError> {
    let details = DeleteGroupOperation { group_id: id.to_owned(), ..Default::default() };
    modify(service, CPUGroupOperation::DeleteGroup, &details).await
}

async fn modify(
    service: &dyn ComputeService,
    operation: CPUGroupOperation,
    details: &(impl Serialize + Sync),
) -> Result<(), CpuGroupError> {
    let settings = HostProcessorModificationRequest {
        operation,
        operation_details: Some(json(details)?),
        ..Default::default()
    };
    let request = ModificationRequest {
        property_type: PropertyType::CPUGroup,
        settings: Some(json(&settings)?),
        ..Default::default()
    };
    Ok(service.modify_service_settings(&request).await?)
}

/// A group of the host; the case of the id doesn't matter.
///
/// # Errors
/// The service doesn't tell its groups, or there is none of this id.
pub async fn config(
    service: &dyn ComputeService,
    id: &str,
) -> Result<CpuGroupConfig, CpuGroupError> {
    let query =
        PropertyQuery { property_types: vec![PropertyType::CPUGroup], ..Default::default() };
    let answer = service.service_properties(&query).await?;
    let groups = answer.properties.first().ok_or(CpuGroupError::NoAnswer)?;
    let groups: CpuGroupConfigurations = groups.parse().map_err(CpuGroupError::Answer)?;
    let found = groups.cpu_groups.into_iter().find(|group| group.group_id.eq_ignore_ascii_case(id));
    found.ok_or_else(|| CpuGroupError::NotFound(id.to_owned()))
}

/// Lets a virtual machine join a group. One that is in another group has to
/// [leave](release) it before.
///
/// # Errors
/// The id is empty, or the machine doesn't join.
pub async fn assign(vm: &dyn ComputeSystem, id: &str) -> Result<(), CpuGroupError> {
    if id.is_empty() {
        return Err(CpuGroupError::NoId);
    }
    let group = CpuGroup { id: id.to_owned(), ..Default::default() };
    let request = ModifySettingRequest {
        resource_path: resource_paths::CPU_GROUP.to_owned(),
        settings: Some(json(&group)?),
        ..Default::default()
    };
    Ok(vm.modify(&request).await?)
}

/// Takes a virtual machine out of its group.
///
/// # Errors
/// The machine stays in it.
pub async fn release(vm: &dyn ComputeSystem) -> Result<(), CpuGroupError> {
    assign(vm, NO_GROUP).await.map_err(|source| CpuGroupError::Release {
        vm: vm.id().to_string(),
        source: Box::new(source),
    })
}

fn json(value: &impl Serialize) -> Result<serde_json::Value, CpuGroupError> {
    serde_json::to_value(value).map_err(CpuGroupError::Request)
}
