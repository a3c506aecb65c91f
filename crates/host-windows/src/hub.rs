//! What is known of a compute system or a process, and who waits for it.
//!
//! A callback of the service puts in what it hears; nothing here waits, so a
//! callback never does. Both engines use it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use compute::error::Named;
use compute::{EventStream, SystemEvent, SystemExit};
use futures_core::Stream;
use hcs_schema::HResult;
use hcs_schema::schema2::ProcessStatus;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

/// How long the end of a system waits for word of its processes' ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// A compute system: how it ended, and the streams of its events.
#[derive(Debug)]
pub(crate) struct Hub {
    own: Weak<Self>,
    /// Where patience is measured: callbacks come on threads of the service.
    runtime: Option<Handle>,
    end: End<SystemExit>,
    /// Unbounded: a reader that does not read must not hold up the service's
    /// callback, and no event may be lost. A reader that is gone is removed with
    /// the next event or reader.
    streams: Mutex<Vec<mpsc::UnboundedSender<SystemEvent>>>,
    expected: Mutex<ExpectedEvents>,
}

/// What is to come before the last event.
#[derive(Debug, Default)]
struct ExpectedEvents {
    count: usize,
    /// The last event, which came first.
    last: Option<SystemEvent>,
}

/// An event that is to come before the system's end, such as that of an open process:
/// the service tells of them by threads of their own, in any order. The end waits for
/// it, though not for ever. Dropped, nothing waits any more.
#[derive(Debug)]
pub(crate) struct Expected(Arc<Hub>);

impl Drop for Expected {
    fn drop(&mut self) {
        let mut expected = self.0.expected();
        expected.count -= 1;
        let last = if expected.count == 0 { expected.last.take() } else { None };
        drop(expected);
        if let Some(last) = last {
            self.0.tell(last);
        }
    }
}

impl Hub {
    /// One of a system that runs, as far as is known.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new_cyclic(|own| Self {
            own: Weak::clone(own),
            runtime: Handle::try_current().ok(),
            end: End::new(),
            streams: Mutex::default(),
            expected: Mutex::default(),
        })
    }

    /// Announces an event that belongs before the system's end.
    pub(crate) fn expect(self: &Arc<Self>) -> Expected {
        self.expected().count += 1;
        Expected(Arc::clone(self))
    }

    fn expected(&self) -> MutexGuard<'_, ExpectedEvents> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all streams. The system's exit, or that the service is gone, is the
    /// last event of each; what comes after that is ignored.
    pub(crate) fn emit(&self, event: SystemEvent) {
        if matches!(event, SystemEvent::Exited(_)) {
            let mut expected = self.expected();
            if expected.count > 0 {
                expected.last = Some(event);
                return self.lose_patience_later();
            }
        }
        self.tell(event);
    }

    /// The end that waits is told once patience is over.
    fn lose_patience_later(&self) {
        let (Some(runtime), hub) = (&self.runtime, Weak::clone(&self.own)) else { return };
        drop(runtime.spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            let Some(hub) = hub.upgrade() else { return };
            let last = hub.expected().last.take();
            if let Some(last) = last {
                tracing::warn!("a system has ended, and some of its processes not, as it seems");
                hub.tell(last);
            }
        }));
    }

    fn tell(&self, event: SystemEvent) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let last = match &event {
            SystemEvent::Exited(exit) => self.end.set(Ok(exit.clone())),
            SystemEvent::ServiceDisconnect => self.end.set(Err(Named::UnexpectedProcessAbort)),
            _ => false,
        };
        streams.retain(|stream| stream.send(event.clone()).is_ok());
        if last {
            streams.clear();
        }
    }

    /// The events from now on. One that has ended gives its end once more; one
    /// that was closed gives nothing.
    pub(crate) fn events(&self) -> EventStream {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        // A failed `send` is one to a stream that was dropped.
        match self.end.get() {
            None => {
                // Many may come and go before the next event.
                streams.retain(|stream| !stream.is_closed());
                streams.push(sender);
            }
            Some(Ok(exit)) => drop(sender.send(SystemEvent::Exited(exit))),
            Some(Err(Named::UnexpectedProcessAbort)) => {
                drop(sender.send(SystemEvent::ServiceDisconnect));
            }
            Some(Err(_)) => {}
        }
        Box::pin(Events(receiver))
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// [`Named::UnexpectedProcessAbort`] once the service is gone,
    /// [`Named::AlreadyClosed`] where [`Hub::close`] came first.
    pub(crate) async fn exited(&self) -> Result<SystemExit, Named> {
        self.end.wait().await
    }

    /// Waits until nobody answers calls any more: the service is gone.
    pub(crate) async fn gone(&self) -> Named {
        self.end.gone().await
    }

    /// How it ended, where it has.
    pub(crate) fn exit(&self) -> Option<SystemExit> {
        self.end.get()?.ok()
    }

    /// The handle is closed: nothing more will be heard. All streams end, and
    /// those who wait for the exit are told. A known end stays known.
    pub(crate) fn close(&self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        self.end.set(Err(Named::AlreadyClosed));
        streams.clear();
    }
}

