//! What processes read.

use hcs_schema::schema2::ProcessParameters;
use tokio::io::AsyncWriteExt;

use crate::case::{Case, case};
use crate::drive::{bytes, end, ended, finish, pipe, read_until, spawn, spawn_with, text, within};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(Stdio, "input goes to its end with close_stdin", to_its_end),
    case!(Stdio, "an empty input ends too", empty),
    case!(Stdio, "a dropped writer does not end the input", dropped_writer),
    case!(Stdio, "a megabyte goes in and comes out", both_ways),
    case!(Stdio, "a line is answered while the process runs", answered),
    case!(Stdio, "without a pipe the input is empty", without_a_pipe),
    case!(Stdio, "closing the input of what has ended is no error", close_ended),
    case!(Stdio, "closing the input twice is no error", close_twice),
    case!(Stdio, "writing to what has ended fails and does not hang", write_to_ended),
];

async fn to_its_end(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    let mut stdio = process.stdio().await?;
    let mut stdin = pipe(stdio.stdin.take(), "stdin")?;
    for piece in ["one ", "two ", "three"] {
        stdin.write_all(piece.as_bytes()).await?;
    }
    stdin.flush().await?;
    drop(stdin);
    process.close_stdin().await?;
    ensure_eq!(text(stdio.stdout.take()).await?, "one two three", "the output");
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    end(system).await?;
    Ok(())
}

async fn empty(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    process.close_stdin().await?;
    let ran = finish(process.as_ref()).await?;
    ensure_eq!((ran.code, ran.out.as_str()), (0, ""), "code and output");
    end(system).await?;
    Ok(())
}

async fn dropped_writer(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    let mut stdio = process.stdio().await?;
    let mut out = pipe(stdio.stdout.take(), "stdout")?;
    let mut stdin = pipe(stdio.stdin.take(), "stdin")?;
    stdin.write_all(b"first ").await?;
    stdin.flush().await?;
    drop(stdin);
    read_until(&mut out, "first ").await?;
    let mut stdin = pipe(process.stdio().await?.stdin, "stdin")?;
    stdin.write_all(b"second").await?;
    stdin.flush().await?;
    read_until(&mut out, "second").await?;
    drop(stdin);
    process.close_stdin().await?;
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    end(system).await?;
    Ok(())
}

async fn both_ways(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    let mut stdio = process.stdio().await?;
    let mut stdin = pipe(stdio.stdin.take(), "stdin")?;
    // Every byte value, in no order that repeats soon.
    let block: Vec<u8> = (0..1_u32 << 20)
        .map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes().first().copied().unwrap_or(0))
        .collect();
    let write = async {
        within(stdin.write_all(&block)).await??;
        within(stdin.flush()).await??;
        drop(stdin);
        process.close_stdin().await?;
        Ok::<_, Failure>(())
    };
    let (written, seen) = tokio::join!(write, bytes(stdio.stdout.take()));
    written?;
    let seen = seen?;
    let right = seen.iter().zip(&block).take_while(|(seen, wanted)| seen == wanted).count();
    ensure!(
        seen == block,
        "{} bytes instead of {}, the first {right} are right",
        seen.len(),
        block.len()
    );
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    end(system).await?;
    Ok(())
}

async fn answered(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::ReadLine(11)).await?;
    let mut stdio = process.stdio().await?;
    let mut stdin = pipe(stdio.stdin.take(), "stdin")?;
    let mut out = pipe(stdio.stdout.take(), "stdout")?;
    stdin.write_all(b"a line\n").await?;
    stdin.flush().await?;
    read_until(&mut out, "got a line").await?;
    ensure_eq!(ended(process.as_ref()).await?, 11, "the code");
    end(system).await?;
    Ok(())
}

async fn without_a_pipe(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let parameters =
        ProcessParameters { create_std_in_pipe: false, ..bed.parameters(&Program::Cat) };
    let process = spawn_with(system.as_ref(), &parameters).await?;
    let ran = finish(process.as_ref()).await?;
    ensure_eq!((ran.code, ran.out.as_str()), (0, ""), "code and output");
    end(system).await?;
    Ok(())
}

async fn close_ended(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::ReadLine(2)).await?;
    process.kill().await?;
    ended(process.as_ref()).await?;
    process.close_stdin().await?;
    end(system).await?;
    Ok(())
}

async fn close_twice(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    process.close_stdin().await?;
    process.close_stdin().await?;
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    end(system).await?;
    Ok(())
}

async fn write_to_ended(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::ReadLine(2)).await?;
    let mut stdin = pipe(process.stdio().await?.stdin, "stdin")?;
    process.kill().await?;
    ended(process.as_ref()).await?;
    let block = vec![b'x'; 64 << 10];
    for _ in 0..256 {
        let written = async {
            stdin.write_all(&block).await?;
            stdin.flush().await
        };
        if within(written).await?.is_err() {
            drop(stdin);
            end(system).await?;
            return Ok(());
        }
    }
    Err(Failure::new("16 MiB were taken for a process that has ended"))
}
