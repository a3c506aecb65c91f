//! What an error means, whatever was put around it.
//!
//! The functions of this module serve everything in this workspace. The reference
//! has four families of them, which differ in a few corners; who ports code that
//! depends on a corner finds it in [`v1`] (`internal/hcs`), [`v2`]
//! (`internal/hcs/v2`), [`root`] (the package `hcsshim`) and [`hcn`]. Where `v1`
//! and `v2` differ, a function of this module holds when either does.

use std::error::Error as StdError;
use std::io;

use super::chain::{any, is_any};
use super::{Named, SystemCode, legacy};

/// There is no such compute system, process or other element.
pub fn is_not_exist(error: &(dyn StdError + 'static)) -> bool {
    const CODES: [SystemCode; 2] =
        [SystemCode::ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST, SystemCode::ERR_ELEMENT_NOT_FOUND];
    is_any(error, &CODES)
}

/// The handle is not one.
pub fn is_error_invalid_handle(error: &(dyn StdError + 'static)) -> bool {
    is_any(error, &[SystemCode::ERR_INVALID_HANDLE])
}

/// The call came after `close`.
pub fn is_already_closed(error: &(dyn StdError + 'static)) -> bool {
    v1::is_already_closed(error) || v2::is_already_closed(error)
}

/// The call has begun; its end has to be waited for.
pub fn is_pending(error: &(dyn StdError + 'static)) -> bool {
    is_any(error, &[SystemCode::ERR_VMCOMPUTE_OPERATION_PENDING])
}

/// A time limit has passed: one of ours, of tokio, or of the system.
pub fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    v1::is_timeout(error) || v2::is_timeout(error)
}

/// What was to be stopped has stopped, or is gone.
pub fn is_already_stopped(error: &(dyn StdError + 'static)) -> bool {
    v1::is_already_stopped(error) || v2::is_already_stopped(error)
}

/// The host does not know what was asked for.
pub fn is_not_supported(error: &(dyn StdError + 'static)) -> bool {
    const CODES: [SystemCode; 4] = [
        SystemCode::ERR_VMCOMPUTE_INVALID_JSON,
        SystemCode::ERR_INVALID_DATA,
        SystemCode::ERR_NOT_SUPPORTED,
        SystemCode::ERR_VMCOMPUTE_UNKNOWN_MESSAGE,
    ];
    is_any(error, &CODES)
}

/// The compute system is not in a state that the call is for.
pub fn is_operation_invalid_state(error: &(dyn StdError + 'static)) -> bool {
    is_any(error, &[SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE])
}

/// The caller may not do this.
pub fn is_access_is_denied(error: &(dyn StdError + 'static)) -> bool {
    is_any(error, &[SystemCode::ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED])
}

/// The error is one of the file system: there is no such file (Go's
/// `fs.ErrNotExist`).
pub fn is_fs_not_exist(error: &(dyn StdError + 'static)) -> bool {
    // ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_BAD_NETPATH.
    is_fs(error, io::ErrorKind::NotFound, &[2, 3, 0x35])
}

/// The error is one of the file system: the file exists (Go's `fs.ErrExist`).
pub fn is_fs_exist(error: &(dyn StdError + 'static)) -> bool {
    // ERROR_FILE_EXISTS, ERROR_DIR_NOT_EMPTY, ERROR_ALREADY_EXISTS.
    is_fs(error, io::ErrorKind::AlreadyExists, &[0x50, 0x91, 0xb7])
}

/// The error is one of the file system: the caller may not (Go's
/// `fs.ErrPermission`).
pub fn is_fs_permission(error: &(dyn StdError + 'static)) -> bool {
    // ERROR_ACCESS_DENIED.
    is_fs(error, io::ErrorKind::PermissionDenied, &[5])
}

fn is_fs(error: &(dyn StdError + 'static), kind: io::ErrorKind, codes: &[u32]) -> bool {
    any(error, &mut |node| {
        node.downcast_ref::<SystemCode>().is_some_and(|code| codes.contains(&code.0))
            || node.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == kind)
    })
}

/// A time limit of tokio or of the system has passed.
fn is_elapsed(error: &(dyn StdError + 'static)) -> bool {
    any(error, &mut |node| {
        node.is::<tokio::time::error::Elapsed>()
            || node
                .downcast_ref::<io::Error>()
                .is_some_and(|io| io.kind() == io::ErrorKind::TimedOut)
    })
}

/// The predicates of the reference's first engine (`internal/hcs`).
pub mod v1 {
    use super::{Named, StdError, SystemCode, is_any, is_elapsed};

    pub use super::{
        is_access_is_denied, is_error_invalid_handle, is_not_exist, is_not_supported,
        is_operation_invalid_state, is_pending,
    };

    /// The call came after `close`.
    pub fn is_already_closed(error: &(dyn StdError + 'static)) -> bool {
        is_any(error, &[Named::AlreadyClosed])
    }

    /// A time limit has passed.
    pub fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
        is_any(error, &[Named::Timeout]) || is_elapsed(error)
    }

    /// What was to be stopped has stopped, or is gone.
    pub fn is_already_stopped(error: &(dyn StdError + 'static)) -> bool {
        super::v2::is_already_stopped(error)
            || is_any(error, &[SystemCode::ERR_VMCOMPUTE_SYSTEM_ALREADY_STOPPED])
    }
}

/// The predicates of the reference's second engine (`internal/hcs/v2`). Its
/// named conditions are values of their own: [`legacy::V2`].
pub mod v2 {
    use super::legacy::V2;
    use super::{Named, StdError, SystemCode, is_any, is_elapsed};

    pub use super::{
        is_access_is_denied, is_error_invalid_handle, is_not_exist, is_not_supported,
        is_operation_invalid_state, is_pending,
    };

    /// The call came after `close`.
    pub fn is_already_closed(error: &(dyn StdError + 'static)) -> bool {
        is_any(error, &[V2(Named::AlreadyClosed)])
    }

    /// A time limit has passed.
    pub fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
        is_any(error, &[V2(Named::Timeout)]) || is_elapsed(error)
    }

    /// What was to be stopped has stopped, or is gone.
    pub fn is_already_stopped(error: &(dyn StdError + 'static)) -> bool {
        const CODES: [SystemCode; 3] = [
            SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED,
            SystemCode::ERR_PROCESS_ALREADY_STOPPED,
            SystemCode::ERR_ELEMENT_NOT_FOUND,
        ];
        is_any(error, &CODES)
    }
}

/// The predicates of the reference's package `hcsshim`: those of [`v1`] about
/// what is in one [`ContainerError`](super::facade::ContainerError) or
/// [`ProcessError`](super::facade::ProcessError), or about the error itself.
pub mod root {
    use super::{StdError, v1};
    use crate::error::facade::{ContainerError, ProcessError};
    use crate::error::legacy::HnsNotFound;

    /// What the error is about: one layer of the facade is taken off.
    fn inner<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
        if let Some(container) = error.downcast_ref::<ContainerError>() {
            container.err.as_error()
        } else if let Some(process) = error.downcast_ref::<ProcessError>() {
            process.err.as_error()
        } else {
            error
        }
    }

    /// There is no such container, process, network or endpoint.
    pub fn is_not_exist(error: &(dyn StdError + 'static)) -> bool {
        error.is::<HnsNotFound>() || v1::is_not_exist(inner(error))
    }

    /// The call came after `close`.
    pub fn is_already_closed(error: &(dyn StdError + 'static)) -> bool {
        v1::is_already_closed(inner(error))
    }

    /// The call has begun; its end has to be waited for.
    pub fn is_pending(error: &(dyn StdError + 'static)) -> bool {
        v1::is_pending(inner(error))
    }

    /// A time limit has passed.
    pub fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
        v1::is_timeout(inner(error))
    }

    /// What was to be stopped has stopped, or is gone.
    pub fn is_already_stopped(error: &(dyn StdError + 'static)) -> bool {
        v1::is_already_stopped(inner(error))
    }

    /// The host does not know what was asked for.
    pub fn is_not_supported(error: &(dyn StdError + 'static)) -> bool {
        v1::is_not_supported(inner(error))
    }

    /// The container is not in a state that the call is for.
    pub fn is_operation_invalid_state(error: &(dyn StdError + 'static)) -> bool {
        v1::is_operation_invalid_state(inner(error))
    }

    /// The caller may not do this.
    pub fn is_access_is_denied(error: &(dyn StdError + 'static)) -> bool {
        v1::is_access_is_denied(inner(error))
    }
}

/// The predicates of the reference's package `hcn`.
pub mod hcn {
    use super::{StdError, SystemCode, any};
    use crate::error::legacy::{HcnError, HcnNotFound, HcsError};

    /// Whether the error is a [`HcnError`] with this code.
    pub fn check_error_with_code(error: &(dyn StdError + 'static), code: SystemCode) -> bool {
        error.downcast_ref::<HcnError>().is_some_and(|error| error.code() == Some(code))
    }

    /// The network service found no such element.
    pub fn is_element_not_found_error(error: &(dyn StdError + 'static)) -> bool {
        check_error_with_code(error, SystemCode::ERR_ELEMENT_NOT_FOUND)
    }

    /// The port of a policy is in use (`HCN_E_PORT_ALREADY_EXISTS`).
    pub fn is_port_already_exists_error(error: &(dyn StdError + 'static)) -> bool {
        check_error_with_code(error, SystemCode(0x803b_0013))
    }

    /// The network service does not have this (`E_NOTIMPL`).
    pub fn is_not_implemented(error: &(dyn StdError + 'static)) -> bool {
        check_error_with_code(error, SystemCode(0x8000_4001))
    }

    /// What was asked for does not exist.
    pub fn is_not_found_error(error: &(dyn StdError + 'static)) -> bool {
        any(error, &mut |node| {
            node.is::<HcnNotFound>()
                || node
                    .downcast_ref::<HcsError>()
                    .is_some_and(|error| error.code() == Some(SystemCode::ERR_ELEMENT_NOT_FOUND))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn the_first_engine_alone_knows_0x80370110_as_stopped() {
        let error = Error::service("op", SystemCode::ERR_VMCOMPUTE_SYSTEM_ALREADY_STOPPED);
        assert!(v1::is_already_stopped(&error) && is_already_stopped(&error));
        assert!(!v2::is_already_stopped(&error));
    }

    #[test]
    fn codes_and_conditions_without_a_golden_row_are_classified() {
        use crate::error::legacy::V2;
        let code = |code| Error::system("op", "s", SystemCode(code));
        assert!(is_not_exist(&code(0xc037_010e)) && !is_already_stopped(&code(0xc037_010e)));
        assert!(is_not_supported(&code(0xd)));
        assert!(is_access_is_denied(&code(5)) && is_fs_permission(&code(5)));
        assert!(!is_not_exist(&code(0x7f)) && !is_timeout(&code(0x8037_0118)));
        assert!(is_fs_not_exist(&code(3)) && is_fs_exist(&code(0x91)));
        assert!(v1::is_already_closed(&Named::AlreadyClosed));
        assert!(!v2::is_already_closed(&Named::AlreadyClosed));
        assert!(v2::is_timeout(&V2(Named::Timeout)) && !v1::is_timeout(&V2(Named::Timeout)));
        assert!(is_timeout(&V2(Named::Timeout)) && is_timeout(&Named::Timeout));
    }

    #[test]
    fn what_has_not_failed_this_way_is_not_classified() {
        let error = Error::service("op", SystemCode::ERR_INVALID_STATE);
        assert!(!is_operation_invalid_state(&error) && !is_not_exist(&error));
        assert!(is_fs_permission(&std::io::Error::from(io::ErrorKind::PermissionDenied)));
    }

    #[test]
    fn the_codes_of_the_network_service_are_known() {
        use crate::error::legacy::HcnError;
        let error = HcnError::new(SystemCode(0x803b_0013), "hcnCreateEndpoint", "");
        assert!(hcn::is_port_already_exists_error(&error) && !hcn::is_not_implemented(&error));
        let error = HcnError::new(SystemCode(0x8000_4001), "hcnCreateEndpoint", "");
        assert!(hcn::is_not_implemented(&error));
    }
}
