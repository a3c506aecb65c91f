//! What a function of C gives back.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hcs_schema::HResult;

/// A type that a function of C returns.
pub trait Returned: Sized {
    /// What the function's body gives.
    type Body;

    /// What C gets of it.
    fn returned(body: Self::Body) -> Self;

    /// What C gets where the body panicked.
    fn panicked() -> Self;
}

/// Runs a function's body. No panic gets out: C can't take one.
pub fn guard<R: Returned>(body: impl FnOnce() -> R::Body) -> R {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(body) => R::returned(body),
        Err(_) => R::panicked(),
    }
}

impl Returned for HResult {
    type Body = Result<(), HResult>;

    fn returned(body: Self::Body) -> Self {
        body.err().unwrap_or(Self::S_OK)
    }

    fn panicked() -> Self {
        Self::E_UNEXPECTED
    }
}

impl Returned for () {
    type Body = ();

    fn returned((): ()) {}

    fn panicked() {}
}

/// A handle or a pointer; null for none.
impl Returned for *mut c_void {
    type Body = Self;

    fn returned(body: Self) -> Self {
        body
    }

    fn panicked() -> Self {
        std::ptr::null_mut()
    }
}

/// An id; the highest number for none.
impl Returned for u64 {
    type Body = Self;

    fn returned(body: Self) -> Self {
        body
    }

    fn panicked() -> Self {
        Self::MAX
    }
}

/// A value of an enumeration; -1 for none.
impl Returned for i32 {
    type Body = Self;

    fn returned(body: Self) -> Self {
        body
    }

    fn panicked() -> Self {
        -1
    }
}

/// Defines the functions that a DLL exports:
///
/// ```ignore
/// exports! {
///     fn HcsCloseProcess(process: HCS_PROCESS) -> () { .. }
///     fn HcsSubmitWerReport(settings: Text) -> HResult { Ok(()) }
/// }
/// ```
///
/// Each has the calling convention of Windows, its own name in the DLL, and no
/// panic gets out of it. Its body gives a [`Returned::Body`].
#[macro_export]
macro_rules! exports {
    ($($(#[$attribute:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty $body:block)*) => {
        $(
            $(#[$attribute])*
            #[allow(non_snake_case, clippy::too_many_arguments)]
            // SAFETY: no other function of the process is linked by this name:
            // a DLL's exports are its own.
            #[unsafe(no_mangle)]
            extern "system" fn $name($($argument: $type),*) -> $result {
                $crate::guard(move || -> <$result as $crate::Returned>::Body { $body })
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_panic_gets_out() {
        fn panics() -> ! {
            std::panic::resume_unwind(Box::new(()))
        }
        assert_eq!(guard::<HResult>(|| panics()), HResult::E_UNEXPECTED);
        assert_eq!(guard::<u64>(|| panics()), u64::MAX);
        assert_eq!(guard::<*mut c_void>(|| panics()), std::ptr::null_mut());
        assert_eq!(guard::<HResult>(|| Err(HResult::E_HANDLE)), HResult::E_HANDLE);
        assert_eq!(guard::<HResult>(|| Ok(())), HResult::S_OK);
    }
}
