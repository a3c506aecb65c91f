//! What each command does.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::json;
use shim_protos::shimdiag::{
    PidRequest, ShareRequest, ShimDiagClient, StacksRequest, Task, TasksRequest,
};
use shim_protos::ttrpc::context::{self, Context};

use crate::cli::{Cli, Command, List, Share, Stacks, Tasks};
use crate::shims::{self, Shim};
use crate::{exec, inspect};

/// How long a shim may take to answer, in nanoseconds.
const LIMIT: i64 = 30_000_000_000;

pub(crate) fn run(command: Command) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        match command {
            Command::List(asked) => list(&asked).await,
            Command::Exec(asked) => return exec::run(asked).await,
            Command::Stacks(asked) => stacks(&asked).await,
            Command::Share(asked) => share(asked).await,
            Command::Tasks(asked) => tasks(&asked).await,
            Command::Inspect(asked) => inspect::run(&asked).await,
            Command::Completions(asked) => Ok(appargs::completions::<Cli>(asked.shell)?),
        }?;
        Ok(ExitCode::SUCCESS)
    });
    // A thread that still reads standard input must not keep the process.
    runtime.shutdown_background();
    outcome
}

/// The limit of a call.
pub(crate) fn within() -> Context {
    context::with_timeout(LIMIT)
}

async fn list(asked: &List) -> Result<()> {
    let mut shims = shims::all()?;
    let mut pids = Vec::new();
    if asked.pids {
        let mut asked = Vec::new();
        for shim in shims {
            match pid(&shim).await {
                Ok(pid) => pids.push(pid),
                // It has ended since.
                Err(_) if !shims::all()?.contains(&shim) => continue,
                Err(error) => return Err(error.context(format!("asking {}", shim.name))),
            }
            asked.push(shim);
        }
        shims = asked;
    }
    let mut text = String::new();
    if asked.json {
        let one = |(at, shim): (usize, &Shim)| match pids.get(at) {
            Some(pid) => json!({"shim": shim.name, "pid": pid}),
            None => json!({"shim": shim.name}),
        };
        let all: Vec<_> = shims.iter().enumerate().map(one).collect();
        writeln!(text, "{}", serde_json::to_string_pretty(&all)?)?;
    } else if asked.pids {
        let column = pids_column(&shims);
        writeln!(text, "{} Pid", padded("Shim ", column))?;
        for (shim, pid) in shims.iter().zip(pids) {
            writeln!(text, "{} {pid}", padded(&format!("{} ", shim.name), column))?;
        }
    } else {
        for shim in shims {
            writeln!(text, "{}", shim.name)?;
        }
    }
    Ok(appargs::print(text.as_bytes())?)
}

/// Where the process ids begin, at a multiple of eight as tabs have it.
fn pids_column(shims: &[Shim]) -> usize {
    let names = shims.iter().map(|shim| shim.name.chars().count());
    // A space follows each.
    let widest = names.max().unwrap_or(0).max("Shim".len()) + 1;
    widest.next_multiple_of(8)
}

/// A cell with the tabs that take it to the next column.
fn padded(cell: &str, column: usize) -> String {
    let missing = column.saturating_sub(cell.chars().count());
    format!("{cell}{}", "\t".repeat(missing.div_ceil(8)))
}

async fn pid(shim: &Shim) -> Result<i32> {
    let client = ShimDiagClient::new(shim.dial().await?);
    Ok(client.diag_pid(within(), &PidRequest::default()).await?.pid)
}

async fn named(name: &str) -> Result<ShimDiagClient> {
    Ok(ShimDiagClient::new(shims::find(name)?.dial().await?))
}

async fn stacks(asked: &Stacks) -> Result<()> {
    let client = named(&asked.shim).await?;
    let answer = client.diag_stacks(within(), &StacksRequest::default()).await?;
    let mut text = format!("Stacks:\n {}\n", answer.stacks);
    if !answer.guest_stacks.is_empty() {
        writeln!(text, "Guest Stacks:\n {}", answer.guest_stacks)?;
    }
    Ok(appargs::print(text.as_bytes())?)
}

async fn share(asked: Share) -> Result<()> {
    let Share { readonly, shim, host_path, uvm_path } = asked;
    let client = named(&shim).await?;
    // The shim has a folder of its own that a relative path would begin at.
    let absolute = std::path::absolute(&host_path);
    let absolute = absolute.with_context(|| format!("the path {host_path:?}"))?;
    let request = ShareRequest {
        host_path: absolute.to_string_lossy().into_owned(),
        uvm_path: uvm_path.clone(),
        read_only: readonly,
        ..ShareRequest::default()
    };
    let shared = client.diag_share(within(), &request).await;
    shared.with_context(|| format!("failed to share directory {host_path} into UVM"))?;
    Ok(appargs::print(format!("Shared {host_path} into {shim} at {uvm_path}\n").as_bytes())?)
}

async fn tasks(asked: &Tasks) -> Result<()> {
    let client = named(&asked.shim).await?;
    let request = TasksRequest { execs: asked.execs, ..TasksRequest::default() };
    let tasks = client.diag_tasks(within(), &request).await?.tasks;
    let mut text = String::new();
    if asked.json {
        let tasks: Vec<_> = tasks.iter().map(|task| as_json(task, asked.execs)).collect();
        writeln!(text, "{}", serde_json::to_string_pretty(&tasks)?)?;
    } else {
        for task in tasks {
            tell(&mut text, &task)?;
        }
    }
    Ok(appargs::print(text.as_bytes())?)
}

fn tell(text: &mut String, task: &Task) -> std::fmt::Result {
    writeln!(text, "{}", task.id)?;
    if task.execs.is_empty() {
        return Ok(());
    }
    text.push_str("|\n|----> ");
    for exec in &task.execs {
        writeln!(text, "\t{}: {}", exec.state, exec.id)?;
    }
    text.push('\n');
    Ok(())
}

fn as_json(task: &Task, with_execs: bool) -> serde_json::Value {
    let execs = task.execs.iter().map(|exec| json!({"id": exec.id, "state": exec.state}));
    match with_execs {
        true => json!({"id": task.id, "execs": execs.collect::<Vec<_>>()}),
        false => json!({"id": task.id}),
    }
}

#[cfg(test)]
mod tests {
    use shim_protos::shimdiag::Exec;

    use super::*;

    #[test]
    fn columns_are_those_of_tabs() {
        let shims = ["a", "default-web"].map(Shim::named);
        let column = pids_column(&shims);
        assert_eq!(column, 16);
        assert_eq!(padded("Shim ", column), "Shim \t\t");
        assert_eq!(padded("default-web ", column), "default-web \t");
    }

    #[test]
    fn execs_are_below_their_task() {
        let exec =
            |id: &str, state: &str| Exec { id: id.into(), state: state.into(), ..Exec::default() };
        let execs = vec![exec("t", "running"), exec("e", "exited")];
        let task = Task { id: "t".into(), execs, ..Task::default() };
        let mut text = String::new();
        tell(&mut text, &task).unwrap();
        assert_eq!(text, "t\n|\n|----> \trunning: t\n\texited: e\n\n");
    }
}
