//! Commands that show something: state, list, ps.

use std::collections::BTreeMap;

use anyhow::bail;
use compute::SystemId;
use hcs_schema::schema2::{ProcessDetails, PropertyQuery, PropertyType};
use serde::Serialize;

use crate::cli::{Id, List, ProcessList};
use crate::container::Container;
use crate::context::{Context, system_id};
use crate::{json, table};

/// The state of a container, as the OCI runtime specification has it and the
/// reference adds to it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct State {
    oci_version: String,
    id: String,
    pid: i64,
    status: &'static str,
    bundle: String,
    rootfs: String,
    created: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    /// The reference never fills it in, and its readers see it empty.
    owner: &'static str,
}

impl State {
    async fn load(context: &mut Context<'_>, id: &SystemId) -> anyhow::Result<Self> {
        let container = Container::load(context, id).await?;
        let status = container.status().await?;
        let pid = container.pid(status);
        let spec = container.record.spec_summary()?;
        let record = container.record;
        Ok(Self {
            oci_version: spec.oci_version,
            id: record.id,
            pid,
            status: status.name(),
            bundle: record.bundle,
            rootfs: record.rootfs,
            created: record.created,
            annotations: spec.annotations.unwrap_or_default(),
            owner: "",
        })
    }
}

pub(super) async fn state(id: &Id, context: &mut Context<'_>) -> anyhow::Result<u8> {
    let state = State::load(context, &system_id(&id.id)?).await?;
    context.stdout.write_all(json::pretty(&state)?.as_bytes())?;
    Ok(0)
}

/// A container whose state cannot be read is told on stderr; the others are
/// listed.
pub(super) async fn list(list: &List, context: &mut Context<'_>) -> anyhow::Result<u8> {
    if !matches!(list.format.as_str(), "table" | "json") {
        bail!("invalid format option");
    }
    let mut states = Vec::new();
    for id in context.store.ids()? {
        match State::load(context, &id).await {
            Ok(state) => states.push(state),
            Err(error) => writeln!(context.stderr, "reading state for {id}: {error}")?,
        }
    }
    let text = if list.quiet {
        states.iter().map(|state| format!("{}\n", state.id)).collect()
    } else if list.format == "table" {
        states_table(states)
    } else {
        array(&states)?
    };
    context.stdout.write_all(text.as_bytes())?;
    Ok(0)
}

fn states_table(states: Vec<State>) -> String {
    let head = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"].map(String::from);
    let rows = states.into_iter().map(|state| {
        let State { id, pid, status, bundle, created, owner, .. } = state;
        vec![id, pid.to_string(), status.into(), bundle, created, owner.into()]
    });
    table::render(&std::iter::once(head.to_vec()).chain(rows).collect::<Vec<_>>())
}

/// A list as one line of JSON; an empty one is `null`, as a list that was never
/// made is in Go.
fn array(items: &[impl Serialize]) -> anyhow::Result<String> {
    Ok(if items.is_empty() { "null\n".into() } else { json::compact(&items)? + "\n" })
}

pub(super) async fn processes(list: &ProcessList, context: &mut Context<'_>) -> anyhow::Result<u8> {
    if !matches!(list.format.as_str(), "table" | "json") {
        bail!("invalid format option");
    }
    let container = Container::load(context, &system_id(&list.id)?).await?;
    let query = PropertyQuery {
        property_types: vec![PropertyType::ProcessList],
        ..PropertyQuery::default()
    };
    let processes = container.system()?.properties(&query).await?.process_list;
    let text =
        if list.format == "table" { processes_table(&processes) } else { array(&processes)? };
    context.stdout.write_all(text.as_bytes())?;
    Ok(0)
}

fn processes_table(processes: &[ProcessDetails]) -> String {
    let head = ["PID", "TIME", "MEMORY", "NAME"].map(String::from);
    let rows = processes.iter().map(|process| {
        let time = i64::from(process.user_time_100ns) + i64::from(process.kernel_time_100ns);
        let memory = i64::from(process.memory_working_set_private_bytes)
            + i64::from(process.memory_working_set_shared_bytes);
        vec![
            process.process_id.to_string(),
            format!("{}.{:02}s", time / 10_000_000, time / 100_000 % 100),
            format!("{} KiB", memory / 1024),
            process.image_name.clone(),
        ]
    });
    table::render(&std::iter::once(head.to_vec()).chain(rows).collect::<Vec<_>>())
}
