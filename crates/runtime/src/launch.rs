//! A process of a container, from `process` of the specification to `execve`.

use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::io::{self, BufRead as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use oci_spec::runtime::{Linux, PosixRlimit, PosixRlimitType, Process, User};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Gid, Resource, Rlimit, Uid, chdir, setrlimit};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use crate::capabilities::Sets;
use crate::error::{At, Error};
use crate::filter::Filter;
use crate::label::Label;
use crate::schedule::Schedule;
use crate::sync::Channel;
use crate::sys;

/// Where the process will run, as far as its preparation depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) in_user_namespace: bool,
    pub(crate) allow_setgroups: bool,
    pub(crate) is_exec: bool,
}

/// A process, checked and made ready for the kernel before anything is forked.
#[derive(Debug)]
pub(crate) struct Launch {
    args: Vec<CString>,
    env: Vec<CString>,
    cwd: CString,
    pub(crate) uid: u32,
    gid: u32,
    umask: u32,
    groups: Option<Vec<Gid>>,
    capabilities: Sets,
    rlimits: Vec<(Resource, Rlimit)>,
    no_new_privileges: bool,
    pub(crate) oom_score_adj: Option<i32>,
    pub(crate) schedule: Schedule,
    pub(crate) filter: Option<Filter>,
    label: Option<Label>,
}

