//! What documents of both schemas make of a container.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};

use compute::ComputeService;
use e2e::drive::{command, document, end, inner, layer, run, sh, started};
use e2e::on_stage;
use hcs_schema::SystemType;
use hcs_schema::schema1::{self, ContainerConfig};
use hcs_schema::schema2::{self, Container, GuestOs, MappedDirectory, MappedPipe, Storage};

#[test]
fn layers_lie_over_each_other_under_a_scratch() {
    on_stage("layers_lie_over_each_other_under_a_scratch", async |stage| {
        let (top, middle) = (stage.folder("top"), stage.folder("middle"));
        for (folder, text) in [(&top, "top"), (&middle, "middle")] {
            fs::write(folder.join("both"), text).expect("file");
        }
        fs::write(middle.join("below"), "middle").expect("file");
        let document = e2e::drive::container(Container {
            storage: Some(Storage {
                layers: vec![layer(&top), layer(&middle), layer(&stage.layer())],
                ..Default::default()
            }),
            ..Default::default()
        });
        let system = started(stage, "a", document).await;
        let script = "cat /both /below; echo new > /both; rm /below; cat /both; ls /below 2>&1";
        let ran = run(system.as_ref(), &sh(script)).await;
        assert_eq!(ran.out, "topmiddlenew\nls: /below: No such file or directory\n");
        end(system).await;
        let read = |path: std::path::PathBuf| fs::read_to_string(path).expect("layer");
        assert_eq!(
            read(top.join("both")) + &read(middle.join("below")),
            "topmiddle",
            "layers are read only"
        );
    });
}

#[test]
fn a_named_scratch_stays_and_holds_what_was_written() {
    on_stage("a_named_scratch_stays_and_holds_what_was_written", async |stage| {
        let scratch = stage.folder("mine");
        for round in ["", "first\n"] {
            let mut document = document(stage);
            if let Some(storage) = &mut inner(&mut document).storage {
                storage.path = scratch.display().to_string();
            }
            let system = started(stage, "a", document).await;
            let ran = run(system.as_ref(), &sh("cat /kept 2>/dev/null; echo first > /kept")).await;
            assert_eq!(ran.out, round);
            end(system).await;
        }
    });
}

#[test]
fn a_path_alone_is_the_root_file_system() {
    on_stage("a_path_alone_is_the_root_file_system", async |stage| {
        let root = stage.layer();
        let document = e2e::drive::container(Container {
            storage: Some(Storage { path: root.display().to_string(), ..Default::default() }),
            ..Default::default()
        });
        let system = started(stage, "a", document).await;
        run(system.as_ref(), &sh("echo there > /tmp/here")).await.ok();
        end(system).await;
        assert_eq!(fs::read_to_string(root.join("tmp/here")).expect("file"), "there\n");
    });
}

#[test]
fn mapped_directories_are_shared_and_can_be_read_only() {
    on_stage("mapped_directories_are_shared_and_can_be_read_only", async |stage| {
        let (open, shut) = (stage.folder("open"), stage.folder("shut"));
        fs::write(shut.join("file"), "as it was").expect("file");
        let map = |host: &std::path::Path, inside: &str, read_only| MappedDirectory {
            host_path: host.display().to_string(),
            container_path: inside.into(),
            read_only,
            ..Default::default()
        };
        let mut document = document(stage);
        inner(&mut document).mapped_directories =
            vec![map(&open, "/data/open", false), map(&shut, "/data/shut", true)];
        let system = started(stage, "a", document).await;
        let ran = run(
            system.as_ref(),
            &sh("echo x > /data/open/new; cat /data/shut/file; echo y > /data/shut/file"),
        )
        .await;
        assert_eq!(ran.out, "as it was");
        assert!(ran.err.contains("Read-only file system"), "{}", ran.err);
        assert_eq!(fs::read_to_string(open.join("new")).expect("file"), "x\n");
        end(system).await;
    });
}

#[test]
fn a_mapped_pipe_is_a_socket_inside() {
    on_stage("a_mapped_pipe_is_a_socket_inside", async |stage| {
        let path = stage.path().join("host.sock");
        let listener = UnixListener::bind(&path).expect("bind");
        let mut document = document(stage);
        inner(&mut document).mapped_pipes = vec![MappedPipe {
            host_path: path.display().to_string(),
            container_pipe_name: "talk".into(),
            ..Default::default()
        }];
        let system = started(stage, "a", document).await;
        let process = system
            .create_process(
                &sh("test -S /run/pipe/talk && echo is one; exec sleep 1000"),
                Default::default(),
            )
            .await
            .expect("create process");
        let mut stdio = process.stdio().await.expect("stdio");
        e2e::drive::read_until(stdio.stdout.as_mut().expect("stdout"), "is one").await;
        // As a process inside would: busybox speaks to no Unix socket itself.
        let inside = format!("/proc/{}/root/run/pipe/talk", process.pid());
        let mut stream = UnixStream::connect(inside).expect("connect");
        stream.write_all(b"from inside").expect("write");
        drop(stream);
        let mut heard = String::new();
        listener.accept().expect("accept").0.read_to_string(&mut heard).expect("read");
        assert_eq!(heard, "from inside");
        end(system).await;
    });
}

#[test]
fn the_host_name_is_the_documents() {
    on_stage("the_host_name_is_the_documents", async |stage| {
        let mut document = document(stage);
        inner(&mut document).guest_os =
            Some(GuestOs { host_name: "box-7".into(), ..Default::default() });
        let system = started(stage, "a", document).await;
        assert_eq!(run(system.as_ref(), &command(&["hostname"])).await.ok(), "box-7");
        end(system).await;
    });
}

