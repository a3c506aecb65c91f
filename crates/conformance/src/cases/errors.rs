//! Errors: what they name, and how they are classified.

use compute::error::{SystemCode, is_not_exist};
use compute::operation;

use crate::case::{Case, Need, case};
use crate::drive::{end, has_code, refused, spawn};
use crate::failure::ensure;
use crate::{Bed, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(Errors, "an unknown system is not there", unknown_system, containers false),
    case!(Errors, "an id is given once", duplicate),
    case!(Errors, "an unknown process is not found", unknown_process),
    case!(Errors, "an error names the operation and the system", names),
    case!(Errors, "a layer that is not there is told of", missing_layer, needs[Need::RealSystems]),
    case!(
        Errors,
        "a program that is not there is told of",
        missing_program,
        needs[Need::RealSystems]
    ),
    case!(
        Errors,
        "a failed process leaves the system as it was",
        after_failure,
        needs[Need::RealSystems]
    ),
];

async fn unknown_system(bed: &Bed) -> Result<(), Failure> {
    let error = refused(bed.service().open(&bed.id("none")?).await, "opening it")?;
    ensure!(is_not_exist(&error), "another error: {error:#}");
    Ok(())
}

async fn duplicate(bed: &Bed) -> Result<(), Failure> {
    let first = bed.created("a").await?;
    let again = bed.service().create(first.id(), &bed.document().into()).await;
    let error = refused(again, "a second creation")?;
    let code = SystemCode::ERR_SYSTEM_ALREADY_EXISTS;
    ensure!(has_code(&error, code), "another error: {error:#}");
    first.start().await?;
    end(first).await?;
    Ok(())
}

async fn unknown_process(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    // No process has so high a number.
    let error = refused(system.open_process(0x7fff_fff0).await, "opening it")?;
    ensure!(is_not_exist(&error), "another error: {error:#}");
    end(system).await?;
    Ok(())
}

async fn names(bed: &Bed) -> Result<(), Failure> {
    let id = bed.id("none")?;
    let error = refused(bed.service().open(&id).await, "opening it")?;
    ensure!(error.operation() == operation::OPEN, "the operation is {}", error.operation());
    ensure!(error.system_id() == Some(id.as_str()), "the system is {:?}", error.system_id());
    let system = bed.started("a").await?;
    let error = refused(system.start().await, "a second start")?;
    ensure!(error.operation() == operation::START, "the operation is {}", error.operation());
    ensure!(
        error.system_id() == Some(system.id().as_str()),
        "the system is {:?}",
        error.system_id()
    );
    end(system).await?;
    Ok(())
}

async fn missing_layer(bed: &Bed) -> Result<(), Failure> {
    let mut document = bed.document();
    let storage = document.container.as_mut().and_then(|container| container.storage.as_mut());
    if let Some(layer) = storage.and_then(|storage| storage.layers.first_mut()) {
        layer.path = format!("{}-that-is-not-there", layer.path);
    }
    let id = bed.id("a")?;
    let made = bed.service().create(&id, &document.into()).await;
    // A host may see it at the start only.
    let outcome = match made {
        Ok(system) => {
            let started = system.start().await;
            end(system).await?;
            started
        }
        Err(error) => Err(error),
    };
    let error = refused(outcome, "such a system")?;
    ensure!(!error.to_string().is_empty(), "an error without words");
    ensure!(bed.service().open(&id).await.is_err(), "the system is there all the same");
    Ok(())
}

async fn missing_program(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let outcome = spawn(bed, system.as_ref(), &Program::NoSuchProgram).await;
    let text = outcome.err().map(|failure| failure.to_string()).unwrap_or_default();
    ensure!(text.contains("such"), "the error does not name it: {text:?}");
    end(system).await?;
    Ok(())
}

async fn after_failure(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let outcome = spawn(bed, system.as_ref(), &Program::NoSuchProgram).await;
    ensure!(outcome.is_err(), "a program that is not there runs");
    let ran = crate::drive::run(bed, system.as_ref(), &Program::Exit(4)).await?;
    ensure!(ran.code == 4, "the next process ends with {}", ran.code);
    end(system).await?;
    Ok(())
}
