//! What processes write: all of it, and no more.

use std::time::Duration;

use compute::{ConsoleSize, Process};
use hcs_schema::schema2::ProcessParameters;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::case::{Case, Need, case};
use crate::drive::{
    Ran, bytes, end, ended, finish, pipe, read_until, refused, run, spawn, spawn_with, text,
};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Containers, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(Stdio, "output and errors are apart", apart),
    case!(Stdio, "no output is an empty stream", empty),
    case!(Stdio, "a megabyte comes byte for byte", megabyte),
    case!(Stdio, "the last line before the exit is never lost", last_line),
    case!(Stdio, "what was written before the exit waits to be read", waits),
    case!(Stdio, "a slow reader loses nothing", slow_reader),
    case!(Stdio, "only the asked pipes are there", asked_pipes),
    case!(Stdio, "a process needs no pipes", no_pipes),
    case!(Stdio, "a process ends when its output is closed", closed_output),
    case!(Stdio, "a closed stderr does not hurt stdout", closed_stderr),
    case!(Stdio, "two takers of the streams share them", shared),
    case!(Stdio, "another handle reads the output", another_handle),
    case!(Stdio, "twenty streams do not mix", twenty),
    case!(Stdio, "a console is one stream both ways", console),
    case!(Stdio, "a console has the asked size and takes another", console_size, needs [Need::Terminal, Need::Linux]),
    case!(Stdio, "what has no console cannot be resized", no_console, needs[Need::RealSystems]),
];

async fn apart(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let program = Program::Print("to stdout".into(), "to stderr".into(), 3);
    let ran = run(bed, system.as_ref(), &program).await?;
    let wanted = Ran { code: 3, out: "to stdout\n".into(), err: "to stderr\n".into() };
    ensure_eq!(ran, wanted, "what came of it");
    end(system).await?;
    Ok(())
}

async fn empty(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let ran = run(bed, system.as_ref(), &Program::Exit(0)).await?;
    ensure_eq!(ran, Ran { code: 0, out: String::new(), err: String::new() }, "what came of it");
    end(system).await?;
    Ok(())
}

/// The program's lines, each a number, as the container ends its lines.
fn numbers(bed: &Bed, last: u32) -> Vec<u8> {
    let line_end = match bed.containers() {
        Containers::Linux => "\n",
        Containers::Windows => "\r\n",
    };
    let mut lines = String::new();
    for number in 1..=last {
        lines.push_str(&number.to_string());
        lines.push_str(line_end);
    }
    lines.into_bytes()
}

/// Fails where two streams differ, and says where.
fn same(seen: &[u8], wanted: &[u8]) -> Result<(), Failure> {
    if seen == wanted {
        return Ok(());
    }
    let at = seen.iter().zip(wanted).take_while(|(seen, wanted)| seen == wanted).count();
    let (seen, wanted) = (seen.len(), wanted.len());
    Err(Failure::new(format!("{seen} bytes instead of {wanted}, the first {at} are right")))
}

async fn megabyte(bed: &Bed) -> Result<(), Failure> {
    /// A little more than a megabyte of lines.
    const LAST: u32 = 166_000;
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Count(LAST)).await?;
    let stdio = process.stdio().await?;
    let (out, err) = tokio::join!(bytes(stdio.stdout), bytes(stdio.stderr));
    same(&out?, &numbers(bed, LAST))?;
    same(&err?, b"")?;
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    end(system).await?;
    Ok(())
}

async fn last_line(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let program = Program::Print("the last line".into(), "and of stderr".into(), 0);
    for round in 0..100 {
        let process = spawn(bed, system.as_ref(), &program).await?;
        if round % 2 == 0 {
            // The exit is known before a byte is read.
            ended(process.as_ref()).await?;
        }
        let ran = finish(process.as_ref()).await?;
        ensure_eq!(ran.out, "the last line\n", "the output of round {round}");
        ensure_eq!(ran.err, "and of stderr\n", "the errors of round {round}");
    }
    end(system).await?;
    Ok(())
}

async fn waits(bed: &Bed) -> Result<(), Failure> {
    /// Less than what a pipe holds.
    const LAST: u32 = 8_000;
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Count(LAST)).await?;
    let stdio = process.stdio().await?;
    ended(process.as_ref()).await?;
    same(&bytes(stdio.stdout).await?, &numbers(bed, LAST))?;
    end(system).await?;
    Ok(())
}

async fn slow_reader(bed: &Bed) -> Result<(), Failure> {
    const LAST: u32 = 100_000;
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Count(LAST)).await?;
    let mut out = pipe(process.stdio().await?.stdout, "stdout")?;
    let mut seen = Vec::new();
    let mut some = vec![0; 16 << 10];
    loop {
        let count = crate::drive::within(out.read(&mut some)).await??;
        if count == 0 {
            break;
        }
        seen.extend_from_slice(some.get(..count).unwrap_or_default());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    same(&seen, &numbers(bed, LAST))?;
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    end(system).await?;
    Ok(())
}

async fn asked_pipes(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let program = Program::Print("out".into(), "err".into(), 0);
    for (out, err) in [(true, false), (false, true)] {
        let parameters = ProcessParameters {
            create_std_out_pipe: out,
            create_std_err_pipe: err,
            ..bed.parameters(&program)
        };
        let process = spawn_with(system.as_ref(), &parameters).await?;
        let stdio = process.stdio().await?;
        let seen = (stdio.stdin.is_some(), stdio.stdout.is_some(), stdio.stderr.is_some());
        ensure_eq!(seen, (false, out, err), "the pipes");
        let text = (text(stdio.stdout).await?, text(stdio.stderr).await?);
        let line = |wanted, line: &str| if wanted { line.to_owned() } else { String::new() };
        ensure_eq!(text, (line(out, "out\n"), line(err, "err\n")), "output and errors");
        ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    }
    end(system).await?;
    Ok(())
}

