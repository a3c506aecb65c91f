//! What the ways show, side by side.

use std::collections::BTreeMap;
use std::fmt::Write;

use e2e::drive::Ran;

/// The differences that are meant: the section, a part of the line, and why.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "cgroup",
        ":/",
        "a hierarchy of version 1 is joined when a limit, a counter or a pause needs it",
    ),
    ("mounts", " /sys ro,", "the mount is read-only, not the file system behind it"),
    ("mounts", " /sys/fs/cgroup", "the file systems of control groups bear no source name"),
    ("ids", "002", "an exec has the umask that its process names; runc leaves it"),
    (
        "limits",
        "Max open files",
        "a runc built with Go 1.19 gives an exec the hard limit as the soft one, at times",
    ),
    ("mounts", " - tmpfs ", "a masked folder is an empty tmpfs that holds one file at most"),
];

/// The lines of each section, in the order of the sections' names.
type Sections = BTreeMap<String, Vec<String>>;

/// The outcome of one bundle, by each way.
pub(crate) struct Report {
    title: String,
    reference: Ran,
    ours: Vec<(&'static str, Ran)>,
}

impl Report {
    pub(crate) fn new(title: &str, reference: Ran) -> Self {
        Self { title: title.into(), reference, ours: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: &'static str, ran: Ran) {
        self.ours.push((name, ran));
    }

    /// Prints what differs, and fails where it is not in the table.
    pub(crate) fn check(&self) {
        let reference = sections(&self.reference.out);
        assert!(reference.len() > 20, "runc: {:?}", self.reference);
        let mut text = format!("{}, runc against:\n", self.title);
        let mut faults = 0;
        for (name, ran) in &self.ours {
            let ours = sections(&ran.out);
            let _ = writeln!(text, "- {name}: {} sections", ours.len());
            if (self.reference.code, &self.reference.err) != (ran.code, &ran.err) {
                faults += 1;
                let _ = writeln!(
                    text,
                    "  FAULT exit code and stderr: {:?} | {:?}",
                    (self.reference.code, &self.reference.err),
                    (ran.code, &ran.err)
                );
            }
            let names =
                reference.keys().chain(ours.keys().filter(|key| !reference.contains_key(*key)));
            for section in names {
                let none = Vec::new();
                let theirs = reference.get(section).unwrap_or(&none);
                faults += compare(&mut text, section, theirs, ours.get(section).unwrap_or(&none));
            }
        }
        println!("{text}");
        assert_eq!(faults, 0, "differences from runc that no one meant, see above");
    }
}

/// Writes the lines of a section that only one side has, and gives how many
/// are not in the table.
fn compare(text: &mut String, section: &str, theirs: &[String], ours: &[String]) -> usize {
    if theirs == ours {
        return 0;
    }
    let rest = |lines: &[String], others: &[String]| -> Vec<String> {
        let mut others = others.to_vec();
        let mut rest = Vec::new();
        for line in lines {
            match others.iter().position(|other| other == line) {
                Some(index) => drop(others.remove(index)),
                None => rest.push(line.clone()),
            }
        }
        rest
    };
    let (mut theirs_only, mut ours_only) = (rest(theirs, ours), rest(ours, theirs));
    if section == "mounts" {
        let point = |line: &String| line.split(' ').nth(1).unwrap_or_default().to_owned();
        theirs_only.sort_by_key(point);
        ours_only.sort_by_key(point);
    }
    let mut faults = 0;
    if theirs_only.is_empty() && ours_only.is_empty() && section != "mounts" {
        faults += 1;
        let _ = writeln!(text, "  FAULT {section}: the order: {theirs:?} | {ours:?}");
    }
    let empty = String::new();
    for index in 0..theirs_only.len().max(ours_only.len()) {
        let (left, right) =
            (theirs_only.get(index).unwrap_or(&empty), ours_only.get(index).unwrap_or(&empty));
        let reason = ALLOWED.iter().find(|(of, part, _)| {
            *of == section
                && [left, right].iter().all(|line| line.is_empty() || line.contains(part))
        });
        let verdict = match reason {
            Some((_, _, why)) => format!("meant: {why}"),
            None => {
                faults += 1;
                "FAULT".into()
            }
        };
        let _ = writeln!(text, "  {section}: {left:<60} | {right:<60} | {verdict}");
    }
    faults
}

fn sections(out: &str) -> Sections {
    let mut sections = Sections::new();
    let mut name = String::new();
    for line in out.lines() {
        match line.strip_prefix("== ") {
            Some(section) => name = section.to_owned(),
            None => sections.entry(name.clone()).or_default().push(normal(&name, line)),
        }
    }
    sections
}

/// A namespace's inode says only whether it is the host's. Whether the two
/// signals that the C library keeps for itself are ignored is the caller's doing.
fn normal(section: &str, line: &str) -> String {
    // runc's own processes take the numbers between.
    if line.starts_with("NSpid:\t") && line != "NSpid:\t1" {
        return "NSpid: not the first".into();
    }
    if let Some(bits) = line.strip_prefix("SigIgn:\t") {
        let bits = u64::from_str_radix(bits, 16).unwrap_or(u64::MAX);
        return format!("SigIgn: {:x}", bits & !(0b11 << 31));
    }
    match (section, line.split_once(' ')) {
        ("namespaces", Some((name, link))) => {
            let host = std::fs::read_link(format!("/proc/self/ns/{name}")).unwrap_or_default();
            let whose = if host.as_os_str() == link { "the host's" } else { "its own" };
            format!("{name} {whose}")
        }
        _ => line.to_owned(),
    }
}