/// A process: how it ended.
#[derive(Debug)]
pub(crate) struct ProcessHub {
    end: End<ProcessStatus>,
}

impl ProcessHub {
    /// One of a process that runs, as far as is known.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { end: End::new() })
    }

    /// It has ended, in this way. Only the first word counts, here and below.
    pub(crate) fn exited(&self, status: ProcessStatus) {
        self.end.set(Ok(status));
    }

    /// The service is gone.
    pub(crate) fn lost(&self) {
        self.end.set(Err(Named::UnexpectedProcessAbort));
    }

    /// The handle is closed: nothing more will be heard.
    pub(crate) fn close(&self) {
        self.end.set(Err(Named::AlreadyClosed));
    }

    /// Waits until nobody answers calls any more: the service is gone.
    pub(crate) async fn gone(&self) -> Named {
        self.end.gone().await
    }

    /// How it ended, where it has.
    pub(crate) fn status(&self) -> Option<ProcessStatus> {
        self.end.get()?.ok()
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// [`Named::UnexpectedProcessAbort`] once the service is gone,
    /// [`Named::AlreadyClosed`] where [`ProcessHub::close`] came first.
    pub(crate) async fn wait(&self) -> Result<ProcessStatus, Named> {
        self.end.wait().await
    }
}

/// How a system ended. The data says it where there is some; else the status does.
pub(crate) fn exit_of(status: HResult, data: Option<&str>) -> SystemExit {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct ExitStatus {
        #[serde(default)]
        status: Option<HResult>,
        exit_type: String,
    }
    if let Some(told) = data.and_then(|data| serde_json::from_str::<ExitStatus>(data).ok()) {
        return SystemExit { status: told.status.unwrap_or(status), exit_type: told.exit_type };
    }
    let exit_type = match status {
        status if !status.is_failure() => "GracefulExit",
        HResult::HCS_E_TERMINATED | HResult::ERROR_VMCOMPUTE_TERMINATED => "ForcedExit",
        _ => "UnexpectedExit",
    };
    SystemExit { status, exit_type: exit_type.into() }
}

/// An end that comes once, and whoever waits for it.
#[derive(Debug)]
struct End<T>(watch::Sender<Option<Result<T, Named>>>);

impl<T: Clone> End<T> {
    fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Whether this was the first word.
    fn set(&self, end: Result<T, Named>) -> bool {
        self.0.send_if_modified(|known| {
            let first = known.is_none();
            if first {
                *known = Some(end);
            }
            first
        })
    }

    fn get(&self) -> Option<Result<T, Named>> {
        self.0.borrow().clone()
    }

    /// Waits until nobody answers a call any more, and says why.
    async fn gone(&self) -> Named {
        match self.wait().await {
            // What was called before the close, or after the end, is answered.
            Ok(_) | Err(Named::AlreadyClosed) => std::future::pending().await,
            Err(named) => named,
        }
    }

    async fn wait(&self) -> Result<T, Named> {
        let mut receiver = self.0.subscribe();
        match receiver.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or(Err(Named::HandleClose)),
            // The sender lives as long as `self`.
            Err(_) => Err(Named::HandleClose),
        }
    }
}

/// The events of one reader.
struct Events(mpsc::UnboundedReceiver<SystemEvent>);

