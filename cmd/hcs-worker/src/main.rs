//! The worker process of one compute system on Linux.
//!
//! `hcs-worker run` is started by the host itself, with a socket as its
//! standard input. `hcs-worker gc` is for people: it frees what workers that
//! were killed have left.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A worker costs its system what it touches: no argument parser for it.
    #[cfg(target_os = "linux")]
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "run") {
        return host_linux::run_worker();
    }
    cli::main()
}

#[cfg(target_os = "linux")]
mod cli {
    use std::process::ExitCode;

    use clap::{Parser, Subcommand};
    use host_linux::Roots;

    /// The worker process of one compute system on Linux.
    #[derive(Parser)]
    #[command(version, arg_required_else_help = true)]
    struct Arguments {
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Subcommand)]
    enum Command {
        /// Runs a compute system; the host starts this, people don't.
        #[command(hide = true)]
        Run,
        /// Removes the compute systems that have stopped and that nobody holds,
        /// with all that killed workers left: processes, control groups,
        /// writable layers, state folders.
        ///
        /// Examples:
        ///   hcs-worker gc
        ///   HCSSHIM_STATE_DIR=/tmp/state hcs-worker gc --json
        #[command(verbatim_doc_comment)]
        Gc {
            /// Prints the removed ids as a JSON list.
            #[arg(long)]
            json: bool,
        },
    }

    pub(super) fn main() -> ExitCode {
        match Arguments::parse().command {
            Command::Run => host_linux::run_worker(),
            Command::Gc { json } => gc(json),
        }
    }

    fn gc(json: bool) -> ExitCode {
        let removed = match host_linux::gc(&Roots::from_env()) {
            Ok(removed) => removed,
            Err(error) => {
                eprintln!("hcs-worker gc: {error}");
                return ExitCode::FAILURE;
            }
        };
        let ids: Vec<&str> = removed.iter().map(|id| id.as_str()).collect();
        if json {
            println!("{}", serde_json::json!(ids));
        } else {
            ids.iter().for_each(|id| println!("{id}"));
        }
        ExitCode::SUCCESS
    }
}

#[cfg(not(target_os = "linux"))]
mod cli {
    use std::process::ExitCode;

    pub(super) fn main() -> ExitCode {
        eprintln!("hcs-worker: it runs compute systems on Linux; Windows has a service of its own");
        ExitCode::from(2)
    }
}
