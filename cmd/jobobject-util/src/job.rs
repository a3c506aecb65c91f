//! The job object.

#[cfg(windows)]
pub(crate) use windows::Job;

#[cfg(not(windows))]
pub(crate) use elsewhere::Job;

#[cfg(windows)]
mod windows {
    use anyhow::{Result, anyhow, bail};
    use host_windows::job::{self, CpuLimit, JobError, JobName};

    /// One that is there.
    pub(crate) struct Job(job::Job);

    impl Job {
        /// Finds it. Without `kernel_s`, the name is one of the session's.
        pub(crate) fn open(name: &str, kernel_s: bool) -> Result<Self> {
            let name = if kernel_s { JobName::kernel(name) } else { JobName::session(name) }?;
            job::Job::open(&name).map(Self).map_err(|error| match &error {
                // As the reference has it: the system's words alone.
                JobError::Refused { code, .. } => anyhow!(system_text(code.0)),
                _ => error.into(),
            })
        }

        pub(crate) fn cpu_rate(&self) -> Result<u32> {
            match self.0.cpu_limit()? {
                Some(CpuLimit::Rate(rate)) => Ok(rate),
                Some(CpuLimit::Weight(_)) => {
                    bail!(
                        "the job object's processor time has a weight and no limit: ask for --cpu-weight"
                    )
                }
                None => bail!(UNLIMITED),
            }
        }

        pub(crate) fn cpu_weight(&self) -> Result<u32> {
            match self.0.cpu_limit()? {
                Some(CpuLimit::Weight(weight)) => Ok(weight),
                Some(CpuLimit::Rate(_)) => {
                    bail!(
                        "the job object's processor time has a limit and no weight: ask for --cpu-limit"
                    )
                }
                None => bail!(UNLIMITED),
            }
        }

        pub(crate) fn memory_limit(&self) -> Result<u64> {
            Ok(self.0.memory_limit()?)
        }

        pub(crate) fn affinity(&self) -> Result<u64> {
            Ok(self.0.affinity()?)
        }

        pub(crate) fn set_cpu_rate(&self, rate: u64) -> Result<()> {
            let rate = self.small("processor rate", rate, 10_000)?;
            Ok(self.0.set_cpu_limit(CpuLimit::Rate(rate))?)
        }

        pub(crate) fn set_cpu_weight(&self, weight: u64) -> Result<()> {
            let weight = self.small("processor weight", weight, 9)?;
            Ok(self.0.set_cpu_limit(CpuLimit::Weight(weight))?)
        }

        pub(crate) fn set_memory_limit(&self, bytes: u64) -> Result<()> {
            Ok(self.0.set_memory_limit(bytes)?)
        }

        pub(crate) fn set_affinity(&self, mask: u64) -> Result<()> {
            Ok(self.0.set_affinity(mask)?)
        }

        /// A number that is far from what Windows can be told is none of its limits.
        fn small(&self, what: &'static str, value: u64, max: u64) -> Result<u32, JobError> {
            u32::try_from(value).map_err(|_| JobError::Limit {
                job: self.0.name().map(|name| format!("job object {name}")).unwrap_or_default(),
                what,
                value,
                min: 1,
                max,
            })
        }
    }

    const UNLIMITED: &str = "the job object's processor time has neither limit nor weight";

    /// What Windows says of a code, as Go prints it.
    fn system_text(code: u32) -> String {
        let text = std::io::Error::from_raw_os_error(code.cast_signed()).to_string();
        let number = format!(" (os error {code})");
        text.strip_suffix(&number).unwrap_or(&text).to_owned()
    }
}

#[cfg(not(windows))]
mod elsewhere {
    use anyhow::{Result, bail};

    /// There is none.
    pub(crate) enum Job {}

    impl Job {
        pub(crate) fn open(name: &str, _: bool) -> Result<Self> {
            bail!("failed to open job object {name}: only Windows has job objects, run it there")
        }

        pub(crate) fn cpu_rate(&self) -> Result<u32> {
            match *self {}
        }

        pub(crate) fn cpu_weight(&self) -> Result<u32> {
            match *self {}
        }

        pub(crate) fn memory_limit(&self) -> Result<u64> {
            match *self {}
        }

        pub(crate) fn affinity(&self) -> Result<u64> {
            match *self {}
        }

        pub(crate) fn set_cpu_rate(&self, _: u64) -> Result<()> {
            match *self {}
        }

        pub(crate) fn set_cpu_weight(&self, _: u64) -> Result<()> {
            match *self {}
        }

        pub(crate) fn set_memory_limit(&self, _: u64) -> Result<()> {
            match *self {}
        }

        pub(crate) fn set_affinity(&self, _: u64) -> Result<()> {
            match *self {}
        }
    }
}
