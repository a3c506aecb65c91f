//! What others say of the disks: `veritysetup` and `e2fsck`; and Ctrl-C.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use crate::images::{docker_old, layer};
use crate::run::{create, names};

/// Runs a tool, where it is there.
fn tool(test: &str, name: &str, arguments: &[&str]) -> Option<Output> {
    let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
    let path = folders.iter().map(|folder| Path::new(folder).join(name)).find(|p| p.is_file());
    let Some(path) = path else {
        println!("left out: {test}: {name} is not installed");
        return None;
    };
    Some(Command::new(path).args(arguments).output().expect("run"))
}

#[test]
fn veritysetup_accepts_disks() {
    let test = "veritysetup_accepts_disks";
    let folder = tempfile::tempdir().expect("folder");
    let (image, disks) = (folder.path().join("image"), folder.path().join("disks"));
    docker_old(&[layer(1)]).write_tar(&image);
    let root = create(&image, &disks, &[]).root_hashes().remove(0);
    let disk = disks.join(&names(&disks)[0]);
    let mut file = File::open(&disk).expect("disk");
    let size = ext4::file_system_size(&mut file).expect("ext4").bytes;
    let offset = format!("--hash-offset={size}");
    let disk = disk.to_str().expect("utf-8");
    let Some(output) = tool(test, "veritysetup", &["verify", disk, disk, &root, &offset]) else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let split = folder.path().join("split");
    create(&image, &split, &["--hash-dev-vhd"]).root_hashes();
    let [device, data] = [0, 1].map(|index| split.join(&names(&split)[index]));
    let [device, data] = [&device, &data].map(|path| path.to_str().expect("utf-8"));
    let output = tool(test, "veritysetup", &["verify", data, device, &root]).expect("veritysetup");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn e2fsck_accepts_disks() {
    let folder = tempfile::tempdir().expect("folder");
    let (image, disks) = (folder.path().join("image"), folder.path().join("disks"));
    docker_old(&[layer(1)]).write_tar(&image);
    create(&image, &disks, &[]).root_hashes();
    let disk = disks.join(&names(&disks)[0]);
    let disk = disk.to_str().expect("utf-8");
    if let Some(output) = tool("e2fsck_accepts_disks", "e2fsck", &["-fn", disk]) {
        let text = String::from_utf8_lossy(&output.stdout);
        // The reference's images have one fault, of which nothing comes.
        let faults = text.lines().filter(|line| line.contains("Fix?") || line.contains("IGNORED"));
        let faults: Vec<_> =
            faults.filter(|line| !line.contains("Padding at end of inode bitmap")).collect();
        assert!(faults.is_empty(), "{text}");
    }
}

/// A run that is interrupted leaves nothing.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing() {
    use std::os::unix::process::ExitStatusExt as _;
    use std::time::{Duration, Instant};

    let folder = tempfile::tempdir().expect("folder");
    let (image, disks) = (folder.path().join("image"), folder.path().join("disks"));
    // A large layer, which costs no space.
    let mut header = tar::Header::new_gnu();
    header.set_path("usr/share/large/file").expect("path");
    header.set_size(8 << 30);
    header.set_mode(0o644);
    header.set_cksum();
    std::fs::write(&image, header.as_bytes()).expect("write");
    let file = File::options().write(true).open(&image).expect("image");
    file.set_len(512 + (8 << 30) + 1024).expect("length");

    let mut command = crate::run::command();
    command.args(["create".as_ref(), "-i".as_ref(), image.as_os_str()]);
    let mut child = command.arg("-o").arg(&disks).spawn().expect("spawn");
    let begun = Instant::now();
    while !disks.exists() || names(&disks).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    let status = child.wait().expect("wait");
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    assert!(names(&disks).is_empty(), "{:?}", names(&disks));
}
