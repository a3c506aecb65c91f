//! Users and groups by their names in a container.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;

use oci_spec::runtime::User;
use rustix::fs::{Mode, OFlags, ResolveFlags};

use super::Refusal;
use compute::error::SystemCode;

/// What is read of `/etc/passwd` and `/etc/group` at most, in bytes.
const LIMIT: u64 = 4 << 20;

/// A user of a container, and where its home is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) user: User,
    pub(super) home: String,
}

/// The databases of one container.
pub(crate) struct Users {
    passwd: String,
    group: String,
}

impl Users {
    /// Reads the databases below a container's root, whose symbolic links
    /// cannot lead out of it. A missing one is empty.
    pub(crate) fn read(root: &OwnedFd) -> io::Result<Self> {
        Ok(Self { passwd: file(root, "etc/passwd")?, group: file(root, "etc/group")? })
    }

    /// Finds `user`, `uid`, `user:group` or any mix of names and numbers. An
    /// empty name is root. As elsewhere, a number needs no entry, a name does.
    pub(super) fn find(&self, name: &str) -> Result<Found, Refusal> {
        let (user_part, group_part) = match name.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (name, None),
        };
        let user_part = if user_part.is_empty() { "0" } else { user_part };
        let by_number = user_part.parse::<u32>().ok();
        let entry = self.passwd.lines().filter_map(Entry::parse).find(|entry| match by_number {
            Some(uid) => entry.uid == uid,
            None => entry.name == user_part,
        });
        let (uid, gid, home, login) = match (&entry, by_number) {
            (Some(entry), _) => (entry.uid, entry.gid, entry.home, Some(entry.name)),
            (None, Some(uid)) => (uid, 0, "/", None),
            (None, None) => return Err(unknown("user", user_part)),
        };
        let gid = match group_part {
            Some(group) => self.group_id(group)?,
            None => gid,
        };
        let mut user = User::default();
        user.set_uid(uid).set_gid(gid);
        if group_part.is_none()
            && let Some(login) = login
        {
            let others: Vec<u32> = self.groups_of(login).filter(|other| *other != gid).collect();
            user.set_additional_gids((!others.is_empty()).then_some(others));
        }
        Ok(Found { user, home: home.to_owned() })
    }

    fn group_id(&self, name: &str) -> Result<u32, Refusal> {
        if let Ok(gid) = name.parse() {
            return Ok(gid);
        }
        self.groups()
            .find(|(group, ..)| *group == name)
            .map(|(_, gid, _)| gid)
            .ok_or_else(|| unknown("group", name))
    }

    fn groups_of<'a>(&'a self, user: &'a str) -> impl Iterator<Item = u32> + 'a {
        self.groups()
            .filter(move |(.., members)| members.split(',').any(|member| member == user))
            .map(|(_, gid, _)| gid)
    }

    /// Name, id and members of each group.
    fn groups(&self) -> impl Iterator<Item = (&str, u32, &str)> {
        self.group.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let gid = fields.nth(1)?.parse().ok()?;
            Some((name, gid, fields.next().unwrap_or_default().trim()))
        })
    }
}

struct Entry<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

impl<'a> Entry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        let home = fields.nth(1).filter(|home| home.starts_with('/')).unwrap_or("/");
        Some(Self { name, uid, gid, home })
    }
}

fn unknown(kind: &str, name: &str) -> Refusal {
    Refusal::invalid("User", format!("the container has no {kind} {name:?}"))
        // ERROR_NO_SUCH_USER
        .with_code(SystemCode(1317))
}

fn file(root: &OwnedFd, path: &str) -> io::Result<String> {
    let opened = rustix::fs::openat2(
        root,
        path,
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK,
        Mode::empty(),
        ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
    );
    let file = match opened {
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(String::new()),
        other => File::from(other?),
    };
    if !file.metadata()?.is_file() {
        return Ok(String::new());
    }
    let mut text = Vec::new();
    file.take(LIMIT).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Users {
        Users {
            passwd: "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001::/home/ann:/bin/sh\nbad\n"
                .into(),
            group: "root:x:0:\nann:x:1001:\nwheel:x:10:root,ann\nnone:x:nan:ann\n".into(),
        }
    }

    fn ids(name: &str) -> (u32, u32, Vec<u32>, String) {
        let found = users().find(name).expect(name);
        let others = found.user.additional_gids().clone().unwrap_or_default();
        (found.user.uid(), found.user.gid(), others, found.home)
    }

    #[test]
    fn a_user_is_found_by_name_and_number() {
        assert_eq!(ids(""), (0, 0, vec![10], "/root".into()));
        assert_eq!(ids("ann"), (1000, 1001, vec![10], "/home/ann".into()));
        assert_eq!(ids("1000"), ids("ann"));
        assert_eq!(ids("ann:wheel"), (1000, 10, vec![], "/home/ann".into()));
        assert_eq!(ids("4000"), (4000, 0, vec![], "/".into()));
        assert_eq!(ids("4000:5000"), (4000, 5000, vec![], "/".into()));
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert!(users().find("bob").is_err());
        assert!(users().find("ann:nobody").is_err());
    }
}