#[test]
fn a_container_sees_itself_alone() {
    on_stage("a_container_sees_itself_alone", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        let ran = run(
            system.as_ref(),
            &sh("ls /proc | grep -c '^[0-9]'; ls /sys/class/net; ls /dev | tr '\\n' ' '"),
        )
        .await
        .ok();
        let lines: Vec<&str> = ran.lines().collect();
        // The first process, the shell, and the pipe's three.
        assert!(lines[0].parse::<u32>().expect("a number") <= 5, "{ran}");
        assert_eq!(lines[1], "lo");
        for device in
            ["full", "null", "ptmx", "pts", "random", "shm", "stdin", "tty", "urandom", "zero"]
        {
            assert!(lines[2].split(' ').any(|name| name == device), "{device} in {}", lines[2]);
        }
        let status = run(
            system.as_ref(),
            &sh("grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status"),
        )
        .await
        .ok();
        assert!(status.contains("NoNewPrivs:\t1") && status.contains("Seccomp:\t2"), "{status}");
        assert!(status.contains("CapEff:\t00000000a80425fb"), "{status}");
        let masked = run(
            system.as_ref(),
            &sh("wc -c < /proc/timer_list; echo x > /proc/sys/kernel/hostname"),
        )
        .await;
        assert_eq!(masked.out, "0\n");
        assert!(masked.err.contains("Read-only"), "{}", masked.err);
        end(system).await;
    });
}

#[test]
fn a_named_network_namespace_is_joined() {
    on_stage("a_named_network_namespace_is_joined", async |stage| {
        let name = stage.name("net");
        let ip = |words: &[&str]| {
            std::process::Command::new("ip")
                .args(words)
                .status()
                .is_ok_and(|status| status.success())
        };
        if !ip(&["netns", "add", &name]) {
            e2e::machine::left_out(
                "a_named_network_namespace_is_joined",
                "`ip netns add` does not work",
            );
            return;
        }
        let _delete = Deferred(Some(|| assert!(ip(&["netns", "del", &name]))));
        if !ip(&["-n", &name, "link", "add", "here0", "type", "veth", "peer", "name", "there0"]) {
            e2e::machine::left_out("a_named_network_namespace_is_joined", "no veth devices");
            return;
        }
        let mut document = document(stage);
        inner(&mut document).networking =
            Some(schema2::Networking { namespace: name.clone(), ..Default::default() });
        let system = started(stage, "a", document).await;
        let seen = run(system.as_ref(), &sh("ls /sys/class/net")).await.ok();
        assert_eq!(seen, "here0\nlo\nthere0");
        // And another container can share it by the first one's id.
        let mut sharing = e2e::drive::document(stage);
        inner(&mut sharing).networking = Some(schema2::Networking {
            network_shared_container_name: stage.name("a"),
            ..Default::default()
        });
        let other = started(stage, "b", sharing).await;
        assert_eq!(run(other.as_ref(), &sh("ls /sys/class/net")).await.ok(), seen);
        end(other).await;
        end(system).await;
    });
}

struct Deferred<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for Deferred<F> {
    fn drop(&mut self) {
        if let Some(action) = self.0.take() {
            action();
        }
    }
}

#[test]
fn a_schema_1_document_makes_the_same() {
    on_stage("a_schema_1_document_makes_the_same", async |stage| {
        let shared = stage.folder("shared");
        let config = ContainerConfig {
            system_type: SystemType::Container,
            name: "by schema 1".into(),
            owner: "older".into(),
            layers: vec![schema1::Layer {
                id: "2f4b0d5e-6d0e-4a8e-9d4f-0a3f3f1b0c11".into(),
                path: stage.layer().display().to_string(),
                ..Default::default()
            }],
            host_name: "one".into(),
            mapped_directories: vec![schema1::MappedDir {
                host_path: shared.display().to_string(),
                container_path: "/shared".into(),
                ..Default::default()
            }],
            processor_count: 1,
            memory_maximum_in_mb: 64,
            ..Default::default()
        };
        let system = stage.host().create(&stage.id("a"), &config.into()).await.expect("create");
        system.start().await.expect("start");
        let ran = run(system.as_ref(), &sh("hostname; echo seen > /shared/by")).await.ok();
        assert_eq!(ran, "one");
        assert_eq!(fs::read_to_string(shared.join("by")).expect("file"), "seen\n");
        let properties = system.properties(&Default::default()).await.expect("properties");
        assert_eq!((properties.name.as_str(), properties.owner.as_str()), ("by schema 1", "older"));
        assert_eq!(properties.state, "Running");
        end(system).await;
    });
}

#[test]
fn an_oci_bundle_runs_as_a_hosted_system() {
    on_stage("an_oci_bundle_runs_as_a_hosted_system", async |stage| {
        let bundle = e2e::bundle::Bundle::new(stage, "b").sh("echo from the bundle; exit 5");
        let system = stage.host().create(&stage.id("a"), &bundle.document()).await.expect("create");
        assert!(system.is_oci());
        let own = schema2::ProcessParameters { create_std_out_pipe: true, ..Default::default() };
        let process =
            system.create_process(&own, Default::default()).await.expect("the spec's process");
        assert_eq!(e2e::drive::state(stage, "a").await, "Created");
        system.start().await.expect("start");
        let ran = e2e::drive::finish(process.as_ref()).await;
        assert_eq!((ran.code, ran.out.as_str()), (5, "from the bundle\n"));
        let exit = e2e::drive::within(system.wait()).await.expect("wait");
        assert_eq!(exit.exit_type, "GracefulExit");
        system.close().await.expect("close");
    });
}
