//! The project's one door: demo, test, bench, fuzz, dist.

fn main() {}
