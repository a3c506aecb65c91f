//! Labels of Linux security modules for the program that is executed next.

use std::os::fd::OwnedFd;

use oci_spec::runtime::Process;
use rustix::fs::{Mode, OFlags};

use crate::error::{At, Error};

/// What is written to which attribute file.
#[derive(Debug)]
pub(crate) struct Label {
    field: &'static str,
    files: &'static [&'static str],
    text: String,
}

impl Label {
    /// Reads both kinds of label. A module that the kernel does not run is an error: the process
    /// would be less confined than asked for.
    pub(crate) fn read(process: &Process) -> Result<Option<Self>, Error> {
        let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let apparmor = set(process.apparmor_profile()).map(|profile| Self {
            field: "process.apparmorProfile",
            files: &["thread-self/attr/apparmor/exec", "thread-self/attr/exec"],
            text: format!("exec {profile}"),
        });
        let selinux = set(process.selinux_label()).map(|label| Self {
            field: "process.selinuxLabel",
            files: &["thread-self/attr/exec"],
            text: label,
        });
        let (label, module) = match (apparmor, selinux) {
            (Some(_), Some(_)) => {
                let reason = "process.apparmorProfile is set too, and a kernel runs one of both";
                return Err(Error::invalid("process.selinuxLabel", reason));
            }
            (Some(label), None) => (label, "/sys/kernel/security/apparmor"),
            (None, Some(label)) => (label, "/sys/fs/selinux"),
            (None, None) => return Ok(None),
        };
        let apparmor_runs = || {
            let enabled = std::fs::read("/sys/module/apparmor/parameters/enabled");
            enabled.is_ok_and(|text| text.starts_with(b"Y"))
        };
        let runs = if module.ends_with("apparmor") {
            apparmor_runs()
        } else {
            std::path::Path::new(module).join("enforce").exists()
        };
        if !runs {
            let reason = format!("{module} is not there, the kernel runs without this module");
            return Err(Error::unsupported(label.field, reason));
        }
        Ok(Some(label))
    }

    /// Sets the label for the next `execve` of the calling thread.
    pub(crate) fn apply(&self, proc: &OwnedFd) -> Result<(), Error> {
        let open = |file: &&str| {
            let flags = OFlags::WRONLY | OFlags::CLOEXEC;
            rustix::fs::openat(proc, *file, flags, Mode::empty())
        };
        let opened = self.files.iter().map(open).reduce(|first, next| first.or(next));
        let file = opened.unwrap_or(Err(rustix::io::Errno::NOENT));
        let file = file.at(self.field, "open the attribute")?;
        rustix::io::write(&file, self.text.as_bytes())
            .at_with(|| (self.field.into(), format!("set {:?}", self.text)))?;
        Ok(())
    }
}
