//! `conformance`: runs the suite against a host, or puts results side by side.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use conformance::{CaseResult, Containers, Host, HostKind, Outcome, Plan, run, table};

const EXAMPLES: &str = "\
Examples:
  conformance --host fake
  conformance --layer /srv/rootfs --json linux.json
  conformance --case stdio --case 'exit*code' --layer /srv/rootfs
  conformance --host windows --no-layer
  conformance table linux.json windows.json fake.json

A layer for Linux containers is a folder with busybox and links to it:
  mkdir -p /srv/rootfs/bin && cp \"$(command -v busybox)\" /srv/rootfs/bin/
  chroot /srv/rootfs /bin/busybox --install -s /bin";

/// Runs what every compute host has to do against a host.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The host; by default the one of this system.
    #[arg(long)]
    host: Option<Kind>,
    /// What runs in its containers; by default what the host is, or Linux where a
    /// gateway is named (HCSSHIM_GATEWAY).
    #[arg(long)]
    os: Option<Os>,
    /// A read-only layer, the topmost first; may be given more than once.
    #[arg(long = "layer", value_name = "PATH")]
    layers: Vec<String>,
    /// Runs what needs no layer, and skips all that makes containers.
    #[arg(long, conflicts_with = "layers")]
    no_layer: bool,
    /// A writable layer, where the host makes none itself: a volume on Windows. May be
    /// given more than once; then one case runs at a time.
    #[arg(long = "scratch", value_name = "PATH")]
    scratches: Vec<String>,
    /// What the results call the host.
    #[arg(long)]
    name: Option<String>,
    /// Only cases or areas with this in their names; `*` stands for anything.
    #[arg(long = "case", value_name = "PATTERN")]
    cases: Vec<String>,
    /// How many cases run at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Writes the results as JSON to a file, or to stdout for `-`.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Lists the cases.
    #[arg(long)]
    list: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Puts the results of several hosts into one Markdown table.
    Table {
        /// What `--json` wrote.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Linux,
    Windows,
    Fake,
}

#[derive(Clone, Copy, ValueEnum)]
enum Os {
    Linux,
    Windows,
}

fn main() -> ExitCode {
    match program(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("conformance: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether nothing failed.
fn program(arguments: Arguments) -> anyhow::Result<bool> {
    if let Some(Command::Table { files }) = &arguments.command {
        return side_by_side(files);
    }
    let plan = Plan { only: arguments.cases.clone(), jobs: arguments.jobs };
    ensure!(plan.cases().next().is_some(), "no case has that in its name; --list shows them");
    if arguments.list {
        for case in plan.cases() {
            println!("{:<11} {}", case.area, case.name);
        }
        return Ok(true);
    }
    let host = host(&arguments)?;
    let results = run(&host, &plan, |result| eprintln!("{}", table::line(result)));
    eprintln!("{}: {}", host.name(), table::sum(&results));
    if let Some(file) = &arguments.json {
        write_json(file, &results)?;
    }
    Ok(results.iter().all(|result| result.outcome != Outcome::Failed))
}

fn host(arguments: &Arguments) -> anyhow::Result<Host> {
    let kind = arguments.host.unwrap_or(if cfg!(windows) { Kind::Windows } else { Kind::Linux });
    if matches!(kind, Kind::Fake) {
        return Ok(Host::fake());
    }
    ensure!(
        arguments.no_layer || !arguments.layers.is_empty(),
        "name a layer for the containers with --layer, or leave them out with --no-layer"
    );
    let gateway = std::env::var_os("HCSSHIM_GATEWAY").is_some();
    let containers = match (arguments.os, kind) {
        (Some(Os::Linux), _) | (None, Kind::Linux) => Containers::Linux,
        (None, _) if gateway => Containers::Linux,
        _ => Containers::Windows,
    };
    ensure!(
        containers == Containers::Linux || arguments.no_layer || !arguments.scratches.is_empty(),
        "name a volume with a writable layer for the containers with --scratch"
    );
    let layers = arguments.layers.clone();
    let name = |name: &str| arguments.name.clone().unwrap_or_else(|| name.to_owned());
    let host = match kind {
        #[cfg(target_os = "linux")]
        Kind::Linux => {
            let service = Arc::new(host_linux::LinuxHost::new());
            Host::real(HostKind::Linux, name("linux"), containers, layers, service)
        }
        #[cfg(windows)]
        Kind::Windows => {
            let service = Arc::new(host_windows::WindowsHost::new());
            let name = name(if gateway { "wine" } else { "windows" });
            Host::real(HostKind::Windows, name, containers, layers, service)
        }
        _ => bail!("that host is of another operating system"),
    };
    Ok(host.with_scratches(arguments.scratches.clone()))
}

fn write_json(file: &Path, results: &[CaseResult]) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(results)?;
    text.push('\n');
    if file == Path::new("-") {
        return Ok(std::io::stdout().write_all(text.as_bytes())?);
    }
    std::fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}

fn side_by_side(files: &[PathBuf]) -> anyhow::Result<bool> {
    let mut results: Vec<CaseResult> = Vec::new();
    for file in files {
        let failed = || format!("reading {}", file.display());
        let text = std::fs::read(file).with_context(failed)?;
        results.extend(serde_json::from_slice::<Vec<CaseResult>>(&text).with_context(failed)?);
    }
    print!("{}", table::markdown(&results));
    Ok(results.iter().all(|result| result.outcome != Outcome::Failed))
}
