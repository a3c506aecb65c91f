//! What a container needs before it is made: its control group with its
//! limits, and its writable layer.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cgroup::{Group, Hierarchies};
use compute::Error;
use compute::error::SystemCode;
use compute::operation::CREATE;

use crate::Roots;
use crate::document::{Plan, PlannedRoot};
use crate::failure::{failure, io_failure};
use crate::store::Record;

impl Plan {
    /// Writes down what will be made, before anything is: a worker that is
    /// killed in between leaves nothing that its record does not name.
    pub(super) fn announce_resources(
        &self,
        id: &str,
        roots: &Roots,
        record: &mut Record,
    ) -> Result<Hierarchies, Error> {
        if let PlannedRoot::Overlay { scratch: None, .. } = &self.root {
            record.scratch = Some(roots.scratch.join(&record.runtime_id));
        }
        let hierarchies = Hierarchies::detect().map_err(|error| refused(id, &error))?;
        let path = self.cgroups_path(id, &record.runtime_id);
        let planned = Group::plan(&hierarchies, &path).map_err(|error| refused(id, &error))?;
        // A path that the spec names may hold another container's processes,
        // which must not be taken for ours until the group is made.
        match self.names_group() {
            true => record.announced_cgroup = Some(planned),
            false => record.cgroup = Some(planned),
        }
        Ok(hierarchies)
    }

    /// Makes it. `record` holds what has been made, also when this fails.
    pub(super) fn make_resources(
        &self,
        id: &str,
        hierarchies: &Hierarchies,
        record: &mut Record,
    ) -> Result<Option<Group>, Error> {
        if let PlannedRoot::Overlay { .. } = &self.root {
            let folder = self.scratch(record);
            make_scratch(&folder).map_err(|error| {
                let what = format_args!("making the scratch {}", folder.display());
                io_failure(CREATE, id, what, &error)
            })?;
        }
        let group = self.make_group(id, hierarchies, &record.runtime_id)?;
        record.announced_cgroup = None;
        record.cgroup = group.as_ref().map(Group::record);
        Ok(group)
    }

    fn make_group(
        &self,
        id: &str,
        hierarchies: &Hierarchies,
        runtime_id: &str,
    ) -> Result<Option<Group>, Error> {
        let group = match Group::create(hierarchies, &self.cgroups_path(id, runtime_id)) {
            Ok(group) => group,
            Err(error) if error.is_permission() && !self.has_limits => return Ok(None),
            Err(error) => return Err(refused(id, &error)),
        };
        let resources = self.spec.linux().as_ref().and_then(|linux| linux.resources().as_ref());
        let limited = resources.map_or(Ok(()), |resources| group.apply(resources));
        let limited = limited.and_then(|()| match self.shows_groups() {
            true => group.make_everywhere(),
            false => Ok(()),
        });
        if let Err(error) = limited {
            let _ = group.remove();
            return Err(refused(id, &error));
        }
        Ok(Some(group))
    }

    /// Whether the container sees control groups. It sees its own only, so it
    /// needs one in each hierarchy.
    fn shows_groups(&self) -> bool {
        let mounts = self.spec.mounts().as_deref().unwrap_or_default();
        mounts.iter().any(|mount| mount.typ().as_deref() == Some("cgroup"))
    }

    /// Where the writable layer is.
    pub(super) fn scratch(&self, record: &Record) -> PathBuf {
        match &self.root {
            PlannedRoot::Overlay { scratch: Some(scratch), .. } => scratch.clone(),
            _ => record.scratch.clone().unwrap_or_default(),
        }
    }
}

fn refused(id: &str, error: &cgroup::Error) -> Error {
    failure(CREATE, id, SystemCode::ERROR_GEN_FAILURE, format!("control group: {error}"))
}

/// The folders that an overlay writes to.
fn make_scratch(folder: &Path) -> std::io::Result<()> {
    crate::roots::private_folder(folder)?;
    for name in ["upper", "work"] {
        crate::roots::private_folder(&folder.join(name))?;
    }
    // The upper folder's mode is that of the container's root.
    std::fs::set_permissions(folder.join("upper"), PermissionsExt::from_mode(0o755))
}
