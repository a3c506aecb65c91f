//! The documents that containers are made from.

mod cpu;
mod linux;
mod mounts;
mod registry;

use std::io;

use hcs_schema::SystemType;
use hcs_schema::schema1::{self, ContainerConfig};
use hcs_schema::schema2::{
    Container, ContainerCredentialGuardState, ContainerDefinitionDevice, Device, DeviceType,
    GuestOs, IsolationType, Layer, MappedDirectory, Memory, Networking, RegistryChanges, Storage,
    StorageQoS,
};

use crate::annotation::parse_guid;
use crate::keys::{
    CONTAINER_MEMORY_SIZE_IN_MB, CONTAINER_STORAGE_QOS_BANDWIDTH_MAXIMUM,
    CONTAINER_STORAGE_QOS_IOPS_MAXIMUM, HOST_PROCESS_ROOTFS_LOCATION,
};
use crate::spec::{Windows, WindowsDevice};
use crate::{Spec, windows_path};

pub use cpu::{CpuAffinityError, CpuLimits, cpu_affinity};
pub use linux::LinuxContainerDocument;

/// What a Windows container is made of. Its layers are mounted already.
#[derive(Clone, Copy)]
pub struct WindowsContainer<'a> {
    /// Its id.
    pub id: &'a str,
    /// Who manages it.
    pub owner: &'a str,
    /// Its spec.
    pub spec: &'a Spec,
    /// Where it runs.
    pub place: Place<'a>,
    /// The build of Windows of the host.
    pub host_build: u16,
    /// Its layers, the topmost first, as they are where it runs.
    pub layers: &'a [Layer],
    /// Its network namespace.
    pub network_namespace: &'a str,
    /// The credential guard instance that was made for it.
    pub credential_guard: Option<&'a ContainerCredentialGuardState>,
    /// Disks that were mounted for it.
    pub disk_mounts: &'a [MappedDirectory],
    /// What the device extensions that its annotations name come to.
    pub device_namespace: Option<&'a ContainerDefinitionDevice>,
}

/// Where a Windows container runs.
#[derive(Clone, Copy)]
pub enum Place<'a> {
    /// On the host, set apart as processes are.
    Host {
        /// The number of processors.
        processors: i32,
        /// The path of a file or folder without links, by its volume.
        resolve: &'a dyn Fn(&str) -> io::Result<String>,
    },
    /// In a utility VM.
    Vm {
        /// The number of processors of the VM.
        processors: i32,
        /// The number of processors of the host, where limits of processor time
        /// are meant for the host and have to be scaled to the VM.
        scale_from: Option<i32>,
        /// The id of the pod that the VM is for.
        pod: &'a str,
        /// Where processes in the VM leave their dumps; empty for nowhere.
        process_dump_location: &'a str,
        /// Where the VM sees a file or folder of the host, which is shared with it
        /// read-only or not.
        shared: &'a dyn Fn(&str, bool) -> Option<String>,
    },
}

/// The documents of a Windows container, for the host's compute service or the
/// agent in the VM.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowsDocuments {
    /// That of schema 1.
    pub v1: ContainerConfig,
    /// That of schema 2.
    pub v2: Container,
}

