//! The mounts of a specification. Each is made detached, given its attributes, and only then
//! placed, at a destination found inside the root.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

use oci_spec::runtime::{Linux, Mount};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use crate::error::{At, Error};
use crate::filesystem::{self, Parameters};
use crate::idmap::IdMaps;
use crate::mount_options::{Attributes, IdMapped, Options, Propagation, attr};
use crate::namespaces::{Namespaces, kind};
use crate::path::{self, Kind};
use crate::sys::{self, MountAttr};
use crate::{cgroup_mount, copy_up};

/// A mount, checked and read.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) field: String,
    pub(crate) destination: PathBuf,
    typ: String,
    source: Option<PathBuf>,
    options: Options,
    /// The source of a bind mount, cloned with the maker's rights where the container's process
    /// could not do so.
    cloned: Option<OwnedFd>,
}

/// What mounts depend on.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) namespaces: &'a Namespaces,
    pub(crate) maps: &'a IdMaps,
    pub(crate) label: Option<&'a str>,
    /// Whether the tree was made a slave of the host's, so that clones of it are none of its peers.
    pub(crate) is_slave: bool,
    pub(crate) proc: &'a OwnedFd,
}

/// Reads all mounts of a specification.
pub(crate) fn prepare(
    mounts: &[Mount],
    bundle: &Path,
    linux: &Linux,
    namespaces: &Namespaces,
    maps: &IdMaps,
) -> Result<Vec<Prepared>, Error> {
    let in_user_namespace = namespaces.has(kind::USER);
    let is_root = rustix::process::geteuid().is_root();
    let mut all = Vec::with_capacity(mounts.len());
    for (index, mount) in mounts.iter().enumerate() {
        let mut one = read(index, mount, bundle)?;
        let is_mapped = one.options.id_mapped.is_some() || mount.uid_mappings().is_some();
        if one.options.bind.is_some() && (is_mapped || (in_user_namespace && is_root)) {
            let tree = one.clone_source()?;
            if is_mapped {
                map_ids(&one, mount, linux, maps, &tree)?;
            }
            one.cloned = Some(tree);
        } else if is_mapped {
            let reason = "only bind mounts can have mapped ids";
            return Err(Error::unsupported(format!("{}.uidMappings", one.field), reason));
        }
        all.push(one);
    }
    Ok(all)
}

fn read(index: usize, mount: &Mount, bundle: &Path) -> Result<Prepared, Error> {
    let field = format!("mounts[{index}]");
    let destination = mount.destination();
    if !destination.is_absolute() {
        let reason = format!("{} is not absolute", destination.display());
        return Err(Error::invalid(format!("{field}.destination"), reason));
    }
    let options = Options::read(&field, mount)?;
    let is_bind = options.bind.is_some();
    let typ = mount.typ().clone().filter(|typ| !is_bind || typ != "none").unwrap_or_default();
    if typ.is_empty() && !is_bind && !options.remount {
        return Err(Error::invalid(format!("{field}.type"), "is missing, and so is a bind option"));
    }
    let source = match mount.source() {
        Some(source) if is_bind => Some(bundle.join(source)),
        None if is_bind && !options.remount => {
            return Err(Error::invalid(format!("{field}.source"), "a bind mount needs a source"));
        }
        source => source.clone(),
    };
    Ok(Prepared { field, destination: destination.clone(), typ, source, options, cloned: None })
}

impl Prepared {
    /// Whether the mount brings the host's own `/dev`.
    pub(crate) fn is_bound_dev(&self) -> bool {
        self.options.bind.is_some()
            && self.destination.components().eq(Path::new("/dev").components())
    }

