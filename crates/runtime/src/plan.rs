//! A container thought through: everything that can be checked, opened or computed before a
//! process is made for it.

use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};

use oci_spec::runtime::{Linux, LinuxPersonalityDomain};
use rustix::fs::{Mode, OFlags};

use crate::devices::{self, Device};
use crate::error::{At, Error};
use crate::idmap::IdMaps;
use crate::launch::{Launch, Place};
use crate::mount_options::Propagation;
use crate::mounts::{self, Prepared};
use crate::namespaces::{Namespaces, kind};
use crate::options::{CreateOptions, Init, ProcessIo};
use crate::rootfs::Root;
use crate::sysctl::{self, Parameter};
use crate::{check, masks};

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) linux: Linux,
    pub(crate) namespaces: Namespaces,
    pub(crate) maps: IdMaps,
    pub(crate) in_user_namespace: bool,
    pub(crate) root: Root,
    pub(crate) propagation: Option<Propagation>,
    pub(crate) mounts: Vec<Prepared>,
    /// Nothing when the host's `/dev` is bound.
    pub(crate) devices: Option<Vec<Device>>,
    pub(crate) sysctl: Vec<Parameter>,
    /// Nothing for the reaper.
    pub(crate) launch: Option<Launch>,
    pub(crate) oom_score_adj: Option<i32>,
    pub(crate) proc: OwnedFd,
    pub(crate) null: OwnedFd,
    pub(crate) warnings: Vec<String>,
}

impl Plan {
    pub(crate) fn prepare(options: &CreateOptions<'_>) -> Result<Self, Error> {
        let spec = &options.spec;
        check::specification(spec)?;
        let linux = spec.linux().clone();
        let linux = linux.ok_or_else(|| Error::invalid("linux", "is missing"))?;
        let namespaces = Namespaces::prepare(&linux)?;
        check::privileges(&namespaces)?;
        check::linux(spec, &linux, &namespaces)?;
        let maps = check::id_maps(&linux, &namespaces)?;
        let in_user_namespace = namespaces.has(kind::USER);
        let mut warnings = Vec::new();
        let launch = launch(options, &linux, in_user_namespace, &maps, &mut warnings)?;
        let mounts = mounts::prepare(
            spec.mounts().as_deref().unwrap_or_default(),
            &options.bundle,
            &linux,
            &namespaces,
            &maps,
        )?;
        let has_own_dev = !mounts.iter().any(Prepared::is_bound_dev);
        let listed = linux.devices().as_deref().unwrap_or_default();
        Ok(Self {
            root: Root::prepare(
                &options.rootfs,
                spec.root().as_ref().map(|root| options.bundle.join(root.path())),
                in_user_namespace && rustix::process::geteuid().is_root(),
                linux.mount_label().as_deref(),
            )?,
            propagation: propagation(&linux)?,
            devices: has_own_dev.then(|| devices::prepare(listed)).transpose()?,
            sysctl: sysctl::prepare(linux.sysctl().iter().flatten(), &namespaces)?,
            oom_score_adj: oom_score_adj(options, launch.as_ref()),
            proc: host_proc()?,
            null: masks::host_null()?,
            linux,
            namespaces,
            maps,
            in_user_namespace,
            mounts,
            launch,
            warnings,
        })
    }

    /// Whether some mount shall send its changes to the host.
    pub(crate) fn is_shared(&self) -> bool {
        self.propagation.is_some_and(|change| change.kind == libc::MS_SHARED)
            || self.mounts.iter().any(Prepared::is_shared)
    }

    /// The descriptors that the container's process needs.
    pub(crate) fn descriptors(&self) -> Vec<RawFd> {
        let mut all = vec![self.proc.as_raw_fd(), self.null.as_raw_fd()];
        all.extend(self.namespaces.joined.iter().map(|joined| joined.fd.as_raw_fd()));
        all.extend(self.mounts.iter().filter_map(Prepared::descriptor));
        if let Root::Tree(tree) = &self.root {
            all.push(tree.as_raw_fd());
        }
        all
    }

    /// The kernel's number of `linux.personality`.
    pub(crate) fn personality(&self) -> Option<u32> {
        personality(&self.linux)
    }
}

pub(crate) fn personality(linux: &Linux) -> Option<u32> {
    linux.personality().as_ref().map(|personality| match personality.domain() {
        LinuxPersonalityDomain::PerLinux => 0,
        LinuxPersonalityDomain::PerLinux32 => 8,
    })
}

fn launch(
    options: &CreateOptions<'_>,
    linux: &Linux,
    in_user_namespace: bool,
    maps: &IdMaps,
    warnings: &mut Vec<String>,
) -> Result<Option<Launch>, Error> {
    if options.init == Init::Reaper {
        return Ok(None);
    }
    let process = options.spec.process().as_ref();
    let process = process.ok_or_else(|| Error::invalid("process", "is missing"))?;
    if process.terminal().unwrap_or(false) != matches!(options.io, ProcessIo::Terminal { .. }) {
        let reason = "the streams that the caller gives do not fit it";
        return Err(Error::invalid("process.terminal", reason));
    }
    let place = Place {
        in_user_namespace,
        allow_setgroups: maps.is_empty() || maps.allow_setgroups(),
        is_exec: false,
    };
    let launch = Launch::prepare(process, Some(linux), place, warnings)?;
    if !maps.is_empty() {
        check_mapped("process.user.uid", launch.uid, maps.maps_uid(launch.uid))?;
        check_mapped(
            "process.user.gid",
            process.user().gid(),
            maps.maps_gid(process.user().gid()),
        )?;
    }
    Ok(Some(launch))
}

fn check_mapped(field: &str, id: u32, is_mapped: bool) -> Result<(), Error> {
    if is_mapped {
        return Ok(());
    }
    Err(Error::invalid(field, format!("{id} is not mapped in the user name space")))
}

fn propagation(linux: &Linux) -> Result<Option<Propagation>, Error> {
    let text = linux.rootfs_propagation().as_deref().filter(|text| !text.is_empty());
    text.map(|text| {
        Propagation::read(text).ok_or_else(|| {
            let reason = format!("{text:?} is not one of shared, slave, private, unbindable");
            Error::invalid("linux.rootfsPropagation", reason)
        })
    })
    .transpose()
}

fn oom_score_adj(options: &CreateOptions<'_>, launch: Option<&Launch>) -> Option<i32> {
    match launch {
        Some(launch) => launch.oom_score_adj,
        None => options.spec.process().as_ref().and_then(|process| process.oom_score_adj()),
    }
}

/// The `/proc` of the maker. The container's own could be tampered with.
pub(crate) fn host_proc() -> Result<OwnedFd, Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open("/proc", flags, Mode::empty()).at("/proc", "open")
}
