//! What a container tells of itself.

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::time::{Duration, SystemTime};

use hcs_schema::schema2::{
    MemoryStats, ProcessDetails, ProcessorStats, Properties, PropertyQuery, PropertyType,
    Statistics, StorageStats,
};
use hcs_schema::{SystemType, Timestamp};
use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::ProcessStatus::{
    K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS, PROCESS_MEMORY_COUNTERS_EX,
};
use windows_sys::Win32::System::Threading::{
    GetProcessTimes, OpenProcess, PROCESS_NAME_WIN32, PROCESS_QUERY_INFORMATION,
    QueryFullProcessImageNameW,
};

use super::Container;
use crate::failure::Outcome;
use crate::job::working_set;
use crate::named_pipe::size_of_u32;

/// 100-nanosecond units from 1601, where Windows begins to count, to 1970.
const TO_1970: u64 = 116_444_736_000_000_000;

impl Container {
    /// What is asked for; that which is basic always.
    pub(super) fn properties(&self, query: &PropertyQuery) -> Outcome<Properties> {
        let state = *self.state();
        let mut properties = Properties {
            id: self.id.to_string(),
            system_type: SystemType::Container,
            runtime_os_type: "Windows".into(),
            name: self.id.to_string(),
            state: state.as_str().into(),
            stopped: self.hub.exit().is_some(),
            exit_type: self.hub.exit().map(|exit| exit.exit_type).unwrap_or_default(),
            terminate_on_last_handle_closed: true,
            ..Properties::default()
        };
        for kind in &query.property_types {
            match kind {
                PropertyType::Statistics => properties.statistics = Some(self.statistics()),
                PropertyType::ProcessList => properties.process_list = self.process_list()?,
                kind => tracing::debug!(?kind, "a job has no such property"),
            }
        }
        Ok(properties)
    }

    /// What its processes use. What this Windows does not measure is not there.
    fn statistics(&self) -> Statistics {
        fn told<T>(what: &str, told: Result<T, crate::job::JobError>) -> Option<T> {
            told.inspect_err(|error| tracing::debug!(%error, "no {what}")).ok()
        }
        let now = SystemTime::now();
        let started = self.started.get().copied().unwrap_or(now);
        let processor = told("processor time", self.job.processor_use()).map(|used| {
            let (user, kernel) = (ticks(used.user), ticks(used.kernel));
            ProcessorStats {
                total_runtime_100ns: user.saturating_add(kernel),
                runtime_user_100ns: user,
                runtime_kernel_100ns: kernel,
                ..ProcessorStats::default()
            }
        });
        let memory = told("memory", self.job.memory_use()).map(|used| MemoryStats {
            memory_usage_commit_bytes: used.now,
            memory_usage_commit_peak_bytes: used.peak,
            memory_usage_private_working_set_bytes: told(
                "working set",
                self.job.private_working_set(),
            )
            .unwrap_or_default(),
            ..MemoryStats::default()
        });
        let storage = told("storage", self.job.storage_use()).map(|used| StorageStats {
            read_count_normalized: used.read.count,
            read_size_bytes: used.read.bytes,
            write_count_normalized: used.write.count,
            write_size_bytes: used.write.bytes,
            ..StorageStats::default()
        });
        Statistics {
            timestamp: Timestamp(now.into()),
            container_start_time: Timestamp(started.into()),
            uptime_100ns: ticks(now.duration_since(started).unwrap_or_default()),
            processor,
            memory,
            storage,
            ..Statistics::default()
        }
    }

    fn process_list(&self) -> Outcome<Vec<ProcessDetails>> {
        let pids = self.job.pids()?.into_iter();
        Ok(pids.filter_map(|pid| self.process_details(pid)).collect())
    }

    /// What is known of a process; `None` once it has gone.
    fn process_details(&self, pid: u32) -> Option<ProcessDetails> {
        // SAFETY: no pointers.
        let process = unsafe { OpenProcess(PROCESS_QUERY_INFORMATION, 0, pid) };
        if process.is_null() {
            return None;
        }
        // SAFETY: it was just opened for us.
        let process = unsafe { OwnedHandle::from_raw_handle(process) };
        let process = process.as_handle();
        // The id may be another process's by now.
        if !self.job.contains(process).ok()? {
            return None;
        }
        let (created, kernel, user) = times(process).unwrap_or_default();
        let (commit, working) = memory(process).unwrap_or_default();
        let private = working_set(process).unwrap_or_default().min(working);
        Some(ProcessDetails {
            process_id: pid.cast_signed(),
            image_name: image(process).unwrap_or_default(),
            create_timestamp: Timestamp(moment(created).into()),
            user_time_100ns: small(user),
            kernel_time_100ns: small(kernel),
            memory_commit_bytes: small(commit),
            memory_working_set_private_bytes: small(private),
            memory_working_set_shared_bytes: small(working - private),
            ..ProcessDetails::default()
        })
    }
}

/// What the document has room for.
fn small(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn ticks(time: Duration) -> u64 {
    u64::try_from(time.as_nanos() / 100).unwrap_or(u64::MAX)
}

fn moment(ticks: u64) -> SystemTime {
    let since = ticks.saturating_sub(TO_1970);
    let since =
        Duration::from_secs(since / 10_000_000) + Duration::from_nanos(since % 10_000_000 * 100);
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// When a process was made, and its time in the kernel and in programs.
fn times(process: BorrowedHandle<'_>) -> Option<(u64, u64, u64)> {
    let mut times = [FILETIME::default(); 4];
    let [made, ended, kernel, user] = &mut times;
    // SAFETY: the handle is open, and the times go to our variables.
    let done = unsafe { GetProcessTimes(process.as_raw_handle(), made, ended, kernel, user) };
    let [made, _, kernel, user] =
        times.map(|time| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime));
    (done != 0).then_some((made, kernel, user))
}

/// The memory that a process has committed, and its working set.
fn memory(process: BorrowedHandle<'_>) -> Option<(u64, u64)> {
    let mut told = PROCESS_MEMORY_COUNTERS_EX::default();
    let size = const { size_of_u32::<PROCESS_MEMORY_COUNTERS_EX>() };
    told.cb = size;
    let place = (&raw mut told).cast::<PROCESS_MEMORY_COUNTERS>();
    // SAFETY: the handle is open, and the structure is of the size that is told.
    let done = unsafe { K32GetProcessMemoryInfo(process.as_raw_handle(), place, size) };
    let number = |size| u64::try_from(size).unwrap_or(u64::MAX);
    (done != 0).then(|| (number(told.PrivateUsage), number(told.WorkingSetSize)))
}

/// The name of a process's program, without its folder.
fn image(process: BorrowedHandle<'_>) -> Option<String> {
    let mut path = vec![0u16; 32 * 1024];
    let mut length = u32::try_from(path.len()).ok()?;
    // SAFETY: the handle is open, and there is as much room as is told.
    let done = unsafe {
        QueryFullProcessImageNameW(
            process.as_raw_handle(),
            PROCESS_NAME_WIN32,
            path.as_mut_ptr(),
            &raw mut length,
        )
    };
    if done == 0 {
        return None;
    }
    let path = String::from_utf16_lossy(path.get(..usize::try_from(length).ok()?)?);
    path.rsplit('\\').next().map(str::to_owned)
}
