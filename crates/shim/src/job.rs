//! Host process containers, which are jobs: what Windows alone has.

#[cfg(windows)]
pub(crate) use host_windows::job_container::create;

#[cfg(not(windows))]
pub(crate) use elsewhere::create;

#[cfg(not(windows))]
mod elsewhere {
    use compute::error::Named;
    use compute::{ComputeSystem, Error, Result, SystemId, operation};
    use oci::Spec;

    /// Refuses to.
    #[allow(clippy::unused_async, reason = "as on Windows")]
    pub(crate) async fn create(id: &SystemId, _: &Spec) -> Result<Box<dyn ComputeSystem>> {
        let error = Error::system(operation::CREATE, id, Named::PlatformNotSupported);
        Err(error.with_hint("a host process container needs a node with Windows"))
    }
}
