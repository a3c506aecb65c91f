//! The calls, in their order.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use host_windows::named_pipe::{self, ListenOptions, Listener, local};
use serde_json::json;
use shim_protos::protobuf::well_known_types::any::Any;
use shim_protos::task::{
    ConnectRequest, CreateTaskRequest, DeleteRequest, ExecProcessRequest, KillRequest,
    ShutdownRequest, StartRequest, StateRequest, TaskClient, WaitRequest,
};
use shim_protos::ttrpc::asynchronous::Client;
use shim_protos::ttrpc::asynchronous::transport::Socket;
use shim_protos::ttrpc::context::{self, Context};
use tokio::io::AsyncReadExt;
use tokio::task::JoinHandle;

use crate::Arguments;

/// Far more than any call needs.
const LIMIT: Duration = Duration::from_secs(60);
/// The name of the process that runs beside the task's.
const EXEC: &str = "beside";
/// What ends a process that is not asked.
const SIGKILL: u32 = 9;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(live(arguments))
}

async fn live(arguments: &Arguments) -> Result<()> {
    let Arguments { shim, bundle, id, .. } = arguments;
    let address = start_shim(shim, bundle, id)?;
    println!("start: {address}");
    let pipe = named_pipe::dial(&address, LIMIT).await.context("dialling the shim")?;
    let task = TaskClient::v2(Client::new(Socket::new(pipe)));
    let called = call(&task, arguments).await;

    // The shim may be gone before its answer. One that has a task ends with it.
    let now = called.is_err();
    let shutdown = ShutdownRequest { id: id.clone(), now, ..Default::default() };
    let _ = task.shutdown(within(), &shutdown).await;
    drop(task);
    called?;
    gone_at(&address).await?;
    println!("Shutdown: nobody answers any more");
    Ok(())
}

async fn call(task: &TaskClient, arguments: &Arguments) -> Result<()> {
    let Arguments { bundle, id, exec, .. } = arguments;
    let id = || id.clone();
    let connected = ConnectRequest { id: id(), ..Default::default() };
    let connected = task.connect(within(), &connected).await?;
    println!("Connect: it is {}", connected.shim_pid);

    let (stdout, output) = output(&format!("task-{}-out", id()))?;
    let create =
        CreateTaskRequest { id: id(), bundle: bundle.clone(), stdout, ..Default::default() };
    let pid = task.create(within(), &create).await?.pid;
    println!("Create: process {pid}");
    let started = StartRequest { id: id(), ..Default::default() };
    let running = task.start(within(), &started).await?.pid;
    // One of Windows is made when it starts.
    ensure!(running != 0 && [0, running].contains(&pid), "process {running} was started");
    println!("Start: {}", state(task, &id(), "").await?);

    let (stdout, exec_output) = self::output(&format!("task-{}-exec-out", id()))?;
    let process = json!({"args": exec, "cwd": "/", "env": ["PATH=/bin"]});
    let spec = Any {
        type_url: "types.containerd.io/opencontainers/runtime-spec/1/Process".into(),
        value: serde_json::to_vec(&process)?,
        ..Any::default()
    };
    let added = ExecProcessRequest {
        id: id(),
        exec_id: EXEC.into(),
        stdout,
        spec: Some(spec).into(),
        ..Default::default()
    };
    task.exec(within(), &added).await?;
    println!("Exec: {}", state(task, &id(), EXEC).await?);
    let started = StartRequest { id: id(), exec_id: EXEC.into(), ..Default::default() };
    task.start(within(), &started).await?;
    println!("Wait: {EXEC} ended with {}", ended(task, &id(), EXEC).await?);
    println!("it wrote: {}", exec_output.await??.trim_end());
    println!("Delete: {EXEC} ended with {}", delete(task, &id(), EXEC).await?);

    let kill = KillRequest { id: id(), signal: SIGKILL, all: true, ..Default::default() };
    task.kill(within(), &kill).await?;
    println!("Wait: it ended with {}", ended(task, &id(), "").await?);
    println!("State: {}", state(task, &id(), "").await?);
    println!("it wrote: {}", output.await??.trim_end());
    println!("Delete: it ended with {}", delete(task, &id(), "").await?);
    Ok(())
}

/// Has the shim started as containerd does; gives its address.
fn start_shim(shim: &str, bundle: &str, id: &str) -> Result<String> {
    let mut start = Command::new(shim);
    start.args(["-namespace", "example", "-address", r"\\.\pipe\containerd-containerd"]);
    start.args(["-publish-binary", "containerd", "-id", id, "start"]);
    let started = start.current_dir(bundle).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&started.stderr);
    ensure!(started.status.success() && said.is_empty(), "start: {}: {said}", started.status);
    Ok(String::from_utf8(started.stdout)?)
}

fn within() -> Context {
    context::with_timeout(i64::try_from(LIMIT.as_nanos()).unwrap_or(i64::MAX))
}

/// A pipe for what a process writes: its name, and all that came out of it.
fn output(name: &str) -> Result<(String, JoinHandle<Result<String>>)> {
    let path = local(name);
    let mut listener: Listener = named_pipe::listen(&path, &ListenOptions::default())?;
    let read = tokio::spawn(async move {
        let (mut pipe, mut text) = (listener.accept().await?, String::new());
        pipe.read_to_string(&mut text).await?;
        Ok(text)
    });
    Ok((path.display().to_string(), read))
}

async fn state(task: &TaskClient, id: &str, exec_id: &str) -> Result<String> {
    let request = StateRequest { id: id.into(), exec_id: exec_id.into(), ..Default::default() };
    let state = task.state(within(), &request).await?;
    Ok(format!("{:?}", state.status.enum_value_or_default()))
}

async fn ended(task: &TaskClient, id: &str, exec_id: &str) -> Result<u32> {
    let request = WaitRequest { id: id.into(), exec_id: exec_id.into(), ..Default::default() };
    Ok(task.wait(within(), &request).await?.exit_status)
}

async fn delete(task: &TaskClient, id: &str, exec_id: &str) -> Result<u32> {
    let request = DeleteRequest { id: id.into(), exec_id: exec_id.into(), ..Default::default() };
    Ok(task.delete(within(), &request).await?.exit_status)
}

/// Waits until a shim's pipe is gone with it.
async fn gone_at(address: &str) -> Result<()> {
    let gone = async {
        while named_pipe::dial(address, Duration::ZERO).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.context("the shim goes on")
}
