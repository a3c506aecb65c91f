//! A shim: makes one process, has its streams, and ends with it.

use anyhow::{Context as _, anyhow};
use compute::StdioSource;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient};

use super::foreground::Foreground;
use super::starter::{Answer, MAX_MESSAGE, PIPE, Request};
use crate::cli::Shim;
use crate::context::{Context, system_id};

/// Runs a shim. Its exit code is its process's.
pub(crate) async fn shim(shim: &Shim, context: &mut Context<'_>) -> anyhow::Result<u8> {
    let id = system_id(&shim.id)?;
    context.store.read(&id)?;
    let name = std::env::var(PIPE)
        .map_err(|_| anyhow!("a shim is started by `runhcs create`, `run` and `exec`"))?;
    let pipe = ClientOptions::new()
        .open(&name)
        .with_context(|| format!("opening the pipe {name} to the starter"))?;
    let mut pipe = BufReader::new(pipe);
    let request = read(&mut pipe).await?;
    let made = async {
        let system = context.service()?.open(&id).await?;
        let process = system.create_process(&request.parameters, StdioSource::Pipes).await?;
        let foreground = Foreground::enter(process.as_ref(), system.os(), request.terminal).await?;
        anyhow::Ok((system, process, foreground))
    };
    let (system, process, foreground) = match made.await {
        Ok(made) => made,
        Err(error) => {
            tell(&mut pipe, &Answer::Failed(crate::app::message(&error))).await?;
            return Err(error);
        }
    };
    if let Err(error) = tell(&mut pipe, &Answer::Ready { pid: process.pid() }).await {
        // The starter has gone, and with it whoever knew of the process.
        let _ = process.kill().await;
        return Err(error);
    }
    drop(pipe);
    let code = foreground.attend(process.as_ref()).await?;
    if request.is_first && !system.is_oci() {
        // The container is its first process.
        compute::state::ignore_ended(system.terminate().await)?;
    }
    Ok(code)
}

async fn read(pipe: &mut BufReader<NamedPipeClient>) -> anyhow::Result<Request> {
    let mut line = String::new();
    let read = pipe.take(MAX_MESSAGE).read_line(&mut line).await;
    read.context("hearing what to run")?;
    serde_json::from_str(&line).context("hearing what to run")
}

async fn tell(pipe: &mut BufReader<NamedPipeClient>, answer: &Answer) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    pipe.write_all(&line).await.context("telling the starter")?;
    pipe.flush().await.context("telling the starter")
}
