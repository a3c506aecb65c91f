//! Access control lists of files.

use std::ffi::c_void;
use std::fs::File;
use std::os::windows::io::AsRawHandle;

use compute::error::SystemCode;
use windows_sys::Win32::Foundation::{ERROR_SUCCESS, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    EXPLICIT_ACCESS_W, GRANT_ACCESS, GetSecurityInfo, NO_MULTIPLE_TRUSTEE, SE_FILE_OBJECT,
    SetEntriesInAclW, SetSecurityInfo, TRUSTEE_IS_SID, TRUSTEE_IS_WELL_KNOWN_GROUP, TRUSTEE_W,
};
use windows_sys::Win32::Security::{
    ACL, DACL_SECURITY_INFORMATION, NO_INHERITANCE, SID, SID_IDENTIFIER_AUTHORITY,
    SUB_CONTAINERS_AND_OBJECTS_INHERIT,
};

use super::Rights;

/// A SID of two parts, which has the same form as the one of one part that Windows
/// declares.
#[repr(C)]
#[derive(Clone, Copy)]
struct Sid2 {
    revision: u8,
    count: u8,
    authority: SID_IDENTIFIER_AUTHORITY,
    parts: [u32; 2],
}

const _: () = assert!(size_of::<Sid2>() == size_of::<SID>() + 4);

/// `S-1-5-83-0`: all virtual machines.
static VM_GROUP: Sid2 = Sid2 {
    revision: 1,
    count: 2,
    authority: SID_IDENTIFIER_AUTHORITY { Value: [0, 0, 0, 0, 0, 5] },
    parts: [83, 0],
};

/// Memory of the system's, freed when dropped.
struct Local(*mut c_void);

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: the system allocated it for us with LocalAlloc; null does no harm.
        unsafe { LocalFree(self.0) };
    }
}

/// The list of who may do what with a file.
pub(super) struct FileAcl {
    acl: *const ACL,
    /// What the list is part of.
    _descriptor: Local,
}

impl FileAcl {
    /// That of a file, which is open for reading it.
    pub(super) fn of(file: &File) -> Result<Self, SystemCode> {
        let (mut acl, mut descriptor) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the file is open, the results are ours.
        let code = unsafe {
            GetSecurityInfo(
                file.as_raw_handle(),
                SE_FILE_OBJECT,
                DACL_SECURITY_INFORMATION,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                &raw mut acl,
                std::ptr::null_mut(),
                &raw mut descriptor,
            )
        };
        check(code)?;
        Ok(Self { acl, _descriptor: Local(descriptor) })
    }

    /// The list; null where there is none, and so everybody may do all.
    pub(super) fn acl(&self) -> *const ACL {
        self.acl
    }
}

/// A list that was made.
pub(super) struct NewAcl(Local);

impl NewAcl {
    /// Makes it that of a file, which is open for writing it, and of what inherits
    /// from it.
    pub(super) fn set(&self, file: &File) -> Result<(), SystemCode> {
        // SAFETY: the file is open, the list was made by the system.
        check(unsafe {
            SetSecurityInfo(
                file.as_raw_handle(),
                SE_FILE_OBJECT,
                DACL_SECURITY_INFORMATION,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                self.acl(),
                std::ptr::null(),
            )
        })
    }

    pub(super) fn acl(&self) -> *const ACL {
        self.0.0.cast()
    }
}

/// A list with rights of all virtual machines added; a folder's are inherited.
pub(super) fn with_vm_group(
    old: *const ACL,
    rights: Rights,
    is_folder: bool,
) -> Result<NewAcl, SystemCode> {
    let entry = EXPLICIT_ACCESS_W {
        grfAccessPermissions: rights.mask(),
        grfAccessMode: GRANT_ACCESS,
        grfInheritance: if is_folder { SUB_CONTAINERS_AND_OBJECTS_INHERIT } else { NO_INHERITANCE },
        Trustee: TRUSTEE_W {
            pMultipleTrustee: std::ptr::null_mut(),
            MultipleTrusteeOperation: NO_MULTIPLE_TRUSTEE,
            TrusteeForm: TRUSTEE_IS_SID,
            TrusteeType: TRUSTEE_IS_WELL_KNOWN_GROUP,
            // Of this form it is no text.
            ptstrName: (&raw const VM_GROUP).cast_mut().cast(),
        },
    };
    let mut new = std::ptr::null_mut();
    // SAFETY: there is one entry, whose SID is static and only read; the old list
    // is one or null, the new one is ours.
    check(unsafe { SetEntriesInAclW(1, &raw const entry, old, &raw mut new) })?;
    Ok(NewAcl(Local(new.cast())))
}

fn check(code: u32) -> Result<(), SystemCode> {
    if code == ERROR_SUCCESS { Ok(()) } else { Err(SystemCode(code)) }
}

/// The entries of a list, for tests: who, what for, and who inherits it.
#[cfg(test)]
pub(super) mod tests {
    use windows_sys::Win32::Security::Authorization::ConvertSidToStringSidW;
    use windows_sys::Win32::Security::{ACCESS_ALLOWED_ACE, GetAce};

    use super::*;
    use crate::wide::read;

    pub(crate) fn entries(acl: *const ACL) -> Vec<(String, u32, u8)> {
        if acl.is_null() {
            return Vec::new();
        }
        // SAFETY: the caller's list is one.
        let count = unsafe { (*acl).AceCount };
        let entry = |at| {
            let mut ace = std::ptr::null_mut();
            // SAFETY: there are as many entries as the list says.
            assert_ne!(unsafe { GetAce(acl, at, &raw mut ace) }, 0);
            let ace: *mut ACCESS_ALLOWED_ACE = ace.cast();
            let mut text = std::ptr::null_mut();
            // SAFETY: an entry that allows has a SID there; the text is ours.
            unsafe {
                let sid = (&raw mut (*ace).SidStart).cast();
                assert_ne!(ConvertSidToStringSidW(sid, &raw mut text), 0);
                let _text = Local(text.cast());
                let flags = (*ace).Header.AceFlags;
                (read(text).unwrap_or_default(), (*ace).Mask, flags)
            }
        };
        (0..u32::from(count)).map(entry).collect()
    }

    #[test]
    fn a_right_is_one_entry_more() {
        let group = |mask, flags| ("S-1-5-83-0".to_owned(), mask, flags);
        let of = |new: &NewAcl| entries(new.acl());
        let read = with_vm_group(std::ptr::null(), Rights::READ, false).unwrap();
        assert_eq!(of(&read), [group(0x8000_0000, 0)]);
        let folder = with_vm_group(std::ptr::null(), Rights::ALL, true).unwrap();
        assert_eq!(of(&folder), [group(0x1000_0000, 3)]);
        // Given again, the list holds both rights and no other's are lost.
        let both = with_vm_group(read.acl(), Rights::WRITE, false).unwrap();
        let masks = of(&both).iter().fold(0, |all, (who, mask, _)| {
            assert_eq!(who, "S-1-5-83-0");
            all | mask
        });
        assert_eq!(masks, 0xc000_0000);
    }
}
