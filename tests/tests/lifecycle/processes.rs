//! Processes: what they are given, how they end.

use compute::error::SystemCode;
use compute::{ConsoleSize, Signal, StdioSource};
use e2e::drive::{
    code, command, document, end, failure, finish, read_until, run, sh, started, within,
};
use e2e::on_stage;
use hcs_schema::schema2::ProcessParameters;
use tokio::io::AsyncWriteExt;

#[test]
fn a_process_gets_what_its_parameters_say() {
    on_stage("a_process_gets_what_its_parameters_say", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let mut parameters = sh("echo $GREETING; pwd; id -u; id -g; echo $HOME; echo $0");
        parameters.environment.insert("GREETING".into(), "good day".into());
        parameters.working_directory = "/usr/bin".into();
        parameters.user = "ann".into();
        let seen = run(system.as_ref(), &parameters).await.ok();
        assert_eq!(seen, "good day\n/usr/bin\n1000\n1001\n/home/ann\nsh");
        end(system).await;
    });
}

#[test]
fn a_user_is_found_by_name_number_and_group() {
    on_stage("a_user_is_found_by_name_number_and_group", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        for (user, ids) in [
            ("", "0 0 0"),
            ("ann", "1000 1001 1001 10"),
            ("1000", "1000 1001 1001 10"),
            ("ann:wheel", "1000 10 10"),
            ("4321:8765", "4321 8765 8765"),
        ] {
            let parameters =
                ProcessParameters { user: user.into(), ..sh("echo $(id -u) $(id -g) $(id -G)") };
            assert_eq!(run(system.as_ref(), &parameters).await.ok(), ids, "{user:?}");
        }
        let parameters = ProcessParameters { user: "nobody-here".into(), ..command(&["id"]) };
        let outcome = system.create_process(&parameters, StdioSource::Pipes).await;
        assert!(failure(outcome).contains("nobody-here"));
        end(system).await;
    });
}

#[test]
fn a_command_line_is_split_like_a_shells() {
    on_stage("a_command_line_is_split_like_a_shells", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let parameters = ProcessParameters {
            command_line: r#"printf '%s|' one "two three" 'fo"ur' fi\ ve"#.into(),
            create_std_out_pipe: true,
            ..Default::default()
        };
        assert_eq!(run(system.as_ref(), &parameters).await.ok(), r#"one|two three|fo"ur|fi ve|"#);
        end(system).await;
    });
}

#[test]
fn exit_codes_are_the_processs() {
    on_stage("exit_codes_are_the_processs", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        for (script, wanted) in [
            ("exit 0", 0),
            ("exit 7", 7),
            ("exit 255", 255),
            ("kill -9 $$", 137),
            ("kill -SEGV $$", 139),
        ] {
            assert_eq!(run(system.as_ref(), &sh(script)).await.code, wanted, "{script}");
        }
        end(system).await;
    });
}

#[test]
fn signals_reach_a_process() {
    on_stage("signals_reach_a_process", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let script = "trap 'echo usr1' USR1; trap 'echo term; exit 3' TERM; echo ready; while :; do sleep 0.01; done";
        let process =
            system.create_process(&sh(script), StdioSource::Pipes).await.expect("create process");
        let mut out = process.stdio().await.expect("stdio").stdout.expect("stdout");
        read_until(&mut out, "ready\n").await;
        assert!(process.signal(&Signal::Linux(libc::SIGUSR1)).await.expect("signal"));
        read_until(&mut out, "usr1\n").await;
        assert!(process.signal(&Signal::Linux(libc::SIGTERM)).await.expect("signal"));
        within(process.wait()).await.expect("wait");
        assert_eq!(process.exit_code().await, Ok(3));
        assert!(
            !process.signal(&Signal::Linux(libc::SIGTERM)).await.expect("signal"),
            "it has ended"
        );
        code(process.signal(&Signal::Windows("CtrlC".into())).await);
        end(system).await;
    });
}

#[test]
fn a_killed_process_says_so_and_a_second_kill_fails() {
    on_stage("a_killed_process_says_so_and_a_second_kill_fails", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let process = system
            .create_process(&command(&["sleep", "1000"]), StdioSource::Pipes)
            .await
            .expect("create process");
        let error = process.exit_code().await.expect_err("it runs");
        assert!(
            compute::error::is_any(&error, &[compute::error::Named::InvalidProcessState]),
            "{error}"
        );
        assert!(!process.status().await.expect("status").exited);
        assert!(process.kill().await.expect("kill"));
        within(process.wait()).await.expect("wait");
        assert_eq!(process.exit_code().await, Ok(137));
        let status = process.status().await.expect("status");
        assert!(status.exited && status.exit_code == 137);
        let again = process.kill().await.expect_err("it has ended");
        assert!(compute::error::is_already_stopped(&again), "{again}");
        process.close().await.expect("close");
        let closed = process.kill().await.expect_err("closed");
        assert!(compute::error::is_already_closed(&closed), "{closed}");
        end(system).await;
    });
}

