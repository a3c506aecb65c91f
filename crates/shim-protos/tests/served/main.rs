//! Services served and called, over what containerd and the shim talk through.

mod endpoint;

use std::future::pending;
use std::sync::Arc;

use async_trait::async_trait;
use endpoint::Endpoint;
use shim_protos::migration::{
    self, Migration, MigrationClient, NotificationsRequest, NotificationsResponse,
};
use shim_protos::shimdiag::{
    self, PidRequest, PidResponse, ShimDiag, ShimDiagClient, StacksRequest, StacksResponse,
};
use shim_protos::task::{
    self, ConnectRequest, ConnectResponse, StateRequest, StateResponse, Task, TaskClient,
    WaitRequest, WaitResponse,
};
use shim_protos::ttrpc::asynchronous::{ServerStreamSender, TtrpcContext};
use shim_protos::ttrpc::{self, Code, Error, context, get_status};
use tokio::sync::{Notify, mpsc};

const PID: i32 = 4711;

/// Far more than any call here needs.
const LIMIT: i64 = 60_000_000_000;

fn within() -> context::Context {
    context::with_timeout(LIMIT)
}

struct Diag;

#[async_trait]
impl ShimDiag for Diag {
    async fn diag_pid(&self, _: &TtrpcContext, _: PidRequest) -> ttrpc::Result<PidResponse> {
        Ok(PidResponse { pid: PID, ..PidResponse::default() })
    }

    async fn diag_stacks(
        &self,
        _: &TtrpcContext,
        _: StacksRequest,
    ) -> ttrpc::Result<StacksResponse> {
        // More than a frame of a pipe, less than ttrpc's limit.
        Ok(StacksResponse { stacks: "stack\n".repeat(500_000), ..StacksResponse::default() })
    }
}

#[async_trait]
impl Migration for Diag {
    async fn notifications(
        &self,
        _: &TtrpcContext,
        _: NotificationsRequest,
        stream: ServerStreamSender<NotificationsResponse>,
    ) -> ttrpc::Result<()> {
        for message_id in 0..3 {
            let note = NotificationsResponse { message_id, ..NotificationsResponse::default() };
            stream.send(&note).await?;
        }
        Ok(())
    }
}

/// A task that ends when it is told to, and tells when it is waited for.
struct OneTask {
    end: Arc<Notify>,
    waiters: mpsc::UnboundedSender<Waiter>,
}

#[derive(Debug, PartialEq)]
enum Waiter {
    Comes,
    Goes,
}

struct Tell(mpsc::UnboundedSender<Waiter>);

impl Tell {
    fn new(waiters: &mpsc::UnboundedSender<Waiter>) -> Self {
        let _ = waiters.send(Waiter::Comes);
        Self(waiters.clone())
    }
}

impl Drop for Tell {
    fn drop(&mut self) {
        let _ = self.0.send(Waiter::Goes);
    }
}

#[async_trait]
impl Task for OneTask {
    async fn connect(
        &self,
        _: &TtrpcContext,
        request: ConnectRequest,
    ) -> ttrpc::Result<ConnectResponse> {
        Ok(ConnectResponse { version: request.id, shim_pid: 7, ..ConnectResponse::default() })
    }

    async fn state(&self, _: &TtrpcContext, request: StateRequest) -> ttrpc::Result<StateResponse> {
        let text = format!("task with id: '{}' not found: not found", request.id);
        Err(Error::RpcStatus(get_status(Code::NOT_FOUND, text)))
    }

    async fn wait(&self, _: &TtrpcContext, request: WaitRequest) -> ttrpc::Result<WaitResponse> {
        let _tell = Tell::new(&self.waiters);
        if request.id == "endless" {
            pending::<()>().await;
        }
        self.end.notified().await;
        Ok(WaitResponse { exit_status: 3, ..WaitResponse::default() })
    }
}

struct Served {
    endpoint: Endpoint,
    end: Arc<Notify>,
    waiters: mpsc::UnboundedReceiver<Waiter>,
}

async fn served() -> Served {
    let end = Arc::new(Notify::new());
    let (tell, waiters) = mpsc::unbounded_channel();
    let task: Arc<dyn Task + Send + Sync> =
        Arc::new(OneTask { end: Arc::clone(&end), waiters: tell });
    let services = vec![
        task::services(&task),
        shimdiag::create_shim_diag(Arc::new(Diag)),
        migration::create_migration(Arc::new(Diag)),
    ];
    Served { endpoint: Endpoint::serve(services).await, end, waiters }
}

