//! What the facade asks of a host and how it tells what came of it.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use compute::fake::{Call, FakeService};
use compute::{ComputeService, operation};
use hcsshim::{
    ADD, CONTAINER_TYPE, ComputeSystemQuery, Container, ContainerConfig, ERR_ELEMENT_NOT_FOUND,
    Error, ErrorEvent, Hcs, Layer, NETWORK, Named, ProcessConfig,
    ResourceModificationRequestResponse, Result, SystemCode, is_access_is_denied,
    is_already_closed, is_already_stopped, is_not_exist, is_pending, is_timeout,
};
use serde_json::json;

fn fake() -> (FakeService, Hcs) {
    let service = FakeService::linux();
    let hcs = Hcs::new(Arc::new(service.clone()));
    (service, hcs)
}

fn config() -> ContainerConfig {
    ContainerConfig {
        system_type: CONTAINER_TYPE,
        name: "c1".into(),
        layers: vec![Layer { path: "/srv/rootfs".into(), ..Default::default() }],
        ..Default::default()
    }
}

fn cat() -> ProcessConfig {
    ProcessConfig {
        command_line: "cat -n".into(),
        create_std_in_pipe: true,
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..Default::default()
    }
}

fn running(hcs: &Hcs) -> Container {
    let container = hcs.create_container("c1", &config()).expect("a container");
    container.start().expect("a start");
    container
}

/// Success of a shutdown or a terminate.
fn begun(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(error) if is_pending(&error) => Ok(()),
        outcome => outcome,
    }
}

/// Each call of the facade that asks the host for something, once.
fn lifecycle(hcs: &Hcs) -> Result<()> {
    let made = hcs.create_container("c1", &config())?;
    hcs.get_containers(&ComputeSystemQuery { ids: vec!["c1".into()], ..Default::default() })?;
    let container = hcs.open_container("c1")?;
    made.close()?;
    container.start()?;
    container.pause()?;
    container.resume()?;
    container.statistics()?;
    container.process_list()?;
    container.mapped_virtual_disks()?;
    container.modify(&ResourceModificationRequestResponse {
        resource: NETWORK,
        data: Some("endpoint-1".into()),
        request: ADD,
        ..Default::default()
    })?;
    let process = container.create_process(&cat())?;
    let same = container.open_process(process.pid())?;
    process.stdio()?;
    process.resize_console(80, 25)?;
    process.close_stdin()?;
    process.kill()?;
    process.wait()?;
    process.exit_code()?;
    process.close()?;
    same.close()?;
    begun(container.shutdown())?;
    begun(container.terminate())?;
    container.wait()?;
    container.close()
}

/// The calls of [`lifecycle`] as the host sees them.
const CALLS: [&str; 25] = [
    "hcs::CreateComputeSystem c1",
    "hcs::GetComputeSystems",
    "hcs::OpenComputeSystem c1",
    "hcs::System::Close c1",
    "hcs::System::Start c1",
    "hcs::System::Pause c1",
    "hcs::System::Resume c1",
    "hcs::System::PropertiesV2 c1",
    "hcs::System::PropertiesV2 c1",
    "hcs::System::PropertiesV2 c1",
    "hcs::System::Modify c1",
    "hcs::System::CreateProcess c1",
    "hcs::System::OpenProcess c1",
    "hcs::Process::StdioLegacy c1:1001",
    "hcs::Process::ResizeConsole c1:1001",
    "hcs::Process::CloseStdin c1:1001",
    "hcs::Process::Kill c1:1001",
    "hcs::Process::waitBackground c1:1001",
    "hcs::Process::ExitCode c1:1001",
    "hcs::Process::Close c1:1001",
    "hcs::Process::Close c1:1001",
    "hcs::System::Shutdown c1",
    "hcs::System::Terminate c1",
    "hcs::System::waitBackground c1",
    "hcs::System::Close c1",
];

#[test]
fn each_call_asks_the_host_once_and_in_order() {
    let (service, hcs) = fake();
    lifecycle(&hcs).expect("a lifecycle without a fault");
    let calls: Vec<String> = service.calls().iter().map(Call::to_string).collect();
    assert_eq!(calls, CALLS);
    assert!(service.inside("c1").is_none(), "the container is forgotten");
}