    /// The descriptor that the container's process needs.
    pub(crate) fn descriptor(&self) -> Option<RawFd> {
        self.cloned.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// Whether mounts below the destination shall reach the host or come from it.
    pub(crate) fn is_shared(&self) -> bool {
        self.options.propagation.iter().any(|change| change.kind == libc::MS_SHARED)
    }

    fn error_context(&self, what: &str) -> (String, String) {
        let source = self.source.as_deref().unwrap_or(Path::new(&self.typ)).display();
        (self.field.clone(), format!("{what} {source} on {}", self.destination.display()))
    }

    fn clone_source(&self) -> Result<OwnedFd, Error> {
        let source = self.source.as_deref().unwrap_or(Path::new(""));
        let is_tree = self.options.bind == Some(true);
        clone_tree(source, is_tree).at_with(|| {
            let field = format!("{}.source", self.field);
            (field, format!("open {}", source.display()))
        })
    }

    /// Makes the mount below `root`.
    pub(crate) fn make(&self, root: BorrowedFd<'_>, setting: Setting<'_>) -> Result<(), Error> {
        if self.options.remount {
            let target = path::find(root, &self.destination);
            let target = target.at_with(|| self.error_context("find"))?;
            return self.change(target.as_fd());
        }
        if self.options.bind.is_some() {
            let tree = match &self.cloned {
                Some(tree) => tree.try_clone().at_with(|| self.error_context("bind"))?,
                None => self.clone_source()?,
            };
            return self.place_bind(root, setting, tree);
        }
        match self.typ.as_str() {
            "cgroup" | "cgroup2" => {
                let target = self.ensure_target(root, Kind::Directory)?;
                cgroup_mount::make(self, target.as_fd(), setting)
            }
            "proc" | "sysfs" => self.make_kernel_view(root, setting),
            "tmpfs" => self.make_tmpfs(root, setting),
            _ => {
                let target = self.ensure_target(root, Kind::Directory)?;
                let mount = self.make_filesystem(setting, None)?;
                self.place(&mount, target.as_fd())
            }
        }
    }

    fn place_bind(
        &self,
        root: BorrowedFd<'_>,
        setting: Setting<'_>,
        tree: OwnedFd,
    ) -> Result<(), Error> {
        if !setting.is_slave && !self.options.propagation.iter().any(|change| change.recursive) {
            // The clone is a peer of the host's mount: what is mounted in it would be seen there.
            let slave = Propagation { kind: libc::MS_SLAVE, recursive: true };
            if !self.is_shared() {
                sys::mount_setattr(tree.as_fd(), true, &slave.attr())
                    .at_with(|| self.error_context("separate"))?;
            }
        }
        let is_directory = path::is_directory(&tree).at_with(|| self.error_context("bind"))?;
        let kind = if is_directory { Kind::Directory } else { Kind::File };
        let target = self.ensure_target(root, kind)?;
        self.change(tree.as_fd())?;
        self.place(&tree, target.as_fd())
    }

    /// Applies attributes and propagation to a mount.
    fn change(&self, mount: BorrowedFd<'_>) -> Result<(), Error> {
        let mut own = self.options.own;
        if self.options.bind.is_some() && !self.options.remount {
            // A plain "rw" or "dev" beside "bind" asks for nothing: what the host has made
            // read-only stays so. Only "rrw" and its like ask for a change.
            own.clear &= attr::ATIME_FIELD;
        }
        for (changes, is_tree) in [(self.options.tree, true), (own, false)] {
            if !changes.is_empty() {
                sys::mount_setattr(mount, is_tree, &changes.change())
                    .at_with(|| self.error_context("set the attributes of"))?;
            }
        }
        for change in &self.options.propagation {
            sys::mount_setattr(mount, change.recursive, &change.attr())
                .at_with(|| self.error_context("set the propagation of"))?;
        }
        Ok(())
    }

    pub(crate) fn ensure_target(&self, root: BorrowedFd<'_>, kind: Kind) -> Result<OwnedFd, Error> {
        path::ensure(root, &self.destination, kind).at_with(|| {
            let field = format!("{}.destination", self.field);
            (field, format!("make {} in the root file system", self.destination.display()))
        })
    }

    /// Puts a detached mount in its place.
    pub(crate) fn place(&self, mount: &OwnedFd, target: BorrowedFd<'_>) -> Result<(), Error> {
        attach(mount.as_fd(), target).at_with(|| self.error_context("mount"))
    }

    /// The new mount of a file system with the mount's own options.
    pub(crate) fn make_filesystem(
        &self,
        setting: Setting<'_>,
        extra: Option<&str>,
    ) -> Result<OwnedFd, Error> {
        let has_gid = |option: &str| match option.strip_prefix("gid=") {
            Some(gid) => gid.parse().is_ok_and(|gid| setting.maps.maps_gid(gid)),
            None => true,
        };
        // The usual gid=5 (tty) can't be had where no such group is mapped; the terminals then
        // belong to the group of who opens them.
        let drops_gid = self.typ == "devpts" && !setting.maps.is_empty();
        let data = self.options.data.iter().map(|(_, option)| option.as_str());
        let data = data.filter(|option| !drops_gid || has_gid(option)).chain(extra);
        let parameters = Parameters {
            field: &self.field,
            typ: &self.typ,
            source: self.source.as_deref(),
            data: &data.collect::<Vec<_>>(),
            label: setting.label,
            attributes: self.options.own,
        };
        let mount = filesystem::make(&parameters)?;
        if !self.options.tree.is_empty() || !self.options.propagation.is_empty() {
            let rest = Prepared {
                options: Options { own: Attributes::default(), ..self.options.clone() },
                field: self.field.clone(),
                destination: self.destination.clone(),
                typ: self.typ.clone(),
                source: self.source.clone(),
                cloned: None,
            };
            rest.change(mount.as_fd())?;
        }
        Ok(mount)
    }

    /// `/proc` and `/sys`: what security rests on must be where it is thought to be.
    fn make_kernel_view(&self, root: BorrowedFd<'_>, setting: Setting<'_>) -> Result<(), Error> {
        let target = match path::find_plain(root, &self.destination) {
            Err(Errno::NOENT) => self.ensure_target(root, Kind::Directory)?,
            Err(Errno::LOOP) => {
                let reason =
                    format!("{} goes through a symlink of the root", self.destination.display());
                return Err(Error::invalid(format!("{}.destination", self.field), reason));
            }
            other => other.at_with(|| self.error_context("find the place of"))?,
        };
        let mount = match self.make_filesystem(setting, None) {
            // Only the owner of the network name space may mount its sysfs. The host's own shows
            // the same, for then the network is the host's.
            Err(error)
                if error.errno() == Some(libc::EPERM)
                    && self.typ == "sysfs"
                    && !setting.namespaces.is_new(kind::NETWORK) =>
            {
                let tree = clone_tree(Path::new("/sys"), true);
                let tree = tree.at_with(|| self.error_context("bind"))?;
                self.change(tree.as_fd())?;
                tree
            }
            other => other?,
        };
        self.place(&mount, target.as_fd())
    }

    fn make_tmpfs(&self, root: BorrowedFd<'_>, setting: Setting<'_>) -> Result<(), Error> {
        let has_mode = self.options.data.iter().any(|(_, option)| option.starts_with("mode="));
        let existing = path::find(root, &self.destination).ok();
        let mode = match (&existing, has_mode) {
            (Some(target), false) => {
                let mode = rustix::fs::fstat(target).at_with(|| self.error_context("look at"))?;
                Some(format!("mode={:o}", mode.st_mode & 0o7777))
            }
            _ => None,
        };
        let target = match existing {
            Some(target) => target,
            None => self.ensure_target(root, Kind::Directory)?,
        };
        if !self.options.copy_up {
            let mount = self.make_filesystem(setting, mode.as_deref())?;
            return self.place(&mount, target.as_fd());
        }
        let mut writable = self.options.clone();
        writable.own.set &= !attr::RDONLY;
        let writable = Prepared {
            options: writable,
            field: self.field.clone(),
            destination: self.destination.clone(),
            typ: self.typ.clone(),
            source: self.source.clone(),
            cloned: None,
        };
        let mount = writable.make_filesystem(setting, mode.as_deref())?;
        copy_up::copy(target.as_fd(), mount.as_fd())
            .at_with(|| self.error_context("copy the directory's files into"))?;
        if self.options.own.set & attr::RDONLY != 0 {
            let read_only = MountAttr { set: attr::RDONLY, ..MountAttr::default() };
            sys::mount_setattr(mount.as_fd(), false, &read_only)
                .at_with(|| self.error_context("make read-only"))?;
        }
        self.place(&mount, target.as_fd())
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.options.own.set & attr::RDONLY != 0
    }

    pub(crate) fn attributes(&self) -> Attributes {
        self.options.own
    }
}

/// Places a detached mount.
pub(crate) fn attach(mount: BorrowedFd<'_>, target: BorrowedFd<'_>) -> rustix::io::Result<()> {
    let both = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, "", target, "", both)
}

