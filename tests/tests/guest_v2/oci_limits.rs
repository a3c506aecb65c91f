//! Limits that only an OCI spec names, and the freezer.

use compute::{ComputeService, ComputeSystem, StdioSource};
use e2e::bundle::Bundle;
use e2e::drive::{end, finish, run, sh, until};
use e2e::{Stage, on_stage};
use hcs_schema::schema2::ProcessParameters;
use serde_json::{Value, json};

/// A system of a bundle with these resources, whose first process waits.
async fn started(stage: &Stage, resources: &Value) -> Box<dyn ComputeSystem> {
    let mut bundle = Bundle::new(stage, "b").sh("exec sleep 1000");
    for (name, value) in resources.as_object().into_iter().flatten() {
        bundle = bundle.set(&format!("/linux/resources/{name}"), value.clone());
    }
    let system = stage.host().create(&stage.id("a"), &bundle.document()).await;
    let system = system.unwrap_or_else(|error| panic!("create: {error:#}"));
    let first = system.create_process(&ProcessParameters::default(), StdioSource::Pipes).await;
    first.unwrap_or_else(|error| panic!("the spec's process: {error:#}"));
    system.start().await.unwrap_or_else(|error| panic!("start: {error:#}"));
    system
}

#[test]
fn there_are_no_more_processes_than_the_limit() {
    on_stage("there_are_no_more_processes_than_the_limit", async |stage| {
        let system = started(stage, &json!({"pids": {"limit": 8}})).await;
        let script = "for i in 1 2 3 4 5 6 7 8 9; do sleep 3 & done; wait";
        let ran = run(system.as_ref(), &sh(script)).await;
        assert!(ran.err.contains("fork"), "{ran:?}");
        end(system).await;
    });
}

#[test]
fn a_device_that_no_rule_allows_cannot_be_used() {
    on_stage("a_device_that_no_rule_allows_cannot_be_used", async |stage| {
        let system = started(stage, &json!({})).await;
        // A node of the loop devices; the user may do all that root may.
        let mut process = json!({"cwd": "/", "user": {"uid": 0, "gid": 0}, "env": ["PATH=/bin"]});
        process["args"] = json!([
            "sh",
            "-c",
            "mknod /tmp/n c 10 229 && (exec 3<>/tmp/n) 2>&1 | grep -o 'not permitted'; echo x > /dev/null && echo usable"
        ]);
        let all = json!(["CAP_MKNOD", "CAP_DAC_OVERRIDE"]);
        process["capabilities"] = json!({"bounding": all, "effective": all, "permitted": all});
        let mut parameters = ProcessParameters { create_std_out_pipe: true, ..Default::default() };
        parameters.extra.insert("OciProcess", process);
        let process = system.create_process(&parameters, StdioSource::Pipes).await;
        let ran = finish(process.unwrap_or_else(|error| panic!("{error:#}")).as_ref()).await;
        assert_eq!(ran.out, "not permitted\nusable\n", "{ran:?}");
        end(system).await;
    });
}

#[test]
fn what_is_paused_uses_no_processor() {
    on_stage("what_is_paused_uses_no_processor", async |stage| {
        let system = started(stage, &json!({})).await;
        let spinning = system.create_process(&sh("while :; do :; done"), StdioSource::Pipes).await;
        let pid = spinning.unwrap_or_else(|error| panic!("{error:#}")).pid();
        let ticks = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let fields = stat.rsplit(") ").next().unwrap_or_default().to_owned();
            fields
                .split(' ')
                .skip(11)
                .take(2)
                .filter_map(|field| field.parse::<u64>().ok())
                .sum::<u64>()
        };
        until("it spins", async || ticks() > 5).await;
        system.pause(&Default::default()).await.expect("pause");
        let then = ticks();
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        // What was counted late at the freeze is one tick.
        assert!(ticks() <= then + 1, "{then} -> {}", ticks());
        system.resume().await.expect("resume");
        until("it spins again", async || ticks() > then + 5).await;
        end(system).await;
    });
}
