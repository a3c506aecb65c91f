//! `cargo xtask test`: the lanes one after the other, and what became of them.

mod lanes;
mod report;
mod wine;

use std::time::Instant;

use anyhow::{Result, bail};

use self::lanes::LANES;
use self::report::{Outcome, Report};

/// Which tests to run.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only this lane; may be given more than once.
    #[arg(long = "lane", value_name = "NAME")]
    lanes: Vec<String>,
    /// Also what takes long: 10,000 execs in the soak lane, a minute for each fuzz target.
    #[arg(long)]
    full: bool,
    /// A lane that this machine cannot run is no failure.
    #[arg(long)]
    allow_missing: bool,
    /// Lists the lanes and what each does.
    #[arg(long)]
    list: bool,
}

/// A part of the tests with a result of its own.
struct Lane {
    name: &'static str,
    about: &'static str,
    run: fn(&Arguments) -> Outcome,
}

/// Runs the lanes that were asked for.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.list {
        for lane in LANES {
            println!("{:<12} {}", lane.name, lane.about);
        }
        return Ok(());
    }
    let chosen = choose(arguments)?;
    let mut report = Report::default();
    for (number, lane) in chosen.iter().enumerate() {
        println!("\n== lane {} ({} of {}): {}", lane.name, number + 1, chosen.len(), lane.about);
        let start = Instant::now();
        let outcome = (lane.run)(arguments);
        println!("== lane {}: {outcome} after {:.1} s", lane.name, start.elapsed().as_secs_f64());
        report.add(lane.name, start.elapsed(), outcome);
    }
    print!("\n{report}");
    if report.is_failure(arguments.allow_missing) {
        bail!("not every lane passed");
    }
    Ok(())
}

fn choose(arguments: &Arguments) -> Result<Vec<&'static Lane>> {
    if arguments.lanes.is_empty() {
        return Ok(LANES.iter().collect());
    }
    let known = |name: &String| LANES.iter().find(|lane| lane.name == name);
    if let Some(unknown) = arguments.lanes.iter().find(|name| known(name).is_none()) {
        let names: Vec<_> = LANES.iter().map(|lane| lane.name).collect();
        bail!("there is no lane {unknown:?}; there are {}", names.join(", "));
    }
    Ok(arguments.lanes.iter().filter_map(known).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(lanes: &[&str]) -> Arguments {
        let lanes = lanes.iter().map(|name| (*name).to_owned()).collect();
        Arguments { lanes, full: false, allow_missing: false, list: false }
    }

    #[test]
    fn all_lanes_run_by_default() {
        let chosen = choose(&arguments(&[])).expect("all lanes");
        assert_eq!(chosen.len(), LANES.len());
    }

    #[test]
    fn a_lane_that_does_not_exist_is_named() {
        let error = choose(&arguments(&["unit", "nonesuch"])).err().expect("unknown");
        assert!(error.to_string().contains("nonesuch"), "{error}");
        assert!(error.to_string().contains("guest-v2"), "{error}");
    }
}
