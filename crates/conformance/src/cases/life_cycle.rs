//! From the creation to the end, and what is told of a system meanwhile.

use compute::error::{self, SystemCode};
use hcs_schema::SystemType;
use hcs_schema::guest_request::RequestType;
use hcs_schema::schema1::ComputeSystemQuery;
use hcs_schema::schema2::{ModifySettingRequest, PropertyQuery, PropertyType};
use serde_json::json;

use crate::case::{Case, Need, case};
use crate::drive::{end, has_code, refused, run, spawn, state, until};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Containers, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(LifeCycle, "a system is made, runs and ends", whole_life),
    case!(LifeCycle, "a program runs in a system", program_runs),
    case!(LifeCycle, "an id is taken once", id_is_taken_once),
    case!(LifeCycle, "an id is free after the end", id_is_free_after_the_end),
    case!(LifeCycle, "an unknown id does not exist", unknown_id, containers false),
    case!(LifeCycle, "what has gone does not exist", gone),
    case!(LifeCycle, "the getters tell what it is", getters),
    case!(
        LifeCycle,
        "systems are listed by id, owner, name and type",
        enumerate,
        needs[Need::Systems(3)]
    ),
    case!(LifeCycle, "an owner of nothing has an empty list", empty_list, containers false),
    case!(LifeCycle, "the list has each system's state", listed_state),
    case!(LifeCycle, "the properties are the document's", properties),
    case!(LifeCycle, "the statistics count", statistics, needs[Need::RealSystems]),
    case!(LifeCycle, "the process list has what runs", process_list),
    case!(
        LifeCycle,
        "an unknown property is not supported",
        unknown_property,
        needs[Need::RealSystems]
    ),
    case!(LifeCycle, "the memory limit can be changed", memory_limit),
    case!(
        LifeCycle,
        "an unknown resource is not supported",
        unknown_resource,
        needs[Need::RealSystems]
    ),
    case!(
        LifeCycle,
        "a change needs a setting that makes sense",
        senseless_setting,
        needs[Need::RealSystems]
    ),
];

async fn whole_life(bed: &Bed) -> Result<(), Failure> {
    let system = bed.created("a").await?;
    ensure_eq!(state(system.as_ref()).await?, "Created", "the state after the creation");
    system.start().await?;
    ensure_eq!(state(system.as_ref()).await?, "Running", "the state after the start");
    system.terminate().await?;
    let exit = crate::drive::within(system.wait()).await??;
    ensure!(!exit.is_unexpected(), "the end is unexpected: {exit:?}");
    ensure_eq!(state(system.as_ref()).await?, "Stopped", "the state after the end");
    system.close().await?;
    Ok(())
}

async fn program_runs(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let program = Program::Print("hello".into(), String::new(), 0);
    let ran = run(bed, system.as_ref(), &program).await?;
    ensure_eq!((ran.code, ran.out.as_str()), (0, "hello\n"), "code and output");
    end(system).await?;
    Ok(())
}

async fn id_is_taken_once(bed: &Bed) -> Result<(), Failure> {
    let first = bed.started("a").await?;
    let second = bed.service().create(&bed.id("a")?, &bed.document().into()).await;
    let error = refused(second, "a second creation")?;
    ensure!(has_code(&error, SystemCode::ERR_SYSTEM_ALREADY_EXISTS), "another error: {error:#}");
    let ran = run(bed, first.as_ref(), &Program::Exit(4)).await?;
    ensure_eq!(ran.code, 4, "the code of a process of the first one");
    end(first).await?;
    Ok(())
}

async fn id_is_free_after_the_end(bed: &Bed) -> Result<(), Failure> {
    for round in 0..5 {
        let system = bed.started("a").await?;
        ensure_eq!(run(bed, system.as_ref(), &Program::Exit(round)).await?.code, round, "the code");
        end(system).await?;
    }
    Ok(())
}

async fn unknown_id(bed: &Bed) -> Result<(), Failure> {
    let error = refused(bed.service().open(&bed.id("none")?).await, "opening an unknown id")?;
    ensure!(error::is_not_exist(&error), "not an error of a missing system: {error:#}");
    Ok(())
}

async fn gone(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    end(system).await?;
    let id = bed.id("a")?;
    until("the system is gone", async || match bed.service().open(&id).await {
        Ok(_) => Ok(false),
        Err(error) if error::is_not_exist(&error) => Ok(true),
        Err(error) => Err(error.into()),
    })
    .await?;
    ensure_eq!(bed.systems().await?, [], "the list");
    Ok(())
}

async fn getters(bed: &Bed) -> Result<(), Failure> {
    let system = bed.created("a").await?;
    let os = match bed.containers() {
        Containers::Linux => "linux",
        Containers::Windows => "windows",
    };
    ensure_eq!(system.id(), &bed.id("a")?, "the id");
    ensure_eq!((system.system_type(), system.os()), ("container", os), "type and os");
    let other = bed.service().open(system.id()).await?;
    ensure_eq!(other.id(), system.id(), "the id of an opened one");
    ensure_eq!((other.system_type(), other.os()), ("container", os), "those of an opened one");
    other.close().await?;
    end(system).await?;
    Ok(())
}

