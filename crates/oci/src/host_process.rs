//! What a host process container is asked to be: processes of the host in a job, with
//! the host's own files and, at one place among them, those of the image.
//!
//! Source: the reference's `internal/jobcontainers`.

mod application;

use std::collections::BTreeMap;

use crate::Spec;
use crate::container::{ContainerError, CpuLimits};
use crate::keys::{
    CONTAINER_MEMORY_SIZE_IN_MB, CONTAINER_STORAGE_QOS_BANDWIDTH_MAXIMUM,
    CONTAINER_STORAGE_QOS_IOPS_MAXIMUM, HOST_PROCESS_INHERIT_USER, HOST_PROCESS_ROOTFS_LOCATION,
};
use crate::windows_path::clean;

pub use application::{Application, ApplicationError, application};

/// The variable that tells a process where the image's files are.
pub const SANDBOX_MOUNT_POINT: &str = "CONTAINER_SANDBOX_MOUNT_POINT";

/// Where they are unless an annotation says otherwise.
const DEFAULT_ROOT: &str = r"C:\hpc";

/// What images of Windows expect in their search path.
const EXTRA_PATHS: &str = r"C:\WINDOWS\System32\WindowsPowerShell\v1.0\;C:\WINDOWS\System32\Wbem";

/// All of the time of all processors, for a job.
const FULL_RATE: u64 = 10_000;

/// The processor time of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobCpu {
    /// At most so many of 10,000 parts of all processors' time: 1 to 10,000.
    Rate(u32),
    /// A share next to other jobs: 1 to 9.
    Weight(u32),
}

/// What the processes of the container may use together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobLimits {
    /// The processor time.
    pub cpu: Option<JobCpu>,
    /// The memory, in bytes.
    pub memory: Option<u64>,
    /// Operations a second on each volume; 0 for no limit.
    pub iops: i64,
    /// Bytes a second to and from each volume; 0 for no limit.
    pub bandwidth: i64,
}

impl JobLimits {
    /// The limits that a spec sets, on so many processors.
    ///
    /// # Errors
    /// It sets more than one of processor time.
    pub fn from_spec(spec: &Spec, processors: i32) -> Result<Self, ContainerError> {
        let CpuLimits { count, limit, weight } = CpuLimits::from_spec(spec, processors)?;
        let number = |value: i32| u64::try_from(value).unwrap_or(0);
        let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let cpu = if count > 0 {
            let rate = number(count) * FULL_RATE / number(processors).max(1);
            Some(JobCpu::Rate(small(rate.clamp(1, FULL_RATE))))
        } else if limit > 0 {
            Some(JobCpu::Rate(small(number(limit))))
        } else if weight > 0 {
            // The 10,000 steps of a container are the 9 of a job.
            Some(JobCpu::Weight(small(1 + 8 * number(weight) / FULL_RATE)))
        } else {
            None
        };
        let memory = spec.memory_in_mb(CONTAINER_MEMORY_SIZE_IN_MB);
        let storage = |limit: Option<i32>| i64::from(limit.unwrap_or(0));
        Ok(Self {
            cpu,
            memory: memory.map(|size| size.saturating_mul(1 << 20)),
            iops: storage(spec.storage_iops(CONTAINER_STORAGE_QOS_IOPS_MAXIMUM)),
            bandwidth: storage(spec.storage_bps(CONTAINER_STORAGE_QOS_BANDWIDTH_MAXIMUM)),
        })
    }
}

/// Whether the processes run as the user that makes the container. The annotation has
/// to be `true` and not one of the other ways to write it.
pub fn inherits_user(spec: &Spec) -> bool {
    spec.annotations().get(HOST_PROCESS_INHERIT_USER) == Some("true")
}

/// The folder at which the container finds the files of its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootLocation {
    /// Without a separator at its end.
    folder: String,
    is_shared: bool,
}

impl RootLocation {
    /// The folder that all containers see as theirs, each its own files there: what a
    /// host with the bind filter has.
    ///
    /// # Errors
    /// The annotation names no folder of a drive.
    pub fn bound(spec: &Spec) -> Result<Self, ContainerError> {
        let asked = spec.annotations().get(HOST_PROCESS_ROOTFS_LOCATION);
        let folder = clean(asked.filter(|folder| !folder.is_empty()).unwrap_or(DEFAULT_ROOT));
        // Of a whole drive nothing else could be seen any more.
        match folder.as_bytes() {
            [letter, b':', b'\\', _, ..] if letter.is_ascii_alphabetic() => {
                Ok(Self { folder, is_shared: true })
            }
            _ => Err(ContainerError::UnsafePath),
        }
    }

