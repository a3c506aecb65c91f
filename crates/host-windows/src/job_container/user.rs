//! Who the processes of a container run as.

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use compute::SystemId;
use compute::error::SystemCode;
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::NetworkManagement::NetManagement::{
    LOCALGROUP_MEMBERS_INFO_3, UF_DONT_EXPIRE_PASSWD, UF_NORMAL_ACCOUNT, USER_INFO_1,
    USER_PRIV_USER,
};
use windows_sys::Win32::Security::{
    LOGON32_LOGON_INTERACTIVE, LOGON32_LOGON_SERVICE, LOGON32_PROVIDER_DEFAULT, LogonUserW,
    TOKEN_ASSIGN_PRIMARY, TOKEN_DUPLICATE, TOKEN_QUERY,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};
use windows_sys::core::{BOOL, PCWSTR};

use crate::dll::{Library, imports};
use crate::failure::Outcome;
use crate::nt;
use crate::wide::{self, Wide};

static NETAPI32: Library = Library::new("netapi32.dll");
static USERENV: Library = Library::new("userenv.dll");

imports! { NETAPI32 {
    fn NetUserAdd(server: PCWSTR, level: u32, user: *const u8, wrong: *mut u32) -> u32;
    fn NetUserDel(server: PCWSTR, user: PCWSTR) -> u32;
    fn NetUserGetInfo(server: PCWSTR, user: PCWSTR, level: u32, told: *mut *mut u8) -> u32;
    fn NetLocalGroupGetInfo(server: PCWSTR, group: PCWSTR, level: u32, told: *mut *mut u8) -> u32;
    fn NetLocalGroupAddMembers(
        server: PCWSTR, group: PCWSTR, level: u32, members: *const u8, count: u32,
    ) -> u32;
    fn NetApiBufferFree(buffer: *const std::ffi::c_void) -> u32;
}}

imports! { USERENV {
    fn CreateEnvironmentBlock(block: *mut *mut u16, token: HANDLE, inherit: BOOL) -> BOOL;
    fn DestroyEnvironmentBlock(block: *const u16) -> BOOL;
}}

/// The most characters that the name of a local user may have (LM20_UNLEN).
const MOST_OF_A_NAME: usize = 20;

/// More variables than any environment has, in units.
const MOST_OF_A_BLOCK: usize = 1 << 20;

/// There is no user of a name; from lmerr.h.
const NERR_USER_NOT_FOUND: u32 = 2221;

/// Why nobody can be logged on.
#[derive(Debug, thiserror::Error)]
pub(super) enum UserError {
    /// The spec names nobody.
    #[error("empty username or group name passed: set process.user.username of the spec")]
    Empty,
    /// It names somebody as nobody is named.
    #[error("invalid user string `{0}`")]
    Name(String),
    /// The system refuses.
    #[error("failed to {operation} {name:?}")]
    Refused {
        operation: &'static str,
        name: String,
        #[source]
        code: SystemCode,
    },
}

/// Who processes run as.
#[derive(Debug)]
pub(super) struct User {
    /// `None` for who we are.
    token: Option<OwnedHandle>,
    environment: Vec<(String, String)>,
    /// Made for the container.
    _account: Option<Account>,
}

impl User {
    /// Who this process runs as.
    pub(super) fn own() -> Outcome<Self> {
        let environment = environment(&own_token()?)?;
        Ok(Self { token: None, environment, _account: None })
    }

    /// A user or, where it is the name of a group, a new member of it that is removed
    /// with the value.
    pub(super) fn log_on(name: &str, container: &SystemId) -> Outcome<Self> {
        if name.is_empty() {
            return Err(UserError::Empty.into());
        }
        let (token, account) = if is_group(name)? {
            let (account, password) = Account::new(container, name)?;
            (log_on(&account.0, None, Some(&password), LOGON32_LOGON_INTERACTIVE)?, Some(account))
        } else {
            (log_on_user(name)?, None)
        };
        let environment = environment(&token)?;
        Ok(Self { token: Some(token), environment, _account: account })
    }

    /// The token for `CreateProcessAsUserW`; `None` for our own.
    pub(super) fn token(&self) -> Option<BorrowedHandle<'_>> {
        self.token.as_ref().map(AsHandle::as_handle)
    }

    /// The environment that the user has before anything is said.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        self.environment.clone()
    }
}

