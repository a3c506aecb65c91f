//! What a container uses, in the form of runc's `events`.

use std::time::Duration;

use anyhow::bail;
use compute::ComputeSystem;
use compute::error::{is_already_stopped, is_not_exist};
use hcs_schema::schema2::{PropertyQuery, PropertyType};
use serde_json::{Value, json};

use crate::cli::Events;
use crate::container::{Container, Status};
use crate::context::{Context, system_id};
use crate::json;

/// Shows what a container uses until it ends.
pub(super) async fn events(events: &Events, context: &mut Context<'_>) -> anyhow::Result<u8> {
    if events.stats {
        return stats(&events.id, context).await;
    }
    let container = Container::load(context, &system_id(&events.id)?).await?;
    let system = running(&container).await?;
    let mut ended = std::pin::pin!(system.wait());
    loop {
        match tokio::time::timeout(events.interval, &mut ended).await {
            Ok(exit) => return Ok(exit.map(|_| 0)?),
            Err(_) => match line(system).await {
                Ok(line) => {
                    context.stdout.write_all(line.as_bytes())?;
                    context.stdout.flush()?;
                }
                // It ended meanwhile, which is told next.
                Err(error) if is_already_stopped(&error) || is_not_exist(&error) => {}
                Err(error) => return Err(error.into()),
            },
        }
    }
}

/// Shows what a container uses now.
pub(super) async fn stats(id: &str, context: &mut Context<'_>) -> anyhow::Result<u8> {
    let container = Container::load(context, &system_id(id)?).await?;
    let line = line(running(&container).await?).await?;
    context.stdout.write_all(line.as_bytes())?;
    Ok(0)
}

async fn running(container: &Container) -> anyhow::Result<&dyn ComputeSystem> {
    let system = container.system()?;
    if container.status().await? == Status::Stopped {
        bail!("container is stopped");
    }
    Ok(system)
}

async fn line(system: &dyn ComputeSystem) -> compute::Result<String> {
    let query = PropertyQuery {
        property_types: vec![PropertyType::Statistics, PropertyType::ProcessList],
        ..PropertyQuery::default()
    };
    let properties = system.properties(&query).await?;
    let statistics = properties.statistics.unwrap_or_default();
    let processor = statistics.processor.unwrap_or_default();
    let memory = statistics.memory.unwrap_or_default();
    let storage = statistics.storage.unwrap_or_default();
    let event = json!({
        "type": "stats",
        "id": system.id().as_str(),
        "data": {
            "cpu": {
                "usage": {
                    "total": nanoseconds(processor.total_runtime_100ns),
                    "kernel": nanoseconds(processor.runtime_kernel_100ns),
                    "user": nanoseconds(processor.runtime_user_100ns),
                },
            },
            "memory": {
                "usage": {
                    "usage": memory.memory_usage_commit_bytes,
                    "max": memory.memory_usage_commit_peak_bytes,
                },
                "workingSet": memory.memory_usage_private_working_set_bytes,
            },
            "pids": { "current": properties.process_list.len() },
            "blkio": {
                "ioServiceBytesRecursive": operations(storage.read_size_bytes, storage.write_size_bytes),
                "ioServicedRecursive":
                    operations(storage.read_count_normalized, storage.write_count_normalized),
            },
        },
    });
    let line = json::compact(&event);
    Ok(line.map_err(|error| compute::Error::system("stats", system.id(), error))? + "\n")
}

fn nanoseconds(hundreds: u64) -> u64 {
    u64::try_from(Duration::from_nanos(hundreds).saturating_mul(100).as_nanos()).unwrap_or(u64::MAX)
}

/// Figures of all devices together.
fn operations(read: u64, write: u64) -> Value {
    json!([{ "op": "Read", "value": read }, { "op": "Write", "value": write }])
}
