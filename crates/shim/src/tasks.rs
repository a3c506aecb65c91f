//! The tasks of one shim: a container of its own, or a pod's sandbox with the
//! containers in it.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use compute::{ComputeService, SystemId};
use futures_util::future::join_all;
use hcs_schema::schema2::ProcessParameters;
use shim_protos::any;
use shim_protos::events::task::{TaskCreate, TaskIO};
use shim_protos::events::topics::TASK_CREATE_EVENT_TOPIC;
use shim_protos::runhcs::Options;
use shim_protos::task::{CreateTaskRequest, DeleteResponse, ExecProcessRequest};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::Settings;
use crate::exec::{Exec, State};
use crate::failure::{Failure, Outcome};
use crate::io::Request;
use crate::job;
use crate::make::{self, JobPlan, LinuxPlan, Plan};
use crate::rest::Calls;
use crate::rootfs::Rootfs;
use crate::task::{Body, Task};

/// What stands for an id.
enum Slot {
    /// It is being made.
    Making,
    There(Arc<Task>),
}

/// By their ids.
type Slots = BTreeMap<String, Slot>;

/// The tasks of one shim.
pub(crate) struct Tasks {
    pub(crate) settings: Settings,
    service: Arc<dyn ComputeService>,
    slots: watch::Sender<Slots>,
    pub(crate) started: SystemTime,
    pub(crate) calls: Calls,
}

impl Tasks {
    pub(crate) fn new(settings: Settings, service: Arc<dyn ComputeService>) -> Self {
        Self {
            settings,
            service,
            slots: watch::Sender::default(),
            started: SystemTime::now(),
            calls: Calls::new(),
        }
    }

    /// A task, once it is made: a containerd that was restarted meanwhile takes one that it
    /// does not find for none, and removes its container.
    pub(crate) async fn get(&self, id: &str) -> Outcome<Arc<Task>> {
        self.calls.came();
        let mut slots = self.slots.subscribe();
        let made = slots.wait_for(|slots| !matches!(slots.get(id), Some(Slot::Making))).await;
        // The sender is ours.
        match made.as_ref().ok().and_then(|slots| slots.get(id)) {
            Some(Slot::There(task)) => Ok(Arc::clone(task)),
            _ => Err(Failure::no_task(id)),
        }
    }

