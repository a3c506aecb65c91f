//! A root file system of what the machine has: busybox, or its shell and a few
//! programs, with the libraries that they need.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands in for busybox where there is none.
const PROGRAMS: [&str; 15] = [
    "sh", "cat", "dd", "df", "echo", "env", "head", "hostname", "id", "ls", "ps", "sleep", "sort",
    "touch", "true",
];

/// Makes the layer and gives its programs' origin.
///
/// # Errors
/// The machine has no shell, or the folder can't be written to.
pub(crate) fn make(layer: &Path) -> io::Result<&'static str> {
    for folder in ["bin", "dev", "etc", "mnt", "proc", "run", "sys", "tmp"] {
        fs::create_dir_all(layer.join(folder))?;
    }
    fs::write(
        layer.join("etc/passwd"),
        "root:x:0:0:root:/:/bin/sh\nann:x:1000:1000:Ann:/tmp:/bin/sh\n",
    )?;
    fs::write(layer.join("etc/group"), "root:x:0:\nann:x:1000:\n")?;
    let Some(busybox) = find("busybox") else {
        for name in PROGRAMS {
            match find(name) {
                Some(program) => copy_program(&program, layer, name)?,
                None if name == "sh" => {
                    return Err(io::Error::other("the machine has no sh in PATH"));
                }
                None => {}
            }
        }
        return Ok("the machine's shell and a few programs with their libraries");
    };
    copy_program(&busybox, layer, "busybox")?;
    let applets = Command::new(&busybox).arg("--list").output()?;
    for applet in String::from_utf8_lossy(&applets.stdout).lines() {
        let link = layer.join("bin").join(applet);
        if !link.exists() {
            std::os::unix::fs::symlink("busybox", link)?;
        }
    }
    Ok("the machine's busybox")
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Copies a program to the layer's `/bin` and its libraries to where they are.
fn copy_program(program: &Path, layer: &Path, name: &str) -> io::Result<()> {
    fs::copy(program, layer.join("bin").join(name))?;
    // It fails for a program that needs none.
    let libraries = Command::new("ldd").arg(program).output()?;
    for word in String::from_utf8_lossy(&libraries.stdout).split_whitespace() {
        let Ok(inside) = Path::new(word).strip_prefix("/") else { continue };
        let to = layer.join(inside);
        fs::create_dir_all(to.parent().unwrap_or(layer))?;
        fs::copy(OsStr::new(word), to)?;
    }
    Ok(())
}
