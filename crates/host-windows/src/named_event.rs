//! Events that programs find by their names: one sets it, another waits for it.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::System::Threading::{
    CreateEventW, EVENT_MODIFY_STATE, OpenEventW, SetEvent,
};

use crate::exec::wait;
use crate::named_pipe::{PipeError, SecurityDescriptor};
use crate::wide::Wide;

/// Why an event could not be made, opened, set or waited for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The security descriptor is not one.
    #[error("failed to create event {name}")]
    Descriptor {
        /// The event.
        name: String,
        /// Why.
        #[source]
        source: PipeError,
    },
    /// The system refused.
    #[error("failed to {operation} event {name}")]
    System {
        /// What was tried.
        operation: &'static str,
        /// The event.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// An event with a name. Each time it is set, one waiter goes on.
///
/// A name that begins with `Global\` is known in all sessions.
#[derive(Debug)]
pub struct NamedEvent {
    name: String,
    handle: OwnedHandle,
}

impl NamedEvent {
    /// Makes an event that is not set, or opens the one of this name. Who may use
    /// it is told in the Security Descriptor Definition Language; without a word
    /// the system's default holds.
    ///
    /// # Errors
    /// The descriptor is none, or the system refuses.
    pub fn create(name: &str, descriptor: Option<&str>) -> Result<Self, EventError> {
        let failed =
            |source| EventError::System { operation: "create", name: name.to_owned(), source };
        let descriptor = descriptor.map(SecurityDescriptor::parse).transpose();
        let descriptor = descriptor
            .map_err(|source| EventError::Descriptor { name: name.to_owned(), source })?;
        let attributes = descriptor.as_ref().map(SecurityDescriptor::attributes);
        let wide = Wide::new(name).map_err(|error| failed(invalid(error)))?;
        // SAFETY: the name ends with a NUL; the attributes and what they point to
        // live across the call.
        let handle = unsafe {
            CreateEventW(
                attributes.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
                0,
                0,
                wide.as_ptr(),
            )
        };
        if handle.is_null() {
            return Err(failed(io::Error::last_os_error()));
        }
        // SAFETY: the handle was just made for us.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        Ok(Self { name: name.to_owned(), handle })
    }

    /// Opens the event of this name, to set it.
    ///
    /// # Errors
    /// There is none, or it is not ours to set.
    pub fn open(name: &str) -> Result<Self, EventError> {
        let failed =
            |source| EventError::System { operation: "open", name: name.to_owned(), source };
        let wide = Wide::new(name).map_err(|error| failed(invalid(error)))?;
        // SAFETY: the name ends with a NUL.
        let handle = unsafe { OpenEventW(EVENT_MODIFY_STATE, 0, wide.as_ptr()) };
        if handle.is_null() {
            return Err(failed(io::Error::last_os_error()));
        }
        // SAFETY: the handle was just made for us.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        Ok(Self { name: name.to_owned(), handle })
    }

    /// Sets it.
    ///
    /// # Errors
    /// The system refuses.
    pub fn set(&self) -> Result<(), EventError> {
        // SAFETY: the handle is open.
        if unsafe { SetEvent(self.handle.as_raw_handle()) } == 0 {
            return Err(self.failed("set", io::Error::last_os_error()));
        }
        Ok(())
    }

    /// Waits until it is set. One that was made here can be waited for.
    ///
    /// # Errors
    /// The system can't wait.
    pub async fn wait(&self) -> Result<(), EventError> {
        let waited = wait::signalled(self.handle.as_handle()).await;
        waited.map_err(|source| self.failed("wait for", source))
    }

    fn failed(&self, operation: &'static str, source: io::Error) -> EventError {
        EventError::System { operation, name: self.name.clone(), source }
    }
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_goes_on_when_it_is_set() {
        let name = format!(r"Global\host-windows-event-{}", std::process::id());
        let event = NamedEvent::create(&name, Some("D:P(A;;GA;;;BA)(A;;GA;;;SY)(A;;GA;;;WD)"));
        let event = event.unwrap();
        for _ in 0..3 {
            let waiting = event.wait();
            tokio::pin!(waiting);
            tokio::select! {
                biased;
                done = &mut waiting => panic!("{done:?}"),
                () = tokio::task::yield_now() => {}
            }
            NamedEvent::open(&name).unwrap().set().unwrap();
            waiting.await.unwrap();
        }
    }

    #[test]
    fn what_is_not_there_is_an_error_with_its_name() {
        let error = NamedEvent::open(r"Global\host-windows-no-such-event").unwrap_err();
        assert!(error.to_string().contains("host-windows-no-such-event"), "{error}");
        let error = NamedEvent::create("x", Some("nonsense")).unwrap_err();
        assert!(matches!(error, EventError::Descriptor { .. }), "{error}");
    }
}
