//! Standard streams: nothing is lost, nothing hangs.

use std::fs::File;
use std::io::{Read, Seek};

use compute::{Process, Stdio, StdioSource};
use e2e::drive::{command, document, end, finish, read_until, run, sh, started, within};
use e2e::{machine, on_stage};
use hcs_schema::schema2::ProcessParameters;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn with_input(parameters: ProcessParameters) -> ProcessParameters {
    ProcessParameters { create_std_in_pipe: true, ..parameters }
}

#[test]
fn the_three_streams_are_apart() {
    on_stage("the_three_streams_are_apart", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let parameters = with_input(sh("cat; echo wrong >&2"));
        let process =
            system.create_process(&parameters, StdioSource::Pipes).await.expect("create process");
        let Stdio { stdin, stdout, stderr, .. } = process.stdio().await.expect("stdio");
        let mut stdin = stdin.expect("stdin");
        stdin.write_all(b"through").await.expect("write");
        drop(stdin);
        process.close_stdin().await.expect("close stdin");
        let (out, err) = tokio::join!(e2e::drive::text(stdout), e2e::drive::text(stderr));
        assert_eq!((out.as_str(), err.as_str()), ("through", "wrong\n"));
        within(process.wait()).await.expect("wait");
        end(system).await;
    });
}

#[test]
fn only_the_asked_pipes_are_there() {
    on_stage("only_the_asked_pipes_are_there", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let parameters = ProcessParameters {
            create_std_err_pipe: false,
            ..sh("echo out; echo err >&2; readlink /proc/self/fd/0; readlink /proc/self/fd/2")
        };
        let process =
            system.create_process(&parameters, StdioSource::Pipes).await.expect("create process");
        let stdio = process.stdio().await.expect("stdio");
        assert!(stdio.stdin.is_none() && stdio.stderr.is_none());
        assert_eq!(e2e::drive::text(stdio.stdout).await, "out\n/dev/null\n/dev/null\n");
        within(process.wait()).await.expect("wait");
        end(system).await;
    });
}

#[test]
fn the_callers_own_files_become_the_streams() {
    on_stage("the_callers_own_files_become_the_streams", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let path = stage.path().join("out");
        let out = File::create_new(&path).expect("file");
        let mut input = tempfile::tempfile().expect("file");
        std::io::Write::write_all(&mut input, b"a line").expect("write");
        input.rewind().expect("rewind");
        let files =
            [Some(input.into()), Some(out.try_clone().expect("clone").into()), Some(out.into())];
        let parameters = ProcessParameters {
            command_args: vec!["sh".into(), "-c".into(), "cat; echo; echo more >&2".into()],
            ..Default::default()
        };
        let process = system
            .create_process(&parameters, StdioSource::Files(Box::new(files)))
            .await
            .expect("create process");
        within(process.wait()).await.expect("wait");
        let mut text = String::new();
        File::open(path).expect("open").read_to_string(&mut text).expect("read");
        assert_eq!(text, "a line\nmore\n");
        end(system).await;
    });
}

/// Checks the output: lines of 16 bytes, each its own number in 15 digits.
async fn check_sequence(process: &dyn Process, size: usize) {
    let mut out = process.stdio().await.expect("stdio").stdout.expect("stdout");
    let (mut line, mut seen) = (0, 0);
    let (mut wanted, mut buffer) = (Vec::new(), vec![0u8; 1 << 16]);
    loop {
        let count = within(out.read(&mut buffer)).await.expect("read");
        if count == 0 {
            break;
        }
        while wanted.len() < count {
            wanted.extend_from_slice(format!("{line:015}\n").as_bytes());
            line += 1;
        }
        assert!(buffer[..count] == wanted[..count], "after byte {seen}");
        wanted.drain(..count);
        seen += count;
    }
    assert_eq!(seen, size);
}

