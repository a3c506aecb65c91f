//! Hooks: programs that are run at points of the container's life, with its state as input.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::fd::AsFd;
use std::time::Duration;

use oci_spec::runtime::Hook;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::MemfdFlags;

use crate::error::{At, Error};
use crate::launch::path_string;
use crate::sys::{self, Child, Side};
use crate::wait;

/// The most of a failing hook's output that the error quotes.
const OUTPUT_LIMIT: u64 = 1024;

/// Refuses hooks that can't be run, before anything is made.
pub(crate) fn check(kind: &str, hooks: &Option<Vec<Hook>>) -> Result<(), Error> {
    for (place, hook) in hooks.iter().flatten().enumerate() {
        if !hook.path().is_absolute() {
            let reason = format!("{} is not absolute", hook.path().display());
            return Err(Error::invalid(format!("hooks.{kind}[{place}].path"), reason));
        }
        if hook.timeout().is_some_and(|seconds| seconds <= 0) {
            let field = format!("hooks.{kind}[{place}].timeout");
            return Err(Error::invalid(field, "must be above zero"));
        }
    }
    Ok(())
}

/// Runs hooks in order, until one fails. `prepare` is called in each hook's process before its
/// program is executed.
pub(crate) fn run(
    kind: &str,
    hooks: &Option<Vec<Hook>>,
    state: &str,
    prepare: impl Fn() -> Result<(), Error>,
) -> Result<(), Error> {
    for (place, hook) in hooks.iter().flatten().enumerate() {
        run_one(hook, state, &prepare).map_err(|error| Error::Hook {
            hook: format!("{kind}[{place}]"),
            reason: format!("{}: {error}", hook.path().display()),
        })?;
    }
    Ok(())
}

fn run_one(
    hook: &Hook,
    state: &str,
    prepare: &impl Fn() -> Result<(), Error>,
) -> Result<(), Error> {
    // Files in memory take any amount without a reader, so no hook can hold this process up.
    let mut input = memory_file()?;
    input.write_all(state.as_bytes()).and_then(|()| input.rewind()).at("state", "write")?;
    let mut output = memory_file()?;
    // SAFETY: create() has checked that the process has one thread; copies of it have one too.
    let child = match unsafe { sys::clone(0, None) }.at("process", "fork")? {
        Side::Child => {
            let error = execute(hook, &input, &output, prepare);
            let _ = writeln!(output, "{error}");
            sys::exit_now(127);
        }
        Side::Parent(child) => child,
    };
    let status = finish(&child, hook.timeout())?;
    if status.code == 0 {
        return Ok(());
    }
    let mut said = Vec::new();
    let _ = output.rewind().and_then(|()| output.take(OUTPUT_LIMIT).read_to_end(&mut said));
    let said = String::from_utf8_lossy(&said);
    let colon = if said.is_empty() { "" } else { ": " };
    Err(Error::State(format!("{status}{colon}{}", said.trim_end())))
}

fn memory_file() -> Result<File, Error> {
    rustix::fs::memfd_create("hook", MemfdFlags::CLOEXEC).map(File::from).at("memory file", "make")
}

/// Waits for the hook's end; one that takes too long is killed.
fn finish(child: &Child, timeout: Option<i64>) -> Result<wait::ExitStatus, Error> {
    if let Some(seconds) = timeout {
        let limit = Duration::from_secs(seconds.unsigned_abs());
        let limit = Timespec::try_from(limit).ok();
        let mut fds = [PollFd::new(&child.pidfd, PollFlags::IN)];
        let ready = loop {
            match poll(&mut fds, limit.as_ref()) {
                Err(rustix::io::Errno::INTR) => {}
                other => break other.at("process", "poll")?,
            }
        };
        if ready == 0 {
            wait::kill_and_reap(&child.pidfd);
            return Err(Error::State(format!("took longer than {seconds} s and was killed")));
        }
    }
    wait::wait_for_end(&child.pidfd).at("process", "wait")
}

fn execute(
    hook: &Hook,
    input: &File,
    output: &File,
    prepare: &impl Fn() -> Result<(), Error>,
) -> Error {
    let prepared = || -> Result<_, Error> {
        let text = |text: &String| CString::new(text.as_str());
        let path = path_string("path", hook.path())?;
        let args = match hook.args() {
            Some(args) if !args.is_empty() => args.iter().map(text).collect(),
            _ => Ok(vec![path.clone()]),
        };
        let env = hook.env().iter().flatten().map(text).collect::<Result<Vec<_>, _>>();
        let zero = |_| Error::invalid("args or env", "hold a zero byte");
        let (args, env) = (args.map_err(zero)?, env.map_err(zero)?);
        rustix::stdio::dup2_stdin(input.as_fd()).at("stdin", "set")?;
        rustix::stdio::dup2_stdout(output.as_fd()).at("stdout", "set")?;
        rustix::stdio::dup2_stderr(output.as_fd()).at("stderr", "set")?;
        sys::close_range(3, u32::MAX, true).at("descriptors", "close")?;
        sys::die_with_parent().at("process", "tie the hook to its parent")?;
        prepare()?;
        sys::reset_signals();
        Ok((path, args, env))
    };
    let (path, args, env) = match prepared() {
        Ok(prepared) => prepared,
        Err(error) => return error,
    };
    let pointers = |texts: &[CString]| {
        texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect::<Vec<_>>()
    };
    let error = sys::execve(&path, &pointers(&args), &pointers(&env));
    Error::State(format!("exec: {error}"))
}
