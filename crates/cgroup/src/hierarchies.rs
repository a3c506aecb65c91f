//! The hierarchies this machine mounts.

use std::path::{Path, PathBuf};

use crate::Error;

/// The control group hierarchies of this machine, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchies {
    pub(crate) v1: Vec<Mount>,
    /// Hierarchies with a name and no controller, such as systemd's: they limit
    /// nothing.
    pub(crate) named: Vec<Mount>,
    pub(crate) unified: Option<Mount>,
}

/// One mounted hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    /// Where it is mounted.
    pub(crate) point: PathBuf,
    /// The group of this process below the mount point.
    pub(crate) own: PathBuf,
    /// Its controllers.
    pub(crate) controllers: Vec<String>,
}

impl Hierarchies {
    /// Reads `/proc/self/mountinfo` and `/proc/self/cgroup`.
    ///
    /// # Errors
    /// [`Error::NoHierarchy`] when none is mounted, [`Error::Io`] when `/proc`
    /// can't be read.
    pub fn detect() -> Result<Self, Error> {
        let read = |path: &str| {
            std::fs::read_to_string(path).map_err(|error| Error::io("reading", path, error))
        };
        Self::parse(&read("/proc/self/mountinfo")?, &read("/proc/self/cgroup")?)
    }

    /// Whether version 2 is all there is: no version 1 controller is mounted.
    pub fn is_unified(&self) -> bool {
        self.v1.is_empty()
    }

    /// Whether version 1 controllers and a version 2 hierarchy are both mounted.
    pub fn is_hybrid(&self) -> bool {
        !self.v1.is_empty() && self.unified.is_some()
    }

    /// The names of all controllers, those of version 2 by their version 2
    /// names (`io`, not `blkio`).
    pub fn controllers(&self) -> impl Iterator<Item = &str> {
        self.v1.iter().chain(&self.unified).flat_map(|mount| &mount.controllers).map(String::as_str)
    }

    /// Understands the two files of proc(5) and cgroups(7). The controllers of
    /// the version 2 hierarchy are read from where it is mounted.
    pub(crate) fn parse(mountinfo: &str, groups: &str) -> Result<Self, Error> {
        let mut found = Self { v1: Vec::new(), named: Vec::new(), unified: None };
        for line in mountinfo.lines() {
            let Some(mount) = MountLine::parse(line) else {
                continue;
            };
            match mount.kind {
                "cgroup2" if found.unified.is_none() => {
                    let controllers =
                        std::fs::read_to_string(mount.point.join("cgroup.controllers"))
                            .unwrap_or_default();
                    let controllers = controllers.split_whitespace().map(str::to_owned).collect();
                    let own = mount.own(own_group(groups, ""));
                    found.unified = Some(Mount { point: mount.point, own, controllers });
                }
                "cgroup" => {
                    let controllers = mount.controllers(groups);
                    let Some(first) = controllers.first() else {
                        found.add_named(mount, groups);
                        continue;
                    };
                    // A second mount of one that is known adds nothing.
                    if found.v1.iter().any(|known| known.controllers.contains(first)) {
                        continue;
                    }
                    let own = mount.own(own_group(groups, first));
                    found.v1.push(Mount { point: mount.point, own, controllers });
                }
                _ => {}
            }
        }
        if found.v1.is_empty() && found.unified.is_none() {
            return Err(Error::NoHierarchy);
        }
        Ok(found)
    }

    /// Takes a hierarchy up that has a name and no controller.
    fn add_named(&mut self, mount: MountLine<'_>, groups: &str) {
        let name = mount.super_options.split(',').find(|option| option.starts_with("name="));
        let Some(name) = name.map(str::to_owned) else {
            return;
        };
        if !self.named.iter().any(|known| known.controllers.contains(&name)) {
            let own = mount.own(own_group(groups, &name));
            self.named.push(Mount { point: mount.point, own, controllers: vec![name] });
        }
    }
}

/// The fields of a mountinfo line that matter here.
struct MountLine<'a> {
    /// The directory of the hierarchy that is mounted.
    root: PathBuf,
    point: PathBuf,
    kind: &'a str,
    super_options: &'a str,
}

