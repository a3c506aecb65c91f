//! The parameters that a process is created with.

use std::collections::BTreeMap;

use command_line::escape_windows;
use hcs_schema::schema2::ProcessParameters;

use crate::spec::Process;

/// What a process is created in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessHost {
    /// A Windows container or utility VM.
    Windows,
    /// A Linux utility VM, outside of its containers.
    LinuxVm,
    /// A Linux container, which is made from a spec.
    LinuxContainer,
}

/// Which streams of a process are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WantedStreams {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

/// A process has no parameters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// There is no spec of it.
    #[error("process spec is required for non-OCI ProcessHost")]
    NoSpec,
    /// The spec can't be written as JSON.
    #[error("failed to write the spec of a process as JSON")]
    Json(#[source] serde_json::Error),
}

/// The parameters of a process. In a Linux container they carry the spec itself
/// (`OciProcess`); without one it is the container's first process.
///
/// # Errors
/// There is no spec, and the host needs one.
pub fn process_parameters(
    host: ProcessHost,
    process: Option<&Process>,
    wanted: WantedStreams,
) -> Result<ProcessParameters, ProcessError> {
    let mut parameters = ProcessParameters {
        create_std_in_pipe: wanted.stdin,
        create_std_out_pipe: wanted.stdout,
        create_std_err_pipe: wanted.stderr,
        ..ProcessParameters::default()
    };
    match (host, process) {
        (ProcessHost::LinuxContainer, None) => {}
        (ProcessHost::LinuxContainer, Some(process)) => {
            let json = serde_json::to_value(process).map_err(ProcessError::Json)?;
            parameters.extra.insert("OciProcess", json);
        }
        (_, None) => return Err(ProcessError::NoSpec),
        (_, Some(process)) => describe(&mut parameters, host, process),
    }
    Ok(parameters)
}

fn describe(parameters: &mut ProcessParameters, host: ProcessHost, process: &Process) {
    if !process.command_line.is_empty() {
        parameters.command_line = process.command_line.clone();
    } else if host == ProcessHost::Windows {
        parameters.command_line = escape_windows(&process.args);
    } else {
        parameters.command_args = process.args.clone();
    }
    parameters.user = process.user.username.clone();
    parameters.working_directory = process.cwd.clone();
    parameters.environment = environment(&process.env);
    parameters.emulate_console = process.terminal;
    if let Some(size) = process.console_size {
        // A terminal that large has no end that anybody sees.
        let side = |side| i32::try_from(side).unwrap_or(i32::MAX);
        parameters.console_size = vec![side(size.height), side(size.width)];
    }
}

/// Variables by name. One without a value is left out, as in the reference:
/// Windows has no empty ones.
fn environment(env: &[String]) -> BTreeMap<String, String> {
    let pairs = env.iter().filter_map(|variable| variable.split_once('='));
    let kept = pairs.filter(|(_, value)| !value.is_empty());
    kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
