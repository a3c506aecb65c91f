//! A container from a schema 2 document, through the API.

use std::fs;
use std::time::Duration;

use compute::error;
use compute::{ComputeService, ComputeSystem, ReadPipe, StdioSource, SystemId};
use hcs_schema::guest_request::RequestType;
use hcs_schema::resource_paths::{SILO_MAPPED_DIRECTORIES, SILO_MEMORY};
use hcs_schema::schema2::{
    self, Container, GuestOs, Layer, MappedDirectory, Memory, ModifySettingRequest, PauseOptions,
    ProcessParameters, PropertyQuery, PropertyType, Storage, Version,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::leftovers::IDS;
use crate::narrator::{self, say, step};
use crate::stage::{Result, Stage};

type System = dyn ComputeSystem;

/// The steps of one container's life.
pub(crate) async fn show(stage: &Stage) -> Result<()> {
    let system = create(stage).await?;
    let system = system.as_ref();
    streams(system).await?;
    inside(stage, system).await?;
    limits(system).await?;
    statistics(stage, system).await?;
    pause(system).await?;
    mapped_directory(stage, system).await?;
    kill(system).await?;
    end(stage, system).await
}

fn document(stage: &Stage) -> schema2::ComputeSystem {
    let layer =
        |path: std::path::PathBuf| Layer { path: path.display().to_string(), ..Layer::default() };
    schema2::ComputeSystem {
        owner: "demo".into(),
        schema_version: Some(Version::V21),
        container: Some(Container {
            guest_os: Some(GuestOs { host_name: "demo".into(), ..GuestOs::default() }),
            storage: Some(Storage {
                // The topmost first.
                layers: vec![layer(stage.top_layer()), layer(stage.base_layer())],
                ..Storage::default()
            }),
            memory: Some(Memory { size_in_mb: 64, ..Memory::default() }),
            ..Container::default()
        }),
        should_terminate_on_last_handle_closed: true,
        ..schema2::ComputeSystem::default()
    }
}

async fn create(stage: &Stage) -> Result<Box<System>> {
    step("A container from a schema 2 document");
    let document = document(stage);
    say("The same document that Windows takes, with folders of this machine as layers:");
    let json = compute::Document::from(document.clone()).to_json()?;
    narrator::show(&format!("{json:#}"));
    let id: SystemId = IDS[0].parse()?;
    let system = stage.host.create(&id, &document.into()).await?;
    say(format_args!("created: it is {}", state(system.as_ref()).await?));
    system.start().await?;
    say(format_args!("started: it is {}", state(system.as_ref()).await?));
    Ok(system)
}

async fn streams(system: &System) -> Result<()> {
    step("A process and its streams");
    let command = "read name; echo \"good day, $name\"; echo 'a complaint' >&2; exit 7";
    say(format_args!("sh -c '{command}'"));
    let ended = run_with(system, shell(command), "Ann\n").await?;
    say("It read \"Ann\" from its stdin; its stdout and stderr came apart:");
    narrator::show(&ended.stdout);
    narrator::show(&ended.stderr);
    say(format_args!("and its exit code is {}.", ended.code));
    let missing = system.create_process(&words(&["/no/such/program"]), StdioSource::Pipes).await;
    if let Err(error) = missing {
        say("A program that does not exist is an error, told before anything runs:");
        narrator::show(&error.to_string());
    }
    Ok(())
}

async fn inside(stage: &Stage, system: &System) -> Result<()> {
    step("What it sees");
    let command = "hostname; id; cat /etc/motd; ls /; echo mine > /etc/motd; cat /etc/motd";
    say(format_args!("sh -c '{command}'"));
    let ann = ProcessParameters { user: "ann".into(), ..shell("id") };
    narrator::show(&run(system, shell(command)).await?.stdout);
    say("A process may run as another user of the container's /etc/passwd:");
    narrator::show(&run(system, ann).await?.stdout);
    let layer = fs::read_to_string(stage.top_layer().join("etc/motd"))?;
    say(format_args!(
        "What it wrote went to its scratch; the layer still says {:?}.",
        layer.trim()
    ));
    Ok(())
}

async fn limits(system: &System) -> Result<()> {
    step("Limits");
    say("The document gives it 64 MB. A process that fills a buffer of 100 MB:");
    let hungry = words(&["dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1"]);
    let ended = run(system, hungry.clone()).await?;
    say(format_args!("exit code {}, which is 128 and the kernel's kill signal.", ended.code));
    system
        .modify(&ModifySettingRequest {
            resource_path: SILO_MEMORY.into(),
            request_type: RequestType::Update,
            settings: Some(256.into()),
            ..ModifySettingRequest::default()
        })
        .await?;
    let ended = run(system, hungry).await?;
    say(format_args!("Raised to 256 MB while it runs, the same ends with code {}.", ended.code));
    Ok(())
}

async fn statistics(stage: &Stage, system: &System) -> Result<()> {
    step("Statistics, asked for by another handle");
    let sleeper = system.create_process(&words(&["sleep", "1000"]), StdioSource::Pipes).await?;
    let other = stage.host.open(system.id()).await?;
    let query = PropertyQuery {
        property_types: vec![PropertyType::Statistics, PropertyType::ProcessList],
        ..PropertyQuery::default()
    };
    let properties = other.properties(&query).await?;
    let statistics = properties.statistics.unwrap_or_default();
    let memory = statistics.memory.unwrap_or_default();
    let processor = statistics.processor.unwrap_or_default();
    say(format_args!(
        "up {} ms, processor {} ms, memory {} KB (at most {} KB)",
        statistics.uptime_100ns / 10_000,
        processor.total_runtime_100ns / 10_000,
        memory.memory_usage_commit_bytes / 1024,
        memory.memory_usage_commit_peak_bytes / 1024,
    ));
    for process in &properties.process_list {
        say(format_args!("process {} {}", process.process_id, process.image_name));
    }
    sleeper.kill().await?;
    sleeper.wait().await?;
    other.close().await?;
    Ok(())
}

async fn pause(system: &System) -> Result<()> {
    step("Pause and resume");
    let ticker = shell("while :; do echo tick; sleep 0.02; done");
    let process = system.create_process(&with_output(ticker), StdioSource::Pipes).await?;
    let mut ticks = process.stdio().await?.stdout.ok_or("a process with a pipe has a stdout")?;
    say("A process prints \"tick\" every 20 ms.");
    say(format_args!("running, 200 ms: {} ticks", count_ticks(&mut ticks).await?));
    system.pause(&PauseOptions::default()).await?;
    // What it wrote before it was paused.
    count_ticks(&mut ticks).await?;
    let paused = count_ticks(&mut ticks).await?;
    say(format_args!("{}, 200 ms: {paused} ticks", state(system).await?));
    system.resume().await?;
    say(format_args!(
        "{} again, 200 ms: {} ticks",
        state(system).await?,
        count_ticks(&mut ticks).await?
    ));
    process.kill().await?;
    process.wait().await?;
    Ok(())
}

/// How many ticks come in 200 ms.
async fn count_ticks(ticks: &mut ReadPipe) -> Result<usize> {
    let mut count = 0;
    let mut buffer = [0; 4096];
    let reading = async {
        loop {
            let length = ticks.read(&mut buffer).await?;
            if length == 0 {
                return Ok::<(), std::io::Error>(());
            }
            count += buffer[..length].iter().filter(|byte| **byte == b'\n').count();
        }
    };
    match tokio::time::timeout(Duration::from_millis(200), reading).await {
        Ok(Ok(())) => Err("the process ended".into()),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Ok(count),
    }
}

async fn mapped_directory(stage: &Stage, system: &System) -> Result<()> {
    step("A folder of the host, added while it runs");
    let shared = stage.folder.join("shared");
    fs::create_dir_all(&shared)?;
    fs::write(shared.join("letter"), "from the host\n")?;
    let directory = MappedDirectory {
        host_path: shared.display().to_string(),
        container_path: "/mnt/shared".into(),
        read_only: true,
        ..MappedDirectory::default()
    };
    let request = |request_type| -> Result<ModifySettingRequest> {
        let document = serde_json::to_value(&directory)?;
        Ok(ModifySettingRequest {
            resource_path: SILO_MAPPED_DIRECTORIES.into(),
            request_type,
            settings: Some(document),
            ..ModifySettingRequest::default()
        })
    };
    system.modify(&request(RequestType::Add)?).await?;
    let command = "cat /mnt/shared/letter; touch /mnt/shared/mine";
    say(format_args!("It was added for reading only. sh -c '{command}'"));
    let ended = run(system, shell(command)).await?;
    narrator::show(&ended.stdout);
    narrator::show(&ended.stderr);
    system.modify(&request(RequestType::Remove)?).await?;
    let ended = run(system, shell("ls /mnt/shared | head -n 1")).await?;
    let seen = if ended.stdout.is_empty() { "nothing" } else { ended.stdout.trim() };
    say(format_args!("Removed again, the container sees {seen} there."));
    Ok(())
}

async fn kill(system: &System) -> Result<()> {
    step("Kill");
    let process = system.create_process(&words(&["sleep", "1000"]), StdioSource::Pipes).await?;
    process.kill().await?;
    process.wait().await?;
    say(format_args!(
        "A process that would sleep for long ends with code {}.",
        process.exit_code().await?
    ));
    let again = process.kill().await;
    if again.is_err_and(|error| error::is_already_stopped(&error)) {
        say("To kill it once more is an error that says it has already stopped.");
    }
    Ok(())
}

async fn end(stage: &Stage, system: &System) -> Result<()> {
    step("The end of the container");
    system.terminate().await?;
    let exit = system.wait().await?;
    say(format_args!("terminated: it is {} ({})", state(system).await?, exit.exit_type));
    system.close().await?;
    let gone = stage.host.open(system.id()).await;
    if gone.err().is_some_and(|error| error::is_not_exist(&error)) {
        say("The last handle is closed: no compute system has its id any more.");
    }
    Ok(())
}

/// How a process ended.
struct Ended {
    stdout: String,
    stderr: String,
    code: i32,
}

async fn run(system: &System, parameters: ProcessParameters) -> Result<Ended> {
    run_with(system, parameters, "").await
}

async fn run_with(system: &System, parameters: ProcessParameters, input: &str) -> Result<Ended> {
    let parameters = ProcessParameters { create_std_in_pipe: true, ..with_output(parameters) };
    let process = system.create_process(&parameters, StdioSource::Pipes).await?;
    let stdio = process.stdio().await?;
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdio.stdin, stdio.stdout, stdio.stderr)
    else {
        return Err("a process with three pipes has three streams".into());
    };
    stdin.write_all(input.as_bytes()).await?;
    stdin.flush().await?;
    process.close_stdin().await?;
    let (stdout, stderr) = tokio::try_join!(text(stdout), text(stderr))?;
    process.wait().await?;
    Ok(Ended { stdout, stderr, code: process.exit_code().await? })
}

async fn text(mut stream: ReadPipe) -> std::io::Result<String> {
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

async fn state(system: &System) -> Result<String> {
    Ok(system.properties(&PropertyQuery::default()).await?.state)
}

fn shell(command: &str) -> ProcessParameters {
    words(&["sh", "-c", command])
}

fn words(words: &[&str]) -> ProcessParameters {
    let command_args = words.iter().map(|word| (*word).to_owned()).collect();
    ProcessParameters { command_args, ..ProcessParameters::default() }
}

fn with_output(parameters: ProcessParameters) -> ProcessParameters {
    ProcessParameters { create_std_out_pipe: true, create_std_err_pipe: true, ..parameters }
}
