//! When and where a process runs: scheduler, I/O priority, processors, memory nodes.

use oci_spec::runtime::{
    IOPriorityClass, LinuxIOPriority, LinuxMemoryPolicy, LinuxSchedulerFlag, LinuxSchedulerPolicy,
    MemoryPolicyModeType, Process, Scheduler,
};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::error::{At, Error};
use crate::sys::{self, SchedAttr};

/// Everything of a process that belongs here, ready for the kernel.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    scheduler: Option<SchedAttr>,
    io_priority: Option<i32>,
    /// Processors for the time before the process is in its control group.
    pub(crate) initial: Option<Vec<usize>>,
    affinity: Option<Vec<usize>>,
    memory: Option<(i32, Vec<u64>)>,
}

impl Schedule {
    /// Reads the settings. `execCPUAffinity` is for processes added to a running container, as
    /// its name says.
    pub(crate) fn read(
        process: &Process,
        memory: Option<&LinuxMemoryPolicy>,
        is_exec: bool,
    ) -> Result<Self, Error> {
        let affinity = process.exec_cpu_affinity().as_ref().filter(|_| is_exec);
        let list = |name: &str, text: &Option<String>| {
            let field = format!("process.execCPUAffinity.{name}");
            text.as_deref().map(|text| numbers(&field, text, CpuSet::MAX_CPU)).transpose()
        };
        Ok(Self {
            scheduler: process.scheduler().as_ref().map(scheduler).transpose()?,
            io_priority: process.io_priority().as_ref().map(io_priority).transpose()?,
            initial: match affinity {
                Some(affinity) => list("initial", affinity.initial())?,
                None => None,
            },
            affinity: match affinity {
                Some(affinity) => list("final", affinity.cpu_affinity_final())?,
                None => None,
            },
            memory: memory.map(memory_policy).transpose()?,
        })
    }

    /// Applies the settings to the calling process.
    pub(crate) fn apply(&self) -> Result<(), Error> {
        if let Some(attr) = &self.scheduler {
            sys::sched_setattr(attr).at("process.scheduler", "set the scheduler")?;
        }
        if let Some(value) = self.io_priority {
            sys::ioprio_set(value).at("process.ioPriority", "set the priority")?;
        }
        if let Some(cpus) = &self.affinity {
            pin("process.execCPUAffinity.final", cpus)?;
        }
        if let Some((mode, nodes)) = &self.memory {
            sys::set_mempolicy(*mode, nodes).at("linux.memoryPolicy", "set the policy")?;
        }
        Ok(())
    }

    /// Pins the process before it joins its control group.
    pub(crate) fn apply_initial(&self) -> Result<(), Error> {
        let cpus = self.initial.as_deref();
        cpus.map_or(Ok(()), |cpus| pin("process.execCPUAffinity.initial", cpus))
    }
}

fn pin(field: &str, cpus: &[usize]) -> Result<(), Error> {
    let mut set = CpuSet::new();
    cpus.iter().for_each(|cpu| set.set(*cpu));
    sched_setaffinity(None, &set).at(field, "set the processors")
}

/// A list such as `0-3,7`.
fn numbers(field: &str, text: &str, limit: usize) -> Result<Vec<usize>, Error> {
    let wrong = || Error::invalid(field, format!("{text:?} is no list of numbers like 0-3,7"));
    let mut all = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let first: usize = first.trim().parse().map_err(|_| wrong())?;
        let last: usize = last.trim().parse().map_err(|_| wrong())?;
        if first > last || last >= limit {
            return Err(wrong());
        }
        all.extend(first..=last);
    }
    Ok(all)
}

