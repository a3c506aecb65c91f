//! Limits, as the kernel keeps them and as processes feel them.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use compute::ComputeSystem;
use e2e::drive::{code, document, end, inner, run, sh, started};
use e2e::leaks::cgroups;
use e2e::{Stage, on_stage};
use hcs_schema::guest_request::RequestType;
use hcs_schema::schema2::{
    Memory, ModifySettingRequest, Processor, PropertyQuery, PropertyType, Storage, StorageQoS,
};
use serde_json::json;

/// A file of the system's control group: by its name in version 2 or 1.
fn control(stage: &Stage, v2: &str, v1: &str) -> String {
    let groups: Vec<PathBuf> = cgroups(stage.tag());
    groups
        .iter()
        .flat_map(|group| [group.join(v2), group.join(v1)])
        .find_map(|path| fs::read_to_string(path).ok())
        .unwrap_or_else(|| panic!("neither {v2} nor {v1} in {groups:?}"))
        .trim()
        .to_owned()
}

async fn modify(
    system: &dyn ComputeSystem,
    path: &str,
    settings: serde_json::Value,
) -> compute::Result<()> {
    let request = ModifySettingRequest {
        resource_path: path.into(),
        request_type: RequestType::Update,
        settings: Some(settings),
        ..Default::default()
    };
    system.modify(&request).await
}

/// Fills memory in a process of its own: 128 MB.
const HOG: &str = "head -c 134217728 /dev/zero | tail -c 134217728 | wc -c";

#[test]
fn a_process_beyond_the_memory_limit_is_killed() {
    on_stage("a_process_beyond_the_memory_limit_is_killed", async |stage| {
        let mut document = document(stage);
        inner(&mut document).memory = Some(Memory { size_in_mb: 32, ..Default::default() });
        let system = started(stage, "a", document).await;
        assert_eq!(control(stage, "memory.max", "memory.limit_in_bytes"), "33554432");
        let ran =
            run(system.as_ref(), &sh(&format!("({HOG}); exec tail -c 134217728 /dev/zero"))).await;
        assert_eq!(ran.code, 137, "{ran:?}");
        // The others live on, above all the reaper.
        assert_eq!(run(system.as_ref(), &sh("echo alive")).await.ok(), "alive");
        end(system).await;
    });
}

#[test]
fn the_memory_limit_can_change_while_it_runs() {
    on_stage("the_memory_limit_can_change_while_it_runs", async |stage| {
        let mut document = document(stage);
        inner(&mut document).memory = Some(Memory { size_in_mb: 32, ..Default::default() });
        let system = started(stage, "a", document).await;
        modify(system.as_ref(), "Container/Memory/SizeInMB", json!(512)).await.expect("modify");
        assert_eq!(control(stage, "memory.max", "memory.limit_in_bytes"), "536870912");
        assert_eq!(run(system.as_ref(), &sh(HOG)).await.ok(), "134217728");
        code(modify(system.as_ref(), "Container/Memory/SizeInMB", json!("much")).await);
        code(modify(system.as_ref(), "Container/Memory/SizeInMB", json!(0)).await);
        end(system).await;
    });
}

/// The processor time that two spinning processes got, as a share of the time
/// that passed.
async fn spin(system: &dyn ComputeSystem) -> f64 {
    let query =
        PropertyQuery { property_types: vec![PropertyType::Statistics], ..Default::default() };
    let used = async || {
        let properties = system.properties(&query).await.expect("properties");
        let statistics = properties.statistics.expect("statistics");
        statistics.processor.expect("processor").total_runtime_100ns as f64 / 1e7
    };
    let (before, since) = (used().await, Instant::now());
    let script = "for i in 1 2; do (while :; do :; done) & done; sleep 1; kill %1 %2 2>/dev/null; kill $(jobs -p); wait";
    run(system, &sh(script)).await;
    (used().await - before) / since.elapsed().as_secs_f64()
}