async fn enumerate(bed: &Bed) -> Result<(), Failure> {
    let mut foreign = bed.document();
    foreign.owner = format!("{}-other", bed.tag());
    let systems = [
        bed.created("one").await?,
        bed.create("two", foreign.clone()).await?,
        bed.create("three", bed.schema1("name")).await?,
    ];
    let ids = |names: &[&str]| -> Result<Vec<String>, Failure> {
        let ids = names.iter().map(|name| Ok(bed.id(name)?.to_string()));
        let mut ids = ids.collect::<Result<Vec<_>, Failure>>()?;
        ids.sort();
        Ok(ids)
    };
    let all = ids(&["one", "two", "three"])?;
    let query = || ComputeSystemQuery { ids: all.clone(), ..Default::default() };
    let owner = || vec![bed.tag().to_owned()];
    let name = || vec![format!("{}-name", bed.tag())];
    let rows = [
        (query(), &["one", "two", "three"][..]),
        (ComputeSystemQuery { ids: ids(&["one"])?, ..query() }, &["one"]),
        (ComputeSystemQuery { ids: Vec::new(), owners: owner(), ..query() }, &["one", "three"]),
        (ComputeSystemQuery { owners: vec![foreign.owner.clone()], ..query() }, &["two"]),
        (
            ComputeSystemQuery { owners: [owner(), vec![foreign.owner]].concat(), ..query() },
            &["one", "two", "three"],
        ),
        (ComputeSystemQuery { ids: Vec::new(), names: name(), ..query() }, &["three"]),
        (
            ComputeSystemQuery { types: vec![SystemType::Container], ..query() },
            &["one", "two", "three"],
        ),
        (ComputeSystemQuery { types: vec![SystemType::VirtualMachine], ..query() }, &[]),
        (ComputeSystemQuery { ids: ids(&["two"])?, owners: owner(), ..query() }, &[]),
    ];
    for (query, wanted) in rows {
        let found = bed.service().enumerate(&query).await?;
        let mut found: Vec<_> = found.into_iter().map(|found| found.id).collect();
        found.sort();
        ensure_eq!(found, ids(wanted)?, "the answer to {query:?}");
    }
    for system in systems {
        end(system).await?;
    }
    Ok(())
}

async fn empty_list(bed: &Bed) -> Result<(), Failure> {
    ensure_eq!(bed.systems().await?, [], "the list");
    Ok(())
}

async fn listed_state(bed: &Bed) -> Result<(), Failure> {
    let system = bed.created("a").await?;
    let listed = async |wanted: &str| {
        let found = bed.systems().await?;
        ensure_eq!(found, [(bed.id("a")?, wanted.to_owned())], "the list");
        Ok(())
    };
    listed("Created").await?;
    system.start().await?;
    listed("Running").await?;
    system.pause(&Default::default()).await?;
    listed("Paused").await?;
    end(system).await?;
    Ok(())
}

async fn properties(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let seen = system.properties(&PropertyQuery::default()).await?;
    ensure_eq!(seen.id, system.id().as_str(), "the id");
    ensure_eq!(seen.owner, bed.tag(), "the owner");
    ensure_eq!(seen.system_type, SystemType::Container, "the type");
    ensure!(!seen.stopped && seen.exit_type.is_empty(), "it has not ended: {seen:?}");
    ensure!(seen.statistics.is_none() && seen.process_list.is_empty(), "more than was asked for");
    end(system).await?;
    Ok(())
}

async fn statistics(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Ready).await?;
    let query =
        PropertyQuery { property_types: vec![PropertyType::Statistics], ..Default::default() };
    let seen = system.properties(&query).await?.statistics;
    let Some(seen) = seen else {
        return Err(Failure::new("there are none"));
    };
    ensure!(seen.uptime_100ns > 0, "no time has passed: {seen:?}");
    let used = seen.memory.as_ref().map_or(0, |memory| memory.memory_usage_commit_bytes);
    ensure!(used > 0, "no memory is used: {seen:?}");
    ensure!(seen.processor.is_some(), "no processor: {seen:?}");
    process.kill().await?;
    end(system).await?;
    Ok(())
}

async fn process_list(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    let listed = async || {
        let query =
            PropertyQuery { property_types: vec![PropertyType::ProcessList], ..Default::default() };
        let list = system.properties(&query).await?.process_list;
        Ok(list.iter().any(|listed| listed.process_id.cast_unsigned() == process.pid()))
    };
    until("the process is listed", listed).await?;
    process.kill().await?;
    crate::drive::ended(process.as_ref()).await?;
    until("the process is no longer listed", async || Ok(!listed().await?)).await?;
    end(system).await?;
    Ok(())
}

async fn unknown_property(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let query = PropertyQuery { property_types: vec!["NoSuch".into()], ..Default::default() };
    let error = refused(system.properties(&query).await, "asking for an unknown property")?;
    ensure!(error::is_not_supported(&error), "another error: {error:#}");
    end(system).await?;
    Ok(())
}

fn change(path: &str, settings: serde_json::Value) -> ModifySettingRequest {
    ModifySettingRequest {
        resource_path: path.into(),
        request_type: RequestType::Update,
        settings: Some(settings),
        ..Default::default()
    }
}

async fn memory_limit(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    system.modify(&change("Container/Memory/SizeInMB", json!(512))).await?;
    system.modify(&change("Container/Memory/SizeInMB", json!(256))).await?;
    ensure_eq!(run(bed, system.as_ref(), &Program::Exit(3)).await?.code, 3, "the code after it");
    end(system).await?;
    Ok(())
}

async fn unknown_resource(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let outcome = system.modify(&change("Container/NoSuch", json!(1))).await;
    let error = refused(outcome, "changing an unknown resource")?;
    ensure!(error::is_not_supported(&error), "another error: {error:#}");
    end(system).await?;
    Ok(())
}

async fn senseless_setting(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let outcome = system.modify(&change("Container/Memory/SizeInMB", json!({"a": []}))).await;
    let error = refused(outcome, "a memory limit that is no number")?;
    ensure!(error::is_not_supported(&error), "another error: {error:#}");
    end(system).await?;
    Ok(())
}
