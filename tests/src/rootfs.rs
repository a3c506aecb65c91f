//! Root file systems, made of the machine's own static busybox.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::machine;

/// Why no root file system can be made here, if none can.
pub fn missing() -> Option<&'static str> {
    let found = machine::program("busybox").is_some_and(|path| {
        // A static program names no interpreter in its first pages.
        fs::read(path).is_ok_and(|bytes| {
            !bytes
                .iter()
                .take(4096)
                .copied()
                .collect::<Vec<_>>()
                .windows(8)
                .any(|w| w == b"ld-linux")
        })
    });
    (!found).then_some("it needs a static busybox (package busybox-static)")
}

fn applets() -> &'static [String] {
    static APPLETS: OnceLock<Vec<String>> = OnceLock::new();
    APPLETS.get_or_init(|| {
        let listed = Command::new("busybox").arg("--list").output();
        let listed = listed.map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect()
    })
}

/// Makes a root file system in `folder`: busybox under all its names, three
/// users, a script that is not executable and one without a first line.
pub fn build(folder: &Path) -> io::Result<()> {
    for name in
        ["bin", "dev", "etc", "home/ann", "proc", "root", "run", "sys", "tmp", "usr/bin", "var"]
    {
        fs::create_dir_all(folder.join(name))?;
    }
    fs::set_permissions(folder, PermissionsExt::from_mode(0o755))?;
    fs::set_permissions(folder.join("tmp"), PermissionsExt::from_mode(0o1777))?;
    let busybox = machine::program("busybox")
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "busybox"))?;
    fs::copy(busybox, folder.join("bin/busybox"))?;
    for applet in applets().iter().filter(|name| *name != "busybox") {
        symlink("busybox", folder.join("bin").join(applet))?;
    }
    let passwd = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001::/home/ann:/bin/sh\n\
                  bob:x:1002:1002::/:/bin/sh\n";
    fs::write(folder.join("etc/passwd"), passwd)?;
    fs::write(folder.join("etc/group"), "root:x:0:\nann:x:1001:\nwheel:x:10:ann\nbob:x:1002:\n")?;
    fs::write(folder.join("etc/unexecutable"), "#!/bin/sh\nexit 0\n")?;
    Ok(())
}
