//! Turns an image layer tar into an ext4 image.
fn main() {}
