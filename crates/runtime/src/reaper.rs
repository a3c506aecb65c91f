//! A first process without a program: it reaps what is left to it, and ends when asked to.

use std::convert::Infallible;
use std::io;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::error::{At, Error};
use crate::sync::{Channel, Tag};
use crate::{sys, wait};

/// Takes the maker's arguments and environment out of the process's memory and gives it a name:
/// what is in the container may be allowed to read them.
pub(crate) fn hide(proc: &OwnedFd) -> Result<(), Error> {
    let field = "process";
    let stat =
        rustix::fs::openat(proc, "self/stat", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .at(field, "open /proc/self/stat")?;
    let stat = io::read_to_string(std::fs::File::from(stat)).at(field, "read /proc/self/stat")?;
    let area = |start, end| Some((wait::stat_field(&stat, start)?, wait::stat_field(&stat, end)?));
    // arg_start to arg_end, env_start to env_end.
    for (start, end) in [area(48, 49), area(50, 51)].into_iter().flatten() {
        sys::erase(start, end);
    }
    sys::set_name(c"init").at(field, "set the name")
}

/// The reaper's life. `start_hooks` is called when the container is started.
pub(crate) fn run(
    channel: &Channel,
    start_hooks: impl Fn() -> Result<(), Error>,
) -> Result<Infallible, Error> {
    let field = "process";
    let is_first = rustix::process::getpid().as_raw_nonzero().get() == 1;
    if !is_first {
        sys::adopt_orphans().at(field, "adopt orphans")?;
    }
    // Changes of rights make the kernel forget it.
    sys::die_with_parent().at(field, "tie the process to its parent")?;
    let signals = sys::signalfd().at(field, "watch signals")?;
    channel.send(Tag::Ready).at(field, "report readiness")?;
    loop {
        let mut fds = [PollFd::new(channel, PollFlags::IN), PollFd::new(&signals, PollFlags::IN)];
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other.at(field, "wait")?,
        };
        let (is_told, is_signalled) = (!fds[0].revents().is_empty(), !fds[1].revents().is_empty());
        if is_signalled {
            while let Some(number) = read_signal(&signals) {
                match number {
                    libc::SIGTERM => sys::exit_now(0),
                    libc::SIGCHLD => reap(),
                    _ => {}
                }
            }
        }
        if is_told {
            // Any error is the parent's end, and so this process's.
            channel.expect(Tag::Start).at(field, "wait for the start")?;
            start_hooks()?;
            channel.send(Tag::Ready).at(field, "report the start")?;
        }
    }
}

fn reap() {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    while let Ok(Some(_)) = waitid(WaitId::All, options) {}
}

/// The number of a pending signal: the first field of a `struct signalfd_siginfo`.
pub(crate) fn read_signal(signals: &OwnedFd) -> Option<i32> {
    let mut info = [0; size_of::<libc::signalfd_siginfo>()];
    rustix::io::read(signals, &mut info).ok()?;
    info.first_chunk::<4>().map(|number| i32::from_ne_bytes(*number))
}
