//! What a call of containerd's client takes, and how fast output comes.

use e2e::containerd::{IMAGE, RUNC, RUNHCS};

use crate::figures::Figure;
use crate::stage::{Bench, Result};

/// Mebibytes that a process writes to its stdout.
const MEBIBYTES: u32 = 2048;

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let run = |runtime| bench.call(&["run", "--rm", "--runtime", runtime, IMAGE, "r", "/bin/true"]);
    let mut figures = vec![bench.paired("ctr run --rm /bin/true", "ms", run)?];

    for runtime in [RUNHCS, RUNC] {
        bench.sleeper(runtime, holder(runtime), &[])?;
    }
    let exec = |runtime, command: &[&str]| {
        let head = ["task", "exec", "--exec-id", "e", holder(runtime)];
        bench.call(&[&head[..], command].concat())
    };
    let ran = |runtime| exec(runtime, &["/bin/true"]);
    figures.push(bench.paired("ctr task exec /bin/true", "ms", ran)?);

    let count = format!("count={}", MEBIBYTES * 16);
    let dd = ["/bin/dd", "if=/dev/zero", "bs=64k", &count];
    let of_task = |runtime| {
        let head = ["run", "--rm", "--runtime", runtime, IMAGE, "r"];
        Ok(per_second(bench.call(&[&head[..], &dd].concat())?))
    };
    figures.push(bench.paired("stdout of a task, 2 GiB", "MiB/s", of_task)?);
    let of_exec = |runtime| Ok(per_second(exec(runtime, &dd)?));
    figures.push(bench.paired("stdout of an exec, 2 GiB", "MiB/s", of_exec)?);
    for runtime in [RUNHCS, RUNC] {
        bench.end(holder(runtime))?;
    }
    Ok(figures)
}

/// The task that execs go into.
fn holder(runtime: &str) -> &'static str {
    if runtime == RUNHCS { "holds-ours" } else { "holds-peer" }
}

fn per_second(milliseconds: f64) -> f64 {
    f64::from(MEBIBYTES) * 1000.0 / milliseconds
}
