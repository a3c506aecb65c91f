//! Compact ext4 images, written in one pass, and their superblocks.
#![forbid(unsafe_code)]
