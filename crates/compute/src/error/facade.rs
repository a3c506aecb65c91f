//! The error types of the reference's package `hcsshim`.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use hcs_schema::ErrorEvent;

use super::legacy::write_with_code;
use super::{Cause, Error, Object, write_events};

/// An operation on a container failed.
///
/// The predicates of [`root`](super::predicates::root) look into it, no others do.
#[derive(Debug)]
pub struct ContainerError {
    /// The id of the container.
    pub container: Option<Arc<str>>,
    /// The operation, as the reference names it; can be empty.
    pub operation: String,
    /// What else is known (an older version of the reference has this).
    pub extra_info: String,
    /// Why it failed.
    pub err: Cause,
    /// What the host told while it failed.
    pub events: Vec<ErrorEvent>,
}

/// An operation on a process failed.
///
/// The predicates of [`root`](super::predicates::root) look into it, no others do.
#[derive(Debug)]
pub struct ProcessError {
    /// The id of the container and of the process in it.
    pub process: Option<(Arc<str>, u32)>,
    /// The operation, as the reference names it; can be empty.
    pub operation: String,
    /// What else is known (an older version of the reference has this).
    pub extra_info: String,
    /// Why it failed.
    pub err: Cause,
    /// What the host told while it failed.
    pub events: Vec<ErrorEvent>,
}

impl TryFrom<Error> for ContainerError {
    type Error = Error;

    /// Gives an error back that is not about a compute system.
    fn try_from(error: Error) -> Result<Self, Error> {
        let Object::System(id) = error.object() else {
            return Err(error);
        };
        Ok(Self {
            container: Some(Arc::clone(id)),
            operation: error.operation().to_owned(),
            extra_info: String::new(),
            events: error.events().to_vec(),
            err: error.into_cause(),
        })
    }
}

impl TryFrom<Error> for ProcessError {
    type Error = Error;

    /// Gives an error back that is not about a process.
    fn try_from(error: Error) -> Result<Self, Error> {
        let Object::Process { system, pid } = error.object() else {
            return Err(error);
        };
        Ok(Self {
            process: Some((Arc::clone(system), *pid)),
            operation: error.operation().to_owned(),
            extra_info: String::new(),
            events: error.events().to_vec(),
            err: error.into_cause(),
        })
    }
}

impl fmt::Display for ContainerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.container {
            None => write!(f, "unexpected nil container for error: {}", self.err),
            Some(id) => {
                write!(f, "container {id}")?;
                write_failure(f, &self.operation, &self.err, &self.events, &self.extra_info)
            }
        }
    }
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.process {
            None => write!(f, "Unexpected nil process for error: {}", self.err),
            Some((id, pid)) => {
                write!(f, "process {pid} in container {id}")?;
                write_failure(f, &self.operation, &self.err, &self.events, &self.extra_info)
            }
        }
    }
}

/// What both texts have behind the object.
fn write_failure(
    f: &mut fmt::Formatter<'_>,
    operation: &str,
    err: &Cause,
    events: &[ErrorEvent],
    extra_info: &str,
) -> fmt::Result {
    if !operation.is_empty() {
        write!(f, " encountered an error during {operation}")?;
    }
    f.write_str(": ")?;
    match err {
        Cause::Code(_) => {
            f.write_str("failure in a Windows system call: ")?;
            write_with_code(f, err)?;
        }
        err => write!(f, "{err}")?,
    }
    write_events(f, events)?;
    if !extra_info.is_empty() {
        write!(f, " extra info: {extra_info}")?;
    }
    Ok(())
}

impl StdError for ContainerError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.err.as_error())
    }
}

impl StdError for ProcessError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.err.as_error())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Named;
    use super::*;

    #[test]
    fn an_error_of_a_system_becomes_one_of_a_container() {
        let error = Error::system("hcs::System::Start", "c1", Named::Timeout);
        let error = ContainerError::try_from(error).expect("an error of a system");
        assert_eq!(
            error.to_string(),
            "container c1 encountered an error during hcs::System::Start: \
             hcsshim: timeout waiting for notification"
        );
        let error = Error::service("hcs::GetComputeSystems", Named::Timeout);
        assert!(ContainerError::try_from(error).is_err());
    }

    #[test]
    fn an_error_of_a_process_becomes_one_of_a_process() {
        let error = Error::process("hcs::Process::Kill", "c1", 7, Named::OperationDenied);
        let mut error = ProcessError::try_from(error).expect("an error of a process");
        error.operation.clear();
        error.extra_info = "try again".into();
        assert_eq!(
            error.to_string(),
            "process 7 in container c1: operation denied extra info: try again"
        );
        error.process = None;
        assert_eq!(error.to_string(), "Unexpected nil process for error: operation denied");
    }
}
