//! The errors of the compute service and how they are classified.
//!
//! Every call of a host fails with an [`Error`]: the operation, the object, the
//! [`Cause`], what the host told while it happened, and a hint. The cause is
//! classified once, where the status code is known ([`SystemCode`], [`Named`]);
//! everything above asks a predicate ([`is_not_exist`], [`is_already_stopped`],
//! ...), which looks through every layer that was put around it.
//!
//! ```
//! use compute::error::{self, Error, Named, SystemCode};
//!
//! let error = Error::system("hcs::OpenComputeSystem", "c1",
//!         SystemCode::ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST)
//!     .with_hint("`runhcs list` tells which there are");
//! assert!(error::is_not_exist(&error));
//! assert!(error.to_string().starts_with("hcs::OpenComputeSystem c1: "));
//! assert!(format!("{error:#}").ends_with("hint: `runhcs list` tells which there are"));
//!
//! let error = Error::process("hcs::Process::Kill", "c1", 42, Named::AlreadyClosed);
//! assert_eq!(error.to_string(),
//!     "hcs::Process::Kill c1:42: hcsshim: the handle has already been closed");
//! ```

mod cause;
mod chain;
mod code;
pub mod facade;
pub mod legacy;
mod named;
pub mod predicates;
mod wire;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use hcs_schema::ErrorEvent;

pub use cause::Cause;
pub use chain::{find, is_any, win32_from_error};
pub use code::SystemCode;
pub use named::Named;
pub use predicates::{
    is_access_is_denied, is_already_closed, is_already_stopped, is_error_invalid_handle,
    is_fs_exist, is_fs_not_exist, is_fs_permission, is_not_exist, is_not_supported,
    is_operation_invalid_state, is_pending, is_timeout,
};
pub use wire::{InvalidWireError, WireError, WireIoKind};

/// The outcome of a call to a host.
pub type Result<T> = std::result::Result<T, Error>;

/// A call to a host that failed.
///
/// `Display` is the reference's text: `<operation> <id>: <cause>` and a line for
/// each event. The alternate form (`{:#}`) adds a line with the hint. The source
/// is the cause, whose text is in the error's own.
///
/// Two errors are equal when they would be on the wire ([`Error::to_wire`]):
/// the same operation, object, texts and classification.
pub struct Error(Box<Inner>);

struct Inner {
    operation: Cow<'static, str>,
    object: Object,
    cause: Cause,
    events: Vec<ErrorEvent>,
    hint: Option<Cow<'static, str>>,
}

/// What a failed call was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// The service itself.
    Service,
    /// A compute system, by its id.
    System(Arc<str>),
    /// A process of a compute system.
    Process {
        /// The id of the compute system.
        system: Arc<str>,
        /// The id of the process in it.
        pid: u32,
    },
}

impl Error {
    /// A call to the service failed. Like the other constructors it wraps
    /// an [`Error`] about the same kind of object no second time: it gives the
    /// cause back as it is.
    pub fn service(operation: impl Into<Cow<'static, str>>, cause: impl Into<Cause>) -> Self {
        Self::new(operation.into(), Object::Service, cause.into())
    }

    /// A call about the compute system `id` failed.
    pub fn system(
        operation: impl Into<Cow<'static, str>>,
        id: impl Into<Arc<str>>,
        cause: impl Into<Cause>,
    ) -> Self {
        Self::new(operation.into(), Object::System(id.into()), cause.into())
    }

    /// A call about a process of the compute system `id` failed.
    pub fn process(
        operation: impl Into<Cow<'static, str>>,
        id: impl Into<Arc<str>>,
        pid: u32,
        cause: impl Into<Cause>,
    ) -> Self {
        let object = Object::Process { system: id.into(), pid };
        Self::new(operation.into(), object, cause.into())
    }

    /// A call about `object` failed.
    pub fn about(
        operation: impl Into<Cow<'static, str>>,
        object: Object,
        cause: impl Into<Cause>,
    ) -> Self {
        Self::new(operation.into(), object, cause.into())
    }