fn log_on_user(name: &str) -> Outcome<OwnedHandle> {
    let (domain, user) = match name.split('\\').collect::<Vec<_>>().as_slice() {
        [user] => (None, *user),
        [domain, user] => (Some(*domain), *user),
        _ => return Err(UserError::Name(name.to_owned()).into()),
    };
    // Such as SYSTEM, who has no desktop.
    let is_service = domain.is_some_and(|domain| domain.eq_ignore_ascii_case("NT AUTHORITY"));
    let kind = if is_service { LOGON32_LOGON_SERVICE } else { LOGON32_LOGON_INTERACTIVE };
    log_on(user, domain, None, kind)
}

fn log_on(
    user: &str,
    domain: Option<&str>,
    password: Option<&Wide>,
    kind: u32,
) -> Outcome<OwnedHandle> {
    let name = Wide::new(user)?;
    let domain = domain.map(Wide::new).transpose()?;
    let pointer = |text: Option<&Wide>| text.map_or(null(), Wide::as_ptr);
    let mut token = null_mut();
    // SAFETY: texts end with a NUL, and the token goes to our variable.
    let done = unsafe {
        LogonUserW(
            name.as_ptr(),
            pointer(domain.as_ref()),
            pointer(password),
            kind,
            LOGON32_PROVIDER_DEFAULT,
            &raw mut token,
        )
    };
    if done == 0 {
        return Err(refused("log on the user", user, nt::last_code()).into());
    }
    // SAFETY: it was just made for us.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

fn own_token() -> Outcome<OwnedHandle> {
    let mut token = null_mut();
    let access = TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY;
    // SAFETY: the process is ours, and the token goes to our variable.
    if unsafe { OpenProcessToken(GetCurrentProcess(), access, &raw mut token) } == 0 {
        return Err(nt::last_code().into());
    }
    // SAFETY: it was just opened for us.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

fn refused(operation: &'static str, name: &str, code: SystemCode) -> UserError {
    UserError::Refused { operation, name: name.to_owned(), code }
}

/// The environment of a user, as `NAME=value` texts that an empty one ends.
fn environment(token: &OwnedHandle) -> Outcome<Vec<(String, String)>> {
    struct Block(*mut u16);
    impl Drop for Block {
        fn drop(&mut self) {
            // SAFETY: it was made for us, and nobody has it any more.
            let _ = unsafe { DestroyEnvironmentBlock(self.0) };
        }
    }
    let mut block = Block(null_mut());
    // SAFETY: the token is open, and the block goes to our variable.
    let made = unsafe { CreateEnvironmentBlock(&raw mut block.0, token.as_raw_handle(), 0) }?;
    if made == 0 || block.0.is_null() {
        return Err(nt::last_code().into());
    }
    let mut variables = Vec::new();
    let mut at = 0;
    loop {
        // SAFETY: texts follow each other, each with a NUL, until an empty one.
        let is_text = |at: &usize| unsafe { *block.0.add(*at) } != 0;
        let length = (at..MOST_OF_A_BLOCK).take_while(is_text).count();
        if length == 0 {
            break;
        }
        // SAFETY: as above.
        let text = unsafe { std::slice::from_raw_parts(block.0.add(at), length) };
        let text = String::from_utf16_lossy(text);
        // Drives keep their folders in variables such as `=C:`.
        let split = text.get(1..).and_then(|rest| rest.find('=')).map(|found| found + 1);
        if let Some(split) = split {
            variables.push((text[..split].to_owned(), text[split + 1..].to_owned()));
        }
        at += length + 1;
    }
    Ok(variables)
}

/// What the system tells of an account or a group.
struct Told(*mut u8);

impl Drop for Told {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it was made for us, and nobody has it any more.
            let _ = unsafe { NetApiBufferFree(self.0.cast()) };
        }
    }
}

fn is_group(name: &str) -> Outcome<bool> {
    let text = Wide::new(name)?;
    let mut told = Told(null_mut());
    // SAFETY: the name ends with a NUL, and what is told goes to our variable.
    let code = unsafe { NetLocalGroupGetInfo(null(), text.as_ptr(), 1, &raw mut told.0) }?;
    Ok(code == 0)
}

/// The name of the account of a container.
fn account_of(container: &SystemId) -> String {
    container.as_str().chars().take(MOST_OF_A_NAME).collect()
}

/// What the account of a container is known by: anybody's may have its name.
fn mark_of(container: &SystemId) -> String {
    // The system takes 256 characters.
    format!("hcsshim: made for the host process container {:.200}", container.as_str())
}

/// Removes the account that was made for a container, if there is one.
pub(super) fn remove_account(container: &SystemId) -> Outcome<()> {
    let user = account_of(container);
    match comment(&user)? {
        Some(comment) if comment == mark_of(container) => remove(&user),
        _ => Ok(()),
    }
}

