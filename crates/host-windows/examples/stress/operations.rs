//! Calls on systems that live, while events of their processes arrive.

use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};
use compute::error::is_already_stopped;
use compute::{Process, Stdio};
use hcs_schema::guest_request::RequestType;
use hcs_schema::schema2::{ModifySettingRequest, PropertyQuery, PropertyType};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bed::{Bed, Live, spawn, within};
use crate::random::Random;

/// One operation.
pub(crate) async fn turn(bed: &Bed, mut random: Random) -> Result<()> {
    let live = bed.any(&mut random);
    match random.below(10) {
        0..=2 => properties(live, &mut random).await,
        3 => modify(live, &mut random).await,
        4 => pause(live).await,
        5..=6 => prints(live, &mut random).await,
        7 => copies(live, &mut random).await,
        8 => is_killed(live).await,
        _ => is_opened_again(bed, live).await,
    }
}

/// In any state, also while it is paused.
async fn properties(live: &Live, random: &mut Random) -> Result<()> {
    let property_types = match random.below(3) {
        0 => vec![],
        1 => vec![PropertyType::Statistics],
        _ => vec![PropertyType::ProcessList],
    };
    let query = PropertyQuery { property_types, ..Default::default() };
    let state = live.system.properties(&query).await?.state;
    ensure!(["Running", "Paused"].contains(&state.as_str()), "the state is {state}");
    Ok(())
}

async fn modify(live: &Live, random: &mut Random) -> Result<()> {
    let _runs = live.runs.read().await;
    let request = ModifySettingRequest {
        resource_path: "Container/Memory/SizeInMB".into(),
        request_type: RequestType::Update,
        settings: Some(json!(256 + random.below(256))),
        ..Default::default()
    };
    Ok(live.system.modify(&request).await?)
}

async fn pause(live: &Live) -> Result<()> {
    let _alone = live.runs.write().await;
    live.system.pause(&Default::default()).await?;
    Ok(live.system.resume().await?)
}

/// A process that writes and ends by itself.
async fn prints(live: &Live, random: &mut Random) -> Result<()> {
    let _runs = live.runs.read().await;
    let code = i32::try_from(random.below(100))?;
    let script = format!("echo out {code}; echo err {code} >&2; exit {code}");
    let process = spawn(live.system.as_ref(), &script).await?;
    let Stdio { stdin: _stdin, stdout, stderr } = process.stdio().await?;
    let (mut out, mut err) = (String::new(), String::new());
    if let (Some(mut stdout), Some(mut stderr)) = (stdout, stderr) {
        let read = async {
            tokio::try_join!(stdout.read_to_string(&mut out), stderr.read_to_string(&mut err))
        };
        within("the end of output", read).await??;
    }
    let ended = ended(live, process.as_ref()).await?;
    ensure!(
        (ended, out.trim_end(), err.trim_end())
            == (code, &*format!("out {code}"), &*format!("err {code}")),
        "{script:?} ended with {ended}, {out:?} and {err:?}"
    );
    Ok(process.close().await?)
}

/// A process that writes what it reads, up to the end.
async fn copies(live: &Live, random: &mut Random) -> Result<()> {
    let _runs = live.runs.read().await;
    let process = spawn(live.system.as_ref(), "exec cat").await?;
    let sent = vec![b'x'; random.below(100_000)];
    let mut received = Vec::new();
    let Stdio { stdin, stdout, stderr: _stderr } = process.stdio().await?;
    if let (Some(mut stdin), Some(mut stdout)) = (stdin, stdout) {
        let write = async {
            stdin.write_all(&sent).await?;
            process.close_stdin().await?;
            anyhow::Ok(())
        };
        let read = async { Ok(stdout.read_to_end(&mut received).await?) };
        within("what was sent", async { tokio::try_join!(write, read) }).await??;
    }
    ensure!(received == sent, "{} of {} bytes came back", received.len(), sent.len());
    let code = ended(live, process.as_ref()).await?;
    ensure!(code == 0, "a copy ended with {code}");
    Ok(process.close().await?)
}

async fn is_killed(live: &Live) -> Result<()> {
    let _runs = live.runs.read().await;
    let process = spawn(live.system.as_ref(), "exec sleep 86400").await?;
    ensure!(process.kill().await?, "a kill was not delivered");
    ended(live, process.as_ref()).await?;
    // Without a close: the drop is one.
    Ok(())
}

/// A process that others open while it ends.
async fn is_opened_again(bed: &Bed, live: &Live) -> Result<()> {
    let _runs = live.runs.read().await;
    let process = spawn(live.system.as_ref(), "sleep 0.02; exit 3").await?;
    let other = compute::ComputeService::open(&bed.host, live.system.id()).await?;
    match other.open_process(process.pid()).await {
        Ok(same) => {
            within("the end of an opened process", same.wait()).await??;
            let code = same.exit_code().await?;
            ensure!(code == 3, "an opened process ended with {code}");
        }
        // It was faster.
        Err(error) if is_already_stopped(&error) || compute::error::is_not_exist(&error) => {}
        Err(error) => return Err(error.into()),
    }
    other.close().await?;
    let code = ended(live, process.as_ref()).await?;
    ensure!(code == 3, "a process ended with {code}");
    Ok(process.close().await?)
}

/// Waits for the end of a process of a live system; gives its exit code.
async fn ended(live: &Live, process: &dyn Process) -> Result<i32> {
    live.ended.fetch_add(1, Ordering::SeqCst);
    within("the end of a process", process.wait()).await??;
    Ok(process.exit_code().await?)
}
