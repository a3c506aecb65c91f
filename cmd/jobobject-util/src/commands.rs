//! What each command does.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::cli::{self, Cli, Command, Get, Set};
use crate::job::Job;

pub(crate) fn run(command: Command) -> Result<()> {
    match command {
        Command::Get(asked) => Ok(appargs::print(get(&asked)?.as_bytes())?),
        Command::Set(asked) => set(&asked),
        Command::Completions(asked) => Ok(appargs::completions::<Cli>(asked.shell)?),
    }
}

fn get(asked: &Get) -> Result<String> {
    let Some(name) = asked.target.name() else {
        bail!("`get` command must specify a target job object name");
    };
    let job = Job::open(name, asked.target.use_nt)?;
    one_of_two(asked.cpu_limit && asked.cpu_weight)?;
    let mut text = String::new();
    if asked.cpu_limit {
        writeln!(text, "cpu-limit: {}", job.cpu_rate()?)?;
    }
    if asked.cpu_weight {
        writeln!(text, "cpu-weight: {}", job.cpu_weight()?)?;
    }
    if asked.memory_limit {
        writeln!(text, "memory-limit: {}", job.memory_limit()?)?;
    }
    if asked.cpu_affinity {
        writeln!(text, "cpu-affinity: {:b}", job.affinity()?)?;
    }
    text.push('\n');
    Ok(text)
}

fn set(asked: &Set) -> Result<()> {
    let Some(name) = asked.target.name() else {
        bail!("`set` command must specify a job object name");
    };
    let job = Job::open(name, asked.target.use_nt)?;
    one_of_two(asked.cpu_limit.is_some() && asked.cpu_weight.is_some())?;
    // Before anything is set.
    let affinity = asked.cpu_affinity.as_deref().map(cli::mask).transpose()?;
    if let Some(rate) = asked.cpu_limit {
        job.set_cpu_rate(rate)?;
    }
    if let Some(weight) = asked.cpu_weight {
        job.set_cpu_weight(weight)?;
    }
    if let Some(bytes) = asked.memory_limit {
        job.set_memory_limit(bytes)?;
    }
    if let Some(mask) = affinity {
        job.set_affinity(mask)?;
    }
    Ok(())
}

/// A job's processor time is limited in one way or the other.
fn one_of_two(both: bool) -> Result<()> {
    if both {
        bail!("cpu limit and weight are mutually exclusive");
    }
    Ok(())
}
