//! dm-verity: hash trees, superblocks and root hashes.
#![forbid(unsafe_code)]
