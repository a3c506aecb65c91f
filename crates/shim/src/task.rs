//! A task: a container with its first process and those that were added to it.

mod lifecycle;
#[cfg(all(test, target_os = "linux"))]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use compute::ComputeSystem;
use futures_util::future::join_all;
use hcs_schema::schema2::{PauseOptions, PropertyQuery, PropertyType, Statistics as Used};
use protobuf::well_known_types::any::Any;
use shim_protos::any::pack;
use shim_protos::events::task::{TaskExecAdded, TaskPaused, TaskResumed};
use shim_protos::events::topics::{
    TASK_EXEC_ADDED_EVENT_TOPIC, TASK_PAUSED_EVENT_TOPIC, TASK_RESUMED_EVENT_TOPIC,
};
use shim_protos::stats::Statistics;
use shim_protos::task::{ExecProcessRequest, ProcessInfo, StateResponse};

use crate::events::Publisher;
use crate::exec::{Exec, State};
use crate::failure::{Failure, Outcome};
use crate::io::Request;
use crate::make::Container;
use crate::rootfs::Rootfs;
use crate::{processes, stats, update};

/// How long the clean-up of a container may take before its removal is refused.
const CLEAN_UP: Duration = Duration::from_secs(30);

/// What a task runs in; `None` for the sandbox of a pod that needs no process.
pub(crate) struct Body {
    pub(crate) system: Box<dyn ComputeSystem>,
    pub(crate) rootfs: Option<Rootfs>,
    pub(crate) container: Container,
}

/// A task.
pub(crate) struct Task {
    pub(crate) id: Arc<str>,
    pub(crate) bundle: String,
    pub(crate) init: Arc<Exec>,
    execs: Mutex<BTreeMap<String, Arc<Exec>>>,
    pub(crate) body: Option<Body>,
    publisher: Publisher,
    pub(crate) paused: AtomicBool,
}

impl Task {
    pub(crate) fn new(
        bundle: String,
        init: Exec,
        body: Option<Body>,
        publisher: Publisher,
    ) -> Arc<Self> {
        Arc::new(Self {
            id: Arc::clone(&init.task),
            bundle,
            init: Arc::new(init),
            execs: Mutex::default(),
            body,
            publisher,
            paused: AtomicBool::new(false),
        })
    }

    /// The first process where `id` is empty, or the one that was added as `id`.
    pub(crate) fn exec(&self, id: &str) -> Outcome<Arc<Exec>> {
        if id.is_empty() {
            return Ok(Arc::clone(&self.init));
        }
        self.execs().get(id).cloned().ok_or_else(|| Failure::no_exec(&self.id, id))
    }

    /// All of them, the first process first.
    pub(crate) fn all(&self) -> Vec<Arc<Exec>> {
        let added = self.execs();
        std::iter::once(&self.init).chain(added.values()).cloned().collect()
    }

