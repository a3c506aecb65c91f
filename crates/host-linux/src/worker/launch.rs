//! How a worker comes to be: from a client's child to a process of its own.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use oci_spec::runtime::{PosixRlimit, PosixRlimitBuilder, PosixRlimitType};
use rustix::net::sockopt;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Takes the socket that the client passed as standard input, and leaves the
/// client's process group, terminal, open files and child list behind.
///
/// The process must have one thread. The first process ends here, with exit
/// code 0: its parent, the client, waits for it and is left no child to reap.
pub(super) fn detach() -> io::Result<OwnedFd> {
    let stdin = std::io::stdin();
    // Refuse to be started by hand: standard input has to be our socket.
    sockopt::socket_type(stdin.as_fd()).map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "a worker is started by the host, with a socket as its standard input",
        )
    })?;
    // SAFETY: the process has one thread, so the child may go on as usual.
    match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        0 => {}
        // SAFETY: `_exit` has no precondition; nothing of ours needs a destructor yet.
        _ => unsafe { libc::_exit(0) },
    }
    rustix::process::setsid()?;
    let socket = rustix::io::fcntl_dupfd_cloexec(stdin.as_fd(), 3)?;
    // SAFETY: no file above the standard ones but the socket has an owner in
    // this process yet; whatever else is open was inherited.
    unsafe { close_inherited(socket.as_raw_fd()) };
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    if std::env::var_os("HCSSHIM_WORKER_STDERR").is_none() {
        rustix::stdio::dup2_stderr(&null)?;
    }
    std::env::set_current_dir("/")?;
    Ok(socket)
}

/// Lets the worker hold as many files as it may: each process of its system
/// costs it up to four. Gives the limit that it was started with.
pub(super) fn raise_file_limit() -> Option<PosixRlimit> {
    let limit = getrlimit(Resource::Nofile);
    // Higher numbers buy nothing, and make some tables large.
    let wanted = limit.maximum.unwrap_or(1 << 20).min(1 << 20);
    let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).ok()?;
    let all = u64::MAX;
    PosixRlimitBuilder::default()
        .typ(PosixRlimitType::RlimitNofile)
        .soft(limit.current.unwrap_or(all))
        .hard(limit.maximum.unwrap_or(all))
        .build()
        .ok()
}

/// Closes every file from 3 on but one.
///
/// # Safety
/// Nothing in the process may own one of them.
unsafe fn close_inherited(keep: i32) {
    let keep = keep.unsigned_abs();
    // SAFETY: by the caller's promise; a kernel without the call leaves the
    // files open, which costs nothing but them.
    unsafe {
        if keep > 3 {
            libc::syscall(libc::SYS_close_range, 3u32, keep - 1, 0u32);
        }
        libc::syscall(libc::SYS_close_range, keep + 1, u32::MAX, 0u32);
    }
}
