//! Writing the planned settings.

use std::io;

use oci_spec::runtime::LinuxResources;

use crate::controller::{Controller, Version};
use crate::devices::{self, Rule};
use crate::dir::Dir;
use crate::error::denied;
use crate::plan::{Machine, Setting, Target, plan};
use crate::{Error, Group};

impl Group {
    /// Sets the limits of an OCI document, before the group holds processes or
    /// while they run. A number that is 0 or absent, and a list that is empty,
    /// change nothing.
    ///
    /// Every field is honoured or refused by name, but `memory.kernel`, which
    /// kernels since 5.16 ignore, and runc does too. Devices are allowed as the
    /// rules say, the last that matches wins, and what none matches is denied.
    ///
    /// # Errors
    /// [`Error::Unsupported`] and [`Error::Invalid`] before anything is written.
    /// After [`Error::Limit`], [`Error::Permission`], [`Error::InternalProcesses`]
    /// and [`Error::Io`] some limits may have changed: applying the former
    /// document again undoes that.
    pub fn apply(&self, resources: &LinuxResources) -> Result<(), Error> {
        let settings = plan(resources, self)?;
        let rules: Vec<Rule> = devices::rules(resources)?;
        let devices = devices::Change::plan(self, &rules)?;
        self.write_all(settings)?;
        match devices {
            Some(change) => change.make(self),
            None => Ok(()),
        }
    }

    /// Writes settings of which some are only valid after others: the limit of
    /// memory may not pass that of memory and swap, nor the burst the quota, and
    /// which has to go first depends on what they are now. So what is refused
    /// as invalid is tried again as long as others succeed.
    fn write_all(&self, mut pending: Vec<Setting>) -> Result<(), Error> {
        loop {
            let before = pending.len();
            let mut refused = Vec::new();
            let mut first = None;
            for setting in pending {
                match self.write_one(&setting) {
                    Ok(()) => {}
                    Err(error @ Error::Limit { .. }) if is_invalid(&error) => {
                        first.get_or_insert(error);
                        refused.push(setting);
                    }
                    Err(error) => return Err(error),
                }
            }
            match first {
                None => return Ok(()),
                Some(error) if refused.len() == before => return Err(error),
                Some(_) => pending = refused,
            }
        }
    }

    fn write_one(&self, setting: &Setting) -> Result<(), Error> {
        let field = setting.field.as_ref();
        let dir = match &setting.target {
            Target::Controller(controller) => self.limiting(*controller, field)?,
            // The core files (cgroup.max.depth) need no controller.
            Target::Unified(name) if name == "cgroup" => self.unified().ok_or_else(|| {
                Error::unsupported(field, "this machine has no version 2 hierarchy")
            })?,
            Target::Unified(name) => self.limiting_v2(name, field)?,
        };
        for (file, value) in &setting.files {
            match dir.write(file, value) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(refusal(field, dir, file, value, error)),
                Ok(()) => return Ok(()),
            }
        }
        if setting.optional {
            return Ok(());
        }
        let names: Vec<&str> = setting.files.iter().map(|(file, _)| file.as_str()).collect();
        Err(Error::unsupported(field, format!("this kernel has no {}", names.join(" or "))))
    }
}

impl Machine for Group {
    fn version(&self, controller: Controller) -> Option<Version> {
        self.version_of(controller)
    }

    fn read(&self, controller: Controller, file: &str) -> Option<String> {
        match self.version_of(controller)? {
            Version::V1 => self.v1(controller.v1()),
            Version::V2 => self.unified(),
        }?
        .read(file)
        .ok()
    }

    fn has_unified(&self) -> bool {
        self.unified().is_some()
    }
}

fn is_invalid(error: &Error) -> bool {
    matches!(error, Error::Limit { source, .. } if source.raw_os_error() == Some(libc::EINVAL))
}

fn refusal(field: &str, dir: &Dir, file: &str, value: &str, source: io::Error) -> Error {
    let path = dir.path().join(file);
    if denied(&source) {
        return Error::Permission { operation: "writing", path, source };
    }
    Error::Limit { field: field.to_owned(), value: value.to_owned(), path, source }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::Hierarchies;

    /// A group in a folder that looks like a version 2 hierarchy.
    fn fake(root: &Path, files: &[&str]) -> Group {
        fs::write(root.join("cgroup.controllers"), "cpu io memory pids\n").unwrap();
        fs::write(root.join("cgroup.subtree_control"), "").unwrap();
        let mounts = format!("1 1 0:1 / {} rw - cgroup2 cgroup2 rw\n", root.display());
        let group = Group::create(&Hierarchies::parse(&mounts, "0::/\n").unwrap(), "a/b").unwrap();
        let dir = group.unified().unwrap().path().to_path_buf();
        fs::write(dir.join("cgroup.controllers"), "cpu io memory pids\n").unwrap();
        for file in files {
            fs::write(dir.join(file), "").unwrap();
        }
        group
    }

    fn apply(group: &Group, json: &str) -> Result<(), Error> {
        group.apply(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn values_land_in_their_files() {
        let root = tempfile::tempdir().unwrap();
        let group =
            fake(root.path(), &["memory.max", "cpu.weight", "cpu.max", "pids.max", "io.weight"]);
        let json = r#"{"memory":{"limit":1048576},"cpu":{"shares":1024,"quota":50000},
            "pids":{"limit":7},"blockIO":{"weight":10}}"#;
        apply(&group, json).unwrap();
        let dir = root.path().join("a/b");
        for (file, value) in [
            ("memory.max", "1048576"),
            ("cpu.weight", "39"),
            ("cpu.max", "50000 100000"),
            ("pids.max", "7"),
            ("io.weight", "1"),
        ] {
            assert_eq!(fs::read_to_string(dir.join(file)).unwrap(), value, "{file}");
        }
        let handed_down = fs::read_to_string(root.path().join("cgroup.subtree_control")).unwrap();
        assert_eq!(handed_down, "+cpu +memory +pids +io");
    }

    #[test]
    fn a_missing_file_is_an_error_with_field_and_file() {
        let root = tempfile::tempdir().unwrap();
        let group = fake(root.path(), &[]);
        let error = apply(&group, r#"{"blockIO":{"weight":10}}"#).unwrap_err().to_string();
        assert_eq!(
            error,
            "linux.resources.blockIO.weight: this kernel has no io.bfq.weight or io.weight"
        );
        let error = apply(&group, r#"{"cpu":{"cpus":"0"}}"#).unwrap_err().to_string();
        assert_eq!(error, "linux.resources.cpu.cpus: this machine has no cpuset controller");
        // What only asks for the default is fine without a file for it.
        apply(&group, r#"{"cpu":{"idle":0,"burst":0}}"#).unwrap();
    }
}
