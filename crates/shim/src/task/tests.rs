//! Tasks on a fake compute service, with FIFOs of Linux.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use shim_protos::protobuf::well_known_types::any::Any;
use shim_protos::task::{CreateTaskRequest, ExecProcessRequest};

use crate::tasks::Tasks;
use crate::tasks::tests::tasks;

const CONFIG: &str = r#"{
    "ociVersion": "1.0.2", "linux": {}, "root": {"path": "rootfs"},
    "process": {"args": ["/bin/sleep", "1"], "cwd": "/", "user": {"uid": 0, "gid": 0}}
}"#;

const PROCESS: &[u8] = br#"{"args": ["/bin/true"], "cwd": "/", "user": {"uid": 0, "gid": 0}}"#;

/// A task that runs.
async fn running(bundle: &Path) -> Arc<Tasks> {
    std::fs::write(bundle.join("config.json"), CONFIG).expect("a config");
    let tasks = tasks();
    let bundle = bundle.to_str().expect("a path").to_owned();
    let create = CreateTaskRequest { id: "t1".into(), bundle, ..CreateTaskRequest::default() };
    tasks.create(&create).await.expect("a task");
    tasks.get("t1").await.expect("a task").start("").await.expect("it starts");
    tasks
}

fn fifo(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).expect("a FIFO");
    path.to_str().expect("a path").to_owned()
}

/// Whether anybody has a FIFO open for reading.
fn is_read(path: &str) -> bool {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    File::options().write(true).custom_flags(flags).open(path).is_ok()
}

fn exec_request() -> ExecProcessRequest {
    let spec = Any { value: PROCESS.to_vec(), ..Any::default() };
    ExecProcessRequest {
        id: "t1".into(),
        exec_id: "e".into(),
        spec: Some(spec).into(),
        ..ExecProcessRequest::default()
    }
}

#[tokio::test]
async fn the_streams_of_an_exec_are_held_from_its_start_to_its_removal() {
    let folder = tempfile::tempdir().expect("a folder");
    let tasks = running(folder.path()).await;
    let stdout = fifo(folder.path(), "stdout");
    let request = |stdout: &str| ExecProcessRequest { stdout: stdout.into(), ..exec_request() };
    tasks.exec(&request(&stdout)).await.expect("an exec");
    // Its client may lose its containerd now, and waits for who holds this.
    assert!(!is_read(&stdout));
    let task = tasks.get("t1").await.expect("a task");
    task.start("e").await.expect("it starts");
    assert!(is_read(&stdout));
    task.kill("e", 9, false).await.expect("it is killed");
    task.exec("e").expect("an exec").wait().await;
    task.delete("e").await.expect("it is removed");
    assert!(!is_read(&stdout));

    tasks.exec(&request("/nowhere/stdout")).await.expect("an exec");
    let refused = task.start("e").await.expect_err("no such FIFO").to_string();
    assert!(refused.starts_with("opening /nowhere/stdout: "), "{refused}");
    task.delete("e").await.expect("it is removed");
}

#[tokio::test]
async fn an_input_that_is_closed_before_its_exec_starts_is_at_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let tasks = running(folder.path()).await;
    let stdin = fifo(folder.path(), "stdin");
    let request = ExecProcessRequest { stdin: stdin.clone(), ..exec_request() };
    tasks.exec(&request).await.expect("an exec");
    let task = tasks.get("t1").await.expect("a task");
    let exec = task.exec("e").expect("an exec");
    exec.close_stdin().await;
    task.start("e").await.expect("it starts");
    // The copy ends, and closes what it reads.
    while is_read(&stdin) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
