//! Containers from schema 1 documents.

use hcs_schema::schema1::ContainerConfig;

use super::container::{Container, Limits, MappedDirectory, MappedPipe, pipe_path};
use super::schema2::absolute;
use super::{Plan, Refusal};
use crate::Roots;

/// The plan of a schema 1 container.
pub(super) fn plan(id: &str, roots: &Roots, config: ContainerConfig) -> Result<Plan, Refusal> {
    refuse(&config)?;
    let path = [&config.volume_path, &config.layer_folder_path]
        .into_iter()
        .find(|path| !path.is_empty())
        .map(|path| absolute("VolumePath", path))
        .transpose()?;
    let mut layers = Vec::new();
    for layer in &config.layers {
        layers.push(absolute("Layers.Path", &layer.path)?);
    }
    let mut directories = Vec::new();
    for directory in &config.mapped_directories {
        if directory.bandwidth_maximum != 0 || directory.iops_maximum != 0 {
            return Err(Refusal::unsupported(
                "MappedDirectories.BandwidthMaximum",
                "a folder of the host has no rate limit of its own here",
            ));
        }
        if directory.create_in_utility_vm {
            return Err(needs_utility_vm("MappedDirectories.CreateInUtilityVM"));
        }
        directories.push(MappedDirectory {
            host: absolute("MappedDirectories.HostPath", &directory.host_path)?,
            container: absolute("MappedDirectories.ContainerPath", &directory.container_path)?,
            read_only: directory.read_only,
        });
    }
    let mut pipes = Vec::new();
    for pipe in &config.mapped_pipes {
        pipes.push(MappedPipe {
            host: absolute("MappedPipes.HostPath", &pipe.host_path)?,
            container: pipe_path(&pipe.container_pipe_name)?,
        });
    }
    let container = Container {
        limits: limits(&config)?,
        network: super::schema2::network(roots, &config.network_shared_container_name, "")?,
        owner: config.owner,
        name: config.name,
        hostname: config.host_name,
        layers,
        path,
        directories,
        pipes,
        terminate_on_last_handle_closed: config.terminate_on_last_handle_closed,
    };
    container.plan(id)
}

fn limits(config: &ContainerConfig) -> Result<Limits, Refusal> {
    let positive = |field: &str, value: i64| match u64::try_from(value) {
        Ok(0) => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(Refusal::invalid(field, format!("{value} is negative"))),
    };
    let small = |field: &'static str, value: u64| {
        u32::try_from(value).map_err(|_| Refusal::invalid(field, format!("{value} is too large")))
    };
    let some = |value: u64| (value != 0).then_some(value);
    Ok(Limits {
        memory_mb: positive("MemoryMaximumInMB", config.memory_maximum_in_mb)?,
        processor_count: (config.processor_count != 0).then_some(config.processor_count),
        processor_maximum: positive("ProcessorMaximum", config.processor_maximum)?
            .map(|value| small("ProcessorMaximum", value))
            .transpose()?,
        processor_weight: some(config.processor_weight)
            .map(|value| small("ProcessorWeight", value))
            .transpose()?,
        iops: some(config.storage_iops_maximum),
        bandwidth: some(config.storage_bandwidth_maximum),
        pids: None,
    })
}

/// Refuses, by its name, each field that this host cannot carry out.
fn refuse(config: &ContainerConfig) -> Result<(), Refusal> {
    if !config.system_type.to_string().eq_ignore_ascii_case("Container") {
        return Err(Refusal::unsupported("SystemType", "only a Container can be made here"));
    }
    let windows = "it has no meaning for a Linux container";
    let given = [
        ("Credentials", !config.credentials.is_empty(), windows),
        ("AssignedDevices", !config.assigned_devices.is_empty(), windows),
        ("Servicing", config.servicing, windows),
        ("EndpointList", !config.endpoint_list.is_empty(), "this host has no network service yet"),
        (
            "DNSSearchList",
            !config.dns_search_list.is_empty(),
            "this host has no network service yet",
        ),
        (
            "AllowUnqualifiedDNSQuery",
            config.allow_unqualified_dns_query,
            "this host has no network service yet",
        ),
        (
            "StorageSandboxSize",
            config.storage_sandbox_size != 0,
            "a folder as a writable layer has no size of its own",
        ),
        (
            "MappedVirtualDisks",
            !config.mapped_virtual_disks.is_empty(),
            "this host attaches no virtual disks yet",
        ),
    ];
    if let Some((field, _, why)) = given.into_iter().find(|(_, given, _)| *given) {
        return Err(Refusal::unsupported(field, why));
    }
    if config.hv_partition || config.hv_runtime.is_some() {
        return Err(needs_utility_vm("HvPartition"));
    }
    refuse_extra("ContainerConfig", &config.extra)
}

pub(super) fn needs_utility_vm(field: &str) -> Refusal {
    Refusal::unsupported(field, "it needs a utility VM, which this host does not run yet")
}

/// Refuses what the document's type has no field for.
pub(super) fn refuse_extra(document: &str, extra: &hcs_schema::Extra) -> Result<(), Refusal> {
    match extra.iter().next() {
        Some((name, _)) => Err(Refusal::unsupported(
            &format!("{document}.{name}"),
            "this host does not know the field",
        )),
        None => Ok(()),
    }
}
