//! What a test has left on the machine.
//!
//! Other tests run at the same time, so only what bears this test's marks
//! counts: paths below its folder, names with its tag.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal};

/// What is left of one stage.
#[derive(Debug, Default)]
pub struct Leaks {
    /// Lines of this process's mount table.
    pub mounts: Vec<String>,
    /// Folders in a control group hierarchy.
    pub cgroups: Vec<PathBuf>,
    /// Processes: pid and what they show.
    pub processes: Vec<(i32, String)>,
    /// Entries of the state and scratch folders.
    pub files: Vec<PathBuf>,
}

impl Leaks {
    /// Looks for what bears the marks.
    pub fn find(folder: &Path, tag: &str) -> Self {
        let marks = Marks { folder: folder.display().to_string(), tag };
        Self {
            mounts: marks.mounts(),
            cgroups: cgroups(tag),
            processes: marks.processes(),
            files: files(folder),
        }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.mounts.is_empty()
            && self.cgroups.is_empty()
            && self.processes.is_empty()
            && self.files.is_empty()
    }

    /// Clears it away, for the tests that come after.
    pub fn clear(&self) {
        for (pid, _) in &self.processes {
            if let Some(pid) = Pid::from_raw(*pid) {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
        for line in &self.mounts {
            if let Some(point) = line.split(' ').nth(4) {
                let _ = rustix::mount::unmount(point, rustix::mount::UnmountFlags::DETACH);
            }
        }
        for cgroup in &self.cgroups {
            remove_cgroup(cgroup);
        }
    }
}

struct Marks<'a> {
    folder: String,
    tag: &'a str,
}

impl Marks<'_> {
    fn mounts(&self) -> Vec<String> {
        let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        table.lines().filter(|line| line.contains(&self.folder)).map(str::to_owned).collect()
    }

    /// Processes in a control group of the test's, with a file of its folder
    /// open, or that see a mount made from it.
    fn processes(&self) -> Vec<(i32, String)> {
        let me = std::process::id().cast_signed();
        let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
        pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| *pid != me && !self.is_own_thread_or_gone(*pid))
            .filter_map(|pid| Some((pid, self.marked(pid)?)))
            .collect()
    }

    fn is_own_thread_or_gone(&self, pid: i32) -> bool {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
        matches!(state, None | Some('Z' | 'X'))
    }

    fn marked(&self, pid: i32) -> Option<String> {
        let read = |name: &str| {
            let bytes = fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        let in_cgroup = read("cgroup").contains(self.tag);
        // Private mounts of a test's own process are what mounts() shows.
        let sees = |pid: i32| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
        let own_table = sees(pid) == fs::read_link("/proc/self/ns/mnt").ok();
        let mounted = !own_table && read("mountinfo").contains(&self.folder);
        let open = fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| fs::read_link(entry.path()).ok())
            .any(|target| target.starts_with(&self.folder));
        let marks =
            [("in its control group", in_cgroup), ("mounts", mounted), ("open files", open)];
        let marks: Vec<&str> = marks.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
        (!marks.is_empty()).then(|| format!("{} ({})", read("cmdline"), marks.join(", ")))
    }
}

/// The folders of all hierarchies whose name has the tag in it.
pub fn cgroups(tag: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, tag: &str, depth: u32, found: &mut Vec<PathBuf>) {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let path = entry.path();
            if entry.file_name().to_string_lossy().contains(tag) {
                found.push(path.clone());
            } else if depth > 0 {
                walk(&path, tag, depth - 1, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new("/sys/fs/cgroup"), tag, 4, &mut found);
    found
}

fn remove_cgroup(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_cgroup(&entry.path());
        }
    }
    let thaw = folder.join("freezer.state");
    if thaw.exists() {
        let _ = fs::write(thaw, "THAWED");
    }
    let pids = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    for pid in pids.lines().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
    for _ in 0..100 {
        if fs::remove_dir(folder).is_ok() || !folder.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// The files and links in the state and scratch folders, and the folders that
/// a system has there.
fn files(folder: &Path) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                walk(&entry.path(), found);
            } else {
                found.push(entry.path());
            }
        }
    }
    let mut found = Vec::new();
    for name in ["state", "scratch"] {
        walk(&folder.join(name), &mut found);
    }
    for name in ["state/systems", "scratch"] {
        let systems = fs::read_dir(folder.join(name)).into_iter().flatten().flatten();
        found.extend(systems.map(|entry| entry.path()));
    }
    found
}
