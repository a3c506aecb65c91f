//! What a process is given, and how it ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use compute::error::{self, Named, SystemCode};
use compute::{Process, StdioSource};
use hcs_schema::schema2::ProcessParameters;

use crate::case::{Case, Need, case};
use crate::drive::{end, ended, finish, refused, run, spawn, spawn_with, within};
use crate::failure::{ensure, ensure_eq};
use crate::program::quoted;
use crate::{Bed, Containers, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(Processes, "exit codes are the process's", exit_codes),
    case!(Processes, "exit codes have 32 bits", big_exit_codes, needs[Need::Windows]),
    case!(Processes, "a running process has no exit code", running_has_no_code),
    case!(Processes, "the status tells of the end", status),
    case!(Processes, "a process is opened by its pid", open_by_pid),
    case!(Processes, "a process that has ended can be opened while it is held", open_ended),
    case!(Processes, "an unknown pid does not exist", unknown_pid),
    case!(Processes, "twenty processes run at once", twenty),
    case!(Processes, "many wait for one process", many_waiters),
    case!(Processes, "the environment is given", environment),
    case!(Processes, "the working directory is given", working_directory),
    case!(Processes, "a missing working directory is refused", no_directory, needs [Need::RealSystems, Need::Linux]),
    case!(Processes, "arguments stay what they are", arguments, needs[Need::Linux]),
    case!(
        Processes,
        "a command line is split as a shell splits it",
        command_line,
        needs[Need::Linux]
    ),
    case!(
        Processes,
        "a program that is not there is refused",
        no_program,
        needs[Need::RealSystems]
    ),
    case!(Processes, "a process needs a command", no_command, needs[Need::RealSystems]),
    case!(Processes, "processes follow each other fast", one_after_the_other),
];

async fn exit_codes(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    for code in [0, 1, 7, 255] {
        ensure_eq!(run(bed, system.as_ref(), &Program::Exit(code)).await?.code, code, "the code");
    }
    end(system).await?;
    Ok(())
}

async fn big_exit_codes(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    // 0xC0000005 among them.
    for code in [256, 65_536, -1, -1_073_741_819, i32::MAX] {
        ensure_eq!(run(bed, system.as_ref(), &Program::Exit(code)).await?.code, code, "the code");
    }
    end(system).await?;
    Ok(())
}

async fn running_has_no_code(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    let error = refused(process.exit_code().await, "asking for the exit code")?;
    ensure!(error::is_any(&error, &[Named::InvalidProcessState]), "another error: {error:#}");
    process.close_stdin().await?;
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code after the end");
    end(system).await?;
    Ok(())
}

async fn status(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::ReadLine(33)).await?;
    let seen = process.status().await?;
    ensure_eq!((seen.process_id, seen.exited), (process.pid(), false), "pid and end");
    process.close_stdin().await?;
    ended(process.as_ref()).await?;
    let seen = process.status().await?;
    let wanted = (process.pid(), true, 33);
    ensure_eq!((seen.process_id, seen.exited, seen.exit_code), wanted, "pid, end and code");
    end(system).await?;
    Ok(())
}

async fn open_by_pid(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    let same = system.open_process(process.pid()).await?;
    ensure_eq!(same.pid(), process.pid(), "the pid");
    // Each handle may hold the pipe, whose end comes when nobody does.
    process.close_stdin().await?;
    same.close_stdin().await?;
    ensure_eq!(ended(same.as_ref()).await?, 0, "the code by the second handle");
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code by the first handle");
    end(system).await?;
    Ok(())
}

async fn open_ended(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Exit(14)).await?;
    ended(process.as_ref()).await?;
    let same = system.open_process(process.pid()).await?;
    ensure_eq!(ended(same.as_ref()).await?, 14, "the code");
    end(system).await?;
    Ok(())
}

async fn unknown_pid(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    for pid in [0, 4_000_000, u32::MAX] {
        let error = refused(system.open_process(pid).await, "opening an unknown pid")?;
        ensure!(error::is_not_exist(&error), "another error: {error:#}");
    }
    end(system).await?;
    Ok(())
}

async fn twenty(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let mut processes = Vec::new();
    for code in 0..20 {
        processes.push(spawn(bed, system.as_ref(), &Program::ReadLine(code)).await?);
    }
    let pids: BTreeSet<u32> = processes.iter().map(|process| process.pid()).collect();
    ensure_eq!(pids.len(), 20, "the number of pids");
    for process in &processes {
        process.close_stdin().await?;
    }
    for (code, process) in (0..).zip(processes) {
        let ran = finish(process.as_ref()).await?;
        ensure_eq!((ran.code, ran.out.trim_end()), (code, "got"), "code and output");
    }
    end(system).await?;
    Ok(())
}

