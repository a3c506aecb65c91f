//! Functions of DLLs that may be missing, found at their first use.

use std::ffi::{CStr, c_void};
use std::sync::OnceLock;

use compute::error::SystemCode;
use windows_sys::Win32::Foundation::{ERROR_MOD_NOT_FOUND, ERROR_PROC_NOT_FOUND, GetLastError};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};

use crate::wide::Wide;

/// A DLL or one of its functions is not on this machine.
///
/// The source is the status code, so that the predicates of
/// [`compute::error`] know it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DllError {
    /// The DLL could not be loaded: the Windows feature that has it is not
    /// installed.
    #[error("failed to load {dll}: is the Windows feature that has it installed?")]
    Library {
        /// The name of the DLL.
        dll: &'static str,
        /// Why.
        #[source]
        code: SystemCode,
    },
    /// The DLL lacks the function: this Windows is too old for it.
    #[error("failed to find {export} procedure in {dll}: this Windows is too old for it")]
    Export {
        /// The name of the DLL.
        dll: &'static str,
        /// The name of the function.
        export: &'static str,
        /// Why.
        #[source]
        code: SystemCode,
    },
}

/// A DLL of the system folder, loaded at its first use and never unloaded.
///
/// Only the system folder is searched: a DLL beside the program or in the
/// working folder is not trusted.
#[derive(Debug)]
pub struct Library {
    name: &'static str,
    module: OnceLock<Result<usize, SystemCode>>,
}

impl Library {
    /// The DLL of this name, such as `computecore.dll`.
    pub const fn new(name: &'static str) -> Self {
        Self { name, module: OnceLock::new() }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Loads it.
    ///
    /// # Errors
    /// [`DllError::Library`], the same at each call.
    pub fn load(&self) -> Result<(), DllError> {
        self.module().map(drop)
    }

    /// The address of a function.
    ///
    /// # Errors
    /// The DLL or the function is missing.
    pub fn find(&self, export: &'static CStr) -> Result<*const c_void, DllError> {
        let module = self.module()? as *mut c_void;
        // SAFETY: the module is loaded and stays so; the name ends with a NUL.
        match unsafe { GetProcAddress(module, export.as_ptr().cast()) } {
            Some(function) => Ok(function as *const c_void),
            None => Err(DllError::Export {
                dll: self.name,
                export: export.to_str().unwrap_or_default(),
                code: SystemCode(ERROR_PROC_NOT_FOUND),
            }),
        }
    }

    fn module(&self) -> Result<usize, DllError> {
        let module = self.module.get_or_init(|| {
            let name = Wide::new(self.name).map_err(|_| SystemCode(ERROR_MOD_NOT_FOUND))?;
            // SAFETY: the name ends with a NUL.
            let module = unsafe {
                LoadLibraryExW(name.as_ptr(), std::ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32)
            };
            if module.is_null() {
                // SAFETY: no arguments.
                return Err(SystemCode(unsafe { GetLastError() }));
            }
            Ok(module as usize)
        });
        (*module).map_err(|code| DllError::Library { dll: self.name, code })
    }
}

/// Declares functions of a [`Library`]:
///
/// ```ignore
/// imports! { COMPUTECORE {
///     fn HcsCloseOperation(operation: HCS_OPERATION);
///     fn HcsGetOperationId(operation: HCS_OPERATION) -> u64;
/// } }
/// ```
///
/// Each becomes an `unsafe fn` of the same arguments that gives a
/// `Result<_, DllError>`: the error where the DLL or the function is missing.
macro_rules! imports {
    ($library:path {
        $($(#[$attribute:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*
    }) => {
        $(
            $(#[$attribute])*
            #[allow(non_snake_case, clippy::too_many_arguments)]
            pub(crate) unsafe fn $name($($argument: $type),*)
                -> Result<$crate::dll::imports!(@result $($result)?), $crate::dll::DllError>
            {
                type Function = unsafe extern "system" fn($($type),*) $(-> $result)?;
                static FOUND: std::sync::atomic::AtomicPtr<std::ffi::c_void> =
                    std::sync::atomic::AtomicPtr::new(std::ptr::null_mut());
                let mut address = FOUND.load(std::sync::atomic::Ordering::Acquire);
                if address.is_null() {
                    const NAME: &std::ffi::CStr =
                        match std::ffi::CStr::from_bytes_with_nul(
                            concat!(stringify!($name), "\0").as_bytes(),
                        ) {
                            Ok(name) => name,
                            Err(_) => panic!("a name has no NUL inside"),
                        };
                    address = $library.find(NAME)?.cast_mut();
                    FOUND.store(address, std::sync::atomic::Ordering::Release);
                }
                // SAFETY: the declaration is the documented one of the function
                // of this name, and the address is never null.
                let function: Function = unsafe { std::mem::transmute(address) };
                // SAFETY: the caller keeps what the function asks for.
                Ok(unsafe { function($($argument),*) })
            }
        )*
    };
    (@result) => { () };
    (@result $result:ty) => { $result };
}
pub(crate) use imports;

#[cfg(test)]
mod tests {
    use super::*;

    static KERNEL32: Library = Library::new("kernel32.dll");
    static NONESUCH: Library = Library::new("nonesuch.dll");

    imports! { KERNEL32 {
        fn GetCurrentProcessId() -> u32;
        fn GetNothingAtAll(flags: u32) -> u32;
    } }
    imports! { NONESUCH { fn Anything(); } }

    #[test]
    fn a_function_is_found_and_called() {
        // SAFETY: no arguments.
        let pid = unsafe { GetCurrentProcessId() };
        assert_eq!(pid, Ok(std::process::id()));
    }

    #[test]
    fn what_is_missing_is_named() {
        // SAFETY: there is no such function.
        let error = unsafe { GetNothingAtAll(0) }.unwrap_err();
        assert!(error.to_string().contains("GetNothingAtAll"), "{error}");
        assert!(error.to_string().contains("kernel32.dll"), "{error}");
        // SAFETY: there is no such DLL.
        let error = unsafe { Anything() }.unwrap_err();
        assert!(error.to_string().contains("nonesuch.dll"), "{error}");
        let error = compute::Error::service("op", error);
        assert_eq!(error.code(), Some(SystemCode(ERROR_MOD_NOT_FOUND)));
    }
}
