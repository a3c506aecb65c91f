//! An open key of the registry.

use std::io;

use windows_sys::Win32::Foundation::{
    ERROR_FILE_TOO_LARGE, ERROR_INVALID_DATA, ERROR_MORE_DATA, ERROR_NO_MORE_ITEMS, ERROR_SUCCESS,
};
use windows_sys::Win32::System::Registry::{
    HKEY, KEY_CREATE_SUB_KEY, KEY_READ, KEY_SET_VALUE, REG_CREATED_NEW_KEY, REG_OPTION_VOLATILE,
    RegCloseKey, RegCreateKeyExW, RegDeleteKeyExW, RegDeleteValueW, RegEnumKeyExW, RegOpenKeyExW,
    RegQueryValueExW, RegSetValueExW,
};

use crate::wide::Wide;

/// The most units that the name of a key has.
const MAX_NAME: usize = 255;

/// The most bytes that a value may have: more than a container's document.
const MAX_VALUE: u32 = 64 << 20;

/// An open key, closed when dropped.
#[derive(Debug)]
pub(super) struct Key(HKEY);

impl Key {
    /// Opens a key below another.
    pub(super) fn open(parent: HKEY, path: &str, access: u32) -> io::Result<Self> {
        let path = wide(path)?;
        let mut key = std::ptr::null_mut();
        // SAFETY: the parent is open, the path ends with a NUL, and the result
        // goes to our variable.
        check(unsafe { RegOpenKeyExW(parent, path.as_ptr(), 0, access, &raw mut key) })?;
        Ok(Self(key))
    }

    /// Opens a key, and makes it and those on its way where they are not there,
    /// until the next boot. The second is whether it was made.
    pub(super) fn create_volatile(parent: HKEY, path: &str) -> io::Result<(Self, bool)> {
        let path = wide(path)?;
        let mut key = std::ptr::null_mut();
        let mut disposition = 0;
        // SAFETY: as in `open`; no class and no security attributes.
        check(unsafe {
            RegCreateKeyExW(
                parent,
                path.as_ptr(),
                0,
                std::ptr::null(),
                REG_OPTION_VOLATILE,
                KEY_READ | KEY_SET_VALUE | KEY_CREATE_SUB_KEY,
                std::ptr::null(),
                &raw mut key,
                &raw mut disposition,
            )
        })?;
        Ok((Self(key), disposition == REG_CREATED_NEW_KEY))
    }

    /// For a call. Open as long as `self`.
    pub(super) fn raw(&self) -> HKEY {
        self.0
    }

    /// The names of the keys below. One that comes or goes meanwhile may be
    /// among them or not.
    pub(super) fn children(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for index in 0.. {
            let mut name = [0u16; MAX_NAME + 1];
            let mut length = const { small(MAX_NAME + 1) };
            // SAFETY: the buffer has as many units as is told.
            let code = unsafe {
                RegEnumKeyExW(
                    self.0,
                    index,
                    name.as_mut_ptr(),
                    &raw mut length,
                    std::ptr::null(),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                )
            };
            if code == ERROR_NO_MORE_ITEMS {
                break;
            }
            check(code)?;
            let length = usize::try_from(length).unwrap_or(MAX_NAME).min(MAX_NAME);
            names.push(String::from_utf16_lossy(&name[..length]));
        }
        Ok(names)
    }

    /// Removes a key below that has none below itself.
    pub(super) fn delete_child(&self, name: &str) -> io::Result<()> {
        let name = wide(name)?;
        // SAFETY: the key is open and the name ends with a NUL.
        check(unsafe { RegDeleteKeyExW(self.0, name.as_ptr(), 0, 0) })
    }

    /// The type and the bytes of a value.
    pub(super) fn value(&self, name: &str) -> io::Result<(u32, Vec<u8>)> {
        let name = wide(name)?;
        let mut bytes: Vec<u8> = Vec::new();
        // Who writes meanwhile can make it grow.
        loop {
            let mut kind = 0;
            let mut size = u32::try_from(bytes.len()).unwrap_or(MAX_VALUE);
            let data = if bytes.is_empty() { std::ptr::null_mut() } else { bytes.as_mut_ptr() };
            // SAFETY: the name ends with a NUL; the buffer has as many bytes as
            // is told, or is null, which asks for the size.
            let code = unsafe {
                RegQueryValueExW(
                    self.0,
                    name.as_ptr(),
                    std::ptr::null(),
                    &raw mut kind,
                    data,
                    &raw mut size,
                )
            };
            if code != ERROR_MORE_DATA {
                check(code)?;
            }
            if size > MAX_VALUE {
                return check(ERROR_FILE_TOO_LARGE).map(|()| (kind, bytes));
            }
            let wanted = usize::try_from(size).unwrap_or(usize::MAX);
            if code == ERROR_SUCCESS && (!data.is_null() || wanted == 0) {
                bytes.truncate(wanted);
                return Ok((kind, bytes));
            }
            if wanted <= bytes.len() {
                return check(ERROR_INVALID_DATA).map(|()| (kind, bytes));
            }
            bytes.resize(wanted, 0);
        }
    }

    /// Writes a value.
    pub(super) fn set_value(&self, name: &str, kind: u32, bytes: &[u8]) -> io::Result<()> {
        let name = wide(name)?;
        let size = u32::try_from(bytes.len()).ok().filter(|size| *size <= MAX_VALUE);
        let Some(size) = size else {
            return check(ERROR_FILE_TOO_LARGE);
        };
        // SAFETY: the name ends with a NUL, and the bytes are as many as is told.
        check(unsafe { RegSetValueExW(self.0, name.as_ptr(), 0, kind, bytes.as_ptr(), size) })
    }

    /// Removes a value.
    pub(super) fn delete_value(&self, name: &str) -> io::Result<()> {
        let name = wide(name)?;
        // SAFETY: the key is open and the name ends with a NUL.
        check(unsafe { RegDeleteValueW(self.0, name.as_ptr()) })
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: it is open, and nobody else closes it.
        unsafe { RegCloseKey(self.0) };
    }
}

fn wide(text: &str) -> io::Result<Wide> {
    Wide::new(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

fn check(code: u32) -> io::Result<()> {
    match code {
        ERROR_SUCCESS => Ok(()),
        code => Err(io::Error::from_raw_os_error(code.cast_signed())),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "evaluated by the compiler, which checks it")]
const fn small(number: usize) -> u32 {
    assert!(number < 0x1_0000);
    number as u32
}
