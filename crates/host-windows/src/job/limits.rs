//! What the processes of a job may use.

use windows_sys::Win32::System::JobObjects::{
    JOB_OBJECT_CPU_RATE_CONTROL_ENABLE, JOB_OBJECT_CPU_RATE_CONTROL_HARD_CAP,
    JOB_OBJECT_CPU_RATE_CONTROL_WEIGHT_BASED, JOB_OBJECT_IO_RATE_CONTROL_ENABLE,
    JOB_OBJECT_LIMIT_AFFINITY, JOB_OBJECT_LIMIT_JOB_MEMORY, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_CPU_RATE_CONTROL_INFORMATION, JOBOBJECT_CPU_RATE_CONTROL_INFORMATION_0,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JOBOBJECT_IO_RATE_CONTROL_INFORMATION,
    JobObjectGroupInformationEx,
};
use windows_sys::Win32::System::SystemInformation::GROUP_AFFINITY;

use compute::error::SystemCode;
use windows_sys::Win32::Foundation::ERROR_INVALID_PARAMETER;

use super::raw::{
    Failure, FreeMemoryJobObject, QueryIoRateControlInformationJobObject,
    SetIoRateControlInformationJobObject,
};
use super::{Job, JobError};
use crate::nt;

/// How much processor time a job gets. It can have only one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CpuLimit {
    /// At most so many of 10,000 parts of all processors' time: 1 to 10,000.
    Rate(u32),
    /// A share next to other jobs: 1 to 9, where 5 is what others have.
    Weight(u32),
}

/// How much a job may do with storage. 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IoLimit {
    /// Bytes a second.
    pub bandwidth: i64,
    /// Operations a second.
    pub operations: i64,
}

/// Processors of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupAffinity {
    /// A bit for each processor of the group.
    pub mask: u64,
    /// The number of the group.
    pub group: u16,
}

/// Limits that are set together. What is `None` is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// The processor time.
    pub cpu: Option<CpuLimit>,
    /// The memory, in bytes.
    pub memory: Option<u64>,
    /// The use of storage.
    pub io: Option<IoLimit>,
}

impl Job {
    /// Sets limits, those on memory first.
    ///
    /// # Errors
    /// That of the first that cannot be set; the ones behind it are not.
    pub fn limit(&self, limits: &Limits) -> Result<(), JobError> {
        if let Some(bytes) = limits.memory {
            self.set_memory_limit(bytes)?;
        }
        if let Some(limit) = limits.cpu {
            self.set_cpu_limit(limit)?;
        }
        if let Some(limit) = limits.io {
            self.set_io_limit(limit)?;
        }
        Ok(())
    }

    /// Lets all processes in it end when the last handle to it is closed.
    ///
    /// # Errors
    /// The system refuses.
    pub fn end_with_last_handle(&self) -> Result<(), JobError> {
        self.change("let the processes end with", |told| {
            told.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        })
    }

    /// Limits the memory that its processes may commit together, in bytes.
    ///
    /// # Errors
    /// The limit is `u64::MAX`, or the system refuses.
    pub fn set_memory_limit(&self, bytes: u64) -> Result<(), JobError> {
        let most = u64::try_from(usize::MAX).unwrap_or(u64::MAX) - 1;
        let limit = usize::try_from(bytes).ok().filter(|_| bytes <= most);
        let limit = limit.ok_or_else(|| self.no_limit("memory", bytes, 0, most))?;
        self.change("limit the memory of", |told| {
            told.JobMemoryLimit = limit;
            told.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_JOB_MEMORY;
        })
    }

    /// The limit of its memory, in bytes; 0 where there is none.
    ///
    /// # Errors
    /// The system refuses.
    pub fn memory_limit(&self) -> Result<u64, JobError> {
        let told = self.extended("ask for the memory limit of")?;
        Ok(u64::try_from(told.JobMemoryLimit).unwrap_or(u64::MAX))
    }

    /// Lets its processes run on some processors only: a bit for each one of the
    /// first group.
    ///
    /// # Errors
    /// There are no such processors, or the system refuses.
    pub fn set_affinity(&self, mask: u64) -> Result<(), JobError> {
        let most = u64::try_from(usize::MAX).unwrap_or(u64::MAX);
        let mask = usize::try_from(mask);
        let mask = mask.map_err(|_| self.no_limit("affinity", u64::MAX, 1, most))?;
        self.change("set the affinity of", |told| {
            told.BasicLimitInformation.Affinity = mask;
            told.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_AFFINITY;
        })
    }

    /// The processors that its processes may run on; 0 where nobody said.
    ///
    /// # Errors
    /// The system refuses.
    pub fn affinity(&self) -> Result<u64, JobError> {
        let told = self.extended("ask for the affinity of")?;
        Ok(u64::try_from(told.BasicLimitInformation.Affinity).unwrap_or(u64::MAX))
    }

    /// Lets its processes run on some processors of some groups only.
    ///
    /// # Errors
    /// There are no such processors, or the system refuses.
    pub fn set_group_affinities(&self, groups: &[GroupAffinity]) -> Result<(), JobError> {
        let failed = self.failed("set the processor groups of");
        let unfit = || Failure::Code(SystemCode(ERROR_INVALID_PARAMETER));
        let told: Result<Vec<GROUP_AFFINITY>, _> = groups
            .iter()
            .map(|group| {
                let mask = usize::try_from(group.mask)?;
                Ok(GROUP_AFFINITY { Mask: mask, Group: group.group, ..GROUP_AFFINITY::default() })
            })
            .collect();
        let told = told.map_err(|_: std::num::TryFromIntError| failed(unfit()))?;
        let size = u32::try_from(size_of_val(told.as_slice())).map_err(|_| failed(unfit()))?;
        // SAFETY: an array of these is the structure of this class.
        unsafe { self.tell(JobObjectGroupInformationEx, told.as_ptr().cast(), size) }
            .map_err(failed)
    }

