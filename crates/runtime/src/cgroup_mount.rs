//! Mounts of type `cgroup`: the one tree of version 2, or a directory with all of version 1.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::error::{At, Error};
use crate::filesystem::{self, Parameters};
use crate::mount_options::{Attributes, attr};
use crate::mounts::{self, Prepared, Setting};
use crate::namespaces::kind;
use crate::sys::{self, MountAttr};

/// A version 1 hierarchy and where the calling process is in it.
#[derive(Debug, Eq, PartialEq)]
struct Hierarchy {
    /// `cpu,cpuacct` or `name=systemd`, as mount options.
    options: String,
    path: PathBuf,
}

/// Makes the mount. The process must be in the container's control group, and in its name space if
/// it has one.
pub(crate) fn make(
    prepared: &Prepared,
    target: BorrowedFd<'_>,
    setting: Setting<'_>,
) -> Result<(), Error> {
    let field = &prepared.field;
    let hierarchies = parse(&read(setting.proc, "self/cgroup", field)?);
    if hierarchies.is_empty() {
        return unified(prepared, target);
    }
    let writable = Attributes { set: prepared.attributes().set & !attr::RDONLY, clear: 0 };
    let directory = new_mount(field, "tmpfs", &["mode=755"], writable)?;
    prepared.place(&directory, target)?;
    let directory =
        mounts::directory_of(directory.as_fd()).at(field, "open the cgroup directory")?;
    let own_view = setting.namespaces.has(kind::CGROUP);
    let mounted =
        if own_view { String::new() } else { read(setting.proc, "self/mountinfo", field)? };
    for hierarchy in &hierarchies {
        let name = hierarchy.options.strip_prefix("name=").unwrap_or(&hierarchy.options);
        rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(0o755))
            .at_with(|| (field.clone(), format!("make directory {name}")))?;
        let place = rustix::fs::openat(
            &directory,
            name,
            OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW,
            Mode::empty(),
        )
        .at_with(|| (field.clone(), format!("open directory {name}")))?;
        let mount = if own_view {
            let options: Vec<_> = hierarchy.options.split(',').collect();
            new_mount(field, "cgroup", &options, prepared.attributes())?
        } else {
            bind(prepared, hierarchy, &mounted)?
        };
        prepared.place(&mount, place.as_fd())?;
        for alias in name.split(',').filter(|alias| *alias != name) {
            rustix::fs::symlinkat(name, &directory, alias)
                .at_with(|| (field.clone(), format!("make symlink {alias}")))?;
        }
    }
    if prepared.is_read_only() {
        let read_only = MountAttr { set: attr::RDONLY, ..MountAttr::default() };
        sys::mount_setattr(directory.as_fd(), false, &read_only).at(field, "make read-only")?;
    }
    Ok(())
}

fn unified(prepared: &Prepared, target: BorrowedFd<'_>) -> Result<(), Error> {
    let mount = match new_mount(&prepared.field, "cgroup2", &[], prepared.attributes()) {
        // A user name space without a control group name space of its own may not mount it.
        Err(error) if matches!(error.errno(), Some(libc::EPERM | libc::EBUSY)) => {
            let tree = mounts::clone_tree(Path::new("/sys/fs/cgroup"), true)
                .at(&prepared.field, "bind /sys/fs/cgroup")?;
            set_attributes(prepared, &tree)?;
            tree
        }
        other => other?,
    };
    prepared.place(&mount, target)
}

fn new_mount(
    field: &str,
    typ: &str,
    data: &[&str],
    attributes: Attributes,
) -> Result<OwnedFd, Error> {
    filesystem::make(&Parameters { field, typ, source: None, data, label: None, attributes })
}

/// Without a name space of its own the container sees its own group only.
fn bind(prepared: &Prepared, hierarchy: &Hierarchy, mounted: &str) -> Result<OwnedFd, Error> {
    let field = &prepared.field;
    let source = locate(mounted, hierarchy).ok_or_else(|| {
        let reason = format!("cgroup hierarchy {} is not mounted here", hierarchy.options);
        Error::unsupported(field.as_str(), reason)
    })?;
    let tree = mounts::clone_tree(&source, false)
        .at_with(|| (field.clone(), format!("bind {}", source.display())))?;
    set_attributes(prepared, &tree)?;
    Ok(tree)
}

fn set_attributes(prepared: &Prepared, tree: &OwnedFd) -> Result<(), Error> {
    let set = MountAttr { set: prepared.attributes().set, ..MountAttr::default() };
    sys::mount_setattr(tree.as_fd(), false, &set).at(&prepared.field, "set attributes")
}

fn read(proc: &OwnedFd, file: &str, field: &str) -> Result<String, Error> {
    let opened = rustix::fs::openat(proc, file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .at_with(|| (field.to_owned(), format!("open /proc/{file}")))?;
    std::io::read_to_string(std::fs::File::from(opened))
        .at_with(|| (field.to_owned(), format!("read /proc/{file}")))
}

/// The version 1 hierarchies of a `/proc/self/cgroup` file.
fn parse(file: &str) -> Vec<Hierarchy> {
    let lines = file.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, options, path) = (parts.next()?, parts.next()?, parts.next()?);
        let hierarchy = Hierarchy { options: options.to_owned(), path: PathBuf::from(path) };
        (!options.is_empty()).then_some(hierarchy)
    });
    lines.collect()
}

/// Where the process's group in a hierarchy is seen, going by a `mountinfo` file.
fn locate(mounted: &str, hierarchy: &Hierarchy) -> Option<PathBuf> {
    mounted.lines().find_map(|line| {
        let (place, file_system) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let (root, point) = (place.next()?, place.next()?);
        let mut file_system = file_system.split(' ');
        let (typ, options) = (file_system.next()?, file_system.nth(1)?);
        let is_it = typ == "cgroup"
            && hierarchy.options.split(',').all(|one| options.split(',').any(|has| has == one));
        let below = hierarchy.path.strip_prefix(root).ok().filter(|_| is_it)?;
        Some(Path::new(point).join(below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_groups_are_found() {
        let found = parse("4:cpu,cpuacct:/a/b\n2:name=systemd:/\n0::/u\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].path, Path::new("/a/b"));
        let mounted = "30 20 0:9 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
            31 20 0:9 /a /cg/cpu rw shared:1 - cgroup cgroup rw,cpu,cpuacct\n";
        assert_eq!(locate(mounted, &found[0]), Some(PathBuf::from("/cg/cpu/b")));
        assert_eq!(locate(mounted, &found[1]), None);
    }
}
