//! The facade on the embedded Linux host: a real container.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hcsshim::{
    CONTAINER_TYPE, ContainerConfig, Hcs, Layer, MappedDir, Process, ProcessConfig,
    ResourceModificationRequestResponse, is_already_stopped, is_not_exist, is_pending, is_timeout,
};
use host_linux::{LinuxHost, Roots};
use tempfile::TempDir;

/// The program of this name in `PATH` or beside this one, as the host looks for it.
fn program(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let beside = own.ancestors().skip(1).take(2).map(Path::to_path_buf);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = beside.chain(std::env::split_paths(&path));
    folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()))
}

/// What keeps a real container from running here.
fn missing() -> Option<&'static str> {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let worker = std::env::var_os("HCSSHIM_WORKER").is_some() || program("hcs-worker").is_some();
    if !root {
        Some("it needs root")
    } else if !worker {
        Some("hcs-worker is not built: cargo build --bin hcs-worker")
    } else if program("busybox").is_none() {
        Some("it needs a static busybox in PATH")
    } else {
        None
    }
}

/// A folder with a shell in it, and a host that keeps its state beside it.
fn machine() -> (TempDir, Hcs) {
    let temp = tempfile::tempdir().expect("a folder");
    let bin = temp.path().join("rootfs/bin");
    std::fs::create_dir_all(&bin).expect("folders");
    let busybox = program("busybox").expect("busybox");
    std::fs::copy(busybox, bin.join("busybox")).expect("a copy");
    for name in ["sh", "cat", "sleep", "stty"] {
        symlink("busybox", bin.join(name)).expect("a link");
    }
    let host = LinuxHost::with_roots(Roots::below(temp.path().join("host")));
    (temp, Hcs::new(Arc::new(host)))
}

fn sh(script: &str) -> ProcessConfig {
    ProcessConfig {
        command_args: vec!["/bin/sh".into(), "-c".into(), script.into()],
        create_std_in_pipe: true,
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..Default::default()
    }
}

fn output(process: &Process) -> String {
    let mut text = String::new();
    let mut stdout = process.stdio().expect("streams").stdout.expect("a pipe");
    stdout.read_to_string(&mut text).expect("output");
    text
}