    /// A task that is made.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Task>> {
        self.calls.came();
        match self.slots.borrow().get(id) {
            Some(Slot::There(task)) => Some(Arc::clone(task)),
            _ => None,
        }
    }

    /// All tasks, by their ids.
    pub(crate) fn all(&self) -> Vec<Arc<Task>> {
        let slots = self.slots.borrow();
        let there = slots.values().filter_map(|slot| match slot {
            Slot::There(task) => Some(Arc::clone(task)),
            Slot::Making => None,
        });
        there.collect()
    }

    /// Makes a task; gives the id of its first process, 0 where it has none yet.
    pub(crate) async fn create(&self, request: &CreateTaskRequest) -> Outcome<u32> {
        if request.terminal && !request.stderr.is_empty() {
            return Err(Failure::failed_precondition("if using terminal, stderr must be empty"));
        }
        let id = request.id.clone();
        let making = self.claim(&id)?;
        let task = self.make(request).await?;
        making.done(&task);
        let pid = task.init.pid();
        let io = TaskIO {
            stdin: request.stdin.clone(),
            stdout: request.stdout.clone(),
            stderr: request.stderr.clone(),
            terminal: request.terminal,
            ..TaskIO::default()
        };
        self.settings.publisher.publish(
            TASK_CREATE_EVENT_TOPIC,
            &TaskCreate {
                container_id: id,
                bundle: request.bundle.clone(),
                rootfs: request.rootfs.clone(),
                io: Some(io).into(),
                checkpoint: request.checkpoint.clone(),
                pid,
                ..TaskCreate::default()
            },
        );
        Ok(pid)
    }

    /// Takes an id for a task that is about to be made.
    fn claim(&self, id: &str) -> Outcome<Making<'_>> {
        self.calls.came();
        let mut claimed = Ok(());
        self.slots.send_modify(|slots| {
            claimed = self.refuse(id, slots);
            if claimed.is_ok() {
                slots.insert(id.to_owned(), Slot::Making);
            }
        });
        claimed.map(|()| Making { tasks: self, id: id.to_owned(), kept: false })
    }

    /// Whether a task can't be made.
    fn refuse(&self, id: &str, slots: &Slots) -> Outcome<()> {
        if slots.contains_key(id) {
            return Err(Failure::already_exists(format_args!("task with id: '{id}'")));
        }
        if self.settings.is_sandbox && id != self.settings.id {
            let sandbox = &self.settings.id;
            match slots.get(sandbox) {
                Some(Slot::There(task)) if task.init.state() == State::Running => {}
                Some(Slot::There(_)) => {
                    return Err(Failure::failed_precondition(format_args!(
                        "task with id: '{id}' cannot be created in pod: '{sandbox}' which is not \
                         running"
                    )));
                }
                _ => return Err(self.no_sandbox()),
            }
        }
        Ok(())
    }

    fn set(&self, id: &str, slot: Option<Slot>) {
        self.slots.send_modify(|slots| {
            match slot {
                Some(slot) => slots.insert(id.to_owned(), slot),
                None => slots.remove(id),
            };
        });
    }

    /// Waits until for so long there has been no task, and none was being made.
    pub(crate) async fn unused(&self, pause: Duration) {
        let mut slots = self.slots.subscribe();
        loop {
            // The sender is ours.
            let _ = slots.wait_for(Slots::is_empty).await;
            if timeout(pause, slots.wait_for(|slots| !slots.is_empty())).await.is_err() {
                return;
            }
        }
    }

    /// The pod's sandbox is not there yet.
    fn no_sandbox(&self) -> Failure {
        let id = &self.settings.id;
        Failure::not_found(format_args!(
            "task with id: '{id}' must be created first: failed precondition: task with id: '{id}' \
             not found"
        ))
    }

    async fn make(&self, request: &CreateTaskRequest) -> Outcome<Arc<Task>> {
        let options = self.options_of(request)?;
        let spec = make::read_spec(&request.bundle, &options)?;
        let is_sandbox = self.settings.is_sandbox && request.id == self.settings.id;
        let plan = make::plan(request, &spec, is_sandbox)?;
        let io = Request {
            stdin: request.stdin.clone(),
            stdout: request.stdout.clone(),
            stderr: request.stderr.clone(),
            terminal: request.terminal,
            namespace: self.settings.namespace.clone(),
            container: request.id.clone(),
            exec: String::new(),
            retry: retry(&options),
        };
        io.check()?;
        match plan {
            Plan::Sandbox => Ok(self.task(request, first(io, None), None)),
            Plan::Linux(plan) => self.make_linux(request, io, *plan).await,
            Plan::Job(plan) => self.make_job(request, io, *plan).await,
        }
    }

    /// The options of this task, or those that the shim was started with.
    fn options_of(&self, request: &CreateTaskRequest) -> Outcome<Options> {
        match request.options.as_ref() {
            Some(options) if any::is::<Options>(options) => {
                any::unpack(options).map_err(Failure::invalid_argument)
            }
            _ => Ok(self.settings.options.clone()),
        }
    }

    fn task(&self, request: &CreateTaskRequest, init: Exec, body: Option<Body>) -> Arc<Task> {
        Task::new(request.bundle.clone(), init, body, self.settings.publisher.clone())
    }

    /// Makes a Linux container. A failure leaves nothing of it.
    async fn make_linux(
        &self,
        request: &CreateTaskRequest,
        io: Request,
        plan: LinuxPlan,
    ) -> Outcome<Arc<Task>> {
        let id: SystemId = request.id.parse().map_err(Failure::invalid_argument)?;
        let init = first(io, None);
        init.open_streams().await?;
        let rootfs = Rootfs::mount(&request.rootfs, &plan.root).map_err(Failure::unknown)?;
        let system = match self.service.create(&id, &plan.document).await {
            Ok(system) => system,
            Err(error) => {
                if let Some(rootfs) = rootfs {
                    rootfs.unmount();
                }
                return Err(error.into());
            }
        };
        let body = Body { system, rootfs, container: plan.container };
        let task = self.task(request, init, Some(body));
        if let Some(body) = &task.body
            && let Err(failure) = task.make_process(body, &task.init).await
        {
            body.end().await;
            return Err(failure);
        }
        Ok(task)
    }

    /// Makes a host process container. Its first process is made when it starts.
    async fn make_job(
        &self,
        request: &CreateTaskRequest,
        io: Request,
        plan: JobPlan,
    ) -> Outcome<Arc<Task>> {
        let id: SystemId = request.id.parse().map_err(Failure::invalid_argument)?;
        let init = first(io, Some(plan.first));
        init.open_streams().await?;
        let system = job::create(&id, &plan.spec).await?;
        let body = Body { system, rootfs: None, container: plan.container };
        Ok(self.task(request, init, Some(body)))
    }

    pub(crate) async fn exec(&self, request: &ExecProcessRequest) -> Outcome<()> {
        let task = self.get(&request.id).await?;
        if request.terminal && !request.stderr.is_empty() {
            return Err(Failure::failed_precondition("if using terminal, stderr must be empty"));
        }
        let retry = retry(&self.settings.options);
        task.add(request, &self.settings.namespace, retry)
    }

    /// Signals a process, all of a task, or with `all` all tasks of a pod.
    pub(crate) async fn kill(&self, id: &str, exec: &str, signal: u32, all: bool) -> Outcome<()> {
        let is_sandbox = self.settings.is_sandbox;
        let task = match self.get(id).await {
            Err(_) if is_sandbox && id == self.settings.id => return Err(self.no_sandbox()),
            task => task?,
        };
        if is_sandbox && all && exec.is_empty() && id == self.settings.id {
            let workloads: Vec<_> =
                self.all().into_iter().filter(|other| !Arc::ptr_eq(other, &task)).collect();
            // Those that have ended meanwhile are none that the signal is for.
            join_all(workloads.iter().map(|task| task.kill("", signal, true))).await;
        }
        task.kill(exec, signal, all).await
    }

    pub(crate) async fn delete(&self, id: &str, exec: &str) -> Outcome<DeleteResponse> {
        let deleted = self.get(id).await?.delete(exec).await?;
        if exec.is_empty() && self.settings.is_sandbox && id != self.settings.id {
            self.set(id, None);
        }
        Ok(deleted)
    }

    /// Ends all tasks: the containers first, their sandbox last.
    pub(crate) async fn end(&self) {
        let (sandbox, workloads): (Vec<_>, Vec<_>) =
            self.all().into_iter().partition(|task| *task.id == *self.settings.id);
        for tasks in [workloads, sandbox] {
            join_all(tasks.iter().map(|task| task.end())).await;
        }
    }
}

/// The first process of a task, which has the task's id.
fn first(io: Request, parameters: Option<ProcessParameters>) -> Exec {
    let id: Arc<str> = io.container.as_str().into();
    Exec::new(&id, Arc::clone(&id), io, parameters)
}

/// How long the far ends of streams are tried to be reached.
fn retry(options: &Options) -> Duration {
    Duration::from_secs(u64::try_from(options.io_retry_timeout_in_sec).unwrap_or_default())
}

/// An id that was taken. Dropped before the task is there, it is free again.
struct Making<'a> {
    tasks: &'a Tasks,
    id: String,
    kept: bool,
}

impl Making<'_> {
    fn done(mut self, task: &Arc<Task>) {
        self.kept = true;
        self.tasks.set(&self.id, Some(Slot::There(Arc::clone(task))));
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.tasks.set(&self.id, None);
        }
    }
}
