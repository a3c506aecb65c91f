//! Layer tars become image files: ext4, dm-verity and VHD.
#![forbid(unsafe_code)]
