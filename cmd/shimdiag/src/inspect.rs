//! `inspect`: all that a shim runs, as a tree.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use bytesize::ByteSize;
use humantime::{format_duration, format_rfc3339_seconds};
use serde_json::{Value, json};
use shim_protos::inspect::{InspectClient, Limits, PodRequest, PodResponse, Process, Task, Usage};
use shim_protos::protobuf::MessageField;
use shim_protos::protobuf::well_known_types::timestamp::Timestamp;
use shim_protos::ttrpc::{Code, Error};
use termtree::Tree;

use crate::cli::Inspect;
use crate::commands::within;
use crate::shims;

pub(crate) async fn run(asked: &Inspect) -> Result<()> {
    let shim = shims::find(&asked.shim)?;
    let client = InspectClient::new(shim.dial().await?);
    let pod = match client.pod(within(), &PodRequest::default()).await {
        Err(Error::RpcStatus(status)) if status.code() == Code::UNIMPLEMENTED => bail!(
            "the shim {} is of another make, which cannot be inspected: try `shimdiag tasks \
             --execs`",
            shim.name
        ),
        pod => pod.with_context(|| format!("asking {}", shim.name))?,
    };
    let text = if asked.json {
        serde_json::to_string_pretty(&as_json(&pod))? + "\n"
    } else {
        tree(&pod, SystemTime::now()).to_string()
    };
    Ok(appargs::print(text.as_bytes())?)
}

fn tree(pod: &PodResponse, now: SystemTime) -> Tree<String> {
    let up = since(&pod.started_at, now).unwrap_or_default();
    let kind = if pod.is_sandbox { "pod" } else { "task" };
    let shim = format!("{}-{}: {kind}, shim pid {}, up {up}", pod.namespace, pod.id, pod.pid);
    let tasks = pod.tasks.iter().map(|task| {
        let is_sandbox = pod.is_sandbox && task.id == pod.id;
        let execs = task.execs.iter().map(|exec| Tree::new(line("exec", exec, false, now)));
        Tree::new(heading(task, is_sandbox, now)).with_leaves(execs)
    });
    Tree::new(shim).with_leaves(tasks)
}

fn heading(task: &Task, is_sandbox: bool, now: SystemTime) -> String {
    let kind = if is_sandbox { "sandbox" } else { "container" };
    let mut text = line(kind, &task.init, task.is_paused, now);
    let used = task.usage.as_ref().map(|usage| usage.memory_bytes);
    let limits = task.limits.clone().unwrap_or_default();
    let memory = match (used, limits.memory_bytes) {
        (Some(used), 0) => Some(format!("memory {}", size(used))),
        (Some(used), limit) => Some(format!("memory {} of {}", size(used), size(limit))),
        (None, 0) => None,
        (None, limit) => Some(format!("memory at most {}", size(limit))),
    };
    let time = task.usage.as_ref().map(|usage| {
        format!("processor time {}", format_duration(Duration::from_millis(milliseconds(usage))))
    });
    let count = (limits.processors > 0.0).then(|| format!("processors {:.2}", limits.processors));
    let named = |name: &str, number: u64| (number > 0).then(|| format!("{name} {number}"));
    let shares = named("shares", limits.processor_shares);
    let processes = named("processes at most", limits.processes);
    for part in [memory, time, count, shares, processes].into_iter().flatten() {
        text = text + ", " + &part;
    }
    text
}

fn milliseconds(usage: &Usage) -> u64 {
    usage.processor_time_ns / 1_000_000
}

/// A process: what it is, its state, since when, and its command.
fn line(kind: &str, process: &Process, is_paused: bool, now: SystemTime) -> String {
    let mut text = format!("{kind} {}: ", process.id);
    text += if is_paused { "paused" } else { &process.state };
    if process.state == "exited" {
        text += &format!(" with {}", process.exit_status);
        if let Some(ago) = since(&process.exited_at, now) {
            text += &format!(" {ago} ago");
        }
    } else {
        if process.pid != 0 {
            text += &format!(", pid {}", process.pid);
        }
        if let Some(up) = since(&process.started_at, now) {
            text += &format!(", up {up}");
        }
    }
    if process.terminal {
        text += ", terminal";
    }
    if !process.args.is_empty() {
        // What a process is called with may hold what moves a terminal's cursor.
        text += &format!(", {}", process.args.join(" ").escape_debug());
    }
    text
}

