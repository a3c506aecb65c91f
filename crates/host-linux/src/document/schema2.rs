//! Containers from schema 2 documents.

use std::path::{Path, PathBuf};

use compute::SystemId;
use hcs_schema::schema2::{self, ComputeSystem};

use super::container::{Container, Limits, MappedDirectory, MappedPipe, Network, pipe_path};
use super::schema1::{needs_utility_vm, refuse_extra};
use super::{Plan, Refusal};
use crate::Roots;

/// The plan of a schema 2 document.
pub(super) fn plan(id: &str, roots: &Roots, document: ComputeSystem) -> Result<Plan, Refusal> {
    if document.virtual_machine.is_some() {
        return Err(needs_utility_vm("VirtualMachine"));
    }
    if !document.hosting_system_id.is_empty() {
        return Err(needs_utility_vm("HostingSystemId"));
    }
    if let Some(version) = &document.schema_version
        && (version.major, version.minor) < (2, 0)
    {
        return Err(Refusal::invalid(
            "SchemaVersion",
            format!("{}.{} is not 2.0 or later", version.major, version.minor),
        ));
    }
    refuse_extra("ComputeSystem", &document.extra)?;
    match (document.container, document.hosted_system) {
        (Some(container), None) => {
            let container = self::container(roots, document.owner, container)?;
            Container {
                terminate_on_last_handle_closed: document.should_terminate_on_last_handle_closed,
                ..container
            }
            .plan(id)
        }
        (None, Some(hosted)) => {
            let plan = super::hosted::plan(document.owner, &hosted)?;
            Ok(Plan {
                terminate_on_last_handle_closed: document.should_terminate_on_last_handle_closed,
                ..plan
            })
        }
        _ => {
            Err(Refusal::invalid("ComputeSystem", "it needs either a Container or a HostedSystem"))
        }
    }
}

fn container(
    roots: &Roots,
    owner: String,
    document: schema2::Container,
) -> Result<Container, Refusal> {
    refuse(&document)?;
    let mut container = Container { owner, ..Container::default() };
    if let Some(guest) = document.guest_os {
        container.hostname = guest.host_name;
    }
    if let Some(storage) = &document.storage {
        self::storage(storage, &mut container)?;
    }
    for directory in &document.mapped_directories {
        container.directories.push(mapped_directory(directory)?);
    }
    for pipe in &document.mapped_pipes {
        container.pipes.push(mapped_pipe(pipe)?);
    }
    if let Some(memory) = &document.memory {
        container.limits.memory_mb = (memory.size_in_mb != 0).then_some(memory.size_in_mb);
    }
    if let Some(processor) = &document.processor {
        processor_limits(processor, &mut container.limits)?;
    }
    if let Some(networking) = &document.networking {
        let unsupported = [
            ("NetworkAdapters", !networking.network_adapters.is_empty()),
            ("DnsSearchList", !networking.dns_search_list.is_empty()),
            ("AllowUnqualifiedDnsQuery", networking.allow_unqualified_dns_query),
        ];
        if let Some((field, _)) = unsupported.into_iter().find(|(_, given)| *given) {
            let field = format!("Container.Networking.{field}");
            return Err(Refusal::unsupported(&field, "this host has no network service yet"));
        }
        container.network =
            network(roots, &networking.network_shared_container_name, &networking.namespace)?;
    }
    Ok(container)
}

fn storage(storage: &schema2::Storage, container: &mut Container) -> Result<(), Refusal> {
    for layer in &storage.layers {
        if !matches!(layer.path_type.as_str(), "" | "AbsolutePath") {
            return Err(Refusal::unsupported(
                "Container.Storage.Layers.PathType",
                "a layer is named by its absolute path here",
            ));
        }
        container.layers.push(absolute("Container.Storage.Layers.Path", &layer.path)?);
    }
    if !storage.path.is_empty() {
        container.path = Some(absolute("Container.Storage.Path", &storage.path)?);
    }
    if let Some(qos) = &storage.qos {
        let rate = |field: &str, value: i32| match u64::try_from(value) {
            Ok(0) => Ok(None),
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Refusal::invalid(field, format!("{value} is negative"))),
        };
        container.limits.iops = rate("Container.Storage.QoS.IopsMaximum", qos.iops_maximum)?;
        container.limits.bandwidth =
            rate("Container.Storage.QoS.BandwidthMaximum", qos.bandwidth_maximum)?;
    }
    if !storage.privileged_container_root_path.is_empty() {
        return Err(Refusal::unsupported(
            "Container.Storage.PrivilegedContainerRootPath",
            "it belongs to Windows host process containers",
        ));
    }
    Ok(())
}

