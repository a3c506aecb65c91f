//! Kernel parameters of the container's name spaces.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};

use crate::error::{At, Error};
use crate::namespaces::{Namespaces, kind, name};

/// A parameter as a file below `/proc/sys`, and its value.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Parameter {
    field: String,
    file: String,
    value: String,
}

/// Reads the parameters. One that belongs to no name space of the container would change the host
/// and is refused.
pub(crate) fn prepare<'a>(
    wanted: impl Iterator<Item = (&'a String, &'a String)>,
    namespaces: &Namespaces,
) -> Result<Vec<Parameter>, Error> {
    wanted
        .map(|(key, value)| {
            let field = format!("linux.sysctl[{key:?}]");
            let file = file(key);
            if file.split('/').any(|part| matches!(part, "" | "." | "..")) {
                return Err(Error::invalid(field, "is no name of a kernel parameter"));
            }
            let Some(owner) = owner(&file) else {
                let reason = "the parameter is the whole machine's, no name space has its own";
                return Err(Error::unsupported(field, reason));
            };
            if !namespaces.has(owner) {
                let reason = format!(
                    "it would change the host: give the container a {} name space",
                    name(owner)
                );
                return Err(Error::invalid(field, reason));
            }
            Ok(Parameter { field, file, value: value.clone() })
        })
        .collect()
}

/// `net.ipv4.ip_forward`, or with slashes, where dots are part of names.
fn file(key: &str) -> String {
    match key.find(['.', '/']) {
        Some(place) if key.as_bytes()[place] == b'.' => {
            let swap = |c| match c {
                '.' => '/',
                '/' => '.',
                other => other,
            };
            key.chars().map(swap).collect()
        }
        _ => key.to_owned(),
    }
}

/// The kind of name space that a parameter belongs to.
fn owner(file: &str) -> Option<u64> {
    const IPC: [&str; 8] = [
        "kernel/msgmax",
        "kernel/msgmnb",
        "kernel/msgmni",
        "kernel/sem",
        "kernel/shmall",
        "kernel/shmmax",
        "kernel/shmmni",
        "kernel/shm_rmid_forced",
    ];
    if file.starts_with("net/") {
        Some(kind::NETWORK)
    } else if IPC.contains(&file) || file.starts_with("fs/mqueue/") {
        Some(kind::IPC)
    } else if matches!(file, "kernel/domainname" | "kernel/hostname") {
        Some(kind::UTS)
    } else {
        None
    }
}

/// Sets the parameters of the name spaces that the process is in.
pub(crate) fn apply(parameters: &[Parameter], proc: &OwnedFd) -> Result<(), Error> {
    for parameter in parameters {
        let file = format!("sys/{}", parameter.file);
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(proc, &file, flags, Mode::empty())
            .at_with(|| (parameter.field.clone(), format!("open /proc/{file}")))?;
        rustix::io::write(&opened, parameter.value.as_bytes())
            .at_with(|| (parameter.field.clone(), format!("write {:?}", parameter.value)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_files() {
        assert_eq!(file("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
        assert_eq!(file("net/ipv4/conf/eth0.1/x"), "net/ipv4/conf/eth0.1/x");
        assert_eq!(file("net.ipv4.conf.eth0/1.x"), "net/ipv4/conf/eth0.1/x");
    }

    #[test]
    fn the_host_is_left_alone() {
        let namespaces = Namespaces { new: kind::IPC, joined: Vec::new() };
        let check = |key: &str| {
            let (key, value) = (key.to_owned(), "1".to_owned());
            prepare([(&key, &value)].into_iter(), &namespaces).map(|list| list.len())
        };
        assert!(check("kernel.shmmax").is_ok() && check("fs.mqueue.msg_max").is_ok());
        for key in ["net.core.somaxconn", "kernel.hostname", "vm.swappiness", "kernel.shmmax.."] {
            assert!(check(key).is_err(), "{key}");
        }
        assert!(check("net..ipv4").is_err() && check("net/../kernel/x").is_err());
    }
}
