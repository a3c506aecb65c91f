//! Makes Rust of `proto/`, in Rust alone: no protoc is needed.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use ttrpc_codegen::{Codegen, Customize, ProtobufCustomize};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=proto");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo names no OUT_DIR"))?;
    generate(Path::new("proto"), &Path::new(&out).join("protos"))?;
    // Files of the same names as some above; each lot is a folder of its own.
    generate(Path::new("proto/save"), &Path::new(&out).join("save"))
}

fn generate(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    Codegen::new()
        .inputs(with_extension(from, "proto")?)
        .include(from)
        .rust_protobuf()
        .rust_protobuf_customize(ProtobufCustomize::default().gen_mod_rs(false))
        .customize(Customize { async_all: true, gen_mod: false, ..Default::default() })
        .out_dir(to)
        .run()?;
    for file in with_extension(to, "rs")? {
        let text = fs::read_to_string(&file)?;
        fs::write(&file, includable(&text))?;
    }
    Ok(())
}

fn with_extension(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|own| own == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// `include!` takes no attributes of a whole file. And the code generator puts a
/// dot before the name of a service that is in no package; Go's does not.
fn includable(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("#!") && !line.starts_with("//!"));
    let undotted = |line: &str| {
        ["(", " "].iter().fold(line.replace("\"/.", "\"/"), |line, before| {
            line.replace(&format!("{before}\"."), &format!("{before}\""))
        })
    };
    lines.map(|line| undotted(line) + "\n").collect()
}
