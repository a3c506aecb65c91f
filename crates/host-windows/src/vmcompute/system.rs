//! The calls about an open compute system, with their time limits.

use std::sync::Arc;
use std::time::Duration;

use compute::SystemId;
use compute::timeouts::Timeouts;
use hcs_schema::schema2::{
    ModifySettingRequest, PauseOptions, ProcessParameters, Properties, PropertyQuery, SaveOptions,
};
use tokio::time::Instant;

use super::calls::{self, Options};
use super::handle::Open;
use super::notify::{Completion, SystemEar};
use super::process::VmProcess;
use crate::blocking::blocking;
use crate::failure::{Outcome, within};
use crate::handle::Closable;
use crate::hub::Hub;
use crate::system::{SystemCalls, closed};
use crate::wide::Wide;

/// An open compute system.
pub(super) type OpenSystem = Open<SystemEar>;

/// A handle to a compute system, and what has been heard of it.
pub(super) struct VmSystem {
    id: SystemId,
    ear: Arc<SystemEar>,
    open: Closable<OpenSystem>,
    timeouts: Timeouts,
}

impl VmSystem {
    pub(super) fn new(
        id: &SystemId,
        ear: Arc<SystemEar>,
        open: Closable<OpenSystem>,
        timeouts: Timeouts,
    ) -> Self {
        Self { id: id.clone(), ear, open, timeouts }
    }

    fn open(&self) -> Outcome<Arc<OpenSystem>> {
        closed(self.open.get())
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.syscall_watcher
    }

    /// Makes a call that is done when it returns.
    async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&OpenSystem) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let open = self.open()?;
        within(self.deadline(), blocking(move || call(&open))).await
    }

    /// Makes a call that may go on after it has returned, and waits for its end.
    async fn complete(
        &self,
        limit: Duration,
        completion: Completion,
        call: impl FnOnce(&OpenSystem) -> Outcome<()> + Send + 'static,
    ) -> Outcome<()> {
        let open = self.open()?;
        let deadline = Instant::now() + limit;
        let awaited = self.ear.listen(completion);
        match within(deadline, blocking(move || call(&open))).await {
            Err(failure) if failure.is_pending() => self.ear.wait(awaited, deadline).await,
            outcome => outcome,
        }
    }
}

impl SystemCalls for VmSystem {
    type Process = VmProcess;

    fn hub(&self) -> &Arc<Hub> {
        &self.ear.hub
    }

    fn check_open(&self) -> Outcome<()> {
        self.open().map(drop)
    }

    async fn start(&self) -> Outcome<()> {
        self.complete(self.timeouts.system_start, Completion::Start, calls::start).await
    }

    async fn shutdown(&self) -> Outcome<()> {
        self.call(calls::shutdown).await
    }

    async fn terminate(&self) -> Outcome<()> {
        self.call(calls::terminate).await
    }

    async fn pause(&self, options: &PauseOptions) -> Outcome<()> {
        let options = Options::unless_default(options)?;
        let call = move |open: &OpenSystem| calls::pause(open, &options);
        self.complete(self.timeouts.system_pause, Completion::Pause, call).await
    }

    async fn resume(&self) -> Outcome<()> {
        self.complete(self.timeouts.system_resume, Completion::Resume, calls::resume).await
    }

    async fn save(&self, options: &SaveOptions) -> Outcome<()> {
        let options = Wide::json(options)?;
        let call = move |open: &OpenSystem| calls::save(open, &options);
        self.complete(self.timeouts.system_save, Completion::Save, call).await
    }

    async fn properties(&self, query: &PropertyQuery) -> Outcome<Properties> {
        let query = Wide::json(query)?;
        self.call(move |open| calls::properties(open, &query)).await
    }

    async fn modify(&self, request: &ModifySettingRequest) -> Outcome<()> {
        let request = Wide::json(request)?;
        self.call(move |open| calls::modify(open, &request)).await
    }

    async fn create_process(&self, parameters: &ProcessParameters) -> Outcome<(u32, VmProcess)> {
        let (open, hub) = (self.open()?, Arc::clone(&self.ear.hub));
        VmProcess::create(&self.id, hub, open, parameters, self.timeouts.clone()).await
    }

    async fn open_process(&self, pid: u32) -> Outcome<VmProcess> {
        let (open, hub) = (self.open()?, Arc::clone(&self.ear.hub));
        VmProcess::open(&self.id, hub, open, pid, self.timeouts.clone()).await
    }

    async fn close(&self) -> Outcome<()> {
        let closing = self.open.close();
        self.ear.hub.close();
        within(self.deadline(), closing).await
    }
}
