//! The errors of the facade.

use std::error::Error as StdError;
use std::fmt;

use compute::error::facade::{ContainerError, ProcessError};
use compute::error::{Cause, SystemCode};

/// The outcome of a call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call of this crate failed.
///
/// The predicates ([`crate::is_not_exist`] and its kin) take it as it is, as
/// they take what is in it. The source is the error inside, which has the same
/// text.
///
/// ```
/// use std::sync::Arc;
/// use compute::fake::FakeService;
/// use hcsshim::{Cause, ContainerConfig, ERR_VMCOMPUTE_OPERATION_INVALID_STATE, Error, Hcs};
///
/// let hcs = Hcs::new(Arc::new(FakeService::linux()));
/// let container = hcs.create_container("c1", &ContainerConfig::default())?;
/// let error = container.pause().unwrap_err();
/// assert!(matches!(
///     error.cause(),
///     Some(Cause::Code(ERR_VMCOMPUTE_OPERATION_INVALID_STATE))
/// ));
/// match error {
///     Error::Container(error) => assert_eq!(error.operation, "hcs::System::Pause"),
///     other => panic!("{other}"),
/// }
/// # Ok::<(), hcsshim::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// An operation on a container failed.
    Container(Box<ContainerError>),
    /// An operation on a process failed.
    Process(Box<ProcessError>),
    /// The host failed before there was a container or process to operate on:
    /// a container could not be made, opened or listed.
    Host(compute::Error),
    /// The variable `HCSSHIM_CREATECONTAINER_ADDITIONALJSON` does not fit the
    /// configuration of a container.
    AdditionalJson {
        /// The variable's value.
        json: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Error {
    /// Why the host refused or failed, where it was the host.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Container(error) => Some(&error.err),
            Self::Process(error) => Some(&error.err),
            Self::Host(error) => Some(error.cause()),
            Self::AdditionalJson { .. } => None,
        }
    }

    /// The error of a call on a container. One that is not about a compute
    /// system stays as it is, as in the reference.
    pub(crate) fn of_container(error: compute::Error) -> Self {
        let hint = error.hint().unwrap_or_default().to_owned();
        match ContainerError::try_from(error) {
            Ok(error) => Self::Container(Box::new(ContainerError { extra_info: hint, ..error })),
            Err(error) => Self::Host(error),
        }
    }

    /// The error of a call on a process. One that is not about a process stays
    /// as it is, as in the reference.
    pub(crate) fn of_process(error: compute::Error) -> Self {
        let hint = error.hint().unwrap_or_default().to_owned();
        match ProcessError::try_from(error) {
            Ok(error) => Self::Process(Box::new(ProcessError { extra_info: hint, ..error })),
            Err(error) => Self::Host(error),
        }
    }

    /// The error that the predicates are about.
    pub(crate) fn inner(&self) -> &(dyn StdError + 'static) {
        match self {
            Self::Container(error) => error.as_ref(),
            Self::Process(error) => error.as_ref(),
            Self::Host(error) => error,
            Self::AdditionalJson { source, .. } => source,
        }
    }
}

/// The host has begun to end the container; `wait` tells when it has.
pub(crate) fn pending(operation: &'static str, id: &str) -> Error {
    let code = SystemCode::ERR_VMCOMPUTE_OPERATION_PENDING;
    Error::of_container(compute::Error::system(operation, id, code))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container(error) => error.fmt(f),
            Self::Process(error) => error.fmt(f),
            Self::Host(error) => error.fmt(f),
            Self::AdditionalJson { json, source } => {
                write!(f, "failed to merge additional JSON '{json}': {source}")
            }
        }
    }
}

// By hand: a derived `source` would give the box, which no predicate knows.
impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.inner())
    }
}
