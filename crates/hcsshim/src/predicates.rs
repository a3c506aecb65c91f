//! What an error means.
//!
//! Each predicate takes an [`crate::Error`], or a [`crate::ContainerError`] or
//! [`crate::ProcessError`] by itself, and any other error. As in the reference,
//! exactly one layer of the facade is taken off; below it the whole chain of
//! sources counts.

use std::error::Error as StdError;

use compute::error::predicates::root;

use crate::Error;

/// The error without the enum around it.
fn inner<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    error.downcast_ref().map_or(error, Error::inner)
}

/// There is no such container, process, network or endpoint.
///
/// ```
/// # use std::sync::Arc;
/// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
/// let error = hcs.open_container("nobody").unwrap_err();
/// assert!(hcsshim::is_not_exist(&error));
/// ```
pub fn is_not_exist(error: &(dyn StdError + 'static)) -> bool {
    root::is_not_exist(inner(error))
}

/// The call came after `close`.
///
/// ```
/// # use std::sync::Arc;
/// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
/// let container = hcs.create_container("c1", &Default::default())?;
/// container.close()?;
/// assert!(hcsshim::is_already_closed(&container.start().unwrap_err()));
/// # Ok::<(), hcsshim::Error>(())
/// ```
pub fn is_already_closed(error: &(dyn StdError + 'static)) -> bool {
    root::is_already_closed(inner(error))
}

/// The call has begun; its end has to be waited for.
///
/// ```
/// # use std::sync::Arc;
/// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
/// let container = hcs.create_container("c1", &Default::default())?;
/// assert!(hcsshim::is_pending(&container.terminate().unwrap_err()));
/// container.wait()?;
/// # Ok::<(), hcsshim::Error>(())
/// ```
pub fn is_pending(error: &(dyn StdError + 'static)) -> bool {
    root::is_pending(inner(error))
}

/// A time limit has passed.
///
/// ```
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
/// let container = hcs.create_container("c1", &Default::default())?;
/// let error = container.wait_timeout(Duration::from_millis(1)).unwrap_err();
/// assert!(hcsshim::is_timeout(&error));
/// # Ok::<(), hcsshim::Error>(())
/// ```
pub fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    root::is_timeout(inner(error))
}

/// What was to be stopped has stopped, or is gone.
///
/// ```
/// # use std::sync::Arc;
/// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
/// let container = hcs.create_container("c1", &Default::default())?;
/// container.terminate().unwrap_err();
/// container.wait()?;
/// assert!(hcsshim::is_already_stopped(&container.start().unwrap_err()));
/// # Ok::<(), hcsshim::Error>(())
/// ```
pub fn is_already_stopped(error: &(dyn StdError + 'static)) -> bool {
    root::is_already_stopped(inner(error))
}

/// The host does not know what was asked for.
///
/// ```
/// use hcsshim::{ERR_NOT_SUPPORTED, ERR_VMCOMPUTE_INVALID_JSON, is_not_supported};
/// assert!(is_not_supported(&ERR_NOT_SUPPORTED));
/// assert!(is_not_supported(&ERR_VMCOMPUTE_INVALID_JSON));
/// ```
pub fn is_not_supported(error: &(dyn StdError + 'static)) -> bool {
    root::is_not_supported(inner(error))
}

/// The container is not in a state that the call is for.
///
/// ```
/// # use std::sync::Arc;
/// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
/// let container = hcs.create_container("c1", &Default::default())?;
/// assert!(hcsshim::is_operation_invalid_state(&container.resume().unwrap_err()));
/// # Ok::<(), hcsshim::Error>(())
/// ```
pub fn is_operation_invalid_state(error: &(dyn StdError + 'static)) -> bool {
    root::is_operation_invalid_state(inner(error))
}

/// The caller may not do this.
///
/// ```
/// use hcsshim::{ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED, is_access_is_denied};
/// assert!(is_access_is_denied(&ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED));
/// ```
pub fn is_access_is_denied(error: &(dyn StdError + 'static)) -> bool {
    root::is_access_is_denied(inner(error))
}
