//! What `Stats` says a task uses.
//!
//! A Windows container's figures are the reference's `Statistics`. A Linux
//! container's are those of control groups, of the version that the machine has,
//! which is what containerd's client and its CRI plugin read on Linux.

use std::path::Path;

use hcs_schema::schema2::Statistics;
use protobuf::well_known_types::any::Any;
use shim_protos::any::pack;
use shim_protos::cgroups::{v1, v2};
use shim_protos::stats::{
    Statistics as Stats, WindowsContainerMemoryStatistics, WindowsContainerProcessorStatistics,
    WindowsContainerStatistics, WindowsContainerStorageStatistics,
};

use crate::time::timestamp;

/// The figures of a system of this kind (`linux`, `windows`).
pub(crate) fn pack_for(os: &str, statistics: &Statistics) -> protobuf::Result<Any> {
    if os != "linux" {
        return pack(&windows(statistics));
    }
    // Where there is no such folder, nothing is known of control groups.
    if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        pack(&unified(statistics))
    } else {
        pack(&legacy(statistics))
    }
}

fn windows(statistics: &Statistics) -> Stats {
    let time = |time: &hcs_schema::Timestamp| Some(timestamp(Some(time.0.into()))).into();
    let mut figures = WindowsContainerStatistics {
        timestamp: time(&statistics.timestamp),
        container_start_time: time(&statistics.container_start_time),
        uptime_ns: statistics.uptime_100ns.saturating_mul(100),
        ..Default::default()
    };
    if let Some(processor) = &statistics.processor {
        figures.processor = Some(WindowsContainerProcessorStatistics {
            total_runtime_ns: processor.total_runtime_100ns.saturating_mul(100),
            runtime_user_ns: processor.runtime_user_100ns.saturating_mul(100),
            runtime_kernel_ns: processor.runtime_kernel_100ns.saturating_mul(100),
            ..Default::default()
        })
        .into();
    }
    if let Some(memory) = &statistics.memory {
        figures.memory = Some(WindowsContainerMemoryStatistics {
            memory_usage_commit_bytes: memory.memory_usage_commit_bytes,
            memory_usage_commit_peak_bytes: memory.memory_usage_commit_peak_bytes,
            memory_usage_private_working_set_bytes: memory.memory_usage_private_working_set_bytes,
            ..Default::default()
        })
        .into();
    }
    if let Some(storage) = &statistics.storage {
        figures.storage = Some(WindowsContainerStorageStatistics {
            read_count_normalized: storage.read_count_normalized,
            read_size_bytes: storage.read_size_bytes,
            write_count_normalized: storage.write_count_normalized,
            write_size_bytes: storage.write_size_bytes,
            ..Default::default()
        })
        .into();
    }
    let mut stats = Stats::default();
    stats.set_windows(figures);
    stats
}

fn legacy(statistics: &Statistics) -> v1::Metrics {
    let mut metrics = v1::Metrics::default();
    if let Some(processor) = &statistics.processor {
        let usage = v1::CPUUsage {
            total: processor.total_runtime_100ns.saturating_mul(100),
            user: processor.runtime_user_100ns.saturating_mul(100),
            kernel: processor.runtime_kernel_100ns.saturating_mul(100),
            ..Default::default()
        };
        let throttling = Some(v1::Throttle::default()).into();
        metrics.cpu =
            Some(v1::CPUStat { usage: Some(usage).into(), throttling, ..Default::default() })
                .into();
    }
    if let Some(memory) = &statistics.memory {
        let usage = v1::MemoryEntry {
            usage: memory.memory_usage_commit_bytes,
            max: memory.memory_usage_commit_peak_bytes,
            ..Default::default()
        };
        metrics.memory = Some(v1::MemoryStat {
            usage: Some(usage).into(),
            total_inactive_file: inactive(statistics),
            swap: Some(v1::MemoryEntry::default()).into(),
            kernel: Some(v1::MemoryEntry::default()).into(),
            kernel_tcp: Some(v1::MemoryEntry::default()).into(),
            ..Default::default()
        })
        .into();
    }
    if let Some(storage) = &statistics.storage {
        let entry = |op: &str, value| v1::BlkIOEntry { op: op.into(), value, ..Default::default() };
        metrics.blkio = Some(v1::BlkIOStat {
            io_service_bytes_recursive: vec![
                entry("Read", storage.read_size_bytes),
                entry("Write", storage.write_size_bytes),
            ],
            io_serviced_recursive: vec![
                entry("Read", storage.read_count_normalized),
                entry("Write", storage.write_count_normalized),
            ],
            ..Default::default()
        })
        .into();
    }
    metrics.pids = Some(v1::PidsStat::default()).into();
    metrics
}

fn unified(statistics: &Statistics) -> v2::Metrics {
    let mut metrics = v2::Metrics::default();
    if let Some(processor) = &statistics.processor {
        metrics.cpu = Some(v2::CPUStat {
            usage_usec: processor.total_runtime_100ns / 10,
            user_usec: processor.runtime_user_100ns / 10,
            system_usec: processor.runtime_kernel_100ns / 10,
            ..Default::default()
        })
        .into();
    }
    if let Some(memory) = &statistics.memory {
        metrics.memory = Some(v2::MemoryStat {
            usage: memory.memory_usage_commit_bytes,
            inactive_file: inactive(statistics),
            ..Default::default()
        })
        .into();
    }
    if let Some(storage) = &statistics.storage {
        let entry = v2::IOEntry {
            rbytes: storage.read_size_bytes,
            wbytes: storage.write_size_bytes,
            rios: storage.read_count_normalized,
            wios: storage.write_count_normalized,
            ..Default::default()
        };
        metrics.io = Some(v2::IOStat { usage: vec![entry], ..Default::default() }).into();
    }
    metrics.pids = Some(v2::PidsStat::default()).into();
    metrics
}

/// What of the memory in use is not of the working set: the file cache that nobody
/// has used of late.
fn inactive(statistics: &Statistics) -> u64 {
    statistics.memory.as_ref().map_or(0, |memory| {
        memory
            .memory_usage_commit_bytes
            .saturating_sub(memory.memory_usage_private_working_set_bytes)
    })
}
