//! Several clients of one system, and a creator that dies.

use std::process::Stdio as ProcessStdio;

use compute::{ComputeService, ComputeSystem, StdioSource};
use e2e::drive::{document, end, read_until, run, sh, started, within};
use e2e::{Stage, on_stage, programs};
use hcs_schema::schema2::ProcessParameters;
use tokio::io::AsyncWriteExt;

#[test]
fn two_clients_share_a_system() {
    on_stage("two_clients_share_a_system", async |stage| {
        let first = started(stage, "a", document(stage)).await;
        let second = stage.host().open(&stage.id("a")).await.expect("open");
        run(first.as_ref(), &sh("echo shared > /tmp/file")).await.ok();
        assert_eq!(run(second.as_ref(), &sh("cat /tmp/file")).await.ok(), "shared");
        // What one starts the other sees end.
        let process = first
            .create_process(&sh("read x; exit 21"), StdioSource::Pipes)
            .await
            .expect("create process");
        let seen = second.open_process(process.pid()).await.expect("open process");
        within(seen.wait()).await.expect("wait");
        assert_eq!(seen.exit_code().await, Ok(21));
        first.terminate().await.expect("terminate");
        let ends =
            (within(first.wait()).await.expect("wait"), within(second.wait()).await.expect("wait"));
        assert_eq!(ends.0, ends.1);
        first.close().await.expect("close");
        second.close().await.expect("close");
    });
}

/// A creator in a process of its own, which has started this script. Killed
/// when dropped.
struct Creator {
    child: std::process::Child,
    pid: u32,
}

impl Creator {
    fn start(stage: &Stage, script: &str) -> Self {
        use std::io::{BufRead, BufReader};
        let parameters = ProcessParameters { create_std_in_pipe: true, ..sh(script) };
        let json = |name: &str, value: serde_json::Value| {
            let path = stage.path().join(name);
            std::fs::write(&path, value.to_string()).expect("write");
            path
        };
        let document = json("document.json", serde_json::to_value(document(stage)).expect("json"));
        let parameters = json("parameters.json", serde_json::to_value(parameters).expect("json"));
        let mut child = std::process::Command::new(programs::client())
            .arg("hold")
            .args([stage.path(), &document, &parameters])
            .arg(stage.name("a"))
            .stdout(ProcessStdio::piped())
            .spawn()
            .expect("the client");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("read");
        let pid = line.trim().parse().unwrap_or_else(|_| panic!("the client said {line:?}"));
        Self { child, pid }
    }

    fn die(mut self) -> u32 {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
        self.pid
    }
}

impl Drop for Creator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn take_over(stage: &Stage) -> Box<dyn ComputeSystem> {
    stage.host().open(&stage.id("a")).await.expect("open")
}

#[test]
fn another_process_goes_on_when_the_creator_dies() {
    on_stage("another_process_goes_on_when_the_creator_dies", async |stage| {
        let script = "echo first; read line; echo heard $line; exit 12";
        let pid = Creator::start(stage, script).die();
        let system = take_over(stage).await;
        assert_eq!(
            system.properties(&Default::default()).await.expect("properties").state,
            "Running"
        );
        let process = system.open_process(pid).await.expect("open process");
        let mut stdio = process.stdio().await.expect("stdio");
        let mut out = stdio.stdout.take().expect("stdout");
        // What it wrote while nobody listened is there.
        read_until(&mut out, "first\n").await;
        stdio.stdin.as_mut().expect("stdin").write_all(b"you\n").await.expect("write");
        read_until(&mut out, "heard you\n").await;
        within(process.wait()).await.expect("wait");
        assert_eq!(process.exit_code().await, Ok(12));
        end(system).await;
    });
}

#[test]
fn output_and_exit_code_outlive_a_creator_that_died_before_the_exit() {
    on_stage("output_and_exit_code_outlive_a_creator_that_died_before_the_exit", async |stage| {
        let go = stage.path().join("layer/go");
        stage.layer();
        let creator = Creator::start(
            stage,
            "while [ ! -e /go ]; do sleep 0.01; done; head -c 60000 /dev/zero | tr '\\0' z; exit 33",
        );
        let pid = creator.die();
        // It ends while no client is there. The overlay shows a file made
        // below it only to some kernels, so it is made from inside.
        assert!(!go.exists());
        let system = take_over(stage).await;
        run(system.as_ref(), &sh("touch /go")).await.ok();
        drop(system);
        let system = take_over(stage).await;
        let process = system.open_process(pid).await.expect("open process");
        let ran = e2e::drive::finish(process.as_ref()).await;
        assert_eq!((ran.code, ran.out.len()), (33, 60000));
        end(system).await;
    });
}

#[test]
fn a_closed_stdin_ends_for_every_client() {
    on_stage("a_closed_stdin_ends_for_every_client", async |stage| {
        let pid = Creator::start(stage, "cat; echo end").die();
        let system = take_over(stage).await;
        let process = system.open_process(pid).await.expect("open process");
        let mut stdio = process.stdio().await.expect("stdio");
        let mut stdin = stdio.stdin.take().expect("stdin");
        stdin.write_all(b"some ").await.expect("write");
        drop(stdin);
        process.close_stdin().await.expect("close stdin");
        assert_eq!(e2e::drive::text(stdio.stdout.take()).await, "some end\n");
        end(system).await;
    });
}
