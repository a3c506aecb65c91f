//! What cases do over and over: run, read, wait, end.

use std::time::Duration;

use compute::error::{SystemCode, is_any};
use compute::{
    ComputeSystem, Error, EventStream, Process, ReadPipe, Stdio, StdioSource, SystemEvent,
    SystemExit,
};
use futures_util::StreamExt;
use hcs_schema::schema2::ProcessParameters;
use tokio::io::AsyncReadExt;

use crate::{Bed, Failure, Program};

/// How long one thing that must come may take, however slow the machine is.
const STEP_LIMIT: Duration = Duration::from_secs(40);

/// What a process did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    /// What it wrote, with the ends of lines of Linux.
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Starts a program, with pipes for what it reads and writes.
pub(crate) async fn spawn(
    bed: &Bed,
    system: &dyn ComputeSystem,
    program: &Program,
) -> Result<Box<dyn Process>, Failure> {
    spawn_with(system, &bed.parameters(program)).await
}

/// Starts a process with pipes of the host's making.
pub(crate) async fn spawn_with(
    system: &dyn ComputeSystem,
    parameters: &ProcessParameters,
) -> Result<Box<dyn Process>, Failure> {
    Ok(within(system.create_process(parameters, StdioSource::Pipes)).await??)
}

/// Runs a program to its end.
pub(crate) async fn run(
    bed: &Bed,
    system: &dyn ComputeSystem,
    program: &Program,
) -> Result<Ran, Failure> {
    let process = spawn(bed, system, program).await?;
    finish(process.as_ref()).await
}

/// Reads a process's output, waits for its end, and closes the handle.
pub(crate) async fn finish(process: &dyn Process) -> Result<Ran, Failure> {
    let Stdio { stdin: _stdin, stdout, stderr, .. } = process.stdio().await?;
    let (out, err) = tokio::join!(text(stdout), text(stderr));
    let code = ended(process).await?;
    process.close().await?;
    Ok(Ran { code, out: out?, err: err? })
}

/// Waits for the end of a process; gives its exit code.
pub(crate) async fn ended(process: &dyn Process) -> Result<i32, Failure> {
    within(process.wait()).await??;
    Ok(process.exit_code().await?)
}

/// All of a stream, byte for byte.
pub(crate) async fn bytes(stream: Option<ReadPipe>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        within(stream.read_to_end(&mut bytes)).await??;
    }
    Ok(bytes)
}

/// All of a stream as text, with the ends of lines of Linux.
pub(crate) async fn text(stream: Option<ReadPipe>) -> Result<String, Failure> {
    let bytes = bytes(stream).await?;
    Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
}

/// Reads a stream until it has shown this text; gives all that it has shown.
pub(crate) async fn read_until(stream: &mut ReadPipe, wanted: &str) -> Result<String, Failure> {
    let mut seen = Vec::new();
    let mut some = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains(wanted) {
        let count = within(stream.read(&mut some)).await??;
        if count == 0 {
            let seen = String::from_utf8_lossy(&seen).into_owned();
            return Err(Failure::new(format!("the stream ended with {seen:?} before {wanted:?}")));
        }
        seen.extend_from_slice(some.get(..count).unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&seen).into_owned())
}

/// A stream that has to be there.
pub(crate) fn pipe<T>(stream: Option<T>, name: &str) -> Result<T, Failure> {
    stream.ok_or_else(|| Failure::new(format!("the process has no {name}")))
}

/// Waits for something that must come.
#[track_caller]
pub(crate) fn within<F: Future>(future: F) -> impl Future<Output = Result<F::Output, Failure>> {
    let late = Failure::new(format!("nothing came for {} s", STEP_LIMIT.as_secs()));
    async move {
        match tokio::time::timeout(STEP_LIMIT, future).await {
            Ok(output) => Ok(output),
            Err(_) => Err(late),
        }
    }
}

/// Waits until a condition holds.
pub(crate) async fn until(
    what: &str,
    mut holds: impl AsyncFnMut() -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let deadline = tokio::time::Instant::now() + STEP_LIMIT;
    while !holds().await? {
        if tokio::time::Instant::now() > deadline {
            return Err(Failure::new(format!("never: {what}")));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// Ends a system and waits until it has gone.
pub(crate) async fn end(system: Box<dyn ComputeSystem>) -> Result<SystemExit, Failure> {
    system.terminate().await?;
    let exit = within(system.wait()).await??;
    system.close().await?;
    Ok(exit)
}

/// The state that the service tells of a system.
pub(crate) async fn state(system: &dyn ComputeSystem) -> Result<String, Failure> {
    Ok(system.properties(&Default::default()).await?.state)
}

/// The events of a stream to its end.
pub(crate) async fn events(stream: EventStream) -> Result<Vec<SystemEvent>, Failure> {
    within(stream.collect()).await
}

/// The error of an outcome that has to be one.
#[track_caller]
pub(crate) fn refused<T>(outcome: compute::Result<T>, what: &str) -> Result<Error, Failure> {
    match outcome {
        Ok(_) => Err(Failure::new(format!("{what} succeeds"))),
        Err(error) => Ok(error),
    }
}

/// Whether an error has this code of the service, whose older and newer DLL each
/// have their own severity bits for it (`0xc037....` and `0x8037....`).
pub(crate) fn has_code(error: &Error, code: SystemCode) -> bool {
    const BOTH: u32 = 0x4000_0000;
    is_any(error, &[code, SystemCode(code.0 ^ BOTH)])
}

/// The call is refused, since the system is in another state than it is for.
#[track_caller]
pub(crate) fn invalid_state<T>(outcome: compute::Result<T>, what: &str) -> Result<(), Failure> {
    let error = refused(outcome, what)?;
    if has_code(&error, SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE) {
        return Ok(());
    }
    Err(Failure::new(format!("{what}: no error of the state: {error:#}")))
}

/// The call is refused, since the system has stopped.
#[track_caller]
pub(crate) fn stopped<T>(outcome: compute::Result<T>, what: &str) -> Result<(), Failure> {
    let error = refused(outcome, what)?;
    if has_code(&error, SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED) {
        return Ok(());
    }
    Err(Failure::new(format!("{what}: no error of a stopped system: {error:#}")))
}

/// The call is refused, since the handle is closed.
#[track_caller]
pub(crate) fn closed<T>(outcome: compute::Result<T>, what: &str) -> Result<(), Failure> {
    let error = refused(outcome, what)?;
    if compute::error::is_already_closed(&error) {
        return Ok(());
    }
    Err(Failure::new(format!("{what}: no error of a closed handle: {error:#}")))
}
