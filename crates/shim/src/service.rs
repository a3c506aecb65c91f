//! The service Task: each call on the tasks it is about.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use protobuf::well_known_types::empty::Empty;
use shim_protos::task::{
    CheckpointTaskRequest, CloseIORequest, ConnectRequest, ConnectResponse, CreateTaskRequest,
    CreateTaskResponse, DeleteRequest, DeleteResponse, ExecProcessRequest, KillRequest,
    PauseRequest, PidsRequest, PidsResponse, ResizePtyRequest, ResumeRequest, ShutdownRequest,
    StartRequest, StartResponse, StateRequest, StateResponse, StatsRequest, StatsResponse, Task,
    UpdateTaskRequest, WaitRequest, WaitResponse,
};
use shim_protos::ttrpc;
use shim_protos::ttrpc::asynchronous::TtrpcContext;
use tokio::sync::watch;
use tracing::Instrument;

use crate::failure::{Failure, Outcome};
use crate::tasks::Tasks;
use crate::time::timestamp;

/// How the end of the shim was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Not yet.
    No,
    /// Once the calls under way have been answered.
    Graceful,
    /// At once.
    Now,
}

pub(crate) struct TaskService {
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) shutdown: watch::Sender<Shutdown>,
}

/// Carries a call out to its end: the caller's going away, which drops what answers
/// it, must not leave it half done.
async fn whole<T: Send + 'static>(
    operation: &'static str,
    task: &str,
    exec: &str,
    call: impl Future<Output = Outcome<T>> + Send + 'static,
) -> ttrpc::Result<T> {
    let span = tracing::info_span!("call", otel.name = operation, operation, task, exec);
    let call = async move {
        let begun = Instant::now();
        let outcome = call.await;
        if let Err(failure) = &outcome {
            tracing::warn!(%failure, "refused");
        }
        let (seconds, refused) = (begun.elapsed().as_secs_f64(), outcome.is_err());
        tracing::event!(
            target: crate::METRICS,
            tracing::Level::INFO,
            histogram.shim.call.duration = seconds,
            operation,
            refused
        );
        outcome
    };
    match tokio::spawn(call.instrument(span)).await {
        Ok(outcome) => Ok(outcome?),
        Err(error) => Err(Failure::unknown(format_args!("{operation}: {error}")).into()),
    }
}

fn own_pid() -> u32 {
    std::process::id()
}

#[async_trait]
impl Task for TaskService {
    async fn state(&self, _: &TtrpcContext, request: StateRequest) -> ttrpc::Result<StateResponse> {
        Ok(self.tasks.get(&request.id).await?.state(&request.exec_id)?)
    }

    async fn create(
        &self,
        _: &TtrpcContext,
        request: CreateTaskRequest,
    ) -> ttrpc::Result<CreateTaskResponse> {
        let (tasks, id) = (Arc::clone(&self.tasks), request.id.clone());
        let created = async move { tasks.create(&request).await };
        let pid = whole("Create", &id, "", created).await?;
        Ok(CreateTaskResponse { pid, ..CreateTaskResponse::default() })
    }

    async fn start(&self, _: &TtrpcContext, request: StartRequest) -> ttrpc::Result<StartResponse> {
        let task = self.tasks.get(&request.id).await?;
        let StartRequest { id, exec_id, .. } = request;
        let exec = exec_id.clone();
        let pid = whole("Start", &id, &exec, async move { task.start(&exec_id).await }).await?;
        Ok(StartResponse { pid, ..StartResponse::default() })
    }

    async fn delete(
        &self,
        _: &TtrpcContext,
        request: DeleteRequest,
    ) -> ttrpc::Result<DeleteResponse> {
        let tasks = Arc::clone(&self.tasks);
        let DeleteRequest { id, exec_id, .. } = request;
        let (task, exec) = (id.clone(), exec_id.clone());
        whole("Delete", &task, &exec, async move { tasks.delete(&id, &exec_id).await }).await
    }

    async fn pids(&self, _: &TtrpcContext, request: PidsRequest) -> ttrpc::Result<PidsResponse> {
        let processes = self.tasks.get(&request.id).await?.pids().await?;
        Ok(PidsResponse { processes, ..PidsResponse::default() })
    }

    async fn pause(&self, _: &TtrpcContext, request: PauseRequest) -> ttrpc::Result<Empty> {
        let task = self.tasks.get(&request.id).await.map_err(|_| Failure::not_implemented())?;
        whole("Pause", &request.id, "", async move { task.pause().await }).await?;
        Ok(Empty::new())
    }

