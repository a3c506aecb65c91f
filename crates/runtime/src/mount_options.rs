//! The options of a mount, as the OCI specification lists them, sorted by where they act.

use oci_spec::runtime::Mount;

use crate::error::Error;
use crate::sys::MountAttr;

/// `MOUNT_ATTR_*` of `linux/mount.h`.
pub(crate) mod attr {
    pub(crate) const RDONLY: u64 = 0x01;
    pub(crate) const NOSUID: u64 = 0x02;
    pub(crate) const NODEV: u64 = 0x04;
    pub(crate) const NOEXEC: u64 = 0x08;
    pub(crate) const ATIME_FIELD: u64 = 0x70;
    pub(crate) const RELATIME: u64 = 0x00;
    pub(crate) const NOATIME: u64 = 0x10;
    pub(crate) const STRICTATIME: u64 = 0x20;
    pub(crate) const NODIRATIME: u64 = 0x80;
    pub(crate) const IDMAP: u64 = 0x0010_0000;
    pub(crate) const NOSYMFOLLOW: u64 = 0x0020_0000;
}

/// A change of propagation, `MS_SHARED` and its like, for one mount or the tree below it too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Propagation {
    pub(crate) kind: u64,
    pub(crate) recursive: bool,
}

impl Propagation {
    /// Reads `private`, `rslave` and so on.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (recursive, kind) = match text.strip_prefix('r') {
            Some(kind) => (true, kind),
            None => (false, text),
        };
        let kind = match kind {
            "shared" => libc::MS_SHARED,
            "slave" => libc::MS_SLAVE,
            "private" => libc::MS_PRIVATE,
            "unbindable" => libc::MS_UNBINDABLE,
            _ => return None,
        };
        Some(Self { kind, recursive })
    }

    pub(crate) fn attr(self) -> MountAttr {
        MountAttr { propagation: self.kind, ..MountAttr::default() }
    }
}

/// How a mount's ids are mapped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum IdMapped {
    Mount,
    Tree,
}

/// What a mount's options come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Bind mount, of a tree with `Some(true)`.
    pub(crate) bind: Option<bool>,
    pub(crate) remount: bool,
    /// Changes of the one mount.
    pub(crate) own: Attributes,
    /// Changes of all mounts of a tree.
    pub(crate) tree: Attributes,
    pub(crate) propagation: Vec<Propagation>,
    pub(crate) copy_up: bool,
    pub(crate) id_mapped: Option<IdMapped>,
    /// Parameters of the file system, with the place of each among the options.
    pub(crate) data: Vec<(usize, String)>,
}

/// Attributes to set and to clear.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Attributes {
    pub(crate) set: u64,
    pub(crate) clear: u64,
}

impl Attributes {
    /// A later option wins over an earlier one.
    fn add(&mut self, change: Attributes) {
        self.set = self.set & !change.clear | change.set;
        self.clear = self.clear & !change.set | change.clear;
    }

    pub(crate) fn is_empty(self) -> bool {
        self.set == 0 && self.clear == 0
    }

    pub(crate) fn change(self) -> MountAttr {
        MountAttr { set: self.set, clear: self.clear, ..MountAttr::default() }
    }
}

impl Options {
    /// Reads the options of a mount. `field` names the mount.
    pub(crate) fn read(field: &str, mount: &Mount) -> Result<Self, Error> {
        let mut options = Self::default();
        if mount.typ().as_deref() == Some("bind") {
            options.bind = Some(false);
        }
        for (place, option) in mount.options().iter().flatten().enumerate() {
            options.add(place, option);
        }
        if options.bind.is_some() || options.remount {
            options.refuse_data_of_bind(field)?;
        }
        if options.copy_up && mount.typ().as_deref() != Some("tmpfs") {
            let reason = "tmpcopyup is for tmpfs only";
            return Err(Error::invalid(format!("{field}.options"), reason));
        }
        Ok(options)
    }

