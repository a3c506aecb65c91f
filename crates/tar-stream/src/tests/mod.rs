//! Tests of whole archives.

mod chunks;
mod ends;
mod errors;
mod kinds;
mod names;
mod sparse;