impl<'a> MountLine<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, point) = (unescape(mount.next()?), unescape(mount.next()?));
        let mut file_system = file_system.split(' ');
        let kind = file_system.next()?;
        let super_options = file_system.nth(1).unwrap_or_default();
        Some(Self { root, point, kind, super_options })
    }

    /// The controllers among the mount options: those that /proc/self/cgroup
    /// names too.
    fn controllers(&self, groups: &str) -> Vec<String> {
        let known = |option: &&str| {
            !option.is_empty()
                && !option.starts_with("name=")
                && groups.lines().any(|line| {
                    line.split(':')
                        .nth(1)
                        .is_some_and(|set| set.split(',').any(|one| one == *option))
                })
        };
        self.super_options.split(',').filter(known).map(str::to_owned).collect()
    }

    /// Where this process's group is below the mount point. A process outside
    /// what is mounted counts as being at its top.
    fn own(&self, group: Option<&str>) -> PathBuf {
        let own = Path::new(group.unwrap_or("/"));
        let below = own.strip_prefix(&self.root).unwrap_or(Path::new(""));
        let escapes =
            below.components().any(|part| !matches!(part, std::path::Component::Normal(_)));
        if escapes { PathBuf::new() } else { below.to_path_buf() }
    }
}

/// The group of this process in the hierarchy of a controller, from
/// /proc/self/cgroup; the empty name is the version 2 hierarchy.
fn own_group<'a>(groups: &'a str, controller: &str) -> Option<&'a str> {
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (set, path) = (fields.next()?, fields.next()?);
        set.split(',').any(|one| one == controller).then_some(path)
    })
}

/// Undoes the octal escapes of proc(5) for blank, tab, newline and backslash.
fn unescape(text: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'\\')
            .then(|| after.get(..3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match escaped {
            Some(value) => {
                bytes.push(value);
                rest = &after[3..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:3 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 /docker/1 /sys/fs/cgroup/me\\040mory rw,relatime - cgroup cgroup rw,memory
36 31 0:32 / /elsewhere rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
";
    const GROUPS: &str =
        "9:name=systemd:/\n4:memory:/docker/1/inner\n1:cpu,cpuacct:/a:b\n0::/x/y\n";

    #[test]
    fn v1_mounts_are_found_once_and_own_groups_stripped() {
        let found = Hierarchies::parse(V1, GROUPS).unwrap();
        assert!(!found.is_unified() && !found.is_hybrid());
        assert_eq!(found.v1.len(), 2);
        assert_eq!(found.v1[0].controllers, ["cpu", "cpuacct"]);
        assert_eq!(found.v1[0].own, Path::new("a:b"));
        assert_eq!(found.v1[1].point, Path::new("/sys/fs/cgroup/me mory"));
        assert_eq!(found.v1[1].own, Path::new("inner"));
        assert_eq!(found.controllers().collect::<Vec<_>>(), ["cpu", "cpuacct", "memory"]);
    }

    #[test]
    fn unified_controllers_come_from_its_mount() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("cgroup.controllers"), "cpu memory\n").unwrap();
        let line = format!("1 1 0:1 / {} rw - cgroup2 cgroup2 rw\n", root.path().display());
        let found = Hierarchies::parse(&line, "0::/../outside\n").unwrap();
        assert!(found.is_unified());
        assert_eq!(found.controllers().collect::<Vec<_>>(), ["cpu", "memory"]);
        assert_eq!(found.unified.unwrap().own, Path::new(""));
        assert!(Hierarchies::parse(&format!("{V1}{line}"), GROUPS).unwrap().is_hybrid());
    }

    #[test]
    fn no_mount_is_an_error() {
        assert!(matches!(Hierarchies::parse("", ""), Err(Error::NoHierarchy)));
        assert!(matches!(Hierarchies::parse("x - y\n - \n", "::\n"), Err(Error::NoHierarchy)));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(mounts in "[ -~\\\\\n]{0,300}", groups in "[ -~\n]{0,100}") {
            let _ = Hierarchies::parse(&mounts, &groups);
            let _ = Hierarchies::parse(&format!("1 2 3 {mounts} - cgroup cgroup rw,cpu"), &groups);
        }
    }
}
