//! The cases, area by area.

mod concurrency;
mod documents;
mod dropped;
mod ends;
mod errors;
mod events;
mod faults;
mod handles;
mod input;
mod life_cycle;
mod output;
mod processes;
mod signals;
mod states;

use crate::Case;

/// All cases: a table for each module, in the order in which they run.
pub static CASES: &[&[Case]] = &[
    life_cycle::CASES,
    states::CASES,
    ends::CASES,
    handles::CASES,
    documents::CASES,
    processes::CASES,
    signals::CASES,
    output::CASES,
    input::CASES,
    events::CASES,
    errors::CASES,
    concurrency::CASES,
    dropped::CASES,
    faults::CASES,
];
