//! The version of this Windows.

use std::sync::OnceLock;

use osversion::OsVersion;
use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_DWORD, RegGetValueW};
use windows_sys::Win32::System::SystemInformation::OSVERSIONINFOW;
use windows_sys::w;

use compute::error::SystemCode;

/// The version of this Windows, asked for once. Unlike `GetVersion` it does not
/// depend on the program's manifest.
pub fn os_version() -> OsVersion {
    static VERSION: OnceLock<OsVersion> = OnceLock::new();
    *VERSION.get_or_init(|| {
        // What it is without an answer; the size fits by far.
        let mut info = OSVERSIONINFOW {
            dwOSVersionInfoSize: u32::try_from(size_of::<OSVERSIONINFOW>()).unwrap_or_default(),
            ..OSVERSIONINFOW::default()
        };
        // SAFETY: the structure is ours and tells its size. The call can't fail.
        unsafe { RtlGetVersion(&raw mut info) };
        OsVersion::new(
            u8::try_from(info.dwMajorVersion).unwrap_or(u8::MAX),
            u8::try_from(info.dwMinorVersion).unwrap_or(u8::MAX),
            u16::try_from(info.dwBuildNumber).unwrap_or(u16::MAX),
        )
    })
}

/// The build of this Windows, such as 20348.
pub fn build() -> u16 {
    os_version().build
}

/// The registry does not tell the revision of this Windows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(r"failed to read value UBR of SOFTWARE\Microsoft\Windows NT\CurrentVersion")]
pub struct RevisionError(
    /// Why.
    #[source]
    pub SystemCode,
);

/// The revision of this Windows's build: what an update raises, such as 2113 in
/// 10.0.20348.2113. The registry has it.
///
/// # Errors
/// The registry has no such number.
pub fn build_revision() -> Result<u32, RevisionError> {
    let mut revision = 0u32;
    let mut size = 4u32;
    // SAFETY: both names end with a NUL; the value fits into the number, whose
    // size is given, and the flag allows nothing but such a number.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            w!(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"),
            w!("UBR"),
            RRF_RT_REG_DWORD,
            std::ptr::null_mut(),
            (&raw mut revision).cast(),
            &raw mut size,
        )
    };
    if code == ERROR_SUCCESS { Ok(revision) } else { Err(RevisionError(SystemCode(code))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_windows_has_a_version() {
        let version = os_version();
        assert!(version.major >= 10, "{version}");
        assert!(version.build >= osversion::build::RS1, "{version}");
        assert_eq!(build(), version.build);
    }

    #[test]
    fn the_revision_is_the_registry_s() {
        match build_revision() {
            Ok(revision) => assert_eq!(build_revision(), Ok(revision)),
            // Not every Wine prefix has the value.
            Err(error) => assert_eq!(error.0, SystemCode(2), "{error}"),
        }
    }
}