fn size(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

fn time(stamp: &MessageField<Timestamp>) -> Option<SystemTime> {
    let stamp = stamp.as_ref()?;
    let seconds = Duration::from_secs(u64::try_from(stamp.seconds).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(seconds)
}

/// In whole seconds.
fn since(stamp: &MessageField<Timestamp>, now: SystemTime) -> Option<String> {
    let passed = now.duration_since(time(stamp)?).unwrap_or_default();
    Some(format_duration(Duration::from_secs(passed.as_secs())).to_string())
}

fn as_json(pod: &PodResponse) -> Value {
    json!({
        "namespace": pod.namespace,
        "id": pod.id,
        "isSandbox": pod.is_sandbox,
        "pid": pod.pid,
        "startedAt": moment(&pod.started_at),
        "tasks": pod.tasks.iter().map(task_as_json).collect::<Vec<_>>(),
    })
}

fn task_as_json(task: &Task) -> Value {
    let limits = |limits: &Limits| {
        json!({
            "memoryBytes": limits.memory_bytes,
            "processors": limits.processors,
            "processorShares": limits.processor_shares,
            "processes": limits.processes,
        })
    };
    let usage = |usage: &Usage| json!({"memoryBytes": usage.memory_bytes, "processorTimeNs": usage.processor_time_ns});
    json!({
        "id": task.id,
        "bundle": task.bundle,
        "isPaused": task.is_paused,
        "init": process_as_json(&task.init),
        "execs": task.execs.iter().map(process_as_json).collect::<Vec<_>>(),
        "limits": task.limits.as_ref().map(limits),
        "usage": task.usage.as_ref().map(usage),
    })
}

fn process_as_json(process: &Process) -> Value {
    let exited = process.state == "exited";
    json!({
        "id": process.id,
        "state": process.state,
        "pid": process.pid,
        "args": process.args,
        "terminal": process.terminal,
        "startedAt": moment(&process.started_at),
        "exitedAt": moment(&process.exited_at),
        "exitStatus": exited.then_some(process.exit_status),
    })
}

fn moment(stamp: &MessageField<Timestamp>) -> Option<String> {
    Some(format_rfc3339_seconds(time(stamp)?).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> MessageField<Timestamp> {
        Some(Timestamp { seconds, ..Timestamp::default() }).into()
    }

    fn running(id: &str, started: i64) -> Process {
        Process {
            id: id.into(),
            state: "running".into(),
            pid: 7,
            args: vec!["sleep".into(), "9\u{1b}[2J".into()],
            started_at: at(started),
            ..Process::default()
        }
    }

    fn pod() -> PodResponse {
        let sandbox =
            Task { id: "p".into(), init: Some(running("p", 10)).into(), ..Task::default() };
        let exec = Process {
            id: "e".into(),
            state: "exited".into(),
            exit_status: 3,
            exited_at: at(95),
            ..Process::default()
        };
        let limits = Limits { memory_bytes: 64 << 20, processors: 1.5, ..Limits::default() };
        let usage =
            Usage { memory_bytes: 3 << 19, processor_time_ns: 2_003_000_000, ..Usage::default() };
        let container = Task {
            id: "c".into(),
            init: Some(running("c", 40)).into(),
            execs: vec![exec],
            is_paused: true,
            limits: Some(limits).into(),
            usage: Some(usage).into(),
            ..Task::default()
        };
        PodResponse {
            namespace: "ns".into(),
            id: "p".into(),
            is_sandbox: true,
            pid: 5,
            started_at: at(10),
            tasks: vec![sandbox, container],
            ..PodResponse::default()
        }
    }

    #[test]
    fn a_pod_is_a_tree() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let lines = [
            "ns-p: pod, shim pid 5, up 1m 30s",
            r"├── sandbox p: running, pid 7, up 1m 30s, sleep 9\u{1b}[2J",
            r"└── container c: paused, pid 7, up 1m, sleep 9\u{1b}[2J, memory 1.5 MiB of 64.0 MiB, processor time 2s 3ms, processors 1.50",
            "    └── exec e: exited with 3 5s ago",
        ];
        assert_eq!(tree(&pod(), now).to_string(), lines.map(|line| format!("{line}\n")).concat());
    }

    #[test]
    fn json_tells_what_is_not_there() {
        let told = as_json(&pod());
        assert_eq!(told["startedAt"], "1970-01-01T00:00:10Z");
        assert_eq!(told["tasks"][0]["limits"], Value::Null);
        assert_eq!(told["tasks"][1]["limits"]["processors"], 1.5);
        assert_eq!(told["tasks"][0]["init"]["exitStatus"], Value::Null);
        assert_eq!(told["tasks"][1]["execs"][0]["exitStatus"], 3);
    }
}
