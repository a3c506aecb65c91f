//! The memory that a pod costs beside its own processes: the shim, and with ours the
//! workers of its containers.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::figures::Figure;
use crate::stage::{Bench, Result};

/// After this long without work a worker has given back what it does not need.
const IDLE: Duration = Duration::from_millis(1500);

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let pod = |containers, of| move |runtime| in_pod(bench, runtime, containers, of);
    let both = ["containerd-shim", "hcs-worker"];
    Ok(vec![
        bench.paired("shim, pod of 1 (PSS)", "MiB", pod(1, &both[..1]))?,
        bench.paired("shim, pod of 10 (PSS)", "MiB", pod(10, &both[..1]))?,
        bench.paired("shim and workers, pod of 1 (PSS)", "MiB", pod(1, &both))?,
        bench.paired("shim and workers, pod of 10 (PSS)", "MiB", pod(10, &both))?,
    ])
}

/// The memory of what manages a pod of a sandbox and so many containers less one:
/// processes whose names begin so.
fn in_pod(bench: &Bench, runtime: &str, containers: usize, of: &[&str]) -> Result<f64> {
    let ids: Vec<String> = (0..containers).map(|number| format!("pod-{number}")).collect();
    for id in &ids {
        let kind = if *id == ids[0] { "sandbox" } else { "container" };
        let kind = format!("io.kubernetes.cri.container-type={kind}");
        let pod = format!("io.kubernetes.cri.sandbox-id={}", ids[0]);
        bench.sleeper(runtime, id, &[&kind, &pod])?;
    }
    std::thread::sleep(IDLE);
    let memory = managers(&bench.containerd.address(), of)?;
    for id in ids.iter().rev() {
        bench.end(id)?;
    }
    Ok(memory)
}

/// The mebibytes of such processes of a containerd, which have its folder in their
/// command line or in their environment; what is shared counts in shares.
fn managers(address: &Path, names: &[&str]) -> Result<f64> {
    let folder = address.parent().unwrap_or(address).display().to_string();
    let mut kibibytes = 0.0;
    for process in fs::read_dir("/proc")?.flatten() {
        let text = |name: &str| {
            let bytes = fs::read(process.path().join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let is_one = names.iter().any(|name| text("comm").starts_with(name));
        let ours = || text("cmdline").contains(&folder) || text("environ").contains(&folder);
        if is_one && ours() {
            let rollup = text("smaps_rollup");
            let share = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
            let share = share.ok_or("a process without memory")?;
            kibibytes += share.trim().trim_end_matches(" kB").parse::<f64>()?;
        }
    }
    Ok(kibibytes / 1024.0)
}
