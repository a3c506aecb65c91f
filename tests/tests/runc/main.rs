//! One bundle, three ways to run it beside runc: a container made by `runhcs`,
//! one made from a compute system document, and their execs. What they look
//! like from inside is the same.
#![cfg(target_os = "linux")]

mod bundles;
mod inside;
mod report;

use compute::{ComputeService, StdioSource};
use e2e::bundle::Bundle;
use e2e::drive::{self, Ran};
use e2e::oci::Runtime;
use e2e::{Stage, machine, on_stage};
use hcs_schema::schema2::ProcessParameters;
use serde_json::{Value, json};

use report::Report;

/// Runs the bundle as a compute system from a document; with a second process
/// instead of the first where one is given.
async fn by_document(stage: &Stage, bundle: &Bundle, second: Option<&Value>) -> Ran {
    let host = stage.host();
    let system = host.create(&stage.id("document"), &bundle.document()).await;
    let system = system.unwrap_or_else(|error| panic!("create: {error:#}"));
    let mut own = ProcessParameters {
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..Default::default()
    };
    let first = system.create_process(&own, StdioSource::Pipes).await;
    let first = first.unwrap_or_else(|error| panic!("the spec's process: {error:#}"));
    system.start().await.unwrap_or_else(|error| panic!("start: {error:#}"));
    let Some(process) = second else {
        let ran = drive::finish(first.as_ref()).await;
        drive::within(system.wait()).await.expect("wait");
        system.close().await.expect("close");
        return ran;
    };
    own.extra.insert("OciProcess", process.clone());
    let second = system.create_process(&own, StdioSource::Pipes).await;
    let ran =
        drive::finish(second.unwrap_or_else(|error| panic!("exec: {error:#}")).as_ref()).await;
    drive::end(system).await;
    ran
}

/// Runs a second process in a container whose first one waits.
fn by_exec(runtime: &Runtime, stage: &Stage, bundle: &Bundle, process: &Value) -> Ran {
    let id = stage.name("exec");
    let file = bundle.path.join("process.json");
    std::fs::write(&file, process.to_string()).expect("write");
    let created = runtime.create(&id, bundle);
    assert_eq!(created.code, 0, "{}: {created:?}", runtime.name);
    let begun = runtime.call(&["start", &id]);
    assert_eq!(begun.code, 0, "{}: {begun:?}", runtime.name);
    let ran = runtime.call(&["exec", "--process", &file.display().to_string(), &id]);
    runtime.call(&["delete", "--force", &id]);
    ran
}

/// Runs the bundle's process in each way.
async fn compare_first(stage: &Stage, bundle: &Bundle, title: &str) {
    let Some(runc) = Runtime::runc(stage) else {
        return machine::left_out(title, "there is no runc");
    };
    let mut report = Report::new(title, runc.run(stage, bundle));
    report.add("runhcs", Runtime::runhcs(stage).run(stage, bundle));
    report.add("document", by_document(stage, bundle, None).await);
    report.check();
}

/// Runs a second process beside the bundle's in each way.
async fn compare_exec(stage: &Stage, bundle: &Bundle, title: &str) {
    let Some(runc) = Runtime::runc(stage) else {
        return machine::left_out(title, "there is no runc");
    };
    let process = bundle.config["process"].clone();
    let waiting = bundle.clone().sh("exec sleep 1000");
    let mut report = Report::new(title, by_exec(&runc, stage, &waiting, &process));
    report.add("runhcs", by_exec(&Runtime::runhcs(stage), stage, &waiting, &process));
    report.add("document", by_document(stage, &waiting, Some(&process)).await);
    report.check();
}

#[test]
fn the_bundle_of_runc_spec_looks_the_same() {
    on_stage("the_bundle_of_runc_spec_looks_the_same", async |stage| {
        if let Some(bundle) = bundles::of_runc_spec(stage) {
            compare_first(stage, &bundle, "the bundle of `runc spec`").await;
        }
    });
}

#[test]
fn a_bundle_with_everything_looks_the_same() {
    on_stage("a_bundle_with_everything_looks_the_same", async |stage| {
        compare_first(stage, &bundles::rich(stage), "a bundle with everything").await;
    });
}

