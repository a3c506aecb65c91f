//! Silos: jobs whose processes see files of their own.

use std::fs;
use std::io;
use std::path::Path;

use compute::error::SystemCode;
use hcs_schema::HResult;

use super::raw::{BINDFLTAPI, BfSetupFilter, SiloInformation};
use super::{Job, JobError};
use crate::wide::Wide;

/// The mapping is for the processes of the job only.
const OF_THE_SILO: u32 = 4;

/// What processes see of a folder that another one is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// The other folder, and nothing else.
    Replace,
    /// The same, and nothing in it can be written.
    ReplaceReadOnly,
    /// Both: what is in the other one hides what has the same name.
    Merge,
}

impl Binding {
    fn flags(self) -> u32 {
        match self {
            Self::Replace => OF_THE_SILO,
            Self::ReplaceReadOnly => OF_THE_SILO | 1,
            Self::Merge => OF_THE_SILO | 2,
        }
    }
}

impl Job {
    /// Makes a silo of it, for which its processes end with its last handle.
    /// Nothing happens where it is one.
    ///
    /// # Errors
    /// There are processes in it, or the system refuses.
    pub fn promote_to_silo(&self) -> Result<(), JobError> {
        if self.is_silo() {
            return Ok(());
        }
        let count = self.pids()?.len();
        if count != 0 {
            return Err(JobError::Busy { job: self.label(), count });
        }
        // No job becomes one without.
        self.end_with_last_handle()?;
        self.tell_silo().map_err(self.failed("make a silo of"))
    }

    /// Whether this Windows has the bind filter, by which [`Job::bind`] works.
    pub fn can_bind() -> bool {
        BINDFLTAPI.load().is_ok()
    }

    /// Whether it is a silo: only one can be asked as one.
    pub fn is_silo(&self) -> bool {
        self.query(SiloInformation::default()).is_ok()
    }

    /// Lets its processes, and nobody else, see `target` at `path`. The folder
    /// that `path` is in is made where it is missing.
    ///
    /// # Errors
    /// It is no silo, this Windows has no bind filter, or the system refuses.
    pub fn bind(&self, path: &Path, target: &Path, binding: Binding) -> Result<(), JobError> {
        if !self.is_silo() {
            return Err(JobError::NotSilo { job: self.label() });
        }
        let unfit = |source| JobError::Path { job: self.label(), path: path.into(), source };
        let wide = |path: &Path| {
            Wide::new(path)
                .map_err(|error| unfit(io::Error::new(io::ErrorKind::InvalidInput, error)))
        };
        let (root, target) = (wide(path)?, wide(target)?);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(unfit)?;
        }
        let failed = self.failed("bind files in");
        // SAFETY: the handle is open, both paths end with a NUL, and there are no
        // exceptions.
        let result = unsafe {
            BfSetupFilter(
                self.raw(),
                binding.flags(),
                root.as_ptr(),
                target.as_ptr(),
                std::ptr::null(),
                0,
            )
        };
        let result = HResult(result.map_err(|error| failed(error.into()))?);
        if result.is_failure() {
            return Err(failed(SystemCode::from(result).into()));
        }
        Ok(())
    }
}
