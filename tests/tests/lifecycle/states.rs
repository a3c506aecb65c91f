//! States, and the calls that each allows.

use compute::error::SystemCode;
use compute::{ComputeService, StdioSource, SystemEvent};
use e2e::drive::{code, command, document, end, inner, run, sh, started, state, until, within};
use e2e::on_stage;
use futures_util::StreamExt;
use hcs_schema::SystemType;
use hcs_schema::guest_request::RequestType;
use hcs_schema::schema1::ComputeSystemQuery;
use hcs_schema::schema2::{MappedDirectory, ModifySettingRequest};
use serde_json::json;

const INVALID: SystemCode = SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE;
const STOPPED: SystemCode = SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED;

#[test]
fn each_state_refuses_what_it_does_not_allow() {
    on_stage("each_state_refuses_what_it_does_not_allow", async |stage| {
        let host = stage.host();
        let system = host.create(&stage.id("a"), &document(stage).into()).await.expect("create");
        let process = command(&["true"]);
        assert_eq!(state(stage, "a").await, "Created");
        assert_eq!(code(system.pause(&Default::default()).await), INVALID);
        assert_eq!(code(system.resume().await), INVALID);
        assert_eq!(code(system.shutdown().await), INVALID);
        assert_eq!(code(system.create_process(&process, StdioSource::Pipes).await), INVALID);
        let save = system.save(&Default::default()).await.expect_err("save");
        assert!(compute::error::is_not_supported(&save), "{save}");

        system.start().await.expect("start");
        assert_eq!(state(stage, "a").await, "Running");
        assert_eq!(code(system.start().await), INVALID);
        assert_eq!(code(system.resume().await), INVALID);

        system.pause(&Default::default()).await.expect("pause");
        assert_eq!(state(stage, "a").await, "Paused");
        assert_eq!(code(system.pause(&Default::default()).await), INVALID);
        assert_eq!(code(system.start().await), INVALID);
        assert_eq!(code(system.shutdown().await), INVALID);
        assert_eq!(code(system.create_process(&process, StdioSource::Pipes).await), INVALID);
        system.resume().await.expect("resume");

        system.terminate().await.expect("terminate");
        assert_eq!(within(system.wait()).await.expect("wait").exit_type, "ForcedExit");
        assert_eq!(
            system.properties(&Default::default()).await.expect("properties").state,
            "Stopped"
        );
        assert_eq!(code(system.start().await), STOPPED);
        assert_eq!(code(system.pause(&Default::default()).await), STOPPED);
        assert_eq!(code(system.resume().await), STOPPED);
        assert_eq!(code(system.create_process(&process, StdioSource::Pipes).await), STOPPED);
        assert_eq!(code(system.modify(&memory(64)).await), STOPPED);
        system.shutdown().await.expect("it has ended, as asked");
        system.terminate().await.expect("it has ended, as asked");

        system.close().await.expect("close");
        let closed = system.start().await.expect_err("closed");
        assert!(compute::error::is_already_closed(&closed), "{closed}");
        let closed = system.properties(&Default::default()).await.expect_err("closed");
        assert!(compute::error::is_already_closed(&closed), "{closed}");
        until("the system is gone", async || state(stage, "a").await == "gone").await;
    });
}

fn memory(megabytes: u64) -> ModifySettingRequest {
    ModifySettingRequest {
        resource_path: "Container/Memory/SizeInMB".into(),
        request_type: RequestType::Update,
        settings: Some(json!(megabytes)),
        ..Default::default()
    }
}

#[test]
fn an_id_is_taken_once_and_free_after_the_end() {
    on_stage("an_id_is_taken_once_and_free_after_the_end", async |stage| {
        let host = stage.host();
        let first = host.create(&stage.id("a"), &document(stage).into()).await.expect("create");
        let taken = host.create(&stage.id("a"), &document(stage).into()).await;
        assert_eq!(code(taken), SystemCode::ERR_SYSTEM_ALREADY_EXISTS);
        end(first).await;
        let again =
            host.create(&stage.id("a"), &document(stage).into()).await.expect("create again");
        end(again).await;
    });
}