    /// Limits its processor time. The limit before is gone, of either kind.
    ///
    /// # Errors
    /// The number is none that there can be, or the system refuses.
    pub fn set_cpu_limit(&self, limit: CpuLimit) -> Result<(), JobError> {
        let (what, value, most, kind) = match limit {
            CpuLimit::Rate(rate) => {
                ("processor rate", rate, 10_000, JOB_OBJECT_CPU_RATE_CONTROL_HARD_CAP)
            }
            CpuLimit::Weight(weight) => {
                ("processor weight", weight, 9, JOB_OBJECT_CPU_RATE_CONTROL_WEIGHT_BASED)
            }
        };
        if !(1..=most).contains(&value) {
            return Err(self.no_limit(what, value.into(), 1, most.into()));
        }
        let told = JOBOBJECT_CPU_RATE_CONTROL_INFORMATION {
            ControlFlags: JOB_OBJECT_CPU_RATE_CONTROL_ENABLE | kind,
            // The rate and the weight are the same number.
            Anonymous: JOBOBJECT_CPU_RATE_CONTROL_INFORMATION_0 { CpuRate: value },
        };
        self.set("limit the processor time of", &told)
    }

    /// The limit of its processor time. `None`: there is none, or one of another
    /// kind.
    ///
    /// # Errors
    /// The system refuses.
    pub fn cpu_limit(&self) -> Result<Option<CpuLimit>, JobError> {
        let told = self
            .query(JOBOBJECT_CPU_RATE_CONTROL_INFORMATION::default())
            .map_err(self.failed("ask for the processor limit of"))?;
        let has = |flag| told.ControlFlags & flag != 0;
        if !has(JOB_OBJECT_CPU_RATE_CONTROL_ENABLE) {
            return Ok(None);
        }
        // SAFETY: all members are numbers, and any bytes are one.
        let value = unsafe { told.Anonymous.CpuRate };
        Ok(if has(JOB_OBJECT_CPU_RATE_CONTROL_WEIGHT_BASED) {
            Some(CpuLimit::Weight(value))
        } else if has(JOB_OBJECT_CPU_RATE_CONTROL_HARD_CAP) {
            Some(CpuLimit::Rate(value))
        } else {
            None
        })
    }

    /// Limits its use of each volume. What is 0 is left as it is.
    ///
    /// # Errors
    /// The system refuses: Windows of 2016 (1607) and newer does not promise to
    /// have such limits.
    pub fn set_io_limit(&self, limit: IoLimit) -> Result<(), JobError> {
        let failed = self.failed("limit the input and output of");
        let mut told = self.io_information().map_err(&failed)?.unwrap_or_default();
        told.VolumeName = std::ptr::null();
        told.ControlFlags |= JOB_OBJECT_IO_RATE_CONTROL_ENABLE.cast_unsigned();
        if limit.bandwidth != 0 {
            told.MaxBandwidth = limit.bandwidth;
        }
        if limit.operations != 0 {
            told.MaxIops = limit.operations;
        }
        // SAFETY: the handle is open and the structure is ours.
        match unsafe { SetIoRateControlInformationJobObject(self.raw(), &raw const told) } {
            Ok(0) => Err(failed(nt::last_code().into())),
            Ok(_) => Ok(()),
            Err(error) => Err(failed(error.into())),
        }
    }

    /// The limit of its use of each volume; `None` where there is none.
    ///
    /// # Errors
    /// As [`Job::set_io_limit`].
    pub fn io_limit(&self) -> Result<Option<IoLimit>, JobError> {
        let told =
            self.io_information().map_err(self.failed("ask for the input and output limit of"))?;
        let enabled = JOB_OBJECT_IO_RATE_CONTROL_ENABLE.cast_unsigned();
        Ok(told
            .filter(|told| told.ControlFlags & enabled != 0)
            .map(|told| IoLimit { bandwidth: told.MaxBandwidth, operations: told.MaxIops }))
    }

    /// The first of the structures on input and output; its volume's name is gone.
    fn io_information(&self) -> Result<Option<JOBOBJECT_IO_RATE_CONTROL_INFORMATION>, Failure> {
        let mut blocks = std::ptr::null_mut();
        let mut count = 0;
        // SAFETY: the handle is open, no volume is told, and the results go to
        // our variables.
        let done = unsafe {
            QueryIoRateControlInformationJobObject(
                self.raw(),
                std::ptr::null(),
                &raw mut blocks,
                &raw mut count,
            )
        }?;
        if done == 0 {
            return Err(nt::last_code().into());
        }
        if blocks.is_null() {
            return Ok(None);
        }
        // SAFETY: there are as many structures as is told.
        let first = (count > 0).then(|| unsafe { *blocks });
        // SAFETY: they were made for us, and nobody has them any more.
        unsafe { FreeMemoryJobObject(blocks.cast()) }?;
        Ok(first)
    }

    /// Changes some of the limits that are in one structure.
    fn change(
        &self,
        operation: &'static str,
        change: impl FnOnce(&mut JOBOBJECT_EXTENDED_LIMIT_INFORMATION),
    ) -> Result<(), JobError> {
        let mut told = self.extended(operation)?;
        change(&mut told);
        self.set(operation, &told)
    }

    fn extended(
        &self,
        operation: &'static str,
    ) -> Result<JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobError> {
        self.query(JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default()).map_err(self.failed(operation))
    }

    fn no_limit(&self, what: &'static str, value: u64, min: u64, max: u64) -> JobError {
        JobError::Limit { job: self.label(), what, value, min, max }
    }
}
