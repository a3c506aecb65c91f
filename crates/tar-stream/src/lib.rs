//! Tar archives as streams of entries, as container images have them.
#![forbid(unsafe_code)]
