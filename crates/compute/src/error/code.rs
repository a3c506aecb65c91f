//! Status codes of the system.

use std::fmt;

use hcs_schema::{HResult, Win32Error};

/// A Win32 code, or an HRESULT that stands for none, as an unsigned number.
///
/// It is what the reference calls an errno: `0x490` and the HRESULT
/// `0x80070490` are the same condition, and both become `0x490` here.
/// `Display` is what the code means with its name, where it is known, and the
/// number; [`SystemCode::message`] is the meaning alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SystemCode(pub u32);

/// The codes that the reference names (`hcs.Err...`).
impl SystemCode {
    /// There is no compute system of this id.
    pub const ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST: Self = Self(0xc037_010e);
    /// There is no such element: an endpoint, a process, a device.
    pub const ERR_ELEMENT_NOT_FOUND: Self = Self(0x490);
    /// The host cannot do this.
    pub const ERR_NOT_SUPPORTED: Self = Self(0x32);
    /// The document is not valid.
    pub const ERR_INVALID_DATA: Self = Self(0xd);
    /// The compute system has stopped already.
    pub const ERR_VMCOMPUTE_ALREADY_STOPPED: Self = Self(0xc037_0110);
    /// The compute system has stopped already, as an HRESULT of the service.
    pub const ERR_VMCOMPUTE_SYSTEM_ALREADY_STOPPED: Self = Self(0x8037_0110);
    /// The call has begun and goes on.
    pub const ERR_VMCOMPUTE_OPERATION_PENDING: Self = Self(0xc037_0103);
    /// The compute system is not in a state that the call is for.
    pub const ERR_VMCOMPUTE_OPERATION_INVALID_STATE: Self = Self(0xc037_0105);
    /// The same, as an HRESULT of the service.
    pub const ERR_INVALID_STATE: Self = Self(0x8037_0105);
    /// There is no such function, or no such process.
    pub const ERR_PROC_NOT_FOUND: Self = Self(0x7f);
    /// The caller may not do this.
    pub const ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED: Self = Self(0x5);
    /// The document is not JSON, or not of the schema.
    pub const ERR_VMCOMPUTE_INVALID_JSON: Self = Self(0xc037_010d);
    /// The service does not know this message.
    pub const ERR_VMCOMPUTE_UNKNOWN_MESSAGE: Self = Self(0xc037_010b);
    /// The compute system stopped without having been asked to.
    pub const ERR_VMCOMPUTE_UNEXPECTED_EXIT: Self = Self(0xc037_0106);
    /// The process has ended already.
    pub const ERR_PROCESS_ALREADY_STOPPED: Self = Self(0x8037_011f);
    /// The handle is not valid.
    pub const ERR_INVALID_HANDLE: Self = Self(0x6);
    /// An operation of the service took longer than it was given.
    pub const ERR_OPERATION_TIMEOUT: Self = Self(0x8037_0118);
    /// There is a compute system of this id already.
    pub const ERR_SYSTEM_ALREADY_EXISTS: Self = Self(0xc037_010f);
    /// A device does not work; what [`super::win32_from_error`] gives for an
    /// error that has no code.
    pub const ERROR_GEN_FAILURE: Self = Self(31);
}

impl SystemCode {
    /// What the code means, in a few words.
    pub fn message(self) -> &'static str {
        Win32Error(self.0).message().unwrap_or("a system error without a known meaning")
    }

    /// The name of the code, as in `ERROR_VMCOMPUTE_SYSTEM_NOT_FOUND`, where it
    /// is known.
    pub fn name(self) -> Option<&'static str> {
        Win32Error(self.0).name()
    }

    /// The code as an HRESULT: itself where it is one, else with the Win32 facility.
    pub fn to_hresult(self) -> HResult {
        HResult::from_win32(Win32Error(self.0))
    }
}

impl From<HResult> for SystemCode {
    /// The Win32 code that the HRESULT was made from, else the HRESULT itself.
    fn from(hresult: HResult) -> Self {
        Self(hresult.win32().map_or(hresult.as_u32(), |error| error.0))
    }
}

impl From<Win32Error> for SystemCode {
    fn from(error: Win32Error) -> Self {
        Self(error.0)
    }
}

impl fmt::Display for SystemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} ({name}, {:#x})", self.message(), self.0),
            None => write!(f, "{} ({:#x})", self.message(), self.0),
        }
    }
}

impl fmt::Debug for SystemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SystemCode({:#x})", self.0)
    }
}

impl std::error::Error for SystemCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hresult_of_a_win32_code_is_that_code() {
        let code = |hresult| SystemCode::from(HResult::from_u32(hresult));
        assert_eq!(code(0x8007_0490), SystemCode::ERR_ELEMENT_NOT_FOUND);
        assert_eq!(code(0xc037_010e), SystemCode::ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST);
        assert_eq!(code(0), SystemCode(0));
        assert_eq!(code(0x8007_0490).to_hresult(), HResult::from_u32(0x8007_0490));
    }

    #[test]
    fn a_code_says_what_it_means_and_its_name() {
        assert_eq!(
            SystemCode::ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST.to_string(),
            "no compute system has this id (ERROR_VMCOMPUTE_SYSTEM_NOT_FOUND, 0xc037010e)"
        );
        assert_eq!(
            SystemCode(0x8123_4567).to_string(),
            "a system error without a known meaning (0x81234567)"
        );
    }
}