#[test]
fn large_output_comes_bit_for_bit() {
    on_stage("large_output_comes_bit_for_bit", async |stage| {
        let megabytes = if machine::full() { 1024 } else { 100 };
        let size = megabytes << 20;
        let system = started(stage, "a", document(stage)).await;
        let script = format!("seq -f %015.0f 0 {}", size / 16 - 1);
        // Not each busybox's seq has a format; awk always does.
        let awk = format!("BEGIN {{ for (i = 0; i < {}; i++) printf \"%015d\\n\", i }}", size / 16);
        let plain =
            run(system.as_ref(), &sh(&script.replace(&(size / 16 - 1).to_string(), "1"))).await;
        let parameters = if plain.out == "000000000000000\n000000000000001\n" {
            sh(&script)
        } else {
            command(&["awk", &awk])
        };
        let process =
            system.create_process(&parameters, StdioSource::Pipes).await.expect("create process");
        check_sequence(process.as_ref(), size).await;
        within(process.wait()).await.expect("wait");
        assert_eq!(process.exit_code().await, Ok(0));
        end(system).await;
    });
}

#[test]
fn large_input_comes_bit_for_bit() {
    on_stage("large_input_comes_bit_for_bit", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let parameters = with_input(command(&["md5sum"]));
        let process =
            system.create_process(&parameters, StdioSource::Pipes).await.expect("create process");
        let mut stdio = process.stdio().await.expect("stdio");
        let mut stdin = stdio.stdin.take().expect("stdin");
        let block: Vec<u8> = (0..1u32 << 20)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0])
            .collect();
        let write = async {
            for _ in 0..16 {
                stdin.write_all(&block).await.expect("write");
            }
            drop(stdin);
            process.close_stdin().await.expect("close stdin");
        };
        let (text, ()) = tokio::join!(e2e::drive::text(stdio.stdout.take()), write);
        let path = stage.path().join("same");
        std::fs::write(&path, block.repeat(16)).expect("write");
        let own = std::process::Command::new("md5sum").arg(&path).output().expect("md5sum");
        let own = String::from_utf8_lossy(&own.stdout).into_owned();
        assert_eq!(text.split(' ').next(), own.split(' ').next());
        end(system).await;
    });
}

#[test]
fn the_last_64_kib_before_the_exit_are_never_lost() {
    on_stage("the_last_64_kib_before_the_exit_are_never_lost", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        for round in 0..200 {
            let process = system
                .create_process(&command(&["head", "-c", "65536", "/dev/zero"]), StdioSource::Pipes)
                .await
                .expect("create process");
            if round % 2 == 0 {
                // The exit is known before a byte is read.
                within(process.wait()).await.expect("wait");
            }
            let ran = finish(process.as_ref()).await;
            assert_eq!((ran.code, ran.out.len()), (0, 65536), "round {round}");
        }
        end(system).await;
    });
}

#[test]
fn a_stream_that_a_child_keeps_does_not_hide_the_exit() {
    on_stage("a_stream_that_a_child_keeps_does_not_hide_the_exit", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let process = system
            .create_process(&sh("echo begun; sleep 1000 & exit 6"), StdioSource::Pipes)
            .await
            .expect("create process");
        let mut out = process.stdio().await.expect("stdio").stdout.expect("stdout");
        read_until(&mut out, "begun\n").await;
        within(process.wait()).await.expect("wait");
        assert_eq!(process.exit_code().await, Ok(6));
        end(system).await;
    });
}

#[test]
fn a_reader_that_goes_does_not_stop_the_process() {
    on_stage("a_reader_that_goes_does_not_stop_the_process", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let script = "trap 'echo pipe > /tmp/why; exit 8' PIPE; while :; do echo y; done";
        let process =
            system.create_process(&sh(script), StdioSource::Pipes).await.expect("create process");
        drop(process.stdio().await.expect("stdio"));
        // The host keeps the pipe until it is told to drop it.
        process.close_stdout().await.expect("close stdout");
        within(process.wait()).await.expect("wait");
        let code = process.exit_code().await.expect("exit code");
        assert!(code == 8 || code == 141 || code == 1, "{code}");
        end(system).await;
    });
}
