//! Standard streams: given descriptors, the null device, or a terminal.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, OFlags, Uid, fchown, fstat, fstatfs};
use rustix::process::ioctl_tiocsctty;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::devices::place_for_mount;
use crate::error::{At, Error};
use crate::mounts::{attach, clone_at};
use crate::options::ProcessIo;
use crate::path;
use crate::sync::{Channel, Tag};

const FIELD: &str = "process.terminal";

/// Gives the calling process its streams. A terminal is made in the devpts below `root`, becomes
/// the controlling one, and its other end is sent to the parent. The process leads a session.
pub(crate) fn attach_streams(
    io: &ProcessIo,
    root: BorrowedFd<'_>,
    null: &OwnedFd,
    uid: u32,
    is_init: bool,
    channel: &Channel,
) -> Result<(), Error> {
    match io {
        ProcessIo::Fds { stdin, stdout, stderr } => {
            let or_null = |fd: &'_ Option<OwnedFd>| -> Result<OwnedFd, Error> {
                fd.as_ref().unwrap_or(null).try_clone().at("process", "duplicate a stream")
            };
            let streams = [or_null(stdin)?, or_null(stdout)?, or_null(stderr)?];
            streams.iter().try_for_each(|stream| let_user_reopen(stream, uid))?;
            set(streams[0].as_fd(), streams[1].as_fd(), streams[2].as_fd())
        }
        ProcessIo::Terminal { height, width } => {
            let (controller, terminal) = open_terminal(root, *height, *width, uid)?;
            if is_init {
                bind_console(root, &terminal)?;
            }
            ioctl_tiocsctty(&terminal).at(FIELD, "take the terminal")?;
            set(terminal.as_fd(), terminal.as_fd(), terminal.as_fd())?;
            channel.send_fd(Tag::Console, &[], controller.as_fd()).at(FIELD, "send the terminal")
        }
    }
}

fn set(stdin: BorrowedFd<'_>, stdout: BorrowedFd<'_>, stderr: BorrowedFd<'_>) -> Result<(), Error> {
    dup2_stdin(stdin).at("process", "set standard input")?;
    dup2_stdout(stdout).at("process", "set standard output")?;
    dup2_stderr(stderr).at("process", "set standard error")
}

/// A pipe or terminal belongs to the user, so that `/dev/stdout` can be opened again. Files of the
/// host keep their owner.
fn let_user_reopen(stream: &OwnedFd, uid: u32) -> Result<(), Error> {
    let stat = fstat(stream).at("process", "look at a stream")?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    let is_private = match kind {
        FileType::Fifo => true,
        FileType::CharacterDevice => rustix::termios::isatty(stream),
        _ => false,
    };
    if is_private && stat.st_uid != uid {
        // Not ours to give away where the ids are mapped, and of no use there.
        let _ = fchown(stream, Some(Uid::from_raw(uid)), None);
    }
    Ok(())
}

fn open_terminal(
    root: BorrowedFd<'_>,
    height: u16,
    width: u16,
    uid: u32,
) -> Result<(OwnedFd, OwnedFd), Error> {
    const DEVPTS_SUPER_MAGIC: i64 = 0x1cd1;
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let controller = path::open(root, Path::new("/dev/pts/ptmx"), flags)
        .at(FIELD, "open /dev/pts/ptmx of the container")?;
    let file_system = fstatfs(&controller).at(FIELD, "look at /dev/pts/ptmx")?;
    #[allow(clippy::useless_conversion, reason = "the field's type differs by machine")]
    if i64::from(file_system.f_type) != DEVPTS_SUPER_MAGIC {
        let reason = "/dev/pts of the container is no devpts: mount one there";
        return Err(Error::invalid(FIELD, reason));
    }
    unlockpt(&controller).at(FIELD, "unlock the terminal")?;
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let terminal = ioctl_tiocgptpeer(&controller, flags).at(FIELD, "open the terminal")?;
    if width != 0 {
        let size = Winsize { ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&controller, size).at("process.consoleSize", "set the size")?;
    }
    if uid != 0 {
        fchown(&terminal, Some(Uid::from_raw(uid)), None).at(FIELD, "give to the user")?;
    }
    Ok((controller, terminal))
}

/// Shows the terminal of the first process as `/dev/console`.
fn bind_console(root: BorrowedFd<'_>, terminal: &OwnedFd) -> Result<(), Error> {
    let (dev, name) = path::ensure_parent(root, Path::new("/dev/console"))
        .at(FIELD, "make the directory of /dev/console")?;
    let place = place_for_mount(dev.as_fd(), name).at(FIELD, "make /dev/console")?;
    let tree = clone_at(terminal.as_fd(), false).at(FIELD, "bind the terminal")?;
    attach(tree.as_fd(), place.as_fd()).at(FIELD, "bind /dev/console")
}