#[test]
fn the_host_gets_the_documents_of_the_reference() {
    let (service, hcs) = fake();
    lifecycle(&hcs).expect("a lifecycle without a fault");
    let calls = service.calls();
    let argument = |at: usize| calls[at].argument.clone();
    assert_eq!(argument(0), serde_json::to_value(config()).expect("JSON"));
    assert_eq!(argument(1), json!({ "Ids": ["c1"] }));
    assert_eq!(argument(5), json!({}), "no options");
    assert_eq!(argument(7), json!({ "PropertyTypes": ["Statistics"] }));
    assert_eq!(argument(8), json!({ "PropertyTypes": ["ProcessList"] }));
    assert_eq!(argument(9), json!({ "PropertyTypes": ["MappedVirtualDisk"] }));
    assert_eq!(
        argument(10),
        json!({ "ResourceType": "Network", "Settings": "endpoint-1", "RequestType": "Add" })
    );
    assert_eq!(argument(11), serde_json::to_value(cat()).expect("JSON"));
    assert_eq!(argument(12), json!(1001));
    assert_eq!(argument(14), json!({ "Height": 25, "Width": 80 }));
}

#[test]
fn a_failure_of_any_call_is_told_with_all_that_the_host_said() {
    let events = vec![ErrorEvent { message: "no luck".into(), ..Default::default() }];
    for n in 1..=CALLS.len() {
        let (service, hcs) = fake();
        let mut name = CALLS[n - 1].split(' ');
        let operation = name.next().expect("an operation");
        let denied = SystemCode::ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED;
        let planned = match name.next().map(|object| object.split_once(':')) {
            None => compute::Error::service(operation, denied),
            Some(None) => compute::Error::system(operation, "c1", denied),
            Some(Some(_)) => compute::Error::process(operation, "c1", 1001, denied),
        };
        let planned = planned.with_events(events.clone()).with_hint("be root");
        let text = planned.to_string();
        service.fail_nth(n, planned);

        let error = lifecycle(&hcs).expect_err(operation);
        assert!(is_access_is_denied(&error), "{error}");
        assert!(!is_not_exist(&error) && !is_pending(&error), "{error}");
        match &error {
            Error::Host(_) => {
                assert!(n <= 3, "{operation} is about an object");
                assert_eq!(error.to_string(), text);
            }
            Error::Container(error) => {
                assert_eq!(error.container.as_deref(), Some("c1"));
                assert_eq!(error.operation, operation);
                assert_eq!(error.events, events);
                assert_eq!(error.extra_info, "be root");
                assert!(operation.starts_with("hcs::System::"), "{operation}");
            }
            Error::Process(error) => {
                assert_eq!(error.process, Some(("c1".into(), 1001)));
                assert_eq!(error.operation, operation);
                assert_eq!(error.events, events);
                assert_eq!(error.extra_info, "be root");
                assert!(operation.starts_with("hcs::Process::"), "{operation}");
            }
            other => panic!("{operation}: {other}"),
        }
        assert_eq!(service.calls().len(), n, "nothing follows {operation}");
        let handles = service.inside("c1").map_or(0, |inside| inside.handles());
        assert_eq!(handles, 0, "a handle is left after {operation}");
    }
}

#[test]
fn an_end_that_was_asked_for_is_an_error_that_says_pending() {
    let (_, hcs) = fake();
    let container = running(&hcs);
    for (error, call) in [(container.shutdown(), "Shutdown"), (container.terminate(), "Terminate")]
    {
        let error = error.expect_err("pending");
        assert!(is_pending(&error), "{error}");
        let start = format!(
            "container c1 encountered an error during hcsshim::ComputeSystem::{call}: \
             failure in a Windows system call: "
        );
        let text = error.to_string();
        assert!(text.starts_with(&start) && text.ends_with("(0xc0370103)"), "{text}");
    }
}

