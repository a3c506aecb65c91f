//! `runhcs` next to `runc` and `crun`, as commands that a user would start.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::figures::{Figure, Series};
use crate::stage::{Result, Stage};

/// Rounds that are not counted, to fill the caches.
const WARM_UP: u32 = 3;

/// `runhcs`, which cargo has put one folder up, where examples have their own.
pub(crate) fn runhcs() -> PathBuf {
    let here = std::env::current_exe().unwrap_or_default();
    here.ancestors().nth(2).map_or_else(|| "runhcs".into(), |folder| folder.join("runhcs"))
}

/// A program that runs bundles. They all know these commands.
struct Runtime {
    name: &'static str,
    program: PathBuf,
}

impl Runtime {
    fn start(&self, arguments: &[&str], bundle: &Path) -> Result<f64> {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(bundle);
        milliseconds(&mut command)
            .map_err(|error| format!("{} {}: {error}", self.name, arguments.join(" ")).into())
    }
}

/// Starts the command and waits for its end.
fn milliseconds(command: &mut Command) -> Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let taken = start.elapsed();
    if !status.success() {
        return Err(format!("it ended with {status}").into());
    }
    Ok(taken.as_secs_f64() * 1000.0)
}

pub(crate) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let ours = Runtime { name: "runhcs", program: runhcs() };
    let bundle = stage.bundle("true", &["/bin/true"])?;
    let sleeper = stage.bundle("sleep", &["/bin/sleep", "100000"])?;
    let mut figures = Vec::new();
    for name in ["runc", "crun"] {
        let peer = Runtime { name, program: name.into() };
        if let Err(error) = peer.start(&["run", "bench-probe"], &bundle) {
            println!("without {name}: {error}");
            continue;
        }
        let (name_of_run, name_of_exec) = match name {
            "runc" => ("run /bin/true", "exec /bin/true"),
            _ => ("run /bin/true, again", "exec /bin/true, again"),
        };
        let run = |runtime: &Runtime| {
            runtime.start(&["run", &format!("bench-{}", runtime.name)], &bundle)
        };
        figures.push(paired(stage, name_of_run, &ours, &peer, run)?);

        let holding = [Sleeper::start(&ours, &sleeper)?, Sleeper::start(&peer, &sleeper)?];
        let exec = |runtime: &Runtime| {
            runtime.start(&["exec", &sleeper_id(runtime), "/bin/true"], &bundle)
        };
        figures.push(paired(stage, name_of_exec, &ours, &peer, exec)?);
        drop(holding);
    }
    Ok(figures)
}

fn paired(
    stage: &Stage,
    name: &'static str,
    ours: &Runtime,
    peer: &Runtime,
    once: impl Fn(&Runtime) -> Result<f64>,
) -> Result<Figure> {
    println!("{name}: runhcs and {}, {} rounds", peer.name, stage.rounds);
    let (mut of_ours, mut of_peer) = (Series::default(), Series::default());
    for round in 0..WARM_UP + stage.rounds {
        let (a, b) = (once(ours)?, once(peer)?);
        if round >= WARM_UP {
            of_ours.0.push(a);
            of_peer.0.push(b);
        }
    }
    Ok(Figure { name, unit: "ms", ours: of_ours, peer: Some((peer.name, of_peer)) })
}

fn sleeper_id(runtime: &Runtime) -> String {
    format!("bench-sleep-{}-{}", runtime.name, std::process::id())
}

/// A container that execs go into; it ends with the value.
struct Sleeper<'a> {
    runtime: &'a Runtime,
    bundle: &'a Path,
}

impl<'a> Sleeper<'a> {
    fn start(runtime: &'a Runtime, bundle: &'a Path) -> Result<Self> {
        runtime.start(&["run", "--detach", &sleeper_id(runtime)], bundle)?;
        Ok(Self { runtime, bundle })
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        if let Err(error) =
            self.runtime.start(&["delete", "--force", &sleeper_id(self.runtime)], self.bundle)
        {
            eprintln!("a container of the benchmark is left: {error}");
        }
    }
}
