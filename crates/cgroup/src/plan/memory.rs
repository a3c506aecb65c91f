//! `linux.resources.memory`.

use oci_spec::runtime::LinuxMemory;

use super::{Plan, given, number_or_max};
use crate::Error;
use crate::controller::{Controller, Version};
use crate::convert::swap_to_v2;

const MEMORY: Controller = Controller::Memory;
const LIMIT: &str = "linux.resources.memory.limit";
const RESERVATION: &str = "linux.resources.memory.reservation";
const SWAP: &str = "linux.resources.memory.swap";
const KERNEL_TCP: &str = "linux.resources.memory.kernelTCP";
const SWAPPINESS: &str = "linux.resources.memory.swappiness";
const OOM_KILLER: &str = "linux.resources.memory.disableOOMKiller";
const HIERARCHY: &str = "linux.resources.memory.useHierarchy";

/// `kernel` is left out on purpose: kernels since 5.16 take no such limit, and
/// runc ignores it too. Kernel memory counts towards `limit`.
pub(super) fn plan(memory: &LinuxMemory, plan: &mut Plan<'_>) -> Result<(), Error> {
    let memory = Memory {
        limit: given(memory.limit()).map(|value| value.max(-1)),
        swap: given(memory.swap()).map(|value| value.max(-1)),
        reservation: given(memory.reservation()).map(|value| value.max(-1)),
        kernel_tcp: given(memory.kernel_tcp()).map(|value| value.max(-1)),
        swappiness: memory.swappiness(),
        oom_killer_off: memory.disable_oom_killer(),
        hierarchy: memory.use_hierarchy(),
        check: memory.check_before_update() == Some(true),
    };
    let Some(field) = memory.first_field() else {
        return Ok(());
    };
    if let Some(value) = memory.swappiness.filter(|value| *value > 100) {
        return Err(Error::invalid(SWAPPINESS, value, "is not between 0 and 100"));
    }
    match plan.version(MEMORY, field)? {
        Version::V1 => memory.v1(plan),
        Version::V2 => memory.v2(plan),
    }
}

/// The fields that are set; -1 means "no limit".
struct Memory {
    limit: Option<i64>,
    swap: Option<i64>,
    reservation: Option<i64>,
    kernel_tcp: Option<i64>,
    swappiness: Option<u64>,
    oom_killer_off: Option<bool>,
    hierarchy: Option<bool>,
    check: bool,
}

impl Memory {
    fn first_field(&self) -> Option<&'static str> {
        let fields = [
            (self.limit.is_some(), LIMIT),
            (self.swap.is_some(), SWAP),
            (self.reservation.is_some(), RESERVATION),
            (self.kernel_tcp.is_some(), KERNEL_TCP),
            (self.swappiness.is_some(), SWAPPINESS),
            (self.oom_killer_off == Some(true), OOM_KILLER),
            (self.hierarchy == Some(false), HIERARCHY),
        ];
        fields.into_iter().find_map(|(set, field)| set.then_some(field))
    }

    fn v1(&self, plan: &mut Plan<'_>) -> Result<(), Error> {
        self.check_usage(plan, "memory.usage_in_bytes")?;
        if let Some(limit) = self.limit {
            plan.set(LIMIT, MEMORY, "memory.limit_in_bytes", limit);
        }
        // Memory without a limit is swap without one, unless told otherwise.
        if let Some(swap) = self.swap.or(self.limit.filter(|limit| *limit < 0)) {
            plan.set(SWAP, MEMORY, "memory.memsw.limit_in_bytes", swap).optional = swap < 0;
        }
        if let Some(reservation) = self.reservation {
            plan.set(RESERVATION, MEMORY, "memory.soft_limit_in_bytes", reservation);
        }
        if let Some(limit) = self.kernel_tcp {
            plan.set(KERNEL_TCP, MEMORY, "memory.kmem.tcp.limit_in_bytes", limit);
        }
        if let Some(swappiness) = self.swappiness {
            plan.set(SWAPPINESS, MEMORY, "memory.swappiness", swappiness);
        }
        if let Some(off) = self.oom_killer_off {
            plan.set(OOM_KILLER, MEMORY, "memory.oom_control", u8::from(off));
        }
        if let Some(hierarchy) = self.hierarchy {
            plan.set(HIERARCHY, MEMORY, "memory.use_hierarchy", u8::from(hierarchy));
        }
        Ok(())
    }

    fn v2(&self, plan: &mut Plan<'_>) -> Result<(), Error> {
        let no_v2 = |field: &str, why: &str| Err(Error::unsupported(field, why));
        if self.kernel_tcp.is_some_and(|limit| limit >= 0) {
            return no_v2(KERNEL_TCP, "version 2 has no limit of TCP memory alone: use limit");
        }
        if self.swappiness.is_some() {
            return no_v2(SWAPPINESS, "version 2 has no swappiness of a group: leave it out");
        }
        if self.oom_killer_off == Some(true) {
            return no_v2(OOM_KILLER, "version 2 can't do without the OOM killer: leave it out");
        }
        if self.hierarchy == Some(false) {
            return no_v2(HIERARCHY, "version 2 always counts the groups inside: leave it out");
        }
        self.check_usage(plan, "memory.current")?;
        if let Some(limit) = self.limit {
            plan.set(LIMIT, MEMORY, "memory.max", number_or_max(limit));
        }
        if let Some(swap) = self.swap_v2(plan)? {
            // Without swap accounting there is no limit, and no swap to forbid.
            plan.set(SWAP, MEMORY, "memory.swap.max", number_or_max(swap)).optional = swap <= 0;
        }
        if let Some(reservation) = self.reservation {
            plan.set(RESERVATION, MEMORY, "memory.low", number_or_max(reservation));
        }
        Ok(())
    }

    fn swap_v2(&self, plan: &Plan<'_>) -> Result<Option<i64>, Error> {
        let Some(swap) = self.swap else {
            return Ok(self.limit.filter(|limit| *limit < 0));
        };
        let present = || plan.machine.read(MEMORY, "memory.max")?.trim().parse().ok();
        let limit = self.limit.or_else(present).unwrap_or(-1);
        let why =
            "is below the memory limit, or there is none: swap counts memory and swap together";
        swap_to_v2(limit, swap).map(Some).ok_or_else(|| Error::invalid(SWAP, swap, why))
    }

    /// `checkBeforeUpdate`: a limit below what is used is refused, where the
    /// kernel would end processes for it.
    fn check_usage(&self, plan: &Plan<'_>, file: &str) -> Result<(), Error> {
        let Some(limit) = self.limit.filter(|limit| self.check && *limit >= 0) else {
            return Ok(());
        };
        let used = plan.machine.read(MEMORY, file).and_then(|text| text.trim().parse::<i64>().ok());
        match used {
            Some(used) if used > limit => {
                let why = "is less than what is used now, and checkBeforeUpdate is set";
                Err(Error::invalid(LIMIT, limit, why))
            }
            _ => Ok(()),
        }
    }
}
