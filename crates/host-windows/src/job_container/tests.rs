use std::path::Path;
use std::time::{Duration, Instant};

use compute::error::{is_already_closed, is_not_supported};
use compute::{Process, Signal, StdioSource, SystemEvent, SystemExit};
use futures_util::StreamExt as _;
use hcs_schema::schema2::{ProcessParameters, PropertyQuery, PropertyType};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::wine;

/// How the default handler of console events ends a process.
const STATUS_CONTROL_C_EXIT: i32 = 0xc000_013a_u32.cast_signed();

/// A container whose root is a folder, run by who runs the test.
struct Bed {
    root: TempDir,
    id: SystemId,
}

impl Bed {
    fn new(name: &str) -> Self {
        let id = format!("{name}-{}", std::process::id()).parse().unwrap();
        Self { root: tempfile::tempdir().unwrap(), id }
    }

    fn root(&self) -> &Path {
        self.root.path()
    }

    fn spec(&self, more: &Value) -> Spec {
        let mut spec = json!({
            "root": {"path": self.root()},
            "annotations": {
                "microsoft.com/hostprocess-container": "true",
                "microsoft.com/hostprocess-inherit-user": "true",
                // In a folder of its own where there is the bind filter.
                "microsoft.com/hostprocess-rootfs-location": self.root().join("bound"),
            },
            "windows": {"layerFolders": null},
        });
        for (name, value) in more.as_object().unwrap() {
            spec[name] = value.clone();
        }
        serde_json::from_value(spec).unwrap()
    }

    async fn started(&self) -> Box<dyn ComputeSystem> {
        let system = create(&self.id, &self.spec(&json!({}))).await.unwrap();
        system.start().await.unwrap();
        system
    }
}

fn parameters(command_line: &str) -> ProcessParameters {
    ProcessParameters {
        command_line: command_line.into(),
        create_std_in_pipe: true,
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..ProcessParameters::default()
    }
}

/// A program that writes what it reads: a test's own that does so.
fn echo() -> ProcessParameters {
    let own = std::env::current_exe().unwrap();
    let line = format!("\"{}\" exec::tests::child --exact --nocapture", own.display());
    let environment = [("HOST_WINDOWS_TEST_ROLE".into(), "echo".into())].into();
    ProcessParameters { environment, create_std_err_pipe: false, ..parameters(&line) }
}

async fn process(system: &dyn ComputeSystem, command_line: &str) -> Box<dyn Process> {
    system.create_process(&parameters(command_line), StdioSource::Pipes).await.unwrap()
}

async fn output(process: &dyn Process) -> String {
    let mut text = String::new();
    process.stdio().await.unwrap().stdout.unwrap().read_to_string(&mut text).await.unwrap();
    text.replace("\r\n", "\n")
}

#[tokio::test]
async fn a_process_of_the_host_runs_with_the_roots_files() {
    let bed = Bed::new("runs");
    let system = bed.started().await;
    assert_eq!((system.os(), system.system_type()), ("windows", "container"));
    let mut asked = parameters(r"cmd /c cd && echo %CONTAINER_SANDBOX_MOUNT_POINT%^|%A%&& exit 3");
    // Of a silo it is what it says, and would be made on this machine.
    let bound = Job::can_bind().then(|| bed.root().display().to_string());
    asked.working_directory = bound.unwrap_or_else(|| r"C:\work".into());
    asked.environment = [("A".into(), r"$env:CONTAINER_SANDBOX_MOUNT_POINT\a".into())].into();
    let first = system.create_process(&asked, StdioSource::Pipes).await.unwrap();
    let said = output(first.as_ref()).await;
    first.wait().await.unwrap();
    assert_eq!(first.exit_code().await.unwrap(), 3);
    if !Job::can_bind() {
        let root = bed.root().display();
        assert_eq!(said.replace(" \n", "\n"), format!("{root}\\work\n{root}|{root}\\a\n"));
    }
    let exit = system.wait().await.unwrap();
    assert_eq!(exit.exit_type, "GracefulExit");
}