    /// A folder that is the container's alone and that everybody sees, for hosts that
    /// are older (before Windows Server 2022).
    ///
    /// # Errors
    /// As [`RootLocation::bound`].
    pub fn own(spec: &Spec, id: &str) -> Result<Self, ContainerError> {
        let above = Self::bound(spec)?.folder;
        Ok(Self { folder: clean(&format!(r"{above}\{id}")), is_shared: false })
    }

    /// A folder where the files are already, for everybody to see.
    pub fn existing(folder: &str) -> Self {
        let folder = clean(folder).trim_end_matches('\\').to_owned();
        Self { folder, is_shared: false }
    }

    /// The folder, without a separator at its end.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The folder as a process is told of it.
    fn told(&self) -> String {
        format!("{}\\", self.folder)
    }

    /// A text with the folder for what stands for it: `%CONTAINER_SANDBOX_MOUNT_POINT%`
    /// and `$env:CONTAINER_SANDBOX_MOUNT_POINT`.
    pub fn expand(&self, text: &str) -> String {
        text.replace(&format!("%{SANDBOX_MOUNT_POINT}%"), &self.folder)
            .replace(&format!("$env:{SANDBOX_MOUNT_POINT}"), &self.folder)
    }

    /// The folder that a process starts in. One that is not told to be below this one
    /// is taken for it on hosts whose containers share their view of files.
    pub fn working_directory(&self, asked: &str) -> String {
        let expanded = self.expand(asked);
        match asked {
            "" => self.told(),
            _ if expanded != asked || self.is_shared => expanded,
            _ => self.place(asked),
        }
    }

    /// Where a path of the container is below this folder: never beside it, whatever
    /// `..` there are.
    pub fn place(&self, path: &str) -> String {
        let rest = match path.as_bytes() {
            [letter, b':', ..] if letter.is_ascii_alphabetic() => &path[2..],
            _ => path,
        };
        let below = clean(&format!(r"\{}", rest.trim_start_matches(['\\', '/'])));
        match below.as_str() {
            "\\" => self.told(),
            below => format!("{}{below}", self.folder),
        }
    }

    /// The environment of a process: that of its user, then what was asked for, then
    /// what every such process has. Of names that differ in case the last counts.
    pub fn environment(
        &self,
        user: Vec<(String, String)>,
        asked: &BTreeMap<String, String>,
    ) -> Vec<(String, String)> {
        let mut all = user;
        all.extend(asked.iter().map(|(name, value)| (name.clone(), self.expand(value))));
        all.push((SANDBOX_MOUNT_POINT.into(), self.told()));
        if let Some((_, path)) = all.iter_mut().rfind(|(name, _)| is_path(name)) {
            let separator = if path.is_empty() || path.ends_with(';') { "" } else { ";" };
            *path = format!("{path}{separator}{};{EXTRA_PATHS}", self.told());
        }
        all
    }
}

/// The folders that an environment says programs are searched in.
pub fn search_path(environment: &[(String, String)]) -> &str {
    environment.iter().rfind(|(name, _)| is_path(name)).map_or("", |(_, path)| path)
}

