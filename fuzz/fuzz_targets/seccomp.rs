//! Any profile that can be read compiles to a program that the kernel would
//! take, or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oci_spec::runtime::LinuxSeccomp;
use seccomp::{Arch, MAX_INSTRUCTIONS, compile};

fuzz_target!(|text: &str| {
    let Ok(profile) = serde_json::from_str::<LinuxSeccomp>(text) else { return };
    for arch in [Arch::X86_64, Arch::Aarch64] {
        if let Ok(program) = compile(&profile, arch) {
            assert!((1..=MAX_INSTRUCTIONS).contains(&program.instructions.len()));
        }
    }
});
