//! What the reference makes of specs, row by row.

#[path = "golden/support.rs"]
mod support;

#[path = "golden/parse.rs"]
mod parse;

#[path = "golden/annotations.rs"]
mod annotations;

#[path = "golden/layers.rs"]
mod layers;

#[path = "golden/process.rs"]
mod process;

#[path = "golden/containers.rs"]
mod containers;