    fn execs(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Exec>>> {
        self.execs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self, exec: &str) -> Outcome<StateResponse> {
        let paused = self.paused.load(Ordering::Acquire);
        Ok(self.exec(exec)?.describe(&self.bundle, paused))
    }

    /// Adds a process, which is started later.
    pub(crate) fn add(
        &self,
        request: &ExecProcessRequest,
        namespace: &str,
        retry: Duration,
    ) -> Outcome<()> {
        let id = &request.exec_id;
        let body = self.body.as_ref().ok_or_else(|| {
            Failure::failed_precondition(format_args!(
                "exec: '{id}' in task: '{}' is in invalid state: the sandbox runs no processes",
                self.id
            ))
        })?;
        self.refuse_exec(id)?;
        let parameters = body.container.exec_parameters(request)?;
        let io = Request {
            stdin: request.stdin.clone(),
            stdout: request.stdout.clone(),
            stderr: request.stderr.clone(),
            terminal: request.terminal,
            namespace: namespace.to_owned(),
            container: self.id.to_string(),
            exec: id.clone(),
            retry,
        };
        io.check()?;
        let exec = Exec::new(&self.id, id.as_str().into(), io, Some(parameters));
        {
            let mut execs = self.execs();
            if execs.contains_key(id) {
                return Err(self.exec_exists(id));
            }
            execs.insert(id.clone(), Arc::new(exec));
        }
        self.publisher.publish(
            TASK_EXEC_ADDED_EVENT_TOPIC,
            &TaskExecAdded {
                container_id: self.id.to_string(),
                exec_id: id.clone(),
                ..TaskExecAdded::default()
            },
        );
        Ok(())
    }

    fn refuse_exec(&self, id: &str) -> Outcome<()> {
        if id.is_empty() {
            return Err(Failure::invalid_argument("an exec needs an id"));
        }
        if self.execs().contains_key(id) || *id == *self.id {
            return Err(self.exec_exists(id));
        }
        if self.init.state() != State::Running {
            return Err(self.init.invalid_state_of("", "exec"));
        }
        Ok(())
    }

    fn exec_exists(&self, id: &str) -> Failure {
        Failure::already_exists(format_args!("exec: '{id}' in task: '{}'", self.id))
    }

    /// Signals a process, or with `all` each of the task.
    pub(crate) async fn kill(self: &Arc<Self>, exec: &str, signal: u32, all: bool) -> Outcome<()> {
        if all && !exec.is_empty() {
            return Err(Failure::failed_precondition(format_args!(
                "cannot signal all with non empty ExecID: '{exec}'"
            )));
        }
        if all {
            let others: Vec<_> = self.execs().values().cloned().collect();
            // Those that have ended meanwhile are none that the signal is for.
            join_all(others.iter().map(|exec| self.kill_one(exec, signal))).await;
        }
        let exec = self.exec(exec)?;
        self.kill_one(&exec, signal).await
    }

    /// What the task's processes are.
    pub(crate) async fn pids(&self) -> Outcome<Vec<ProcessInfo>> {
        let list = match &self.body {
            Some(body) if self.init.state() == State::Running => {
                let query = query(PropertyType::ProcessList);
                body.system.properties(&query).await?.process_list
            }
            _ => Vec::new(),
        };
        // It is containerd's own system that decides which details its client can read.
        if cfg!(windows) {
            processes::describe_for_windows(&list, &self.all())
        } else {
            processes::describe_for_linux(&list, &self.all())
        }
    }

    /// What the task uses.
    pub(crate) async fn stats(&self) -> Outcome<Any> {
        let failed = |error: protobuf::Error| Failure::unknown(error);
        match (&self.body, self.statistics().await?) {
            (Some(body), Some(used)) => stats::pack_for(body.system.os(), &used).map_err(failed),
            _ => pack(&Statistics::default()).map_err(failed),
        }
    }

    /// What the container uses; `None` where there is none.
    pub(crate) async fn statistics(&self) -> Outcome<Option<Used>> {
        let Some(body) = &self.body else {
            return Ok(None);
        };
        if self.init.state() != State::Running {
            return Err(self.init.invalid_state_of("", "stats"));
        }
        let properties = body.system.properties(&query(PropertyType::Statistics)).await?;
        Ok(Some(properties.statistics.unwrap_or_default()))
    }

    pub(crate) async fn pause(&self) -> Outcome<()> {
        let system = self.running_system("pause")?;
        system.pause(&PauseOptions::default()).await?;
        self.paused.store(true, Ordering::Release);
        let container_id = self.id.to_string();
        let event = TaskPaused { container_id, ..TaskPaused::default() };
        self.publisher.publish(TASK_PAUSED_EVENT_TOPIC, &event);
        Ok(())
    }

    pub(crate) async fn resume(&self) -> Outcome<()> {
        let system = self.running_system("resume")?;
        system.resume().await?;
        self.paused.store(false, Ordering::Release);
        let container_id = self.id.to_string();
        let event = TaskResumed { container_id, ..TaskResumed::default() };
        self.publisher.publish(TASK_RESUMED_EVENT_TOPIC, &event);
        Ok(())
    }

    fn running_system(&self, operation: &str) -> Outcome<&dyn ComputeSystem> {
        let body = self.body.as_ref().ok_or_else(Failure::not_implemented)?;
        if self.init.state() != State::Running {
            return Err(self.init.invalid_state_of("", operation));
        }
        Ok(body.system.as_ref())
    }

    /// Changes the limits of the task.
    pub(crate) async fn update(&self, resources: &Any) -> Outcome<()> {
        let body = self.body.as_ref().ok_or_else(Failure::not_implemented)?;
        let request = update::request(resources)?;
        body.system.modify(&request).await?;
        body.container.limits.update(request.settings.as_ref());
        Ok(())
    }
}

fn query(property: PropertyType) -> PropertyQuery {
    PropertyQuery { property_types: vec![property], ..PropertyQuery::default() }
}
