//! A compute system: a container or a utility VM.

use async_trait::async_trait;
use hcs_schema::schema2::{
    ModifySettingRequest, PauseOptions, ProcessParameters, Properties, PropertyQuery, SaveOptions,
};

use crate::{EventStream, Process, Result, StdioSource, SystemExit, SystemId};

/// A compute system: a container on the host, a utility VM, a container in one,
/// or a job container (the reference's `cow.Container` and `hcs.System`).
///
/// Dropping a future gives the call up: what it began is undone or finishes in
/// the host, never half done. Every call but the plain getters fails with
/// [`crate::error::Named::AlreadyClosed`] after [`ComputeSystem::close`].
/// Dropping the value closes it. A call that the system's state forbids fails
/// with the code that [`crate::state::check`] gives.
#[async_trait]
pub trait ComputeSystem: Send + Sync {
    /// Its id.
    fn id(&self) -> &SystemId;

    /// `container` or `virtualmachine`.
    fn system_type(&self) -> &str;

    /// `linux` or `windows`.
    fn os(&self) -> &str;

    /// Whether it is a Linux container made from an OCI spec (reference `IsOCI`).
    fn is_oci(&self) -> bool;

    /// Starts it.
    async fn start(&self) -> Result<()>;

    /// Asks it to end; [`ComputeSystem::wait`] tells when it has. Nothing
    /// happens where it has stopped already.
    async fn shutdown(&self) -> Result<()>;

    /// Ends it; [`ComputeSystem::wait`] tells when it has. Nothing happens
    /// where it has stopped already.
    async fn terminate(&self) -> Result<()>;

    /// Waits until it has stopped and tells how.
    async fn wait(&self) -> Result<SystemExit>;

    /// Freezes all that runs in it.
    async fn pause(&self, options: &PauseOptions) -> Result<()>;

    /// Lets go on what [`ComputeSystem::pause`] froze.
    async fn resume(&self) -> Result<()>;

    /// Saves its state to a file, where the host can.
    async fn save(&self, options: &SaveOptions) -> Result<()>;

    /// Its properties: the basic ones, and those that the query names.
    async fn properties(&self, query: &PropertyQuery) -> Result<Properties>;

    /// Changes it while it runs.
    async fn modify(&self, request: &ModifySettingRequest) -> Result<()>;

    /// Starts a process in it.
    async fn create_process(
        &self,
        parameters: &ProcessParameters,
        stdio: StdioSource,
    ) -> Result<Box<dyn Process>>;

    /// A handle to a process that runs in it, or has ended and not been forgotten.
    async fn open_process(&self, pid: u32) -> Result<Box<dyn Process>>;

    /// Its events from now on. A stopped system gives its exit once more.
    fn events(&self) -> EventStream;

    /// Gives the handle up. The system goes on, unless its document said
    /// `ShouldTerminateOnLastHandleClosed` and this was the last handle.
    async fn close(&self) -> Result<()>;
}
