//! The name spaces of a container: new ones, and ones joined by path.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;

use oci_spec::runtime::{Linux, LinuxNamespaceType};
use rustix::fs::{Mode, OFlags};

use crate::error::{At, Error};
use crate::sys;

/// A kind of name space, as its `CLONE_NEW*` flag.
pub(crate) mod kind {
    pub(crate) const MOUNT: u64 = libc::CLONE_NEWNS as u64;
    pub(crate) const CGROUP: u64 = libc::CLONE_NEWCGROUP as u64;
    pub(crate) const UTS: u64 = libc::CLONE_NEWUTS as u64;
    pub(crate) const IPC: u64 = libc::CLONE_NEWIPC as u64;
    pub(crate) const USER: u64 = libc::CLONE_NEWUSER as u64;
    pub(crate) const PID: u64 = libc::CLONE_NEWPID as u64;
    pub(crate) const NETWORK: u64 = libc::CLONE_NEWNET as u64;
    pub(crate) const TIME: u64 = 0x80;
}

/// The name of a kind in `config.json`.
pub(crate) fn name(kind: u64) -> &'static str {
    match kind {
        kind::MOUNT => "mount",
        kind::CGROUP => "cgroup",
        kind::UTS => "uts",
        kind::IPC => "ipc",
        kind::USER => "user",
        kind::PID => "pid",
        kind::NETWORK => "network",
        _ => "time",
    }
}

/// A name space that exists already.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) kind: u64,
    pub(crate) fd: OwnedFd,
    path: String,
}

impl Joined {
    pub(crate) fn enter(&self) -> Result<(), Error> {
        sys::setns(self.fd.as_fd(), self.kind).at_with(|| {
            (
                "linux.namespaces".into(),
                format!("join {} name space {}", name(self.kind), self.path),
            )
        })
    }
}

/// The name spaces that a specification asks for.
#[derive(Debug)]
pub(crate) struct Namespaces {
    /// The kinds to be made.
    pub(crate) new: u64,
    pub(crate) joined: Vec<Joined>,
}

impl Namespaces {
    /// Reads the list, and opens what is to be joined.
    pub(crate) fn prepare(linux: &Linux) -> Result<Self, Error> {
        let mut found = Self { new: 0, joined: Vec::new() };
        let listed = linux.namespaces().as_deref().unwrap_or_default();
        for (index, namespace) in listed.iter().enumerate() {
            let kind = flag(namespace.typ());
            if found.has(kind) {
                let reason = format!("{} is listed twice", name(kind));
                return Err(Error::invalid(format!("linux.namespaces[{index}].type"), reason));
            }
            match namespace.path() {
                None => found.new |= kind,
                Some(path) if kind == kind::MOUNT => {
                    return Err(Error::unsupported(
                        format!("linux.namespaces[{index}].path"),
                        format!(
                            "the root file system can't be set up inside {}, a mount name space \
                             that others use: leave the path out",
                            path.display()
                        ),
                    ));
                }
                Some(path) => {
                    let field = format!("linux.namespaces[{index}].path");
                    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
                    let fd = rustix::fs::open(path, flags, Mode::empty())
                        .at_with(|| (field.clone(), format!("open {}", path.display())))?;
                    if sys::namespace_kind(fd.as_fd()).ok() != Some(kind) {
                        let what = format!("{} is no {} name space", path.display(), name(kind));
                        return Err(Error::invalid(field, what));
                    }
                    if kind == kind::USER && is_own_user_namespace(&fd)? {
                        // The kernel refuses to enter it again.
                        continue;
                    }
                    found.joined.push(Joined { kind, fd, path: path.display().to_string() });
                }
            }
        }
        if !found.has(kind::MOUNT) {
            let reason = "a mount name space is required: add {\"type\": \"mount\"}";
            return Err(Error::invalid("linux.namespaces", reason));
        }
        Ok(found)
    }

    /// Whether the container has its own, new or joined.
    pub(crate) fn has(&self, kind: u64) -> bool {
        self.new & kind != 0 || self.joined.iter().any(|joined| joined.kind == kind)
    }

    pub(crate) fn is_new(&self, kind: u64) -> bool {
        self.new & kind != 0
    }

    /// All kinds that differ from the maker's.
    pub(crate) fn all(&self) -> u64 {
        self.joined.iter().fold(self.new, |all, joined| all | joined.kind)
    }

    /// Whether a process must prepare what its successor is then born into. Process id and time
    /// name spaces hold for children only; others must be joined with the maker's rights before a
    /// user name space takes these away.
    pub(crate) fn need_stage(&self) -> bool {
        self.is_new(kind::TIME)
            || self.joined.iter().any(|joined| matches!(joined.kind, kind::PID | kind::USER))
            || (self.is_new(kind::USER) && !self.joined.is_empty())
    }

    /// Enters what is joined by path.
    pub(crate) fn join(&self) -> Result<(), Error> {
        let (user, others): (Vec<_>, Vec<_>) =
            self.joined.iter().partition(|joined| joined.kind == kind::USER);
        // A privileged maker may enter anything, but only before it is a user of less. Without
        // privileges the user name space comes first, for it gives some.
        let order =
            if rustix::process::geteuid().is_root() { [others, user] } else { [user, others] };
        order.iter().flatten().try_for_each(|joined| joined.enter())
    }
}

fn flag(typ: LinuxNamespaceType) -> u64 {
    match typ {
        LinuxNamespaceType::Mount => kind::MOUNT,
        LinuxNamespaceType::Cgroup => kind::CGROUP,
        LinuxNamespaceType::Uts => kind::UTS,
        LinuxNamespaceType::Ipc => kind::IPC,
        LinuxNamespaceType::User => kind::USER,
        LinuxNamespaceType::Pid => kind::PID,
        LinuxNamespaceType::Network => kind::NETWORK,
        LinuxNamespaceType::Time => kind::TIME,
    }
}

fn is_own_user_namespace(fd: &OwnedFd) -> Result<bool, Error> {
    let own = File::open("/proc/self/ns/user").and_then(|file| file.metadata());
    let own = own.at("linux.namespaces", "look at the own user name space")?;
    let other = rustix::fs::fstat(fd).at("linux.namespaces", "look at a user name space")?;
    Ok(own.dev() == other.st_dev && own.ino() == other.st_ino)
}

/// The kinds in the order in which they are entered, with their files below `/proc/PID/ns`. The
/// user name space gives the right to the others.
pub(crate) const FILES: [(u64, &str); 8] = [
    (kind::USER, "user"),
    (kind::CGROUP, "cgroup"),
    (kind::IPC, "ipc"),
    (kind::UTS, "uts"),
    (kind::NETWORK, "net"),
    (kind::PID, "pid"),
    (kind::TIME, "time"),
    (kind::MOUNT, "mnt"),
];