#[tokio::test]
async fn the_end_of_the_first_process_ends_the_others() {
    let bed = Bed::new("ends");
    let system = bed.started().await;
    let mut events = system.events();
    let first = system.create_process(&echo(), StdioSource::Pipes).await.unwrap();
    let other = process(system.as_ref(), "ping -n 1000 127.0.0.1").await;
    let query = PropertyQuery {
        property_types: vec![PropertyType::ProcessList, PropertyType::Statistics],
        ..PropertyQuery::default()
    };
    let listed = system.properties(&query).await.unwrap();
    let names = |name: &str| {
        let named = |image: &str| image.eq_ignore_ascii_case(name);
        listed.process_list.iter().filter(|process| named(&process.image_name)).count()
    };
    let own = std::env::current_exe().unwrap();
    let own = own.file_name().unwrap().to_string_lossy();
    assert!(names(&own) == 1 && names("ping.exe") == 1, "{listed:?}");
    assert_eq!((listed.state.as_str(), listed.statistics.is_some()), ("Running", true));

    // Its input is written and ended, and all of it is read.
    let mut stdin = first.stdio().await.unwrap().stdin.unwrap();
    let text = "written\n".repeat(20_000);
    stdin.write_all(text.as_bytes()).await.unwrap();
    first.close_stdin().await.unwrap();
    let said = output(first.as_ref()).await;
    assert!(said.contains(&format!("<{text}>")), "{} bytes", said.len());
    first.wait().await.unwrap();
    assert_eq!(first.exit_code().await.unwrap(), 0);
    other.wait().await.unwrap();
    let expected =
        SystemExit { status: hcs_schema::HResult::S_OK, exit_type: "GracefulExit".into() };
    assert_eq!(system.wait().await.unwrap(), expected);
    let mut pids = [first.pid(), other.pid()];
    let mut told = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            SystemEvent::ProcessExited(status) => told.push(status.process_id),
            event => assert_eq!(event, SystemEvent::Exited(expected.clone())),
        }
    }
    told.sort_unstable();
    pids.sort_unstable();
    assert_eq!(told, pids);
    let refused = system.create_process(&parameters("cmd"), StdioSource::Pipes).await;
    let error = refused.err().expect("it has stopped");
    assert!(compute::error::is_already_stopped(&error), "{error}");
}

#[tokio::test]
async fn a_process_is_killed_and_a_container_is_ended() {
    let bed = Bed::new("killed");
    let system = bed.started().await;
    let first = process(system.as_ref(), "ping -n 1000 127.0.0.1").await;
    let other = process(system.as_ref(), "ping -n 1000 127.0.0.1").await;
    let again = system.open_process(other.pid()).await.unwrap();
    assert!(again.kill().await.unwrap());
    other.wait().await.unwrap();
    assert_eq!(other.exit_code().await.unwrap(), 1);
    assert!(system.open_process(other.pid()).await.is_err());

    system.terminate().await.unwrap();
    assert_eq!(system.wait().await.unwrap().exit_type, "ForcedExit");
    first.wait().await.unwrap();
    // Once more is no error.
    system.terminate().await.unwrap();
    system.close().await.unwrap();
    let error = system.start().await.unwrap_err();
    assert!(is_already_closed(&error), "{error}");
}

#[tokio::test]
async fn a_console_event_reaches_a_process() {
    const TEST: &str = "a_console_event_reaches_a_process";
    let bed = Bed::new("event");
    let system = bed.started().await;
    let first = process(system.as_ref(), "ping -n 1000 127.0.0.1").await;
    let refused = first.signal(&Signal::Windows("CtrlNothing".into())).await.unwrap_err();
    assert!(is_not_supported(&refused), "{refused}");
    match first.signal(&Signal::Windows("CtrlShutdown".into())).await {
        Ok(delivered) => assert!(delivered),
        Err(error) => {
            assert!(error.to_string().contains("CtrlRoutine"), "{error}");
            assert!(wine::leaves_out(TEST, "Wine lacks CtrlRoutine"));
            return;
        }
    }
    first.wait().await.unwrap();
    // Wine has its own.
    let expected = if wine::is_here() { 0 } else { STATUS_CONTROL_C_EXIT };
    assert_eq!(first.exit_code().await.unwrap(), expected);
}