/// A Windows container can't be made as its spec says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// The spec is not of a Windows container.
    #[error("cannot create HCS container document - OCI spec Windows section is missing ")]
    NoWindows,
    /// More than one limit of processor time is set.
    #[error(
        "invalid spec - Windows Container CPU Count: '{count}', Limit: '{limit}', and Weight: \
         '{weight}' are mutually exclusive"
    )]
    CpuLimits {
        /// The number of processors.
        count: i32,
        /// The most processor time.
        limit: i32,
        /// The share of processor time.
        weight: i32,
    },
    /// The spec has no root filesystem.
    #[error("spec is invalid - root isn't populated")]
    NoRoot,
    /// The root filesystem is to be read-only.
    #[error("invalid container spec - readonly is not supported for Windows containers")]
    ReadonlyRoot,
    /// The root filesystem of a container on the host is not a volume.
    #[error(
        r"invalid container spec - Root.Path '{0}' must be a volume GUID path in the format '\\?\Volume{{GUID}}\'"
    )]
    Root(String),
    /// The root of a host process container is to be where it can't be.
    #[error("unsafe path detected")]
    UnsafePath,
    /// The source of a mount can't be resolved.
    #[error("failed to resolve path for mount source {path:?}")]
    MountSource {
        /// The source.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The source of a mount is not shared with the VM.
    #[error("not attached")]
    NotShared,
    /// The host is too old for pipes.
    #[error("named pipe mounts are not supported on this version of Windows")]
    Pipes,
    /// A device is of a kind that a container can't have.
    #[error("specified device {id} has unsupported type {id_type}")]
    Device {
        /// The device.
        id: String,
        /// Its kind.
        id_type: String,
    },
    /// The kind of dumps is not known.
    #[error(r#"unknown dump type specified, valid values are "mini" or "full""#)]
    DumpType,
    /// The number of dumps to keep is none.
    #[error("invaid dump count specified: {0}")]
    DumpCount(String),
}