#[test]
fn a_wait_that_times_out_leaves_one_wait_for_all() {
    let (service, hcs) = fake();
    let container = running(&hcs);
    let process = container.create_process(&cat()).expect("a process");
    for _ in 0..10 {
        let error = container.wait_timeout(Duration::ZERO).expect_err("it runs");
        assert!(is_timeout(&error), "{error}");
        assert_eq!(
            error.to_string(),
            "container c1 encountered an error during hcsshim::ComputeSystem::Wait: \
             hcsshim: timeout waiting for notification"
        );
        let error = process.wait_timeout(Duration::ZERO).expect_err("it runs");
        assert!(is_timeout(&error), "{error}");
        assert_eq!(
            error.to_string(),
            "process 1001 in container c1 encountered an error during hcsshim::Process::Wait: \
             hcsshim: timeout waiting for notification"
        );
    }
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..4).map(|_| scope.spawn(|| container.wait())).collect();
        let long = scope.spawn(|| container.wait_timeout(Duration::from_secs(60)));
        begun(container.terminate()).expect("a terminate");
        for waiting in waiting {
            waiting.join().expect("no panic").expect("an end");
        }
        long.join().expect("no panic").expect("an end");
    });
    process.wait().expect("it ended with its container");
    // The outcome is remembered, also by a handle that is closed.
    container.close().expect("a close");
    container.wait().expect("the outcome");
    let waits = service.calls().iter().filter(|call| call.operation == operation::WAIT).count();
    assert_eq!(waits, 1);
}

#[test]
fn a_close_ends_who_waits() {
    let (_, hcs) = fake();
    let container = running(&hcs);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| container.wait());
        thread::sleep(Duration::from_millis(20));
        container.close().expect("a close");
        let error = waiting.join().expect("no panic").expect_err("closed");
        assert!(is_already_closed(&error), "{error}");
    });
    container.close().expect("a second close does nothing");
    assert!(is_already_closed(&container.start().expect_err("closed")));
}

#[test]
fn an_end_that_nobody_asked_for_is_an_error() {
    let (service, hcs) = fake();
    let container = running(&hcs);
    service.inside("c1").expect("it runs").crash("a report");
    for error in [container.wait(), container.wait_timeout(Duration::from_secs(5))] {
        let text = error.expect_err("a crash").to_string();
        assert!(
            text.starts_with(
                "container c1 encountered an error during hcs::System::waitBackground: \
                 failure in a Windows system call: "
            ) && text.ends_with("(0xc0370106)"),
            "{text}"
        );
    }
}

#[test]
fn stdio_gives_handles_to_the_same_pipes_each_time() {
    let (service, hcs) = fake();
    let container = running(&hcs);
    let process = container.create_process(&cat()).expect("a process");
    let inside = service.inside("c1").expect("it runs");
    let write = |text: &str| {
        let mut stdio = process.stdio().expect("streams");
        let stdin = stdio.stdin.as_mut().expect("a pipe");
        stdin.write_all(text.as_bytes()).expect("a write");
        stdin.flush().expect("a flush");
    };
    write("one ");
    write("two");
    let pid = process.pid();
    assert_eq!(inside.read_stdin(pid).expect("a pipe"), (b"one two".to_vec(), false));
    process.close_stdin().expect("a close");
    assert!(inside.read_stdin(pid).expect("a pipe").1);

    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut read = (String::new(), String::new());
            let stdio = process.stdio().expect("streams");
            stdio.stdout.expect("a pipe").read_to_string(&mut read.0)?;
            stdio.stderr.expect("a pipe").read_to_string(&mut read.1)?;
            std::io::Result::Ok(read)
        });
        inside.write_stdout(pid, b"out").expect("a write");
        thread::sleep(Duration::from_millis(20));
        inside.write_stdout(pid, b"put").expect("a write");
        inside.write_stderr(pid, b"fault").expect("a write");
        inside.exit_process(pid, 0);
        let read = reader.join().expect("no panic").expect("all output");
        assert_eq!(read, ("output".into(), "fault".into()));
    });
}

#[test]
fn a_process_that_cannot_be_made_leaves_its_command_line_in_the_error() {
    let (_, hcs) = fake();
    let container = running(&hcs);
    container.pause().expect("a pause");
    let error = container.create_process(&cat()).expect_err("it is paused");
    assert!(
        error.to_string().starts_with(
            "container c1 encountered an error during hcs::System::CreateProcess: cat -n: "
        ),
        "{error}"
    );
    let too_large = ProcessConfig { console_size: [u32::MAX, 1], ..Default::default() };
    let error = container.create_process(&too_large).expect_err("no size");
    assert!(error.to_string().contains("ConsoleSize"), "{error}");
}

#[test]
fn a_process_that_has_ended_is_already_stopped() {
    let (_, hcs) = fake();
    let container = running(&hcs);
    let process = container.create_process(&cat()).expect("a process");
    process.kill().expect("a kill");
    let error = process.kill().expect_err("it has ended");
    assert!(is_already_stopped(&error), "{error}");
    let error = container.open_process(1).expect_err("no such process");
    assert!(is_not_exist(&error), "{error}");
    assert_eq!(error.cause().map(ToString::to_string), Some(ERR_ELEMENT_NOT_FOUND.to_string()));
}

