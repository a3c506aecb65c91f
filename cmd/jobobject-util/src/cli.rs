//! The commands and their flags.

use std::num::{IntErrorKind, ParseIntError};

use clap::{Args, Parser, Subcommand};

/// Shows and sets the limits of a job object.
#[derive(Debug, Parser)]
#[command(name = "jobobject-util", version, disable_help_subcommand = true)]
#[command(after_help = r"A job object is found by its name as long as somebody has it open.

Examples:
  jobobject-util set --cpu-limit 5000 --memory-limit 536870912 build   half of the processors
  jobobject-util get --use-nt --memory-limit --cpu-affinity \Container_web

Exit codes: 0, 1 for a failure, 3 for a command that there is not.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show limits of a job object
    Get(Get),
    /// Set limits of a job object
    Set(Set),
    /// Print the completions of a shell
    Completions(Completions),
}

/// Which job object.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The name is a path from the root of the kernel's objects, such as \Container_web
    #[arg(long)]
    pub(crate) use_nt: bool,
    /// The job object's name; words behind it do not count, as in the reference
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

impl Target {
    /// Its name, where one was told.
    pub(crate) fn name(&self) -> Option<&str> {
        self.names.first().map(String::as_str).filter(|name| !name.is_empty())
    }
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
#[command(
    after_help = "Each limit is a line, an empty line ends them. 0 bytes and the affinity 0 are no limit.

Examples:
  jobobject-util get --cpu-limit --memory-limit build
  jobobject-util get --use-nt --cpu-weight \\Container_web"
)]
pub(crate) struct Get {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Show the most processor time, in parts of 10,000
    #[arg(long)]
    pub(crate) cpu_limit: bool,
    /// Show the share of processor time, 1 to 9
    #[arg(long)]
    pub(crate) cpu_weight: bool,
    /// Show the most memory, in bytes
    #[arg(long)]
    pub(crate) memory_limit: bool,
    /// Show the processors, in binary: the last digit is the first processor
    #[arg(long)]
    pub(crate) cpu_affinity: bool,
}

#[derive(Debug, Args)]
#[command(args_override_self = true)]
#[command(after_help = "Limits that are not told stay as they are.

Examples:
  jobobject-util set --cpu-limit 2500 build        a quarter of the processors' time
  jobobject-util set --cpu-affinity 1100 build     the third and the fourth processor
  jobobject-util set --use-nt --cpu-weight 9 \\Container_web")]
pub(crate) struct Set {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The most processor time of all processors, in parts of 10,000
    #[arg(long, value_name = "PARTS", value_parser = number)]
    pub(crate) cpu_limit: Option<u64>,
    /// The share of processor time next to other jobs, 1 to 9
    #[arg(long, value_name = "WEIGHT", value_parser = number)]
    pub(crate) cpu_weight: Option<u64>,
    /// The most memory, in bytes
    #[arg(long, value_name = "BYTES", value_parser = number)]
    pub(crate) memory_limit: Option<u64>,
    /// The processors, in binary: the last digit is the first processor
    // Read after the job was found, as in the reference.
    #[arg(long, value_name = "MASK")]
    pub(crate) cpu_affinity: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  jobobject-util completions bash > /etc/bash_completion.d/jobobject-util")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// A number in decimal, or as `0x1f`, `0o17`, `017`, `0b11`.
fn number(text: &str) -> Result<u64, &'static str> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.strip_prefix('0') {
        None | Some("") => (lower.as_str(), 10),
        Some(rest) => match rest.split_at_checked(1) {
            Some(("x", digits)) => (digits, 16),
            Some(("o", digits)) => (digits, 8),
            Some(("b", digits)) => (digits, 2),
            _ => (rest, 8),
        },
    };
    digits_of(digits, radix).map_err(|error| match error {
        Some(error) if *error.kind() == IntErrorKind::PosOverflow => "value out of range",
        _ => "parse error",
    })
}

/// A mask of processors.
pub(crate) fn mask(text: &str) -> anyhow::Result<u64> {
    digits_of(text, 2).map_err(|error| match error {
        Some(error) if *error.kind() == IntErrorKind::PosOverflow => {
            anyhow::anyhow!("the affinity {text:?} has more than 64 processors")
        }
        _ => anyhow::anyhow!(
            "the affinity {text:?} is no binary number: write 101 for the \
                              first and the third processor"
        ),
    })
}

/// A number without a sign. An error of `None` is a sign.
fn digits_of(text: &str, radix: u32) -> Result<u64, Option<ParseIntError>> {
    if text.starts_with('+') {
        return Err(None);
    }
    u64::from_str_radix(text, radix).map_err(Some)
}

#[cfg(test)]
mod tests;