#[test]
fn what_cannot_be_started_says_why() {
    on_stage("what_cannot_be_started_says_why", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let attempt = async |parameters: ProcessParameters| {
            let outcome = system.create_process(&parameters, StdioSource::Pipes).await;
            let Err(error) = outcome else { panic!("it should have failed: {parameters:?}") };
            (error.code(), format!("{error:#}"))
        };
        let (found, text) = attempt(command(&["/no/such/file"])).await;
        assert_eq!(found, Some(SystemCode(2)), "{text}");
        assert!(text.contains("/no/such/file"), "{text}");
        let (found, text) = attempt(command(&["no-such-command"])).await;
        assert_eq!(found, Some(SystemCode(2)), "{text}");
        let (found, text) = attempt(command(&["/etc/unexecutable"])).await;
        assert_eq!(found, Some(SystemCode(5)), "{text}");
        let (found, text) = attempt(ProcessParameters {
            working_directory: "/not/there".into(),
            ..command(&["pwd"])
        })
        .await;
        assert!(found.is_some() && text.contains("/not/there"), "{text}");
        // And the system is none the worse for it.
        assert_eq!(run(system.as_ref(), &sh("echo fine")).await.ok(), "fine");
        end(system).await;
    });
}

#[test]
fn a_console_is_a_terminal_of_the_asked_size() {
    on_stage("a_console_is_a_terminal_of_the_asked_size", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let parameters = ProcessParameters {
            emulate_console: true,
            console_size: vec![31, 101],
            ..command(&[
                "sh",
                "-c",
                "tty; stty size; echo $TERM; read line; echo got $line; stty size; exit 4",
            ])
        };
        let process =
            system.create_process(&parameters, StdioSource::Pipes).await.expect("create process");
        let mut stdio = process.stdio().await.expect("stdio");
        assert!(stdio.stderr.is_none());
        let mut out = stdio.stdout.take().expect("stdout");
        let text = read_until(&mut out, "xterm").await;
        assert!(text.contains("/dev/pts/0") && text.contains("31 101"), "{text:?}");
        process.resize_console(ConsoleSize { width: 90, height: 25 }).await.expect("resize");
        stdio.stdin.as_mut().expect("stdin").write_all(b"typed\n").await.expect("write");
        let text = read_until(&mut out, "25 90").await;
        assert!(text.contains("got typed"), "{text:?}");
        within(process.wait()).await.expect("wait");
        assert_eq!(process.exit_code().await, Ok(4));
        end(system).await;
    });
}

#[test]
fn a_process_without_a_console_cannot_be_resized() {
    on_stage("a_process_without_a_console_cannot_be_resized", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let process = system
            .create_process(&command(&["sleep", "1000"]), StdioSource::Pipes)
            .await
            .expect("create process");
        let error = process
            .resize_console(ConsoleSize { width: 9, height: 9 })
            .await
            .expect_err("no console");
        assert!(compute::error::is_not_supported(&error), "{error}");
        assert!(process.console().await.expect("console").is_none());
        end(system).await;
    });
}

#[test]
fn orphans_are_reaped_inside() {
    on_stage("orphans_are_reaped_inside", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        run(system.as_ref(), &sh("for i in 1 2 3 4 5 6 7 8; do (sleep 0.05 &) ; done")).await.ok();
        e2e::drive::until("no process but the first is left", async || {
            let script = "for s in /proc/[0-9]*/stat; do cut -d' ' -f2,3 $s; done | grep -v -e '^(sh)' -e '^(cut)' -e '^(grep)'";
            run(system.as_ref(), &sh(script)).await.out.lines().count() <= 1
        })
        .await;
        end(system).await;
    });
}

#[test]
fn a_process_is_opened_by_its_pid() {
    on_stage("a_process_is_opened_by_its_pid", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let process =
            system.create_process(&sh("read x; echo $x; exit 9"), StdioSource::Pipes).await;
        let process = process.expect("create process");
        let same = system.open_process(process.pid()).await.expect("open process");
        assert_eq!(same.pid(), process.pid());
        // Without a pipe for its input it reads an empty one.
        let ran = finish(same.as_ref()).await;
        assert_eq!((ran.code, ran.out.as_str()), (9, "\n"));
        assert_eq!(process.exit_code().await, Ok(9));
        assert_eq!(code(system.open_process(4_000_000).await), SystemCode::ERR_ELEMENT_NOT_FOUND);
        end(system).await;
    });
}