impl Launch {
    pub(crate) fn prepare(
        process: &Process,
        linux: Option<&Linux>,
        place: Place,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Error> {
        if process.command_line().is_some() {
            let reason = "it is for Windows containers: use process.args";
            return Err(Error::unsupported("process.commandLine", reason));
        }
        let args = strings("process.args", process.args())?;
        if args.is_empty() {
            return Err(Error::invalid("process.args", "names no program"));
        }
        let env = strings("process.env", process.env())?;
        if let Some(place) = env.iter().position(|text| !text.as_bytes().contains(&b'=')) {
            let reason = "is not of the form NAME=VALUE";
            return Err(Error::invalid(format!("process.env[{place}]"), reason));
        }
        if !process.cwd().is_absolute() {
            let reason = format!("{} is not absolute", process.cwd().display());
            return Err(Error::invalid("process.cwd", reason));
        }
        let user = process.user();
        if user.username().is_some() {
            let reason = "it is for Windows containers: use uid and gid";
            return Err(Error::unsupported("process.user.username", reason));
        }
        Ok(Self {
            args,
            env,
            cwd: path_string("process.cwd", process.cwd())?,
            uid: user.uid(),
            gid: user.gid(),
            umask: umask(user)?,
            groups: groups(user, place.allow_setgroups)?,
            capabilities: Sets::read(
                process.capabilities().as_ref(),
                place.in_user_namespace,
                warnings,
            )?,
            rlimits: rlimits(process.rlimits().as_deref().unwrap_or_default())?,
            no_new_privileges: process.no_new_privileges().unwrap_or(false),
            oom_score_adj: oom_score_adj(process)?,
            schedule: Schedule::read(
                process,
                linux.and_then(|linux| linux.memory_policy().as_ref()),
                place.is_exec,
            )?,
            filter: linux
                .and_then(|linux| linux.seccomp().as_ref())
                .map(Filter::prepare)
                .transpose()?,
            label: Label::read(process)?,
        })
    }

    /// The working directory, for the one who makes it.
    pub(crate) fn cwd(&self) -> &CStr {
        &self.cwd
    }

    /// What needs the maker's privileges: limits, scheduling, the user, most of the capabilities.
    /// The process can then be left waiting for [`Self::execute`].
    pub(crate) fn become_user(&self) -> Result<(), Error> {
        for (resource, limit) in &self.rlimits {
            setrlimit(*resource, *limit)
                .at_with(|| ("process.rlimits".into(), format!("set {resource:?} to {limit:?}")))?;
        }
        self.schedule.apply()?;
        self.enter_cwd_if_allowed()?;
        self.capabilities.limit_bounding()?;
        rustix::process::umask(Mode::from_raw_mode(self.umask));
        sys::keep_capabilities().at("process.capabilities", "keep capabilities")?;
        self.set_user()?;
        self.capabilities.apply(self.keeps_admin())?;
        // A change of user makes the kernel forget both.
        sys::set_dumpable(false).at("process", "hide the process")?;
        sys::die_with_parent().at("process", "tie the process to its parent")
    }

    /// Without no_new_privs only CAP_SYS_ADMIN may install a filter.
    fn keeps_admin(&self) -> bool {
        self.filter.is_some() && !self.no_new_privileges
    }

    fn set_user(&self) -> Result<(), Error> {
        let failed = |operation: String| {
            |error: rustix::io::Errno| Error::User { operation, source: error.into() }
        };
        if let Some(groups) = &self.groups {
            let what = || format!("set the groups {groups:?}");
            set_thread_groups(groups).map_err(|error| failed(what())(error))?;
        }
        let gid = Gid::from_raw(self.gid);
        set_thread_res_gid(gid, gid, gid).map_err(failed(format!("set gid {}", self.gid)))?;
        let uid = Uid::from_raw(self.uid);
        set_thread_res_uid(uid, uid, uid).map_err(failed(format!("set uid {}", self.uid)))
    }

    /// Goes to the working directory with the maker's rights; one that only the user may enter is
    /// entered later.
    fn enter_cwd_if_allowed(&self) -> Result<(), Error> {
        match chdir(&*self.cwd) {
            Err(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => Ok(()),
            other => other.at_with(|| ("process.cwd".into(), format!("enter {:?}", self.cwd))),
        }
    }

    /// Takes the last rights away for one who executes something before the program: a hook.
    pub(crate) fn drop_to_final(&self) -> Result<(), Error> {
        if self.no_new_privileges {
            sys::no_new_privileges().at("process.noNewPrivileges", "set no_new_privs")?;
        }
        self.capabilities.apply(false)
    }

    /// Executes the program. `proc` is the `/proc` of the maker, which the container can't have
    /// tampered with. Returns only when it fails.
    pub(crate) fn execute(&self, channel: &Channel, proc: &OwnedFd) -> Result<Infallible, Error> {
        chdir(&*self.cwd).at_with(|| ("process.cwd".into(), format!("enter {:?}", self.cwd)))?;
        check_working_directory()?;
        let candidates = self.candidates();
        let home = self.home();
        let args = pointers(self.args.iter());
        let env = pointers(self.env.iter().chain(home.as_ref()));
        if let Some(label) = &self.label {
            label.apply(proc)?;
        }
        sys::reset_signals();
        if self.no_new_privileges {
            sys::no_new_privileges().at("process.noNewPrivileges", "set no_new_privs")?;
            self.capabilities.apply(false)?;
            self.install_filter(channel)?;
        } else {
            self.install_filter(channel)?;
            self.capabilities.apply(false)?;
        }
        // As a shell does, a file that may not be executed is remembered, but the search goes on.
        let mut failure = io::Error::from_raw_os_error(libc::ENOENT);
        for candidate in &candidates {
            let error = sys::execve(candidate, &args, &env);
            match error.raw_os_error() {
                Some(libc::ENOENT | libc::ENOTDIR) => {}
                Some(libc::EACCES) => failure = error,
                _ => {
                    failure = error;
                    break;
                }
            }
        }
        let program = self.args[0].to_string_lossy().into_owned();
        Err(Error::Exec { program, source: failure })
    }

    fn install_filter(&self, channel: &Channel) -> Result<(), Error> {
        self.filter.as_ref().map_or(Ok(()), |filter| filter.install(channel))
    }

    /// The files that the program's name may mean, in order.
    fn candidates(&self) -> Vec<CString> {
        let name = self.args[0].as_bytes();
        if name.contains(&b'/') {
            return vec![self.args[0].clone()];
        }
        let path = self.env.iter().rev().find_map(|text| text.as_bytes().strip_prefix(b"PATH="));
        let directories = path.unwrap_or(DEFAULT_PATH).split(|byte| *byte == b':');
        let files = directories.filter(|_| !name.is_empty()).map(|directory| {
            let directory: &[u8] = if directory.is_empty() { b"." } else { directory };
            CString::new([directory, b"/", name].concat()).unwrap_or_default()
        });
        files.collect()
    }

    /// `HOME` as the container's password file has it, when the environment does not say.
    fn home(&self) -> Option<CString> {
        if self.env.iter().any(|text| text.as_bytes().starts_with(b"HOME=")) {
            return None;
        }
        let home = password_home(self.uid);
        CString::new([b"HOME=", home.as_deref().unwrap_or(b"/")].concat()).ok()
    }
}

/// Where programs are looked for when the environment has no `PATH`.
const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The most of a password file that is read; the file is the container's.
const PASSWORD_FILE_LIMIT: u64 = 1 << 20;

fn password_home(uid: u32) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::open("/etc/passwd", flags, Mode::empty()).ok()?;
    let kind = rustix::fs::fstat(&file).ok()?.st_mode;
    if rustix::fs::FileType::from_raw_mode(kind) != rustix::fs::FileType::RegularFile {
        return None;
    }
    let limited = io::Read::take(std::fs::File::from(file), PASSWORD_FILE_LIMIT);
    io::BufReader::with_capacity(2048, limited).split(b'\n').map_while(Result::ok).find_map(
        |line| {
            let mut fields = line.split(|byte| *byte == b':');
            let found: u32 = std::str::from_utf8(fields.nth(2)?).ok()?.parse().ok()?;
            let home = fields.nth(2)?;
            (found == uid && !home.is_empty()).then(|| home.to_vec())
        },
    )
}

/// A working directory outside the container's root would let the process out (CVE-2024-21626).
fn check_working_directory() -> Result<(), Error> {
    let mut buffer = [0; 4096];
    match sys::working_directory(&mut buffer) {
        Ok(_) if buffer[0] == b'/' => Ok(()),
        Ok(_) => Err(Error::invalid("process.cwd", "lies outside the container's root")),
        // It lies in the root, or it would be told as unreachable, but is too deep to print.
        Err(error) if error.raw_os_error() == Some(libc::ENAMETOOLONG) => Ok(()),
        Err(error) => Err(Error::kernel("process.cwd", "read the working directory", error)),
    }
}

fn pointers<'a>(texts: impl Iterator<Item = &'a CString>) -> Vec<*const libc::c_char> {
    texts.map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
}

