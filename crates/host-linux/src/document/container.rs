//! What both schemas say of a container, as an OCI spec.

use std::path::{Path, PathBuf};

use oci_spec::runtime::{
    Linux, LinuxBlockIo, LinuxCpu, LinuxMemory, LinuxNamespace, LinuxNamespaceType, LinuxPids,
    LinuxResources, LinuxThrottleDeviceBuilder, Mount, Root, Spec,
};

use super::{Plan, PlannedRoot, Refusal, defaults};

/// A container, whichever document it came from.
#[derive(Debug, Default)]
pub(crate) struct Container {
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) hostname: String,
    /// Topmost first.
    pub(crate) layers: Vec<PathBuf>,
    /// The scratch of the layers, or the root file system where there are none.
    pub(crate) path: Option<PathBuf>,
    pub(crate) directories: Vec<MappedDirectory>,
    pub(crate) pipes: Vec<MappedPipe>,
    pub(crate) limits: Limits,
    pub(crate) network: Network,
    pub(crate) terminate_on_last_handle_closed: bool,
}

/// A folder of the host in the container.
#[derive(Debug, Clone)]
pub(crate) struct MappedDirectory {
    pub(crate) host: PathBuf,
    pub(crate) container: PathBuf,
    pub(crate) read_only: bool,
}

/// A socket of the host in the container.
#[derive(Debug, Clone)]
pub(crate) struct MappedPipe {
    pub(crate) host: PathBuf,
    pub(crate) container: PathBuf,
}

/// Limits in the documents' units; `None` where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) memory_mb: Option<u64>,
    /// Processors' worth of time.
    pub(crate) processor_count: Option<u32>,
    /// Share of all processors' time, 1 to 10,000.
    pub(crate) processor_maximum: Option<u32>,
    /// 1 to 10,000.
    pub(crate) processor_weight: Option<u32>,
    pub(crate) iops: Option<u64>,
    /// Bytes a second.
    pub(crate) bandwidth: Option<u64>,
    pub(crate) pids: Option<i64>,
}

/// Which network a container sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Network {
    /// One of its own, with nothing but a loopback.
    #[default]
    None,
    /// A network namespace that exists.
    Namespace(PathBuf),
}

/// Microseconds in which a processor quota is counted, the kernel's default.
const CPU_PERIOD: u64 = 100_000;

impl Container {
    pub(crate) fn plan(self, id: &str) -> Result<Plan, Refusal> {
        let disk = self.scratch_disk();
        let mut spec = Spec::default();
        spec.set_hostname(Some(if self.hostname.is_empty() {
            defaults::hostname(id)
        } else {
            self.hostname
        }));
        let mut root = Root::default();
        root.set_readonly(Some(false));
        let planned = match (self.layers.is_empty(), self.path) {
            (false, scratch) => PlannedRoot::Overlay { lowers: self.layers, scratch },
            (true, Some(path)) => {
                root.set_path(path);
                PlannedRoot::Spec
            }
            (true, None) => {
                return Err(Refusal::invalid(
                    "Storage",
                    "a container needs Layers, or a Path with its root file system",
                ));
            }
        };
        spec.set_root(Some(root));
        let mut mounts = defaults::mounts();
        mounts.extend(self.directories.iter().map(MappedDirectory::mount));
        mounts.extend(self.pipes.iter().map(MappedPipe::mount));
        spec.set_mounts(Some(mounts));
        spec.set_process(Some(defaults::process()));

        let resources = self.limits.resources(disk)?;
        let mut linux: Linux = defaults::linux();
        let mut namespaces = defaults::namespaces();
        let mut network = LinuxNamespace::default();
        network.set_typ(LinuxNamespaceType::Network);
        if let Network::Namespace(path) = &self.network {
            network.set_path(Some(path.clone()));
        }
        namespaces.push(network);
        linux.set_namespaces(Some(namespaces));
        linux.set_resources(Some(resources));
        defaults::user_namespace(&mut linux);
        spec.set_linux(Some(linux));
        Ok(Plan {
            owner: self.owner,
            name: self.name,
            spec,
            bundle: PathBuf::from("/"),
            root: planned,
            oci: false,
            terminate_on_last_handle_closed: self.terminate_on_last_handle_closed,
            has_limits: self.limits != Limits::default(),
        })
    }
}

impl MappedDirectory {
    fn mount(&self) -> Mount {
        bind(&self.host, &self.container, self.read_only)
    }
}

impl MappedPipe {
    fn mount(&self) -> Mount {
        bind(&self.host, &self.container, false)
    }
}

fn bind(host: &Path, container: &Path, read_only: bool) -> Mount {
    let mut options = vec!["rbind".to_owned(), "rprivate".to_owned()];
    options.push(if read_only { "rro" } else { "rw" }.to_owned());
    let mut mount = Mount::default();
    mount
        .set_destination(container.to_owned())
        .set_source(Some(host.to_owned()))
        .set_typ(Some("bind".to_owned()))
        .set_options(Some(options));
    mount
}

