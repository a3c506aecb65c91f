//! Programs answer as those that libseccomp 2.5.4 made of the same profiles, the way runc calls
//! it: `data/libseccomp.json` holds random profiles, and calls (number, architecture, first three
//! arguments) with the verdict of libseccomp's program.
//!
//! Each call has one rule there, for libseccomp keeps no order of rules, and where 32-bit
//! architectures are listed no number has more than 32 bits.

mod interpreter;

use interpreter::{Call, run};
use oci_spec::runtime::LinuxSeccomp;
use seccomp::{Arch, compile};

const ENOSYS: u32 = 0x0005_0000 | 38;

#[derive(serde::Deserialize)]
struct Sample {
    profile: LinuxSeccomp,
    calls: Vec<(u32, u32, [u64; 3], u32)>,
}

#[test]
fn programs_answer_as_libseccomps_do() {
    let samples = include_str!("data/libseccomp.json");
    let samples: Vec<Sample> = serde_json::from_str(samples).expect("samples");
    for (position, sample) in samples.iter().enumerate() {
        let program = compile(&sample.profile, Arch::X86_64).expect("a valid profile");
        for &(number, arch, [a, b, c], expected) in &sample.calls {
            let call = Call { number, arch, args: [a, b, c, 0, 0, 0] };
            let (verdict, _) = run(&program.instructions, &call);
            // No rule of the samples says ENOSYS: it stands for calls newer than the profile,
            // of which libseccomp knows nothing.
            if verdict != ENOSYS {
                assert_eq!(verdict, expected, "profile {position}: {call:x?}");
            }
        }
    }
}
