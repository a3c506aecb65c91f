//! Changes to a system while it runs.

use compute::Error;
use compute::error::SystemCode;
use compute::state::Operation;
use hcs_schema::guest_request::RequestType;
use hcs_schema::schema2::{MappedDirectory, MappedPipe, ModifySettingRequest, Processor};
use oci_spec::runtime::LinuxResources;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Worker;
use super::exec::runtime_failure;
use crate::document::{self, Limits, Refusal};

use compute::operation::MODIFY;

impl Worker {
    /// Carries a change out; what it changes is one of these:
    ///
    /// | `ResourcePath` | `ResourceType` of schema 1 | requests | settings |
    /// |---|---|---|---|
    /// | `Container/MappedDirectories` | `MappedDirectory` | Add, Remove | a mapped directory |
    /// | `Container/MappedPipes` | `MappedPipe` | Add, Remove | a mapped pipe |
    /// | `Container/Memory/SizeInMB` | `Memory` | Update | a number |
    /// | `Container/Processor` | `Processor` | Update | processor limits |
    /// | - | `ContainerConstraints` | Update | `Linux`: resources as an OCI spec has them |
    pub(super) fn modify(&mut self, request: &ModifySettingRequest) -> Result<(), Error> {
        self.check(Operation::Modify, MODIFY)?;
        let outcome = match self.resource(request).as_str() {
            "Container/MappedDirectories" | "MappedDirectory" => self.modify_directory(request),
            "Container/MappedPipes" | "MappedPipe" => self.modify_pipe(request),
            "Container/Memory/SizeInMB" | "Memory" => self.modify_memory(request),
            "Container/Processor" | "Processor" => self.modify_processor(request),
            "ContainerConstraints" => self.modify_constraints(request),
            "" => Err(Refusal::invalid("ResourcePath", "the request names no resource").into()),
            other => Err(Refusal::unsupported(
                "ResourcePath",
                &format!("{other:?} cannot be changed on this host"),
            )
            .into()),
        };
        outcome.map_err(|fault| match fault {
            Fault::Refusal(refusal) => refusal.into_error(MODIFY, &self.record.id),
            Fault::Error(error) => error,
        })
    }

    fn resource(&self, request: &ModifySettingRequest) -> String {
        if !request.resource_path.is_empty() {
            return request.resource_path.clone();
        }
        let schema1 = request.extra.get("ResourceType").and_then(Value::as_str);
        schema1.unwrap_or_default().to_owned()
    }

    fn modify_directory(&mut self, request: &ModifySettingRequest) -> Result<(), Fault> {
        let directory = document::mapped_directory(&settings::<MappedDirectory>(request)?)?;
        match request.request_type {
            RequestType::Add => {
                self.bind(&directory.host, &directory.container, directory.read_only)
            }
            RequestType::Remove => self.unbind(&directory.container),
            _ => Err(wrong_request(request, "Add or Remove")),
        }
    }

    fn modify_pipe(&mut self, request: &ModifySettingRequest) -> Result<(), Fault> {
        let pipe = document::mapped_pipe(&settings::<MappedPipe>(request)?)?;
        match request.request_type {
            RequestType::Add => self.bind(&pipe.host, &pipe.container, false),
            RequestType::Remove => self.unbind(&pipe.container),
            _ => Err(wrong_request(request, "Add or Remove")),
        }
    }

    fn bind(
        &self,
        host: &std::path::Path,
        inside: &std::path::Path,
        read_only: bool,
    ) -> Result<(), Fault> {
        self.with_container()?
            .mount_bind(host, inside, read_only)
            .map_err(|error| Fault::Error(runtime_failure(MODIFY, &self.record.id, &error)))
    }

    fn unbind(&self, inside: &std::path::Path) -> Result<(), Fault> {
        self.with_container()?
            .unmount(inside)
            .map_err(|error| Fault::Error(runtime_failure(MODIFY, &self.record.id, &error)))
    }

    fn with_container(&self) -> Result<&runtime::Container, Fault> {
        self.container.as_ref().ok_or_else(|| {
            Fault::Error(Error::system(
                MODIFY,
                self.record.id.as_str(),
                SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE,
            ))
        })
    }

    fn modify_memory(&mut self, request: &ModifySettingRequest) -> Result<(), Fault> {
        let memory_mb = settings::<u64>(request)?;
        if memory_mb == 0 {
            return Err(Refusal::invalid("Settings", "a container needs some memory").into());
        }
        self.limit(request, &Limits { memory_mb: Some(memory_mb), ..Limits::default() })
    }

    fn modify_processor(&mut self, request: &ModifySettingRequest) -> Result<(), Fault> {
        let mut limits = Limits::default();
        document::processor_limits(&settings::<Processor>(request)?, &mut limits)?;
        self.limit(request, &limits)
    }

    /// What the guest's agent calls so (`LCOWContainerConstraints`).
    fn modify_constraints(&mut self, request: &ModifySettingRequest) -> Result<(), Fault> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Constraints {
            #[serde(rename = "Linux")]
            linux: LinuxResources,
        }
        let constraints = settings::<Constraints>(request)?;
        self.apply(request, constraints.linux)
    }

    fn limit(&self, request: &ModifySettingRequest, limits: &Limits) -> Result<(), Fault> {
        let no_disk = Err(Refusal::invalid("Storage.QoS", "it cannot be changed"));
        self.apply(request, limits.resources(no_disk)?)
    }

    fn apply(
        &self,
        request: &ModifySettingRequest,
        mut resources: LinuxResources,
    ) -> Result<(), Fault> {
        if !matches!(request.request_type, RequestType::Update) && !request.request_type.is_empty()
        {
            return Err(wrong_request(request, "Update"));
        }
        // The devices stay what they are.
        resources.set_devices(None);
        let group = self.group_for(MODIFY, "a limit").map_err(Fault::Error)?;
        group.apply(&resources).map_err(|error| {
            Fault::Error(self.error(MODIFY, SystemCode::ERROR_GEN_FAILURE, error.to_string()))
        })
    }
}

/// Why a change was not made.
enum Fault {
    Refusal(Refusal),
    Error(Error),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

fn settings<T: DeserializeOwned>(request: &ModifySettingRequest) -> Result<T, Refusal> {
    let settings = request.settings.as_ref().unwrap_or(&Value::Null);
    T::deserialize(settings).map_err(|error| Refusal::invalid("Settings", error))
}

fn wrong_request(request: &ModifySettingRequest, known: &str) -> Fault {
    Refusal::unsupported(
        "RequestType",
        &format!("{:?} is not {known}", request.request_type.as_str()),
    )
    .into()
}