    fn add(&mut self, place: usize, option: &str) {
        if let Some(propagation) = Propagation::read(option) {
            self.propagation.push(propagation);
            return;
        }
        if let Some(change) = attributes(option) {
            self.own.add(change);
            return;
        }
        if let Some(change) = option.strip_prefix('r').and_then(attributes) {
            self.tree.add(change);
            return;
        }
        match option {
            "defaults" | "loud" | "silent" => {}
            "bind" => self.bind = self.bind.or(Some(false)),
            "rbind" => self.bind = Some(true),
            "remount" => self.remount = true,
            "tmpcopyup" => self.copy_up = true,
            "idmap" => self.id_mapped = Some(IdMapped::Mount),
            "ridmap" => self.id_mapped = Some(IdMapped::Tree),
            _ => self.data.push((place, option.to_owned())),
        }
    }

    /// A bind mount shows a file system that is mounted already: its parameters stay as they are,
    /// and options that say so are harmless.
    fn refuse_data_of_bind(&mut self, field: &str) -> Result<(), Error> {
        const AS_IS: [&str; 5] = ["async", "nolazytime", "nomand", "noiversion", "nodirsync"];
        self.data.retain(|(_, option)| !AS_IS.contains(&option.as_str()));
        match self.data.first() {
            None => Ok(()),
            Some((place, option)) => Err(Error::unsupported(
                format!("{field}.options[{place}]"),
                format!("{option:?} is for a file system of its own, not for a bind mount"),
            )),
        }
    }
}

/// The change of attributes that an option stands for. Also the names with an `r` before them are
/// looked up here, without it.
fn attributes(option: &str) -> Option<Attributes> {
    let set = |set| Some(Attributes { set, clear: 0 });
    let clear = |clear| Some(Attributes { set: 0, clear });
    let atime = |set| Some(Attributes { set, clear: attr::ATIME_FIELD });
    match option {
        "ro" => set(attr::RDONLY),
        "rw" => clear(attr::RDONLY),
        "nosuid" => set(attr::NOSUID),
        "suid" => clear(attr::NOSUID),
        "nodev" => set(attr::NODEV),
        "dev" => clear(attr::NODEV),
        "noexec" => set(attr::NOEXEC),
        "exec" => clear(attr::NOEXEC),
        "nodiratime" => set(attr::NODIRATIME),
        "diratime" => clear(attr::NODIRATIME),
        "nosymfollow" => set(attr::NOSYMFOLLOW),
        "symfollow" => clear(attr::NOSYMFOLLOW),
        "relatime" | "atime" | "norelatime" | "nostrictatime" => atime(attr::RELATIME),
        "noatime" => atime(attr::NOATIME),
        "strictatime" => atime(attr::STRICTATIME),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use oci_spec::runtime::MountBuilder;

    use super::*;

    fn read(typ: &str, options: &[&str]) -> Result<Options, Error> {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let mount = MountBuilder::default()
            .destination("/x")
            .typ(typ)
            .options(options)
            .build()
            .expect("a complete mount");
        Options::read("mounts[0]", &mount)
    }

    #[test]
    fn options_are_sorted() {
        let options = read("none", &["rbind", "ro", "rro", "rslave", "nosuid", "rnoexec"])
            .expect("good options");
        assert_eq!(options.bind, Some(true));
        assert_eq!(options.own.set, attr::RDONLY | attr::NOSUID);
        assert_eq!(options.tree.set, attr::RDONLY | attr::NOEXEC);
        assert_eq!(options.propagation.len(), 1);
        assert!(options.propagation[0].recursive);
    }

    #[test]
    fn later_options_win() {
        let options = read("tmpfs", &["ro", "rw", "noatime", "strictatime", "size=1k"]);
        let options = options.expect("good options");
        assert_eq!(options.own.set, attr::STRICTATIME);
        assert_eq!(options.own.clear & attr::RDONLY, attr::RDONLY);
        assert_eq!(options.data, [(4, "size=1k".to_owned())]);
    }

    #[test]
    fn what_a_bind_mount_can_not_have_is_refused_by_place() {
        let error = read("bind", &["ro", "size=1k"]).expect_err("no size");
        assert!(error.to_string().starts_with("mounts[0].options[1]"), "{error}");
        assert!(read("bind", &["async", "defaults"]).is_ok());
        assert!(read("proc", &["tmpcopyup"]).is_err());
    }
}
