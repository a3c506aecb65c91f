//! The frame: a containerd of its own, the measurements, clearing up.

use std::error::Error;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use e2e::containerd::{Containerd, IMAGE, RUNC, RUNHCS, Settings};
use e2e::{Stage, programs};

use crate::figures::{self, Figure, Series};
use crate::{memory, tasks};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Rounds that are not counted, to fill the caches.
const WARM_UP: u32 = 3;

/// What containerd's own shim is called in the table.
const PEER: &str = "runc's shim";

/// A containerd, and how often each is measured.
pub(crate) struct Bench {
    pub(crate) containerd: Containerd,
    rounds: u32,
}

pub(crate) fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the benchmarks failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rounds, json @ ..] = arguments.as_slice() else {
        return Err("usage: bench_shim ROUNDS [JSON]; `cargo xtask bench shim` does it".into());
    };
    let stage = Stage::new("bench shim").ok_or("this machine cannot run it")?;
    let settings = Settings { shims: Some(programs::shims()), ..Settings::default() };
    let containerd = Containerd::with("bench shim", &stage, &settings);
    let containerd = containerd.ok_or("this machine has no containerd")?;
    let bench = Bench { containerd, rounds: rounds.parse::<u32>()?.max(1) };
    let measured = tasks::measure(&bench).and_then(|mut figures| {
        figures.extend(memory::measure(&bench)?);
        Ok(figures)
    });
    let log = bench.containerd.log();
    drop(bench);
    stage.finish();
    let figures = measured.map_err(|error| format!("{error}\n{log}"))?;
    figures::print(&figures);
    if let Some(json) = json.first() {
        std::fs::write(json, serde_json::to_vec_pretty(&figures::to_json(&figures))?)?;
    }
    Ok(())
}

impl Bench {
    /// Measures both shims in turns. What is measured is given the name of the runtime.
    pub(crate) fn paired(
        &self,
        name: &'static str,
        unit: &'static str,
        once: impl Fn(&'static str) -> Result<f64>,
    ) -> Result<Figure> {
        println!("{name}: {} rounds", self.rounds);
        let (mut ours, mut peer) = (Series::default(), Series::default());
        for round in 0..WARM_UP + self.rounds {
            let (a, b) = (once(RUNHCS)?, once(RUNC)?);
            if round >= WARM_UP {
                ours.0.push(a);
                peer.0.push(b);
            }
        }
        Ok(Figure { name, unit, ours, peer: Some((PEER, peer)) })
    }

    /// Makes a call of containerd's client; gives its milliseconds.
    pub(crate) fn call(&self, arguments: &[&str]) -> Result<f64> {
        let mut call: Command = self.containerd.ctr(arguments);
        call.stdout(Stdio::null());
        let start = Instant::now();
        let status = call.status()?;
        let taken = start.elapsed();
        if !status.success() {
            return Err(format!("ctr {}: {status}", arguments.join(" ")).into());
        }
        Ok(taken.as_secs_f64() * 1000.0)
    }

    /// Starts a task that sleeps, with these annotations.
    pub(crate) fn sleeper(&self, runtime: &str, id: &str, annotations: &[&str]) -> Result<()> {
        let fifos = self.containerd.fifos();
        let mut arguments = vec!["run", "--detach", "--runtime", runtime, "--fifo-dir", &fifos];
        arguments.extend(annotations.iter().flat_map(|text| ["--annotation", text]));
        arguments.extend([IMAGE, id, "/bin/sleep", "100000"]);
        self.call(&arguments).map(drop)
    }

    /// Ends one.
    pub(crate) fn end(&self, id: &str) -> Result<()> {
        self.call(&["task", "delete", "--force", id])?;
        self.call(&["container", "delete", id]).map(drop)
    }
}
