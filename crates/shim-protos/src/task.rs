//! The task service, versions 2 and 3, which differ in their name alone: one
//! implementation serves both. containerd 1 calls version 2, containerd 2 the one
//! that the shim says it has.

use std::collections::HashMap;
use std::sync::Arc;

use containerd_shim_protos::protobuf::well_known_types::empty::Empty;
use ttrpc::asynchronous::{Client, Service};
use ttrpc::context::Context;

pub use containerd_shim_protos::api::{
    CheckpointTaskRequest, CloseIORequest, ConnectRequest, ConnectResponse, CreateTaskRequest,
    CreateTaskResponse, DeleteRequest, DeleteResponse, ExecProcessRequest, ExecProcessResponse,
    KillRequest, Mount, PauseRequest, PidsRequest, PidsResponse, Process, ProcessInfo,
    ResizePtyRequest, ResumeRequest, ShutdownRequest, StartRequest, StartResponse, StateRequest,
    StateResponse, StatsRequest, StatsResponse, Status, UpdateTaskRequest, WaitRequest,
    WaitResponse,
};
pub use containerd_shim_protos::shim_async::Task;

/// The name of version 2.
pub const V2: &str = "containerd.task.v2.Task";

/// The name of version 3.
pub const V3: &str = "containerd.task.v3.Task";

/// Both versions of the service, for
/// [`Server::register_service`](ttrpc::asynchronous::Server::register_service).
pub fn services(task: &Arc<dyn Task + Send + Sync>) -> HashMap<String, Service> {
    let versions = [V2, V3].into_iter();
    let one = |name: &'static str| {
        let services = containerd_shim_protos::shim_async::create_task(Arc::clone(task));
        services.into_values().map(move |service| (name.to_owned(), service))
    };
    versions.flat_map(one).collect()
}

/// Calls a shim's tasks, in the version that it has.
#[derive(Clone)]
pub struct TaskClient {
    client: Client,
    service: &'static str,
}

impl TaskClient {
    /// With version 2, which every shim of containerd 1 has.
    pub fn v2(client: Client) -> Self {
        Self { client, service: V2 }
    }

    /// With version 3.
    pub fn v3(client: Client) -> Self {
        Self { client, service: V3 }
    }
}

impl std::fmt::Debug for TaskClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskClient").field("service", &self.service).finish_non_exhaustive()
    }
}

macro_rules! calls {
    ($($(#[doc = $about:literal])+ $name:ident = $method:literal: $request:ty => $response:ty,)*) => {
        impl TaskClient {
            $($(#[doc = $about])+
            ///
            /// # Errors
            /// The shim's status, or that it is gone.
            pub async fn $name(
                &self,
                context: Context,
                request: &$request,
            ) -> ttrpc::Result<$response> {
                let mut response = <$response>::new();
                ttrpc::async_client_request!(
                    self, context, request, self.service, $method, response
                );
            })*
        }
    };
}

calls! {
    /// What became of a task or exec.
    state = "State": StateRequest => StateResponse,
    /// Makes a task.
    create = "Create": CreateTaskRequest => CreateTaskResponse,
    /// Starts a task or exec.
    start = "Start": StartRequest => StartResponse,
    /// Removes a task or exec that has ended.
    delete = "Delete": DeleteRequest => DeleteResponse,
    /// The processes of a task.
    pids = "Pids": PidsRequest => PidsResponse,
    /// Freezes a task.
    pause = "Pause": PauseRequest => Empty,
    /// Thaws a task.
    resume = "Resume": ResumeRequest => Empty,
    /// Writes a task's state to a folder.
    checkpoint = "Checkpoint": CheckpointTaskRequest => Empty,
    /// Signals a task or exec.
    kill = "Kill": KillRequest => Empty,
    /// Adds an exec to a task.
    exec = "Exec": ExecProcessRequest => Empty,
    /// Tells a terminal its size.
    resize_pty = "ResizePty": ResizePtyRequest => Empty,
    /// Ends the input of a task or exec.
    close_io = "CloseIO": CloseIORequest => Empty,
    /// Changes the limits of a task.
    update = "Update": UpdateTaskRequest => Empty,
    /// Waits for the end of a task or exec.
    wait = "Wait": WaitRequest => WaitResponse,
    /// What a task uses.
    stats = "Stats": StatsRequest => StatsResponse,
    /// The process ids of shim and task.
    connect = "Connect": ConnectRequest => ConnectResponse,
    /// Ends the shim, once it has no task.
    shutdown = "Shutdown": ShutdownRequest => Empty,
}
