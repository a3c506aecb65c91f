//! The cgroup metrics of a Linux container, as containerd has them (`io.containerd.cgroups.v1`).

use crate::document::document;

document! {
    /// The metrics of a container.
    pub struct Metrics {
        /// Huge pages, for each size.
        pub hugetlb: Vec<HugetlbStat> = "hugetlb",
        /// Processes.
        pub pids: Option<PidsStat> = "pids",
        /// Processor time.
        pub cpu: Option<CPUStat> = "cpu",
        /// Memory.
        pub memory: Option<MemoryStat> = "memory",
        /// Block devices.
        pub blkio: Option<BlkIOStat> = "blkio",
        /// RDMA devices.
        pub rdma: Option<RdmaStat> = "rdma",
        /// Network interfaces.
        pub network: Vec<NetworkStat> = "network",
        /// Tasks by state.
        pub cgroup_stats: Option<CgroupStats> = "cgroup_stats",
        /// What happens when memory is used up.
        pub memory_oom_control: Option<MemoryOomControl> = "memory_oom_control",
    }

    /// Huge pages of a size.
    pub struct HugetlbStat {
        /// Bytes in use.
        pub usage: u64 = "usage",
        /// The most bytes in use at a time.
        pub max: u64 = "max",
        /// How often the limit was met.
        pub failcnt: u64 = "failcnt",
        /// The size, such as `2MB`.
        pub pagesize: String = "pagesize",
    }

    /// Processes.
    pub struct PidsStat {
        /// How many there are.
        pub current: u64 = "current",
        /// The most there may be; 0 for no limit.
        pub limit: u64 = "limit",
    }

    /// Processor time.
    pub struct CPUStat {
        /// Time used.
        pub usage: Option<CPUUsage> = "usage",
        /// How the limit was met.
        pub throttling: Option<Throttle> = "throttling",
    }

    /// Processor time used, in nanoseconds.
    pub struct CPUUsage {
        /// All time.
        pub total: u64 = "total",
        /// Time in the kernel.
        pub kernel: u64 = "kernel",
        /// Time in user mode.
        pub user: u64 = "user",
        /// All time, for each processor.
        pub per_cpu: Vec<u64> = "per_cpu",
    }

    /// How the limit of processor time was met.
    pub struct Throttle {
        /// Periods that have passed.
        pub periods: u64 = "periods",
        /// Periods in which the limit was met.
        pub throttled_periods: u64 = "throttled_periods",
        /// Time lost, in nanoseconds.
        pub throttled_time: u64 = "throttled_time",
    }

    /// Memory, in bytes where not said otherwise; `total_*` includes child cgroups.
    pub struct MemoryStat {
        /// Page cache.
        pub cache: u64 = "cache",
        /// Anonymous memory.
        pub rss: u64 = "rss",
        /// Anonymous memory in huge pages.
        pub rss_huge: u64 = "rss_huge",
        /// Mapped files.
        pub mapped_file: u64 = "mapped_file",
        /// Memory that waits to be written.
        pub dirty: u64 = "dirty",
        /// Memory that is being written.
        pub writeback: u64 = "writeback",
        /// Pages charged, a count.
        pub pg_pg_in: u64 = "pg_pg_in",
        /// Pages uncharged, a count.
        pub pg_pg_out: u64 = "pg_pg_out",
        /// Page faults, a count.
        pub pg_fault: u64 = "pg_fault",
        /// Page faults that had to read, a count.
        pub pg_maj_fault: u64 = "pg_maj_fault",
        /// Anonymous memory not used lately.
        pub inactive_anon: u64 = "inactive_anon",
        /// Anonymous memory used lately.
        pub active_anon: u64 = "active_anon",
        /// Memory of files not used lately.
        pub inactive_file: u64 = "inactive_file",
        /// Memory of files used lately.
        pub active_file: u64 = "active_file",
        /// Memory that can't be reclaimed.
        pub unevictable: u64 = "unevictable",
        /// The limit of memory in the whole hierarchy.
        pub hierarchical_memory_limit: u64 = "hierarchical_memory_limit",
        /// The limit of memory and swap in the whole hierarchy.
        pub hierarchical_swap_limit: u64 = "hierarchical_swap_limit",
        /// All page cache.
        pub total_cache: u64 = "total_cache",
        /// All anonymous memory.
        pub total_rss: u64 = "total_rss",
        /// All anonymous memory in huge pages.
        pub total_rss_huge: u64 = "total_rss_huge",
        /// All mapped files.
        pub total_mapped_file: u64 = "total_mapped_file",
        /// All memory that waits to be written.
        pub total_dirty: u64 = "total_dirty",
        /// All memory that is being written.
        pub total_writeback: u64 = "total_writeback",
        /// All pages charged, a count.
        pub total_pg_pg_in: u64 = "total_pg_pg_in",
        /// All pages uncharged, a count.
        pub total_pg_pg_out: u64 = "total_pg_pg_out",
        /// All page faults, a count.
        pub total_pg_fault: u64 = "total_pg_fault",
        /// All page faults that had to read, a count.
        pub total_pg_maj_fault: u64 = "total_pg_maj_fault",
        /// All anonymous memory not used lately.
        pub total_inactive_anon: u64 = "total_inactive_anon",
        /// All anonymous memory used lately.
        pub total_active_anon: u64 = "total_active_anon",
        /// All memory of files not used lately.
        pub total_inactive_file: u64 = "total_inactive_file",
        /// All memory of files used lately.
        pub total_active_file: u64 = "total_active_file",
        /// All memory that can't be reclaimed.
        pub total_unevictable: u64 = "total_unevictable",
        /// Memory in use.
        pub usage: Option<MemoryEntry> = "usage",
        /// Memory and swap in use.
        pub swap: Option<MemoryEntry> = "swap",
        /// Kernel memory in use.
        pub kernel: Option<MemoryEntry> = "kernel",
        /// Memory of TCP buffers in use.
        pub kernel_tcp: Option<MemoryEntry> = "kernel_tcp",
    }

    /// Memory of a kind, in bytes.
    pub struct MemoryEntry {
        /// The limit.
        pub limit: u64 = "limit",
        /// In use.
        pub usage: u64 = "usage",
        /// The most in use at a time.
        pub max: u64 = "max",
        /// How often the limit was met.
        pub failcnt: u64 = "failcnt",
    }

    /// Block devices.
    pub struct BlkIOStat {
        /// Bytes carried.
        pub io_service_bytes_recursive: Vec<BlkIOEntry> = "io_service_bytes_recursive",
        /// Operations done.
        pub io_serviced_recursive: Vec<BlkIOEntry> = "io_serviced_recursive",
        /// Operations that wait.
        pub io_queued_recursive: Vec<BlkIOEntry> = "io_queued_recursive",
        /// Time between start and end of operations, in nanoseconds.
        pub io_service_time_recursive: Vec<BlkIOEntry> = "io_service_time_recursive",
        /// Time that operations waited, in nanoseconds.
        pub io_wait_time_recursive: Vec<BlkIOEntry> = "io_wait_time_recursive",
        /// Operations merged into others.
        pub io_merged_recursive: Vec<BlkIOEntry> = "io_merged_recursive",
        /// Time that the device was in use, in milliseconds.
        pub io_time_recursive: Vec<BlkIOEntry> = "io_time_recursive",
        /// Sectors carried.
        pub sectors_recursive: Vec<BlkIOEntry> = "sectors_recursive",
    }

    /// A figure of a block device.
    pub struct BlkIOEntry {
        /// The operation, such as `Read` or `Write`.
        pub op: String = "op",
        /// The device's path.
        pub device: String = "device",
        /// The device's major number.
        pub major: u64 = "major",
        /// The device's minor number.
        pub minor: u64 = "minor",
        /// The figure.
        pub value: u64 = "value",
    }

    /// RDMA devices.
    pub struct RdmaStat {
        /// What is in use, for each device.
        pub current: Vec<RdmaEntry> = "current",
        /// The limits, for each device.
        pub limit: Vec<RdmaEntry> = "limit",
    }

    /// Figures of an RDMA device.
    pub struct RdmaEntry {
        /// The device's name.
        pub device: String = "device",
        /// Handles.
        pub hca_handles: u32 = "hca_handles",
        /// Objects.
        pub hca_objects: u32 = "hca_objects",
    }

    /// Traffic of a network interface.
    pub struct NetworkStat {
        /// The interface's name.
        pub name: String = "name",
        /// Bytes that came in.
        pub rx_bytes: u64 = "rx_bytes",
        /// Packets that came in.
        pub rx_packets: u64 = "rx_packets",
        /// Incoming packets with errors.
        pub rx_errors: u64 = "rx_errors",
        /// Incoming packets that were dropped.
        pub rx_dropped: u64 = "rx_dropped",
        /// Bytes that went out.
        pub tx_bytes: u64 = "tx_bytes",
        /// Packets that went out.
        pub tx_packets: u64 = "tx_packets",
        /// Outgoing packets with errors.
        pub tx_errors: u64 = "tx_errors",
        /// Outgoing packets that were dropped.
        pub tx_dropped: u64 = "tx_dropped",
    }

    /// The number of tasks in each state.
    pub struct CgroupStats {
        /// Asleep.
        pub nr_sleeping: u64 = "nr_sleeping",
        /// Running.
        pub nr_running: u64 = "nr_running",
        /// Stopped.
        pub nr_stopped: u64 = "nr_stopped",
        /// Waiting, and not to be interrupted.
        pub nr_uninterruptible: u64 = "nr_uninterruptible",
        /// Waiting for a device.
        pub nr_io_wait: u64 = "nr_io_wait",
    }

    /// What happens when memory is used up.
    pub struct MemoryOomControl {
        /// Whether tasks wait instead of being killed: 0 or 1.
        pub oom_kill_disable: u64 = "oom_kill_disable",
        /// Whether memory is used up now: 0 or 1.
        pub under_oom: u64 = "under_oom",
        /// How many tasks were killed.
        pub oom_kill: u64 = "oom_kill",
    }
}