/// A detached copy of the mount, or tree of mounts, at a path of the host.
pub(crate) fn clone_tree(source: &Path, is_tree: bool) -> rustix::io::Result<OwnedFd> {
    open_tree(rustix::fs::CWD, source, clone_flags(is_tree))
}

/// A detached copy of the mount, or tree of mounts, that a descriptor refers to.
pub(crate) fn clone_at(source: BorrowedFd<'_>, is_tree: bool) -> rustix::io::Result<OwnedFd> {
    open_tree(source, "", clone_flags(is_tree) | OpenTreeFlags::AT_EMPTY_PATH)
}

fn clone_flags(is_tree: bool) -> OpenTreeFlags {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if is_tree { flags | OpenTreeFlags::AT_RECURSIVE } else { flags }
}

/// Maps the ids of a bind mount: by its own maps, else by the container's.
fn map_ids(
    one: &Prepared,
    mount: &Mount,
    linux: &Linux,
    container: &IdMaps,
    tree: &OwnedFd,
) -> Result<(), Error> {
    let field = format!("{}.uidMappings", one.field);
    let own = IdMaps {
        uids: mount.uid_mappings().clone().unwrap_or_default(),
        gids: mount.gid_mappings().clone().unwrap_or_default(),
    };
    if own.uids.is_empty() != own.gids.is_empty() {
        return Err(Error::invalid(field, "uidMappings and gidMappings need each other"));
    }
    let maps = if own.is_empty() { container } else { &own };
    if maps.is_empty() {
        let has_path = linux.namespaces().iter().flatten().any(|one| one.path().is_some());
        let hint = if has_path {
            "the joined user name space's maps are not known"
        } else {
            "and the container has no user name space"
        };
        return Err(Error::invalid(field, format!("no map is given, {hint}")));
    }
    let user = maps.namespace(&field)?;
    let change = MountAttr {
        set: attr::IDMAP,
        userns: u64::from(user.as_raw_fd().unsigned_abs()),
        ..MountAttr::default()
    };
    let is_tree = one.options.id_mapped == Some(IdMapped::Tree);
    sys::mount_setattr(tree.as_fd(), is_tree, &change)
        .at_with(|| (field, format!("map the ids of {}", one.destination.display())))
}

/// Refers to the root directory of a mount, for files to be opened below it.
pub(crate) fn directory_of(mount: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(mount, ".", flags, Mode::empty())
}