    fn new(operation: Cow<'static, str>, object: Object, cause: Cause) -> Self {
        let same_kind = |error: &Error| {
            std::mem::discriminant(error.object()) == std::mem::discriminant(&object)
        };
        let cause = match cause {
            Cause::Other(other) => match other.downcast::<Error>() {
                Ok(error) if same_kind(&error) => return *error,
                Ok(error) => Cause::Other(error),
                Err(other) => Cause::Other(other),
            },
            cause => cause,
        };
        Self(Box::new(Inner { operation, object, cause, events: Vec::new(), hint: None }))
    }

    /// Names the operation more closely: `hcs::System::CreateProcess: ls`.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.0.operation = operation.into();
        self
    }

    /// Adds what the host told while the call failed.
    #[must_use]
    pub fn with_events(mut self, events: impl IntoIterator<Item = ErrorEvent>) -> Self {
        self.0.events.extend(events);
        self
    }

    /// Says what the user can do about it: lower case, no full stop.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The operation that failed, as the reference names it: `hcs::System::Start`.
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// What the call was about.
    pub fn object(&self) -> &Object {
        &self.0.object
    }

    /// The id of the compute system that the call was about.
    pub fn system_id(&self) -> Option<&str> {
        match &self.0.object {
            Object::Service => None,
            Object::System(id) | Object::Process { system: id, .. } => Some(id),
        }
    }

    /// The process that the call was about.
    pub fn pid(&self) -> Option<u32> {
        match self.0.object {
            Object::Process { pid, .. } => Some(pid),
            _ => None,
        }
    }

    /// Why it failed.
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }

    /// Takes the error apart where the caller wants only its cause.
    pub fn into_cause(self) -> Cause {
        self.0.cause
    }

    /// The status code at the bottom of it, where there is one.
    pub fn code(&self) -> Option<SystemCode> {
        find(self)
    }

    /// What the host told while the call failed.
    pub fn events(&self) -> &[ErrorEvent] {
        &self.0.events
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation())?;
        match self.object() {
            Object::Service => {}
            Object::System(id) => write!(f, " {id}")?,
            Object::Process { system, pid } => write!(f, " {system}:{pid}")?,
        }
        write!(f, ": {}", self.cause())?;
        write_events(f, self.events())?;
        match self.hint() {
            Some(hint) if f.alternate() => write!(f, "\nhint: {hint}"),
            _ => Ok(()),
        }
    }
}

/// One line for each event, after the error's own.
fn write_events(f: &mut fmt::Formatter<'_>, events: &[ErrorEvent]) -> fmt::Result {
    events.iter().try_for_each(|event| write!(f, "\n{event}"))
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("operation", &self.operation())
            .field("object", self.object())
            .field("cause", self.cause())
            .field("events", &self.events())
            .field("hint", &self.hint())
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.cause().as_error())
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.to_wire() == other.to_wire()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn the_same_kind_of_object_is_not_wrapped_twice() {
        let inner = || Error::system("inner", "s1", Named::Timeout).with_hint("wait");
        assert_eq!(Error::system("outer", "s2", inner()), inner());
        let outer = Error::service("outer", inner());
        assert_eq!(outer.to_string(), format!("outer: {}", inner()));
        assert!(is_timeout(&outer));
    }

    #[test]
    fn the_hint_shows_in_the_alternate_form_only() {
        let error = Error::service("op", Named::OperationDenied).with_hint("be root");
        assert_eq!(error.to_string(), "op: operation denied");
        assert_eq!(format!("{error:#}"), "op: operation denied\nhint: be root");
    }

    #[test]
    fn an_error_tells_what_it_is_about() {
        let error = Error::process("op", "s1", 7, SystemCode::ERR_PROC_NOT_FOUND);
        assert_eq!((error.system_id(), error.pid()), (Some("s1"), Some(7)));
        assert_eq!(error.code(), Some(SystemCode::ERR_PROC_NOT_FOUND));
        assert_eq!(Error::service("op", Cause::text("because")).code(), None);
    }
}