async fn many_waiters(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process: Arc<dyn Process> = spawn(bed, system.as_ref(), &Program::Cat).await?.into();
    let waiters: Vec<_> = (0..32)
        .map(|_| {
            let process = Arc::clone(&process);
            tokio::spawn(async move { process.wait().await })
        })
        .collect();
    process.close_stdin().await?;
    for waiter in waiters {
        within(waiter).await???;
    }
    end(system).await?;
    Ok(())
}

async fn environment(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    for value in ["good day", "a=b;c", "x"] {
        let mut parameters = bed.parameters(&Program::Env("GREETING".into()));
        parameters.environment.insert("GREETING".into(), value.into());
        parameters.environment.insert("OTHER".into(), "else".into());
        let process = spawn_with(system.as_ref(), &parameters).await?;
        let ran = finish(process.as_ref()).await?;
        ensure_eq!((ran.code, ran.out.trim_end()), (0, value), "code and value");
    }
    end(system).await?;
    Ok(())
}

async fn working_directory(bed: &Bed) -> Result<(), Failure> {
    let folder = match bed.containers() {
        Containers::Linux => "/bin",
        Containers::Windows => r"C:\Windows",
    };
    let system = bed.started("a").await?;
    let parameters =
        ProcessParameters { working_directory: folder.into(), ..bed.parameters(&Program::Cwd) };
    let process = spawn_with(system.as_ref(), &parameters).await?;
    ensure_eq!(finish(process.as_ref()).await?.out.trim_end(), folder, "the folder");
    end(system).await?;
    Ok(())
}

async fn no_directory(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let parameters = ProcessParameters {
        working_directory: "/no/such/folder".into(),
        ..bed.parameters(&Program::Cwd)
    };
    let outcome = system.create_process(&parameters, StdioSource::Pipes).await;
    let error = refused(outcome, "a process in a missing folder")?;
    ensure!(format!("{error:#}").contains("/no/such/folder"), "it is not named: {error:#}");
    end(system).await?;
    Ok(())
}

/// Words that a shell or a careless join would change.
const WORDS: [&str; 9] =
    ["plain", "two words", "", "it's", "say \"x\"", "$HOME `id`", r"back\slash\", "ünï☃", "*"];

fn in_brackets() -> (Program, String) {
    let words = WORDS.map(str::to_owned).to_vec();
    let lines = WORDS.iter().map(|word| format!("[{word}]\n")).collect();
    (Program::Arguments(words), lines)
}

async fn arguments(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let (program, lines) = in_brackets();
    ensure_eq!(run(bed, system.as_ref(), &program).await?.out, lines, "the arguments");
    end(system).await?;
    Ok(())
}

async fn command_line(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let (program, lines) = in_brackets();
    let mut parameters = bed.parameters(&program);
    let words = std::mem::take(&mut parameters.command_args);
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    parameters.command_line = words.join(" ");
    let process = spawn_with(system.as_ref(), &parameters).await?;
    ensure_eq!(finish(process.as_ref()).await?.out, lines, "the arguments");
    end(system).await?;
    Ok(())
}

async fn no_program(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let parameters = bed.parameters(&Program::NoSuchProgram);
    let outcome = system.create_process(&parameters, StdioSource::Pipes).await;
    let error = refused(outcome, "a program that is not there")?;
    ensure_eq!(error.code(), Some(SystemCode(2)), "the code of {error:#}");
    ensure!(error::is_fs_not_exist(&error), "another error: {error:#}");
    ensure_eq!(run(bed, system.as_ref(), &Program::Exit(0)).await?.code, 0, "the next one's code");
    end(system).await?;
    Ok(())
}

async fn no_command(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let parameters = ProcessParameters { create_std_out_pipe: true, ..Default::default() };
    let outcome = system.create_process(&parameters, StdioSource::Pipes).await;
    refused(outcome, "a process without a command")?;
    ensure_eq!(run(bed, system.as_ref(), &Program::Exit(0)).await?.code, 0, "the next one's code");
    end(system).await?;
    Ok(())
}

async fn one_after_the_other(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    for round in 0..100 {
        let process = spawn(bed, system.as_ref(), &Program::Exit(round)).await?;
        ensure_eq!(ended(process.as_ref()).await?, round, "the code");
        process.close().await?;
    }
    end(system).await?;
    Ok(())
}