fn status(error: Error) -> (Code, String) {
    match error {
        Error::RpcStatus(status) => (status.code(), status.message),
        other => panic!("no status: {other}"),
    }
}

#[tokio::test]
async fn a_call_is_answered() {
    let served = served().await;
    let diag = ShimDiagClient::new(served.endpoint.connect().await);
    let answer = diag.diag_pid(within(), &PidRequest::new()).await.expect("pid");
    assert_eq!(answer.pid, PID);
    served.endpoint.shutdown().await;
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let served = served().await;
    let diag = ShimDiagClient::new(served.endpoint.connect().await);
    let answer = diag.diag_stacks(within(), &StacksRequest::new()).await.expect("stacks");
    assert_eq!(answer.stacks.len(), 3_000_000);
}

#[tokio::test]
async fn one_task_is_served_under_both_names() {
    let served = served().await;
    let client = served.endpoint.connect().await;
    let request = ConnectRequest { id: "t".into(), ..ConnectRequest::default() };
    for client in [TaskClient::v2(client.clone()), TaskClient::v3(client)] {
        let answer = client.connect(within(), &request).await.expect("connect");
        assert_eq!((answer.version.as_str(), answer.shim_pid), ("t", 7), "{client:?}");
    }
}

#[tokio::test]
async fn a_status_comes_through() {
    let served = served().await;
    let task = TaskClient::v2(served.endpoint.connect().await);
    let request = StateRequest { id: "x".into(), ..StateRequest::default() };
    let error = task.state(within(), &request).await.expect_err("no such task");
    let expected = (Code::NOT_FOUND, "task with id: 'x' not found: not found".to_owned());
    assert_eq!(status(error), expected);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_a_status() {
    let endpoint = Endpoint::serve(vec![shimdiag::create_shim_diag(Arc::new(Diag))]).await;
    let task = TaskClient::v3(endpoint.connect().await);
    let error = task.connect(within(), &ConnectRequest::new()).await.expect_err("no service");
    assert_eq!(status(error).0, Code::INVALID_ARGUMENT);
}

#[tokio::test]
async fn a_call_that_waits_holds_up_no_other() {
    let mut served = served().await;
    let client = served.endpoint.connect().await;
    let task = TaskClient::v2(client.clone());
    let waiting = tokio::spawn(async move { task.wait(within(), &WaitRequest::new()).await });
    let task = TaskClient::v2(client);
    assert_eq!(served.waiters.recv().await, Some(Waiter::Comes));
    for _ in 0..100 {
        task.connect(within(), &ConnectRequest::new()).await.expect("connect");
    }
    assert!(!waiting.is_finished());
    served.end.notify_one();
    assert_eq!(waiting.await.expect("join").expect("wait").exit_status, 3);
}

/// What a shim has to know: work that must not stop half way needs a task of its
/// own.
#[tokio::test]
async fn a_handler_is_dropped_when_its_client_goes() {
    let mut served = served().await;
    let task = TaskClient::v2(served.endpoint.connect().await);
    let waiting = tokio::spawn(async move {
        let endless = WaitRequest { id: "endless".into(), ..WaitRequest::default() };
        task.wait(within(), &endless).await
    });
    assert_eq!(served.waiters.recv().await, Some(Waiter::Comes));
    waiting.abort();
    let _ = waiting.await;
    assert_eq!(served.waiters.recv().await, Some(Waiter::Goes));
    let other = TaskClient::v2(served.endpoint.connect().await);
    other.connect(within(), &ConnectRequest::new()).await.expect("others are still served");
}

#[tokio::test]
async fn a_stream_ends_after_its_messages() {
    let served = served().await;
    let migration = MigrationClient::new(served.endpoint.connect().await);
    let stream = migration.notifications(within(), &NotificationsRequest::new()).await;
    let mut stream = stream.expect("a stream");
    let mut numbers = Vec::new();
    while let Some(note) = stream.recv().await.expect("a message") {
        numbers.push(note.message_id);
    }
    assert_eq!(numbers, [0, 1, 2]);
}

#[tokio::test]
async fn a_client_of_a_server_that_is_gone_gets_an_error() {
    let served = served().await;
    let diag = ShimDiagClient::new(served.endpoint.connect().await);
    diag.diag_pid(within(), &PidRequest::new()).await.expect("pid");
    served.endpoint.shutdown().await;
    let gone = diag.diag_pid(within(), &PidRequest::new()).await;
    assert!(gone.is_err(), "{gone:?}");
}
