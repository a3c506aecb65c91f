//! The calls about a container.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use compute::error::SystemCode;
use compute::state::{self, Operation};
use hcs_schema::schema2::{
    ModifySettingRequest, PauseOptions, ProcessParameters, Properties, PropertyQuery, SaveOptions,
};

use super::Container;
use super::end::How;
use super::process::JobProcess;
use crate::blocking::blocking;
use crate::failure::Outcome;
use crate::hub::Hub;
use crate::streams::Streams;
use crate::system::{SystemCalls, closed};

/// A handle to a container: the only one.
pub(super) struct JobSystem {
    hub: Arc<Hub>,
    container: Mutex<Option<Arc<Container>>>,
}

impl JobSystem {
    pub(super) fn new(container: Arc<Container>) -> Self {
        Self { hub: Arc::clone(&container.hub), container: Mutex::new(Some(container)) }
    }

    fn container(&self) -> Outcome<Arc<Container>> {
        closed(self.container.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// The container, if its state allows for this; it comes into the next one.
    fn step(&self, operation: Operation) -> Outcome<Arc<Container>> {
        let container = self.container()?;
        let mut state = container.state();
        // It has stopped once that is known.
        let next = state::check(operation, *state)?;
        if operation != Operation::Terminate {
            *state = next;
        }
        drop(state);
        Ok(container)
    }

    fn not_supported<T>(&self) -> Outcome<T> {
        self.container()?;
        Err(SystemCode::ERR_NOT_SUPPORTED.into())
    }
}

impl SystemCalls for JobSystem {
    type Process = JobProcess;

    fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    fn check_open(&self) -> Outcome<()> {
        self.container().map(drop)
    }

    /// There is nothing to start but its processes.
    async fn start(&self) -> Outcome<()> {
        self.step(Operation::Start)?.started.get_or_init(SystemTime::now);
        Ok(())
    }

    async fn shutdown(&self) -> Outcome<()> {
        drop(tokio::spawn(self.step(Operation::Shutdown)?.end(How::Gently)));
        Ok(())
    }

    async fn terminate(&self) -> Outcome<()> {
        drop(tokio::spawn(self.step(Operation::Terminate)?.end(How::Forced)));
        Ok(())
    }

    async fn pause(&self, _: &PauseOptions) -> Outcome<()> {
        self.not_supported()
    }

    async fn resume(&self) -> Outcome<()> {
        self.not_supported()
    }

    async fn save(&self, _: &SaveOptions) -> Outcome<()> {
        self.not_supported()
    }

    async fn properties(&self, query: &PropertyQuery) -> Outcome<Properties> {
        let (container, query) = (self.container()?, query.clone());
        blocking(move || container.properties(&query)).await
    }

    async fn modify(&self, _: &ModifySettingRequest) -> Outcome<()> {
        self.not_supported()
    }

    async fn create_process(&self, parameters: &ProcessParameters) -> Outcome<(u32, JobProcess)> {
        let container = self.step(Operation::CreateProcess { init: false })?;
        let is_first = !container.has_first_process.swap(true, Ordering::AcqRel);
        let (own, parameters) = (Arc::clone(&container), parameters.clone());
        let started = blocking(move || own.start_process(&parameters, is_first)).await;
        if is_first && started.is_err() {
            container.has_first_process.store(false, Ordering::Release);
        }
        started?.keep()
    }

    async fn open_process(&self, pid: u32) -> Outcome<JobProcess> {
        let container = self.step(Operation::Properties)?;
        let running = container.processes().get(&pid).cloned();
        let running = running.ok_or(SystemCode::ERR_ELEMENT_NOT_FOUND)?;
        Ok(JobProcess::new(running, Streams::unknown()).1)
    }

    /// Ends what is left, since no other handle can be there.
    async fn close(&self) -> Outcome<()> {
        let container = self.container.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.hub.close();
        // Removing links and accounts may take.
        blocking(move || {
            drop(container);
            Ok(())
        })
        .await
    }
}
