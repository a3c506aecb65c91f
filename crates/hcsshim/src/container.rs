//! Containers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use compute::error::{Cause, Named, SystemCode, is_already_closed};
use compute::{ComputeSystem, StdioSource, SystemExit, operation};
use hcs_schema::schema1::{
    ContainerProperties, MappedVirtualDiskController, ProcessConfig, ProcessListItem,
    ResourceModificationRequestResponse, Statistics,
};
use hcs_schema::schema2::{PauseOptions, PropertyQuery, PropertyType};

use crate::blocking::call;
use crate::error::pending;
use crate::properties::{container_properties, modify_request, process_parameters};
use crate::wait::Wait;
use crate::{Error, Process, Result};

/// A container on a host.
///
/// Made by [`crate::create_container`] or [`crate::open_container`]. Dropping it
/// closes it; the container goes on, unless its configuration says
/// `TerminateOnLastHandleClosed` and this was the last handle.
///
/// A call that fails gives [`Error::Container`], with the operation's name in
/// the reference.
///
/// ```
/// # use std::sync::Arc;
/// # use hcsshim::{Hcs, ProcessConfig, is_pending};
/// # let service = compute::fake::FakeService::linux();
/// # let hcs = Hcs::new(Arc::new(service.clone()));
/// let container = hcs.create_container("c1", &Default::default())?;
/// container.start()?;
/// let sleep = ProcessConfig { command_line: "sleep 60".into(), ..Default::default() };
/// let process = container.create_process(&sleep)?;
///
/// // It is asked to end, and has ended once `wait` says so.
/// assert!(is_pending(&container.shutdown().unwrap_err()));
/// container.wait()?;
/// assert_eq!(process.exit_code()?, 137);
/// container.close()?;
/// # Ok::<(), hcsshim::Error>(())
/// ```
pub struct Container {
    system: Arc<dyn ComputeSystem>,
    exit: Wait<SystemExit>,
}

impl Container {
    pub(crate) fn new(system: Box<dyn ComputeSystem>) -> Self {
        let system: Arc<dyn ComputeSystem> = system.into();
        let waited = Arc::clone(&system);
        Self { system, exit: Wait::new(async move { waited.wait().await }) }
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`crate::is_operation_invalid_state`] holds where it runs already.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// let container = hcs.create_container("c1", &Default::default())?;
    /// container.start()?;
    /// assert!(hcsshim::is_operation_invalid_state(&container.start().unwrap_err()));
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn start(&self) -> Result<()> {
        call(self.system.start()).map_err(Error::of_container)
    }

    /// Asks it to end. [`Container::wait`] tells when it has.
    ///
    /// # Errors
    /// Always: success is an error for which [`crate::is_pending`] holds, as in
    /// the reference.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// match container.shutdown() {
    ///     Err(error) if hcsshim::is_pending(&error) => container.wait()?,
    ///     other => other?,
    /// }
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn shutdown(&self) -> Result<()> {
        call(self.system.shutdown()).map_err(Error::of_container)?;
        Err(pending("hcsshim::ComputeSystem::Shutdown", self.id()))
    }

