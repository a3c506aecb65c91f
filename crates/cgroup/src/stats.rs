//! What a group uses, in one form for both versions.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::controller::Controller;
use crate::dir::Dir;
use crate::oom::oom_kills_in;
use crate::{Error, Group};

mod io_counters;
mod memory;

/// What a group and the groups inside it use and have used. `None` is what this
/// machine can't tell; a limit that is `None` may also be none at all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Processor time, in nanoseconds.
    pub cpu_total_ns: Option<u64>,
    /// Processor time outside the kernel, in nanoseconds.
    pub cpu_user_ns: Option<u64>,
    /// Processor time in the kernel, in nanoseconds.
    pub cpu_kernel_ns: Option<u64>,
    /// Processor time on each processor, in nanoseconds; empty where unknown.
    pub cpu_per_processor_ns: Vec<u64>,
    /// Periods in which the group ran under a quota.
    pub cpu_periods: Option<u64>,
    /// Periods in which it used its quota up.
    pub cpu_throttled_periods: Option<u64>,
    /// For how long it waited for the next period, in nanoseconds.
    pub cpu_throttled_ns: Option<u64>,
    /// Stalls for want of a processor.
    pub cpu_pressure: Option<Pressure>,

    /// Bytes of memory in use, caches included.
    pub memory_usage: Option<u64>,
    /// The most of that so far.
    pub memory_peak: Option<u64>,
    /// Its limit, in bytes.
    pub memory_limit: Option<u64>,
    /// The part of it that can't be reclaimed easily: less inactive file caches.
    pub memory_working_set: Option<u64>,
    /// Bytes not backed by a file (what version 1 calls rss).
    pub memory_anon: Option<u64>,
    /// Bytes of file caches, shared memory included.
    pub memory_file: Option<u64>,
    /// Bytes of files mapped.
    pub memory_mapped_file: Option<u64>,
    /// Bytes of kernel memory.
    pub memory_kernel: Option<u64>,
    /// Page faults.
    pub memory_page_faults: Option<u64>,
    /// Page faults that had to read from a disk.
    pub memory_major_page_faults: Option<u64>,
    /// How often the limit was met.
    pub memory_limit_hits: Option<u64>,
    /// Bytes swapped out.
    pub memory_swap_usage: Option<u64>,
    /// The limit of swap alone, in bytes.
    pub memory_swap_limit: Option<u64>,
    /// Every line of `memory.stat`, by the names of the version in use.
    pub memory_stat: BTreeMap<String, u64>,
    /// Processes ended for want of memory.
    pub oom_kills: Option<u64>,
    /// Stalls for want of memory.
    pub memory_pressure: Option<Pressure>,

    /// Bytes read from block devices.
    pub io_read_bytes: Option<u64>,
    /// Bytes written to block devices.
    pub io_write_bytes: Option<u64>,
    /// Reads of block devices.
    pub io_read_ops: Option<u64>,
    /// Writes to block devices.
    pub io_write_ops: Option<u64>,
    /// The same for each device.
    pub io_devices: Vec<DeviceIo>,
    /// Stalls for want of a block device.
    pub io_pressure: Option<Pressure>,

    /// Processes and threads.
    pub pids_current: Option<u64>,
    /// The limit of that.
    pub pids_limit: Option<u64>,

    /// Huge pages, by size.
    pub hugetlb: Vec<Hugetlb>,
    /// RDMA devices.
    pub rdma: Vec<RdmaDevice>,
}

/// Traffic with one block device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceIo {
    /// Its major number.
    pub major: u32,
    /// Its minor number.
    pub minor: u32,
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub write_bytes: u64,
    /// Reads.
    pub read_ops: u64,
    /// Writes.
    pub write_ops: u64,
}

/// Huge pages of one size.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hugetlb {
    /// The size as the kernel names it, such as `2MB`.
    pub page_size: String,
    /// Bytes in use.
    pub usage: u64,
    /// The most of that so far; `None` in version 2.
    pub peak: Option<u64>,
    /// How often the limit was met.
    pub limit_hits: u64,
}

/// What is held of one RDMA device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RdmaDevice {
    /// Its name.
    pub device: String,
    /// Handles.
    pub handles: u64,
    /// Objects.
    pub objects: u64,
}

/// Pressure stall information: how long processes waited for a resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Pressure {
    /// At least one process waited.
    pub some: PressureLine,
    /// All of them waited.
    pub full: PressureLine,
}

/// One line of pressure stall information.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PressureLine {
    /// Share of the last 10 seconds, in percent.
    pub avg10: f64,
    /// Share of the last minute, in percent.
    pub avg60: f64,
    /// Share of the last five minutes, in percent.
    pub avg300: f64,
    /// In all, in microseconds.
    pub total_us: u64,
}

impl Group {
    /// Reads what the group uses.
    ///
    /// # Errors
    /// [`Error::Permission`], [`Error::Io`]. A file that is missing is no error:
    /// what it would tell is `None`.
    pub fn stats(&self) -> Result<Stats, Error> {
        let mut stats = Stats::default();
        self.cpu_stats(&mut stats)?;
        self.memory_stats(&mut stats)?;
        self.io_stats(&mut stats)?;
        self.other_stats(&mut stats)?;
        if let Some(dir) = self.unified() {
            stats.cpu_pressure = pressure(dir, "cpu.pressure");
            stats.memory_pressure = pressure(dir, "memory.pressure");
            stats.io_pressure = pressure(dir, "io.pressure");
        }
        Ok(stats)
    }

