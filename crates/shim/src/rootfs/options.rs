//! The options of a mount, as fstab and containerd write them.

use std::io;

use rustix::mount::{MountFlags, MountPropagationFlags};

/// What options say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) flags: MountFlags,
    pub(super) bind: bool,
    pub(super) recursive: bool,
    pub(super) propagation: MountPropagationFlags,
    /// What the filesystem itself is told.
    pub(super) data: Vec<String>,
}

pub(super) fn parse(options: &[String]) -> io::Result<Options> {
    let mut parsed = Options {
        flags: MountFlags::empty(),
        bind: false,
        recursive: false,
        propagation: MountPropagationFlags::empty(),
        data: Vec::new(),
    };
    for option in options {
        if let Some((set, flag)) = flag(option) {
            parsed.flags.set(flag, set);
        } else if let Some(propagation) = propagation(option) {
            parsed.propagation |= propagation;
        } else {
            match option.as_str() {
                "bind" => parsed.bind = true,
                "rbind" => (parsed.bind, parsed.recursive) = (true, true),
                "" | "defaults" => {}
                "loop" => {
                    return Err(io::Error::new(
                        io::ErrorKind::Unsupported,
                        "option loop: attach the loop device and name that as the source",
                    ));
                }
                _ => parsed.data.push(option.clone()),
            }
        }
    }
    Ok(parsed)
}

/// A flag, and whether the option sets it.
fn flag(option: &str) -> Option<(bool, MountFlags)> {
    Some(match option {
        "ro" => (true, MountFlags::RDONLY),
        "rw" => (false, MountFlags::RDONLY),
        "nosuid" => (true, MountFlags::NOSUID),
        "suid" => (false, MountFlags::NOSUID),
        "nodev" => (true, MountFlags::NODEV),
        "dev" => (false, MountFlags::NODEV),
        "noexec" => (true, MountFlags::NOEXEC),
        "exec" => (false, MountFlags::NOEXEC),
        "sync" => (true, MountFlags::SYNCHRONOUS),
        "async" => (false, MountFlags::SYNCHRONOUS),
        "dirsync" => (true, MountFlags::DIRSYNC),
        "mand" => (true, MountFlags::PERMIT_MANDATORY_FILE_LOCKING),
        "nomand" => (false, MountFlags::PERMIT_MANDATORY_FILE_LOCKING),
        "noatime" => (true, MountFlags::NOATIME),
        "atime" => (false, MountFlags::NOATIME),
        "nodiratime" => (true, MountFlags::NODIRATIME),
        "diratime" => (false, MountFlags::NODIRATIME),
        "relatime" => (true, MountFlags::RELATIME),
        "norelatime" => (false, MountFlags::RELATIME),
        "strictatime" => (true, MountFlags::STRICTATIME),
        "nostrictatime" => (false, MountFlags::STRICTATIME),
        _ => return None,
    })
}

fn propagation(option: &str) -> Option<MountPropagationFlags> {
    let (kind, recursive) = match option.strip_prefix('r') {
        Some(kind @ ("private" | "shared" | "slave" | "unbindable")) => (kind, true),
        _ => (option, false),
    };
    let flag = match kind {
        "private" => MountPropagationFlags::PRIVATE,
        "shared" => MountPropagationFlags::SHARED,
        "slave" => MountPropagationFlags::DOWNSTREAM,
        "unbindable" => MountPropagationFlags::UNBINDABLE,
        _ => return None,
    };
    Some(if recursive { flag | MountPropagationFlags::REC } else { flag })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(options: &str) -> Options {
        let options: Vec<String> = options.split(',').map(str::to_owned).collect();
        parse(&options).expect("options")
    }

    #[test]
    fn flags_and_data_are_told_apart() {
        let options = parsed("nosuid,ro,nodev,dev,lowerdir=/a:/b,upperdir=/u,index=off");
        assert_eq!(options.flags, MountFlags::NOSUID | MountFlags::RDONLY);
        assert_eq!(options.data, ["lowerdir=/a:/b", "upperdir=/u", "index=off"]);
        assert!(!options.bind);
    }

    #[test]
    fn a_bind_mount_may_be_recursive_and_private() {
        let options = parsed("rbind,rprivate,rw");
        assert!(options.bind && options.recursive && options.flags.is_empty());
        let expected = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        assert_eq!(options.propagation, expected);
    }

    #[test]
    fn a_loop_device_is_not_made() {
        assert!(parse(&["loop".to_owned()]).is_err());
    }
}
