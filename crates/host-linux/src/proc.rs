//! What `/proc` tells of one process.

use std::fs;
use std::time::{Duration, SystemTime};

/// A process, as far as a process list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProcessInfo {
    pub(crate) name: String,
    pub(crate) started: SystemTime,
    pub(crate) user_100ns: u64,
    pub(crate) kernel_100ns: u64,
    pub(crate) commit_bytes: u64,
    pub(crate) private_bytes: u64,
    pub(crate) shared_bytes: u64,
}

impl ProcessInfo {
    /// Reads a process; `None` where there is none of this pid.
    pub(crate) fn read(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let stat = Stat::parse(&stat)?;
        let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
        let mut pages = statm.split(' ').map(|field| field.trim().parse::<u64>().unwrap_or(0));
        let page = rustix::param::page_size() as u64;
        let (size, resident, shared) = (pages.next()?, pages.next()?, pages.next()?);
        let ticks = rustix::param::clock_ticks_per_second();
        let hundreds = |count: u64| count.saturating_mul(10_000_000) / ticks.max(1);
        Some(Self {
            started: boot_time() + Duration::from_millis(stat.start_time * 1000 / ticks.max(1)),
            user_100ns: hundreds(stat.user),
            kernel_100ns: hundreds(stat.kernel),
            commit_bytes: size * page,
            private_bytes: resident.saturating_sub(shared) * page,
            shared_bytes: shared * page,
            name: stat.name.to_owned(),
        })
    }
}

/// When a process began, in clock ticks since the boot: with its pid this names
/// it for ever. `None` where there is none of this pid.
pub(crate) fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Stat::parse(&stat).map(|stat| stat.start_time)
}

/// Fields of `/proc/PID/stat` (proc(5)).
struct Stat<'a> {
    name: &'a str,
    user: u64,
    kernel: u64,
    start_time: u64,
}

impl<'a> Stat<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        // The name is in parentheses and may hold any character itself.
        let (open, close) = (text.find('(')?, text.rfind(')')?);
        let fields: Vec<&str> = text.get(close + 2..)?.split(' ').collect();
        // The first field after the name is number 3.
        let field = |number: usize| fields.get(number - 3)?.trim().parse().ok();
        Some(Self {
            name: text.get(open + 1..close)?,
            user: field(14)?,
            kernel: field(15)?,
            start_time: field(22)?,
        })
    }
}

fn boot_time() -> SystemTime {
    let since = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let since = Duration::new(
        u64::try_from(since.tv_sec).unwrap_or(0),
        u32::try_from(since.tv_nsec).unwrap_or(0),
    );
    SystemTime::now() - since
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_is_read_whole() {
        let text = "7 (a ) b) S 1 7 7 0 -1 4 0 0 0 0 11 12 0 0 20 0 1 0 99 0 0\n";
        let stat = Stat::parse(text).expect("stat");
        assert_eq!((stat.name, stat.user, stat.kernel, stat.start_time), ("a ) b", 11, 12, 99));
        assert!(Stat::parse("7 (x").is_none());
        assert!(Stat::parse("").is_none());
    }

    #[test]
    fn this_process_is_there() {
        let info = ProcessInfo::read(std::process::id()).expect("this process");
        assert!(info.started <= SystemTime::now());
        assert!(info.commit_bytes > 0);
        assert_eq!(start_time(std::process::id()), start_time(std::process::id()));
    }
}
