//! `linux.resources.cpu`.

use oci_spec::runtime::LinuxCpu;

use super::{Plan, given};
use crate::Error;
use crate::controller::{Controller, Version};
use crate::convert::shares_to_weight;

const SHARES: &str = "linux.resources.cpu.shares";
const QUOTA: &str = "linux.resources.cpu.quota";
const PERIOD: &str = "linux.resources.cpu.period";
const BURST: &str = "linux.resources.cpu.burst";
const RT_RUNTIME: &str = "linux.resources.cpu.realtimeRuntime";
const RT_PERIOD: &str = "linux.resources.cpu.realtimePeriod";
const IDLE: &str = "linux.resources.cpu.idle";
const CPUS: &str = "linux.resources.cpu.cpus";
const MEMS: &str = "linux.resources.cpu.mems";

/// The kernel's default period, in microseconds.
const DEFAULT_PERIOD: u64 = 100_000;

pub(super) fn plan(cpu: &LinuxCpu, plan: &mut Plan<'_>) -> Result<(), Error> {
    time(cpu, plan)?;
    for (field, file, list) in
        [(CPUS, "cpuset.cpus", cpu.cpus()), (MEMS, "cpuset.mems", cpu.mems())]
    {
        if let Some(list) = list.as_ref().filter(|list| !list.is_empty()) {
            plan.version(Controller::Cpuset, field)?;
            plan.set(field, Controller::Cpuset, file, list);
        }
    }
    Ok(())
}

fn time(cpu: &LinuxCpu, plan: &mut Plan<'_>) -> Result<(), Error> {
    let (quota, period) = (given(cpu.quota()), given(cpu.period()));
    let (rt_runtime, rt_period) = (given(cpu.realtime_runtime()), given(cpu.realtime_period()));
    let shares = given(cpu.shares());
    let fields = [
        (shares.is_some(), SHARES),
        (quota.is_some(), QUOTA),
        (period.is_some(), PERIOD),
        (cpu.burst().is_some(), BURST),
        (rt_runtime.is_some(), RT_RUNTIME),
        (rt_period.is_some(), RT_PERIOD),
        (cpu.idle().is_some(), IDLE),
    ];
    let Some(field) = fields.into_iter().find_map(|(set, field)| set.then_some(field)) else {
        return Ok(());
    };
    if let Some(idle) = cpu.idle().filter(|idle| !(0..=1).contains(idle)) {
        return Err(Error::invalid(IDLE, idle, "is neither 0 nor 1"));
    }
    let version = plan.version(Controller::Cpu, field)?;
    if version == Version::V2 && (rt_runtime.is_some() || rt_period.is_some()) {
        let field = if rt_runtime.is_some() { RT_RUNTIME } else { RT_PERIOD };
        return Err(Error::unsupported(field, "version 2 has no real-time limits: leave it out"));
    }
    if let Some(shares) = shares {
        match version {
            Version::V1 => plan.set(SHARES, Controller::Cpu, "cpu.shares", shares),
            Version::V2 => {
                plan.set(SHARES, Controller::Cpu, "cpu.weight", shares_to_weight(shares))
            }
        };
    }
    if let Some(idle) = cpu.idle() {
        // A kernel before 5.15 has no idle groups: none is idle there.
        plan.set(IDLE, Controller::Cpu, "cpu.idle", idle).optional = idle == 0;
    }
    match version {
        Version::V1 => bandwidth_v1(quota, period, plan),
        Version::V2 => bandwidth_v2(quota, period, plan),
    }
    if let Some(burst) = cpu.burst() {
        let file = match version {
            Version::V1 => "cpu.cfs_burst_us",
            Version::V2 => "cpu.max.burst",
        };
        plan.set(BURST, Controller::Cpu, file, burst).optional = burst == 0;
    }
    if let Some(period) = rt_period {
        plan.set(RT_PERIOD, Controller::Cpu, "cpu.rt_period_us", period);
    }
    if let Some(runtime) = rt_runtime {
        plan.set(RT_RUNTIME, Controller::Cpu, "cpu.rt_runtime_us", runtime);
    }
    Ok(())
}

fn bandwidth_v1(quota: Option<i64>, period: Option<u64>, plan: &mut Plan<'_>) {
    if let Some(period) = period {
        plan.set(PERIOD, Controller::Cpu, "cpu.cfs_period_us", period);
    }
    if let Some(quota) = quota {
        plan.set(QUOTA, Controller::Cpu, "cpu.cfs_quota_us", quota.max(-1));
    }
}

fn bandwidth_v2(quota: Option<i64>, period: Option<u64>, plan: &mut Plan<'_>) {
    if quota.is_none() && period.is_none() {
        return;
    }
    // One file holds both: what is not given stays as it is.
    let present = plan.machine.read(Controller::Cpu, "cpu.max").unwrap_or_default();
    let mut present = present.split_whitespace();
    let (present_quota, present_period) = (present.next(), present.next());
    let quota_text = match quota {
        Some(quota) => super::number_or_max(quota),
        None => present_quota.unwrap_or("max").to_owned(),
    };
    let period = period.or_else(|| present_period?.parse().ok()).unwrap_or(DEFAULT_PERIOD);
    let field = if quota.is_some() { QUOTA } else { PERIOD };
    plan.set(field, Controller::Cpu, "cpu.max", format!("{quota_text} {period}"));
}