fn scheduler(wanted: &Scheduler) -> Result<SchedAttr, Error> {
    let policy = match wanted.policy() {
        LinuxSchedulerPolicy::SchedOther => libc::SCHED_OTHER,
        LinuxSchedulerPolicy::SchedFifo => libc::SCHED_FIFO,
        LinuxSchedulerPolicy::SchedRr => libc::SCHED_RR,
        LinuxSchedulerPolicy::SchedBatch => libc::SCHED_BATCH,
        LinuxSchedulerPolicy::SchedIdle => libc::SCHED_IDLE,
        LinuxSchedulerPolicy::SchedDeadline => libc::SCHED_DEADLINE,
        LinuxSchedulerPolicy::SchedIso => {
            let reason = "Linux has reserved SCHED_ISO but never had it";
            return Err(Error::unsupported("process.scheduler.policy", reason));
        }
    };
    let mut attr = SchedAttr {
        size: u32::try_from(size_of::<SchedAttr>()).unwrap_or_default(),
        policy: policy.unsigned_abs(),
        nice: wanted.nice().unwrap_or(0),
        runtime: wanted.runtime().unwrap_or(0),
        deadline: wanted.deadline().unwrap_or(0),
        period: wanted.period().unwrap_or(0),
        ..SchedAttr::default()
    };
    attr.priority = u32::try_from(wanted.priority().unwrap_or(0))
        .map_err(|_| Error::invalid("process.scheduler.priority", "is negative"))?;
    for flag in wanted.flags().iter().flatten() {
        attr.flags |= match flag {
            LinuxSchedulerFlag::SchedResetOnFork => 0x01,
            LinuxSchedulerFlag::SchedFlagReclaim => 0x02,
            LinuxSchedulerFlag::SchedFlagDLOverrun => 0x04,
            LinuxSchedulerFlag::SchedFlagKeepPolicy => 0x08,
            LinuxSchedulerFlag::SchedFlagKeepParams => 0x10,
            LinuxSchedulerFlag::SchedFlagUtilClampMin => 0x20,
            LinuxSchedulerFlag::SchedFlagUtilClampMax => 0x40,
        };
    }
    Ok(attr)
}

fn io_priority(wanted: &LinuxIOPriority) -> Result<i32, Error> {
    let class = match wanted.class() {
        IOPriorityClass::IoprioClassRt => 1,
        IOPriorityClass::IoprioClassBe => 2,
        IOPriorityClass::IoprioClassIdle => 3,
    };
    let level = i32::try_from(wanted.priority()).ok().filter(|level| (0..8).contains(level));
    let level =
        level.ok_or_else(|| Error::invalid("process.ioPriority.priority", "must be 0 to 7"))?;
    Ok(class << 13 | level)
}

fn memory_policy(wanted: &LinuxMemoryPolicy) -> Result<(i32, Vec<u64>), Error> {
    use oci_spec::runtime::MemoryPolicyFlagType as Flag;
    let mut mode = match wanted.mode() {
        MemoryPolicyModeType::MpolDefault => 0,
        MemoryPolicyModeType::MpolPreferred => 1,
        MemoryPolicyModeType::MpolBind => 2,
        MemoryPolicyModeType::MpolInterleave => 3,
        MemoryPolicyModeType::MpolLocal => 4,
        MemoryPolicyModeType::MpolPreferredMany => 5,
        MemoryPolicyModeType::MpolWeightedInterleave => 6,
    };
    for flag in wanted.flags().iter().flatten() {
        mode |= match flag {
            Flag::MpolFNumaBalancing => 1 << 13,
            Flag::MpolFRelativeNodes => 1 << 14,
            Flag::MpolFStaticNodes => 1 << 15,
        };
    }
    let mut mask = Vec::new();
    if let Some(nodes) = wanted.nodes().as_deref().filter(|nodes| !nodes.is_empty()) {
        for node in numbers("linux.memoryPolicy.nodes", nodes, 1024)? {
            let word = node / 64;
            if mask.len() <= word {
                mask.resize(word + 1, 0u64);
            }
            mask[word] |= 1 << (node % 64);
        }
    }
    Ok((mode, mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors() {
        assert_eq!(numbers("f", "0-2,5", 8).expect("a list"), [0, 1, 2, 5]);
        for wrong in ["", "a", "3-1", "8", "1,,2", "-1"] {
            assert!(numbers("f", wrong, 8).is_err(), "{wrong}");
        }
    }
}
