//! The life of a container, step by step, on this machine.
//!
//! It needs a folder that holds a small Linux system, root, and the program
//! `hcs-worker` beside this one's folder, in `PATH` or in `HCSSHIM_WORKER`:
//!
//! ```text
//! mkdir -p /tmp/rootfs/bin && cp "$(command -v busybox)" /tmp/rootfs/bin/
//! for name in sh cat sleep hostname; do ln -sf busybox /tmp/rootfs/bin/$name; done
//! cargo build --bin hcs-worker
//! cargo run -p hcsshim --example lifecycle -- /tmp/rootfs
//! ```
//!
//! The folder itself is only read: what the container writes goes to a scratch
//! folder and is gone with it.

use std::error::Error;
use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use hcsshim::{
    ComputeSystemQuery, Container, ContainerConfig, Layer, Process, ProcessConfig, Result,
    SystemType, create_container, get_containers, is_pending, open_container,
};

fn main() -> ExitCode {
    let Some(rootfs) = std::env::args().nth(1) else {
        eprintln!("usage: lifecycle ROOTFS\nROOTFS is a folder with /bin/sh and what that needs");
        return ExitCode::from(2);
    };
    match life(&rootfs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lifecycle: {error}");
            ExitCode::FAILURE
        }
    }
}

fn life(rootfs: &str) -> std::result::Result<(), Box<dyn Error>> {
    let id = format!("lifecycle-{}", std::process::id());

    println!("1. A container is made from a document; nothing runs in it yet.");
    let container = create_container(&id, &configuration(&id, rootfs))?;
    let outcome = use_container(&id, &container);

    println!("10. The container is ended, whatever happened in it: that takes a while, so the");
    println!("    call says `pending`, and `wait` tells when it is done.");
    end(&container)?;
    container.close()?;
    outcome?;

    println!("11. Nothing is left of it.");
    let error = open_container(&id).expect_err("the container is gone");
    println!("    {error}");
    Ok(())
}

fn configuration(id: &str, rootfs: &str) -> ContainerConfig {
    ContainerConfig {
        system_type: SystemType::Container,
        name: id.into(),
        owner: "lifecycle".into(),
        host_name: "example".into(),
        layers: vec![Layer { path: rootfs.into(), ..Default::default() }],
        // Were this program killed, the container would end with it.
        terminate_on_last_handle_closed: true,
        ..Default::default()
    }
}

fn use_container(id: &str, container: &Container) -> std::result::Result<(), Box<dyn Error>> {
    println!("2. It is started.");
    container.start()?;
    let mine = ComputeSystemQuery { owners: vec!["lifecycle".into()], ..Default::default() };
    for found in get_containers(&mine)? {
        println!("    {} is {}", found.id, found.state);
    }

    println!("3. A shell runs in it. It reads what is written to its stdin.");
    let shell = container.create_process(&shell("echo \"$(hostname): $(cat)\"; exit 3"))?;
    write_all(&shell, "hello from outside")?;
    print!("    it writes: {}", read_all(&shell)?);
    shell.wait()?;

    println!("4. It has ended, and its exit code stays known while the handle is open.");
    println!("    exit code {}", shell.exit_code()?);
    shell.close()?;

    println!("5. Its layers are only read: what is written is seen inside and nowhere else.");
    let write = "echo kept > /note && cat /note";
    print!("    /note holds: {}", output_of(container, write)?);

    println!("6. A command that does not exist is an error that says so.");
    let missing = ProcessConfig { command_line: "/no/such/program".into(), ..Default::default() };
    if let Err(error) = container.create_process(&missing) {
        println!("    {error}");
    }

    println!("7. A process that runs for long is listed, and frozen with its container.");
    let sleep = container.create_process(&ProcessConfig {
        command_line: "sleep 600".into(),
        ..Default::default()
    })?;
    for process in container.process_list()? {
        println!("    {} {}", process.process_id, process.image_name);
    }
    // A host without a freezer says that it has none.
    match container.pause() {
        Ok(()) => container.resume()?,
        Err(error) => println!("    {error}"),
    }

    println!("8. The container's use of the machine is counted.");
    match container.statistics() {
        Ok(used) => println!(
            "    up for {} ms, {} us of processor time, {} KiB of memory",
            used.uptime_100ns / 10_000,
            used.processor.total_runtime_100ns / 10,
            used.memory.usage_commit_bytes / 1024
        ),
        Err(error) => println!("    {error}"),
    }

    println!("9. Any program of the same user can open the container and its processes.");
    let opened = open_container(id)?;
    let same = opened.open_process(sleep.pid())?;
    same.kill()?;
    sleep.wait_timeout(Duration::from_secs(10))?;
    println!("    process {} ended with {}", same.pid(), sleep.exit_code()?);
    opened.close()?;
    Ok(())
}

fn shell(script: &str) -> ProcessConfig {
    ProcessConfig {
        command_args: vec!["/bin/sh".into(), "-c".into(), script.into()],
        create_std_in_pipe: true,
        create_std_out_pipe: true,
        ..Default::default()
    }
}

fn output_of(container: &Container, script: &str) -> std::result::Result<String, Box<dyn Error>> {
    let process = container.create_process(&shell(script))?;
    process.close_stdin()?;
    let output = read_all(&process)?;
    process.wait()?;
    Ok(output)
}

fn write_all(process: &Process, text: &str) -> std::result::Result<(), Box<dyn Error>> {
    if let Some(mut stdin) = process.stdio()?.stdin {
        stdin.write_all(text.as_bytes())?;
    }
    // Without this the process would wait for more.
    process.close_stdin()?;
    Ok(())
}

fn read_all(process: &Process) -> std::result::Result<String, Box<dyn Error>> {
    let mut text = String::new();
    if let Some(mut stdout) = process.stdio()?.stdout {
        stdout.read_to_string(&mut text)?;
    }
    Ok(text)
}

fn end(container: &Container) -> Result<()> {
    match container.terminate() {
        Err(error) if is_pending(&error) => container.wait(),
        outcome => outcome,
    }
}