    async fn resume(&self, _: &TtrpcContext, request: ResumeRequest) -> ttrpc::Result<Empty> {
        let task = self.tasks.get(&request.id).await.map_err(|_| Failure::not_implemented())?;
        whole("Resume", &request.id, "", async move { task.resume().await }).await?;
        Ok(Empty::new())
    }

    async fn checkpoint(&self, _: &TtrpcContext, _: CheckpointTaskRequest) -> ttrpc::Result<Empty> {
        Err(Failure::not_implemented().into())
    }

    async fn kill(&self, _: &TtrpcContext, request: KillRequest) -> ttrpc::Result<Empty> {
        let tasks = Arc::clone(&self.tasks);
        let KillRequest { id, exec_id, signal, all, .. } = request;
        let (task, exec) = (id.clone(), exec_id.clone());
        let killed = async move { tasks.kill(&id, &exec_id, signal, all).await };
        whole("Kill", &task, &exec, killed).await?;
        Ok(Empty::new())
    }

    async fn exec(&self, _: &TtrpcContext, request: ExecProcessRequest) -> ttrpc::Result<Empty> {
        let tasks = Arc::clone(&self.tasks);
        let (id, exec_id) = (request.id.clone(), request.exec_id.clone());
        whole("Exec", &id, &exec_id, async move { tasks.exec(&request).await }).await?;
        Ok(Empty::new())
    }

    async fn resize_pty(
        &self,
        _: &TtrpcContext,
        request: ResizePtyRequest,
    ) -> ttrpc::Result<Empty> {
        let exec = self.tasks.get(&request.id).await?.exec(&request.exec_id)?;
        exec.resize(request.width, request.height).await?;
        Ok(Empty::new())
    }

    async fn close_io(&self, _: &TtrpcContext, request: CloseIORequest) -> ttrpc::Result<Empty> {
        let exec = self.tasks.get(&request.id).await?.exec(&request.exec_id)?;
        if request.stdin {
            let close = async move {
                exec.close_stdin().await;
                Ok(())
            };
            whole("CloseIO", &request.id, &request.exec_id, close).await?;
        }
        Ok(Empty::new())
    }

    async fn update(&self, _: &TtrpcContext, request: UpdateTaskRequest) -> ttrpc::Result<Empty> {
        let Some(resources) = request.resources.into_option() else {
            return Err(Failure::invalid_argument(format_args!(
                "resources cannot be empty, updating container {} resources failed",
                request.id
            ))
            .into());
        };
        let task = self.tasks.get(&request.id).await?;
        whole("Update", &request.id, "", async move { task.update(&resources).await }).await?;
        Ok(Empty::new())
    }

    async fn wait(&self, _: &TtrpcContext, request: WaitRequest) -> ttrpc::Result<WaitResponse> {
        let exit = self.tasks.get(&request.id).await?.exec(&request.exec_id)?.wait().await;
        Ok(WaitResponse {
            exit_status: exit.status,
            exited_at: Some(timestamp(Some(exit.at))).into(),
            ..WaitResponse::default()
        })
    }

    async fn stats(&self, _: &TtrpcContext, request: StatsRequest) -> ttrpc::Result<StatsResponse> {
        let stats = self.tasks.get(&request.id).await?.stats().await?;
        Ok(StatsResponse { stats: Some(stats).into(), ..StatsResponse::default() })
    }

    /// The process ids of the shim, and of the task where it has one on this host;
    /// the reference tells its own for both.
    async fn connect(
        &self,
        _: &TtrpcContext,
        request: ConnectRequest,
    ) -> ttrpc::Result<ConnectResponse> {
        let task = self.tasks.find(&request.id).filter(|task| task.body.is_some());
        let task_pid = task.map(|task| task.init.pid()).filter(|pid| *pid != 0);
        Ok(ConnectResponse {
            shim_pid: own_pid(),
            task_pid: task_pid.unwrap_or_else(own_pid),
            ..ConnectResponse::default()
        })
    }

    /// Only the task that the shim was started for can end it.
    async fn shutdown(&self, _: &TtrpcContext, request: ShutdownRequest) -> ttrpc::Result<Empty> {
        if request.id == self.tasks.settings.id {
            let how = if request.now { Shutdown::Now } else { Shutdown::Graceful };
            self.shutdown.send_replace(how);
        }
        Ok(Empty::new())
    }
}
