//! The calls about an open process, with their time limits.

use std::sync::{Arc, Weak};

use compute::SystemId;
use compute::timeouts::Timeouts;
use hcs_schema::schema2::{ProcessModifyRequest, ProcessParameters, ProcessStatus};
use serde_json::Value;
use tokio::time::Instant;

use super::calls::{self, NewProcess};
use super::events::ProcessEar;
use super::handle::Open;
use super::raw;
use super::system::OpenSystem;
use super::tracked::{Operation, track};
use crate::blocking::{blocking, detach};
use crate::failure::{Outcome, document, within};
use crate::handle::Closable;
use crate::hub::{Hub, ProcessHub};
use crate::process::ProcessCalls;
use crate::streams::{StreamHandles, Streams};
use crate::system::closed;
use crate::wide::Wide;

/// An open process.
pub(super) type OpenProcess = Open<ProcessEar>;

/// A handle to a process, and what has been heard of it.
pub(super) struct CoreProcess {
    system_id: SystemId,
    pid: u32,
    hub: Arc<ProcessHub>,
    open: Closable<OpenProcess>,
    streams: Streams,
    /// Its system, for a kill that cannot be delivered otherwise.
    system: Weak<OpenSystem>,
    timeouts: Timeouts,
}

impl CoreProcess {
    /// Starts a process. One that the caller does not get is ended.
    pub(super) async fn create(
        system_id: &SystemId,
        system_hub: Arc<Hub>,
        system: Arc<OpenSystem>,
        parameters: &ProcessParameters,
        timeouts: Timeouts,
    ) -> Outcome<(u32, Self)> {
        let parameters = Wide::json(parameters)?;
        let (hub, weak) = (ProcessHub::new(), Arc::downgrade(&system));
        let ear = ProcessEar::new(Arc::clone(&hub), Arc::clone(&system_hub));
        let deadline = Instant::now() + timeouts.syscall_watcher;
        let begin = move || calls::create_process(&system, &parameters, ear);
        let NewProcess { process, mut creation, closed } =
            within(deadline, blocking(begin)).await?;
        let ended = async {
            creation.ended().await;
            creation.process()
        };
        let made = tokio::select! {
            biased;
            made = within(deadline, ended) => made,
            named = system_hub.gone() => Err(named.into()),
        };
        let made = match made {
            Ok(made) => Ok(made),
            // The service has been seen to make a process and fail to say so; the
            // reference asks the handle then, too.
            Err(failure) => info(process.open(), deadline, &hub).await.map_err(|_| failure),
        };
        // A failure here ends the process: it is not kept yet.
        let (pid, streams) = match made {
            Ok((pid, handles)) => (pid, Streams::given(handles)?),
            Err(failure) => {
                process.undo().await;
                return Err(failure);
            }
        };
        let open = process.open();
        process.keep();
        let process = Self {
            system_id: system_id.clone(),
            pid,
            hub,
            open: Closable::new(open, closed),
            streams,
            system: weak,
            timeouts,
        };
        Ok((pid, process))
    }

    /// Opens a process.
    pub(super) async fn open(
        system_id: &SystemId,
        system_hub: Arc<Hub>,
        system: Arc<OpenSystem>,
        pid: u32,
        timeouts: Timeouts,
    ) -> Outcome<Self> {
        let (hub, weak) = (ProcessHub::new(), Arc::downgrade(&system));
        let ear = ProcessEar::new(Arc::clone(&hub), system_hub);
        let deadline = Instant::now() + timeouts.syscall_watcher;
        let open = blocking(move || calls::open_process(&system, pid, ear));
        let (open, closed) = within(deadline, open).await?;
        Ok(Self {
            system_id: system_id.clone(),
            pid,
            hub,
            open: Closable::new(open, closed),
            streams: Streams::unknown(),
            system: weak,
            timeouts,
        })
    }

    fn handle(&self) -> Outcome<Arc<OpenProcess>> {
        closed(self.open.get())
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.syscall_watcher
    }

    /// Makes a call and gives its document.
    async fn call(
        &self,
        begin: impl FnOnce(&OpenProcess) -> Outcome<Operation> + Send + 'static,
    ) -> Outcome<Option<String>> {
        track(self.handle()?, self.deadline(), self.hub.gone(), begin).await?.document()
    }
}

/// Asks a handle for its process's id and for new handles to the pipes.
async fn info(
    open: Arc<OpenProcess>,
    deadline: Instant,
    hub: &ProcessHub,
) -> Outcome<(u32, StreamHandles)> {
    let begin = |open: &OpenProcess| {
        // SAFETY: the handle is open.
        Operation::begin(|operation| unsafe { raw::HcsGetProcessInfo(open.raw(), operation) })
    };
    track(open, deadline, hub.gone(), begin).await?.process()
}

impl ProcessCalls for CoreProcess {
    fn hub(&self) -> &Arc<ProcessHub> {
        &self.hub
    }

    fn streams(&self) -> &Streams {
        &self.streams
    }

    fn check_open(&self) -> Outcome<()> {
        self.handle().map(drop)
    }

    async fn kill(&self) -> Outcome<()> {
        let id = Wide::new(self.system_id.as_str())?;
        let (pid, system) = (self.pid, self.system.clone());
        let deadline = self.deadline();
        let mut kill = within(deadline, blocking(move || calls::kill(&id, pid, &system))).await?;
        let ended = within(deadline, kill.ended()).await;
        detach(move || drop(kill));
        ended
    }

    async fn signal(&self, options: Value) -> Outcome<()> {
        let options = Wide::json(&options)?;
        let begin = move |open: &OpenProcess| {
            calls::with_text(open.raw(), raw::HcsSignalProcess, Some(&options))
        };
        self.call(begin).await.map(drop)
    }

    async fn modify(&self, request: &ProcessModifyRequest) -> Outcome<()> {
        let request = Wide::json(request)?;
        let begin = move |open: &OpenProcess| {
            calls::with_text(open.raw(), raw::HcsModifyProcess, Some(&request))
        };
        self.call(begin).await.map(drop)
    }

    async fn status(&self) -> Outcome<ProcessStatus> {
        let begin =
            |open: &OpenProcess| calls::with_text(open.raw(), raw::HcsGetProcessProperties, None);
        document(self.call(begin).await?)
    }

    async fn stream_handles(&self) -> Outcome<StreamHandles> {
        let (_, handles) = info(self.handle()?, self.deadline(), &self.hub).await?;
        Ok(handles)
    }

    async fn flush_stdin(&self) -> Outcome<()> {
        within(self.deadline(), async { Ok(self.streams.flush_stdin().await?) }).await
    }

    async fn close(&self) -> Outcome<()> {
        let closing = self.open.close();
        self.hub.close();
        within(self.deadline(), closing).await
    }
}