/// What is noted about a user; `None` if there is none of that name.
fn comment(user: &str) -> Outcome<Option<String>> {
    let name = Wide::new(user)?;
    let mut told = Told(null_mut());
    // SAFETY: the name ends with a NUL, and what is told goes to our variable.
    match unsafe { NetUserGetInfo(null(), name.as_ptr(), 1, &raw mut told.0) }? {
        0 => {}
        NERR_USER_NOT_FOUND => return Ok(None),
        code => return Err(SystemCode(code).into()),
    }
    // SAFETY: the structure is the one of this level; it is read where it is.
    let comment = unsafe { (*told.0.cast::<USER_INFO_1>()).usri1_comment };
    // SAFETY: it is null or a text that ends with a NUL.
    Ok(Some(unsafe { wide::read(comment) }.unwrap_or_default()))
}

fn remove(user: &str) -> Outcome<()> {
    let name = Wide::new(user)?;
    // SAFETY: the name ends with a NUL.
    match unsafe { NetUserDel(null(), name.as_ptr()) }? {
        0 => Ok(()),
        code => Err(SystemCode(code).into()),
    }
}

/// A local account, removed when this is dropped.
#[derive(Debug)]
struct Account(String);

impl Account {
    /// Makes a member of a group; gives its password too.
    fn new(container: &SystemId, group: &str) -> Outcome<(Self, Wide)> {
        let password = Wide::new(uuid::Uuid::new_v4().to_string())?;
        let account = Self::add(account_of(container), &mark_of(container), &password)?;
        let (name, group_name) = (Wide::new(&account.0)?, Wide::new(group)?);
        let member = LOCALGROUP_MEMBERS_INFO_3 { lgrmi3_domainandname: name.as_ptr().cast_mut() };
        // SAFETY: texts end with a NUL; the structure is the one of this level.
        let code = unsafe {
            NetLocalGroupAddMembers(null(), group_name.as_ptr(), 3, (&raw const member).cast(), 1)
        }?;
        match code {
            0 => Ok((account, password)),
            code => Err(refused("add a user to the group", group, SystemCode(code)).into()),
        }
    }

    fn add(user: String, mark: &str, password: &Wide) -> Outcome<Self> {
        let (name, mark) = (Wide::new(&user)?, Wide::new(mark)?);
        let told = USER_INFO_1 {
            usri1_name: name.as_ptr().cast_mut(),
            usri1_password: password.as_ptr().cast_mut(),
            usri1_password_age: 0,
            usri1_priv: USER_PRIV_USER,
            usri1_home_dir: null_mut(),
            usri1_comment: mark.as_ptr().cast_mut(),
            usri1_flags: UF_NORMAL_ACCOUNT | UF_DONT_EXPIRE_PASSWD,
            usri1_script_path: null_mut(),
        };
        // SAFETY: texts end with a NUL; the structure is the one of this level.
        match unsafe { NetUserAdd(null(), 1, (&raw const told).cast(), null_mut()) }? {
            0 => Ok(Self(user)),
            code => Err(refused("create the user", &user, SystemCode(code)).into()),
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Err(failure) = remove(&self.0) {
            tracing::warn!(user = self.0, ?failure, "the account of a container is left");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute::error::Object;

    #[test]
    fn a_user_has_one_domain_at_most() {
        let failure = log_on_user(r"a\b\c").unwrap_err();
        let error = failure.about("log on", Object::Service).to_string();
        assert!(error.contains(r"invalid user string `a\b\c`"), "{error}");
    }

    #[test]
    fn an_account_is_named_as_far_as_names_go() {
        let account = |container: &str| account_of(&container.parse().unwrap());
        assert_eq!(account("c1"), "c1");
        assert_eq!(account(&"0123456789".repeat(6)), "01234567890123456789");
    }

    #[test]
    fn an_account_that_was_there_before_is_left() {
        let user = std::env::var("USERNAME").unwrap();
        assert!(comment(&user).unwrap().is_some(), "{user}");
        remove_account(&user.parse().unwrap()).unwrap();
        assert!(comment(&user).unwrap().is_some(), "{user}");
        remove_account(&"nobody-of-that-name".parse().unwrap()).unwrap();
    }

    #[test]
    fn our_environment_is_known() {
        let own = User::own().unwrap();
        let names: Vec<String> =
            own.environment().into_iter().map(|(name, _)| name.to_uppercase()).collect();
        assert!(
            ["PATH", "SYSTEMROOT"].iter().all(|name| names.iter().any(|n| n == name)),
            "{names:?}"
        );
    }
}
