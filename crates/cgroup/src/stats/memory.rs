//! Memory.

use std::collections::BTreeMap;

use super::{Stats, keyed, number, oom_kills_in, text};
use crate::controller::Controller;
use crate::dir::Dir;
use crate::{Error, Group};

/// Version 1 shows "no limit" as the largest number of whole pages.
const NO_LIMIT_V1: u64 = i64::MAX.cast_unsigned() - 65_535;

impl Group {
    pub(super) fn memory_stats(&self, stats: &mut Stats) -> Result<(), Error> {
        if let Some(dir) = self.v1(Controller::Memory.v1()) {
            return v1(dir, stats);
        }
        match self.unified() {
            Some(dir) => v2(dir, stats),
            None => Ok(()),
        }
    }
}

fn v1(dir: &Dir, stats: &mut Stats) -> Result<(), Error> {
    let limit = |file| Ok(number(dir, file)?.filter(|limit| *limit < NO_LIMIT_V1));
    stats.memory_usage = number(dir, "memory.usage_in_bytes")?;
    stats.memory_peak = number(dir, "memory.max_usage_in_bytes")?;
    stats.memory_limit = limit("memory.limit_in_bytes")?;
    // The limit with swap is met first where both are the same.
    let swap_hits = number(dir, "memory.memsw.failcnt")?.unwrap_or(0);
    stats.memory_limit_hits = number(dir, "memory.failcnt")?.map(|hits| hits + swap_hits);
    stats.memory_kernel = number(dir, "memory.kmem.usage_in_bytes")?;
    // Here the kernel counts memory and swap together.
    let both_limit = limit("memory.memsw.limit_in_bytes")?;
    let swap_limit = both_limit.zip(stats.memory_limit);
    stats.memory_swap_limit = swap_limit.map(|(both, memory)| both.saturating_sub(memory));
    stats.oom_kills = oom_kills_in(&text(dir, "memory.oom_control")?);
    stats.memory_stat = lines(&text(dir, "memory.stat")?);
    // The lines with "total_" count the groups inside too.
    let total = |key: &str| {
        let found = stats.memory_stat.get(&format!("total_{key}"));
        found.or_else(|| stats.memory_stat.get(key)).copied()
    };
    stats.memory_swap_usage = total("swap");
    stats.memory_anon = total("rss");
    stats.memory_file = total("cache");
    stats.memory_mapped_file = total("mapped_file");
    stats.memory_page_faults = total("pgfault");
    stats.memory_major_page_faults = total("pgmajfault");
    stats.memory_working_set = working_set(stats.memory_usage, total("inactive_file"));
    Ok(())
}

fn v2(dir: &Dir, stats: &mut Stats) -> Result<(), Error> {
    stats.memory_usage = number(dir, "memory.current")?;
    stats.memory_peak = number(dir, "memory.peak")?;
    stats.memory_limit = number(dir, "memory.max")?;
    stats.memory_swap_usage = number(dir, "memory.swap.current")?;
    stats.memory_swap_limit = number(dir, "memory.swap.max")?;
    let events = text(dir, "memory.events")?;
    stats.memory_limit_hits = keyed(&events, "max");
    stats.oom_kills = oom_kills_in(&events);
    stats.memory_stat = lines(&text(dir, "memory.stat")?);
    let line = |key: &str| stats.memory_stat.get(key).copied();
    stats.memory_anon = line("anon");
    stats.memory_file = line("file");
    stats.memory_mapped_file = line("file_mapped");
    // Kernels before 5.18 don't add it up.
    stats.memory_kernel = line("kernel").or_else(|| Some(line("slab")? + line("kernel_stack")?));
    stats.memory_page_faults = line("pgfault");
    stats.memory_major_page_faults = line("pgmajfault");
    stats.memory_working_set = working_set(stats.memory_usage, line("inactive_file"));
    Ok(())
}

fn working_set(usage: Option<u64>, inactive_file: Option<u64>) -> Option<u64> {
    Some(usage?.saturating_sub(inactive_file.unwrap_or(0)))
}

fn lines(text: &str) -> BTreeMap<String, u64> {
    let pair = |line: &str| {
        let (key, value) = line.split_once(' ')?;
        Some((key.to_owned(), value.parse().ok()?))
    };
    text.lines().filter_map(pair).collect()
}