#[tokio::test]
async fn processes_end_with_the_last_handle_and_the_id_is_free_again() {
    let bed = Bed::new("again");
    for _ in 0..3 {
        // Under Wine the name is there until all of its processes are.
        let deadline = Instant::now() + Duration::from_secs(10);
        let system = loop {
            match create(&bed.id, &bed.spec(&json!({}))).await {
                Ok(system) => break system,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        system.start().await.unwrap();
        let error = create(&bed.id, &bed.spec(&json!({}))).await.err().expect("there is one");
        assert_eq!(error.code(), Some(SystemCode::ERR_SYSTEM_ALREADY_EXISTS), "{error}");
        let first = process(system.as_ref(), "ping -n 1000 127.0.0.1").await;
        let pid = first.pid();
        let handle = crate::exec::Process::open(pid).unwrap();
        drop((first, system));
        handle.wait().await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_its_name() {
    let bed = Bed::new("refused");
    let mount = |source: &str, destination: &str| json!({"mounts": [{"source": source, "destination": destination}]});
    for (more, text) in [
        (json!({"root": null}), "spec is invalid - root isn't populated"),
        (json!({"root": {"path": r"C:\none\such"}}), "must be a volume GUID path"),
        (mount("", r"C:\x"), "a mount must have both source and a destination"),
        (mount(r"\\.\pipe\x", r"C:\x"), "named pipe mounts not supported"),
        (
            json!({"windows": {"resources": {"cpu": {"count": 1, "shares": 5}}}}),
            "mutually exclusive",
        ),
    ] {
        let error = create(&bed.id, &bed.spec(&more)).await.err().expect(text);
        assert!(format!("{error:#}").contains(text), "{error:#}");
    }
    let system = bed.started().await;
    let refused = system.create_process(&parameters("no-such program"), StdioSource::Pipes).await;
    let error = refused.err().expect("no program");
    assert!(error.to_string().contains("no-such program"), "{error}");
    // It is still to have its first process.
    let first = process(system.as_ref(), "cmd /c exit 0").await;
    first.wait().await.unwrap();
    system.wait().await.unwrap();
}

#[tokio::test]
async fn nobody_is_logged_on_without_a_name() {
    let bed = Bed::new("nobody");
    let spec = bed.spec(&json!({"annotations": {
        "microsoft.com/hostprocess-rootfs-location": bed.root().join("bound"),
    }}));
    let system = create(&bed.id, &spec).await.unwrap();
    system.start().await.unwrap();
    let refused = system.create_process(&parameters("cmd"), StdioSource::Pipes).await;
    let error = refused.err().expect("nobody").to_string();
    assert!(error.contains("empty username or group name passed"), "{error}");
}

#[tokio::test]
async fn mounts_are_links_below_the_root() {
    const TEST: &str = "mounts_are_links_below_the_root";
    if wine::leaves_out(TEST, "Wine makes no symbolic links") || Job::can_bind() {
        return;
    }
    let (bed, source) = (Bed::new("mounts"), tempfile::tempdir().unwrap());
    std::fs::write(source.path().join("file"), "mounted").unwrap();
    let spec = bed.spec(&json!({"mounts": [
        {"source": source.path(), "destination": r"C:\a\b"},
    ]}));
    let system = create(&bed.id, &spec).await.unwrap();
    let seen = bed.root().join(r"a\b\file");
    assert_eq!(std::fs::read_to_string(&seen).unwrap(), "mounted");
    drop(system);
    assert!(!seen.exists() && source.path().join("file").exists());
}
