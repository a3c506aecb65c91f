//! `delete`: removes what a container and its shim have left. containerd calls it once
//! it can't reach the shim any more.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use compute::{ComputeService, SystemId};
use shim_protos::protobuf::well_known_types::timestamp::Timestamp;
use shim_protos::protobuf::{Message, MessageField};
use shim_protos::task::DeleteResponse;

use crate::cli::Globals;
use crate::{log, panic_record, platform};

/// How long the compute system may take to end.
const LIMIT: Duration = Duration::from_secs(30);

/// The exit code of a container whose own nobody knows.
const UNKNOWN: u32 = 255;

/// Removes all that is left, and gives the answer to containerd.
pub(crate) fn run(globals: &Globals) -> anyhow::Result<Vec<u8>> {
    let bundle = globals.bundle.as_deref().filter(|bundle| !bundle.as_os_str().is_empty());
    let bundle = bundle.context("bundle is required")?;
    tell_panics(bundle);
    platform::runtime()?.block_on(async {
        platform::end_shim(globals).await;
        terminate(platform::service(globals).as_ref(), &globals.id).await?;
        for (what, error) in platform::clear(globals, bundle).await {
            warn(&what, &error);
        }
        anyhow::Ok(())
    })?;
    let answer = DeleteResponse {
        exited_at: MessageField::some(now()),
        exit_status: UNKNOWN,
        ..DeleteResponse::default()
    };
    answer.write_to_bytes().context("writing the answer")
}

fn tell_panics(bundle: &Path) {
    match panic_record::read(bundle) {
        Ok(None) => {}
        Ok(Some(record)) => {
            tell(&log::warning("found shim panic logs during delete", "log", &record));
        }
        Err(error) => warn("failed to open shim panic log", &anyhow::Error::new(error)),
    }
}

/// Ends the compute system of this id, if there is one.
async fn terminate(service: &dyn ComputeService, id: &str) -> anyhow::Result<()> {
    // What is no id is nobody's.
    let Ok(id) = id.parse::<SystemId>() else { return Ok(()) };
    let system = match service.open(&id).await {
        Ok(system) => system,
        Err(error) if compute::error::is_not_exist(&error) => return Ok(()),
        Err(error) => {
            warn(&format!("failed to open '{id}'"), &error.into());
            return Ok(());
        }
    };
    if let Err(error) = compute::state::ignore_ended(system.terminate().await) {
        warn(&format!("failed to terminate '{id}'"), &error.into());
        return Ok(());
    }
    match tokio::time::timeout(LIMIT, system.wait()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => warn(&format!("failed to wait for '{id}' to terminate"), &error.into()),
        Err(_) => bail!("timed out waiting for '{id}' to terminate"),
    }
    // Whoever waits for its end has it; the handle goes with us in any case.
    let _ = system.close().await;
    Ok(())
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(since.subsec_nanos()).unwrap_or_default(),
        ..Timestamp::default()
    }
}

/// containerd logs what a clean-up says on stderr.
fn warn(what: &str, error: &anyhow::Error) {
    tell(&log::warning(what, "error", &format!("{error:#}")));
}

fn tell(line: &str) {
    let _ = std::io::stderr().write_all(line.as_bytes());
}