impl WindowsContainer<'_> {
    /// The documents that it is made from.
    ///
    /// # Errors
    /// The spec asks for what a Windows container can't have.
    pub fn documents(&self) -> Result<WindowsDocuments, ContainerError> {
        let windows = self.spec.windows.as_ref().ok_or(ContainerError::NoWindows)?;
        let mut documents = WindowsDocuments {
            v1: ContainerConfig {
                system_type: SystemType::Container,
                name: self.id.to_owned(),
                owner: self.owner.to_owned(),
                ignore_flushes_during_boot: windows.ignore_flushes_during_boot,
                ..ContainerConfig::default()
            },
            v2: Container::default(),
        };
        if !self.spec.hostname.is_empty() {
            documents.v1.host_name = self.spec.hostname.clone();
            let host_name = self.spec.hostname.clone();
            documents.v2.guest_os = Some(GuestOs { host_name, ..GuestOs::default() });
        }
        self.limit(&mut documents)?;
        self.connect(&mut documents, windows);
        self.lay(&mut documents)?;
        mounts::add(self, &mut documents)?;
        documents.v2.assigned_devices = devices(&windows.devices)?;
        documents.v2.additional_device_namespace = self.device_namespace.cloned();
        documents.v2.registry_changes = Some(RegistryChanges {
            add_values: registry::values(self)?,
            ..RegistryChanges::default()
        });
        Ok(documents)
    }

    /// Limits of processors, memory and storage.
    fn limit(&self, documents: &mut WindowsDocuments) -> Result<(), ContainerError> {
        let WindowsDocuments { v1, v2 } = documents;
        cpu::limits_in(self.spec, self.place)?.set(v1, v2);

        if let Some(size_in_mb) = self.spec.memory_in_mb(CONTAINER_MEMORY_SIZE_IN_MB) {
            v1.memory_maximum_in_mb = i64::try_from(size_in_mb).unwrap_or(i64::MAX);
            v2.memory = Some(Memory { size_in_mb, ..Memory::default() });
        }

        let storage = v2.storage.get_or_insert_default();
        let bandwidth = self.spec.storage_bps(CONTAINER_STORAGE_QOS_BANDWIDTH_MAXIMUM);
        let iops = self.spec.storage_iops(CONTAINER_STORAGE_QOS_IOPS_MAXIMUM);
        let [bandwidth_maximum, iops_maximum] = [bandwidth, iops].map(Option::unwrap_or_default);
        if bandwidth_maximum > 0 || iops_maximum > 0 {
            v1.storage_bandwidth_maximum = u64::try_from(bandwidth_maximum).unwrap_or(0);
            v1.storage_iops_maximum = u64::try_from(iops_maximum).unwrap_or(0);
            storage.qos =
                Some(StorageQoS { iops_maximum, bandwidth_maximum, ..StorageQoS::default() });
        }
        Ok(())
    }

    /// The network and the credentials for it.
    fn connect(&self, documents: &mut WindowsDocuments, windows: &Windows) {
        let WindowsDocuments { v1, v2 } = documents;
        if let Some(network) = &windows.network {
            let suffixes = network.dns_search_list.join(",");
            v1.endpoint_list = network.endpoint_list.clone();
            v1.allow_unqualified_dns_query = network.allow_unqualified_dns_query;
            v1.dns_search_list = suffixes.clone();
            v1.network_shared_container_name = network.network_shared_container_name.clone();
            v2.networking = Some(Networking {
                allow_unqualified_dns_query: network.allow_unqualified_dns_query,
                dns_search_list: suffixes,
                network_shared_container_name: network.network_shared_container_name.clone(),
                namespace: self.network_namespace.to_owned(),
                ..Networking::default()
            });
        }
        if let Some(text) = windows.credential_spec.as_ref().and_then(|spec| spec.as_str()) {
            v1.credentials = text.to_owned();
            v2.container_credential_guard = self.credential_guard.cloned();
        }
    }

    /// The root filesystem and its layers.
    fn lay(&self, documents: &mut WindowsDocuments) -> Result<(), ContainerError> {
        let WindowsDocuments { v1, v2 } = documents;
        let root = self.spec.root.as_ref().ok_or(ContainerError::NoRoot)?;
        if root.readonly {
            return Err(ContainerError::ReadonlyRoot);
        }
        let storage: &mut Storage = v2.storage.get_or_insert_default();
        storage.layers = self.layers.to_vec();
        if let Place::Vm { .. } = self.place {
            storage.path = root.path.clone();
            if self.spec.is_job_container() {
                v2.isolation_type = IsolationType::HostProcess;
                storage.privileged_container_root_path = self.host_process_root()?;
            }
            return Ok(());
        }
        let volume = root.path.strip_suffix('\\').unwrap_or(&root.path);
        if !is_volume(volume) {
            return Err(ContainerError::Root(root.path.clone()));
        }
        v1.volume_path = volume.to_owned();
        storage.path = format!("{volume}\\");
        let layer = |layer: &Layer| schema1::Layer {
            id: layer.id.clone(),
            path: layer.path.clone(),
            ..schema1::Layer::default()
        };
        v1.layers = self.layers.iter().map(layer).collect();
        Ok(())
    }

    /// Where a host process container in a VM sees its root; empty for the usual
    /// place. It has to be a folder of one of the VM's drives.
    fn host_process_root(&self) -> Result<String, ContainerError> {
        match self.spec.annotations().get(HOST_PROCESS_ROOTFS_LOCATION) {
            None | Some("") => Ok(String::new()),
            Some(path) if !path.starts_with(['\\', '/']) && windows_path::is_absolute(path) => {
                Ok(path.to_owned())
            }
            Some(_) => Err(ContainerError::UnsafePath),
        }
    }
}

/// Whether a path is `\\?\Volume{GUID}`.
pub fn is_volume(path: &str) -> bool {
    let guid = path.strip_prefix(r"\\?\Volume{").and_then(|rest| rest.strip_suffix('}'));
    guid.is_some_and(|guid| parse_guid(guid).is_some())
}

fn devices(devices: &[WindowsDevice]) -> Result<Vec<Device>, ContainerError> {
    let device = |device: &WindowsDevice| match device.id_type.as_str() {
        "vpci-location-path" => Ok(Device {
            type_: DeviceType::DeviceInstanceID,
            location_path: device.id.clone(),
            ..Device::default()
        }),
        "class" | "vpci-class-guid" => {
            Ok(Device { interface_class_guid: device.id.clone(), ..Device::default() })
        }
        _ => Err(ContainerError::Device { id: device.id.clone(), id_type: device.id_type.clone() }),
    };
    devices.iter().map(device).collect()
}