impl Stream for Events {
    type Item = SystemEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SystemEvent>> {
        self.0.poll_recv(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(exit_type: &str) -> SystemExit {
        SystemExit { status: HResult::S_OK, exit_type: exit_type.into() }
    }

    async fn next(stream: &mut EventStream) -> Option<SystemEvent> {
        std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await
    }

    #[tokio::test]
    async fn each_stream_has_all_events_to_the_end() {
        let hub = Hub::new();
        let mut streams = [hub.events(), hub.events()];
        for _ in 0..1000 {
            hub.emit(SystemEvent::CrashInitiated);
        }
        hub.emit(SystemEvent::Exited(exit("GracefulExit")));
        hub.emit(SystemEvent::Exited(exit("ForcedExit")));
        hub.emit(SystemEvent::ServiceDisconnect);
        for stream in &mut streams {
            for _ in 0..1000 {
                assert_eq!(next(stream).await, Some(SystemEvent::CrashInitiated));
            }
            assert_eq!(next(stream).await, Some(SystemEvent::Exited(exit("GracefulExit"))));
            assert_eq!(next(stream).await, None);
        }
        let mut late = hub.events();
        assert_eq!(next(&mut late).await, Some(SystemEvent::Exited(exit("GracefulExit"))));
        assert_eq!(next(&mut late).await, None);
        assert_eq!(hub.exit(), Some(exit("GracefulExit")));
    }

    #[tokio::test]
    async fn who_waits_hears_the_first_end() {
        let hub = Hub::new();
        let waiting = {
            let hub = Arc::clone(&hub);
            tokio::spawn(async move { hub.exited().await })
        };
        tokio::task::yield_now().await;
        hub.emit(SystemEvent::Exited(exit("ForcedExit")));
        hub.close();
        assert_eq!(waiting.await.unwrap(), Ok(exit("ForcedExit")));
        assert_eq!(hub.exited().await, Ok(exit("ForcedExit")));
    }

    #[tokio::test]
    async fn a_closed_or_lost_system_ends_its_streams() {
        let hub = Hub::new();
        let mut stream = hub.events();
        hub.close();
        hub.emit(SystemEvent::Exited(exit("GracefulExit")));
        assert_eq!(next(&mut stream).await, None);
        assert_eq!(next(&mut hub.events()).await, None);
        assert_eq!(hub.exited().await, Err(Named::AlreadyClosed));
        assert_eq!(hub.exit(), None);

        let hub = Hub::new();
        let mut stream = hub.events();
        hub.emit(SystemEvent::ServiceDisconnect);
        assert_eq!(next(&mut stream).await, Some(SystemEvent::ServiceDisconnect));
        assert_eq!(next(&mut stream).await, None);
        assert_eq!(next(&mut hub.events()).await, Some(SystemEvent::ServiceDisconnect));
        assert_eq!(hub.exited().await, Err(Named::UnexpectedProcessAbort));
    }

    #[tokio::test]
    async fn the_end_waits_for_what_was_announced() {
        let hub = Hub::new();
        let mut stream = hub.events();
        let announced = [hub.expect(), hub.expect()];
        hub.emit(SystemEvent::Exited(exit("GracefulExit")));
        assert_eq!(hub.exit(), None);
        for expected in announced {
            hub.emit(SystemEvent::CrashInitiated);
            drop(expected);
        }
        assert_eq!(hub.exit(), Some(exit("GracefulExit")));
        assert_eq!(next(&mut stream).await, Some(SystemEvent::CrashInitiated));
        assert_eq!(next(&mut stream).await, Some(SystemEvent::CrashInitiated));
        assert_eq!(next(&mut stream).await, Some(SystemEvent::Exited(exit("GracefulExit"))));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_does_not_wait_for_ever() {
        let hub = Hub::new();
        let announced = hub.expect();
        let teller = Arc::clone(&hub);
        // A thread of the service, which has no runtime.
        let told = std::thread::spawn(move || {
            teller.emit(SystemEvent::Exited(exit("ForcedExit")));
        });
        told.join().unwrap();
        assert_eq!(hub.exit(), None);
        assert_eq!(hub.exited().await, Ok(exit("ForcedExit")));
        drop(announced);
    }

    #[test]
    fn a_reader_that_is_gone_is_forgotten() {
        let hub = Hub::new();
        drop(hub.events());
        hub.emit(SystemEvent::CrashInitiated);
        assert!(hub.streams.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_process_ends_once() {
        let hub = ProcessHub::new();
        assert_eq!(hub.status(), None);
        let status = ProcessStatus { exit_code: 3, exited: true, ..Default::default() };
        hub.exited(status.clone());
        hub.lost();
        hub.close();
        assert_eq!(hub.wait().await, Ok(status.clone()));
        assert_eq!(hub.status(), Some(status));

        let hub = ProcessHub::new();
        hub.lost();
        assert_eq!(hub.wait().await, Err(Named::UnexpectedProcessAbort));
        let hub = ProcessHub::new();
        hub.close();
        assert_eq!(hub.wait().await, Err(Named::AlreadyClosed));
    }

    #[test]
    fn an_exit_is_told_by_its_data_or_its_status() {
        let told = exit_of(HResult::S_OK, Some(r#"{"Status":-1,"ExitType":"ForcedExit"}"#));
        assert_eq!((told.status, told.exit_type.as_str()), (HResult(-1), "ForcedExit"));
        let kind = |code| exit_of(HResult::from_u32(code), Some("no JSON")).exit_type;
        assert_eq!(kind(0), "GracefulExit");
        assert_eq!(kind(0xc037_0106), "UnexpectedExit");
        assert_eq!(kind(0xc037_0107), "ForcedExit");
    }
}
