//! Network compartments of this thread.
//!
//! What a thread does on the network happens in its compartment: that of a
//! container's network namespace, or the host's.

use std::marker::PhantomData;

use compute::error::SystemCode;
use windows_sys::Win32::Foundation::ERROR_SUCCESS;

use crate::dll::{DllError, Library, imports};

static IPHLPAPI: Library = Library::new("iphlpapi.dll");

imports! { IPHLPAPI {
    fn GetCurrentThreadCompartmentId() -> u32;
    fn SetCurrentThreadCompartmentId(compartment: u32) -> u32;
} }

/// Why a compartment could not be entered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompartmentError {
    /// This Windows has no compartments.
    #[error("failed to use network compartments")]
    Dll(#[source] DllError),
    /// The system refuses.
    #[error("failed to move this thread to network compartment {compartment}: is it still there?")]
    Refused {
        /// The compartment.
        compartment: u32,
        /// Why.
        #[source]
        code: SystemCode,
    },
}

/// The compartment that this thread is in.
///
/// # Errors
/// This Windows has none.
pub fn current() -> Result<u32, CompartmentError> {
    // SAFETY: no arguments.
    unsafe { GetCurrentThreadCompartmentId() }.map_err(CompartmentError::Dll)
}

/// This thread's stay in a compartment. Dropped, the thread is back where it was.
///
/// It belongs to the thread: it cannot be sent to another one, and so not be held
/// across an `await` of a task that may move.
///
/// ```compile_fail
/// fn is_sent<T: Send>() {}
/// is_sent::<host_windows::compartment::Compartment>();
/// ```
#[derive(Debug)]
#[must_use = "the thread goes back when this is dropped"]
pub struct Compartment {
    before: u32,
    /// Raw pointers are of one thread.
    thread: PhantomData<*mut ()>,
}

impl Compartment {
    /// Moves this thread to a compartment. 0 is the one that the process has.
    ///
    /// # Errors
    /// There is no such compartment, or the caller may not go there.
    pub fn enter(compartment: u32) -> Result<Self, CompartmentError> {
        let before = current()?;
        go(compartment)?;
        Ok(Self { before, thread: PhantomData })
    }
}

impl Drop for Compartment {
    fn drop(&mut self) {
        if let Err(error) = go(self.before) {
            tracing::error!(%error, "this thread stays in another network compartment");
        }
    }
}

fn go(compartment: u32) -> Result<(), CompartmentError> {
    // SAFETY: takes a number.
    match unsafe { SetCurrentThreadCompartmentId(compartment) }.map_err(CompartmentError::Dll)? {
        ERROR_SUCCESS => Ok(()),
        code => Err(CompartmentError::Refused { compartment, code: SystemCode(code) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No compartment has this number.
    const NONE: u32 = 0x7fff_fffe;

    /// Whether there are compartments; says so where there are none.
    fn are_there(test: &str) -> bool {
        match current() {
            Ok(_) => true,
            Err(error @ CompartmentError::Dll(_)) => {
                let text = std::error::Error::source(&error).expect("why").to_string();
                assert!(text.contains("iphlpapi.dll"), "{text}");
                println!("left out: {test}: Wine has no compartments: {text}");
                assert!(crate::wine::is_here());
                false
            }
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_thread_enters_a_compartment_and_comes_back() {
        if !are_there("a_thread_enters_a_compartment_and_comes_back") {
            return;
        }
        let before = current().expect("current");
        let inside = Compartment::enter(before).expect("enter");
        assert_eq!(current().expect("current"), before);
        drop(inside);
        assert_eq!(current().expect("current"), before);
    }

    #[test]
    fn one_that_is_not_there_is_named() {
        if !are_there("one_that_is_not_there_is_named") {
            return;
        }
        match Compartment::enter(NONE) {
            Err(error) => assert!(error.to_string().contains(&NONE.to_string()), "{error}"),
            // Wine takes any number.
            Ok(_) => assert!(crate::wine::is_here()),
        }
    }
}
