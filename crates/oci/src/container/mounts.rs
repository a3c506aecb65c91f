//! What is mounted in a Windows container: files, folders and pipes.

use hcs_schema::schema1;
use hcs_schema::schema2::{MappedDirectory, MappedPipe};
use osversion::build;

use super::{ContainerError, Place, WindowsContainer, WindowsDocuments};
use crate::spec::Mount;
use crate::windows_path;

const PIPE: &str = r"\\.\pipe\";
/// Before the path of something in the VM.
const IN_VM: &str = "uvm://";
/// Before the path of something that the pod's containers share.
const IN_SANDBOX: &str = "sandbox://";
/// Where the VM has that.
const SANDBOX_MOUNTS: &str = r"C:\SandboxMounts";
/// Where a VM sees pipes of its host.
const HOST_PIPES: &str = r"\\?\VMSMB\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\IPC$\";

/// Adds the mounts of the spec, and disks that were mounted for it.
pub(super) fn add(
    container: &WindowsContainer<'_>,
    documents: &mut WindowsDocuments,
) -> Result<(), ContainerError> {
    let WindowsDocuments { v1, v2 } = documents;
    for mount in &container.spec.mounts {
        if let Some(host_path) = pipe(mount, container.place) {
            if container.host_build < build::RS3 {
                return Err(ContainerError::Pipes);
            }
            let name = mount.destination.strip_prefix(PIPE).unwrap_or(&mount.destination);
            v1.mapped_pipes.push(schema1::MappedPipe {
                host_path: host_path.clone(),
                container_pipe_name: name.to_owned(),
                ..schema1::MappedPipe::default()
            });
            v2.mapped_pipes.push(MappedPipe {
                host_path,
                container_pipe_name: name.to_owned(),
                ..MappedPipe::default()
            });
            continue;
        }
        let read_only = mount.options.iter().any(|option| option.eq_ignore_ascii_case("ro"));
        let Some(host_path) = source(mount, read_only, container.place)? else {
            continue;
        };
        v1.mapped_directories.push(schema1::MappedDir {
            host_path: mount.source.clone(),
            container_path: mount.destination.clone(),
            read_only,
            ..schema1::MappedDir::default()
        });
        v2.mapped_directories.push(MappedDirectory {
            host_path,
            container_path: mount.destination.clone(),
            read_only,
            ..MappedDirectory::default()
        });
    }
    v2.mapped_directories.extend_from_slice(container.disk_mounts);
    Ok(())
}

/// The source of a mount that is a pipe.
fn pipe(mount: &Mount, place: Place<'_>) -> Option<String> {
    let Place::Vm { pod, .. } = place else {
        return mount.source.starts_with(PIPE).then(|| mount.source.clone());
    };
    if let Some(path) = mount.source.strip_prefix(IN_VM) {
        let name = path.strip_prefix(PIPE)?;
        return Some(format!(r"{PIPE}{pod}\{name}"));
    }
    let name = mount.source.strip_prefix(PIPE)?;
    Some(format!("{HOST_PIPES}{name}"))
}

/// The source of a mount, as it is where the container runs; `None` for a disk,
/// which is mounted in another way.
fn source(
    mount: &Mount,
    read_only: bool,
    place: Place<'_>,
) -> Result<Option<String>, ContainerError> {
    let shared = match place {
        Place::Host { resolve, .. } => {
            let path = resolve(&mount.source);
            return path.map(Some).map_err(|source| ContainerError::MountSource {
                path: mount.source.clone(),
                source,
            });
        }
        Place::Vm { shared, .. } => shared,
    };
    match mount.kind.as_str() {
        "virtual-disk" | "physical-disk" | "extensible-virtual-disk" => return Ok(None),
        _ => {}
    }
    if let Some(path) = mount.source.strip_prefix(IN_SANDBOX) {
        return Ok(Some(windows_path::join(SANDBOX_MOUNTS, path)));
    }
    shared(&mount.source, read_only).map(Some).ok_or(ContainerError::NotShared)
}