fn is_path(name: &str) -> bool {
    name.eq_ignore_ascii_case("path")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn spec(value: Value) -> Spec {
        serde_json::from_value(value).expect("a spec")
    }

    fn limits(resources: Value) -> JobLimits {
        let spec = spec(json!({"windows": {"resources": resources}}));
        JobLimits::from_spec(&spec, 8).expect("limits")
    }

    #[test]
    fn processors_become_a_rate_or_a_weight() {
        for (cpu, expected) in [
            (json!({}), None),
            (json!({"count": 2}), Some(JobCpu::Rate(2_500))),
            (json!({"count": 99}), Some(JobCpu::Rate(10_000))),
            (json!({"maximum": 5_000}), Some(JobCpu::Rate(5_000))),
            (json!({"shares": 1}), Some(JobCpu::Weight(1))),
            (json!({"shares": 5_000}), Some(JobCpu::Weight(5))),
            (json!({"shares": 10_000}), Some(JobCpu::Weight(9))),
        ] {
            assert_eq!(limits(json!({"cpu": cpu.clone()})).cpu, expected, "{cpu}");
        }
        let many = spec(json!({"annotations": {"io.microsoft.container.processor.count": "1"}}));
        let rate = JobLimits::from_spec(&many, 20_000).expect("limits").cpu;
        assert_eq!(rate, Some(JobCpu::Rate(1)));
    }

    #[test]
    fn memory_and_storage_are_taken_as_they_are() {
        let limits = limits(json!({
            "memory": {"limit": 64 << 20}, "storage": {"iops": 7, "bps": 9},
        }));
        assert_eq!(limits, JobLimits { cpu: None, memory: Some(64 << 20), iops: 7, bandwidth: 9 });
    }

    #[test]
    fn the_root_is_where_the_annotation_says() {
        let at = |location: &str| {
            spec(json!({"annotations": {"microsoft.com/hostprocess-rootfs-location": location}}))
        };
        for (spec, bound, own) in [
            (spec(json!({})), r"C:\hpc", r"C:\hpc\c1"),
            (at(r"D:\x\"), r"D:\x", r"D:\x\c1"),
            (at(""), r"C:\hpc", r"C:\hpc\c1"),
        ] {
            assert_eq!(RootLocation::bound(&spec).expect("a root").folder(), bound);
            assert_eq!(RootLocation::own(&spec, "c1").expect("a root").folder(), own);
        }
        for location in [r"C:\", "C:", "C:x", r"\x", "x", r"\\s\s\x", r"\\?\C:\x", r"C:\a\.."] {
            let error = RootLocation::bound(&at(location)).expect_err(location);
            assert_eq!(error.to_string(), "unsafe path detected", "{location}");
        }
    }

    #[test]
    fn a_path_of_the_container_stays_below_its_root() {
        let root = RootLocation::existing(r"C:\hpc\c1\");
        for (path, place) in [
            (r"C:\a\b", r"C:\hpc\c1\a\b"),
            ("d:", r"C:\hpc\c1\"),
            ("a/b", r"C:\hpc\c1\a\b"),
            (r"..\..\Windows", r"C:\hpc\c1\Windows"),
            (r"C:..\x", r"C:\hpc\c1\x"),
            (r"\\server\share\x", r"C:\hpc\c1\server\share\x"),
        ] {
            assert_eq!(root.place(path), place, "{path}");
        }
    }

    #[test]
    fn a_process_starts_below_the_root_or_where_it_says() {
        let own = RootLocation::existing(r"C:\hpc\c1");
        let bound = RootLocation::bound(&spec(json!({}))).expect("a root");
        for (asked, in_own, in_bound) in [
            ("", r"C:\hpc\c1\", r"C:\hpc\"),
            (r"C:\work", r"C:\hpc\c1\work", r"C:\work"),
            (r"%CONTAINER_SANDBOX_MOUNT_POINT%\w", r"C:\hpc\c1\w", r"C:\hpc\w"),
            (r"$env:CONTAINER_SANDBOX_MOUNT_POINT\w", r"C:\hpc\c1\w", r"C:\hpc\w"),
        ] {
            assert_eq!(own.working_directory(asked), in_own, "{asked}");
            assert_eq!(bound.working_directory(asked), in_bound, "{asked}");
        }
    }

    #[test]
    fn the_environment_knows_the_root() {
        let root = RootLocation::existing(r"C:\hpc\c1");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let user = vec![pair("Path", r"C:\w;"), pair("A", "1")];
        let asked = BTreeMap::from([pair("B", r"%CONTAINER_SANDBOX_MOUNT_POINT%\b")]);
        let environment = root.environment(user, &asked);
        let path = format!(r"C:\w;C:\hpc\c1\;{EXTRA_PATHS}");
        assert_eq!(search_path(&environment), path);
        let others =
            [pair("A", "1"), pair("B", r"C:\hpc\c1\b"), pair(SANDBOX_MOUNT_POINT, r"C:\hpc\c1\")];
        assert_eq!(environment[1..], others);
        assert_eq!(search_path(&root.environment(Vec::new(), &BTreeMap::new())), "");
    }
}
