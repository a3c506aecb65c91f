//! Why a call of containerd was refused, with the code that containerd goes by.
//!
//! The texts end as the reference's do: with the name of the code's error.

use compute::error;
use shim_protos::ttrpc;
use ttrpc::Code;

/// A call that was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Failure {
    code: Code,
    text: String,
}

impl Failure {
    /// What is asked about does not exist.
    pub(crate) fn not_found(text: impl std::fmt::Display) -> Self {
        Self::new(Code::NOT_FOUND, format!("{text}: not found"))
    }

    /// No task has this id.
    pub(crate) fn no_task(id: &str) -> Self {
        Self::not_found(format_args!("task with id: '{id}' not found"))
    }

    /// The task has no exec of this id.
    pub(crate) fn no_exec(task: &str, exec: &str) -> Self {
        Self::not_found(format_args!("exec: '{exec}' in task: '{task}' not found"))
    }

    pub(crate) fn already_exists(text: impl std::fmt::Display) -> Self {
        Self::new(Code::ALREADY_EXISTS, format!("{text} already exists: already exists"))
    }

    pub(crate) fn failed_precondition(text: impl std::fmt::Display) -> Self {
        Self::new(Code::FAILED_PRECONDITION, format!("{text}: failed precondition"))
    }

    pub(crate) fn invalid_argument(text: impl std::fmt::Display) -> Self {
        Self::new(Code::INVALID_ARGUMENT, format!("{text}: invalid argument"))
    }

    pub(crate) fn not_implemented() -> Self {
        Self::new(Code::UNIMPLEMENTED, "not implemented".into())
    }

    /// What this shim cannot do, by its name.
    pub(crate) fn not_supported(text: &str) -> Self {
        Self::new(Code::UNIMPLEMENTED, format!("{text}: not implemented"))
    }

    /// What containerd has no code for.
    pub(crate) fn unknown(text: impl std::fmt::Display) -> Self {
        Self::new(Code::UNKNOWN, text.to_string())
    }

    pub(crate) fn new(code: Code, text: String) -> Self {
        Self { code, text }
    }
}

impl From<compute::Error> for Failure {
    fn from(error: compute::Error) -> Self {
        let code = if error::is_not_exist(&error) {
            Code::NOT_FOUND
        } else if error::is_operation_invalid_state(&error) {
            Code::FAILED_PRECONDITION
        } else if error::is_timeout(&error) {
            Code::DEADLINE_EXCEEDED
        } else {
            Code::UNKNOWN
        };
        Self::new(code, format!("{error:#}"))
    }
}

impl From<Failure> for ttrpc::Error {
    fn from(failure: Failure) -> Self {
        Self::RpcStatus(ttrpc::get_status(failure.code, failure.text))
    }
}

/// The outcome of a call.
pub(crate) type Outcome<T> = Result<T, Failure>;
