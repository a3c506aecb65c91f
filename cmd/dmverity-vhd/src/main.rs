//! Builds and checks the verity disks of container image layers.
fn main() {}
