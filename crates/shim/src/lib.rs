//! Pods, tasks and execs: what containerd asks of a shim, on the compute service.
//!
//! Does: serve containerd's task API, ShimDiag, ExtendedTask and Inspect ([`Shim`]), make
//! compute systems of OCI bundles, connect streams with where containerd wants them,
//! and publish events ([`events`]).
//!
//! Does not: start itself, listen, or log; the program `containerd-shim-runhcs-v1`
//! does.

#![forbid(unsafe_code)]

mod diag;
pub mod events;
mod exec;
mod failure;
mod inspect;
mod io;
mod job;
mod limits;
mod make;
mod processes;
mod rest;
mod rootfs;
mod service;
mod signal;
mod stats;
mod task;
mod tasks;
mod time;
mod update;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use compute::ComputeService;
use shim_protos::runhcs::Options;
use shim_protos::ttrpc::asynchronous::Service;
use shim_protos::{extendedtask, inspect as inspection, shimdiag, task as protocol};
use tokio::sync::watch;

use crate::diag::Diag;
use crate::events::Publisher;
pub use crate::service::Shutdown;
use crate::service::TaskService;
use crate::tasks::Tasks;

/// The target of events of `tracing` that are metrics: `histogram.shim.call.duration`, the
/// seconds that a call took, by `operation` and whether it was `refused`, and
/// `counter.shim.processes`, the processes that run.
pub const METRICS: &str = "metrics";

/// What a shim is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The id of the task that it is started for: a pod's sandbox, or a container.
    pub id: String,
    /// containerd's namespace.
    pub namespace: String,
    /// Whether it is for a pod.
    pub is_sandbox: bool,
    /// The options of the runtime.
    pub options: Options,
    /// Where events go.
    pub publisher: Publisher,
}

/// A shim.
pub struct Shim {
    tasks: Arc<Tasks>,
    shutdown: watch::Sender<Shutdown>,
}

impl std::fmt::Debug for Shim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shim").field("id", &self.tasks.settings.id).finish_non_exhaustive()
    }
}

impl Shim {
    /// A shim whose tasks are compute systems of a service.
    pub fn new(settings: Settings, service: Arc<dyn ComputeService>) -> Self {
        let tasks = Arc::new(Tasks::new(settings, service));
        Self { tasks, shutdown: watch::Sender::new(Shutdown::No) }
    }

    /// Its services: Task in both versions, ShimDiag, ExtendedTask and Inspect.
    pub fn services(&self) -> Vec<HashMap<String, Service>> {
        let task: Arc<dyn protocol::Task + Send + Sync> = Arc::new(TaskService {
            tasks: Arc::clone(&self.tasks),
            shutdown: self.shutdown.clone(),
        });
        let diag = Arc::new(Diag { tasks: Arc::clone(&self.tasks) });
        vec![
            protocol::services(&task),
            shimdiag::create_shim_diag(Arc::clone(&diag) as _),
            extendedtask::create_extended_task(Arc::clone(&diag) as _),
            inspection::create_inspect(diag),
        ]
    }

    /// Waits until it has been called, and then no more for so long: a time to give
    /// back what calls needed.
    pub async fn rested(&self, pause: Duration) {
        self.tasks.calls.rested(pause).await;
    }

    /// Waits until for so long it has had no task, and none was being made: whoever
    /// started it has gone before he made one, and nobody else will.
    pub async fn unused(&self, pause: Duration) {
        self.tasks.unused(pause).await;
    }

    /// Waits until containerd asks for the shim's end.
    pub async fn shutdown_requested(&self) -> Shutdown {
        let mut asked = self.shutdown.subscribe();
        let how = asked.wait_for(|how| *how != Shutdown::No).await;
        // The sender is ours.
        how.map_or(Shutdown::Now, |how| *how)
    }

    /// Ends what still runs, and undoes what was made for it.
    pub async fn end(&self) {
        self.tasks.end().await;
    }

    /// What each task and process is at, for people to read.
    pub fn tasks_dump(&self) -> String {
        diag::dump(&self.tasks)
    }
}
