//! User and group id maps of user name spaces.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Command;

use oci_spec::runtime::LinuxIdMapping;
use rustix::process::{getegid, geteuid};

use crate::error::{At, Error};
use crate::namespaces::kind;
use crate::sys::{self, Side};

/// Both maps of a user name space.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct IdMaps {
    pub(crate) uids: Vec<LinuxIdMapping>,
    pub(crate) gids: Vec<LinuxIdMapping>,
}

impl IdMaps {
    pub(crate) fn is_empty(&self) -> bool {
        self.uids.is_empty() && self.gids.is_empty()
    }

    pub(crate) fn maps_gid(&self, gid: u32) -> bool {
        contains(&self.gids, gid)
    }

    pub(crate) fn maps_uid(&self, uid: u32) -> bool {
        contains(&self.uids, uid)
    }

    /// Whether processes of the user name space may call `setgroups`.
    pub(crate) fn allow_setgroups(&self) -> bool {
        geteuid().is_root() || !is_own_id_only(&self.gids, getegid().as_raw())
    }

    /// Writes the maps of the user name space that the process is in.
    pub(crate) fn write(&self, pid: u32) -> Result<(), Error> {
        write_map(
            pid,
            Map { file: "uid_map", field: "linux.uidMappings", helper: "newuidmap" },
            &self.uids,
            geteuid().as_raw(),
        )?;
        if !self.allow_setgroups() {
            // Else a process could drop a group that denies it something.
            fs::write(format!("/proc/{pid}/setgroups"), "deny")
                .at("linux.gidMappings", "deny setgroups")?;
        }
        write_map(
            pid,
            Map { file: "gid_map", field: "linux.gidMappings", helper: "newgidmap" },
            &self.gids,
            getegid().as_raw(),
        )
    }

    /// A user name space with these maps that holds no process.
    pub(crate) fn namespace(&self, field: &str) -> Result<OwnedFd, Error> {
        // SAFETY: create() has checked that the process has one thread.
        let side = unsafe { sys::clone(kind::USER, None) }.at(field, "make a user name space")?;
        let child = match side {
            Side::Child => {
                let _ = sys::die_with_parent();
                loop {
                    rustix::event::pause();
                }
            }
            Side::Parent(child) => child,
        };
        let opened = self.write(child.pid).and_then(|()| {
            fs::File::open(format!("/proc/{}/ns/user", child.pid))
                .at(field, "open a user name space")
        });
        crate::wait::kill_and_reap(&child.pidfd);
        opened.map(OwnedFd::from)
    }
}

fn contains(map: &[LinuxIdMapping], id: u32) -> bool {
    map.iter().any(|range| {
        id.checked_sub(range.container_id()).is_some_and(|offset| offset < range.size())
    })
}

fn is_own_id_only(map: &[LinuxIdMapping], own: u32) -> bool {
    matches!(map, [range] if range.size() == 1 && range.host_id() == own)
}

struct Map {
    file: &'static str,
    field: &'static str,
    helper: &'static str,
}

fn write_map(pid: u32, map: Map, ranges: &[LinuxIdMapping], own: u32) -> Result<(), Error> {
    if !geteuid().is_root() && !is_own_id_only(ranges, own) {
        return run_helper(pid, &map, ranges);
    }
    let mut text = String::new();
    for range in ranges {
        let _ = writeln!(text, "{} {} {}", range.container_id(), range.host_id(), range.size());
    }
    // The kernel takes a map in one write only.
    fs::write(format!("/proc/{pid}/{}", map.file), text).at(map.field, "write the map")
}

/// Lets the set-user-id program of the `uidmap` package write the map, which checks it against
/// `/etc/subuid` or `/etc/subgid`.
fn run_helper(pid: u32, map: &Map, ranges: &[LinuxIdMapping]) -> Result<(), Error> {
    let mut command = Command::new(map.helper);
    command.arg(pid.to_string());
    for range in ranges {
        let numbers = [range.container_id(), range.host_id(), range.size()];
        command.args(numbers.map(|number| number.to_string()));
    }
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(Error::unsupported(
            map.field,
            format!("{} said: {}", map.helper, String::from_utf8_lossy(&output.stderr).trim()),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::unsupported(
            map.field,
            format!(
                "without privileges only the own id can be mapped: map it alone, or install {}",
                map.helper
            ),
        )),
        Err(error) => Err(Error::kernel(map.field, format!("run {}", map.helper), error)),
    }
}

#[cfg(test)]
mod tests {
    use oci_spec::runtime::LinuxIdMappingBuilder;

    use super::*;

    fn range(container: u32, host: u32, size: u32) -> LinuxIdMapping {
        LinuxIdMappingBuilder::default()
            .container_id(container)
            .host_id(host)
            .size(size)
            .build()
            .expect("a complete mapping")
    }

    #[test]
    fn maps_know_what_they_hold() {
        let maps = IdMaps { uids: vec![range(0, 1000, 1)], gids: vec![range(10, 5, 5)] };
        assert!(maps.maps_uid(0) && !maps.maps_uid(1));
        assert!(maps.maps_gid(14) && !maps.maps_gid(15) && !maps.maps_gid(9));
        assert!(is_own_id_only(&maps.uids, 1000) && !is_own_id_only(&maps.uids, 999));
    }
}