#[test]
fn a_processor_limit_holds_and_can_change() {
    on_stage("a_processor_limit_holds_and_can_change", async |stage| {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        // A fifth of one processor.
        let maximum = i32::try_from(2000 / processors).expect("a share");
        let mut document = document(stage);
        inner(&mut document).processor = Some(Processor { maximum, ..Default::default() });
        let system = started(stage, "a", document).await;
        let share = spin(system.as_ref()).await;
        // It gets no more; less where the machine is busy.
        assert!(share < 0.35, "{share}");
        modify(system.as_ref(), "Container/Processor", json!({"Count": 1})).await.expect("modify");
        let quota = control(stage, "cpu.max", "cpu.cfs_quota_us");
        assert!(quota == "100000" || quota == "100000 100000", "{quota}");
        end(system).await;
    });
}

#[test]
fn a_processor_weight_is_the_kernels() {
    on_stage("a_processor_weight_is_the_kernels", async |stage| {
        let weight = async |name: &str, weight: i32| {
            let mut document = document(stage);
            inner(&mut document).processor = Some(Processor { weight, ..Default::default() });
            let system = started(stage, name, document).await;
            let value = control(stage, "cpu.weight", "cpu.shares");
            end(system).await;
            value.parse::<u64>().expect("a number")
        };
        let (small, large) = (weight("small", 10).await, weight("large", 1000).await);
        assert!(small < large, "{small} {large}");
    });
}

#[test]
fn storage_limits_are_set_on_the_scratchs_disk() {
    on_stage("storage_limits_are_set_on_the_scratchs_disk", async |stage| {
        let mut document = document(stage);
        inner(&mut document).storage = Some(Storage {
            path: stage.folder("mine").display().to_string(),
            qos: Some(StorageQoS {
                iops_maximum: 500,
                bandwidth_maximum: 1 << 20,
                ..Default::default()
            }),
            ..inner(&mut document).storage.clone().unwrap_or_default()
        });
        let host = stage.host();
        let created =
            compute::ComputeService::create(&host, &stage.id("a"), &document.into()).await;
        let system = match created {
            Ok(system) => system,
            Err(error) if compute::error::is_not_supported(&error) => {
                return e2e::machine::left_out(
                    "storage_limits_are_set_on_the_scratchs_disk",
                    &format!("{error}"),
                );
            }
            Err(error) => panic!("{error:#}"),
        };
        let limit = control(stage, "io.max", "blkio.throttle.write_bps_device");
        assert!(limit.contains("1048576"), "{limit}");
        end(system).await;
    });
}

#[test]
fn statistics_tell_what_was_used() {
    on_stage("statistics_tell_what_was_used", async |stage| {
        let system = started(stage, "a", document(stage)).await;
        // Held in memory while the figures are taken.
        let hold = system
            .create_process(&sh("x=$(head -c 8000000 /dev/zero | tr '\\0' x); i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo ready; exec sleep 1000"), Default::default())
            .await
            .expect("create process");
        let mut stdio = hold.stdio().await.expect("stdio");
        e2e::drive::read_until(stdio.stdout.as_mut().expect("stdout"), "ready").await;
        let query = PropertyQuery {
            property_types: vec![PropertyType::Statistics, PropertyType::ProcessList],
            ..Default::default()
        };
        let properties = system.properties(&query).await.expect("properties");
        let statistics = properties.statistics.expect("statistics");
        let (processor, memory) =
            (statistics.processor.expect("processor"), statistics.memory.expect("memory"));
        assert!(processor.total_runtime_100ns > 100_000, "{processor:?}");
        assert!(memory.memory_usage_commit_bytes > 0, "{memory:?}");
        assert!(
            memory.memory_usage_commit_peak_bytes >= memory.memory_usage_commit_bytes,
            "{memory:?}"
        );
        assert!(statistics.uptime_100ns > 0 && statistics.storage.is_some());
        let list = properties.process_list;
        let names: Vec<&str> = list.iter().map(|process| process.image_name.as_str()).collect();
        assert_eq!(list.len(), 1, "{names:?}");
        assert_eq!(list[0].process_id.cast_unsigned(), hold.pid());
        assert!(
            list[0].memory_working_set_private_bytes > 0 && list[0].user_time_100ns > 0,
            "{list:?}"
        );
        hold.kill().await.expect("kill");
        end(system).await;
    });
}
