//! The processor time of a Windows container, and its processors.

use hcs_schema::schema1::ContainerConfig;
use hcs_schema::schema2::{Container, Processor};
use osversion::build;
use tracing::{info, warn};

use super::{ContainerError, Place};
use crate::Spec;
use crate::keys::{
    CONTAINER_PROCESSOR_COUNT, CONTAINER_PROCESSOR_LIMIT, CONTAINER_PROCESSOR_WEIGHT,
};
use crate::spec::CpuGroupAffinity;

/// The limits of processor time: one of them, the others are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CpuLimits {
    /// The number of processors.
    pub count: i32,
    /// The most processor time, in hundredths of a percent of all processors.
    pub limit: i32,
    /// The share of processor time.
    pub weight: i32,
}

impl CpuLimits {
    /// The limits that a spec sets, on so many processors.
    ///
    /// # Errors
    /// It sets more than one.
    pub fn from_spec(spec: &Spec, processors: i32) -> Result<Self, ContainerError> {
        let count = spec.cpu_count(CONTAINER_PROCESSOR_COUNT).unwrap_or(0);
        let limit = spec.cpu_limit(CONTAINER_PROCESSOR_LIMIT).unwrap_or(0);
        let weight = spec.cpu_weight(CONTAINER_PROCESSOR_WEIGHT).unwrap_or(0);
        if [count, limit, weight].iter().filter(|set| **set > 0).count() > 1 {
            return Err(ContainerError::CpuLimits { count, limit, weight });
        }
        if count > processors {
            warn!(count, processors, "the container gets all processors and no more");
        }
        Ok(Self { count: count.min(processors), limit, weight })
    }

    pub(super) fn set(self, v1: &mut ContainerConfig, v2: &mut Container) {
        v1.processor_count = u32::try_from(self.count).unwrap_or(0);
        v1.processor_maximum = i64::from(self.limit);
        v1.processor_weight = u64::try_from(self.weight).unwrap_or(0);
        v2.processor = Some(Processor {
            count: self.count,
            maximum: self.limit,
            weight: self.weight,
            ..Processor::default()
        });
    }
}

/// The limits where a container runs.
pub(super) fn limits_in(spec: &Spec, place: Place<'_>) -> Result<CpuLimits, ContainerError> {
    let (processors, scale_from) = match place {
        Place::Host { processors, .. } => (processors, None),
        Place::Vm { processors, scale_from, .. } => (processors, scale_from),
    };
    let mut limits = CpuLimits::from_spec(spec, processors)?;
    if let Some(host_processors) = scale_from
        && limits.limit > 0
    {
        // As much time as the limit is on the host, but of the VM's processors.
        let scaled =
            i64::from(limits.limit) * i64::from(host_processors) / i64::from(processors.max(1));
        let scaled = i32::try_from(scaled.clamp(1, 10_000)).unwrap_or(10_000);
        info!(from = limits.limit, to = scaled, "the limit of processor time is scaled to the VM");
        limits.limit = scaled;
    }
    Ok(limits)
}

/// Processors that a container can't be bound to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CpuAffinityError {
    /// An entry has no processor; its number.
    #[error("cpu affinity mask must be non-zero: entry {0} has zero mask")]
    ZeroMask(usize),
    /// The host is too old for so many entries.
    #[error(
        "cpu affinity with multiple processor groups requires Windows Server 2022 or later: {0} \
         entries"
    )]
    SeveralGroups(usize),
    /// The host is too old for another processor group than the first.
    #[error(
        "cpu affinity with a non-zero processor group requires Windows Server 2022 or later: \
         group {0}"
    )]
    OtherGroup(u32),
}

/// The processors that a spec binds its container to; none if it doesn't.
///
/// # Errors
/// The host can't bind it to them. Build 20348 (Windows Server 2022) is the first
/// that knows more than the first processor group.
pub fn cpu_affinity(spec: &Spec, host_build: u16) -> Result<&[CpuGroupAffinity], CpuAffinityError> {
    let resources = spec.windows.as_ref().and_then(|windows| windows.resources.as_ref());
    let Some(cpu) = resources.and_then(|resources| resources.cpu.as_ref()) else {
        return Ok(&[]);
    };
    let affinity = cpu.affinity.as_slice();
    if let Some(at) = affinity.iter().position(|entry| entry.mask == 0) {
        return Err(CpuAffinityError::ZeroMask(at));
    }
    if host_build >= build::LTSC2022 {
        return Ok(affinity);
    }
    match affinity {
        [_, _, ..] => Err(CpuAffinityError::SeveralGroups(affinity.len())),
        [entry] if entry.group != 0 => Err(CpuAffinityError::OtherGroup(entry.group)),
        _ => Ok(affinity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_need_a_newer_host() {
        let spec = |json: &str| -> Spec {
            let text = format!(r#"{{"windows":{{"resources":{{"cpu":{{"affinity":{json}}}}}}}}}"#);
            serde_json::from_str(&text).expect("a spec")
        };
        let old = build::LTSC2022 - 1;
        for (json, on_old, on_new) in [
            ("[]", Ok(0), Ok(0)),
            (r#"[{"mask":5}]"#, Ok(1), Ok(1)),
            (r#"[{"mask":5,"group":2}]"#, Err(CpuAffinityError::OtherGroup(2)), Ok(1)),
            (r#"[{"mask":1},{"mask":2}]"#, Err(CpuAffinityError::SeveralGroups(2)), Ok(2)),
            (
                r#"[{"mask":1},{"group":1}]"#,
                Err(CpuAffinityError::ZeroMask(1)),
                Err(CpuAffinityError::ZeroMask(1)),
            ),
        ] {
            let count = |build| cpu_affinity(&spec(json), build).map(<[_]>::len);
            assert_eq!((count(old), count(build::LTSC2022)), (on_old, on_new), "{json}");
        }
    }
}