#[test]
fn a_bundle_for_another_user_looks_the_same() {
    on_stage("a_bundle_for_another_user_looks_the_same", async |stage| {
        compare_first(stage, &bundles::for_user(stage), "a bundle for another user").await;
    });
}

#[test]
fn a_bundle_without_namespaces_of_its_own_looks_the_same() {
    on_stage("a_bundle_without_namespaces_of_its_own_looks_the_same", async |stage| {
        compare_first(stage, &bundles::few_namespaces(stage), "a bundle with few namespaces").await;
    });
}

#[test]
fn a_bundle_in_a_user_namespace_looks_the_same() {
    on_stage("a_bundle_in_a_user_namespace_looks_the_same", async |stage| {
        compare_first(stage, &bundles::user_namespace(stage), "a bundle in a user namespace").await;
    });
}

#[test]
fn an_exec_in_the_bundle_of_runc_spec_looks_the_same() {
    on_stage("an_exec_in_the_bundle_of_runc_spec_looks_the_same", async |stage| {
        if let Some(bundle) = bundles::of_runc_spec(stage) {
            compare_exec(stage, &bundle, "an exec in the bundle of `runc spec`").await;
        }
    });
}

#[test]
fn an_exec_in_a_bundle_with_everything_looks_the_same() {
    on_stage("an_exec_in_a_bundle_with_everything_looks_the_same", async |stage| {
        compare_exec(stage, &bundles::rich(stage), "an exec in a bundle with everything").await;
    });
}

/// A control group of the host that is no container's, while it is kept.
struct Foreign(Vec<std::path::PathBuf>);

impl Foreign {
    fn new(stage: &Stage) -> Self {
        let hierarchies = std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
        let made = hierarchies.map(|entry| entry.path().join(stage.name("foreign")));
        Self(made.filter(|path| std::fs::create_dir(path).is_ok()).collect())
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = std::fs::remove_dir(path);
        }
    }
}

#[test]
fn no_control_group_of_the_host_is_seen_inside() {
    on_stage("no_control_group_of_the_host_is_seen_inside", async |stage| {
        let foreign = Foreign::new(stage);
        let mount = e2e::bundle::mount(
            "/sys/fs/cgroup",
            "cgroup",
            "cgroup",
            &["ro", "nosuid", "noexec", "nodev"],
        );
        let bundle = Bundle::new(stage, "b").push("/mounts", mount);
        let look = "find /sys/fs/cgroup -name '*-foreign' 2>&1";
        for bundle in [bundle.clone(), bundle.push("/linux/namespaces", json!({"type": "cgroup"}))]
        {
            let ran = Runtime::runhcs(stage).run(stage, &bundle.sh(look));
            assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
        }
        drop(foreign);
    });
}

#[test]
fn the_failures_of_a_process_give_the_same_exit_codes() {
    on_stage("the_failures_of_a_process_give_the_same_exit_codes", async |stage| {
        let Some(runc) = Runtime::runc(stage) else {
            return machine::left_out(
                "the_failures_of_a_process_give_the_same_exit_codes",
                "there is no runc",
            );
        };
        let runhcs = Runtime::runhcs(stage);
        for (script, wanted) in [
            ("exit 0", 0),
            ("exit 7", 7),
            ("kill -9 $$", 137),
            ("kill -TERM $$; sleep 1; exit 3", 3),
        ] {
            // The first process of a pid namespace ignores what it has no handler
            // for, also its own SIGKILL.
            let bundle = Bundle::new(stage, "codes").sh(script);
            let (theirs, ours) = (runc.run(stage, &bundle), runhcs.run(stage, &bundle));
            assert_eq!(theirs.code, ours.code, "{script}: {theirs:?} {ours:?}");
            if !script.starts_with("kill -9") {
                assert_eq!(ours.code, wanted, "{script}");
            }
        }
        let missing =
            Bundle::new(stage, "missing").set("/process/args", json!(["/no/such/program"]));
        let (theirs, ours) = (runc.run(stage, &missing), runhcs.run(stage, &missing));
        assert!(theirs.code != 0 && ours.code != 0, "{theirs:?} {ours:?}");
        assert!(ours.err.contains("/no/such/program"), "{ours:?}");
    });
}
