//! What systems are made from.

use compute::error;
use compute::{ComputeSystem, StdioSource};
use hcs_schema::schema2::{self, ProcessParameters, Version};

use crate::case::{Case, Need, case};
use crate::drive::{end, ended, finish, refused, run, spawn_with, state, within};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(LifeCycle, "a schema 1 document makes the same", schema1),
    case!(
        LifeCycle,
        "an OCI spec makes a system that ends with its process",
        oci,
        needs[Need::Oci]
    ),
    case!(LifeCycle, "a second process joins an OCI container", oci_exec, needs[Need::Oci]),
    case!(
        LifeCycle,
        "an OCI container can be ended before its start",
        oci_unstarted,
        needs[Need::Oci]
    ),
    case!(Faults, "a document of nothing is refused", empty, needs[Need::RealSystems]),
    case!(Faults, "a document of an older schema is refused", old_schema, needs [Need::RealSystems, Need::Linux]),
    case!(Faults, "an unknown field is refused by its name", unknown_field, needs [Need::RealSystems, Need::Linux]),
    case!(
        Faults,
        "a missing layer is refused by its name",
        missing_layer,
        needs[Need::RealSystems]
    ),
    case!(Faults, "a system without layers is refused", no_layers, needs[Need::RealSystems]),
];

async fn schema1(bed: &Bed) -> Result<(), Failure> {
    let system = bed.create("a", bed.schema1("a")).await?;
    ensure_eq!(state(system.as_ref()).await?, "Created", "the state");
    system.start().await?;
    let program = Program::Print("by schema 1".into(), String::new(), 9);
    let ran = run(bed, system.as_ref(), &program).await?;
    ensure_eq!((ran.code, ran.out.as_str()), (9, "by schema 1\n"), "code and output");
    let seen = system.properties(&Default::default()).await?;
    ensure_eq!(seen.owner, bed.tag(), "the owner");
    end(system).await?;
    Ok(())
}

/// Parameters that say nothing: what the spec says runs.
fn by_the_spec() -> ProcessParameters {
    ProcessParameters { create_std_out_pipe: true, create_std_in_pipe: true, ..Default::default() }
}

/// A process that reads a line, as the first of a container of an OCI spec.
async fn first_process(
    bed: &Bed,
    system: &dyn ComputeSystem,
) -> Result<Box<dyn compute::Process>, Failure> {
    ensure!(system.is_oci(), "it is not told to be of an OCI spec");
    let parameters = if bed.is_fake() {
        // No one reads the spec there.
        bed.parameters(&Program::ReadLine(12))
    } else {
        by_the_spec()
    };
    spawn_with(system, &parameters).await
}

async fn oci(bed: &Bed) -> Result<(), Failure> {
    use tokio::io::AsyncWriteExt;
    let system = bed.create("a", bed.hosted(&Program::ReadLine(12))).await?;
    let events = system.events();
    let process = first_process(bed, system.as_ref()).await?;
    ensure_eq!(state(system.as_ref()).await?, "Created", "the state before the start");
    system.start().await?;
    let mut stdio = process.stdio().await?;
    let mut stdin = crate::drive::pipe(stdio.stdin.take(), "stdin")?;
    stdin.write_all(b"you\n").await?;
    let ran = crate::drive::text(stdio.stdout.take()).await?;
    ensure_eq!(
        (ran.as_str(), ended(process.as_ref()).await?),
        ("got you\n", 12),
        "output and code"
    );
    if bed.is_fake() {
        // The fake's systems end when they are told to.
        system.shutdown().await?;
    }
    let exit = within(system.wait()).await??;
    ensure_eq!(exit.exit_type, "GracefulExit", "the exit type");
    let seen = crate::drive::events(events).await?;
    ensure_eq!(seen.len(), 2, "the number of events of {seen:?}");
    drop(process);
    system.close().await?;
    Ok(())
}

async fn oci_exec(bed: &Bed) -> Result<(), Failure> {
    let system = bed.create("a", bed.hosted(&Program::ReadLine(1))).await?;
    let first = first_process(bed, system.as_ref()).await?;
    system.start().await?;
    ensure_eq!(run(bed, system.as_ref(), &Program::Exit(8)).await?.code, 8, "the second's code");
    ensure!(!first.status().await?.exited, "the first one has ended");
    drop(first);
    end(system).await?;
    Ok(())
}

async fn oci_unstarted(bed: &Bed) -> Result<(), Failure> {
    let system = bed.create("a", bed.hosted(&Program::ReadLine(1))).await?;
    let first = first_process(bed, system.as_ref()).await?;
    end(system).await?;
    within(first.wait()).await??;
    Ok(())
}

/// A document is refused, and leaves nothing: the same id can be used at once.
async fn is_refused(
    bed: &Bed,
    document: schema2::ComputeSystem,
    named: &str,
) -> Result<(), Failure> {
    let outcome = bed.service().create(&bed.id("a")?, &document.into()).await;
    let error = refused(outcome, "the creation")?;
    let text = format!("{error:#}");
    ensure!(text.contains(named), "{named} is not in: {text}");
    ensure_eq!(bed.systems().await?, [], "the list");
    let system = bed.started("a").await?;
    let parameters = bed.parameters(&Program::Exit(3));
    let process = system.create_process(&parameters, StdioSource::Pipes).await?;
    ensure_eq!(finish(process.as_ref()).await?.code, 3, "the code in a system of the same id");
    end(system).await?;
    Ok(())
}

async fn empty(bed: &Bed) -> Result<(), Failure> {
    let document = schema2::ComputeSystem {
        owner: bed.tag().to_owned(),
        schema_version: Some(Version::V21),
        ..Default::default()
    };
    let outcome = bed.service().create(&bed.id("b")?, &document.clone().into()).await;
    let error = refused(outcome, "the creation")?;
    ensure!(error::is_not_supported(&error), "another error: {error:#}");
    is_refused(bed, document, "").await
}

async fn old_schema(bed: &Bed) -> Result<(), Failure> {
    let document = schema2::ComputeSystem { schema_version: Some(Version::V10), ..bed.document() };
    is_refused(bed, document, "SchemaVersion").await
}

async fn unknown_field(bed: &Bed) -> Result<(), Failure> {
    let mut document = bed.document();
    document.container.get_or_insert_default().extra.insert("NoSuchField", serde_json::json!(1));
    is_refused(bed, document, "NoSuchField").await
}

async fn missing_layer(bed: &Bed) -> Result<(), Failure> {
    let mut document = bed.document();
    let storage = document.container.get_or_insert_default().storage.get_or_insert_default();
    for layer in &mut storage.layers {
        layer.path.push_str("-no-such-layer");
    }
    is_refused(bed, document, "no-such-layer").await
}

async fn no_layers(bed: &Bed) -> Result<(), Failure> {
    let mut document = bed.document();
    document.container.get_or_insert_default().storage = None;
    is_refused(bed, document, "").await
}
