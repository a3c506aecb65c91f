//! t
fn main(){ let p=seccomp::default_profile(&[]); for _ in 0..5 { let t=std::time::Instant::now(); let q=seccomp::compile(&p,seccomp::Arch::X86_64).unwrap(); println!("{} {:?}",q.instructions.len(),t.elapsed()); } }