#[test]
fn an_unknown_id_does_not_exist() {
    on_stage("an_unknown_id_does_not_exist", async |stage| {
        let Err(error) = stage.host().open(&stage.id("none")).await else { panic!("opened") };
        assert!(compute::error::is_not_exist(&error), "{error}");
        assert_eq!(error.code(), Some(SystemCode::ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST));
    });
}

#[test]
fn a_paused_container_stands_still() {
    on_stage("a_paused_container_stands_still", async |stage| {
        let shared = stage.folder("shared");
        let mut document = document(stage);
        inner(&mut document).mapped_directories = vec![MappedDirectory {
            host_path: shared.display().to_string(),
            container_path: "/shared".into(),
            ..Default::default()
        }];
        let system = started(stage, "a", document).await;
        let ticks = || std::fs::metadata(shared.join("ticks")).map_or(0, |meta| meta.len());
        let process = system
            .create_process(
                &sh("while :; do echo >> /shared/ticks; sleep 0.01; done"),
                StdioSource::Pipes,
            )
            .await
            .expect("create process");
        until("it ticks", async || ticks() > 3).await;
        system.pause(&Default::default()).await.expect("pause");
        let then = ticks();
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert_eq!(ticks(), then, "it is frozen");
        system.resume().await.expect("resume");
        until("it ticks again", async || ticks() > then).await;
        // A frozen system can be ended too.
        system.pause(&Default::default()).await.expect("pause");
        drop(process);
        end(system).await;
    });
}

#[test]
fn a_shutdown_is_an_orderly_end() {
    on_stage("a_shutdown_is_an_orderly_end", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        system.shutdown().await.expect("shutdown");
        let exit = within(system.wait()).await.expect("wait");
        assert_eq!(exit.exit_type, "GracefulExit");
        assert!(exit.status == hcs_schema::HResult::S_OK && !exit.is_unexpected(), "{exit:?}");
        system.close().await.expect("close");
    });
}

#[test]
fn mapped_directories_come_and_go_while_it_runs() {
    on_stage("mapped_directories_come_and_go_while_it_runs", async |stage| {
        let host_folder = stage.folder("later");
        std::fs::write(host_folder.join("file"), "here\n").expect("file");
        let system = started(stage, "a", document(stage)).await;
        let request = |request_type, read_only| ModifySettingRequest {
            resource_path: "Container/MappedDirectories".into(),
            request_type,
            settings: Some(
                json!({"HostPath": host_folder, "ContainerPath": "/late/r", "ReadOnly": read_only}),
            ),
            ..Default::default()
        };
        system.modify(&request(RequestType::Add, false)).await.expect("add");
        assert_eq!(
            run(system.as_ref(), &sh("cat /late/r/file; echo new > /late/r/new")).await.ok(),
            "here"
        );
        system.modify(&request(RequestType::Remove, false)).await.expect("remove");
        assert_eq!(run(system.as_ref(), &sh("ls /late/r")).await.ok(), "");
        assert!(
            system.modify(&request(RequestType::Remove, false)).await.is_err(),
            "it is no longer there"
        );
        system.modify(&request(RequestType::Add, true)).await.expect("add read only");
        let ran = run(system.as_ref(), &sh("cat /late/r/new; echo x > /late/r/new")).await;
        assert!(ran.out == "new\n" && ran.err.contains("Read-only"), "{ran:?}");
        let unknown =
            ModifySettingRequest { resource_path: "Container/Unheard".into(), ..memory(1) };
        let error = system.modify(&unknown).await.expect_err("unknown");
        assert!(
            compute::error::is_not_supported(&error) && error.to_string().contains("Unheard"),
            "{error}"
        );
        end(system).await;
    });
}

