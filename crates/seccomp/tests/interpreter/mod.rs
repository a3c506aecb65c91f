//! What the kernel does with a filter, as far as filters of this crate go.

use seccomp::Instruction;

/// A system call as a filter sees it (`struct seccomp_data`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) number: u32,
    pub(crate) arch: u32,
    pub(crate) args: [u64; 6],
}

impl Call {
    fn word(&self, offset: u32) -> u32 {
        let mut data = Vec::new();
        data.extend(self.number.to_le_bytes());
        data.extend(self.arch.to_le_bytes());
        data.extend(0xdead_beef_dead_beef_u64.to_le_bytes()); // instruction pointer
        data.extend(self.args.iter().flat_map(|arg| arg.to_le_bytes()));
        let offset = offset as usize;
        u32::from_le_bytes(data[offset..offset + 4].try_into().expect("four bytes"))
    }
}

/// The verdict of a filter, and how many instructions it took.
pub(crate) fn run(program: &[Instruction], call: &Call) -> (u32, usize) {
    let mut accumulator = 0;
    let mut at = 0;
    for steps in 1.. {
        let Instruction { code, jt, jf, k } = program[at];
        at += 1;
        let branch = |holds| usize::from(if holds { jt } else { jf });
        match code {
            0x20 => accumulator = call.word(k),
            0x54 => accumulator &= k,
            0x05 => at += k as usize,
            0x15 => at += branch(accumulator == k),
            0x25 => at += branch(accumulator > k),
            0x35 => at += branch(accumulator >= k),
            0x06 => return (k, steps),
            other => panic!("instruction {other:#x} is none of this crate's"),
        }
    }
    unreachable!("jumps only go forward");
}
