//! What the demo says.

use std::sync::atomic::{AtomicU32, Ordering};

static STEP: AtomicU32 = AtomicU32::new(1);

/// The heading of the next step.
pub(crate) fn step(title: &str) {
    println!("\n{}. {title}", STEP.fetch_add(1, Ordering::Relaxed));
}

/// An explanation.
pub(crate) fn say(text: impl std::fmt::Display) {
    println!("   {text}");
}

/// What a program printed, or a document.
pub(crate) fn show(text: &str) {
    text.trim_end().lines().for_each(|line| println!("     | {line}"));
}
