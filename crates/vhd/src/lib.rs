//! The footer of a fixed virtual hard disk (VHD).
#![forbid(unsafe_code)]
