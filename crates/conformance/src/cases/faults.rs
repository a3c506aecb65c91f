//! Calls that fail on demand: nothing is left, and the next one works.

use compute::error::{Named, SystemCode};
use compute::operation;

use crate::case::{Case, Need, case};
use crate::drive::{end, refused, run, spawn};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(Faults, "a creation that fails leaves nothing", creation, needs[Need::Injection]),
    case!(Faults, "a start that fails can be made again", start, needs[Need::Injection]),
    case!(Faults, "a process that fails leaves the system", process, needs[Need::Injection]),
    case!(Faults, "a failure keeps its code and its words", words, needs[Need::Injection]),
];

async fn creation(bed: &Bed) -> Result<(), Failure> {
    bed.fake()?.fail_next(operation::CREATE, Named::OperationDenied);
    let id = bed.id("a")?;
    let document = bed.document().into();
    refused(bed.service().create(&id, &document).await, "the creation")?;
    ensure!(bed.service().open(&id).await.is_err(), "the system is there");
    end(bed.service().create(&id, &document).await?).await?;
    Ok(())
}

async fn start(bed: &Bed) -> Result<(), Failure> {
    let system = bed.created("a").await?;
    bed.fake()?.fail_next(operation::START, Named::Timeout);
    let error = refused(system.start().await, "the start")?;
    ensure!(compute::error::is_timeout(&error), "another error: {error:#}");
    system.start().await?;
    end(system).await?;
    Ok(())
}

async fn process(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    bed.fake()?.fail_next(operation::CREATE_PROCESS, Named::UnexpectedValue);
    ensure!(spawn(bed, system.as_ref(), &Program::Exit(0)).await.is_err(), "it was made");
    ensure_eq!(run(bed, system.as_ref(), &Program::Exit(3)).await?.code, 3, "the next one's code");
    end(system).await?;
    Ok(())
}

async fn words(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    bed.fake()?.fail_next(operation::PROPERTIES, SystemCode::ERR_NOT_SUPPORTED);
    let outcome = system.properties(&Default::default()).await;
    let error = refused(outcome, "asking for properties")?;
    ensure_eq!(error.code(), Some(SystemCode::ERR_NOT_SUPPORTED), "the code");
    ensure!(error.to_string().contains(system.id().as_str()), "no id in {error}");
    end(system).await?;
    Ok(())
}