async fn no_pipes(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let parameters = ProcessParameters {
        create_std_in_pipe: false,
        create_std_out_pipe: false,
        create_std_err_pipe: false,
        ..bed.parameters(&Program::Print("nobody reads it".into(), "nor this".into(), 7))
    };
    let process = spawn_with(system.as_ref(), &parameters).await?;
    let stdio = process.stdio().await?;
    ensure!(
        stdio.stdin.is_none() && stdio.stdout.is_none() && stdio.stderr.is_none(),
        "there are pipes: {stdio:?}"
    );
    ensure_eq!(ended(process.as_ref()).await?, 7, "the code");
    end(system).await?;
    Ok(())
}

async fn closed_output(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Flood).await?;
    let mut stdio = process.stdio().await?;
    let mut out = pipe(stdio.stdout.take(), "stdout")?;
    read_until(&mut out, "y").await?;
    drop(out);
    process.close_stdout().await?;
    let code = ended(process.as_ref()).await?;
    ensure!(code != 0, "it ended well");
    end(system).await?;
    Ok(())
}

async fn closed_stderr(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    process.close_stderr().await?;
    let mut stdio = process.stdio().await?;
    let mut stdin = pipe(stdio.stdin.take(), "stdin")?;
    stdin.write_all(b"through").await?;
    drop(stdin);
    process.close_stdin().await?;
    ensure_eq!(text(stdio.stdout.take()).await?, "through", "the output");
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    end(system).await?;
    Ok(())
}

async fn shared(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    let (mut one, mut two) = (process.stdio().await?, process.stdio().await?);
    let (mut first, mut second) =
        (pipe(one.stdin.take(), "stdin")?, pipe(two.stdin.take(), "stdin")?);
    first.write_all(b"aaaa").await?;
    first.flush().await?;
    second.write_all(b"bbbb").await?;
    second.flush().await?;
    drop((first, second));
    process.close_stdin().await?;
    // Each byte goes to one of the two.
    let (one, two) = tokio::join!(bytes(one.stdout.take()), bytes(two.stdout.take()));
    let mut all = [one?, two?].concat();
    all.sort_unstable();
    same(&all, b"aaaabbbb")?;
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    end(system).await?;
    Ok(())
}

async fn another_handle(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    let other = system.open_process(process.pid()).await?;
    let mut stdio = other.stdio().await?;
    let mut stdin = pipe(stdio.stdin.take(), "stdin")?;
    stdin.write_all(b"by the other").await?;
    drop(stdin);
    // What was written comes before the end by the same handle only.
    other.close_stdin().await?;
    process.close_stdin().await?;
    ensure_eq!(text(stdio.stdout.take()).await?, "by the other", "the output");
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    end(system).await?;
    Ok(())
}

async fn twenty(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let mut processes: Vec<Box<dyn Process>> = Vec::new();
    for number in 0..20 {
        let program = Program::Print(format!("out {number}"), format!("err {number}"), number);
        processes.push(spawn(bed, system.as_ref(), &program).await?);
    }
    for (number, process) in (0..).zip(processes) {
        let wanted =
            Ran { code: number, out: format!("out {number}\n"), err: format!("err {number}\n") };
        ensure_eq!(finish(process.as_ref()).await?, wanted, "what came of it");
    }
    end(system).await?;
    Ok(())
}

async fn console(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let parameters = ProcessParameters {
        emulate_console: true,
        create_std_err_pipe: false,
        ..bed.parameters(&Program::ReadLine(4))
    };
    let process = spawn_with(system.as_ref(), &parameters).await?;
    let mut stdio = process.stdio().await?;
    ensure!(stdio.stderr.is_none(), "there is a stderr of its own");
    let mut stdin = pipe(stdio.stdin.take(), "stdin")?;
    let mut out = pipe(stdio.stdout.take(), "stdout")?;
    stdin.write_all(b"typed\n").await?;
    stdin.flush().await?;
    read_until(&mut out, "got typed").await?;
    ensure_eq!(ended(process.as_ref()).await?, 4, "the code");
    end(system).await?;
    Ok(())
}

async fn console_size(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let parameters = ProcessParameters {
        emulate_console: true,
        create_std_err_pipe: false,
        console_size: vec![31, 101],
        ..bed.parameters(&Program::TerminalSize)
    };
    let process = spawn_with(system.as_ref(), &parameters).await?;
    let mut stdio = process.stdio().await?;
    let mut stdin = pipe(stdio.stdin.take(), "stdin")?;
    let mut out = pipe(stdio.stdout.take(), "stdout")?;
    read_until(&mut out, "31 101").await?;
    process.resize_console(ConsoleSize { width: 90, height: 25 }).await?;
    stdin.write_all(b"again\n").await?;
    stdin.flush().await?;
    read_until(&mut out, "25 90").await?;
    process.kill().await?;
    ended(process.as_ref()).await?;
    end(system).await?;
    Ok(())
}

async fn no_console(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    let outcome = process.resize_console(ConsoleSize { width: 9, height: 9 }).await;
    let error = refused(outcome, "the resize")?;
    ensure!(compute::error::is_not_supported(&error), "another error: {error:#}");
    process.close_stdin().await?;
    ended(process.as_ref()).await?;
    end(system).await?;
    Ok(())
}
