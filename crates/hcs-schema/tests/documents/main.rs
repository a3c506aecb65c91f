//! Tests of the documents.

#![allow(clippy::unwrap_used, reason = "a test")]

mod golden;
mod random;
mod rules;
mod types;
