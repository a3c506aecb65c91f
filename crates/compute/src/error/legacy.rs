//! The other error types of the reference: those of its older layers, of the
//! network services and of the guest connection.
//!
//! The floors above make them where the reference does, so that a text or a
//! predicate comes out the same.

use std::error::Error as StdError;
use std::fmt;

use super::{Cause, Named, SystemCode, win32_from_error};

/// A call of the storage or legacy network service that failed (the reference's
/// `hcserror.HcsError`): `<title> failed in Win32: <error> (<code>) <rest>`.
///
/// Only [`win32_from_error`] and the predicates of
/// [`hcn`](super::predicates::hcn) look into it.
#[derive(Debug)]
pub struct HcsError {
    /// The call that failed.
    pub title: String,
    /// What the call was about; can be empty.
    pub rest: String,
    /// Why it failed.
    pub err: Cause,
}

impl HcsError {
    /// The call `title` failed.
    pub fn new(err: impl Into<Cause>, title: impl Into<String>, rest: impl Into<String>) -> Self {
        Self { title: title.into(), rest: rest.into(), err: err.into() }
    }

    /// The status code, where the cause is one.
    pub fn code(&self) -> Option<SystemCode> {
        match self.err {
            Cause::Code(code) => Some(code),
            _ => None,
        }
    }
}

impl fmt::Display for HcsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        if !self.title.is_empty() && !self.title.ends_with(' ') {
            f.write_str(" ")?;
        }
        f.write_str("failed in Win32: ")?;
        write_with_code(f, &self.err)?;
        if !self.rest.is_empty() && !self.rest.starts_with(' ') {
            f.write_str(" ")?;
        }
        f.write_str(&self.rest)
    }
}

/// The text of a cause and its code behind it, once.
pub(super) fn write_with_code(f: &mut fmt::Formatter<'_>, cause: &Cause) -> fmt::Result {
    match cause {
        Cause::Code(code) => f.write_str(code.message())?,
        cause => write!(f, "{cause}")?,
    }
    write!(f, " ({:#x})", win32_from_error(cause.as_error()).0)
}

impl StdError for HcsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.err.as_error())
    }
}

/// A call of the network service that failed (the reference's `hcn.HcnError`).
/// Only the predicates of [`hcn`](super::predicates::hcn) look into it.
#[derive(Debug)]
pub struct HcnError(HcsError);

impl HcnError {
    /// The call `title` failed; `result` is the JSON that the service answered.
    pub fn new(err: impl Into<Cause>, title: impl Into<String>, result: impl Into<String>) -> Self {
        Self(HcsError::new(err, title, result))
    }

    /// The status code that the service gave.
    pub fn code(&self) -> Option<SystemCode> {
        self.0.code()
    }
}

impl fmt::Display for HcnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for HcnError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// Several errors of one call, as when an undo fails too: one on each line. The
/// predicates look into each.
#[derive(Debug)]
pub struct Joined(pub Vec<Box<dyn StdError + Send + Sync>>);

impl fmt::Display for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl StdError for Joined {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.first().map(|error| error.as_ref() as _)
    }
}

/// The guest answered a request with a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcError {
    /// The status code of the answer.
    pub code: SystemCode,
    /// What the guest said; empty where it said nothing.
    pub message: String,
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            write!(f, "guest RPC failure: {}", self.code)
        } else {
            write!(f, "guest RPC failure: {}", self.message)
        }
    }
}

impl StdError for RpcError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.code)
    }
}

/// A named condition of the reference's second engine, which there is another
/// value than the first engine's. The hosts of this workspace give [`Named`]
/// itself; [`super::predicates::v2`] tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct V2(pub Named);

/// The network service has no such object (the reference's `hcn.NetworkNotFoundError`
/// and its kin).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HcnNotFound {
    /// No network has this name.
    #[error("Network name {0:?} not found")]
    NetworkName(String),
    /// No network has this id.
    #[error("Network ID {0:?} not found")]
    NetworkId(String),
    /// No endpoint has this name.
    #[error("Endpoint name {0:?} not found")]
    EndpointName(String),
    /// No endpoint has this id.
    #[error("Endpoint ID {0:?} not found")]
    EndpointId(String),
    /// No namespace has this id.
    #[error("Namespace ID {0:?} not found")]
    NamespaceId(String),
    /// No load balancer has this id.
    #[error("LoadBalancer {0:?} not found")]
    LoadBalancerId(String),
    /// No route has this id.
    #[error("SDN Route {0:?} not found")]
    RouteId(String),
}

/// The legacy network service has no such object (the reference's
/// `hns.EndpointNotFoundError` and `hns.NetworkNotFoundError`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HnsNotFound {
    /// No endpoint has this name.
    #[error("Endpoint {0} not found")]
    Endpoint(String),
    /// No network has this name.
    #[error("Network {0} not found")]
    Network(String),
}
