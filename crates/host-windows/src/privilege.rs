//! Privileges that this process has but does not use unless it asks to.
//!
//! They belong to the process's token, and so to all of its threads: work that
//! moves between threads keeps them. They are counted, so that whoever is done
//! first takes nothing away from the others.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::sync::{Mutex, MutexGuard, PoisonError};

use windows_sys::Win32::Foundation::{ERROR_NOT_ALL_ASSIGNED, ERROR_SUCCESS, GetLastError, LUID};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW, SE_PRIVILEGE_ENABLED,
    TOKEN_ADJUST_PRIVILEGES, TOKEN_PRIVILEGES, TOKEN_QUERY,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use crate::named_pipe::size_of_u32;
use crate::wide::Wide;

/// A privilege, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Privilege(&'static str);

impl Privilege {
    /// Read any file, whoever may.
    pub const BACKUP: Self = Self("SeBackupPrivilege");
    /// Write any file, and give it any owner.
    pub const RESTORE: Self = Self("SeRestorePrivilege");
    /// Read and write the audit entries of files.
    pub const SECURITY: Self = Self("SeSecurityPrivilege");
    /// Become the owner of any object.
    pub const TAKE_OWNERSHIP: Self = Self("SeTakeOwnershipPrivilege");
    /// Mount volumes and change what is on them past the file system.
    pub const MANAGE_VOLUME: Self = Self("SeManageVolumePrivilege");

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Why a privilege cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivilegeError {
    /// The user of this process does not have it.
    #[error("this process does not hold {privilege}: run the program as administrator")]
    Missing {
        /// The privilege.
        privilege: Privilege,
    },
    /// The system refuses.
    #[error("failed to enable {privilege}")]
    Refused {
        /// The privilege.
        privilege: Privilege,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Privileges that are in use until this is dropped, and until all others who
/// use them are. One that was enabled before the first use stays so.
///
/// A thread that impersonates somebody has his privileges, not these.
///
/// ```no_run
/// # #[cfg(windows)]
/// # fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use host_windows::privilege::{Privilege, Privileges};
///
/// let _backup = Privileges::enable(&[Privilege::BACKUP, Privilege::RESTORE])?;
/// // … read and write what others own …
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the privileges are given up when this is dropped"]
pub struct Privileges(Vec<Privilege>);

impl Privileges {
    /// Enables privileges. All of them, or none.
    ///
    /// # Errors
    /// The process does not hold one of them, or the system refuses.
    pub fn enable(privileges: &[Privilege]) -> Result<Self, PrivilegeError> {
        let mut enabled = Self(Vec::with_capacity(privileges.len()));
        let mut uses = uses();
        for &privilege in privileges {
            match uses.get_mut(&privilege) {
                Some(used) => used.count += 1,
                None => match enable(privilege) {
                    Ok(was_enabled) => {
                        uses.insert(privilege, Use { count: 1, was_enabled });
                    }
                    Err(error) => {
                        // The others are given up, which takes the lock.
                        drop(uses);
                        return Err(error);
                    }
                },
            }
            enabled.0.push(privilege);
        }
        Ok(enabled)
    }
}

impl Drop for Privileges {
    fn drop(&mut self) {
        let mut uses = uses();
        for privilege in &self.0 {
            let Some(used) = uses.get_mut(privilege) else { continue };
            used.count -= 1;
            if used.count > 0 {
                continue;
            }
            let was_enabled = used.was_enabled;
            uses.remove(privilege);
            if !was_enabled && let Err(error) = set(*privilege, false) {
                tracing::warn!(%privilege, %error, "a privilege was not disabled");
            }
        }
    }
}

/// The use of a privilege.
struct Use {
    count: usize,
    /// Whether it was enabled before its first use.
    was_enabled: bool,
}

fn uses() -> MutexGuard<'static, BTreeMap<Privilege, Use>> {
    static USES: Mutex<BTreeMap<Privilege, Use>> = Mutex::new(BTreeMap::new());
    USES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Enables a privilege; whether it was already.
fn enable(privilege: Privilege) -> Result<bool, PrivilegeError> {
    match set(privilege, true) {
        Ok(Some(was_enabled)) => Ok(was_enabled),
        Ok(None) => Err(PrivilegeError::Missing { privilege }),
        Err(source) => Err(PrivilegeError::Refused { privilege, source }),
    }
}

/// Changes a privilege of the process's token; gives what it was, and `None`
/// where the token does not have it.
fn set(privilege: Privilege, enabled: bool) -> io::Result<Option<bool>> {
    let token = token(TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY)?;
    let new = TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        Privileges: [LUID_AND_ATTRIBUTES {
            Luid: luid(privilege)?,
            Attributes: if enabled { SE_PRIVILEGE_ENABLED } else { 0 },
        }],
    };
    let mut old = TOKEN_PRIVILEGES::default();
    let mut size = 0;
    // SAFETY: the token is open; both structures are ours, hold one privilege,
    // and the size of the second is told.
    let (done, code) = unsafe {
        let done = AdjustTokenPrivileges(
            token.as_raw_handle(),
            0,
            &raw const new,
            const { size_of_u32::<TOKEN_PRIVILEGES>() },
            &raw mut old,
            &raw mut size,
        );
        (done, GetLastError())
    };
    match (done, code) {
        (0, code) => Err(io::Error::from_raw_os_error(code.cast_signed())),
        (_, ERROR_NOT_ALL_ASSIGNED) => Ok(None),
        // What has not changed is not among the old ones.
        (_, ERROR_SUCCESS) if old.PrivilegeCount == 0 => Ok(Some(enabled)),
        _ => Ok(Some(old.Privileges[0].Attributes & SE_PRIVILEGE_ENABLED != 0)),
    }
}

fn token(access: u32) -> io::Result<OwnedHandle> {
    let mut token = std::ptr::null_mut();
    // SAFETY: the process's own handle needs no closing; the result goes to our
    // variable.
    if unsafe { OpenProcessToken(GetCurrentProcess(), access, &raw mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just opened for us.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

/// The number of a privilege until the next boot.
fn luid(privilege: Privilege) -> io::Result<LUID> {
    let name = Wide::new(privilege.0).map_err(io::Error::other)?;
    let mut luid = LUID::default();
    // SAFETY: the name ends with a NUL, and the result goes to our variable.
    match unsafe { LookupPrivilegeValueW(std::ptr::null(), name.as_ptr(), &raw mut luid) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(luid),
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Security::{PRIVILEGE_SET, PrivilegeCheck};

    use super::*;

    // The token is the process's, and so all tests': each has its own privileges.

    fn is_enabled(privilege: Privilege) -> bool {
        let token = token(TOKEN_QUERY).expect("token");
        let mut wanted = PRIVILEGE_SET { PrivilegeCount: 1, ..PRIVILEGE_SET::default() };
        wanted.Privilege[0].Luid = luid(privilege).expect("number");
        let mut result = 0;
        // SAFETY: the token is open, and the structure holds one privilege.
        let done =
            unsafe { PrivilegeCheck(token.as_raw_handle(), &raw mut wanted, &raw mut result) };
        assert_ne!(done, 0, "{}", io::Error::last_os_error());
        result != 0
    }

    #[test]
    fn a_privilege_is_enabled_until_the_last_is_done() {
        let all = [Privilege::BACKUP, Privilege::RESTORE];
        assert!(!is_enabled(Privilege::BACKUP) && !is_enabled(Privilege::RESTORE));
        let both = Privileges::enable(&all).expect("enable");
        assert!(is_enabled(Privilege::BACKUP) && is_enabled(Privilege::RESTORE));
        let again = Privileges::enable(&[Privilege::BACKUP, Privilege::BACKUP]).expect("enable");
        drop(both);
        assert!(is_enabled(Privilege::BACKUP) && !is_enabled(Privilege::RESTORE));
        std::thread::spawn(move || drop(again)).join().expect("thread");
        assert!(!is_enabled(Privilege::BACKUP));
        drop(Privileges::enable(&all).expect("enable"));
        assert!(!is_enabled(Privilege::BACKUP));
    }

    #[test]
    fn what_was_enabled_before_stays_enabled() {
        const PRIVILEGE: Privilege = Privilege::TAKE_OWNERSHIP;
        assert_eq!(set(PRIVILEGE, true).expect("set"), Some(false));
        drop(Privileges::enable(&[PRIVILEGE]).expect("enable"));
        assert!(is_enabled(PRIVILEGE));
        assert_eq!(set(PRIVILEGE, false).expect("set"), Some(true));
        assert!(!is_enabled(PRIVILEGE));
    }

    #[test]
    fn one_that_is_missing_is_named_and_the_others_are_given_up() {
        let error = Privileges::enable(&[Privilege::SECURITY, Privilege("SeCreateTokenPrivilege")]);
        let text = error.unwrap_err().to_string();
        assert!(text.contains("SeCreateTokenPrivilege"), "{text}");
        assert!(!is_enabled(Privilege::SECURITY));
        let error = Privileges::enable(&[Privilege("SeNoSuchPrivilege")]).unwrap_err();
        assert!(matches!(error, PrivilegeError::Refused { .. }), "{error}");
    }

    #[test]
    fn every_name_is_one_of_windows() {
        for privilege in [
            Privilege::BACKUP,
            Privilege::RESTORE,
            Privilege::SECURITY,
            Privilege::TAKE_OWNERSHIP,
            Privilege::MANAGE_VOLUME,
        ] {
            luid(privilege).unwrap_or_else(|error| panic!("{privilege}: {error}"));
        }
    }

    #[test]
    fn many_threads_share_a_privilege() {
        const PRIVILEGE: Privilege = Privilege::MANAGE_VOLUME;
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _held = Privileges::enable(&[PRIVILEGE]).expect("enable");
                        assert!(is_enabled(PRIVILEGE));
                    }
                });
            }
        });
        assert!(!is_enabled(PRIVILEGE));
    }
}
