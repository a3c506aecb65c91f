//! The fake behaves as a host does, and fails where it is told to.

use std::future::poll_fn;
use std::time::Duration;

use compute::error::{self, Error, Named, Object, SystemCode};
use compute::fake::FakeService;
use compute::timeouts::with_timeout;
use compute::{
    ComputeService, ConsoleSize, Document, EventStream, Process, Result, Signal, State,
    StdioSource, SystemEvent, SystemId, operation,
};
use hcs_schema::SystemType;
use hcs_schema::schema1::{ComputeSystemQuery, ContainerConfig};
use hcs_schema::schema2::{
    self, ModifySettingRequest, PauseOptions, ProcessParameters, PropertyQuery, PropertyType,
    SaveOptions,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn id(text: &str) -> SystemId {
    text.parse().expect("a valid id")
}

fn document() -> Document {
    schema2::ComputeSystem { owner: "tests".into(), ..Default::default() }.into()
}

fn with_pipes() -> ProcessParameters {
    ProcessParameters {
        command_line: "cat -n".into(),
        create_std_in_pipe: true,
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..Default::default()
    }
}

async fn create_cat(system: &dyn compute::ComputeSystem) -> Box<dyn Process> {
    system.create_process(&with_pipes(), StdioSource::Pipes).await.expect("a process")
}

/// Everything that can be asked of a host, each once. What is begun is undone
/// by dropping it, so it can fail anywhere.
async fn lifecycle(service: &FakeService) -> Result<()> {
    service.service_properties(&PropertyQuery::default()).await?;
    service.modify_service_settings(&schema2::ModificationRequest::default()).await?;
    let made = service.create(&id("c1"), &document()).await?;
    service.enumerate(&ComputeSystemQuery::default()).await?;
    let system = service.open(&id("c1")).await?;
    made.close().await?;
    system.start().await?;
    let process = system.create_process(&with_pipes(), StdioSource::Pipes).await?;
    let same = system.open_process(process.pid()).await?;
    process.stdio().await?;
    process.resize_console(ConsoleSize { width: 80, height: 25 }).await?;
    process.close_stdin().await?;
    process.close_stdout().await?;
    process.close_stderr().await?;
    process.signal(&Signal::Linux(15)).await?;
    process.kill().await?;
    process.wait().await?;
    process.exit_code().await?;
    process.status().await?;
    process.close().await?;
    same.close().await?;
    system.pause(&PauseOptions::default()).await?;
    system.resume().await?;
    system.modify(&ModifySettingRequest::default()).await?;
    system.properties(&PropertyQuery::default()).await?;
    system.shutdown().await?;
    system.terminate().await?;
    system.wait().await?;
    system.close().await
}

#[tokio::test]
async fn every_call_of_a_lifecycle_can_fail_and_is_recorded() {
    let whole = FakeService::linux();
    lifecycle(&whole).await.expect("a lifecycle without a fault");
    assert!(whole.inside("c1").is_none(), "the system is forgotten");
    let whole = whole.calls();
    assert_eq!(whole.len(), 29);
    assert_eq!(whole[7].to_string(), "hcs::System::CreateProcess c1");
    assert_eq!(whole[7].argument["CommandLine"], "cat -n");
    assert_eq!(whole[15].to_string(), "hcs::Process::Kill c1:1001");

    for n in 1..=whole.len() {
        let service = FakeService::linux();
        service.fail_nth(n, SystemCode::ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED);
        let error = lifecycle(&service).await.expect_err("a fault");
        let failed = &whole[n - 1];
        assert_eq!(error.operation(), failed.operation);
        assert_eq!(*error.object(), failed.object);
        assert!(error::is_access_is_denied(&error));
        assert_eq!(service.calls(), whole[..n], "nothing is called after {failed}");
        if let Some(inside) = service.inside("c1") {
            assert_eq!(inside.handles(), 0, "a handle is left after {failed}");
        }
    }
}

#[tokio::test]
async fn a_fault_is_for_one_call_and_keeps_its_events_and_hint() {
    let service = FakeService::linux();
    let event = hcs_schema::ErrorEvent { message: "no disk".into(), ..Default::default() };
    let planned = || {
        Error::system("guest::Start", "c1", Named::UnexpectedValue)
            .with_events([event.clone()])
            .with_hint("add a disk")
    };
    let system = service.create(&id("c1"), &document()).await.expect("a system");
    service.fail_next(operation::START, planned());
    assert_eq!(system.start().await, Err(planned()));
    assert_eq!(system.start().await, Ok(()));
}

#[tokio::test]
async fn what_the_state_forbids_fails_with_the_code_of_the_service() {
    let code = |outcome: Result<()>| outcome.err().and_then(|error| error.code());
    let invalid = Some(SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE);
    let stopped = Some(SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED);
    let service = FakeService::linux();
    let system = service.create(&id("c1"), &document()).await.expect("a system");

    assert_eq!(code(system.resume().await), invalid);
    assert_eq!(code(system.shutdown().await), invalid);
    assert_eq!(system.start().await, Ok(()));
    assert_eq!(code(system.start().await), invalid);
    assert_eq!(system.pause(&PauseOptions::default()).await, Ok(()));
    let error = system.create_process(&with_pipes(), StdioSource::Pipes).await.err();
    let error = error.expect("a paused system starts no process");
    assert_eq!(error.operation(), "hcs::System::CreateProcess: cat -n");
    assert!(error::is_operation_invalid_state(&error));
    let unsupported = system.save(&SaveOptions::default()).await.expect_err("no save");
    assert!(error::is_not_supported(&unsupported));
    assert_eq!(system.terminate().await, Ok(()));

    assert_eq!(code(system.start().await), stopped);
    assert_eq!(code(system.modify(&ModifySettingRequest::default()).await), stopped);
    assert_eq!(system.terminate().await, Ok(()), "what has stopped is stopped");
    assert_eq!(system.shutdown().await, Ok(()));
    let properties = system.properties(&PropertyQuery::default()).await.expect("properties");
    assert_eq!((properties.state.as_str(), properties.stopped), ("Stopped", true));
    assert_eq!(properties.exit_type, "ForcedExit");
}

#[tokio::test]
async fn an_id_is_used_once_at_a_time() {
    let service = FakeService::linux();
    let missing = service.open(&id("c1")).await.err().expect("no such system");
    assert!(error::is_not_exist(&missing));
    let first = service.create(&id("c1"), &document()).await.expect("a system");
    let second = service.create(&id("c1"), &document()).await.err().expect("the id is in use");
    assert_eq!(second.code(), Some(SystemCode::ERR_SYSTEM_ALREADY_EXISTS));
    first.terminate().await.expect("it ends");
    assert!(service.open(&id("c1")).await.is_ok(), "a handle is open, so it is known");
    drop(first);
    service.create(&id("c1"), &document()).await.expect("the id is free");
}

#[tokio::test]
async fn a_closed_handle_is_of_no_use() {
    let service = FakeService::linux();
    let system = service.create(&id("c1"), &document()).await.expect("a system");
    system.start().await.expect("it starts");
    let process = create_cat(system.as_ref()).await;
    let waiting = tokio::join!(process.wait(), process.close());
    assert!(error::is_already_closed(&waiting.0.expect_err("the wait is given up")));
    assert!(error::is_already_closed(&process.kill().await.expect_err("closed")));
    let waiting = tokio::join!(system.wait(), system.close());
    assert!(error::is_already_closed(&waiting.0.expect_err("the wait is given up")));
    assert!(error::is_already_closed(&system.close().await.expect_err("closed twice")));
    let inside = service.inside("c1").expect("it goes on");
    assert_eq!((inside.state(), inside.handles()), (State::Running, 0));
}

#[tokio::test]
async fn the_last_handle_ends_a_system_whose_document_says_so() {
    let service = FakeService::linux();
    let document = schema2::ComputeSystem {
        should_terminate_on_last_handle_closed: true,
        ..Default::default()
    };
    let made = service.create(&id("c1"), &document.into()).await.expect("a system");
    let opened = service.open(&id("c1")).await.expect("a second handle");
    let mut events = opened.events();
    drop(made);
    assert_eq!(service.inside("c1").map(|inside| inside.state()), Some(State::Created));
    drop(opened);
    assert!(service.inside("c1").is_none());
    assert!(matches!(next(&mut events).await, Some(SystemEvent::Exited(_))));
}

#[tokio::test]
async fn a_process_reads_writes_and_ends() {
    let service = FakeService::linux();
    let system = service.create(&id("c1"), &document()).await.expect("a system");
    system.start().await.expect("it starts");
    let process = create_cat(system.as_ref()).await;
    let pid = process.pid();
    let inside = service.inside("c1").expect("the inside");

    let mut stdio = process.stdio().await.expect("its streams");
    let stdin = stdio.stdin.as_mut().expect("a pipe");
    stdin.write_all(b"hello").await.expect("it takes input");
    drop(stdio.stdin);
    assert_eq!(inside.read_stdin(pid).expect("a pipe"), (b"hello".to_vec(), false));
    process.close_stdin().await.expect("the end of its input");
    assert_eq!(inside.read_stdin(pid).expect("a pipe"), (Vec::new(), true));

    let unfinished = process.exit_code().await.expect_err("it runs");
    assert!(error::is_any(&unfinished, &[Named::InvalidProcessState]));
    assert_eq!(process.signal(&Signal::Linux(15)).await, Ok(true));
    assert_eq!(inside.signals(pid), [Signal::Linux(15)]);
    inside.write_stdout(pid, b"1 hello").expect("it writes");
    inside.write_stderr(pid, b"done").expect("it writes");
    assert!(inside.exit_process(pid, 3));
    assert!(!inside.exit_process(pid, 4), "it ends once");

    process.wait().await.expect("it has ended");
    assert_eq!(process.exit_code().await, Ok(3));
    let (mut out, mut err) = (String::new(), String::new());
    stdio.stdout.expect("a pipe").read_to_string(&mut out).await.expect("its output");
    stdio.stderr.expect("a pipe").read_to_string(&mut err).await.expect("its errors");
    assert_eq!((out.as_str(), err.as_str()), ("1 hello", "done"));
    assert_eq!(process.signal(&Signal::Linux(15)).await, Ok(false));
    let killed = process.kill().await.expect_err("it has ended");
    assert!(error::is_already_stopped(&killed));
    let status = process.status().await.expect("its record");
    assert_eq!((status.process_id, status.exited, status.exit_code), (pid, true, 3));
}

#[tokio::test]
async fn a_process_can_have_a_player() {
    let service = FakeService::linux();
    service.on_process(|inside, pid, parameters| {
        inside.write_stdout(pid, parameters.command_line.as_bytes()).expect("it writes");
        inside.exit_process(pid, 5);
    });
    let system = service.create(&id("c1"), &document()).await.expect("a system");
    system.start().await.expect("it starts");
    let process = create_cat(system.as_ref()).await;
    let mut out = String::new();
    let mut stdout = process.stdio().await.expect("its streams").stdout.expect("a pipe");
    stdout.read_to_string(&mut out).await.expect("its output");
    assert_eq!((out.as_str(), process.exit_code().await), ("cat -n", Ok(5)));
}

#[tokio::test]
async fn a_console_has_one_output_stream() {
    let service = FakeService::linux();
    let system = service.create(&id("c1"), &document()).await.expect("a system");
    system.start().await.expect("it starts");
    let parameters = ProcessParameters { emulate_console: true, ..with_pipes() };
    let process = system.create_process(&parameters, StdioSource::Pipes).await.expect("a process");
    let stdio = process.stdio().await.expect("its streams");
    assert!(stdio.stdin.is_some() && stdio.stdout.is_some() && stdio.stderr.is_none());
}

#[tokio::test]
async fn the_end_of_a_system_is_told_in_order() {
    let service = FakeService::linux();
    let system = service.create(&id("c1"), &document()).await.expect("a system");
    system.start().await.expect("it starts");
    let process = create_cat(system.as_ref()).await;
    let mut events = system.events();
    let inside = service.inside("c1").expect("the inside");
    inside.emit(SystemEvent::CrashInitiated);
    inside.crash("kernel panic");

    assert_eq!(next(&mut events).await, Some(SystemEvent::CrashInitiated));
    assert_eq!(next(&mut events).await, Some(SystemEvent::CrashReport("kernel panic".into())));
    let Some(SystemEvent::ProcessExited(status)) = next(&mut events).await else {
        panic!("the process ends before the system");
    };
    assert_eq!((status.process_id, status.exit_code), (process.pid(), 137));
    let exit = system.wait().await.expect("it has ended");
    assert!(exit.is_unexpected());
    assert_eq!(next(&mut events).await, Some(SystemEvent::Exited(exit.clone())));
    assert_eq!(next(&mut events).await, None);

    let mut late = system.events();
    assert_eq!(next(&mut late).await, Some(SystemEvent::Exited(exit)));
    assert_eq!(next(&mut late).await, None);
}

#[tokio::test]
async fn systems_are_selected_by_what_they_are() {
    let service = FakeService::windows();
    let config = ContainerConfig {
        system_type: SystemType::Container,
        name: "web".into(),
        owner: "docker".into(),
        ..Default::default()
    };
    let _web = service.create(&id("c1"), &config.into()).await.expect("a container");
    let vm = schema2::ComputeSystem {
        owner: "shim".into(),
        virtual_machine: Some(Default::default()),
        ..Default::default()
    };
    let vm = service.create(&id("vm"), &vm.into()).await.expect("a utility VM");
    assert_eq!((vm.system_type(), vm.os(), vm.is_oci()), ("virtualmachine", "windows", false));
    vm.start().await.expect("it starts");

    let select = async |query: ComputeSystemQuery| {
        let found = service.enumerate(&query).await.expect("a list");
        found.into_iter().map(|found| (found.id, found.state)).collect::<Vec<_>>()
    };
    let web = [("c1".to_owned(), "Created".to_owned())];
    let machine = [("vm".to_owned(), "Running".to_owned())];
    let query = ComputeSystemQuery::default;
    assert_eq!(select(query()).await, [&web[..], &machine].concat());
    assert_eq!(select(ComputeSystemQuery { ids: vec!["vm".into()], ..query() }).await, machine);
    assert_eq!(select(ComputeSystemQuery { names: vec!["web".into()], ..query() }).await, web);
    let types = vec![SystemType::VirtualMachine];
    assert_eq!(select(ComputeSystemQuery { types, ..query() }).await, machine);
    let owners = vec!["docker".into(), "shim".into()];
    assert_eq!(select(ComputeSystemQuery { owners, ..query() }).await.len(), 2);
    let neither =
        ComputeSystemQuery { ids: vec!["vm".into()], names: vec!["web".into()], ..query() };
    assert_eq!(select(neither).await, []);
}

#[tokio::test]
async fn the_processes_of_a_system_are_listed_while_they_run() {
    let service = FakeService::linux();
    let from_spec =
        schema2::ComputeSystem { hosted_system: Some(serde_json::json!({})), ..Default::default() };
    let system = service.create(&id("c1"), &from_spec.into()).await.expect("a system");
    assert!(system.is_oci());
    let first = create_cat(system.as_ref()).await;
    assert_eq!(system.start().await, Ok(()), "the init process comes before the start");
    let second = create_cat(system.as_ref()).await;
    first.kill().await.expect("a kill");
    let missing = system.open_process(1).await.err().expect("no such process");
    assert!(error::is_not_exist(&missing));
    let query =
        PropertyQuery { property_types: vec![PropertyType::ProcessList], ..Default::default() };
    let list = system.properties(&query).await.expect("properties").process_list;
    let pids: Vec<i64> = list.iter().map(|process| process.process_id.into()).collect();
    assert_eq!(pids, [i64::from(second.pid())]);
    assert_eq!(service.inside("c1").expect("the inside").pids(), [second.pid()]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_meets_its_time_limit() {
    let service = FakeService::linux();
    let system = service.create(&id("c1"), &document()).await.expect("a system");
    service.delay(operation::START, Duration::from_secs(300));
    let limit = Duration::from_secs(240);
    let object = Object::System("c1".into());
    let slow = with_timeout(limit, operation::START, object, system.start()).await;
    assert!(error::is_timeout(&slow.expect_err("a timeout")));
    assert_eq!(service.inside("c1").map(|inside| inside.state()), Some(State::Created));
}

async fn next(events: &mut EventStream) -> Option<SystemEvent> {
    poll_fn(|cx| events.as_mut().poll_next(cx)).await
}