#[test]
fn a_container_lives_and_leaves_nothing() {
    if let Some(why) = missing() {
        eprintln!("left out: a_container_lives_and_leaves_nothing: {why}");
        return;
    }
    let (temp, hcs) = machine();
    let id = format!("facade-life-{}", std::process::id());
    let shared = temp.path().join("shared");
    std::fs::create_dir(&shared).expect("a folder");
    let config = ContainerConfig {
        system_type: CONTAINER_TYPE,
        name: "named".into(),
        host_name: "inside".into(),
        layers: vec![Layer {
            path: temp.path().join("rootfs").display().to_string(),
            ..Default::default()
        }],
        mapped_directories: vec![MappedDir {
            host_path: shared.display().to_string(),
            container_path: "/shared".into(),
            ..Default::default()
        }],
        terminate_on_last_handle_closed: true,
        ..Default::default()
    };
    let container = hcs.create_container(&id, &config).expect("a container");
    container.start().expect("a start");
    let found = hcs.get_containers(&Default::default()).expect("a list");
    assert_eq!((found.len(), found[0].name.as_str()), (1, "named"));

    let script = "read line; echo \"$line $LANG $(cat /proc/sys/kernel/hostname)\"; \
                  echo fault >&2; echo kept > /shared/file; exit 3";
    let mut config = sh(script);
    config.environment = [("LANG".into(), "C".into())].into();
    let process = container.create_process(&config).expect("a process");
    let mut stdin = process.stdio().expect("streams").stdin.expect("a pipe");
    stdin.write_all(b"line\n").expect("a write");
    drop(stdin);
    // A second set of handles is for the same pipes.
    assert_eq!(output(&process), "line C inside\n");
    let mut fault = String::new();
    let mut stderr = process.stdio().expect("streams").stderr.expect("a pipe");
    stderr.read_to_string(&mut fault).expect("output");
    assert_eq!(fault, "fault\n");
    process.wait().expect("an end");
    assert_eq!(process.exit_code().expect("a code"), 3);
    let kept = std::fs::read_to_string(shared.join("file")).expect("a file");
    assert_eq!(kept, "kept\n");

    let cat = container.create_process(&sh("cat")).expect("a process");
    let listed = container.process_list().expect("a list");
    assert!(listed.iter().any(|one| one.process_id == cat.pid()));
    let error = cat.wait_timeout(Duration::from_millis(20)).expect_err("it runs");
    assert!(is_timeout(&error), "{error}");
    cat.close_stdin().expect("a close");
    cat.wait().expect("it read end of file");
    assert_eq!(cat.exit_code().expect("a code"), 0);

    let sleep = container.create_process(&sh("sleep 600")).expect("a process");
    let opened = hcs.open_container(&id).expect("the same container");
    opened.open_process(sleep.pid()).expect("the same process").kill().expect("a kill");
    sleep.wait().expect("an end");
    assert_eq!(sleep.exit_code().expect("a code"), 128 + 9);
    let error = sleep.kill().expect_err("it has ended");
    assert!(is_already_stopped(&error), "{error}");
    opened.close().expect("a close");

    let console = ProcessConfig {
        emulate_console: true,
        console_size: [25, 80],
        ..sh("stty size; read go; stty size")
    };
    let console = container.create_process(&console).expect("a process");
    let mut stdio = console.stdio().expect("a console");
    let mut first = [0; 7];
    stdio.stdout.as_mut().expect("output").read_exact(&mut first).expect("a size");
    assert_eq!(&first, b"25 80\r\n");
    console.resize_console(132, 50).expect("a size");
    stdio.stdin.as_mut().expect("input").write_all(b"go\n").expect("a write");
    let mut rest = String::new();
    stdio.stdout.as_mut().expect("output").read_to_string(&mut rest).expect("a size");
    assert_eq!(rest, "go\r\n50 132\r\n");
    console.wait().expect("an end");

    assert!(container.statistics().expect("figures").uptime_100ns > 0);
    assert!(container.mapped_virtual_disks().expect("disks").is_empty());
    container
        .modify(&ResourceModificationRequestResponse {
            resource: "MappedDirectory".into(),
            data: serde_json::json!({ "HostPath": shared, "ContainerPath": "/again" }).into(),
            request: hcsshim::ADD,
            ..Default::default()
        })
        .expect("a change");
    let again = container.create_process(&sh("cat /again/file")).expect("a process");
    assert_eq!(output(&again), "kept\n");

    assert!(is_pending(&container.terminate().expect_err("pending")));
    container.wait().expect("it was asked to end");
    container.close().expect("a close");
    drop((process, cat, sleep, console, again));
    let end = std::time::Instant::now() + Duration::from_secs(10);
    while hcs.open_container(&id).is_ok() && std::time::Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(is_not_exist(&hcs.open_container(&id).expect_err("it is gone")));
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("mounts");
    assert!(!mounts.contains(&*temp.path().to_string_lossy()), "{mounts}");
}

#[test]
fn what_cannot_be_made_says_why_and_leaves_nothing() {
    if let Some(why) = missing() {
        eprintln!("left out: what_cannot_be_made_says_why_and_leaves_nothing: {why}");
        return;
    }
    let (temp, hcs) = machine();
    let id = format!("facade-fault-{}", std::process::id());
    let mut config = ContainerConfig {
        system_type: CONTAINER_TYPE,
        layers: vec![Layer {
            path: temp.path().join("no-such-folder").display().to_string(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let error = hcs
        .create_container(&id, &config)
        .and_then(|container| container.start())
        .expect_err("no layer");
    assert!(error.to_string().contains("no-such-folder"), "{error}");
    config.layers[0].path = temp.path().join("rootfs").display().to_string();
    config.terminate_on_last_handle_closed = true;
    let container = hcs.create_container(&id, &config).expect("the id is free");
    container.start().expect("a start");
    for command in ["/no/such/program", "/bin"] {
        let config = ProcessConfig { command_args: vec![command.into()], ..Default::default() };
        let error = container.create_process(&config).expect_err(command);
        assert!(error.to_string().contains(command), "{error}");
    }
    assert!(is_pending(&container.terminate().expect_err("pending")));
    container.wait().expect("an end");
}