#[test]
fn events_come_in_their_order() {
    on_stage("events_come_in_their_order", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let events = system.events();
        let process =
            system.create_process(&sh("exit 3"), StdioSource::Pipes).await.expect("create process");
        let pid = process.pid();
        within(process.wait()).await.expect("wait");
        let second = system
            .create_process(&command(&["sleep", "1000"]), StdioSource::Pipes)
            .await
            .expect("create process");
        system.terminate().await.expect("terminate");
        let seen: Vec<SystemEvent> = within(events.collect()).await;
        let SystemEvent::ProcessExited(first) = &seen[0] else { panic!("{seen:?}") };
        assert_eq!((first.process_id, first.exit_code), (pid, 3));
        let SystemEvent::ProcessExited(next) = &seen[1] else { panic!("{seen:?}") };
        assert_eq!((next.process_id, next.exit_code), (second.pid(), 137));
        assert!(
            matches!(&seen[2..], [SystemEvent::Exited(exit)] if exit.exit_type == "ForcedExit"),
            "{seen:?}"
        );
        let again: Vec<SystemEvent> = within(system.events().collect()).await;
        assert!(matches!(&again[..], [SystemEvent::Exited(_)]), "{again:?}");
        system.close().await.expect("close");
    });
}

#[test]
fn enumerate_selects_by_each_filter() {
    on_stage("enumerate_selects_by_each_filter", async |stage| {
        let host = stage.host();
        let mut other = document(stage);
        other.owner = "another".into();
        let one = started(stage, "one", document(stage)).await;
        let two = host.create(&stage.id("two"), &other.into()).await.expect("create");
        let config = hcs_schema::schema1::ContainerConfig {
            system_type: SystemType::Container,
            name: "named".into(),
            layers: vec![hcs_schema::schema1::Layer {
                path: stage.layer().display().to_string(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let three = host.create(&stage.id("three"), &config.into()).await.expect("create");
        let find = async |query: ComputeSystemQuery| {
            let found = host.enumerate(&query).await.expect("enumerate");
            let mut ids: Vec<String> = found.into_iter().map(|found| found.id).collect();
            ids.sort();
            ids
        };
        let names = |names: &[&str]| -> Vec<String> {
            let mut names: Vec<String> = names.iter().map(|name| stage.name(name)).collect();
            names.sort();
            names
        };
        assert_eq!(find(Default::default()).await, names(&["one", "two", "three"]));
        let query = ComputeSystemQuery { ids: names(&["one", "two"]), ..Default::default() };
        assert_eq!(find(query).await, names(&["one", "two"]));
        let query = ComputeSystemQuery { owners: vec!["another".into()], ..Default::default() };
        assert_eq!(find(query).await, names(&["two"]));
        let query = ComputeSystemQuery { names: vec!["named".into()], ..Default::default() };
        assert_eq!(find(query).await, names(&["three"]));
        let query = ComputeSystemQuery { types: vec![SystemType::Container], ..Default::default() };
        assert_eq!(find(query).await.len(), 3);
        let query =
            ComputeSystemQuery { types: vec![SystemType::VirtualMachine], ..Default::default() };
        assert!(find(query).await.is_empty());
        let mut query = ComputeSystemQuery::default();
        query.extra.insert("States", json!(["Running"]));
        assert_eq!(find(query).await, names(&["one"]));
        let query = ComputeSystemQuery {
            ids: names(&["one"]),
            owners: vec!["another".into()],
            ..Default::default()
        };
        assert!(find(query).await.is_empty(), "all filters have to fit");
        for system in [one, two, three] {
            end(system).await;
        }
        until("none is left", async || find(Default::default()).await.is_empty()).await;
    });
}

#[test]
fn a_system_can_end_with_its_last_handle() {
    on_stage("a_system_can_end_with_its_last_handle", async |stage| {
        let mut document = document(stage);
        document.should_terminate_on_last_handle_closed = true;
        let system = started(stage, "a", document).await;
        let other = stage.host().open(&stage.id("a")).await.expect("open");
        system.close().await.expect("close");
        assert_eq!(run(other.as_ref(), &sh("echo still here")).await.ok(), "still here");
        drop(other);
        // Its end was nobody's to see: the record waits for its reader.
        until("the system has ended", async || {
            let listed = stage.host().enumerate(&Default::default()).await.expect("enumerate");
            listed.iter().all(|system| system.stopped)
        })
        .await;
        // Its worker goes soon, and leaves it to the collector.
        until("it is collected", async || {
            host_linux::gc(stage.roots()).expect("gc");
            state(stage, "a").await == "gone"
        })
        .await;
    });
}