    fn cpu_stats(&self, stats: &mut Stats) -> Result<(), Error> {
        // Every version 2 group counts time, whatever controllers it has.
        if let Some(dir) = self.unified() {
            let text = text(dir, "cpu.stat")?;
            let time = |key| Some(keyed(&text, key)?.saturating_mul(1_000));
            stats.cpu_total_ns = time("usage_usec");
            stats.cpu_user_ns = time("user_usec");
            stats.cpu_kernel_ns = time("system_usec");
            stats.cpu_periods = keyed(&text, "nr_periods");
            stats.cpu_throttled_periods = keyed(&text, "nr_throttled");
            stats.cpu_throttled_ns = time("throttled_usec");
        }
        if let Some(dir) = self.v1("cpuacct") {
            stats.cpu_total_ns = number(dir, "cpuacct.usage")?.or(stats.cpu_total_ns);
            if stats.cpu_user_ns.is_none() {
                stats.cpu_user_ns = number(dir, "cpuacct.usage_user")?;
                stats.cpu_kernel_ns = number(dir, "cpuacct.usage_sys")?;
            }
            let each = text(dir, "cpuacct.usage_percpu")?;
            stats.cpu_per_processor_ns =
                each.split_whitespace().filter_map(|time| time.parse().ok()).collect();
        }
        if let Some(dir) = self.v1(Controller::Cpu.v1()) {
            let text = text(dir, "cpu.stat")?;
            stats.cpu_periods = keyed(&text, "nr_periods");
            stats.cpu_throttled_periods = keyed(&text, "nr_throttled");
            stats.cpu_throttled_ns = keyed(&text, "throttled_time");
        }
        Ok(())
    }

    fn other_stats(&self, stats: &mut Stats) -> Result<(), Error> {
        if let Some(dir) = self.v1(Controller::Pids.v1()).or(self.unified()) {
            stats.pids_current = number(dir, "pids.current")?;
            stats.pids_limit = number(dir, "pids.max")?;
        }
        if let Some(dir) = self.v1(Controller::Rdma.v1()).or(self.unified()) {
            stats.rdma = text(dir, "rdma.current")?.lines().filter_map(rdma).collect();
        }
        if let Some(dir) = self.v1(Controller::Hugetlb.v1()) {
            stats.hugetlb = hugetlb(dir, "usage_in_bytes")?;
        } else if let Some(dir) = self.unified() {
            stats.hugetlb = hugetlb(dir, "current")?;
        }
        Ok(())
    }
}

/// The text of a file; one that is missing, or that the kernel can't serve now,
/// is empty.
fn text(dir: &Dir, file: &str) -> Result<String, Error> {
    match dir.read(file) {
        Err(error) if untold(&error) => Ok(String::new()),
        other => other.map_err(|error| Error::io("reading", dir.path().join(file), error)),
    }
}

fn untold(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENODEV | libc::EOPNOTSUPP))
}

/// A file of one number; `max` is none.
fn number(dir: &Dir, file: &str) -> Result<Option<u64>, Error> {
    Ok(text(dir, file)?.trim().parse().ok())
}

/// The number behind a key at the start of a line.
fn keyed(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

fn pressure(dir: &Dir, file: &str) -> Option<Pressure> {
    let text = dir.read(file).ok()?;
    let line = |kind: &str| text.lines().find_map(|line| pressure_line(line.strip_prefix(kind)?));
    Some(Pressure { some: line("some ")?, full: line("full ").unwrap_or_default() })
}

fn pressure_line(fields: &str) -> Option<PressureLine> {
    let mut line = PressureLine::default();
    for (key, value) in fields.split_whitespace().filter_map(|field| field.split_once('=')) {
        match key {
            "avg10" => line.avg10 = value.parse().ok()?,
            "avg60" => line.avg60 = value.parse().ok()?,
            "avg300" => line.avg300 = value.parse().ok()?,
            "total" => line.total_us = value.parse().ok()?,
            _ => {}
        }
    }
    Some(line)
}

/// `mlx4_0 hca_handle=2 hca_object=20`.
fn rdma(line: &str) -> Option<RdmaDevice> {
    let mut fields = line.split_whitespace();
    let device = fields.next()?.to_owned();
    let mut found = RdmaDevice { device, ..RdmaDevice::default() };
    for (key, value) in fields.filter_map(|field| field.split_once('=')) {
        match key {
            "hca_handle" => found.handles = value.parse().ok()?,
            "hca_object" => found.objects = value.parse().ok()?,
            _ => {}
        }
    }
    Some(found)
}

/// The sizes are those the directory has files for.
fn hugetlb(dir: &Dir, ending: &str) -> Result<Vec<Hugetlb>, Error> {
    let failed = |error| Error::io("reading", dir.path(), error);
    let mut found = Vec::new();
    for name in dir.files().map_err(failed)? {
        let size = name.strip_prefix("hugetlb.").and_then(|rest| rest.strip_suffix(ending));
        let Some(size) = size.and_then(|size| size.strip_suffix('.')) else {
            continue;
        };
        // hugetlb.2MB.rsvd.current counts reservations.
        if size.contains('.') {
            continue;
        }
        let events = text(dir, &format!("hugetlb.{size}.events"))?;
        let hits = keyed(&events, "max").or(number(dir, &format!("hugetlb.{size}.failcnt"))?);
        found.push(Hugetlb {
            page_size: size.to_owned(),
            usage: number(dir, &name)?.unwrap_or(0),
            peak: number(dir, &format!("hugetlb.{size}.max_usage_in_bytes"))?,
            limit_hits: hits.unwrap_or(0),
        });
    }
    found.sort_by(|one, other| one.page_size.cmp(&other.page_size));
    Ok(found)
}

#[cfg(test)]
mod tests;
