//! The parent's part while a process of a container is made.

use std::os::fd::{AsRawFd as _, OwnedFd};

use crate::error::{At, Error};
use crate::filter::Listener;
use crate::idmap::IdMaps;
use crate::sync::{Channel, Message, Tag};
use crate::sys::Child;
use crate::wait;

/// Serves a process until it is ready or gone. Dropped before [`Attendant::release`] it ends the
/// process, so a failure at any point leaves nothing.
pub(crate) struct Attendant<'a> {
    channel: Channel,
    child: Held,
    maps: Option<&'a IdMaps>,
    pub(crate) listener: Option<Listener>,
    pub(crate) console: Option<OwnedFd>,
    /// Name spaces that the process has sent, with their kinds.
    pub(crate) namespaces: Vec<(u64, OwnedFd)>,
}

/// Why an attendant has nothing more to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Done {
    /// The process waits to be started.
    Ready,
    /// The channel is closed: the program is executed, or the process is gone.
    Closed,
}

impl<'a> Attendant<'a> {
    pub(crate) fn new(channel: Channel, child: Child, maps: Option<&'a IdMaps>) -> Self {
        Self {
            channel,
            child: Held(Some(child)),
            maps,
            listener: None,
            console: None,
            namespaces: Vec::new(),
        }
    }

    /// Answers the process. `hooks` runs the hooks of the maker's name spaces, `state` tells the
    /// container's state; both get the process id.
    pub(crate) fn serve(
        &mut self,
        hooks: impl Fn(u32) -> Result<(), Error>,
        state: impl Fn(u32) -> Result<String, Error>,
    ) -> Result<Done, Error> {
        loop {
            let message = self.channel.receive().at("process", "listen to the new process")?;
            let Some(Message { tag, bytes, fd }) = message else { return Ok(Done::Closed) };
            match (tag, fd) {
                (Tag::Ready, _) => return Ok(Done::Ready),
                (Tag::Failed, _) => return Err(Error::decode(&bytes)),
                (Tag::Map, _) => {
                    if let Some(maps) = self.maps {
                        maps.write(self.pid())?;
                    }
                    self.go()?;
                }
                (Tag::Hooks, _) => {
                    hooks(self.pid())?;
                    self.go()?;
                }
                (Tag::Successor, Some(pidfd)) => self.replace(pidfd)?,
                (Tag::Console, Some(fd)) => self.console = Some(fd),
                (Tag::Listener, Some(fd)) => {
                    if let Some(listener) = &self.listener {
                        listener.deliver(fd, self.pid(), &state(self.pid())?)?;
                    }
                    self.go()?;
                }
                (Tag::Namespace, Some(fd)) => {
                    if let Some(kind) = bytes.first_chunk::<8>() {
                        self.namespaces.push((u64::from_le_bytes(*kind), fd));
                    }
                }
                _ => {
                    let reason = "the new process sent what nobody asked for".into();
                    return Err(Error::Died { during: "set-up".into(), reason });
                }
            }
        }
    }

    fn go(&self) -> Result<(), Error> {
        self.channel.send(Tag::Go).at("process", "answer the new process")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.0.as_ref().map_or(0, |child| child.pid)
    }

    /// The first process has made another one, our child too, and ends.
    fn replace(&mut self, pidfd: OwnedFd) -> Result<(), Error> {
        let pid = pid_of(&pidfd)?;
        if let Some(stage) = self.child.0.replace(Child { pid, pidfd }) {
            wait::wait_for_end(&stage.pidfd).at("process", "reap the helper process")?;
        }
        self.go()
    }

    /// How a process ended that is gone too early.
    pub(crate) fn died(&mut self, during: &str) -> Error {
        let status = self.child.0.take().map(|child| wait::wait_for_end(&child.pidfd));
        let reason = match status {
            Some(Ok(status)) => status.to_string(),
            _ => "it can't be told how".into(),
        };
        Error::Died { during: during.into(), reason }
    }

    /// The process is well: it is the caller's from now on.
    pub(crate) fn release(self) -> Result<(Child, Channel), Error> {
        let Self { mut child, channel, .. } = self;
        let child = child.0.take();
        let child = child.ok_or_else(|| Error::State("the process is gone".into()))?;
        Ok((child, channel))
    }
}

/// A process that ends with its holder.
struct Held(Option<Child>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(child) = &self.0 {
            wait::kill_and_reap(&child.pidfd);
        }
    }
}

/// The id, as the calling process sees it, of the process that a descriptor refers to.
fn pid_of(pidfd: &OwnedFd) -> Result<u32, Error> {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))
        .at("process", "look at a process")?;
    let pid = info.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok());
    pid.ok_or_else(|| Error::State("the new process is not visible from here".into()))
}
