//! Figures of the API: streams, a worker's memory, many containers.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;

use compute::{ComputeService, ComputeSystem, Document, StdioSource, SystemId};
use hcs_schema::schema2::{self, Container, Layer, ProcessParameters, Storage, Version};
use host_linux::LinuxHost;
use tokio::io::AsyncReadExt;

use crate::figures::{Figure, Series};
use crate::stage::{Result, Stage};

/// Megabytes that a process writes to its stdout.
const MEGABYTES: u32 = 1024;

/// Rounds of the measurements that take long.
const LONG_ROUNDS: u32 = 5;

/// How many of the first and of the last containers make a figure.
const SAMPLE: usize = 10;

type System = Box<dyn ComputeSystem>;

pub(crate) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    runtime()?.block_on(async {
        let host = LinuxHost::new();
        let mut figures = Vec::new();
        let system = create(stage, &host, "bench-api").await?;
        figures.push(throughput(stage, &system).await?);
        end(system).await?;
        figures.extend(memory(stage, &host).await?);
        figures.extend(many(stage, &host).await?);
        Ok(figures)
    })
}

/// Ends all containers of the host, whatever became of the measurements.
pub(crate) fn end_all(host: &LinuxHost) -> Result<()> {
    runtime()?.block_on(async {
        for system in host.enumerate(&Default::default()).await? {
            end(host.open(&system.id.parse()?).await?).await?;
        }
        host_linux::gc(host.roots())?;
        Ok(())
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

async fn create(stage: &Stage, host: &LinuxHost, id: &str) -> Result<System> {
    let layer = Layer { path: stage.layer().display().to_string(), ..Layer::default() };
    let document = Document::from(schema2::ComputeSystem {
        owner: "bench".into(),
        schema_version: Some(Version::V21),
        container: Some(Container {
            storage: Some(Storage { layers: vec![layer], ..Storage::default() }),
            ..Container::default()
        }),
        should_terminate_on_last_handle_closed: true,
        ..schema2::ComputeSystem::default()
    });
    let id: SystemId = id.parse()?;
    let system = host.create(&id, &document).await?;
    system.start().await?;
    Ok(system)
}

async fn end(system: System) -> Result<()> {
    system.terminate().await?;
    system.wait().await?;
    system.close().await?;
    Ok(())
}

/// What a process writes, as it arrives at the caller, next to the same
/// program on a pipe of the standard library.
async fn throughput(stage: &Stage, system: &System) -> Result<Figure> {
    println!("stdout of a process: {MEGABYTES} MB, {LONG_ROUNDS} rounds");
    let arguments = ["if=/dev/zero".into(), "bs=64k".into(), format!("count={}", MEGABYTES * 16)];
    let (mut ours, mut plain) = (Series::default(), Series::default());
    for _ in 0..LONG_ROUNDS {
        ours.0.push(through_api(system, &arguments).await?);
        plain.0.push(through_pipe(stage, &arguments)?);
    }
    Ok(Figure {
        name: "stdout of a process",
        unit: "MB/s",
        ours,
        peer: Some(("plain pipe", plain)),
    })
}

async fn through_api(system: &System, arguments: &[String]) -> Result<f64> {
    let parameters = ProcessParameters {
        command_args: [&["/bin/dd".to_owned()], arguments].concat(),
        create_std_out_pipe: true,
        ..ProcessParameters::default()
    };
    let start = Instant::now();
    let process = system.create_process(&parameters, StdioSource::Pipes).await?;
    let mut stdout = process.stdio().await?.stdout.ok_or("a process with a pipe has a stdout")?;
    let mut buffer = vec![0; 64 << 10];
    while stdout.read(&mut buffer).await? > 0 {}
    process.wait().await?;
    Ok(f64::from(MEGABYTES) / start.elapsed().as_secs_f64())
}

fn through_pipe(stage: &Stage, arguments: &[String]) -> Result<f64> {
    let start = Instant::now();
    let mut process = Command::new(stage.layer().join("bin/dd"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdout = process.stdout.take().ok_or("a child with a pipe has a stdout")?;
    let mut buffer = vec![0; 64 << 10];
    while stdout.read(&mut buffer)? > 0 {}
    process.wait()?;
    Ok(f64::from(MEGABYTES) / start.elapsed().as_secs_f64())
}

/// The memory of the worker of a container that holds one process.
async fn memory(stage: &Stage, host: &LinuxHost) -> Result<Vec<Figure>> {
    println!("memory of a worker: {LONG_ROUNDS} rounds");
    let (mut resident, mut idle, mut proportional) =
        (Series::default(), Series::default(), Series::default());
    for round in 0..LONG_ROUNDS {
        let system = create(stage, host, &format!("bench-memory-{round}")).await?;
        let parameters = ProcessParameters {
            command_args: vec!["/bin/sleep".into(), "1000".into()],
            ..ProcessParameters::default()
        };
        let _sleeper = system.create_process(&parameters, StdioSource::Pipes).await?;
        for worker in workers()? {
            resident.0.push(mebibytes(&worker, "smaps_rollup", "Rss:")?);
            proportional.0.push(mebibytes(&worker, "smaps_rollup", "Pss:")?);
        }
        // It gives back what it does not need after a second without work.
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        for worker in workers()? {
            idle.0.push(mebibytes(&worker, "smaps_rollup", "Rss:")?);
        }
        end(system).await?;
    }
    let figure = |name, ours| Figure { name, unit: "MiB", ours, peer: None };
    Ok(vec![
        figure("worker after start (RSS)", resident),
        figure("worker idle for 1 s (RSS)", idle),
        figure("worker after start (PSS)", proportional),
    ])
}

/// The workers of this benchmark: its state folder is in their environment.
fn workers() -> Result<Vec<String>> {
    let state = std::env::var("HCSSHIM_STATE_DIR")?;
    let mark = format!("HCSSHIM_STATE_DIR={state}").into_bytes();
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")?.flatten() {
        let file = |name: &str| fs::read(process.path().join(name)).unwrap_or_default();
        let is_worker = file("comm") == b"hcs-worker\n";
        if is_worker && file("environ").split(|byte| *byte == 0).any(|entry| entry == mark) {
            found.push(process.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(found)
}

fn mebibytes(process: &str, file: &str, field: &str) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/{file}"))?;
    let line =
        text.lines().find_map(|line| line.strip_prefix(field)).ok_or("a process without memory")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1024.0)
}

/// What a container costs while few others are there, and while many are.
async fn many(stage: &Stage, host: &LinuxHost) -> Result<Vec<Figure>> {
    println!("containers 1 to {}, all alive", stage.containers);
    let mut systems = Vec::new();
    let mut made = Vec::new();
    for number in 0..stage.containers {
        let start = Instant::now();
        systems.push(create(stage, host, &format!("bench-many-{number}")).await?);
        made.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    let mut ended = Vec::new();
    for system in systems.into_iter().rev() {
        let start = Instant::now();
        end(system).await?;
        ended.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    ended.reverse();
    let compare = |name, of: &[f64]| {
        let sample = SAMPLE.min(of.len());
        let (first, last) = (of[..sample].to_vec(), of[of.len() - sample..].to_vec());
        Figure { name, unit: "ms", ours: Series(last), peer: Some(("the first", Series(first))) }
    };
    Ok(vec![compare("create and start, the last 10", &made), compare("end, the last 10", &ended)])
}