#[test]
fn an_id_that_cannot_be_one_is_not_sent() {
    let (service, hcs) = fake();
    for id in ["", "..", "a/b"] {
        assert!(hcs.create_container(id, &config()).is_err());
        assert!(hcs.open_container(id).is_err());
    }
    assert_eq!(service.calls(), []);
}

/// Panics of a runtime that is blocked from within, or of one that is dropped
/// there, end these.
mod from_async_code {
    use super::*;

    fn whole() {
        let (service, hcs) = fake();
        lifecycle(&hcs).expect("a lifecycle");
        let container = running(&hcs);
        let process = container.create_process(&cat()).expect("a process");
        let inside = service.inside("c1").expect("it runs");
        inside.write_stdout(process.pid(), b"x").expect("a write");
        let mut byte = [0];
        let mut stdout = process.stdio().expect("streams").stdout.expect("a pipe");
        stdout.read_exact(&mut byte).expect("a byte");
        let before = Instant::now();
        let limit = Duration::from_millis(20);
        assert!(is_timeout(&container.wait_timeout(limit).expect_err("it runs")));
        assert!(before.elapsed() >= limit);
    }

    #[tokio::test]
    async fn the_calls_block_and_do_not_panic_on_one_thread() {
        whole();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_calls_block_and_do_not_panic_on_several() {
        tokio::spawn(async { whole() }).await.expect("no panic");
        tokio::task::spawn_blocking(whole).await.expect("no panic");
    }

    #[tokio::test]
    async fn a_service_can_be_shared_with_async_code() {
        let (service, hcs) = fake();
        let container = running(&hcs);
        let id = "c1".parse().expect("an id");
        let system = service.open(&id).await.expect("the same container");
        let ended = thread::spawn(move || container.wait());
        system.terminate().await.expect("a terminate");
        ended.join().expect("no panic").expect("an end");
    }
}

const ADDITIONAL: &str = "HCSSHIM_CREATECONTAINER_ADDITIONALJSON";
const CHILD: &str = "HCSSHIM_TEST_WITH_ADDITIONAL_JSON";

/// Runs the test of this name once more, with the variable set.
fn with_additional(test: &str, json: &str) {
    let program = std::env::current_exe().expect("this program");
    let child = Command::new(program)
        .args(["--exact", test])
        .env(ADDITIONAL, json)
        .env(CHILD, "1")
        .output()
        .expect("this program again");
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}");
    assert!(output.contains("1 passed"), "{output}");
}

#[test]
fn the_environment_adds_to_a_configuration() {
    let test = "the_environment_adds_to_a_configuration";
    if std::env::var_os(CHILD).is_none() {
        let json = r#"{"HostName":"added","Name":"other","New":{"A":[1]}}"#;
        with_additional(test, json);
        return;
    }
    let (service, hcs) = fake();
    running(&hcs);
    let mut expected = serde_json::to_value(config()).expect("JSON");
    expected["HostName"] = json!("added");
    expected["Name"] = json!("other");
    expected["New"] = json!({ "A": [1] });
    assert_eq!(service.calls()[0].argument, expected);
}

#[test]
fn what_the_environment_adds_has_to_be_an_object() {
    let test = "what_the_environment_adds_has_to_be_an_object";
    if std::env::var_os(CHILD).is_none() {
        with_additional(test, "[1");
        return;
    }
    let (service, hcs) = fake();
    let error = hcs.create_container("c1", &config()).expect_err("no JSON");
    let start = "failed to merge additional JSON '[1': ";
    assert!(error.to_string().starts_with(start), "{error}");
    assert!(error.cause().is_none());
    assert_eq!(service.calls(), []);
}

#[test]
fn an_error_in_the_facade_is_looked_into_once() {
    let (_, hcs) = fake();
    let error = hcs.create_container("c1", &config()).and_then(|made| {
        made.close()?;
        made.start()
    });
    let error = error.expect_err("closed");
    assert!(is_already_closed(&error));
    let Error::Container(bare) = &error else { panic!("{error}") };
    assert!(is_already_closed(bare.as_ref()));
    // As in the reference, one that something else was put around is not.
    assert!(!is_already_closed(&std::io::Error::other(error)));
    assert!(is_already_closed(&Named::AlreadyClosed));
}
