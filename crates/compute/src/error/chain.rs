//! Looking through an error at what is in it.

use std::error::Error as StdError;

use super::legacy::{HcnError, HcsError, Joined};
use super::wire::Remote;
use super::{SystemCode, facade};

/// Whether `found` holds for the error or for one that it was made from.
///
/// It follows `source()`, goes into an [`std::io::Error`] and into each member
/// of a [`Joined`]. As in the reference, the errors of the facade and of the
/// older layers ([`HcsError`], [`HcnError`]) end the way: they have predicates of
/// their own. An error type that is `#[error(transparent)]` about a code hides
/// the code: use `#[source]`.
pub(super) fn any(
    error: &(dyn StdError + 'static),
    found: &mut dyn FnMut(&(dyn StdError + 'static)) -> bool,
) -> bool {
    if found(error) {
        true
    } else if error.is::<HcsError>()
        || error.is::<HcnError>()
        || error.is::<facade::ContainerError>()
        || error.is::<facade::ProcessError>()
    {
        false
    } else if let Some(joined) = error.downcast_ref::<Joined>() {
        joined.0.iter().any(|member| any(member.as_ref(), found))
    } else if let Some(remote) = error.downcast_ref::<Remote>() {
        remote.parts().any(|part| any(part, found))
    } else if let Some(io) = error.downcast_ref::<std::io::Error>() {
        io.get_ref().is_some_and(|inner| any(inner, found))
    } else {
        error.source().is_some_and(|source| any(source, found))
    }
}

/// The first value of type `T` in an error, by the way that the predicates go.
pub fn find<T: StdError + Copy + 'static>(error: &(dyn StdError + 'static)) -> Option<T> {
    let mut first = None;
    any(error, &mut |node| {
        first = node.downcast_ref::<T>().copied();
        first.is_some()
    });
    first
}

/// Whether one of the targets (codes, or named conditions) is in the error.
pub fn is_any<T: StdError + PartialEq + 'static>(
    error: &(dyn StdError + 'static),
    targets: &[T],
) -> bool {
    any(error, &mut |node| node.downcast_ref::<T>().is_some_and(|found| targets.contains(found)))
}

/// The status code in an error, and [`SystemCode::ERROR_GEN_FAILURE`] where
/// there is none. It looks into a [`HcsError`] too.
pub fn win32_from_error(error: &(dyn StdError + 'static)) -> SystemCode {
    let mut code = None;
    any(error, &mut |node| {
        code = match node.downcast_ref::<HcsError>() {
            Some(older) => Some(win32_from_error(older.err.as_error())),
            None => node.downcast_ref().copied(),
        };
        code.is_some()
    });
    code.unwrap_or(SystemCode::ERROR_GEN_FAILURE)
}

#[cfg(test)]
mod tests {
    use super::super::{Error, Named};
    use super::*;

    #[test]
    fn an_io_error_is_looked_into() {
        let error = std::io::Error::other(Error::service("op", SystemCode::ERR_INVALID_DATA));
        assert_eq!(find(&error), Some(SystemCode::ERR_INVALID_DATA));
        assert!(is_any(&error, &[SystemCode::ERR_PROC_NOT_FOUND, SystemCode::ERR_INVALID_DATA]));
        assert!(!is_any(&error, &[Named::Timeout]));
    }

    #[test]
    fn an_error_without_a_code_is_a_general_failure() {
        assert_eq!(win32_from_error(&Named::Timeout), SystemCode::ERROR_GEN_FAILURE);
    }
}
