//! Limits that an annotation or, without it, the spec's Windows section sets.
//! 0 in either place means nothing is set.

use crate::Spec;
use crate::spec::{WindowsCpu, WindowsStorage};

impl Spec {
    /// The number of processors.
    pub(crate) fn cpu_count(&self, key: &str) -> Option<i32> {
        self.limit(key, || self.cpu()?.count)
    }

    /// The most processor time.
    pub(crate) fn cpu_limit(&self, key: &str) -> Option<i32> {
        self.limit(key, || self.cpu()?.maximum.map(u64::from))
    }

    /// The share of processor time.
    pub(crate) fn cpu_weight(&self, key: &str) -> Option<i32> {
        self.limit(key, || self.cpu()?.shares.map(u64::from))
    }

    /// The most storage operations a second.
    pub(crate) fn storage_iops(&self, key: &str) -> Option<i32> {
        self.limit(key, || self.storage()?.iops)
    }

    /// The most bytes a second to and from storage.
    pub(crate) fn storage_bps(&self, key: &str) -> Option<i32> {
        self.limit(key, || self.storage()?.bps)
    }

    /// The memory in MB; the Windows section has it in bytes.
    pub(crate) fn memory_in_mb(&self, key: &str) -> Option<u64> {
        let annotation = self.annotations().u64(key).filter(|size| *size != 0);
        let from_section = || self.windows.as_ref()?.resources.as_ref()?.memory?.limit;
        annotation.or_else(|| {
            from_section().filter(|limit| *limit > 0).map(|limit| limit / (1024 * 1024))
        })
    }

    fn limit(&self, key: &str, from_section: impl Fn() -> Option<u64>) -> Option<i32> {
        let annotation = self.annotations().i32(key).filter(|limit| *limit != 0);
        annotation.or_else(|| {
            // What is too large for a document is as good as no limit.
            let limit = from_section().filter(|limit| *limit > 0)?;
            Some(i32::try_from(limit).unwrap_or(i32::MAX))
        })
    }

    fn cpu(&self) -> Option<&WindowsCpu> {
        self.windows.as_ref()?.resources.as_ref()?.cpu.as_ref()
    }

    fn storage(&self) -> Option<WindowsStorage> {
        self.windows.as_ref()?.resources.as_ref()?.storage
    }
}
