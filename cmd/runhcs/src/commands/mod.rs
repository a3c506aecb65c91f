//! The commands. Each gives the program's exit code.

mod control;
mod events;
mod refused;
mod report;
mod spec;

pub(crate) use control::{end, forgotten};

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::context::Context;
#[cfg(unix)]
use crate::unix as platform;
#[cfg(windows)]
use crate::windows as platform;

/// How long handles may take to be closed at the end.
const CLOSE_LIMIT: std::time::Duration =
    std::time::Duration::from_millis(if cfg!(windows) { 200 } else { 0 });

/// Runs a command.
pub(crate) fn run(command: Command, context: &mut Context<'_>) -> anyhow::Result<u8> {
    match command {
        Command::Spec(spec) => spec::write(&spec),
        Command::Completions(completions) => {
            let root = &mut Cli::command();
            clap_complete::generate(completions.shell, root, "runhcs", &mut context.stdout);
            Ok(0)
        }
        Command::CreateScratch(scratch) => refused::create_scratch(&scratch),
        Command::PrepareDisk(disk) => refused::prepare_disk(&disk),
        #[cfg(not(windows))]
        Command::Shim(shim) => refused::shim(&shim, context),
        Command::Vmshim(_) => refused::vm_shim(),
        command => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let outcome = runtime.block_on(on_service(command, context));
            // Handles are closed on a thread of their own on Windows. Nothing else is
            // left to wait for, such as a read of our stdin.
            runtime.shutdown_timeout(CLOSE_LIMIT);
            outcome
        }
    }
}

/// Runs a command that asks the compute service.
async fn on_service(command: Command, context: &mut Context<'_>) -> anyhow::Result<u8> {
    match command {
        Command::Create(create) => platform::create(&create, context).await,
        Command::Run(run) => platform::run(&run, context).await,
        Command::Exec(exec) => platform::exec(exec, context).await,
        #[cfg(windows)]
        Command::Shim(shim) => platform::shim(&shim, context).await,
        Command::Start(id) => control::start(&id, context).await,
        Command::State(id) => report::state(&id, context).await,
        Command::List(list) => report::list(&list, context).await,
        Command::Kill(kill) => control::kill(&kill, context).await,
        Command::Delete(delete) => control::delete(&delete, context).await,
        Command::Pause(id) => control::pause(&id, context).await,
        Command::Resume(id) => control::resume(&id, context).await,
        Command::Ps(list) => report::processes(&list, context).await,
        Command::ResizeTty(resize) => control::resize_tty(&resize, context).await,
        Command::Events(events) => events::events(&events, context).await,
        Command::Stats(id) => events::stats(&id.id, context).await,
        // What is left needs the service of another operating system.
        _ => {
            context.service()?;
            anyhow::bail!("this host cannot do this");
        }
    }
}