    /// Ends it. [`Container::wait`] tells when it has.
    ///
    /// # Errors
    /// Always: success is an error for which [`crate::is_pending`] holds, as in
    /// the reference.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// match container.terminate() {
    ///     Err(error) if hcsshim::is_pending(&error) => container.wait()?,
    ///     other => other?,
    /// }
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn terminate(&self) -> Result<()> {
        call(self.system.terminate()).map_err(Error::of_container)?;
        Err(pending("hcsshim::ComputeSystem::Terminate", self.id()))
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// It ended without having been asked to: the cause is the code that the
    /// host gave, 0xc0370106 (`ERROR_VMCOMPUTE_UNEXPECTED_EXIT`) as a rule.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let service = compute::fake::FakeService::linux();
    /// # let hcs = hcsshim::Hcs::new(Arc::new(service.clone()));
    /// let container = hcs.create_container("c1", &Default::default())?;
    /// container.start()?;
    /// # service.inside("c1").unwrap().crash("the init was killed");
    /// let error = container.wait().unwrap_err();
    /// assert!(error.to_string().ends_with("(0xc0370106)"));
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn wait(&self) -> Result<()> {
        let exit = self.exit.end().map_err(Error::of_container)?;
        self.orderly(&exit)
    }

    /// Waits until it has ended, at most this long.
    ///
    /// # Errors
    /// [`crate::is_timeout`] holds where it has not; else those of
    /// [`Container::wait`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use std::time::Duration;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// let container = hcs.create_container("c1", &Default::default())?;
    /// let error = container.wait_timeout(Duration::from_millis(5)).unwrap_err();
    /// assert!(hcsshim::is_timeout(&error));
    /// container.terminate().unwrap_err();
    /// container.wait_timeout(Duration::from_secs(5))?;
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn wait_timeout(&self, limit: Duration) -> Result<()> {
        match self.exit.end_within(limit).map_err(Error::of_container)? {
            Some(exit) => self.orderly(&exit),
            None => Err(self.failed("hcsshim::ComputeSystem::Wait", Named::Timeout)),
        }
    }

    /// Freezes all that runs in it.
    ///
    /// # Errors
    /// [`crate::is_operation_invalid_state`] holds where it does not run.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// container.pause()?;
    /// assert_eq!(hcs.get_containers(&Default::default())?[0].state, "Paused");
    /// container.resume()?;
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn pause(&self) -> Result<()> {
        call(self.system.pause(&PauseOptions::default())).map_err(Error::of_container)
    }

    /// Lets go on what [`Container::pause`] froze.
    ///
    /// # Errors
    /// [`crate::is_operation_invalid_state`] holds where it is not paused.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// assert!(container.resume().is_err(), "it is not paused");
    /// container.pause()?;
    /// container.resume()?;
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn resume(&self) -> Result<()> {
        call(self.system.resume()).map_err(Error::of_container)
    }

    /// Whether updates wait to be installed: never, as in the reference.
    ///
    /// # Errors
    /// None; the reference's call has the form that can fail.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// assert!(!container.has_pending_updates()?);
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn has_pending_updates(&self) -> Result<bool> {
        Ok(false)
    }

    /// What it uses of the processors, the memory, the storage and the network.
    /// A figure that the host does not have is 0.
    ///
    /// # Errors
    /// The host cannot tell.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// let statistics = container.statistics()?;
    /// println!("up for {} ms", statistics.uptime_100ns / 10_000);
    /// println!("{} bytes of memory", statistics.memory.usage_commit_bytes);
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn statistics(&self) -> Result<Statistics> {
        Ok(self.properties(PropertyType::Statistics)?.statistics)
    }

    /// The processes that run in it.
    ///
    /// # Errors
    /// The host cannot tell.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hcsshim::ProcessConfig;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// let process = container.create_process(&ProcessConfig {
    ///     command_line: "sleep 60".into(),
    ///     ..Default::default()
    /// })?;
    /// assert_eq!(container.process_list()?[0].process_id, process.pid());
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn process_list(&self) -> Result<Vec<ProcessListItem>> {
        Ok(self.properties(PropertyType::ProcessList)?.process_list)
    }

    /// The virtual disks of a utility VM, by the number of their controller.
    ///
    /// # Errors
    /// The host cannot tell.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// assert!(container.mapped_virtual_disks()?.is_empty());
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn mapped_virtual_disks(&self) -> Result<BTreeMap<i64, MappedVirtualDiskController>> {
        // A property of schema 1 only, so it has no name in schema 2.
        let disks = PropertyType::from("MappedVirtualDisk");
        Ok(self.properties(disks)?.mapped_virtual_disk_controllers)
    }

    /// Starts a process in it.
    ///
    /// # Errors
    /// The command cannot be started: the operation's name has the command line
    /// behind it.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hcsshim::ProcessConfig;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// let process = container.create_process(&ProcessConfig {
    ///     command_args: vec!["sh".into(), "-c".into(), "cat; exit 3".into()],
    ///     working_directory: "/tmp".into(),
    ///     environment: [("LANG".into(), "C".into())].into(),
    ///     create_std_in_pipe: true,
    ///     create_std_out_pipe: true,
    ///     ..Default::default()
    /// })?;
    /// assert!(process.stdio()?.stderr.is_none(), "no pipe was asked for");
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn create_process(&self, config: &ProcessConfig) -> Result<Process> {
        let parameters = process_parameters(config)
            .map_err(|error| self.failed(operation::CREATE_PROCESS, error))?;
        match call(self.system.create_process(&parameters, StdioSource::Pipes)) {
            Ok(process) => Ok(Process::new(self.id(), process)),
            Err(error) => Err(Error::of_container(error)),
        }
    }

    /// A handle to a process in it, whoever started it.
    ///
    /// # Errors
    /// [`crate::is_not_exist`] holds where there is none of this id.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// let process = container.create_process(&Default::default())?;
    /// container.open_process(process.pid())?.kill()?;
    /// process.wait()?;
    /// assert!(hcsshim::is_not_exist(&container.open_process(7).unwrap_err()));
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn open_process(&self, pid: u32) -> Result<Process> {
        match call(self.system.open_process(pid)) {
            Ok(process) => Ok(Process::new(self.id(), process)),
            Err(error) => Err(Error::of_container(error)),
        }
    }

    /// Gives the handle up, and with it who waits on it. A second time it does
    /// nothing.
    ///
    /// # Errors
    /// The host could not be told.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// let container = hcs.create_container("c1", &Default::default())?;
    /// container.close()?;
    /// container.close()?;
    /// hcs.open_container("c1")?.start()?;
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn close(&self) -> Result<()> {
        match call(self.system.close()) {
            Err(error) if !is_already_closed(&error) => Err(Error::of_container(error)),
            _ => Ok(()),
        }
    }

    /// Changes it: adds or removes a resource.
    ///
    /// # Errors
    /// The host cannot make the change; [`crate::is_not_supported`] holds where
    /// it does not know the resource.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hcsshim::{ADD, NETWORK, ResourceModificationRequestResponse};
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// container.modify(&ResourceModificationRequestResponse {
    ///     resource: NETWORK,
    ///     data: Some("7a6a5b1e-8bb5-4a3c-9d5e-0123456789ab".into()),
    ///     request: ADD,
    ///     ..Default::default()
    /// })?;
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn modify(&self, request: &ResourceModificationRequestResponse) -> Result<()> {
        let request =
            modify_request(request).map_err(|error| self.failed(operation::MODIFY, error))?;
        call(self.system.modify(&request)).map_err(Error::of_container)
    }

    fn id(&self) -> &str {
        self.system.id().as_str()
    }

    fn failed(&self, operation: &'static str, cause: impl Into<Cause>) -> Error {
        Error::of_container(compute::Error::system(operation, self.id(), cause))
    }

    /// Whether it ended in good order, or by what fault.
    fn orderly(&self, exit: &SystemExit) -> Result<()> {
        if exit.status.is_failure() {
            Err(self.failed(operation::WAIT, SystemCode::from(exit.status)))
        } else if exit.is_unexpected() {
            let code = SystemCode::ERR_VMCOMPUTE_UNEXPECTED_EXIT;
            Err(self.failed(operation::WAIT, code))
        } else {
            Ok(())
        }
    }

    fn properties(&self, property: PropertyType) -> Result<ContainerProperties> {
        let query = PropertyQuery { property_types: vec![property], ..Default::default() };
        let properties = call(self.system.properties(&query)).map_err(Error::of_container)?;
        container_properties(properties).map_err(|error| self.failed(operation::PROPERTIES, error))
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Container").field(&self.id()).finish()
    }
}
