//! What a demo that went wrong would leave on the machine.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// The names of the demo's compute systems.
pub(crate) const IDS: [&str; 2] = ["demo-container", "demo-bundle"];

/// How long a worker may take to end after its container.
const PATIENCE: Duration = Duration::from_secs(2);

/// A line for each thing that is still there, a moment after all was ended.
pub(crate) fn find(folder: &Path) -> io::Result<Vec<String>> {
    let start = Instant::now();
    loop {
        let found = look(folder)?;
        if found.is_empty() || start.elapsed() > PATIENCE {
            return Ok(found);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn look(folder: &Path) -> io::Result<Vec<String>> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let mut found = systems(folder);
    found.extend(mounts_below(folder, &mounts));
    found.extend(control_groups(&mounts));
    found.extend(processes(folder)?);
    Ok(found)
}

fn systems(folder: &Path) -> Vec<String> {
    let systems = ["state/systems", "scratch"].map(|name| folder.join(name));
    let entries = systems.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    entries.map(|entry| format!("state {}", entry.path().display())).collect()
}

fn mounts_below(folder: &Path, mounts: &str) -> Vec<String> {
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    places
        .filter(|place| Path::new(place).starts_with(folder))
        .map(|at| format!("mount {at}"))
        .collect()
}

fn control_groups(mounts: &str) -> Vec<String> {
    let hierarchies = mounts.lines().filter(|line| line.contains(" - cgroup"));
    let places = hierarchies.filter_map(|line| line.split(' ').nth(4));
    let groups = places.flat_map(|place| IDS.map(|id| Path::new(place).join("hcsshim").join(id)));
    groups
        .filter(|group| group.exists())
        .map(|group| format!("control group {}", group.display()))
        .collect()
}

/// Workers inherit the variable that names the state folder.
fn processes(folder: &Path) -> io::Result<Vec<String>> {
    let mark = [b"HCSSHIM_STATE_DIR=", folder.as_os_str().as_bytes()].concat();
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")?.flatten() {
        let name = process.file_name().to_string_lossy().into_owned();
        // One that has ended meanwhile has no environment.
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        let marked = environment.split(|byte| *byte == 0).any(|entry| entry.starts_with(&mark));
        let is_process = name.parse::<u32>().is_ok_and(|pid| pid != std::process::id());
        if marked && is_process {
            let command = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            found.push(format!("process {name} {}", command.trim()));
        }
    }
    Ok(found)
}
