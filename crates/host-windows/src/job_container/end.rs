//! How a container ends: with its first process, or when it is asked to.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use compute::state::State;
use compute::{SystemEvent, SystemExit};
use hcs_schema::HResult;
use tokio::time::Instant;

use super::files::Files;
use super::{Container, control};

/// How long processes may take to end by themselves, and how long after that.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether they have.
const PAUSE: Duration = Duration::from_millis(20);

/// The exit code of processes that are ended with the container.
const ENDED: u32 = 1;

/// How a container is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Its processes are told, and have time.
    Gently,
    /// At once.
    Forced,
}

impl Container {
    /// Ends all processes, undoes what was made for them and tells the end.
    pub(super) async fn end(self: Arc<Self>, how: How) {
        if how == How::Forced {
            self.terminate();
        }
        // Whoever came first does the rest.
        if self.is_ending.swap(true, Ordering::AcqRel) {
            return;
        }
        if how == How::Gently && !self.is_empty() {
            self.tell_all("CtrlShutdown");
            if !self.empties_within(PATIENCE).await {
                self.terminate();
            }
        }
        if !self.empties_within(PATIENCE).await {
            tracing::warn!(system = %self.id, "processes of the container do not end");
        }
        // A process has ended before its watcher knows.
        let deadline = Instant::now() + PATIENCE;
        while !self.processes().is_empty() && Instant::now() < deadline {
            tokio::time::sleep(PAUSE).await;
        }
        let own = Arc::clone(&self);
        // Removing links and accounts may take.
        let _ = tokio::task::spawn_blocking(move || own.undo()).await;
        *self.state() = State::Stopped;
        let exit_type = match how {
            How::Gently => "GracefulExit",
            How::Forced => "ForcedExit",
        };
        let exit = SystemExit { status: HResult::S_OK, exit_type: exit_type.into() };
        self.hub.emit(SystemEvent::Exited(exit));
    }

    fn undo(&self) {
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = Files::default();
        self.user.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn terminate(&self) {
        if let Err(error) = self.job.terminate(ENDED) {
            tracing::warn!(system = %self.id, %error, "the container is not ended");
        }
    }

    fn tell_all(&self, event: &str) {
        let Some(event) = control::event(event) else { return };
        for pid in self.job.pids().unwrap_or_default() {
            // What can't be told has no more time than the others.
            if let Err(failure) = control::send(pid, event) {
                tracing::debug!(pid, ?failure, "a process is not told of the container's end");
            }
        }
    }

    async fn empties_within(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while !self.is_empty() {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(PAUSE).await;
        }
        true
    }

    /// Whether no process is in the job. One whose processes nobody can list may have
    /// some.
    fn is_empty(&self) -> bool {
        self.job.pids().is_ok_and(|pids| pids.is_empty())
    }
}