/// A mapped directory of a document or of a change to a running system.
pub(crate) fn mapped_directory(
    directory: &schema2::MappedDirectory,
) -> Result<MappedDirectory, Refusal> {
    if !matches!(directory.host_path_type.as_str(), "" | "AbsolutePath") {
        return Err(Refusal::unsupported(
            "MappedDirectories.HostPathType",
            "a folder of the host is named by its absolute path here",
        ));
    }
    Ok(MappedDirectory {
        host: absolute("MappedDirectories.HostPath", &directory.host_path)?,
        container: absolute("MappedDirectories.ContainerPath", &directory.container_path)?,
        read_only: directory.read_only,
    })
}

/// A mapped pipe of a document or of a change to a running system.
pub(crate) fn mapped_pipe(pipe: &schema2::MappedPipe) -> Result<MappedPipe, Refusal> {
    Ok(MappedPipe {
        host: absolute("MappedPipes.HostPath", &pipe.host_path)?,
        container: pipe_path(&pipe.container_pipe_name)?,
    })
}

/// The processor limits of a document or of a change to a running system.
pub(crate) fn processor_limits(
    processor: &schema2::Processor,
    limits: &mut Limits,
) -> Result<(), Refusal> {
    let positive = |field: &str, value: i32| match u32::try_from(value) {
        Ok(0) => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(Refusal::invalid(field, format!("{value} is negative"))),
    };
    limits.processor_count = positive("Container.Processor.Count", processor.count)?;
    limits.processor_maximum = positive("Container.Processor.Maximum", processor.maximum)?;
    limits.processor_weight = positive("Container.Processor.Weight", processor.weight)?;
    Ok(())
}

/// The network of another system, or a namespace by its name or path.
pub(super) fn network(
    roots: &Roots,
    shared_with: &str,
    namespace: &str,
) -> Result<Network, Refusal> {
    if !shared_with.is_empty() {
        let field = "NetworkSharedContainerName";
        let id: SystemId = shared_with.parse().map_err(|error| Refusal::invalid(field, error))?;
        let path = crate::store::network_of(roots, &id)
            .ok_or_else(|| Refusal::invalid(field, format!("no compute system {id} runs here")))?;
        return Ok(Network::Namespace(path));
    }
    if namespace.is_empty() {
        return Ok(Network::None);
    }
    let path = Path::new("/run/netns").join(namespace);
    let plain = |part| !matches!(part, std::path::Component::ParentDir);
    if !path.components().all(plain) || !path.exists() {
        return Err(Refusal::invalid(
            "Container.Networking.Namespace",
            format!("there is no network namespace {namespace:?}"),
        )
        .with_code(compute::error::SystemCode::ERR_ELEMENT_NOT_FOUND)
        .with_hint("`ip netns add` makes one; give its name or an absolute path"));
    }
    Ok(Network::Namespace(path))
}

/// A path that the document has to give in full.
pub(super) fn absolute(field: &str, path: &str) -> Result<PathBuf, Refusal> {
    if !path.starts_with('/') || path.contains('\0') {
        return Err(Refusal::invalid(field, format!("{path:?} is not an absolute path")));
    }
    Ok(path.into())
}

/// Refuses, by its name, each part that this host cannot carry out.
fn refuse(document: &schema2::Container) -> Result<(), Refusal> {
    let given = [
        ("HvSocket", document.hv_socket.is_some()),
        ("ContainerCredentialGuard", document.container_credential_guard.is_some()),
        ("RegistryChanges", document.registry_changes.is_some()),
        ("AssignedDevices", !document.assigned_devices.is_empty()),
        ("AdditionalDeviceNamespace", document.additional_device_namespace.is_some()),
        ("IsolationType", !document.isolation_type.to_string().is_empty()),
    ];
    if let Some((field, _)) = given.into_iter().find(|(_, given)| *given) {
        let field = format!("Container.{field}");
        return Err(Refusal::unsupported(&field, "it has no meaning for a Linux container"));
    }
    refuse_extra("Container", &document.extra)
}
