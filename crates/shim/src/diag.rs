//! The services ShimDiag and ExtendedTask: a look inside a running shim.

use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use shim_protos::extendedtask::{
    ComputeProcessorInfoRequest, ComputeProcessorInfoResponse, ExtendedTask,
};
use shim_protos::shimdiag::{
    Exec, ExecProcessRequest, ExecProcessResponse, PidRequest, PidResponse, ShareRequest,
    ShareResponse, ShimDiag, StacksRequest, StacksResponse, Task, TasksRequest, TasksResponse,
};
use shim_protos::ttrpc;
use shim_protos::ttrpc::asynchronous::TtrpcContext;

use crate::failure::Failure;
use crate::tasks::Tasks;

pub(crate) struct Diag {
    pub(crate) tasks: Arc<Tasks>,
}

/// What is asked of the utility VM. There is none.
fn no_vm() -> Failure {
    Failure::unknown("task is not isolated")
}

/// What each task and process is at, as text.
pub(crate) fn dump(tasks: &Tasks) -> String {
    let mut text = String::new();
    for task in tasks.all() {
        for exec in task.all() {
            let kind = if *exec.id == *task.id { "task" } else { "  exec" };
            let age = exec.created.elapsed().unwrap_or_default().as_secs();
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "{kind} {}: {}, pid {}, created {age} s ago{}",
                exec.id,
                exec.state().name(),
                exec.pid(),
                if exec.turn.try_lock().is_err() { ", changing" } else { "" },
            );
        }
    }
    text
}

#[async_trait]
impl ShimDiag for Diag {
    async fn diag_exec_in_host(
        &self,
        _: &TtrpcContext,
        _: ExecProcessRequest,
    ) -> ttrpc::Result<ExecProcessResponse> {
        Err(no_vm().into())
    }

    async fn diag_share(&self, _: &TtrpcContext, _: ShareRequest) -> ttrpc::Result<ShareResponse> {
        Err(no_vm().into())
    }

    async fn diag_stacks(
        &self,
        _: &TtrpcContext,
        _: StacksRequest,
    ) -> ttrpc::Result<StacksResponse> {
        Ok(StacksResponse { stacks: dump(&self.tasks), ..StacksResponse::default() })
    }

    async fn diag_tasks(
        &self,
        _: &TtrpcContext,
        request: TasksRequest,
    ) -> ttrpc::Result<TasksResponse> {
        let describe = |exec: &crate::exec::Exec| Exec {
            id: exec.id.to_string(),
            state: exec.state().name().into(),
            ..Exec::default()
        };
        let tasks = self.tasks.all().into_iter().map(|task| Task {
            id: task.id.to_string(),
            execs: if request.execs {
                task.all().iter().map(|exec| describe(exec)).collect()
            } else {
                Vec::new()
            },
            ..Task::default()
        });
        Ok(TasksResponse { tasks: tasks.collect(), ..TasksResponse::default() })
    }

    async fn diag_pid(&self, _: &TtrpcContext, _: PidRequest) -> ttrpc::Result<PidResponse> {
        let pid = std::process::id().cast_signed();
        Ok(PidResponse { pid, ..PidResponse::default() })
    }
}

#[async_trait]
impl ExtendedTask for Diag {
    /// The processors of the utility VM that a task runs in.
    async fn compute_processor_info(
        &self,
        _: &TtrpcContext,
        request: ComputeProcessorInfoRequest,
    ) -> ttrpc::Result<ComputeProcessorInfoResponse> {
        self.tasks.get(&request.id).await?;
        Err(no_vm().into())
    }
}