fn strings(field: &str, texts: &Option<Vec<String>>) -> Result<Vec<CString>, Error> {
    let texts = texts.as_deref().unwrap_or_default().iter().enumerate();
    texts
        .map(|(place, text)| {
            CString::new(text.as_bytes())
                .map_err(|_| Error::invalid(format!("{field}[{place}]"), "holds a zero byte"))
        })
        .collect()
}

/// A path as the kernel takes it.
pub(crate) fn path_string(field: &str, path: &Path) -> Result<CString, Error> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Error::invalid(field, "holds a zero byte"))
}

fn umask(user: &User) -> Result<u32, Error> {
    match user.umask() {
        None => Ok(0o022),
        Some(umask) if umask <= 0o777 => Ok(umask),
        Some(umask) => Err(Error::invalid("process.user.umask", format!("{umask:o} is above 777"))),
    }
}

/// The supplementary groups; nothing where they can't be set and none are asked for.
fn groups(user: &User, allowed: bool) -> Result<Option<Vec<Gid>>, Error> {
    let groups = user.additional_gids().as_deref().unwrap_or_default();
    if allowed {
        return Ok(Some(groups.iter().map(|gid| Gid::from_raw(*gid)).collect()));
    }
    if groups.is_empty() {
        return Ok(None);
    }
    Err(Error::unsupported(
        "process.user.additionalGids",
        "in a user name space made without privileges setgroups is denied: map a range of groups",
    ))
}

fn oom_score_adj(process: &Process) -> Result<Option<i32>, Error> {
    match process.oom_score_adj() {
        Some(score) if !(-1000..=1000).contains(&score) => {
            Err(Error::invalid("process.oomScoreAdj", format!("{score} is not in -1000..=1000")))
        }
        score => Ok(score),
    }
}

fn rlimits(wanted: &[PosixRlimit]) -> Result<Vec<(Resource, Rlimit)>, Error> {
    let mut limits = Vec::<(Resource, Rlimit)>::with_capacity(wanted.len());
    for (place, limit) in wanted.iter().enumerate() {
        let resource = resource(limit.typ()).ok_or_else(|| {
            Error::unsupported(
                format!("process.rlimits[{place}].type"),
                format!("{} is not known here", limit.typ()),
            )
        })?;
        if limits.iter().any(|(other, _)| *other == resource) {
            let field = format!("process.rlimits[{place}].type");
            return Err(Error::invalid(field, format!("{} is set twice", limit.typ())));
        }
        if limit.soft() > limit.hard() {
            let reason = format!("soft {} is above hard {}", limit.soft(), limit.hard());
            return Err(Error::invalid(format!("process.rlimits[{place}]"), reason));
        }
        let finite = |value: u64| (value != u64::MAX).then_some(value);
        let limit = Rlimit { current: finite(limit.soft()), maximum: finite(limit.hard()) };
        limits.push((resource, limit));
    }
    Ok(limits)
}

fn resource(typ: PosixRlimitType) -> Option<Resource> {
    Some(match typ {
        PosixRlimitType::RlimitCpu => Resource::Cpu,
        PosixRlimitType::RlimitFsize => Resource::Fsize,
        PosixRlimitType::RlimitData => Resource::Data,
        PosixRlimitType::RlimitStack => Resource::Stack,
        PosixRlimitType::RlimitCore => Resource::Core,
        PosixRlimitType::RlimitRss => Resource::Rss,
        PosixRlimitType::RlimitNproc => Resource::Nproc,
        PosixRlimitType::RlimitNofile => Resource::Nofile,
        PosixRlimitType::RlimitMemlock => Resource::Memlock,
        PosixRlimitType::RlimitAs => Resource::As,
        PosixRlimitType::RlimitLocks => Resource::Locks,
        PosixRlimitType::RlimitSigpending => Resource::Sigpending,
        PosixRlimitType::RlimitMsgqueue => Resource::Msgqueue,
        PosixRlimitType::RlimitNice => Resource::Nice,
        PosixRlimitType::RlimitRtprio => Resource::Rtprio,
        PosixRlimitType::RlimitRttime => Resource::Rttime,
        #[allow(unreachable_patterns, reason = "a later kind of limit is refused by name")]
        _ => return None,
    })
}
