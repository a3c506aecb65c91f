//! The start of a shim: this program once more, with our streams.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use hcs_schema::schema2::ProcessParameters;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};
use tokio::process::Command;

use crate::context::Context;

/// Names the pipe between a shim and its starter.
pub(super) const PIPE: &str = "HCSSHIM_RUNHCS_PIPE";
/// The longest message on it, in bytes.
pub(super) const MAX_MESSAGE: u64 = 16 << 20;

/// `CREATE_NEW_PROCESS_GROUP`: Ctrl-C is for us, not for the shim.
const NEW_PROCESS_GROUP: u32 = 0x200;

/// What the shim is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) parameters: ProcessParameters,
    pub(super) terminal: bool,
    /// Whether it is the container's first process.
    pub(super) is_first: bool,
}

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The process runs, or waits for the container's start.
    Ready {
        pid: u32,
    },
    Failed(String),
}

/// A shim whose process has been made.
pub(super) struct Shim {
    pub(super) shim_pid: u32,
    pub(super) pid: u32,
}

impl Shim {
    /// Starts a shim and waits until its process is there. A failure leaves no
    /// shim.
    pub(super) async fn start(
        context: &Context<'_>,
        id: &str,
        request: &Request,
        log: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let name = format!(r"\\.\pipe\runhcs-shim-{}", uuid::Uuid::new_v4());
        let pipe = ServerOptions::new()
            .first_pipe_instance(true)
            .max_instances(1)
            .create(&name)
            .with_context(|| format!("creating the pipe {name} to the shim"))?;
        let mut command = Command::new(std::env::current_exe().context("finding this program")?);
        command.args(["--root", &context.root, "--owner", &context.owner]);
        if let Some(log) = log {
            command.arg("--log").arg(log);
        }
        command.args(["shim", id]).env(PIPE, &name).creation_flags(NEW_PROCESS_GROUP);
        let mut child = command.spawn().context("starting the shim")?;
        let asked = tokio::select! {
            answer = ask(pipe, request) => answer,
            ended = child.wait() => match ended {
                Ok(status) => Err(anyhow!("the shim ended before its process was made: {status}")),
                Err(error) => Err(error.into()),
            },
        };
        match (asked, child.id()) {
            (Ok(pid), Some(shim_pid)) => Ok(Self { shim_pid, pid }),
            (Ok(_), None) => bail!("the shim has ended"),
            (Err(error), _) => {
                let _ = child.kill().await;
                Err(error)
            }
        }
    }
}

/// Tells the shim what to do, and hears what became of it.
async fn ask(mut pipe: NamedPipeServer, request: &Request) -> anyhow::Result<u32> {
    pipe.connect().await.context("waiting for the shim")?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    pipe.write_all(&line).await.context("telling the shim what to run")?;
    let mut answer = String::new();
    BufReader::new(pipe.take(MAX_MESSAGE))
        .read_line(&mut answer)
        .await
        .context("hearing from the shim")?;
    match serde_json::from_str(&answer).context("hearing from the shim")? {
        Answer::Ready { pid } => Ok(pid),
        Answer::Failed(why) => bail!(why),
    }
}
