//! The calls about an open compute system, with their time limits.

use std::sync::Arc;
use std::time::Duration;

use compute::SystemId;
use compute::timeouts::Timeouts;
use hcs_schema::schema2::{
    ModifySettingRequest, PauseOptions, ProcessParameters, Properties, PropertyQuery, SaveOptions,
};
use serde::Serialize;
use tokio::time::Instant;

use super::calls;
use super::handle::Open;
use super::process::CoreProcess;
use super::raw;
use super::tracked::{Operation, track};
use crate::blocking::blocking;
use crate::failure::{Outcome, document, within};
use crate::handle::Closable;
use crate::hub::Hub;
use crate::system::{SystemCalls, closed};
use crate::wide::Wide;

/// An open compute system.
pub(super) type OpenSystem = Open<Hub>;

/// How long the refusal to end a system is waited for: it comes at once. The end
/// itself may take as long as what runs in the system does, and is told as an
/// event, so nobody waits for it here (the reference waits for neither).
const REFUSAL: Duration = Duration::from_secs(1);

/// A handle to a compute system, and what has been heard of it.
pub(super) struct CoreSystem {
    id: SystemId,
    hub: Arc<Hub>,
    open: Closable<OpenSystem>,
    timeouts: Timeouts,
}

impl CoreSystem {
    pub(super) fn new(
        id: &SystemId,
        hub: Arc<Hub>,
        open: Closable<OpenSystem>,
        timeouts: Timeouts,
    ) -> Self {
        Self { id: id.clone(), hub, open, timeouts }
    }

    fn open(&self) -> Outcome<Arc<OpenSystem>> {
        closed(self.open.get())
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.syscall_watcher
    }

    /// Makes a call and gives its document.
    async fn call(
        &self,
        limit: Duration,
        begin: impl FnOnce(&OpenSystem) -> Outcome<Operation> + Send + 'static,
    ) -> Outcome<Option<String>> {
        let open = self.open()?;
        track(open, Instant::now() + limit, self.hub.gone(), begin).await?.document()
    }

    /// Asks for the end.
    async fn end(
        &self,
        begin: impl FnOnce(&OpenSystem) -> Outcome<Operation> + Send + 'static,
    ) -> Outcome<()> {
        let open = self.open()?;
        let asked = blocking(move || begin(&open));
        let mut operation = within(self.deadline(), asked).await?;
        let refused = tokio::time::timeout(REFUSAL, async {
            tokio::select! {
                biased;
                () = operation.ended() => true,
                _ = self.hub.exited() => false,
            }
        });
        if refused.await == Ok(true) {
            return operation.document().map(drop);
        }
        operation.release();
        Ok(())
    }
}

/// The options of a call; none where they are those that hold anyway, as old
/// services know none.
fn unless_default<T: Serialize + Default + PartialEq>(options: &T) -> Outcome<Option<Wide>> {
    if *options == T::default() { Ok(None) } else { Ok(Some(Wide::json(options)?)) }
}

impl SystemCalls for CoreSystem {
    type Process = CoreProcess;

    fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    fn check_open(&self) -> Outcome<()> {
        self.open().map(drop)
    }

    async fn start(&self) -> Outcome<()> {
        let begin =
            |open: &OpenSystem| calls::with_text(open.raw(), raw::HcsStartComputeSystem, None);
        self.call(self.timeouts.system_start, begin).await.map(drop)
    }

    async fn shutdown(&self) -> Outcome<()> {
        self.end(|open| calls::with_text(open.raw(), raw::HcsShutDownComputeSystem, None)).await
    }

    async fn terminate(&self) -> Outcome<()> {
        self.end(|open| calls::with_text(open.raw(), raw::HcsTerminateComputeSystem, None)).await
    }

    async fn pause(&self, options: &PauseOptions) -> Outcome<()> {
        let options = unless_default(options)?;
        let begin = move |open: &OpenSystem| {
            calls::with_text(open.raw(), raw::HcsPauseComputeSystem, options.as_ref())
        };
        self.call(self.timeouts.system_pause, begin).await.map(drop)
    }

    async fn resume(&self) -> Outcome<()> {
        let begin =
            |open: &OpenSystem| calls::with_text(open.raw(), raw::HcsResumeComputeSystem, None);
        self.call(self.timeouts.system_resume, begin).await.map(drop)
    }

    async fn save(&self, options: &SaveOptions) -> Outcome<()> {
        let options = Wide::json(options)?;
        let begin = move |open: &OpenSystem| {
            calls::with_text(open.raw(), raw::HcsSaveComputeSystem, Some(&options))
        };
        self.call(self.timeouts.system_save, begin).await.map(drop)
    }

    async fn properties(&self, query: &PropertyQuery) -> Outcome<Properties> {
        let query = Wide::json(query)?;
        let begin = move |open: &OpenSystem| {
            calls::with_text(open.raw(), raw::HcsGetComputeSystemProperties, Some(&query))
        };
        document(self.call(self.timeouts.syscall_watcher, begin).await?)
    }

    async fn modify(&self, request: &ModifySettingRequest) -> Outcome<()> {
        let request = Wide::json(request)?;
        let begin = move |open: &OpenSystem| {
            // SAFETY: the handle is open, the request ends with a NUL; no identity
            // is given.
            Operation::begin(|operation| unsafe {
                raw::HcsModifyComputeSystem(
                    open.raw(),
                    operation,
                    request.as_ptr(),
                    std::ptr::null_mut(),
                )
            })
        };
        self.call(self.timeouts.syscall_watcher, begin).await.map(drop)
    }

    async fn create_process(&self, parameters: &ProcessParameters) -> Outcome<(u32, CoreProcess)> {
        let (open, hub) = (self.open()?, Arc::clone(&self.hub));
        CoreProcess::create(&self.id, hub, open, parameters, self.timeouts.clone()).await
    }

    async fn open_process(&self, pid: u32) -> Outcome<CoreProcess> {
        let (open, hub) = (self.open()?, Arc::clone(&self.hub));
        CoreProcess::open(&self.id, hub, open, pid, self.timeouts.clone()).await
    }

    async fn close(&self) -> Outcome<()> {
        let closing = self.open.close();
        self.hub.close();
        within(self.deadline(), closing).await
    }
}
