//! Waiting for an object of the kernel without a thread of its own.

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle};

use tokio::sync::oneshot;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Threading::{
    INFINITE, RegisterWaitForSingleObject, UnregisterWaitEx, WT_EXECUTEINWAITTHREAD,
    WT_EXECUTEONLYONCE,
};

/// Waits until the object is signalled. One thread of the system's pool waits
/// for many objects.
pub(crate) async fn signalled(object: BorrowedHandle<'_>) -> io::Result<()> {
    let (_registration, done) = Registration::new(object)?;
    done.await.map_err(|_| io::Error::other("the wait was given up"))
}

type Sender = Option<oneshot::Sender<()>>;

/// A wait that the pool knows of, until it is dropped.
struct Registration {
    wait: HANDLE,
    sender: *mut Sender,
}

// SAFETY: the wait belongs to no thread, and the sender is touched by the
// callback only, until `drop` has seen the end of that.
unsafe impl Send for Registration {}
// SAFETY: nothing can be done with a reference.
unsafe impl Sync for Registration {}

impl Registration {
    fn new(object: BorrowedHandle<'_>) -> io::Result<(Self, oneshot::Receiver<()>)> {
        let (sender, receiver) = oneshot::channel();
        let sender = Box::into_raw(Box::new(Some(sender)));
        let mut registration = Self { wait: std::ptr::null_mut(), sender };
        // SAFETY: the sender lives until the callback cannot be called any more;
        // the object outlives the future that holds the registration.
        let done = unsafe {
            RegisterWaitForSingleObject(
                &raw mut registration.wait,
                object.as_raw_handle(),
                Some(callback),
                sender.cast(),
                INFINITE,
                WT_EXECUTEINWAITTHREAD | WT_EXECUTEONLYONCE,
            )
        };
        if done == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((registration, receiver))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if !self.wait.is_null() {
            // SAFETY: the wait is ours. The call returns when the callback has
            // ended and will not come again; the callback never drops us.
            unsafe { UnregisterWaitEx(self.wait, INVALID_HANDLE_VALUE) };
        }
        // SAFETY: from `Box::into_raw`, and nobody else's by now.
        drop(unsafe { Box::from_raw(self.sender) });
    }
}

unsafe extern "system" fn callback(context: *mut c_void, _timed_out: bool) {
    // SAFETY: the context is the sender of a registration that waits for us, and
    // we are called once.
    let sender = unsafe { &mut *context.cast::<Sender>() };
    if let Some(sender) = sender.take() {
        // Nobody may be listening any more.
        let _ = sender.send(());
    }
}
