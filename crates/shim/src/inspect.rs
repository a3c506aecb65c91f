//! The service Inspect: a pod for people to look at.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures_util::future::join_all;
use protobuf::MessageField;
use protobuf::well_known_types::timestamp::Timestamp;
use serde::Deserialize;
use shim_protos::inspect::{self, Inspect, PodRequest, PodResponse, Process, Usage};
use shim_protos::ttrpc;
use shim_protos::ttrpc::asynchronous::TtrpcContext;

use crate::diag::Diag;
use crate::exec::{Exec, State};
use crate::task::Task;
use crate::time::timestamp;

/// How long a container may take to tell what it uses.
const USAGE: Duration = Duration::from_secs(5);

#[async_trait]
impl Inspect for Diag {
    async fn pod(&self, _: &TtrpcContext, _: PodRequest) -> ttrpc::Result<PodResponse> {
        let settings = &self.tasks.settings;
        let mut tasks = self.tasks.all();
        // They come by their ids.
        tasks.sort_by_key(|task| *task.id != *settings.id);
        Ok(PodResponse {
            namespace: settings.namespace.clone(),
            id: settings.id.clone(),
            is_sandbox: settings.is_sandbox,
            pid: std::process::id(),
            started_at: moment(Some(self.tasks.started)),
            tasks: join_all(tasks.iter().map(|task| describe(task))).await,
            ..PodResponse::default()
        })
    }
}

async fn describe(task: &Task) -> inspect::Task {
    let usage = tokio::time::timeout(USAGE, task.usage()).await;
    let container = task.body.as_ref().map(|body| &body.container);
    let (init, added) = (&task.init, task.all());
    let args = container.map(|container| container.args.clone());
    inspect::Task {
        id: task.id.to_string(),
        bundle: task.bundle.clone(),
        init: Some(process(init, args.unwrap_or_default())).into(),
        execs: added.iter().skip(1).map(|exec| process(exec, args_of(exec))).collect(),
        is_paused: task.paused.load(Ordering::Acquire),
        limits: container.map(|container| container.limits.describe()).into(),
        usage: usage.ok().flatten().into(),
        ..inspect::Task::default()
    }
}

/// What a process that was added was asked to be.
fn args_of(exec: &Exec) -> Vec<String> {
    let Some(parameters) = &exec.parameters else { return Vec::new() };
    let of_spec = parameters.extra.get("OciProcess").map(|process| &process["args"]);
    let of_spec = of_spec.and_then(|args| Vec::deserialize(args).ok());
    let of_spec = of_spec.filter(|args: &Vec<String>| !args.is_empty());
    of_spec.unwrap_or_else(|| vec![parameters.command_line.clone()])
}

fn process(exec: &Exec, args: Vec<String>) -> Process {
    let state = exec.state();
    let exit = match state {
        State::Exited(exit) => Some(exit),
        State::Created | State::Running => None,
    };
    Process {
        id: exec.id.to_string(),
        state: state.name().into(),
        pid: exec.pid(),
        args,
        terminal: exec.io.terminal,
        started_at: moment(exec.started()),
        exited_at: moment(exit.map(|exit| exit.at)),
        exit_status: exit.map_or(0, |exit| exit.status),
        ..Process::default()
    }
}

fn moment(moment: Option<SystemTime>) -> MessageField<Timestamp> {
    moment.map(|moment| timestamp(Some(moment))).into()
}

impl Task {
    /// What its container uses, if that is running and tells.
    async fn usage(&self) -> Option<Usage> {
        let statistics = self.statistics().await.ok()??;
        let memory = statistics.memory.unwrap_or_default();
        let processor = statistics.processor.unwrap_or_default();
        Some(Usage {
            memory_bytes: memory.memory_usage_private_working_set_bytes,
            processor_time_ns: processor.total_runtime_100ns.saturating_mul(100),
            ..Usage::default()
        })
    }
}