/// Where a pipe of this name is in a container: at its path, or in `/run/pipe`.
pub(crate) fn pipe_path(name: &str) -> Result<PathBuf, Refusal> {
    let name = name.strip_prefix(r"\\.\pipe\").unwrap_or(name);
    let path = Path::new("/run/pipe").join(name);
    let plain =
        |part| matches!(part, std::path::Component::Normal(_) | std::path::Component::RootDir);
    if name.is_empty() || !path.components().all(plain) {
        return Err(Refusal::invalid(
            "MappedPipes.ContainerPipeName",
            format!("{name:?} names no pipe"),
        ));
    }
    Ok(path)
}

impl Limits {
    /// The limits as OCI resources. `disk` is the device that storage limits
    /// count on.
    pub(crate) fn resources(
        &self,
        disk: Result<(i64, i64), Refusal>,
    ) -> Result<LinuxResources, Refusal> {
        let mut resources = LinuxResources::default();
        resources.set_devices(Some(defaults::device_rules()));
        if let Some(megabytes) = self.memory_mb {
            let bytes = i64::try_from(megabytes.saturating_mul(1 << 20))
                .map_err(|_| Refusal::invalid("Memory.SizeInMB", "more than any machine has"))?;
            let mut memory = LinuxMemory::default();
            memory.set_limit(Some(bytes));
            resources.set_memory(Some(memory));
        }
        if let Some(cpu) = self.cpu()? {
            resources.set_cpu(Some(cpu));
        }
        if let Some(limit) = self.pids {
            let mut pids = LinuxPids::default();
            pids.set_limit(limit);
            resources.set_pids(Some(pids));
        }
        if self.iops.is_some() || self.bandwidth.is_some() {
            let (major, minor) = disk?;
            let throttle = |rate: u64| {
                let device = LinuxThrottleDeviceBuilder::default();
                let device = device.major(major).minor(minor).rate(rate).build();
                device.ok().map(|device| vec![device])
            };
            let mut block = LinuxBlockIo::default();
            if let Some(iops) = self.iops {
                block
                    .set_throttle_read_iops_device(throttle(iops))
                    .set_throttle_write_iops_device(throttle(iops));
            }
            if let Some(bandwidth) = self.bandwidth {
                block
                    .set_throttle_read_bps_device(throttle(bandwidth))
                    .set_throttle_write_bps_device(throttle(bandwidth));
            }
            resources.set_block_io(Some(block));
        }
        Ok(resources)
    }

    fn cpu(&self) -> Result<Option<LinuxCpu>, Refusal> {
        let given = [self.processor_count, self.processor_maximum, self.processor_weight];
        if given == [None; 3] {
            return Ok(None);
        }
        let mut cpu = LinuxCpu::default();
        // The reference lets only one of the three through; here a count and a
        // maximum both hold, so the smaller does.
        let by_count = self.processor_count.map(|count| u64::from(count) * CPU_PERIOD);
        let by_maximum = self
            .processor_maximum
            .map(|maximum| in_range("Processor.Maximum", maximum))
            .transpose()?
            .map(|maximum| maximum * CPU_PERIOD * processors() / 10_000);
        if let Some(quota) = by_count.into_iter().chain(by_maximum).min() {
            // The kernel takes no quota below a millisecond.
            cpu.set_period(Some(CPU_PERIOD)).set_quota(i64::try_from(quota.max(1000)).ok());
        }
        if let Some(weight) = self.processor_weight {
            let weight = in_range("Processor.Weight", weight)?;
            cpu.set_shares(Some(cgroup::weight_to_shares(weight)));
        }
        Ok(Some(cpu))
    }
}

fn in_range(field: &str, value: u32) -> Result<u64, Refusal> {
    match value {
        1..=10_000 => Ok(value.into()),
        _ => Err(Refusal::invalid(field, format!("{value} is not in 1 to 10000"))),
    }
}

/// How many processors the machine has.
fn processors() -> u64 {
    std::thread::available_parallelism().map_or(1, |count| count.get() as u64)
}

impl Container {
    /// The disk that the writable layer is on.
    fn scratch_disk(&self) -> Result<(i64, i64), Refusal> {
        let path = self.path.as_deref().unwrap_or(Path::new("/var/lib"));
        disk_of(path)
    }
}

/// The whole disk that a path is on; partitions have no limits of their own.
pub(crate) fn disk_of(path: &Path) -> Result<(i64, i64), Refusal> {
    let none = || {
        Refusal::unsupported(
            "Storage.QoS",
            "the writable layer is on no disk whose rate can be limited",
        )
        .with_hint("name a Storage.Path on a file system of a block device")
    };
    let existing = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let stat = rustix::fs::stat(existing).map_err(|_| none())?;
    let (major, minor) = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
    let sys =
        std::fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).map_err(|_| none())?;
    let whole = if sys.join("partition").exists() { sys.parent().unwrap_or(&sys) } else { &sys };
    let text = std::fs::read_to_string(whole.join("dev")).map_err(|_| none())?;
    let (major, minor) = text.trim().split_once(':').ok_or_else(none)?;
    major.parse().ok().zip(minor.parse().ok()).ok_or_else(none)
}
